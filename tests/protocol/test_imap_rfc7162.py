"""RFC 7162's example dialogues: every one is played, tag for tag, or its absence explained.

Its MODSEQs are another server's: here they are counted from what our own says first.
"""

import re
import sys

import pytest

from example_count import assert_all_are_played, assert_sends_its_commands, players
from imap_answer import ask
from rfc_example import example, fill, mail, make, renumber

# The tags of the examples, by section, in the order in which the RFC has them.
EXAMPLES = {
    "3.1.2.1": "A142",
    "3.1.2.2": "A142",
    "3.1.3": "a103 a104 c101 d105 d105 a102 a106 a107 b107 b108 a106 a106 b108 a106 B001 B002 b003",
    "3.1.4.1": "s100",
    "3.1.4.2": "a A142 A160 C180 D210 A240 C270 D300 A330 C360 D390",
    "3.1.5": "a t",
    "3.1.7": "A042",
    "3.1.8": "A142",
    "3.1.10": "a a",
    "3.1.12": "a106",
    "3.2.5": "A02",
    "3.2.5.1": "A03",
    "3.2.5.2": "A04 B04",
    "3.2.6": "s100 s101 s100",
    "3.2.7": "A202 B202",
    "3.2.8": "A202",
    "3.2.9": ".",
    "3.2.10.2": "A202 A202 A210",
    "6": "A150 A151 A152 A142",
}
NOT_PLAYED = {
    # Every mailbox has MODSEQs.
    "3.1.2.2": "A142",
    # Servers that keep from a client why its condition failed: ours tells, as in example 10.
    # Others let flags that nobody changed fail a condition: that is discouraged.
    "3.1.3": "d105 a106 a107 b107 a106 b108",
    # Session 3 is another user's: no mailbox is shared here.
    "3.1.4.2": "D210 D300 D390",
}


def modseqs(talk, messages="1:*"):
    """Message number → MODSEQ."""
    return {n: int(v["MODSEQ"][0]) for n, v in ask(talk, f"FETCH {messages} (MODSEQ)").fetched.items()}


def highest(answers):
    texts = [" ".join(map(str, w)) for w in answers.untagged] + [answers.text]
    return int(re.findall(r"HIGHESTMODSEQ (\d+)", " ".join(texts))[-1])


@pytest.fixture
def user(server):
    return server.new_account()


@pytest.fixture
def talk(server, user):
    with server.imap(user) as talk:
        yield talk


@pytest.fixture
def resync(server, user):
    """Another client of the account, which has enabled QRESYNC."""
    with server.imap(user) as talk:
        assert ask(talk, "ENABLE QRESYNC").status == "OK"
        yield talk


def filled(talk, count, enabled=True):
    """INBOX with so many messages, selected; its highest MODSEQ."""
    fill(talk, "INBOX", [mail()] * count)
    ask(talk, "SELECT INBOX")  # from now on none is \\Recent
    ask(talk, "UNSELECT")
    return highest(ask(talk, "SELECT INBOX (CONDSTORE)" if enabled else "SELECT INBOX"))


SELECTED = r"""S* * FLAGS (\Answered \Flagged \Deleted \Seen \Draft...)
        S* * OK [PERMANENTFLAGS (...\*)] ...
        S* * OK [MAILBOXID (...)] ..."""

# ---- 3.1: CONDSTORE ----


@example("3.1.2.1", "A142")
@example("3.1.8", "A142")
@pytest.mark.parametrize("parameter", ["", " (CONDSTORE)"])
def test_select_says_the_highest_modseq(talk, parameter):
    at = filled(talk, 12, enabled=False)
    ask(talk, r"STORE 1:11 +FLAGS.SILENT (\Seen)")
    ask(talk, "UNSELECT")
    talk.says(
        f"""
        C: A142 SELECT INBOX{parameter}
        S* * 12 EXISTS
        S* * 0 RECENT
        S* * OK [UNSEEN 12] ...
        S* * OK [UIDVALIDITY <validity>] ...
        S* * OK [UIDNEXT 13] ...
        {SELECTED}
        S* * OK [HIGHESTMODSEQ {at + 1}] ...
        S: A142 OK [READ-WRITE] ...
        """
    )


