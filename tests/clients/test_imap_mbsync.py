"""mbsync keeps a tree of maildirs and an account alike, both ways."""

import pytest

from programs import run
from server import eml


class Synced:
    """An account of its own and the maildirs beside it."""

    def __init__(self, server, directory, tls, service):
        self.server, self.user = server, server.new_account()
        self.maildir = directory / "mail"
        self.maildir.mkdir()
        self.rc = directory / "mbsyncrc"
        self.rc.write_text(
            f"""
            IMAPAccount test
            Host localhost
            Port {server.ports[service]}
            User {self.user}@example.org
            Pass "{server.passwords[self.user]}"
            SSLType {tls}
            SystemCertificates no
            CertificateFile {server.certificate.certificate}

            IMAPStore far
            Account test

            MaildirStore near
            Path {self.maildir}/
            Inbox {self.maildir}/INBOX
            SubFolders Verbatim

            Channel all
            Far :far:
            Near :near:
            Patterns *
            Create Both
            Expunge Both
            Sync All
            SyncState *
            """
        )

    def sync(self):
        return run("mbsync", "-V", "-c", self.rc, "all", env={"HOME": str(self.maildir.parent)})

    def files(self, folder="INBOX"):
        """{octets with CRLF: flags} of a maildir."""
        out = {}
        for part in ("cur", "new"):
            for path in (self.maildir / folder / part).iterdir():
                text = path.read_bytes().replace(b"\n", b"\r\n")
                lines = [x for x in text.split(b"\r\n") if not x.startswith(b"X-TUID:")]
                out[b"\r\n".join(lines)] = path.name.partition(":2,")[2]
        return out

    def put(self, octets, folder="INBOX", name="1.local.here"):
        (self.maildir / folder / "new" / name).write_bytes(octets.replace(b"\r\n", b"\n"))


@pytest.fixture(params=[("IMAPS", "imaps"), ("STARTTLS", "imap")], ids=["imaps", "STARTTLS"])
def synced(server, tmp_path, request):
    return Synced(server, tmp_path, *request.param)


def append(talk, folder, octets):
    talk.send(f"a APPEND {folder} {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
    talk.expect("a OK ...")


def test_mail_and_folders_go_both_ways(synced):
    with synced.server.imap(synced.user) as talk:
        append(talk, "INBOX", eml("plain.eml"))
        talk.says("C: c CREATE Projects/2026").expect("c OK ...")
        append(talk, "Projects/2026", eml("multipart.eml"))
        synced.sync()
        assert synced.files() == {eml("plain.eml"): ""}
        assert synced.files("Projects/2026") == {eml("multipart.eml"): ""}
        synced.put(eml("eightbit.eml"))
        synced.sync()
        talk.says("C: s STATUS INBOX (MESSAGES)").expect("* STATUS INBOX (MESSAGES 2)")
        talk.expect("s OK ...")
    synced.sync()
    assert set(synced.files()) == {eml("plain.eml"), eml("eightbit.eml")}


def test_flags_and_deletions_go_both_ways(synced):
    with synced.server.imap(synced.user) as talk:
        append(talk, "INBOX", eml("plain.eml"))
        append(talk, "INBOX", eml("dots.eml"))
        append(talk, "INBOX", eml("nested.eml"))
    synced.sync()
    with synced.server.imap(synced.user) as talk:
        talk.says("C: a SELECT INBOX").until("a OK ...")
        talk.says("C: b STORE 1 +FLAGS.SILENT (\\Seen \\Flagged)").until("b OK ...")
        talk.says("C: c STORE 2 +FLAGS.SILENT \\Deleted").until("c OK ...")
        talk.says("C: d EXPUNGE").until("d OK ...")
    # Meanwhile the other side has answered the third.
    inbox = synced.maildir / "INBOX"
    for path in [*(inbox / "new").iterdir(), *(inbox / "cur").iterdir()]:
        if b"nested@" in path.read_bytes():
            path.rename(inbox / "cur" / (path.name.partition(":")[0] + ":2,RS"))
    synced.sync()
    assert synced.files() == {eml("plain.eml"): "FS", eml("nested.eml"): "RS"}
    with synced.server.imap(synced.user) as talk:
        talk.says("C: a EXAMINE INBOX").until("a OK ...")
        talk.says(
            """
            C: b SEARCH ANSWERED SEEN
            S: * SEARCH 2
            S: b OK ...
            C: c SEARCH FLAGGED SEEN
            S: * SEARCH 1
            S: c OK ...
            """
        )
