"""Every command of the extensions' examples is played by a test, tag for tag, or its absence explained.

RFC 9051's (with which RFC 5182's and 6851's came in) and RFC 7162's are counted in test_imap_rfc9051_all.py
and test_imap_rfc7162.py; RFC 5957, 8437, 9394 4 have none.
"""

import pytest

from example_count import assert_all_are_played, assert_sends_its_commands, modules, players

# The tags of the examples, by RFC and section, in the order in which the RFC has them.
EXAMPLES = {
    "4731 3.1": "A282 A283 A284 A285 A286",
    "4731 3.2": "a1 a2 a3 a4",
    "4978 3": "a b c c",
    "5032 4": "a1",
    "5161 3.1": "t1 t2 t3 a1",
    "5256 SORT": "A282 A283 A284",
    "5256 THREAD": "A283 A284 A285",
    "5267 3.3": "E01",
    "5267 4.2": "A01",
    "5267 4.3": "B01 B01",
    "5267 4.3.1": "B02",
    "5267 4.3.4": "B03",
    "5267 4.3.5": "B04",
    "5267 4.4": "A02 A03 A04",
    "6203 3": "A1 A2",
    "6203 4": "B1",
    "6203 6": "C1 C2 C3",
    "7377 2": "tag1 tag1",
    "7377 3": "tag1 tag2",
    "8474 4.1": "3 4 5",
    "8474 4.2": "27",
    "8474 4.3": "6 7 8 9 10 11",
    "8474 5.3": "5 11 17 22 23 24 25 25 26 26",
    "8474 6": "27 28",
    "8508 3.2": "A003",
    "8508 3.3": "A004",
    "8508 4.2": "A010 A011",
    "8514 4.2": "A101",
    "8514 4.3": "A102 A103",
    "8970 3.2": "A1",
    "8970 5": "A1 A2 B1 B2 C1 C2 C3 C4",
    "9208 4.1.1": "G0001",
    "9208 4.1.2": "G0002",
    "9208 4.1.3": "S0000 S0001 S0002",
    "9208 4.1.4": "S0003",
    "9208 4.3.1": "A003 A003 A004",
    "9394 3.1": "A01 A02 A03 A04",
    "9394 3.3": "10 11",
    "9394 3.4": "101",
}
NOT_PLAYED = {
    # The line stands there twice; and a server that has no THREADID.
    "8474 5.3": "25 26",
    # CATENATE is not offered.
    "8508 4.2": "A010 A011",
    # No quota is a soft one, which is passed with a warning.
    "9208 4.3.1": "A003",
}

OTHERS = [m for m in modules("test_imap_*.py", but=[__name__]) if not m.__name__.startswith("test_imap_rfc")]
PLAYERS = players(*OTHERS)


@pytest.mark.parametrize("section", EXAMPLES)
def test_every_example_is_played(section):
    assert_all_are_played(section, EXAMPLES[section], PLAYERS, NOT_PLAYED.get(section, ""))


def test_no_example_is_played_that_is_none():
    assert {where for test in PLAYERS for where, _, _ in test.examples} <= set(EXAMPLES)


@pytest.mark.parametrize("test", PLAYERS, ids=lambda test: test.__name__)
def test_who_says_to_play_an_example_sends_its_commands(test):
    assert_sends_its_commands(test)