@example("3.1.3", "a103")
def test_all_messages_pass(talk):
    renumber(talk, "Some", [4, 6, 7, 8])
    at = highest(ask(talk, "SELECT Some (CONDSTORE)"))
    talk.says(
        rf"""
        C: a103 UID STORE 6,4,8 (UNCHANGEDSINCE {at}) +FLAGS.SILENT (\Deleted)
        S: * 1 FETCH (UID 4 MODSEQ ({at + 1}))
        S: * 2 FETCH (UID 6 MODSEQ ({at + 1}))
        S: * 4 FETCH (UID 8 MODSEQ ({at + 1}))
        S: a103 OK ...
        """
    )


@example("3.1.3", "a104 c101")
def test_the_last_message_and_the_first_command_of_that_kind(talk):
    at = filled(talk, 50, enabled=False)
    talk.says(
        rf"""
        C: a104 STORE * (UNCHANGEDSINCE {at}) +FLAGS.SILENT (\Deleted $Processed)
        S: * OK [HIGHESTMODSEQ {at}] ...
        S: * FLAGS (...$Processed)
        S: * OK [PERMANENTFLAGS (...$Processed \*)] ...
        S: * 50 FETCH (UID 50 MODSEQ ({at + 1}))
        S: a104 OK ...
        C: c101 STORE 50 (UNCHANGEDSINCE {at + 1}) -FLAGS.SILENT (\Deleted)
        S: * 50 FETCH (UID 50 MODSEQ ({at + 2}))
        S: c101 OK ...
        """
    )


@example("3.1.3", "d105", differs="example 7: our answer follows the SHOULD of RFC 3501 6.4.6")
def test_what_failed_is_named_and_its_flags_are_told(talk):
    at = filled(talk, 9)
    ask(talk, r"STORE 7 +FLAGS.SILENT (\Seen \Deleted)")
    ask(talk, r"STORE 9 +FLAGS.SILENT (\Answered)")
    talk.says(
        rf"""
        C: d105 STORE 7,5,9 (UNCHANGEDSINCE {at}) +FLAGS.SILENT (\Deleted)
        S* * 7 FETCH (UID 7 MODSEQ ({at + 1}) FLAGS (\Deleted \Seen))
        S* * 5 FETCH (UID 5 MODSEQ ({at + 3}))
        S* * 9 FETCH (UID 9 MODSEQ ({at + 2}) FLAGS (\Answered))
        S: d105 OK [MODIFIED 7,9] Conditional STORE failed
        """
    )


@example("3.1.3", "a102")
def test_since_0_asks_for_a_keyword(talk):
    filled(talk, 12)
    ask(talk, "STORE 12 +FLAGS.SILENT ($MDNSent)")
    talk.says("C: a102 STORE 12 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)")
    talk.until("a102 OK [MODIFIED 12] Conditional STORE failed")


@example("3.1.3", "a106 b108", differs="example 10, with a tenth of its messages")
def test_what_another_client_changed_is_told_without_being_asked_for(talk, server, user):
    at = filled(talk, 20)
    with server.imap(user) as other:
        ask(other, "SELECT INBOX")
        ask(other, "STORE 11 +FLAGS ($Processed)")
    talk.says(f"C: a106 STORE 10:15 (UNCHANGEDSINCE {at}) +FLAGS.SILENT ($Other)")
    talk.until(f"* 10 FETCH (UID 10 MODSEQ ({at + 2}))")
    talk.says(
        f"""
        S: * 11 FETCH (UID 11 MODSEQ ({at + 1}) FLAGS ($Processed))
        S: * 12 FETCH (UID 12 MODSEQ ({at + 2}))
        S: * 13 FETCH (UID 13 MODSEQ ({at + 2}))
        S: * 14 FETCH (UID 14 MODSEQ ({at + 2}))
        S: * 15 FETCH (UID 15 MODSEQ ({at + 2}))
        """
    ).until("a106 OK [MODIFIED 11] Conditional STORE failed")
    talk.says(
        f"""
        C: b108 STORE 11 (UNCHANGEDSINCE {at + 1}) +FLAGS.SILENT ($Other)
        S: * 11 FETCH (UID 11 MODSEQ ({at + 3}))
        S: b108 OK ...
        """
    )


