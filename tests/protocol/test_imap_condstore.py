"""CONDSTORE as a client sees it: RFC 7162 3.1. Its examples are in test_imap_rfc7162.py."""

import re

import pytest

from imap_answer import ask, pairs
from rfc_example import fill, mail, make

LARGEST = (1 << 63) - 1


def modseq(answers, number):
    return int(answers.fetched[number]["MODSEQ"][0])


def highest(answers):
    """Of the last HIGHESTMODSEQ, tagged or untagged."""
    texts = [" ".join(w) for w in answers.untagged if w[0] == "OK"] + [answers.text]
    found = re.findall(r"\[HIGHESTMODSEQ (\d+)\]", " ".join(texts))
    return int(found[-1]) if found else None


def opened(server, user=None, count=3, how="SELECT INBOX", filled=True):
    """INBOX with `count` messages, open; and the highest MODSEQ of it."""
    talk = server.imap(user or server.new_account())
    if filled:
        fill(talk, "INBOX", [mail()] * count)
    answers = ask(talk, how)
    assert answers.status == "OK", answers.text
    return talk, highest(answers)


@pytest.fixture
def three(server):
    talk, _ = opened(server)
    with talk:
        yield talk


# ---- enabling: 3.1 ----

ENABLING = {
    "SELECT with CONDSTORE": "SELECT INBOX (CONDSTORE)",
    "EXAMINE with CONDSTORE": "EXAMINE INBOX (CONDSTORE)",
    "STATUS HIGHESTMODSEQ": "STATUS INBOX (HIGHESTMODSEQ)",
    "LIST with STATUS HIGHESTMODSEQ": 'LIST "" INBOX RETURN (STATUS (HIGHESTMODSEQ))',
    "FETCH MODSEQ": "FETCH 1 MODSEQ",
    "FETCH CHANGEDSINCE": "FETCH 1 FLAGS (CHANGEDSINCE 1)",
    "SEARCH MODSEQ": "SEARCH MODSEQ 1",
    "UID SEARCH MODSEQ": "UID SEARCH NOT MODSEQ 1",
    "STORE UNCHANGEDSINCE": r"STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\Seen)",
}


@pytest.mark.parametrize("command", ENABLING.values(), ids=ENABLING)
def test_the_first_such_command_says_where_the_mailbox_is(three, command):
    answers = ask(three, command)
    assert answers.status == "OK" and highest(answers)
    if not command.startswith(("SELECT", "EXAMINE")):
        codes = [w[1] for w in answers.untagged if w[0] == "OK"]
        assert len([c for c in codes if "HIGHESTMODSEQ" in c]) == 1
        assert highest(ask(three, "FETCH 1 MODSEQ")) is None  # the second does not


@pytest.mark.parametrize("command", [*ENABLING.values(), "ENABLE CONDSTORE", "ENABLE QRESYNC"], ids=[*ENABLING, "ENABLE", "QRESYNC"])
def test_from_then_on_every_fetch_that_was_not_asked_for_has_modseq_and_uid(server, command):
    user = server.new_account()
    talk, _ = opened(server, user)
    other, _ = opened(server, user, filled=False)
    with talk, other:
        if command.startswith("ENABLE"):
            ask(talk, "UNSELECT")
            assert ask(talk, command).status == "OK"
            ask(talk, "SELECT INBOX")
        elif command.startswith("EXAMINE"):
            ask(talk, command)
            ask(talk, "SELECT INBOX")
        else:
            ask(talk, command)
        own = ask(talk, r"STORE 2 +FLAGS (\Flagged)").fetched[2]
        assert set(own) == {"UID", "FLAGS", "MODSEQ"}
        silent = ask(talk, r"STORE 2 +FLAGS.SILENT (\Draft)").fetched[2]
        assert set(silent) == {"UID", "MODSEQ"} and int(silent["MODSEQ"][0]) > int(own["MODSEQ"][0])
        ask(other, r"STORE 3 +FLAGS (\Answered)")
        others = ask(talk, "NOOP").fetched[3]
        assert set(others) == {"UID", "FLAGS", "MODSEQ"} and others["UID"] == "3"
        read = ask(talk, "FETCH 3 BODY[TEXT]").untagged
        assert [set(pairs(w[2])) >= {"UID", "MODSEQ"} for w in read] == [True] * len(read)
        assert set(ask(talk, "FETCH 3 FLAGS").fetched[3]) == {"FLAGS"}


