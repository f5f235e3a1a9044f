"""RFC 9051's examples of 6.4 (a mailbox is selected) but for SEARCH, of 6.5, and of 8."""

import re

import pytest

from imap_answer import ask
from rfc_example import example, fill, mail, make, renumber, rev2
from scram import ScramClient
from server import PASSWORDS


@pytest.fixture
def talk(server):
    with rev2(server) as talk:
        yield talk


def filled(talk, count, mailbox="INBOX"):
    fill(talk, mailbox, [mail(date="Mon, 7 Feb 1994 21:52:25 -0800")] * count)
    assert ask(talk, f"SELECT {mailbox}").status == "OK"
    return talk


# ---- 6.4.1 to 6.4.3 ----


@example("6.4.1", "A341")
def test_close_expunges_and_tells_nothing(talk):
    filled(talk, 2)
    ask(talk, r"STORE 1 +FLAGS.SILENT \Deleted")
    talk.says(
        """
        C: A341 CLOSE
        S: A341 OK ...
        C: n STATUS INBOX (MESSAGES)
        S: * STATUS INBOX (MESSAGES 1)
        S: n OK ...
        """
    )


@example("6.4.2", "A342")
def test_unselect_expunges_nothing(talk):
    filled(talk, 2)
    ask(talk, r"STORE 1 +FLAGS.SILENT \Deleted")
    talk.says(
        """
        C: A342 UNSELECT
        S: A342 OK ...
        C: n STATUS INBOX (MESSAGES)
        S: * STATUS INBOX (MESSAGES 2)
        S: n OK ...
        """
    )


@example("6.4.3", "A202")
def test_expunge(talk):
    filled(talk, 11)
    ask(talk, r"STORE 3,4,7,11 +FLAGS.SILENT \Deleted")
    answers = ask(talk, "NOOP")
    talk.says("C: A202 EXPUNGE")
    numbers = list(range(1, 12))
    while (line := talk.read_line().decode()).startswith("* "):
        number = int(re.fullmatch(r"\* (\d+) EXPUNGE\r\n", line)[1])
        del numbers[number - 1]
    assert line.startswith("A202 OK ")
    assert numbers == [1, 2, 5, 6, 8, 9, 10] and not answers.untagged


# ---- 6.4.5 to 6.4.9 ----


@example("6.4.5", "A654")
def test_fetch(talk):
    filled(talk, 5)
    answers = ask(talk, "FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])", "A654")
    # What was fetched without PEEK is seen from then on.
    assert talk.says("C: A654 NOOP").expect("A654 OK ...")
    assert answers.status == "OK" and sorted(answers.fetched) == [2, 3, 4]
    for values in answers.fetched.values():
        assert values["FLAGS"] == ["\\Seen"]
        fields = values["BODY[HEADER.FIELDS (DATE FROM)]"]
        assert fields.startswith(b"From: ") and fields.endswith(b"-0800\r\n\r\n"), fields


@example("6.4.6", "A003")
def test_store(talk):
    filled(talk, 5)
    ask(talk, r"STORE 2,4 FLAGS.SILENT \Seen")
    ask(talk, r"STORE 4 +FLAGS.SILENT \Flagged")
    talk.says(
        r"""
        C: A003 STORE 2:4 +FLAGS (\Deleted)
        S: * 2 FETCH (...FLAGS (\Deleted \Seen))
        S: * 3 FETCH (...FLAGS (\Deleted))
        S: * 4 FETCH (...FLAGS (\Flagged \Deleted \Seen))
        S: A003 OK ...
        """
    )


@example("6.4.7", "A003")
def test_copy(talk):
    renumber(talk, "INBOX/many", [300, 304, 319, 320])
    make(talk, "MEETING")
    fill(talk, "MEETING", [mail()] * 2)
    talk.says("C: A003 COPY 2:4 MEETING\nS: A003 OK [COPYUID <validity> 304,319:320 3:5] ...")


@example("6.4.8", "a")
def test_move(talk):
    renumber(talk, "many", [7, *range(42, 70), 75])
    make(talk, "foo")
    talk.says("C: a UID MOVE 42:69 foo")
    talk.expect("* OK [COPYUID <validity> 42:69 1:28] ...")
    numbers = list(range(1, 31))
    while (line := talk.read_line().decode()).startswith("* "):
        del numbers[int(re.fullmatch(r"\* (\d+) EXPUNGE\r\n", line)[1]) - 1]
    assert line.startswith("a OK ")
    assert numbers == [1, 30]


@example("6.4.9", "A003")
def test_uid_expunge(talk):
    renumber(talk, "many", [1, 2, 300, 301, 302, 303])
    ask(talk, r"STORE 1:* +FLAGS.SILENT \Deleted")
    talk.says("C: A003 UID EXPUNGE 300:302")
    numbers = list(range(1, 7))
    while (line := talk.read_line().decode()).startswith("* "):
        del numbers[int(re.fullmatch(r"\* (\d+) EXPUNGE\r\n", line)[1]) - 1]
    assert line.startswith("A003 OK ")
    assert numbers == [1, 2, 6]


