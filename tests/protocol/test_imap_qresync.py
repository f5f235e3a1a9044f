"""QRESYNC as a client sees it: RFC 7162 3.2. Its examples are in test_imap_rfc7162.py."""

import re
import sqlite3

import pytest

from imap_answer import ask, pairs
from rfc_example import fill, mail, make

DELETED = r"+FLAGS.SILENT (\Deleted)"


def code(answers, name):
    """The value of the last response code of that name, tagged or untagged; None: there is none."""
    texts = [" ".join(w) for w in answers.untagged if w[0] in ("OK", "NO")] + [answers.text]
    found = re.findall(rf"\[{name}(?: ([^\]]*))?\]", " ".join(texts))
    return found[-1] if found else None


def kinds(answers):
    """What untagged responses came, in order, each kind once."""
    names = [w[1] if len(w) > 1 and w[0].isdigit() else w[0] for w in answers.untagged]
    return [n for i, n in enumerate(names) if n != "OK" and (not i or names[i - 1] != n)]


def vanished(answers):
    """The sets of VANISHED (EARLIER), and those of VANISHED."""
    earlier = [w[2] for w in answers.untagged if w[0] == "VANISHED" and w[1] == ["EARLIER"]]
    return earlier, [w[1] for w in answers.untagged if w[0] == "VANISHED" and w[1] != ["EARLIER"]]


class Known:
    """What a client keeps of a mailbox between its visits."""

    def __init__(self, answers):
        self.uidvalidity, self.modseq = code(answers, "UIDVALIDITY"), code(answers, "HIGHESTMODSEQ")

    def select(self, more="", how="SELECT INBOX", uidvalidity=None):
        return f"{how} (QRESYNC ({uidvalidity or self.uidvalidity} {self.modseq}{more}))"


def enabled(server, user):
    talk = server.imap(user)
    talk.says("C: q ENABLE QRESYNC").expect("* ENABLED QRESYNC")
    talk.expect("q OK ...")
    return talk


@pytest.fixture
def user(server):
    return server.new_account()


@pytest.fixture
def talk(server, user):
    with enabled(server, user) as talk:
        yield talk


@pytest.fixture
def other(server, user, talk):
    """Another client of the same mailbox, which has eight messages."""
    with server.imap(user) as other:
        fill(other, "INBOX", [mail()] * 8)
        assert ask(other, "SELECT INBOX").status == "OK"
        yield other


def known(talk):
    """What `talk` knows of INBOX, which it leaves."""
    answers = ask(talk, "SELECT INBOX")
    ask(talk, "UNSELECT")
    return Known(answers)


# ---- ENABLE: 3.2.3 ----


@pytest.mark.parametrize("words", ["QRESYNC", "QRESYNC CONDSTORE", "CONDSTORE QRESYNC"])
def test_the_order_of_the_words_does_not_matter(server, words):
    with server.imap("alice") as talk:
        talk.says(f"C: a ENABLE {words}").expect("* ENABLED ...QRESYNC")
        talk.expect("a OK ...")
        assert ask(talk, "SELECT INBOX (QRESYNC (1 1))").status == "OK"


@pytest.mark.parametrize("words", ["CONDSTORE", "IMAP4rev2", "UTF8=ACCEPT"])
def test_nothing_else_enables_it(server, words):
    with server.imap("alice") as talk:
        ask(talk, f"ENABLE {words}")
        assert ask(talk, "SELECT INBOX (CONDSTORE QRESYNC (1 1))").status == "BAD"


def test_it_does_not_make_names_utf8(talk):
    talk.says(
        """
        C: a CREATE &AOk-t&AOk-
        S: a OK ...
        C: b LIST "" &AOk-*
        S: * LIST (...) "/" &AOk-t&AOk-
        S: b OK ...
        """
    )


# ---- SELECT: 3.2.5 ----


def test_what_changed_and_what_is_gone_comes_before_the_tagged_reply(talk, other):
    before = known(talk)
    ask(other, r"UID STORE 3,5 +FLAGS (\Flagged)")
    ask(other, rf"UID STORE 2,7:8 {DELETED}")
    ask(other, "EXPUNGE")
    fill(other, "INBOX", [mail()])
    answers = ask(talk, before.select())
    assert (answers.status, code(answers, "READ-WRITE")) == ("OK", "")
    assert kinds(answers) == ["FLAGS", "EXISTS", "RECENT", "VANISHED", "FETCH"]
    assert vanished(answers) == (["2,7:8"], [])
    told = answers.fetched
    assert {n: told[n]["UID"] for n in told} == {2: "3", 4: "5", 6: "9"}
    assert all(set(told[n]) == {"UID", "FLAGS", "MODSEQ"} for n in told)
    again = ask(talk, Known(answers).select(how="EXAMINE INBOX"))
    assert "VANISHED" not in kinds(again) and not again.fetched and code(again, "READ-ONLY") == ""