def test_without_it_nothing_has_a_modseq(three):
    assert set(ask(three, r"STORE 1 +FLAGS (\Flagged)").fetched[1]) == {"FLAGS"}
    assert not ask(three, r"STORE 1 +FLAGS.SILENT (\Draft)").untagged
    assert ask(three, r"STORE 1 +FLAGS.SILENT (\Deleted)").status == "OK"
    answers = ask(three, "EXPUNGE")
    assert highest(answers) is None and answers.numbers("EXPUNGE") == [1]


def test_enable_of_condstore_alone_goes_on_with_expunge(server):
    user = server.new_account()
    with server.imap(user) as talk:
        fill(talk, "INBOX", [mail()] * 3)
        talk.says(
            r"""
            C: a ENABLE CONDSTORE
            S: * ENABLED CONDSTORE
            S: a OK ...
            """
        )
        first = highest(ask(talk, "SELECT INBOX"))
        ask(talk, r"STORE 2 +FLAGS.SILENT (\Deleted)")
        talk.says(
            """
            C: b EXPUNGE
            S: * 2 EXPUNGE
            S: b OK [HIGHESTMODSEQ <after>] EXPUNGE completed
            C: c EXPUNGE
            S: c OK EXPUNGE completed
            """
        )
        assert int(talk.words["after"]) == first + 2


# ---- values: 3.1, 3.1.2, 3.1.7 ----


def test_each_store_has_a_larger_modseq_and_one_that_changes_nothing_has_none(three):
    seen = [modseq(ask(three, "FETCH 1 MODSEQ"), 1)]
    for sign in "+-+":
        seen.append(modseq(ask(three, rf"STORE 1 {sign}FLAGS (\Seen)"), 1))
    assert seen == sorted(set(seen))
    assert modseq(ask(three, r"STORE 1 +FLAGS (\Seen)"), 1) == seen[-1]
    assert modseq(ask(three, r"UID STORE 1 FLAGS.SILENT (\Flagged)"), 1) == seen[-1] + 1


def test_what_arrives_has_the_largest_modseq(server):
    talk, before = opened(server)
    with talk:
        make(talk, "Other")
        ask(talk, "COPY 1 INBOX")
        fill(talk, "INBOX", [mail()])
        numbers = ask(talk, "FETCH 1:* MODSEQ")
        assert before < modseq(numbers, 4) < modseq(numbers, 5)
        ask(talk, "COPY 1 Other")
        ask(talk, "SELECT Other")
        one = modseq(ask(talk, "FETCH 1 MODSEQ"), 1)
        ask(talk, "SELECT INBOX")
        ask(talk, "MOVE 1:2 Other")
        ask(talk, "SELECT Other")
        numbers = ask(talk, "FETCH 1:3 MODSEQ")
        assert one == modseq(numbers, 1) < modseq(numbers, 2) and one < modseq(numbers, 3)


def test_status_and_select_tell_the_same(server):
    talk, at = opened(server)
    with talk:
        words = ask(talk, "STATUS INBOX (HIGHESTMODSEQ MESSAGES)").untagged[-1]
        assert pairs(words[2]) == {"MESSAGES": "3", "HIGHESTMODSEQ": str(at)}
        ask(talk, r"STORE 1:* +FLAGS.SILENT (\Deleted)")
        ask(talk, "CLOSE")
        words = ask(talk, "STATUS INBOX (HIGHESTMODSEQ)").untagged[-1]
        assert pairs(words[2]) == {"HIGHESTMODSEQ": str(at + 2)}
        assert highest(ask(talk, "EXAMINE INBOX")) == at + 2


def test_an_empty_mailbox_has_a_positive_one(server):
    with server.imap(server.new_account()) as talk:
        assert highest(ask(talk, "SELECT INBOX")) >= 1


# ---- CHANGEDSINCE: 3.1.4.1 ----


def test_changedsince_tells_what_changed_and_its_modseq(three):
    at = highest(ask(three, "SELECT INBOX"))
    ask(three, r"STORE 3 +FLAGS (\Flagged)")
    answers = ask(three, f"FETCH 1:* FLAGS (CHANGEDSINCE {at})")
    assert answers.fetched == {3: {"FLAGS": ["\\Flagged"], "MODSEQ": [str(at + 1)]}}
    answers = ask(three, f"UID FETCH 2:* (RFC822.SIZE) (CHANGEDSINCE {at})")
    assert set(answers.fetched[3]) == {"UID", "RFC822.SIZE", "MODSEQ"} and len(answers.fetched) == 1
    assert ask(three, f"FETCH 1:* FLAGS (CHANGEDSINCE {at + 1})").fetched == {}
    assert set(ask(three, "FETCH 1:* FLAGS (CHANGEDSINCE 1)").fetched) == {1, 2, 3}