@example("3.1.3", "a106")
@example("3.1.12", "a106", differs="with a tenth of its messages")
def test_another_flag_has_changed_but_not_the_one_it_wants(talk, server, user):
    at = filled(talk, 20)
    ask(talk, "FETCH 1:* (FLAGS)")
    with server.imap(user) as other:
        ask(other, "SELECT INBOX")
        ask(other, r"STORE 11 +FLAGS (\Deleted \Answered)")
    talk.says(f"C: a106 STORE 10:12 (UNCHANGEDSINCE {at}) +FLAGS.SILENT ($Processed)")
    talk.until(f"* 10 FETCH (UID 10 MODSEQ ({at + 3}))")
    talk.says(
        rf"""
        S: * 11 FETCH (UID 11 MODSEQ ({at + 2}) FLAGS (\Answered \Deleted $Processed))
        S: * 12 FETCH (UID 12 MODSEQ ({at + 3}))
        S: a106 OK STORE completed
        """
    )


@example("3.1.3", "B001 B002 b003")
def test_some_are_gone_and_one_has_changed(talk, server, user):
    at = filled(talk, 7)
    with server.imap(user) as other:
        ask(other, "SELECT INBOX")
        ask(other, r"STORE 2 +FLAGS (\Answered)")
        ask(other, r"STORE 4:7 +FLAGS (\Deleted)")
        ask(other, "EXPUNGE")
    talk.says(
        rf"""
        C: B001 STORE 1:3 (UNCHANGEDSINCE {at}) +FLAGS (\SEEN)
        S: * 1 FETCH (UID 1 MODSEQ ({at + 4}) FLAGS (\Seen))
        S: * 2 FETCH (UID 2 MODSEQ ({at + 1}) FLAGS (\Answered))
        S: * 3 FETCH (UID 3 MODSEQ ({at + 4}) FLAGS (\Seen))
        """
    ).until("B001 OK [MODIFIED 2] ...")
    talk.says("C: B002 NOOP")
    for number in (7, 6, 5, 4):
        talk.expect(f"* {number} EXPUNGE")
    talk.until("B002 OK ...")
    talk.says(
        rf"""
        C: b003 STORE 2 (UNCHANGEDSINCE {at + 1}) +FLAGS (\Seen)
        S: * 2 FETCH (UID 2 MODSEQ ({at + 5}) FLAGS (\Answered \Seen))
        S: b003 OK ...
        """
    )


def test_a_store_of_messages_that_are_gone_is_refused_and_says_what_has_changed(talk, server, user):
    """Example 11 to the letter: messages 4 to 7 are named, too."""
    at = filled(talk, 7)
    with server.imap(user) as other:
        ask(other, "SELECT INBOX")
        ask(other, r"STORE 2 +FLAGS (\Answered)")
        ask(other, r"STORE 4:7 +FLAGS (\Deleted)")
        ask(other, "EXPUNGE")
    talk.says(rf"C: B001 STORE 1:7 (UNCHANGEDSINCE {at}) +FLAGS (\SEEN)")
    talk.until("B001 NO [MODIFIED 2] Some of the messages no longer exist")


@example("3.1.4.1", "s100")
def test_changed_since(talk):
    renumber(talk, "Some", [4, 6, 7, 8])
    at = highest(ask(talk, "SELECT Some (CONDSTORE)"))
    ask(talk, r"UID STORE 4 +FLAGS.SILENT (\Seen)")
    ask(talk, r"UID STORE 6 +FLAGS.SILENT (\Deleted)")
    ask(talk, "UID STORE 8 +FLAGS.SILENT ($NoJunk $AutoJunk $MDNSent)")
    talk.says(
        rf"""
        C: s100 UID FETCH 1:* (FLAGS) (CHANGEDSINCE {at})
        S: * 1 FETCH (UID 4 FLAGS (\Seen) MODSEQ ({at + 1}))
        S: * 2 FETCH (UID 6 FLAGS (\Deleted) MODSEQ ({at + 2}))
        S: * 4 FETCH (UID 8 FLAGS ($NoJunk $AutoJunk $MDNSent) MODSEQ ({at + 3}))
        S: s100 OK FETCH completed
        """
    )


