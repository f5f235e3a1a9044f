"""THREAD=ORDEREDSUBJECT, THREAD=REFERENCES and THREAD=REFS: RFC 5256 3 and 4."""

import pytest

from imap_answer import ask
from rfc_example import mail


def reply(name, *refs, subject="", day=None, **fields):
    """A message with this Message-ID that refers to those."""
    fields["message-id"] = f"<{name}@x>"
    if refs:
        fields["references"] = " ".join(f"<{ref}@x>" for ref in refs)
    if day:
        fields["date"] = f"{day} Mar 2000 12:00:00 +0000"
    return mail(subject=subject, **fields)


MAIL = [
    reply("a", subject="alpha", day=1),
    reply("b", "a", subject="Re: alpha", day=2),
    reply("c", "a", "b", subject="Re: alpha", day=3),
    reply("d", "a", subject="something else", day=4),
    reply("e", subject="beta", day=5),
    reply("f", subject="RE: Beta", day=7),
    reply("g", "gone", subject="gamma", day=6),
    reply("h", "gone", subject="delta", day=8),
    mail(subject="no id", **{"in-reply-to": "your mail <e@x> of today", "date": "9 Mar 2000 12:00:00 +0000"}),
]
ARRIVED = [5, 6, 7, 8, 1, 2, 3, 4, 9]  # days of the internal dates


@pytest.fixture(scope="module")
def threaded(shared_server):
    with shared_server.imap("alice") as talk:
        ask(talk, "CREATE Threads")
        for day, octets in zip(ARRIVED, MAIL):
            head = f'a APPEND Threads "{day:02}-Apr-2000 12:00:00 +0000" {{{len(octets)}+}}\r\n'
            talk.send(head.encode() + octets + b"\r\n")
            talk.expect("a OK ...")
        # UIDs are the message numbers and one.
        talk.send(b"a APPEND Threads {4+}\r\n\r\nx\r\n")
        talk.expect("a OK ...")
        ask(talk, "SELECT Threads")
        for command in ("COPY 1:9 Threads", "STORE 1:10 +FLAGS (\\Deleted)", "EXPUNGE"):
            assert ask(talk, command).status == "OK"
    yield shared_server


@pytest.fixture
def talk(threaded):
    with threaded.imap("alice") as talk:
        ask(talk, "EXAMINE Threads")
        yield talk


def test_threads_by_subject(talk):
    talk.says(
        """
        C: A283 THREAD ORDEREDSUBJECT UTF-8 ALL
        S: * THREAD (1 (2)(3))(4)(5 6)(7)(8)(9)
        S: A283 OK THREAD completed
        C: A284 THREAD ORDEREDSUBJECT US-ASCII TEXT "gewp"
        S: * THREAD
        S: A284 OK THREAD completed
        """
    )


def test_threads_by_references(talk):
    talk.says(
        """
        C: A285 THREAD REFERENCES UTF-8 SENTSINCE 1-Mar-2000
        S: * THREAD (1 (2 3)(4))(5 (6)(9))((7)(8))
        S: A285 OK THREAD completed
        C: A286 thread references us-ascii SENTSINCE 2-Mar-2000 SENTBEFORE 9-Mar-2000
        S: * THREAD ((2 3)(4))(5 6)((7)(8))
        S: A286 OK THREAD completed
        C: A287 UID THREAD REFERENCES UTF-8 1:3
        S: * THREAD (11 12 13)
        S: A287 OK THREAD completed
        C: A288 THREAD REFERENCES KOI8-R SUBJECT nowhere
        S: * THREAD
        S: A288 OK THREAD completed
        """
    )


def test_threads_by_references_alone(talk):
    talk.says(
        """
        C: A289 THREAD REFS UTF-8 ALL
        S: * THREAD (6)((7)(8))(1 (2 3)(4))(5 9)
        S: A289 OK THREAD completed
        """
    )


WRONG = [
    ("THREAD", "BAD"),
    ("THREAD REFERENCES", "BAD"),
    ("THREAD JWZ UTF-8 ALL", "BAD"),
    ("THREAD REFERENCES UTF-8", "BAD"),
    ("THREAD REFERENCES UTF-8 NONSENSE", "BAD"),
    ("THREAD RETURN (ALL) REFERENCES UTF-8 ALL", "BAD"),
    ("THREAD REFERENCES X-NONE ALL", "NO"),
]


@pytest.mark.parametrize("command, status", WRONG)
def test_what_cannot_be_threaded_is_refused(talk, command, status):
    answers = ask(talk, command)
    assert answers.status == status
    assert not answers.untagged
    if status == "NO":
        assert answers.text.startswith("[BADCHARSET")


def test_no_mailbox_has_no_threads(server):
    with server.imap("alice") as talk:
        assert ask(talk, "THREAD REFERENCES UTF-8 ALL").status == "BAD"
        words = ask(talk, "CAPABILITY").untagged[0]
        assert {"THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES", "THREAD=REFS", "I18NLEVEL=1"} <= set(words)
        ask(talk, "SELECT INBOX")
        talk.says("C: a THREAD REFERENCES UTF-8 ALL\nS: * THREAD\nS: a OK ...")


def numbers(line):
    return [int(n) for n in line.replace("(", " ").replace(")", " ").split()]


def test_a_long_answer_comes_whole(fresh_server):
    """More than is written at once: every message is in one thread or another, once."""
    with fresh_server.imap("alice") as talk:
        octets = mail(subject="one")
        talk.send(f"a APPEND INBOX {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
        talk.until("a OK ...")
        ask(talk, "SELECT INBOX")
        for _ in range(15):
            ask(talk, "COPY 1:* INBOX")
        for command, word in (("THREAD REFS UTF-8 ALL", "THREAD"), ("SORT (ARRIVAL) UTF-8 ALL", "SORT"),
                              ("SEARCH ALL", "SEARCH")):
            talk.send_line(f"b {command}")
            line = talk.expect(f"* {word} ...")
            talk.expect("b OK ...")
            assert sorted(numbers(line.removeprefix(f"* {word}"))) == list(range(1, 32769))