def test_changedsince_finds_what_arrived_where_nothing_else_changed(three):
    at = highest(ask(three, "SELECT INBOX"))
    fill(three, "INBOX", [mail()] * 2)
    ask(three, "NOOP")
    assert set(ask(three, f"UID FETCH 1:* FLAGS (CHANGEDSINCE {at})").fetched) == {4, 5}
    assert set(ask(three, f"UID FETCH 1:* FLAGS (CHANGEDSINCE {at + 1})").fetched) == {5}


def test_what_is_not_changed_is_not_marked_as_seen(three):
    at = highest(ask(three, "SELECT INBOX"))
    ask(three, r"STORE 3 +FLAGS (\Flagged)")
    ask(three, f"FETCH 1:* BODY[] (CHANGEDSINCE {at})")
    assert ask(three, "SEARCH SEEN").untagged == [["SEARCH", "3"]]


# ---- UNCHANGEDSINCE: 3.1.3 ----


def test_unchangedsince_changes_what_did_not_change_and_names_the_rest(server):
    talk, at = opened(server, count=5)
    with talk:
        ask(talk, r"STORE 2,4 +FLAGS (\Flagged)")
        answers = ask(talk, rf"STORE 1:4 (UNCHANGEDSINCE {at}) +FLAGS (\Deleted)")
        assert (answers.status, answers.text) == ("OK", "[MODIFIED 2,4] Conditional STORE failed")
        told = answers.fetched
        assert {n: "\\Deleted" in told[n]["FLAGS"] for n in told} == {1: True, 2: False, 3: True, 4: False}
        assert [int(told[n]["MODSEQ"][0]) - at for n in sorted(told)] == [2, 1, 2, 1]
        assert ask(talk, "SEARCH DELETED").untagged == [["SEARCH", "1", "3"]]


def test_silent_tells_the_modseq_of_all_and_the_flags_of_those_that_failed(server):
    talk, at = opened(server, count=4)
    with talk:
        ask(talk, r"STORE 2 +FLAGS (\Flagged)")
        ask(talk, r"STORE 3 +FLAGS (\Deleted)")
        answers = ask(talk, rf"UID STORE 1,2,4 (UNCHANGEDSINCE {at}) +FLAGS.SILENT (\Deleted)")
        assert answers.text.startswith("[MODIFIED 2] ")
        assert {n: set(v) for n, v in answers.fetched.items()} == {
            1: {"UID", "MODSEQ"}, 2: {"UID", "MODSEQ", "FLAGS"}, 4: {"UID", "MODSEQ"}
        }
        # Nothing is changed, and nothing modified: the MODSEQ is told all the same.
        answers = ask(talk, rf"STORE 1 (UNCHANGEDSINCE {at + 3}) +FLAGS.SILENT (\Deleted)")
        assert answers.fetched == {1: {"UID": "1", "MODSEQ": [str(at + 3)]}} and answers.text == "STORE completed"


def test_the_numbers_of_modified_are_those_of_the_command(server):
    user = server.new_account()
    talk, _ = opened(server, user, count=4)
    with talk:
        ask(talk, r"STORE 1 +FLAGS.SILENT (\Deleted)")
        ask(talk, "EXPUNGE")
        answers = ask(talk, r"STORE 2:3 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\Flagged)")
        assert answers.text.startswith("[MODIFIED 2:3]")
        answers = ask(talk, r"UID STORE 3:9 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\Flagged)")
        assert answers.text.startswith("[MODIFIED 3:4]")


UNTOUCHED = {
    "a flag nobody touched is added": (r"+FLAGS (\Answered)", None),
    "a keyword nobody touched is added": ("+FLAGS ($Processed)", None),
    "a flag nobody touched is removed": (r"-FLAGS (\Seen)", None),
    "in silence": ("+FLAGS.SILENT ($Processed)", None),
    "a flag that was touched is not": (r"+FLAGS (\Flagged)", "2"),
    "nor is it removed": (r"-FLAGS (\Flagged)", "2"),
    "nor another beside it": (r"+FLAGS (\Flagged $Processed)", "2"),
    "setting all flags touches all": ("FLAGS ($Processed)", "2"),
}