@example("3.1.4.2", "a")
def test_modseqs_are_fetched(talk):
    at = filled(talk, 3)
    talk.says(
        f"""
        C: a FETCH 1:3 (MODSEQ)
        S: * 1 FETCH (MODSEQ ({at - 2}))
        S: * 2 FETCH (MODSEQ ({at - 1}))
        S: * 3 FETCH (MODSEQ ({at}))
        S: a OK ...
        """
    )


@example("3.1.4.2", "A142 A160 C180 A240 C270 A330 C360")
def test_another_session_of_the_same_user_is_told(talk, server, user):
    at = filled(talk, 7)
    ask(talk, r"STORE 7 +FLAGS.SILENT (\Answered)")
    talk.says("C: A142 SELECT INBOX").until("A142 OK ...")
    with server.imap(user) as second:
        ask(second, "SELECT INBOX (CONDSTORE)")
        for tag, noop, change, flags in [
            ("A160", "C180", r"+FLAGS.SILENT (\Deleted)", r"\Answered \Deleted"),
            ("A240", "C270", r"+FLAGS.SILENT (\Seen)", r"\Answered \Deleted \Seen"),
            ("A330", "C360", r"-FLAGS.SILENT (\Answered \Seen)", r"\Deleted"),
        ]:
            at += 1
            talk.says(
                f"""
                C: {tag} STORE 7 {change}
                S: * 7 FETCH (UID 7 MODSEQ ({at + 1}))
                S: {tag} OK ...
                """
            )
            second.says(
                f"""
                C: {noop} NOOP
                S: * 7 FETCH (UID 7 MODSEQ ({at + 1}) FLAGS ({flags}))
                S: {noop} OK ...
                """
            )


@example("3.1.5", "a t")
def test_search_by_modseq(talk):
    at = filled(talk, 5)
    ask(talk, r"STORE 2,4 +FLAGS.SILENT (\Draft)")
    talk.says(
        rf"""
        C: a SEARCH MODSEQ "/flags/\\draft" all {at + 1}
        S: * SEARCH 2 4 (MODSEQ {at + 1})
        S: a OK ...
        C: t SEARCH NOT MODSEQ 1 LARGER 50000
        S: * SEARCH
        S: t OK ...
        C: t SEARCH OR NOT MODSEQ {at + 1} LARGER 50000
        S: * SEARCH 1 3 5 (MODSEQ {at})
        S: t OK ...
        """
    )


@example("3.1.7", "A042")
def test_status(talk):
    make(talk, "blurdybloop")
    fill(talk, "blurdybloop", [mail()] * 3)
    talk.says(
        """
        C: A042 STATUS blurdybloop (UIDNEXT MESSAGES HIGHESTMODSEQ)
        S: * STATUS blurdybloop (MESSAGES 3 UIDNEXT 4 HIGHESTMODSEQ <at>)
        S: A042 OK STATUS completed
        """
    )


@example("3.1.10", "a a")
def test_extended_search_and_sort(talk):
    for day in (1, 2, 3, 4, 5):
        fill(talk, "INBOX", [mail(date=f"{day} Jan 2020 10:00:00 +0000")])
    at = highest(ask(talk, "SELECT INBOX (CONDSTORE)"))
    ask(talk, r"STORE 1:3 +FLAGS.SILENT (\Seen)")
    ask(talk, r"STORE 5 +FLAGS.SILENT (\Seen)")
    talk.says(
        f"""
        C: a SEARCH RETURN (ALL) MODSEQ {at + 1}
        S: * ESEARCH (TAG "a") ALL 1:3,5 MODSEQ {at + 2}
        S: a OK ...
        C: a SORT RETURN (ALL) (REVERSE DATE) UTF-8 MODSEQ {at + 1}
        S: * ESEARCH (TAG "a") ALL 5,3,2,1 MODSEQ {at + 2}
        S: a OK ...
        C: b SORT (REVERSE DATE) UTF-8 MODSEQ {at + 1}
        S: * SORT 5 3 2 1 (MODSEQ {at + 2})
        S: b OK ...
        C: c SORT RETURN (MAX) (REVERSE DATE) UTF-8 MODSEQ {at}
        S: * ESEARCH (TAG "c") MAX 1 MODSEQ {at + 1}
        S: c OK ...
        C: d UID SORT RETURN (PARTIAL 2:3) (DATE) UTF-8 MODSEQ {at + 1}
        S: * ESEARCH (TAG "d") UID PARTIAL (2:3 2:3) MODSEQ {at + 1}
        S: d OK ...
        """
    )


