"""PARTIAL of UID FETCH: RFC 9394 3.3 and 3.4. That of SEARCH and SORT is in test_imap_sort.py."""

import pytest

from imap_answer import ask
from rfc_example import renumber

UIDS = [2, 3, 5, 8, 9, 12]


@pytest.fixture
def talk(server):
    with server.imap(server.new_account()) as talk:
        renumber(talk, "Gaps", UIDS)
        yield talk


def uids(talk, command):
    answers = ask(talk, command)
    assert answers.status == "OK", answers.text
    return [int(items["UID"]) for _, items in sorted(answers.fetched.items())]


CASES = [
    ("1:5", "UID FETCH 1:100 (UID FLAGS) (PARTIAL 1:5)", [2, 3, 5, 8, 9]),
    ("the last", "UID FETCH 1:* (UID FLAGS) (PARTIAL -1:-3)", [8, 9, 12]),
    ("turned round", "UID FETCH 1:* (UID FLAGS) (PARTIAL -3:-1)", [8, 9, 12]),
    ("in the middle", "UID FETCH 3,8:11 FLAGS (PARTIAL 2:2)", [8]),
    ("more than there is", "UID FETCH 5:* UID (PARTIAL 3:10)", [9, 12]),
    ("beyond", "UID FETCH 1:* UID (PARTIAL 7:10)", []),
    ("beyond the front", "UID FETCH 1:* UID (PARTIAL -7:-10)", []),
    ("of nothing", "UID FETCH 100:200 UID (PARTIAL 1:2)", []),
]


@pytest.mark.parametrize("name, command, found", CASES, ids=[c[0] for c in CASES])
def test_messages_are_fetched_by_places(talk, name, command, found):
    assert uids(talk, command) == found


def test_places_are_chosen_before_what_changed(talk):
    """RFC 9394 3.4, in either order."""
    answers = ask(talk, "STATUS Gaps (HIGHESTMODSEQ)")
    before = next(int(words[2][1]) for words in answers.untagged if words[0] == "STATUS")
    ask(talk, "UID STORE 2,9 +FLAGS (\\Seen)")
    for modifiers in (f"PARTIAL -1:-3 CHANGEDSINCE {before}", f"CHANGEDSINCE {before} PARTIAL -1:-3"):
        assert uids(talk, f"UID FETCH 1:* (UID FLAGS) ({modifiers})") == [9]


@pytest.mark.parametrize("command", [
    "FETCH 1:* UID (PARTIAL 1:2)",
    "UID FETCH 1:* UID (PARTIAL 1:2 PARTIAL 1:2)",
    "UID FETCH 1:* UID (PARTIAL)",
    "UID FETCH 1:* UID (PARTIAL 0:1)",
    "UID FETCH 1:* UID (PARTIAL 1:-1)",
    "UID FETCH 1:* UID (PARTIAL 1:*)",
    "UID FETCH 1:* UID PARTIAL 1:2",
])
def test_what_are_no_places_is_refused(talk, command):
    assert ask(talk, command).status == "BAD"


def test_the_extension_is_told(server):
    with server.imap("alice") as talk:
        assert "PARTIAL" in ask(talk, "CAPABILITY").untagged[0]