@pytest.mark.parametrize("case", UNTOUCHED.values(), ids=UNTOUCHED)
def test_another_flag_that_changed_does_not_count(server, case):
    """RFC 7162 3.1.12: by what the client was told."""
    user = server.new_account()
    talk, at = opened(server, user)
    other, _ = opened(server, user, filled=False)
    with talk, other:
        ask(talk, "FETCH 1:* (FLAGS MODSEQ)")
        ask(other, r"STORE 2 +FLAGS (\Flagged)")
        answers = ask(talk, f"STORE 1:3 (UNCHANGEDSINCE {at}) {case[0]}")
        assert answers.text.startswith(f"[MODIFIED {case[1]}]" if case[1] else "STORE completed")
        assert "\\Flagged" in answers.fetched[2]["FLAGS"]
        told = {n: (v["FLAGS"], v["MODSEQ"]) for n, v in answers.fetched.items() if "FLAGS" in v}
        assert {n: told[n] for n in told} == {
            n: (v["FLAGS"], v["MODSEQ"]) for n, v in ask(talk, "FETCH 1:* (FLAGS MODSEQ)").fetched.items() if n in told
        }


def test_what_was_told_after_the_modseq_of_the_condition_proves_nothing(server):
    user = server.new_account()
    talk, at = opened(server, user)
    other, _ = opened(server, user, filled=False)
    with talk, other:
        ask(talk, "FETCH 1:* (FLAGS MODSEQ)")
        ask(other, r"STORE 2 +FLAGS (\Flagged)")
        ask(talk, "NOOP")  # now it is told, and asks as of before all the same
        ask(other, r"STORE 2 +FLAGS (\Seen)")
        answers = ask(talk, rf"STORE 2 (UNCHANGEDSINCE {at}) +FLAGS (\Flagged)")
        assert answers.text.startswith("[MODIFIED 2]")


ZERO = {
    "adding a system flag fails": (r"+FLAGS (\Flagged)", "1:3"),
    "removing a system flag that is not set fails": (r"-FLAGS (\Answered)", "1:3"),
    "a system flag and a keyword fail": (r"+FLAGS (\Flagged Other)", "1:3"),
    "setting all flags fails": ("FLAGS (Other)", "1:3"),
    "a keyword is added where it is not": ("+FLAGS (Known)", "2"),
    "a keyword is removed where it is not": ("-FLAGS (Known)", "2"),
    "a keyword nobody has fails nowhere": ("+FLAGS (Unknown)", None),
}


@pytest.mark.parametrize("case", ZERO.values(), ids=ZERO)
def test_unchangedsince_0(three, case):
    ask(three, "STORE 2 +FLAGS (Known)")
    answers = ask(three, f"STORE 1:3 (UNCHANGEDSINCE 0) {case[0]}")
    assert answers.status == "OK"
    assert answers.text.startswith(f"[MODIFIED {case[1]}]" if case[1] else "STORE completed")


def test_the_largest_modseq_is_a_condition_all_meet(three):
    answers = ask(three, rf"STORE 1 (UNCHANGEDSINCE {LARGEST}) +FLAGS.SILENT (\Flagged)")
    assert answers.text == "STORE completed" and set(answers.fetched[1]) == {"UID", "MODSEQ"}
    assert ask(three, f"FETCH 1:* FLAGS (CHANGEDSINCE {LARGEST})").fetched == {}
    assert ask(three, f"SEARCH MODSEQ {LARGEST}").untagged == [["SEARCH"]]


def test_what_another_changed_first_is_told_with_a_store_that_meets_its_condition(server):
    """The client guesses a MODSEQ it was not told: what it does not know is not kept from it."""
    user = server.new_account()
    talk, at = opened(server, user)
    other, _ = opened(server, user, filled=False)
    with talk, other:
        ask(talk, "FETCH 1 MODSEQ")
        ask(other, r"STORE 1 +FLAGS (\Answered)")
        answers = ask(talk, rf"STORE 1 (UNCHANGEDSINCE {at + 1}) +FLAGS.SILENT (\Flagged)")
        assert answers.status == "OK"
        flags = ask(talk, "NOOP").fetched.get(1, {}).get("FLAGS") or answers.fetched[1]["FLAGS"]
        assert {"\\Answered", "\\Flagged"} <= set(flags)


# ---- SEARCH: 3.1.5, 3.1.6, 3.1.10 ----