# ---- 3.2: QRESYNC ----


def expunge(talk, uids):
    ask(talk, rf"UID STORE {uids} +FLAGS.SILENT (\Deleted)")
    assert ask(talk, f"UID EXPUNGE {uids}").status == "OK"


def known(talk, mailbox="INBOX"):
    """UIDVALIDITY and HIGHESTMODSEQ, of a mailbox that is left."""
    answers = ask(talk, f"EXAMINE {mailbox}")
    validity = re.search(r"UIDVALIDITY (\d+)", " ".join(map(str, answers.untagged)))[1]
    ask(talk, "UNSELECT")
    return validity, highest(answers)


@example("3.2.5", "A02")
def test_another_uidvalidity(talk, resync):
    filled(talk, 9)
    validity, at = known(resync)
    expunge(talk, "1:2")
    talk.close()
    resync.says(
        f"""
        C: A02 SELECT INBOX (QRESYNC ({int(validity) + 1} {at} 1,3:6,8:9))
        S* * 7 EXISTS
        S* * 0 RECENT
        S* * OK [UNSEEN 1] ...
        S* * OK [UIDVALIDITY {validity}] ...
        S* * OK [UIDNEXT 10] ...
        S* * OK [HIGHESTMODSEQ {at + 2}] ...
        {SELECTED}
        S: A02 OK [READ-WRITE] ...
        """
    )


@example("3.2.5.1", "A03")
def test_what_is_gone_and_what_changed(talk, resync):
    make(talk, "Other")
    filled(talk, 54)
    validity, at = known(resync)
    ask(resync, "SELECT Other")
    expunge(talk, "4,6:11,13,15:30,35:53")
    ask(talk, r"UID STORE 12 +FLAGS.SILENT (\Seen \Answered)")
    ask(talk, r"UID STORE 14 +FLAGS.SILENT (\Draft $MDNSent)")
    ask(talk, r"UID STORE 54 +FLAGS.SILENT (\Seen $Forwarded)")
    resync.says(
        rf"""
        C: A03 SELECT INBOX (QRESYNC ({validity} {at} 4:21,24:54))
        S: * OK [CLOSED] ...
        S* * 11 EXISTS
        S* * 0 RECENT
        S* * OK [UNSEEN 1] ...
        S* * OK [UIDVALIDITY {validity}] ...
        S* * OK [UIDNEXT 55] ...
        S* * OK [HIGHESTMODSEQ {at + 5}] ...
        {SELECTED}
        S: * VANISHED (EARLIER) 4,6:11,13,15:21,24:30,35:53
        S: * 5 FETCH (UID 12 MODSEQ ({at + 3}) FLAGS (\Answered \Seen))
        S: * 6 FETCH (UID 14 MODSEQ ({at + 4}) FLAGS (\Draft $MDNSent))
        S: * 11 FETCH (UID 54 MODSEQ ({at + 5}) FLAGS (\Seen $Forwarded))
        S: A03 OK [READ-WRITE] ...
        """
    )


