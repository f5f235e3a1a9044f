"""Every command of RFC 9051's examples is played by a test, tag for tag, or its absence explained."""

import pytest

from example_count import assert_all_are_played, assert_sends_its_commands, modules, players

# The tags of the examples, by section, in the order in which the RFC has them.
EXAMPLES = {
    "6.1.1": "abcd efgh ijkl",
    "6.1.2": "a002 a047",
    "6.1.3": "A023",
    "6.2.1": "a001 a002 a003 a004",
    "6.2.2": "A001 A01 A02 A03 C01 A01 C01 A01",
    "6.2.3": "a001",
    "6.3.1": "t1 t2 t3 a1",
    "6.3.2": "A142 A142 A143",
    "6.3.3": "A932",
    "6.3.4": "A003 A004 A005",
    "6.3.5": "A682 A683 A684 A685 A686 A687 A82 A83 A84 A85 A86",
    "6.3.6": "A682 A683 A684 A685 Z432 Z433 Z434 1001 1002 1003",
    "6.3.7": "A002",
    "6.3.8": "A002",
    "6.3.9.8": (
        "A101 A102 A103 A202 A01 A02 A03 A04 A05 A06 C01 CA3 C02 C04 C04 C04 C04 C04"
        " D01 D02 D03 D03 a1 a2 a3 a1 a2 a3 a3.1 A01 A02"
    ),
    "6.3.10": (
        "A001 A001 A001 A001 A001 A002 A001 A002 A003 A004 A005 A006"
        " A001 A002 A001 A002 A003 A001 A002"
    ),
    "6.3.11": "A042",
    "6.3.12": "A003 A003 A004 A005 A006 A007",
    "6.3.13": "A001 A002 A003 A004 A005 A006",
    "6.4.1": "A341",
    "6.4.2": "A342",
    "6.4.3": "A202",
    "6.4.4": "A282 A283 A284 A285 A284 A285 A286",
    "6.4.4.4": (
        "A282 A283 A282 A283 A300 A301 A301 P282 P283 B282 B283 E282 E283 F282 F283 F284"
        " G282 G283 H282 H283 C282 C283 C284 C285 C286 C286"
    ),
    "6.4.5": "A654",
    "6.4.6": "A003",
    "6.4.7": "A003",
    "6.4.8": "a",
    "6.4.9": "A003 A999",
    "6.5": "a441 A442",
    "7.1": "o356 b c1 c2 l k1 k2 e i d h m356 g m p f n1 n2 d d j a",
    "7.1.1": "A001",
    "7.1.2": "A222 A223",
    "7.1.3": "A443",
    "7.6": "A001 A044",
    "8": "a000 A001 babc a002 a003 a004 a005 a006",
}
NOT_PLAYED = {
    # Examples 2 to 4 show other servers' answers to the very command of example 1.
    "6.3.10": "A001 A001 A001",
}

PLAYERS = players(*modules("test_imap_rfc9051_*.py", but=[__name__]))


@pytest.mark.parametrize("section", EXAMPLES)
def test_every_example_is_played(section):
    assert_all_are_played(section, EXAMPLES[section], PLAYERS, NOT_PLAYED.get(section, ""))


def test_no_example_is_played_that_is_none():
    assert {where for test in PLAYERS for where, _, _ in test.examples} == set(EXAMPLES)


@pytest.mark.parametrize("test", PLAYERS, ids=lambda test: test.__name__)
def test_who_says_to_play_an_example_sends_its_commands(test):
    assert_sends_its_commands(test)