def test_only_of_the_uids_that_are_known(talk, other):
    before = known(talk)
    ask(other, r"UID STORE 3,5 +FLAGS (\Flagged)")
    ask(other, rf"UID STORE 2,7 {DELETED}")
    ask(other, "EXPUNGE")
    fill(other, "INBOX", [mail()])
    answers = ask(talk, before.select(" 4:7,20:30"))
    assert vanished(answers) == (["7"], []) and [v["UID"] for v in answers.fetched.values()] == ["5"]


def test_another_uidvalidity_is_as_if_nothing_was_said(talk, other):
    before = known(talk)
    ask(other, rf"STORE 1 {DELETED}")
    ask(other, "EXPUNGE")
    answers = ask(talk, before.select(uidvalidity=int(before.uidvalidity) + 1))
    assert answers.status == "OK" and kinds(answers) == ["FLAGS", "EXISTS", "RECENT"]


def test_what_is_matched_is_not_said_to_have_vanished(talk, other):
    before = known(talk)
    ask(other, rf"UID STORE 2,6 {DELETED}")
    ask(other, "EXPUNGE")
    # Message 2 is UID 3, message 4 is UID 5: it knows of 2 already.
    answers = ask(talk, before.select(" 1:8 (2,4,6 3,5,6)"))
    assert vanished(answers) == (["6"], [])
    answers = ask(talk, before.select(" (1,4,6 1,4,8)"))
    assert vanished(answers) == ([], [])
    answers = ask(talk, before.select(" (1,4 1,4)"))
    assert vanished(answers) == (["2,6"], [])


@pytest.mark.parametrize("tail", ["1 1 1:*", "1 0", "0 1", "1", "", "1 1 (1)", "1 1 (1:2 1)", "1 1 (2,1 1,2)", "1 1 $"])
def test_what_is_wrong_leaves_the_selected_mailbox_alone(talk, tail):
    ask(talk, "SELECT INBOX")
    assert ask(talk, f"SELECT Sent (QRESYNC ({tail}))").status == "BAD"
    assert ask(talk, "UNSELECT").status == "OK"


def test_a_mailbox_that_is_not_there_leaves_none_selected(talk):
    ask(talk, "SELECT INBOX")
    answers = ask(talk, "SELECT Nowhere (QRESYNC (1 1))")
    assert answers.status == "NO" and code(answers, "CLOSED") == ""
    assert ask(talk, "UNSELECT").status == "BAD"


def test_a_mailbox_that_never_had_messages(talk):
    make(talk, "Empty")
    before = Known(ask(talk, "SELECT Empty"))
    answers = ask(talk, before.select(how="SELECT Empty"))
    assert answers.status == "OK" and code(answers, "CLOSED") == ""
    assert kinds(answers) == ["FLAGS", "EXISTS", "RECENT"]


def test_what_others_do_while_it_resynchronises_is_not_lost(server, user, talk, other):
    """The mailbox is open as of one moment; what is told of it is as true as that moment, or later."""
    before = known(talk)
    ask(other, r"UID STORE 1:8 +FLAGS (\Flagged)")
    talk.send_line(f"a {before.select()}")
    other.send_line(rf"b UID STORE 4 {DELETED}")
    other.send_line("c EXPUNGE")
    other.until("c OK ...")
    talk.until("a OK [READ-WRITE] ...")
    answers = ask(talk, "NOOP")
    counted = ask(talk, "UID SEARCH ALL").untagged[-1]
    assert counted == ["SEARCH", "1", "2", "3", "5", "6", "7", "8"], answers.untagged


# ---- UID FETCH: 3.2.6 ----


def test_uid_fetch_tells_what_vanished_before_what_changed(talk, other):
    before = known(talk)
    ask(other, r"UID STORE 3,6 +FLAGS (\Flagged)")
    ask(other, rf"UID STORE 2,8 {DELETED}")
    ask(other, "EXPUNGE")
    ask(talk, "SELECT INBOX")
    answers = ask(talk, f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before.modseq} VANISHED)")
    assert kinds(answers) == ["VANISHED", "FETCH"]
    assert vanished(answers) == (["2,8"], []) and len(answers.fetched) == 2
    answers = ask(talk, f"UID FETCH 3:7 (FLAGS) (VANISHED CHANGEDSINCE {before.modseq})")
    assert kinds(answers) == ["FETCH"]