@example("3.2.5.2", "A04 B04", differs="a hundredth of its messages; and our server remembers")
def test_numbers_and_uids_that_match(talk, resync):
    filled(talk, 300)
    validity, at = known(resync)
    gone = ",".join(str(u) for u in range(1, 301) if u % 3 and u <= 297)
    expunge(talk, gone)
    resync.says(f"C: A04 SELECT INBOX (QRESYNC ({validity} {at - 2} 1:297))")
    ranges = ",".join(f"{u}:{u + 1}" for u in range(1, 296, 3))
    resync.until(f"* VANISHED (EARLIER) {ranges}").until("A04 OK [READ-WRITE] ...")
    resync.says(
        f"""
        C: un UNSELECT
        S: un OK ...
        C: B04 SELECT INBOX (QRESYNC ({validity} {at - 2} 1:297 (50,75,90,98:99 150,225,270,294,297)))
        S: * FLAGS ...
        """
    )
    lines = []
    while not (line := resync.read_line().decode()).startswith("B04 "):
        lines.append(line)
    assert line.startswith("B04 OK [READ-WRITE]") and "VANISHED" not in "".join(lines)


@example("3.2.6", "s100 s101 s100", differs="1:12 alone would be message numbers")
def test_one_command_for_two(talk, resync):
    filled(talk, 15)
    validity, at = known(resync)
    expunge(talk, "1:4,6,11")
    for uid, flags in ((5, r"\Seen"), (7, r"\Deleted"), (9, "$NoJunk $AutoJunk $MDNSent")):
        ask(talk, f"UID STORE {uid} +FLAGS.SILENT ({flags})")
    ask(resync, "SELECT INBOX")
    fetched = rf"""
        S: * 1 FETCH (UID 5 FLAGS (\Seen) MODSEQ ({at + 3}))
        S: * 2 FETCH (UID 7 FLAGS (\Deleted) MODSEQ ({at + 4}))
        S: * 4 FETCH (UID 9 FLAGS ($NoJunk $AutoJunk $MDNSent) MODSEQ ({at + 5}))
        S: s100 OK FETCH completed
    """
    resync.says(
        f"""
        C: s100 UID FETCH 1:12 (FLAGS) (CHANGEDSINCE {at})
        {fetched}
        C: s101 UID SEARCH UID 1:12
        S: * SEARCH 5 7 8 9 10 12
        S: s101 OK ...
        C: s100 UID FETCH 1:12 (FLAGS) (CHANGEDSINCE {at} VANISHED)
        S: * VANISHED (EARLIER) 1:4,6,11
        {fetched}
        """
    )


def eleven(talk, mailbox="Eleven"):
    """Messages 3, 4, 7 and 11, which are deleted, are UIDs 5, 7, 10 and 25."""
    renumber(talk, mailbox, [1, 2, 5, 7, 8, 9, 10, 11, 12, 13, 25])
    at = highest(ask(talk, f"SELECT {mailbox} (CONDSTORE)"))
    ask(talk, r"STORE 3,4,7,11 +FLAGS.SILENT (\Deleted)")
    return at + 1


@example("3.2.7", "A202", differs="our server counts down")
def test_expunge_before_qresync(talk):
    at = eleven(talk)
    talk.says(
        f"""
        C: A202 EXPUNGE
        S: * 11 EXPUNGE
        S: * 7 EXPUNGE
        S: * 4 EXPUNGE
        S: * 3 EXPUNGE
        S: A202 OK [HIGHESTMODSEQ {at + 1}] ...
        """
    )


@example("3.2.7", "B202")
@example("3.2.10.2", "A202 A202 A210")
def test_expunge_with_qresync_and_without(talk, resync):
    at = eleven(resync)
    resync.says(
        f"""
        C: B202 EXPUNGE
        S: * VANISHED 5,7,10,25
        S: B202 OK [HIGHESTMODSEQ {at + 1}] ...
        """
    )
    at = eleven(talk, "Other")
    ask(resync, "SELECT Other")
    resync.says(
        f"""
        C: A202 EXPUNGE
        S: * VANISHED 5,7,10,25
        S: A202 OK [HIGHESTMODSEQ {at + 1}] ...
        """
    )
    talk.says(
        """
        C: A202 NOOP
        S: * 11 EXPUNGE
        S: * 7 EXPUNGE
        S: * 4 EXPUNGE
        S: * 3 EXPUNGE
        S: A202 OK ...
        """
    )
    ask(resync, r"UID STORE 2,8 +FLAGS.SILENT (\Deleted)")
    resync.says(
        f"""
        C: A210 EXPUNGE
        S: * VANISHED 2,8
        S: A210 OK [HIGHESTMODSEQ {at + 3}] ...
        """
    )