def test_search_by_modseq(server):
    talk, at = opened(server, count=5)
    with talk:
        ask(talk, r"STORE 4 +FLAGS (\Flagged)")
        ask(talk, r"STORE 2 +FLAGS (\Flagged)")
        talk.says(
            f"""
            C: a SEARCH MODSEQ {at + 1}
            S: * OK [HIGHESTMODSEQ {at + 2}] ...
            S: * SEARCH 2 4 (MODSEQ {at + 2})
            S: a OK ...
            C: b UID SEARCH MODSEQ "/flags/\\\\draft" all {at + 2}
            S: * SEARCH 2 (MODSEQ {at + 2})
            S: b OK ...
            C: c SEARCH MODSEQ "/flags/$Forwarded" shared 0 4:5
            S: * SEARCH 4 5 (MODSEQ {at + 1})
            S: c OK ...
            C: d SEARCH NOT MODSEQ 1
            S: * SEARCH
            S: d OK ...
            C: e SEARCH RETURN (MIN) MODSEQ {at}
            S: * ESEARCH (TAG "e") MIN 2 MODSEQ {at + 2}
            S: e OK ...
            C: f SEARCH RETURN (MAX) MODSEQ {at + 1}
            S: * ESEARCH (TAG "f") MAX 4 MODSEQ {at + 1}
            S: f OK ...
            C: g SEARCH RETURN (MIN MAX) MODSEQ {at}
            S: * ESEARCH (TAG "g") MIN 2 MAX 5 MODSEQ {at + 2}
            S: g OK ...
            C: h SEARCH RETURN (COUNT) MODSEQ {at}
            S: * ESEARCH (TAG "h") COUNT 3 MODSEQ {at + 2}
            S: h OK ...
            C: i SEARCH RETURN (COUNT) MODSEQ {at + 3}
            S: * ESEARCH (TAG "i") COUNT 0
            S: i OK ...
            C: j SEARCH RETURN (SAVE) MODSEQ {at + 2}
            S: j OK ...
            C: k SEARCH $
            S: * SEARCH 2
            S: k OK ...
            """
        )


# ---- what is wrong ----

WRONG = {
    "a parameter nobody knows": "SELECT INBOX (CONDSTORES)",
    "no parameter": "SELECT INBOX ()",
    "a parameter twice": "SELECT INBOX (CONDSTORE CONDSTORE)",
    "QRESYNC that is not enabled": "SELECT INBOX (QRESYNC (1 1))",
    "CHANGEDSINCE without a number": "FETCH 1 FLAGS (CHANGEDSINCE)",
    "CHANGEDSINCE twice, first of 0": "FETCH 1 FLAGS (CHANGEDSINCE 0 CHANGEDSINCE 1)",
    "CHANGEDSINCE twice": "FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 1)",
    "more than 63 bits": f"FETCH 1 FLAGS (CHANGEDSINCE {LARGEST + 1})",
    "far more": "FETCH 1 FLAGS (CHANGEDSINCE 123456789012345678901234567890)",
    "a modifier nobody knows": "FETCH 1 FLAGS (UNCHANGEDSINCE 1)",
    "no modifier": "FETCH 1 FLAGS ()",
    "a modifier that does not end": "FETCH 1 FLAGS (CHANGEDSINCE 1",
    "something behind the modifiers": "FETCH 1 FLAGS (CHANGEDSINCE 1) FLAGS",
    "VANISHED that is not enabled": "UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)",
    "a STORE modifier nobody knows": r"STORE 1 (CHANGEDSINCE 1) +FLAGS (\Seen)",
    "UNCHANGEDSINCE without a number": r"STORE 1 (UNCHANGEDSINCE) +FLAGS (\Seen)",
    "UNCHANGEDSINCE twice": r"STORE 1 (UNCHANGEDSINCE 1 UNCHANGEDSINCE 1) +FLAGS (\Seen)",
    "UNCHANGEDSINCE of more than 63 bits": rf"STORE 1 (UNCHANGEDSINCE {LARGEST + 1}) +FLAGS (\Seen)",
    "UNCHANGEDSINCE behind the flags": r"STORE 1 +FLAGS (\Seen) (UNCHANGEDSINCE 1)",
    "a negative MODSEQ": "SEARCH MODSEQ -1",
    "SEARCH MODSEQ without a number": "SEARCH MODSEQ",
    "an entry without a type": 'SEARCH MODSEQ "/flags/\\\\seen" 1',
    "an entry with another type": 'SEARCH MODSEQ "/flags/\\\\seen" any 1',
    "an entry that is no flag": 'SEARCH MODSEQ "/comment" all 1',
    "an entry without a name": 'SEARCH MODSEQ "/flags/" all 1',
    "STATUS of another item": "STATUS INBOX (HIGHESTMODSEQS)",
}


@pytest.mark.parametrize("command", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_bad_and_enables_nothing(three, command):
    assert ask(three, command).status == "BAD"
    answers = ask(three, r"STORE 1 +FLAGS (\Flagged)")
    assert set(answers.fetched[1]) == {"FLAGS"} and highest(answers) is None