def test_what_goes_while_the_mailbox_is_open_did_not_go_earlier(talk, other):
    at = code(ask(talk, "SELECT INBOX"), "HIGHESTMODSEQ")
    ask(other, rf"UID STORE 5 {DELETED}")
    ask(other, "EXPUNGE")
    answers = ask(talk, f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {at} VANISHED)")
    earlier, now = vanished(answers)
    assert (earlier, now) == ([], ["5"])
    answers = ask(talk, f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {at} VANISHED)")
    assert vanished(answers) == (["5"], [])


WRONG = {
    "without CHANGEDSINCE": "UID FETCH 1 FLAGS (VANISHED)",
    "of FETCH": "FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)",
    "twice": "UID FETCH 1 FLAGS (VANISHED CHANGEDSINCE 1 VANISHED)",
}


@pytest.mark.parametrize("command", WRONG.values(), ids=WRONG)
def test_vanished_is_bad(talk, other, command):
    ask(talk, "SELECT INBOX")
    assert ask(talk, command).status == "BAD"


# ---- VANISHED instead of EXPUNGE: 3.2.7 to 3.2.10 ----


def test_expunge_and_move_tell_uids_and_the_highest_modseq(talk, other):
    at = int(code(ask(talk, "SELECT INBOX"), "HIGHESTMODSEQ"))
    ask(talk, rf"UID STORE 2,4,5,8 {DELETED}")
    talk.says(
        f"""
        C: a UID EXPUNGE 4:6
        S: * VANISHED 4:5
        S: a OK [HIGHESTMODSEQ {at + 2}] ...
        C: b EXPUNGE
        S: * VANISHED 2,8
        S: b OK [HIGHESTMODSEQ {at + 3}] ...
        C: c EXPUNGE
        S: c OK EXPUNGE completed
        C: d MOVE 1:2 Sent
        S: * OK [COPYUID <validity> 1,3 1:2] ...
        S: * VANISHED 1,3
        S: d OK [HIGHESTMODSEQ {at + 4}] ...
        C: e UID MOVE 99 Sent
        S: e OK MOVE completed
        """
    )


def test_close_tells_neither(talk, other):
    ask(talk, "SELECT INBOX")
    ask(talk, rf"STORE 1 {DELETED}")
    answers = ask(talk, "CLOSE")
    assert not answers.untagged and "HIGHESTMODSEQ" not in answers.text


def test_what_others_expunge_vanishes_in_idle_too(talk, other):
    ask(talk, "SELECT INBOX")
    talk.says("C: i IDLE").expect("+ ...")
    ask(other, rf"STORE 3,7 {DELETED}")
    ask(other, "EXPUNGE")
    talk.until("* VANISHED 3,7")
    fill(other, "INBOX", [mail()])
    talk.until("* 7 EXISTS").says("C: DONE").until("i OK ...")


def test_what_came_and_went_unseen_does_not_vanish(talk, other):
    ask(talk, "SELECT INBOX")
    fill(other, "INBOX", [mail()] * 2)
    ask(other, rf"STORE 8:9 {DELETED}")
    ask(other, "EXPUNGE")
    answers = ask(talk, "NOOP")
    assert vanished(answers) == ([], ["8"])


NUMBERED = ["FETCH 1 FLAGS", r"STORE 1 +FLAGS (\Seen)", "SEARCH ALL", "UID SEARCH 1:3"]


@pytest.mark.parametrize("command", NUMBERED)
def test_nothing_vanishes_while_numbers_are_in_use(talk, other, command):
    at = int(code(ask(talk, "SELECT INBOX"), "HIGHESTMODSEQ"))
    ask(other, rf"STORE 3 {DELETED}")
    ask(other, "EXPUNGE")
    assert vanished(ask(talk, command)) == ([], [])
    answers = ask(talk, "NOOP")
    assert vanished(answers) == ([], ["3"])
    assert (code(answers, "HIGHESTMODSEQ") or 0) == 0 or int(code(answers, "HIGHESTMODSEQ")) > at


@pytest.mark.parametrize("command", ["UID FETCH 1 FLAGS", r"UID STORE 1 +FLAGS (\Seen)", "UID SEARCH ALL", "NOOP", "CHECK", "STATUS Sent (MESSAGES)"])
def test_it_vanishes_with_others(talk, other, command):
    ask(talk, "SELECT INBOX")
    ask(other, rf"STORE 3 {DELETED}")
    ask(other, "EXPUNGE")
    assert vanished(ask(talk, command)) == ([], ["3"])


# ---- no HIGHESTMODSEQ beyond what was told: 3.2, 6 ----


