"""UIDONLY: messages without numbers. RFC 9586."""

import pytest

from imap_answer import ask
from rfc_example import fill, mail, make

DELETED = r"+FLAGS.SILENT (\Deleted)"


@pytest.fixture
def user(server):
    return server.new_account()


@pytest.fixture
def talk(server, user):
    """INBOX has UIDs 3 to 6."""
    with server.imap(user) as talk:
        fill(talk, "INBOX", [mail()] * 6)
        ask(talk, "SELECT INBOX")
        ask(talk, f"STORE 1:2 {DELETED}")
        ask(talk, "CLOSE")
        talk.says("C: u ENABLE UIDONLY").expect("* ENABLED UIDONLY")
        talk.expect("u OK ...")
        yield talk


@pytest.fixture
def open_talk(talk):
    assert ask(talk, "SELECT INBOX").status == "OK"
    return talk


NUMBERED = [
    "FETCH 1 FLAGS",
    r"STORE 1 +FLAGS (\Seen)",
    "SEARCH ALL",
    "SORT (DATE) UTF-8 ALL",
    "THREAD REFERENCES UTF-8 ALL",
    "COPY 1 Sent",
    "MOVE 1 Sent",
    "UID SEARCH 1",
    "UID SEARCH OR SEEN (NOT 1:*)",
    "UID SORT (DATE) UTF-8 *",
    "UID THREAD REFERENCES UTF-8 1:2",
    "ESEARCH IN (selected) RETURN (ALL) 1:2",
]


@pytest.mark.parametrize("command", NUMBERED)
def test_message_numbers_are_refused(open_talk, command):
    answers = ask(open_talk, command)
    assert answers.status == "BAD" and answers.text.startswith("[UIDREQUIRED] ")
    assert ask(open_talk, "UID SEARCH ALL").untagged == [["SEARCH", "3", "4", "5", "6"]]


def test_replace_by_number_is_refused(open_talk):
    open_talk.says("C: a REPLACE 1 INBOX {3+}").send(b"a\r\n\r\n")
    open_talk.expect("a BAD [UIDREQUIRED] ...")
    assert ask(open_talk, "UID SEARCH ALL").untagged == [["SEARCH", "3", "4", "5", "6"]]


def test_numbers_that_match_are_refused(talk):
    ask(talk, "ENABLE QRESYNC")
    ask(talk, "SELECT INBOX")
    answers = ask(talk, "SELECT Sent (QRESYNC (1 1 (1 1)))")
    assert answers.status == "BAD" and answers.text.startswith("[UIDREQUIRED] ")
    assert ask(talk, "UID SEARCH ALL").untagged == [["SEARCH", "3", "4", "5", "6"]]


def test_before_it_is_enabled_numbers_are_welcome(server):
    with server.imap("alice") as talk:
        ask(talk, "SELECT INBOX")
        assert ask(talk, "SEARCH ALL").status == "OK"


def test_select_names_no_message_by_its_number(open_talk):
    answers = ask(open_talk, "SELECT INBOX")
    assert answers.status == "OK" and not any("UNSEEN" in str(w) for w in answers.untagged)
    assert ["4", "EXISTS"] in answers.untagged


def test_messages_are_told_by_their_uids(open_talk):
    open_talk.says(
        r"""
        C: a UID FETCH 4:5 (FLAGS)
        S: * 4 UIDFETCH (FLAGS ())
        S: * 5 UIDFETCH (FLAGS ())
        S: a OK ...
        C: b UID FETCH 6:* (UID RFC822.SIZE)
        S: * 6 UIDFETCH (UID 6 RFC822.SIZE ...
        S: b OK ...
        C: c UID STORE 4 +FLAGS (\Flagged)
        S: * 4 UIDFETCH (FLAGS (\Flagged))
        S: c OK ...
        C: d UID STORE 4 +FLAGS.SILENT (\Draft)
        S: d OK ...
        C: e UID SEARCH RETURN (ALL) UID 4:* FLAGGED
        S: * ESEARCH (TAG "e") UID ALL 4
        S: e OK ...
        C: g UID SEARCH UIDAFTER 3 UIDBEFORE 6 UNFLAGGED
        S: * SEARCH 5
        S: g OK ...
        C: f UID COPY 3 Sent
        S: f OK [COPYUID ...
        """
    )