@example("3.2.8", "A202")
def test_close(resync):
    eleven(resync)
    resync.says(
        """
        C: A202 CLOSE
        S: A202 OK Closed
        """
    )


@example("3.2.9", ".", differs="our server counts down")
def test_uid_expunge(talk):
    at = eleven(talk)
    talk.says(
        f"""
        C: . UID EXPUNGE 5:10
        S: * 7 EXPUNGE
        S: * 4 EXPUNGE
        S: * 3 EXPUNGE
        S: . OK [HIGHESTMODSEQ {at + 1}] ...
        """
    )


# ---- 6: synchronisation ----


@example("6", "A150 A151 A152", differs="the second has its code in an untagged OK")
def test_a_vanished_is_delayed(talk, resync):
    filled(talk, 4)
    at = highest(ask(resync, "SELECT INBOX"))
    ask(talk, r"STORE 3 +FLAGS.SILENT (\Answered)")
    ask(resync, "NOOP")
    ask(talk, r"UID STORE 4 +FLAGS.SILENT (\Deleted)")
    ask(resync, "NOOP")
    ask(talk, "EXPUNGE")  # at + 3
    resync.says(
        rf"""
        C: A150 STORE 1:3 (UNCHANGEDSINCE {at}) +FLAGS.SILENT \Seen
        S: * 1 FETCH (UID 1 MODSEQ ({at + 4}))
        S: * 2 FETCH (UID 2 MODSEQ ({at + 4}))
        S: * 3 FETCH (UID 3 MODSEQ ({at + 1}) FLAGS (\Answered))
        S: * OK [HIGHESTMODSEQ {at + 2}] ...
        S: A150 OK [MODIFIED 3] ...
        C: A151 STORE 3 +FLAGS.SILENT \Seen
        S: * 3 FETCH (UID 3 MODSEQ ({at + 5}))
        S: * OK [HIGHESTMODSEQ {at + 2}] ...
        S: A151 OK ...
        C: A152 NOOP
        S: * VANISHED 4
        S: * OK [HIGHESTMODSEQ {at + 5}] ...
        S: A152 OK ...
        """
    )


@example("6", "A142")
def test_coming_back(talk, resync):
    filled(talk, 20)
    validity, at = known(resync)
    expunge(talk, "1:5,7:8,10:15")
    ask(talk, r"UID STORE 6 +FLAGS.SILENT (\Deleted)")
    ask(talk, "UID STORE 9 +FLAGS.SILENT ($NoJunk $AutoJunk $MDNSent)")
    resync.says(
        rf"""
        C: A142 SELECT INBOX (QRESYNC ({validity} {at} 1:20))
        S* * 7 EXISTS
        S* * 0 RECENT
        S* * OK [UNSEEN 1] ...
        S* * OK [UIDVALIDITY {validity}] ...
        S* * OK [UIDNEXT 21] ...
        S* * OK [HIGHESTMODSEQ {at + 4}] ...
        {SELECTED}
        S: * VANISHED (EARLIER) 1:5,7:8,10:15
        S: * 1 FETCH (UID 6 MODSEQ ({at + 3}) FLAGS (\Deleted))
        S: * 2 FETCH (UID 9 MODSEQ ({at + 4}) FLAGS ($NoJunk $AutoJunk $MDNSent))
        S: A142 OK [READ-WRITE] ...
        """
    )


# ---- none is left out ----

PLAYERS = players(sys.modules[__name__])


@pytest.mark.parametrize("section", EXAMPLES)
def test_every_example_is_played(section):
    assert_all_are_played(section, EXAMPLES[section], PLAYERS, NOT_PLAYED.get(section, ""))


@pytest.mark.parametrize("test", PLAYERS, ids=lambda test: test.__name__)
def test_who_says_to_play_an_example_sends_its_commands(test):
    assert_sends_its_commands(test)
