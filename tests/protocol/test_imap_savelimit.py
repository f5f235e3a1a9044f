"""SAVELIMIT: RFC 9738. How many messages one COPY and one APPEND take."""

import pytest

from imap_answer import ask
from server import eml

PLAIN = eml("plain.eml")


def append(talk, n):
    return talk.send(b"a APPEND INBOX" + b"".join(b" {%d+}\r\n%s" % (len(PLAIN), PLAIN) for _ in range(n)) + b"\r\n")


def limit(talk):
    words = talk.says("C: c CAPABILITY").expect("* CAPABILITY ...").split()
    talk.expect("c OK ...")
    # There is no limit on the others: no MESSAGELIMIT.
    assert not [word for word in words if word.startswith("MESSAGELIMIT")]
    return int(next(word for word in words if word.startswith("SAVELIMIT=")).partition("=")[2])


def count(talk, mailbox):
    (words,) = ask(talk, f"STATUS {mailbox} (MESSAGES)").untagged
    return int(words[2][1])


@pytest.mark.conf(imap={"max_append_messages": 1200, "max_copy_messages": 1000})
def test_as_many_as_it_says_are_taken_and_one_more_is_not(fresh_server):
    with fresh_server.imap("alice") as talk:
        assert limit(talk) == 1000
        append(talk, 1000).expect("a OK [APPENDUID ...")
        append(talk, 1200).expect("a OK [APPENDUID ...")
        append(talk, 1201).expect("a NO [MESSAGELIMIT 1200] ...")
        talk.says("C: s SELECT INBOX").until("s OK ...")
        assert count(talk, "INBOX") == 2200
        talk.says("C: c COPY 1:1001 Archive").expect("c NO [MESSAGELIMIT 1000] ...")
        talk.says("C: u UID COPY 1:1001 Archive").expect("u NO [MESSAGELIMIT 1000] ...")
        assert count(talk, "Archive") == 0
        talk.says("C: d COPY 1:1000 Archive").expect("d OK [COPYUID ...")
        talk.says("C: m MOVE 1:2200 Archive").until("m OK ...")
        assert count(talk, "Archive") == 3200


def test_the_lesser_of_both_is_told(server):
    with server.imap("alice") as talk:
        # RFC 9738 3: it should not be below a thousand.
        assert limit(talk) == 1000
