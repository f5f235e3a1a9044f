"""SAVEDATE: RFC 8514. When a message came into the mailbox it is in."""

import re
from datetime import datetime, timedelta, timezone

import pytest

from rfc_example import example
from server import eml

OLD = "28-Dec-2014 18:50:53 +0100"


def append(talk, mailbox, count=1):
    """So many messages at once."""
    octets = eml("plain.eml")
    one = f' "{OLD}" {{{len(octets)}+}}\r\n'.encode() + octets
    talk.send(f"a APPEND {mailbox}".encode() + one * count + b"\r\n")
    talk.until("a OK ...")


def save_date(talk, number=1):
    line = talk.says(f"C: f FETCH {number} (SAVEDATE)").expect(f"* {number} FETCH (SAVEDATE ...")
    talk.expect("f OK ...")
    text = re.fullmatch(r'\* \d+ FETCH \(SAVEDATE "([ \d]\d-\w{3}-\d{4} \d\d:\d\d:\d\d \+0000)"\)', line)[1]
    return datetime.strptime(text.strip(), "%d-%b-%Y %H:%M:%S %z")


def search(talk, keys):
    line = talk.says(f"C: s SEARCH {keys}").expect("* SEARCH...")
    talk.expect("s OK ...")
    return line.split()[2:]


def day(when):
    return when.strftime("%d-%b-%Y").lstrip("0")


@pytest.fixture
def user(server):
    return server.new_account()


@example("8514 4.2", "A101")
def test_the_example_of_fetch(server, user):
    with server.imap(user) as talk:
        assert "SAVEDATE" in talk.says("C: c CAPABILITY").expect("* CAPABILITY ...").split()
        talk.expect("c OK ...")
        before = datetime.now(timezone.utc).replace(microsecond=0)
        append(talk, "INBOX")
        after = datetime.now(timezone.utc)
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says(
            """
            C: A101 FETCH 1 (SAVEDATE INTERNALDATE)
            S: * 1 FETCH (SAVEDATE "..." INTERNALDATE "28-Dec-2014 17:50:53 +0000")
            S: A101 OK ...
            """
        )
        assert before <= save_date(talk) <= after


@example("8514 4.3", "A102 A103")
def test_the_examples_of_search(server, user):
    with server.imap(user) as talk:
        append(talk, "INBOX", count=2)
        talk.says("C: i SELECT INBOX").until("i OK ...")
        # What is copied at once is saved at one moment, at midnight too.
        talk.says("C: c COPY 1:2 Archive").until("c OK ...")
        talk.says("C: s SELECT Archive").until("s OK ...")
        saved = save_date(talk)
        talk.says(
            f"""
            C: A102 SEARCH SAVEDON {day(saved)}
            S: * SEARCH 1 2
            S: A102 OK SEARCH completed
            C: A103 SEARCH SAVEDSINCE {day(saved)}
            S: * SEARCH 1 2
            S: A103 OK SEARCH completed
            """
        )
        assert search(talk, f"SAVEDBEFORE {day(saved + timedelta(1))}") == ["1", "2"]
        for nothing in (
            f"SAVEDON {day(saved - timedelta(1))}",
            f"SAVEDON {day(saved + timedelta(1))}",
            f"SAVEDSINCE {day(saved + timedelta(1))}",
            f"SAVEDBEFORE {day(saved)}",
            "SAVEDON 28-Dec-2014",
            "NOT SAVEDATESUPPORTED",
        ):
            assert search(talk, nothing) == []
        assert search(talk, "ON 28-Dec-2014 SAVEDATESUPPORTED") == ["1", "2"]


@pytest.mark.parametrize("command", ["COPY", "MOVE", "UID COPY", "UID MOVE"])
def test_it_is_the_destinations_own_and_does_not_change_in_the_source(server, user, command):
    with server.imap(user) as talk:
        append(talk, "INBOX", count=2)
        talk.says("C: s SELECT INBOX").until("s OK ...")
        before = save_date(talk)
        while datetime.now(timezone.utc) < before + timedelta(seconds=1):
            talk.says("C: n NOOP").until("n OK ...")
        talk.says(f"C: c {command} 2 Archive").until("c OK ...")
        talk.says(r"C: k STORE 1 +FLAGS (\Seen)").until("k OK ...")
        assert save_date(talk) == before
        talk.says("C: s SELECT Archive").until("s OK ...")
        assert save_date(talk) > before
        talk.says("C: i FETCH 1 INTERNALDATE").expect('* 1 FETCH (INTERNALDATE "28-Dec-2014 17:50:53 +0000")')


def test_it_stays_over_a_restart(fresh_server):
    fresh_server.deliver("alice", "plain.eml")
    with fresh_server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        before = save_date(talk)
    fresh_server.restart()
    with fresh_server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        assert save_date(talk) == before


@pytest.mark.parametrize("keys", ["SAVEDON", "SAVEDON 30-Foo-2020", "SAVEDSINCE yesterday", "SAVEDATE"])
def test_what_is_no_key_is_refused(server, keys):
    with server.imap("alice") as talk:
        talk.says("C: s EXAMINE INBOX").until("s OK ...")
        talk.says(f"C: a SEARCH {keys}").expect("a BAD SEARCH wants ...")
