"""The example dialogues of RFC 9051: how a test says which of them it plays, and their stage.

    @example("6.1.2", "a002 a047")
    def test_…

The test sends those commands as they stand in the section, tag for tag;
test_imap_rfc9051_all.py counts that none of the RFC's is left out. `differs`
says why our answer is not the example's where the RFC allows another.
"""

from imap_answer import ask


def example(section, tags, differs=""):
    def mark(test):
        test.examples = [*getattr(test, "examples", ()), (section, tags.split(), differs)]
        return test

    return mark


def rev2(server, user=None):
    """A new account (or `user`) logged in, IMAP4rev2 enabled: RFC 9051 speaks of no other."""
    talk = server.imap(user or server.new_account())
    assert ask(talk, "ENABLE IMAP4rev2").status == "OK"
    return talk


def mail(text="hello", **fields):
    """A small message; `fields` are its header, From and Subject by default."""
    header = {"from": "Jones <jones@example.net>", "subject": "a message", **fields}
    lines = [f"{name.capitalize()}: {value}" for name, value in header.items()]
    return "\r\n".join([*lines, "", text, ""]).encode()


def fill(talk, mailbox, messages):
    """Appends all by one APPEND each (octets, or a pair of flags and octets)."""
    for message in messages:
        flags, octets = message if isinstance(message, tuple) else ("", message)
        talk.send(f"fill APPEND {mailbox} ({flags}) {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
    for _ in messages:
        talk.until("fill OK ...")
    return talk


def make(talk, *names):
    for name in names:
        assert ask(talk, f"CREATE {name}").status == "OK", name


def remove(talk, *names):
    for name in names:
        assert ask(talk, f"DELETE {name}").status == "OK", name


def bare(server):
    """rev2() in an account that has INBOX, no other mailbox, and no subscription."""
    talk = rev2(server)
    own = ("Archive", "Drafts", "Junk", "Sent", "Trash")
    remove(talk, *own)
    for name in ("INBOX", *own):
        assert ask(talk, f"UNSUBSCRIBE {name}").status == "OK"
    return talk


def renumber(talk, mailbox, uids):
    """A mailbox whose messages have those UIDs: filled up to the last, the others expunged."""
    make(talk, mailbox)
    fill(talk, mailbox, [mail()] * max(uids))
    ask(talk, f"SELECT {mailbox}")
    ask(talk, r"STORE 1:* +FLAGS.SILENT \Deleted")
    kept = ",".join(map(str, uids))
    ask(talk, rf"UID STORE {kept} -FLAGS.SILENT \Deleted")
    ask(talk, "EXPUNGE")
    answers = ask(talk, "UID SEARCH ALL")
    assert answers.status == "OK", answers.text
    return talk