@example("6.4.9", "A999")
def test_uid_fetch(talk):
    renumber(talk, "many", [5, 21, 71, 72])
    ask(talk, r"STORE 2:4 FLAGS.SILENT \Seen")
    talk.says(
        r"""
        C: A999 UID FETCH 20:72 FLAGS
        S: * 2 FETCH (UID 21 FLAGS (\Seen))
        S: * 3 FETCH (UID 71 FLAGS (\Seen))
        S: * 4 FETCH (UID 72 FLAGS (\Seen))
        S: A999 OK ...
        """
    )


# ---- 6.5 ----


@example("6.5", "a441 A442", differs="no such command here")
def test_a_command_of_nobody(talk):
    line = talk.says("C: a441 CAPABILITY").expect("* CAPABILITY ...IMAP4rev2...")
    assert "XPIG-LATIN" not in line
    talk.says("S: a441 OK ...\nC: A442 XPIG-LATIN\nS: A442 BAD ...\nC: n NOOP\nS: n OK ...")


# ---- 8 ----

HEADER = (
    b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
    b"From: Terry Gray <gray@cac.washington.edu>\r\n"
    b"Subject: IMAP4rev2 WG mtg summary and minutes\r\n"
    b"To: imap@cac.washington.edu\r\n"
    b"cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
    b"Message-Id: <B27397-0100000@cac.washington.edu>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n"
)
BODY = b"%-30s\r\n" % b"minutes" * 91 + b"x" * 114 + b"\r\n"  # 3028 octets, 92 lines
GRAY = [[b"Terry Gray", None, b"gray", b"cac.washington.edu"]]
ENVELOPE = [
    b"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)",
    b"IMAP4rev2 WG mtg summary and minutes",
    *([GRAY] * 3),
    [[None, None, b"imap", b"cac.washington.edu"]],
    [
        [None, None, b"minutes", b"CNRI.Reston.VA.US"],
        [b"John Klensin", None, b"KLENSIN", b"MIT.EDU"],
    ],
    None,
    None,
    b"<B27397-0100000@cac.washington.edu>",
]


@pytest.fixture
def minutes(fresh_server):
    """alice's INBOX of 18; the twelfth is the one of the sample."""
    with rev2(fresh_server, "alice") as talk:
        fill(talk, "INBOX", [mail()] * 11)
        size = len(HEADER + BODY)
        talk.send(f'a APPEND INBOX (\\Seen) "17-Jul-1996 02:44:25 -0700" {{{size}+}}\r\n'.encode())
        talk.send(HEADER + BODY + b"\r\n").expect("a OK ...")
        fill(talk, "INBOX", [mail()] * 6)
    return fresh_server


@example("8", "a000 A001 babc a002 a003 a004 a005 a006")
def test_the_sample_connection(minutes):
    with minutes.connect("imap") as talk:
        talk.expect("* OK [CAPABILITY ...IMAP4rev2 ... STARTTLS ...] ...")
        talk.says("C: a000 starttls\nS: a000 OK ...").starttls()
        scram = ScramClient("alice", PASSWORDS["alice"])
        talk.says(f"C: A001 AUTHENTICATE SCRAM-SHA-256 {scram.first()}")
        talk.says(f"C: {scram.final(talk.expect('+ <first>').split()[1])}")
        assert scram.verified(talk.expect("+ <last>").split()[1])
        talk.send(b"\r\n")
        talk.says(
            r"""
            S: A001 OK ...
            C: babc ENABLE IMAP4rev2
            S: * ENABLED IMAP4rev2
            S: babc OK ...
            C: a002 select inbox
            S* * 18 EXISTS
            S* * FLAGS (\Answered \Flagged \Deleted \Seen \Draft...)
            S* * OK [PERMANENTFLAGS ...
            S* * OK [UIDVALIDITY <validity>] ...
            S* * OK [UIDNEXT 19] ...
            S* * OK [MAILBOXID (...)] ...
            S* * OK [HIGHESTMODSEQ <highest_19>] ...
            S* * LIST () "/" INBOX...
            S: a002 OK [READ-WRITE] ...
            """
        )
        the_twelfth_is_fetched(talk, "a003", "a004")
        talk.says(
            r"""
            C: a005 store 12 +flags \deleted
            S: * 12 FETCH (...FLAGS (\Deleted \Seen))
            S: a005 OK ...
            C: a006 logout
            S: * BYE ...
            S: a006 OK ...
            """
        ).closes()


def the_twelfth_is_fetched(talk, full, header):
    values = ask(talk, "fetch 12 full", full).fetched[12]
    assert values["FLAGS"] == ["\\Seen"]
    assert values["INTERNALDATE"] == b"17-Jul-1996 09:44:25 +0000"
    assert values["RFC822.SIZE"] == str(len(HEADER + BODY))
    assert values["ENVELOPE"] == ENVELOPE
    charset = [b"CHARSET", b"US-ASCII"]
    assert values["BODY"] == [b"TEXT", b"PLAIN", charset, None, None, b"7BIT", "3028", "92"]
    assert ask(talk, "fetch 12 body[header]", header).fetched[12] == {"BODY[HEADER]": HEADER}
