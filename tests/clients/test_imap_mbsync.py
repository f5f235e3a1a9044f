"""mbsync keeps a tree of maildirs and an account alike, both ways."""

import pytest

from imap_answer import ask
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


def test_it_has_the_connection_compressed(server, synced):
    server.deliver(synced.user, "multipart.eml")
    synced.sync()
    server.wait_log(r"net compressed")
    assert eml("multipart.eml") in [octets[-len(eml("multipart.eml")) :] for octets in synced.files()]


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


# ---- conflicts: both sides have changed ----


def local(synced, word, folder="INBOX"):
    """The file of the maildir that holds `word`."""
    for part in ("cur", "new"):
        for path in (synced.maildir / folder / part).iterdir():
            if word in path.read_bytes():
                return path
    raise AssertionError(f"no message with {word}")


def set_flags(synced, word, flags):
    path = local(synced, word)
    path.rename(path.parent.parent / "cur" / (path.name.partition(":")[0] + ":2," + flags))


def letter(word):
    head = f"From: a@example.net\r\nSubject: {word}\r\nMessage-ID: <{word}@example.net>\r\n"
    return f"{head}\r\nthis is {word}\r\n".encode()


def far(synced, folder="INBOX"):
    """{subject: flags} of the account."""
    with synced.server.imap(synced.user) as talk:
        ask(talk, f"EXAMINE {folder}")
        values = ask(talk, "FETCH 1:* (FLAGS ENVELOPE)").fetched.values()
        return {v["ENVELOPE"][1].decode(): set(v["FLAGS"]) - {"\\Recent"} for v in values}


def near(synced):
    """{subject: flags} of the maildir."""
    return {octets.split(b"Subject: ")[1].split(b"\r\n")[0].decode(): f for octets, f in synced.files().items()}


@pytest.fixture
def agreed(synced):
    """Four letters that both sides have."""
    with synced.server.imap(synced.user) as talk:
        for word in ("one", "two", "three", "four"):
            append(talk, "INBOX", letter(word))
    synced.sync()
    assert set(near(synced)) == {"one", "two", "three", "four"}
    return synced


def test_flags_that_both_have_changed_are_joined(agreed):
    with agreed.server.imap(agreed.user) as talk:
        ask(talk, "SELECT INBOX")
        assert ask(talk, "STORE 1 +FLAGS.SILENT (\\Flagged)").status == "OK"
        assert ask(talk, "STORE 2 +FLAGS.SILENT (\\Seen)").status == "OK"
    set_flags(agreed, b"this is one", "S")
    set_flags(agreed, b"this is three", "R")
    agreed.sync()
    wanted = {"one": {"\\Flagged", "\\Seen"}, "two": {"\\Seen"}, "three": {"\\Answered"}, "four": set()}
    assert far(agreed) == wanted
    assert near(agreed) == {"one": "FS", "two": "S", "three": "R", "four": ""}


def test_deleted_on_either_side_and_on_both(agreed):
    with agreed.server.imap(agreed.user) as talk:
        ask(talk, "SELECT INBOX")
        ask(talk, "STORE 1,2 +FLAGS.SILENT (\\Deleted)")
        assert ask(talk, "EXPUNGE").status == "OK"
    # Two is gone on both sides, three only here.
    local(agreed, b"this is two").unlink()
    local(agreed, b"this is three").unlink()
    agreed.sync()
    assert set(far(agreed)) == set(near(agreed)) == {"four"}


def test_deleted_here_and_changed_there(agreed):
    with agreed.server.imap(agreed.user) as talk:
        ask(talk, "SELECT INBOX")
        assert ask(talk, "STORE 1 +FLAGS.SILENT (\\Flagged)").status == "OK"
        ask(talk, "STORE 2 +FLAGS.SILENT (\\Deleted)")
        assert ask(talk, "EXPUNGE").status == "OK"
    local(agreed, b"this is one").unlink()
    set_flags(agreed, b"this is two", "F")
    agreed.sync()
    # Whoever deletes prevails, and both sides agree.
    assert set(far(agreed)) == set(near(agreed)) == {"three", "four"}


def test_added_on_both_sides_at_once(agreed):
    with agreed.server.imap(agreed.user) as talk:
        append(talk, "INBOX", letter("there"))
        ask(talk, "CREATE Both")
        append(talk, "Both", letter("far"))
    agreed.put(letter("here"))
    both = agreed.maildir / "Both"
    for part in ("cur", "new", "tmp"):
        (both / part).mkdir(parents=True)
    agreed.put(letter("near"), "Both", "2.local.here")
    agreed.sync()
    assert set(far(agreed)) == set(near(agreed)) == {"one", "two", "three", "four", "here", "there"}
    assert set(far(agreed, "Both")) == {"far", "near"}
    assert set(agreed.files("Both")) == {letter("far"), letter("near")}
    before = agreed.files()
    agreed.sync()
    assert agreed.files() == before
