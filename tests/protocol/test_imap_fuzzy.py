"""SEARCH=FUZZY and RELEVANCY: RFC 6203."""

import pytest

from imap_answer import ask
from rfc_example import fill, mail

MAIL = [
    mail("nothing to see", subject="IMAP break"),
    mail("nothing to see", subject="broken IMAP, a break at last"),
    mail("the imap server takes breaks", subject="status"),
    mail("hello world", subject="greetings", **{"from": "Helo <user@example.com>"}),
    mail("help is on its way", subject="work"),
    mail("nothing", subject="homework", **{"from": "user@example.com"}),
    mail("Grüße aus Köln", subject="Post", **{"content-type": "text/plain; charset=utf-8"}),
]


@pytest.fixture(scope="module")
def account(shared_server):
    user = shared_server.new_account()
    with shared_server.imap(user) as talk:
        fill(talk, "INBOX", [octets if isinstance(octets, bytes) else octets.encode() for octets in MAIL])
    return user


@pytest.fixture
def talk(shared_server, account):
    with shared_server.imap(account) as talk:
        ask(talk, "EXAMINE INBOX")
        yield talk


def test_words_come_in_any_order(talk):
    talk.says(
        """
        C: A1 SEARCH FUZZY (SUBJECT "IMAP break")
        S: * SEARCH 1 2
        S: A1 OK SEARCH completed
        C: A2 SEARCH FUZZY SUBJECT work FROM jones
        S: * SEARCH 5
        S: A2 OK SEARCH completed
        C: A3 SEARCH SUBJECT "IMAP break"
        S: * SEARCH 1
        S: A3 OK SEARCH completed
        """
    )


def test_scores_say_how_well_a_message_fits(talk):
    talk.says(
        """
        C: B1 SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT "Helo"
        S: * ESEARCH (TAG "B1") ALL 4:5 RELEVANCY (100 56)
        S: B1 OK SEARCH completed
        C: B2 SEARCH RETURN (ALL RELEVANCY) FUZZY TEXT "imap break"
        S: * ESEARCH (TAG "B2") ALL 1:3 RELEVANCY (100 90 68)
        S: B2 OK SEARCH completed
        C: B3 UID SEARCH RETURN (RELEVANCY PARTIAL -1:-1) FUZZY BODY "imap server"
        S: * ESEARCH (TAG "B3") UID PARTIAL (-1:-1 3) RELEVANCY (100)
        S: B3 OK SEARCH completed
        C: B4 SEARCH RETURN (RELEVANCY COUNT) FUZZY TEXT "nowhere at all"
        S: * ESEARCH (TAG "B4") COUNT 0
        S: B4 OK SEARCH completed
        C: B5 SEARCH RETURN (RELEVANCY) FUZZY SEEN
        S: * ESEARCH (TAG "B5")
        S: B5 OK SEARCH completed
        """
    )


def test_the_best_come_first(talk):
    talk.says(
        """
        C: C1 SORT (RELEVANCY) UTF-8 FUZZY TEXT "imap break"
        S: * SORT 1 2 3
        S: C1 OK SORT completed
        C: C2 SORT RETURN (RELEVANCY ALL) (REVERSE RELEVANCY) UTF-8 FUZZY TEXT "imap break"
        S: * ESEARCH (TAG "C2") ALL 3,2,1 RELEVANCY (68 90 100)
        S: C2 OK SORT completed
        C: C3 SORT RETURN (PARTIAL 1:2) (RELEVANCY) UTF-8 FUZZY TEXT "Helo"
        S: * ESEARCH (TAG "C3") PARTIAL (1:2 4:5)
        S: C3 OK SORT completed
        C: C4 ESEARCH IN (inboxes) RETURN (RELEVANCY ALL) FUZZY SUBJECT "imap break"
        S: * ESEARCH (TAG "C4" MAILBOX INBOX UIDVALIDITY <v>) UID ALL 1:2 RELEVANCY (100 90)
        S: C4 OK ...
        """
    )


CASES = [
    ("a word with a fault", 'FUZZY SUBJECT "greetigns"', "4"),
    ("none of three letters", 'FUZZY SUBJECT "pst"', ""),
    ("letters that are not ASCII", 'CHARSET UTF-8 FUZZY BODY "grüsse koln"', "7"),
    ("two words with a fault each", 'CHARSET UTF-8 FUZZY BODY "grusse koln"', "7"),
    ("a field of any name", "FUZZY HEADER FROM jnoes", "1 2 3 5 7"),
    ("any field of that name", 'FUZZY HEADER FROM ""', "1 2 3 4 5 6 7"),
    ("flags are as they are", "FUZZY SEEN", ""),
    ("numbers too", "FUZZY 2:3", "2 3"),
    ("not nearly", "NOT FUZZY TEXT helo", "1 2 3 6 7"),
    ("twice", "FUZZY FUZZY SUBJECT wrok", "5"),
    ("several keys", "FUZZY (SUBJECT statsu BODY braeks)", "3"),
    ("one or the other", "FUZZY OR SUBJECT statsu SUBJECT wrok", "3 5"),
    ("only what it stands before", "FUZZY SUBJECT wrok SUBJECT wrok", ""),
    ("in any case", "fuzzy subject WORK", "5"),
]


@pytest.mark.parametrize("name, keys, numbers", CASES, ids=[c[0] for c in CASES])
def test_what_is_nearly_so_is_found(talk, name, keys, numbers):
    literal = f"a SEARCH {keys}\r\n".encode()
    talk.send(literal)
    line = talk.expect("* SEARCH...")
    talk.expect("a OK ...")
    assert line.removeprefix("* SEARCH").strip() == numbers


@pytest.mark.parametrize("command", [
    "SEARCH RETURN (RELEVANCY) SUBJECT work",
    "SORT (RELEVANCY) UTF-8 SUBJECT work",
    "SORT RETURN (RELEVANCY) (DATE) UTF-8 SUBJECT work",
    "ESEARCH IN (personal) RETURN (RELEVANCY) SUBJECT work",
    "SEARCH FUZZY",
    "SEARCH SUBJECT work FUZZY",
])
def test_scores_want_a_fuzzy_key(talk, command):
    assert ask(talk, command).status == "BAD"


def test_scores_are_not_kept_up_to_date(talk):
    talk.says(
        """
        C: a SORT RETURN (UPDATE COUNT) (RELEVANCY) UTF-8 FUZZY SUBJECT work
        S: * ESEARCH (TAG "a") COUNT 1
        S: * NO [NOUPDATE "a"] ...
        S: a OK ...
        """
    )


def test_the_extension_is_told(talk):
    assert "SEARCH=FUZZY" in ask(talk, "CAPABILITY").untagged[0]
