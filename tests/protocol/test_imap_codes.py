"""Every response code we give has a transcript that provokes it: RFC 9051 7.1."""

import re

import pytest

from imap_answer import ask
from server import SOURCE, eml

GIVEN_IN_CODE = (
    r'IMAP_(?:OK|NO|BAD),\s+(?:[^",;]*\? )?"([A-Z][A-Z-]+)',  # imap_reply(cmd, IMAP_NO, "CODE"
    r'IMAP_(?:OK|NO|BAD),\s+[^,;]*\? "[A-Z-]+" : "([A-Z-]+)"',
    r'\* ?(?:OK|NO|BAD|BYE) \[([A-Z][A-Z-]+)',
    r'\[ERR_\w+\] = \{\s*"([A-Z][A-Z-]+)"',
)


def documented():
    """{code: when} of docs/commands.md."""
    text = (SOURCE / "docs" / "commands.md").read_text()
    table = text.partition("### Response codes of IMAP")[2].partition("\n#")[0]
    rows = re.findall(r"^\| ([A-Z][A-Z-]+) \| [^|]* \| ([^|]*) \|$", table, re.M)
    return dict(rows)


def in_sources():
    out = set()
    for path in sorted((SOURCE / "src" / "imap").glob("*.c")):
        if path.name != "code_table.c":
            for pattern in GIVEN_IN_CODE:
                out.update(re.findall(pattern, path.read_text()))
    return out


def transcripts():
    """What tests/protocol expects of servers, by file."""
    paths = sorted((SOURCE / "tests" / "protocol").glob("test_imap_*.py"))
    return {path.name: path.read_text() for path in paths if path.name != "test_imap_codes.py"}


DOCUMENTED = documented()
GIVEN = {code for code, when in DOCUMENTED.items() if not when.startswith("never")}
HERE = {"NOTSAVED"}  # provoked in this file


def test_what_the_sources_give_is_documented():
    found = in_sources()
    assert len(found) > 15, found
    assert found <= GIVEN


@pytest.mark.parametrize("code", sorted(GIVEN - HERE))
def test_every_code_is_provoked_by_a_transcript(code):
    wanted = re.compile(rf'(?:(?:OK|NO|BAD|BYE) \[|"\[){code}[\] ]')
    assert any(wanted.search(text) for text in transcripts().values()), code


@pytest.mark.parametrize("code", sorted(set(DOCUMENTED) - GIVEN))
def test_what_is_never_given_is_not_in_the_sources(code):
    assert code not in in_sources()


# ---- those that need a server of their own ----


def append(talk, count):
    octets = eml("plain.eml")
    for _ in range(count):
        talk.send(f"a APPEND INBOX {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
        talk.expect("a OK [APPENDUID ...")


@pytest.mark.conf(imap={"max_search_results": 1000})
def test_more_than_can_be_saved_is_not_saved(fresh_server):
    """RFC 9051 6.4.4.3: NO, and "$" is empty; ends of the range may be saved all the same."""
    with fresh_server.imap("alice") as talk:
        append(talk, 8)
        ask(talk, "SELECT INBOX")
        for _ in range(7):
            assert ask(talk, "COPY 1:* INBOX").status == "OK"
        assert ask(talk, "SEARCH RETURN (SAVE) 1:1000").status == "OK"
        assert len(ask(talk, "FETCH $ UID").fetched) == 1000
        talk.says(
            """
            C: a SEARCH RETURN (SAVE) 1:1001
            S: a NO [NOTSAVED] ...
            C: b FETCH $ UID
            S: b OK ...
            C: c SEARCH RETURN (SAVE MIN MAX) ALL
            S: * ESEARCH (TAG "c") MIN 1 MAX 1024
            S: c OK ...
            C: d FETCH $ UID
            S: * 1 FETCH (UID 1)
            S: * 1024 FETCH (UID 1024)
            S: d OK ...
            """
        )


@pytest.mark.conf(imap={"max_search_results": 1000})
def test_a_search_of_too_many_keys_saves_nothing(fresh_server):
    with fresh_server.imap("alice") as talk:
        append(talk, 1)
        ask(talk, "SELECT INBOX")
        assert ask(talk, "SEARCH RETURN (SAVE) ALL").status == "OK"
        deep = "(" * 1000 + "ALL" + ")" * 1000
        talk.says(f"C: a SEARCH RETURN (SAVE) {deep}").expect("a NO [LIMIT] ...")
        assert ask(talk, "FETCH $ UID").fetched == {}


def test_a_server_that_stops_says_that_it_is_unavailable(make_server):
    server = make_server()
    with server.imap("alice") as talk:
        ask(talk, "SELECT INBOX")
        server.send_signal(15)
        talk.expect("* BYE [UNAVAILABLE] ...")
        talk.closes()
        server.stop()