def test_while_an_expunge_is_withheld_the_highest_modseq_stays_below_it(talk, other):
    at = int(code(ask(talk, "SELECT INBOX"), "HIGHESTMODSEQ"))
    ask(other, rf"UID STORE 8 {DELETED}")
    ask(talk, "NOOP")
    ask(other, "EXPUNGE")  # at + 2
    talk.says(
        rf"""
        C: a STORE 1 +FLAGS.SILENT (\Seen)
        S: * 1 FETCH (UID 1 MODSEQ ({at + 3}))
        S: * OK [HIGHESTMODSEQ {at + 1}] ...
        S: a OK ...
        C: b FETCH 2 FLAGS
        S: * 2 FETCH (FLAGS ())
        S: b OK ...
        C: c STORE 3 (UNCHANGEDSINCE {at}) +FLAGS.SILENT (\Seen)
        S: * 3 FETCH (UID 3 MODSEQ ({at + 4}))
        S: * OK [HIGHESTMODSEQ {at + 1}] ...
        S: c OK ...
        C: d NOOP
        S: * VANISHED 8
        S: * OK [HIGHESTMODSEQ {at + 4}] ...
        S: d OK ...
        C: e NOOP
        S: e OK ...
        """
    )


def test_many_are_told_in_lines_of_moderate_length(server, user, talk):
    with server.imap(user) as other:
        fill(other, "INBOX", [mail()] * 3000)
        before = known(talk)
        ask(talk, "SELECT INBOX")
        ask(other, "SELECT INBOX")
        every_other = ",".join(str(n) for n in range(1, 3000, 2))
        ask(other, rf"UID STORE {every_other} {DELETED}")
        ask(other, "EXPUNGE")
        now = vanished(ask(talk, "NOOP"))[1]
        earlier = vanished(ask(talk, before.select()))[0]
        for lines in (now, earlier):
            assert len(lines) > 0 and ",".join(lines) == every_other
            assert max(map(len, lines)) < 8192
        answers = ask(talk, f"UID FETCH 1:* (UID) (CHANGEDSINCE {before.modseq} VANISHED)")
        assert ",".join(vanished(answers)[0]) == every_other
        assert pairs(ask(talk, "STATUS INBOX (MESSAGES)").untagged[-1][2]) == {"MESSAGES": "1500"}


# ---- what the server has forgotten, and what happens in between ----


def test_removals_that_were_forgotten_are_told_all_the_same(make_server):
    """RFC 7162 5.3: a MODSEQ below the floor brings all that is not there; one above it what went since."""
    server = make_server()
    with enabled(server, "alice") as talk:
        fill(talk, "INBOX", [mail()] * 8)
        old = known(talk)
        ask(talk, "SELECT INBOX")
        ask(talk, f"UID STORE 2,5 {DELETED}")
        ask(talk, "EXPUNGE")
        recent = known(talk)
    server.stop()
    with sqlite3.connect(server.data_dir / "mail.db") as db:
        db.execute("UPDATE mailbox SET expunged_floor = ? WHERE uidvalidity = ?", (recent.modseq, recent.uidvalidity))
        db.execute("DELETE FROM expunged")
    db.close()
    server.start()
    with enabled(server, "alice") as talk:
        ask(talk, "SELECT INBOX")
        ask(talk, f"UID STORE 7 {DELETED}")
        ask(talk, "EXPUNGE")
        assert vanished(ask(talk, old.select()))[0] == ["2,5,7"]
        assert vanished(ask(talk, old.select(" 3:6,7:9")))[0] == ["5,7"]
        assert vanished(ask(talk, old.select(" 1:8 (4 6)")))[0] == ["7"]
        assert vanished(ask(talk, recent.select()))[0] == ["7"]
        answers = ask(talk, f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {old.modseq} VANISHED)")
        assert vanished(answers)[0] == ["2,5,7"]


def test_what_goes_after_the_mailbox_was_counted_vanishes_later(make_server):
    server = make_server()
    with enabled(server, "alice") as talk:
        fill(talk, "INBOX", [mail()] * 8)
        before = known(talk)
        ask(talk, "SELECT INBOX")
        ask(talk, f"UID STORE 2 {DELETED}")
        ask(talk, "EXPUNGE")
    server.stop()
    server.args = ["--hold", "imap select"]
    server.start()
    with enabled(server, "alice") as talk:
        talk.send_line(f"a {before.select()}")
        server.wait_log(r'held class="?imap select"?\n')
        with server.pop3("alice") as other:
            other.says("C: DELE 3").expect("+OK ...")
            other.says("C: QUIT").expect("+OK ...")
        server.release()
        talk.until("* 7 EXISTS").until("* VANISHED (EARLIER) 2").until("* VANISHED 4")
        talk.until("a OK [READ-WRITE] ...")
