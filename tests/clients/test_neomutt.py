"""neomutt, at its screen: it reads, files, deletes, keeps a draft, and sends."""

import shlex

import pytest

from programs import find, run
from server import eml


class Neomutt:
    """An account of its own, and a configuration for it."""

    def __init__(self, server, directory):
        self.server, self.user = server, server.new_account()
        self.directory = directory
        self.rc = directory / "neomuttrc"
        login = f"{self.user}%40example.org@localhost"
        certificate = server.certificate.certificate
        # Its SASL library chooses SCRAM-SHA-256-PLUS, for which neomutt gives it no channel binding.
        self.settings = f"""
            set folder = "imaps://{login}:{server.ports["imaps"]}/"
            set imap_pass = "{server.passwords[self.user]}"
            set smtp_url = "smtps://{login}:{server.ports["submissions"]}/"
            set smtp_pass = "{server.passwords[self.user]}"
            set smtp_authenticators = "plain"
            set ssl_ca_certificates_file = "{certificate}"
            set certificate_file = "{certificate}"
            set from = "{self.user}@example.org"
            set spool_file = "+INBOX"
            set record = "+Sent"
            set postponed = "+Drafts"
            set trash = "+Trash"
            set sort = mailbox-order
            set delete = yes
            set quit = yes
            set confirm_append = no
            set include = no
            set abort_unmodified = no
            set editor = true
            set sleep_time = 0
            set wait_key = no
            set pipe_decode = no
            set imap_idle = yes
        """

    def presses(self, keys):
        """Runs it with these keys (in its own notation) pressed."""
        self.rc.write_text(self.settings + f'push "{keys}"\n')
        command = shlex.join([find("neomutt"), "-n", "-F", str(self.rc)])
        env = {"TERM": "xterm", "HOME": str(self.directory)}
        return run("script", "-qec", command, "/dev/null", env=env)

    def count(self, *folders):
        with self.server.imap(self.user) as talk:
            return [self._count(talk, folder) for folder in folders]

    @staticmethod
    def _count(talk, folder):
        line = talk.says(f'C: c STATUS "{folder}" (MESSAGES)').expect("* STATUS ...")
        talk.expect("c OK ...")
        return int(line.rpartition(" ")[2].rstrip(")"))


@pytest.fixture
def neomutt(server, tmp_path):
    return Neomutt(server, tmp_path)


def test_it_files_and_deletes(server, neomutt):
    for name in ("plain.eml", "dots.eml", "multipart.eml"):
        server.deliver(neomutt.user, name)
    with server.imap(neomutt.user) as talk:
        talk.says('C: c CREATE "R&-D"').until("c OK ...")
    save = "<tag-pattern>~s dots<enter><tag-prefix><save-message>=R&D<enter>"
    neomutt.presses(save + "<delete-pattern>~s plain<enter><sync-mailbox><quit>")
    assert neomutt.count("INBOX", "R&-D", "Trash") == [1, 1, 1]


def test_it_sends_and_keeps_what_it_has_sent(server, neomutt):
    server.deliver(neomutt.user, "from-bob.eml")
    before = server.count("bob")
    neomutt.presses("<reply><enter><enter><send-message><quit>")
    assert server.count("bob") == before + 1
    assert neomutt.count("Sent") == [1]


def test_it_sends_by_what_its_library_chooses_where_no_channel_is_bound(make_server, tmp_path):
    server = make_server(auth={"channel_binding": False})
    neomutt = Neomutt(server, tmp_path)
    neomutt.settings = neomutt.settings.replace('set smtp_authenticators = "plain"', "")
    neomutt.presses("<mail>bob@example.org<enter>Bound to nothing<enter><send-message><quit>")
    assert server.count("bob") == 1
    server.wait_log(r"protocol=smtp mechanism=SCRAM-SHA-256 ")


def test_it_keeps_a_draft_and_sends_it_later(server, neomutt):
    before = server.count("bob")
    neomutt.presses("<mail>bob@example.org<enter>Later<enter><postpone-message><quit>")
    assert neomutt.count("Drafts") == [1]
    neomutt.presses("<recall-message><send-message><quit>")
    assert neomutt.count("Drafts", "Sent") == [0, 1]
    assert server.messages("bob")[before:] != []


def test_it_reads_the_whole_message(server, neomutt, tmp_path):
    server.deliver(neomutt.user, "multipart.eml")
    neomutt.presses(f"<pipe-message>cat >{tmp_path}/piped<enter><quit>")
    text = (tmp_path / "piped").read_bytes().replace(b"\r\n", b"\n")
    assert text.endswith(eml("multipart.eml").replace(b"\r\n", b"\n"))


def test_it_comes_back_and_knows_what_others_did(server, neomutt, tmp_path):
    """CONDSTORE and QRESYNC: RFC 7162. What it does to messages shows what it takes them for."""
    neomutt.settings += f"""
            set imap_condstore = yes
            set imap_qresync = yes
            set header_cache = "{tmp_path}/"
    """
    for name in ("plain.eml", "dots.eml", "multipart.eml", "from-bob.eml"):
        server.deliver(neomutt.user, name)
    with server.imap(neomutt.user) as talk:
        talk.says('C: c CREATE Kept').until("c OK ...")
    neomutt.presses("<quit>")
    with server.imap(neomutt.user) as other:
        other.says("C: o SELECT INBOX").until("o OK ...")
        other.says(r"C: f STORE 3 +FLAGS (\Flagged)").until("f OK ...")
        other.says(r"C: d STORE 1 +FLAGS (\Deleted)").until("d OK ...")
        other.says("C: e EXPUNGE").until("e OK ...")
    server.deliver(neomutt.user, "plain.eml")
    debug = tmp_path / "debug"
    neomutt.settings += f"""
            set debug_file = "{debug}"
            set debug_level = 5
    """
    neomutt.presses("<tag-pattern>~F<enter><tag-prefix><save-message>=Kept<enter><sync-mailbox><quit>")
    assert neomutt.count("INBOX", "Kept") == [3, 1]
    said = "".join(path.read_text(errors="replace") for path in tmp_path.glob("debug*"))
    assert " VANISHED)" in said and "* VANISHED (EARLIER) 1" in said
    with server.imap(neomutt.user) as talk:
        talk.says("C: k EXAMINE Kept").until("k OK ...")
        talk.says("C: t FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]").until("t OK ...")
        subject = eml("multipart.eml").partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
        assert any(subject in line for line in talk.seen[-6:])
