"""imapfilter sorts mail by rules: searches, flags, copies, moves and deletes."""

import pytest

from imap_answer import ask
from programs import run
from server import eml

RULES = """
    newsletters = account.INBOX:contain_from("news@") * account.INBOX:is_unseen()
    newsletters:mark_seen()
    newsletters:move_messages(account["Lists/News"])
    big = account.INBOX:is_larger(20000)
    big:add_flags({ "$Big", "\\\\Flagged" })
    big:copy_messages(account.Archive)
    account.INBOX:contain_subject("rubbish"):delete_messages()
    kept = account.INBOX:match_header("^X%-Keep: yes") + account.INBOX:contain_body("мать")
    kept:mark_flagged()
"""


def mail(sender="friend@example.net", subject="hello", text="text", extra=""):
    return (
        f"From: {sender}\r\nSubject: {subject}\r\n{extra}"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    ).encode()


MAIL = [
    mail("news@example.net", "news of the day"),
    mail(subject="a large one", text="x" * 70 + ("\r\n" + "y" * 70) * 400),
    mail(subject="some rubbish"),
    mail(text="наша мать"),
    mail("news@example.net", "read already"),
]


class Filtered:
    def __init__(self, server, directory, service, ssl):
        self.server, self.user, self.directory = server, server.new_account(), directory
        self.port, self.ssl = server.ports[service], ssl

    def run(self, rules):
        config = self.directory / "config.lua"
        config.write_text(
            f"""
            options.timeout = 60
            options.create = true
            account = IMAP {{
              server = "localhost", port = {self.port}, {self.ssl}
              username = "{self.user}", password = "{self.server.passwords[self.user]}",
            }}
            {rules}
            """
        )
        home = {"HOME": str(self.directory), "IMAPFILTER_HOME": str(self.directory)}
        trust = self.server.certificate.certificate
        return run("imapfilter", "-v", "-t", trust, "-c", config, env=home)

    def look(self, mailbox):
        """[(subject, flags)] of a mailbox."""
        with self.server.imap(self.user) as talk:
            assert ask(talk, f"EXAMINE {mailbox}").status == "OK", mailbox
            values = ask(talk, "FETCH 1:* (FLAGS ENVELOPE)").fetched
        return [
            (v["ENVELOPE"][1].decode(), set(v["FLAGS"]) - {"\\Recent"}) for _, v in sorted(values.items())
        ]


@pytest.fixture(
    params=[("imaps", 'ssl = "auto",'), ("imap", "")], ids=["imaps", "STARTTLS"]
)
def filtered(server, tmp_path, request):
    filtered = Filtered(server, tmp_path, *request.param)
    with server.imap(filtered.user) as talk:
        for octets in MAIL:
            flags = "\\Seen" if b"read already" in octets else ""
            talk.send(f"a APPEND INBOX ({flags}) {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
            talk.expect("a OK ...")
    return filtered


def test_rules_are_carried_out(filtered):
    filtered.run(RULES)
    assert filtered.look("Lists/News") == [("news of the day", {"\\Seen"})]
    assert filtered.look("Archive") == [("a large one", {"$Big", "\\Flagged"})]
    assert filtered.look("INBOX") == [
        ("a large one", {"$Big", "\\Flagged"}),
        ("hello", {"\\Flagged"}),
        ("read already", {"\\Seen"}),
    ]


def test_it_reads_folders_and_parts(filtered):
    out = filtered.run(
        """
        folders = account:list_all()
        for _, name in ipairs(folders) do print("folder " .. name) end
        exist, recent, unseen, uidnext = account.INBOX:check_status()
        print("status " .. exist .. " " .. unseen .. " " .. uidnext)
        for _, message in ipairs(account.INBOX:contain_subject("hello")) do
          mailbox, uid = table.unpack(message)
          print("body " .. mailbox[uid]:fetch_body())
        end
        """
    )
    for line in ("folder INBOX", "folder Archive", "folder Sent", "status 5 4 6", "body наша мать"):
        assert line in out, out


def test_an_append_arrives_octet_for_octet(filtered):
    path = filtered.directory / "message"
    path.write_bytes(eml("multipart.eml"))
    filtered.run(
        f"""
        file = io.open("{path}", "rb")
        account.Drafts:append_message(file:read("*a"), {{ "\\\\Draft" }})
        """
    )
    with filtered.server.imap(filtered.user) as talk:
        ask(talk, "EXAMINE Drafts")
        values = ask(talk, "FETCH 1 (FLAGS BODY.PEEK[])").fetched[1]
    assert values["BODY[]"] == eml("multipart.eml") and "\\Draft" in values["FLAGS"]