def test_changes_of_others_are_told_by_uids(server, user, open_talk):
    with server.imap(user) as other:
        ask(other, "SELECT INBOX")
        ask(other, r"UID STORE 4 +FLAGS (\Flagged)")
        ask(other, f"UID STORE 3,6 {DELETED}")
        ask(other, "EXPUNGE")
        fill(other, "INBOX", [mail()])
        open_talk.says(
            r"""
            C: a NOOP
            S: * VANISHED 3,6
            S: * 3 EXISTS
            S: * 0 RECENT
            S: * 4 UIDFETCH (FLAGS (\Flagged))
            S: a OK ...
            C: i IDLE
            S: + ...
            """
        )
        ask(other, rf"UID STORE 5 {DELETED}")
        open_talk.expect(r"* 5 UIDFETCH (FLAGS (\Deleted))")
        ask(other, "EXPUNGE")
        open_talk.expect("* VANISHED 5")
        open_talk.says("C: DONE").expect("i OK ...")


def test_own_expunges_are_told_by_uids(open_talk):
    open_talk.says(
        rf"""
        C: a UID STORE 3,5:6 {DELETED}
        S: a OK ...
        C: b UID EXPUNGE 5
        S: * VANISHED 5
        S: b OK EXPUNGE completed
        C: c EXPUNGE
        S: * VANISHED 3,6
        S: c OK EXPUNGE completed
        C: d UID MOVE 4 Sent
        S: * OK [COPYUID ...
        S: * VANISHED 4
        S: d OK MOVE completed
        """
    )


def test_with_condstore_modseqs_are_told_and_no_uid(talk):
    ask(talk, "ENABLE CONDSTORE")
    talk.says("C: s SELECT INBOX").until("* OK [HIGHESTMODSEQ <at>] ...").until("s OK ...")
    at = int(talk.words["at"])
    talk.says(
        rf"""
        C: a UID STORE 4 +FLAGS.SILENT (\Seen)
        S: * 4 UIDFETCH (MODSEQ ({at + 1}))
        S: a OK ...
        C: b UID STORE 4:5 (UNCHANGEDSINCE {at}) +FLAGS (\Flagged)
        S: * 4 UIDFETCH (MODSEQ ({at + 1}) FLAGS (\Seen))
        S: * 5 UIDFETCH (MODSEQ ({at + 2}) FLAGS (\Flagged))
        S: b OK [MODIFIED 4] ...
        C: c UID FETCH 1:* (FLAGS) (CHANGEDSINCE {at + 1})
        S: * 5 UIDFETCH (FLAGS (\Flagged) MODSEQ ({at + 2}))
        S: c OK ...
        """
    )


def test_coming_back_with_qresync(talk):
    make(talk, "Other")
    ask(talk, "ENABLE QRESYNC")
    talk.says("C: s SELECT INBOX").until("* OK [UIDVALIDITY <validity>] ...")
    talk.until("* OK [HIGHESTMODSEQ <at>] ...").until("s OK ...")
    ask(talk, r"UID STORE 4 +FLAGS (\Seen)")
    ask(talk, f"UID STORE 6 {DELETED}")
    ask(talk, "EXPUNGE")
    ask(talk, "SELECT Other")
    validity, at = talk.words["validity"], int(talk.words["at"])
    talk.says(f"C: b SELECT INBOX (QRESYNC ({validity} {at} 1:6))").until("* VANISHED (EARLIER) 6")
    talk.says(
        rf"""
        S: * 4 UIDFETCH (MODSEQ ({at + 1}) FLAGS (\Seen))
        S: b OK [READ-WRITE] ...
        """
    )
