"""STORE and EXPUNGE as a client sees them: RFC 9051 6.4.3, 6.4.6, 6.4.9, 7.5.1."""

import pytest

from imap_answer import ask


def filled(server, count=3):
    name = server.new_account()
    with server.smtp() as smtp:
        for _ in range(count):
            server.deliver(name, "plain.eml", talk=smtp)
    return name


@pytest.fixture
def inbox(server):
    """INBOX of a new account with three messages, selected."""
    with server.imap(filled(server)) as talk:
        assert ask(talk, "SELECT INBOX").status == "OK"
        yield talk


def flags(talk, number):
    """Without \\Recent, which is the session's."""
    answer = ask(talk, f"FETCH {number} FLAGS").fetched[number]
    return {flag for flag in answer["FLAGS"] if flag != "\\Recent"}


# ---- STORE ----


def test_flags_are_set_added_and_taken_away(inbox):
    ask(inbox, "STORE 1 FLAGS (\\Seen \\Draft)")
    assert flags(inbox, 1) == {"\\Seen", "\\Draft"}
    ask(inbox, "STORE 1 +FLAGS (\\flagged \\ANSWERED)")
    assert flags(inbox, 1) == {"\\Seen", "\\Draft", "\\Flagged", "\\Answered"}
    ask(inbox, "STORE 1 -FLAGS (\\Seen \\Deleted)")
    assert flags(inbox, 1) == {"\\Draft", "\\Flagged", "\\Answered"}
    ask(inbox, "STORE 1 FLAGS ()")
    assert flags(inbox, 1) == set()
    assert flags(inbox, 2) == set()


def test_the_new_flags_are_told_of_each_message_named_once(inbox):
    ask(inbox, "STORE 2 FLAGS.SILENT (\\Seen)")
    answers = ask(inbox, "STORE 2:3 +FLAGS (\\Seen)")
    assert answers.status == "OK"
    assert [(w[0], w[1]) for w in answers.untagged] == [("2", "FETCH"), ("3", "FETCH")]
    assert all("\\Seen" in a["FLAGS"] for a in answers.fetched.values())
    assert ask(inbox, "NOOP").untagged == []


def test_silent_says_nothing_to_the_one_and_all_to_the_others(server):
    name = filled(server)
    with server.imap(name) as talk, server.imap(name) as other:
        ask(talk, "SELECT INBOX")
        ask(other, "EXAMINE INBOX")
        assert ask(talk, "STORE 1:2 +FLAGS.SILENT (\\Flagged)").fetched == {}
        assert ask(talk, "NOOP").fetched == {}
        assert set(ask(other, "NOOP").fetched) == {1, 2}


def test_uid_store_tells_uids(inbox):
    answers = ask(inbox, "UID STORE 2,3 +FLAGS (\\Seen)")
    assert [a["UID"] for a in answers.fetched.values()] == ["2", "3"]
    assert ask(inbox, "UID STORE 70:80 +FLAGS (\\Seen)").status == "OK"


def test_flags_may_stand_without_brackets(inbox):
    assert ask(inbox, "STORE 1 FLAGS \\Seen \\Flagged").status == "OK"
    assert flags(inbox, 1) == {"\\Seen", "\\Flagged"}


def test_keywords_are_made_on_demand_and_have_no_case(inbox):
    answers = ask(inbox, "STORE 1 +FLAGS ($Forwarded Work)")
    assert {"$Forwarded", "Work"} <= set(answers.fetched[1]["FLAGS"])
    ask(inbox, "STORE 1 +FLAGS (WORK)")
    assert flags(inbox, 1) == {"$Forwarded", "Work"}
    ask(inbox, "STORE 1 -FLAGS (work never-seen)")
    assert flags(inbox, 1) == {"$Forwarded"}


def test_keywords_without_end_meet_a_limit(inbox):
    words = [f"word{i}" for i in range(64)]
    for word in words:
        answers = ask(inbox, f"STORE 1 +FLAGS.SILENT ({word})")
        if answers.status != "OK":
            break
    assert answers.status == "NO" and answers.text.startswith("[LIMIT] ")
    kept = flags(inbox, 1)
    assert len(kept) > 30 and kept == set(words[: len(kept)])
    # What needs no new keyword goes on.
    assert ask(inbox, "STORE 2 +FLAGS (word0 \\Seen)").status == "OK"


@pytest.mark.parametrize(
    "command",
    [
        "STORE 1",
        "STORE 1 FLAGS",
        "STORE 1 FLAGS (\\Recent)",
        "STORE 1 FLAGS (\\Unheard-of)",
        "STORE 1 FLAGS (\\Seen",
        "STORE 1 FLAGS.LOUD (\\Seen)",
        "STORE 1 *FLAGS (\\Seen)",
        "STORE 4 FLAGS (\\Seen)",
        "STORE 1 FLAGS (\\Seen) more",
    ],
)
def test_mistakes_are_bad_and_change_nothing(inbox, command):
    assert ask(inbox, command).status == "BAD"
    assert flags(inbox, 1) == set()


def test_nothing_is_stored_in_a_mailbox_open_for_reading_only(server):
    with server.imap(filled(server)) as talk:
        ask(talk, "EXAMINE INBOX")
        assert ask(talk, "STORE 1 FLAGS (\\Deleted)").status == "NO"
        assert ask(talk, "EXPUNGE").status == "NO"
        assert flags(talk, 1) == set()


def test_a_thousand_messages_change_at_once(server):
    with server.imap(filled(server, 1000)) as talk:
        ask(talk, "SELECT INBOX")
        assert len(ask(talk, "STORE 1:* +FLAGS (\\Seen)").fetched) == 1000
        assert ask(talk, "STORE 1:* -FLAGS.SILENT (\\Seen)").fetched == {}
        answers = ask(talk, "FETCH 1:* FLAGS")
        assert not any("\\Seen" in a["FLAGS"] for a in answers.fetched.values())


# ---- EXPUNGE ----


def test_expunge_removes_what_is_deleted_and_numbers_close_up(server):
    name = filled(server, 5)
    with server.imap(name) as talk:
        ask(talk, "SELECT INBOX")
        ask(talk, "STORE 2,3,5 +FLAGS.SILENT (\\Deleted)")
        gone = ask(talk, "EXPUNGE").numbers("EXPUNGE")
        uids = [1, 2, 3, 4, 5]
        for number in gone:
            del uids[number - 1]
        assert uids == [1, 4]
        assert [a["UID"] for a in ask(talk, "FETCH 1:* UID").fetched.values()] == ["1", "4"]
    assert server.count(name) == 2


def test_uid_expunge_leaves_what_it_does_not_name(inbox):
    ask(inbox, "STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    ask(inbox, "STORE 2 -FLAGS.SILENT (\\Deleted)")
    answers = ask(inbox, "UID EXPUNGE 2:3")
    assert answers.numbers("EXPUNGE") == [3]
    assert flags(inbox, 1) == {"\\Deleted"}
    assert ask(inbox, "EXPUNGE").numbers("EXPUNGE") == [1]


def test_expunge_without_anything_deleted_says_nothing(inbox):
    answers = ask(inbox, "EXPUNGE")
    assert answers.status == "OK" and answers.untagged == []
    assert ask(inbox, "EXPUNGE 1").status == "BAD"
    assert ask(inbox, "UID EXPUNGE").status == "BAD"


def test_an_expunge_is_withheld_during_fetch_and_store(server):
    name = filled(server)
    with server.imap(name) as talk, server.imap(name) as other:
        ask(talk, "SELECT INBOX")
        ask(other, "SELECT INBOX")
        ask(other, "STORE 1 +FLAGS (\\Deleted)")
        ask(other, "EXPUNGE")
        assert ask(talk, "STORE 3 +FLAGS.SILENT (\\Seen)").numbers("EXPUNGE") == []
        assert ask(talk, "FETCH 3 FLAGS").numbers("EXPUNGE") == []
        assert ask(talk, "NOOP").numbers("EXPUNGE") == [1]
        assert "\\Seen" in flags(talk, 2)


def test_store_to_a_message_that_is_gone_harms_nothing(server):
    name = filled(server)
    with server.imap(name) as talk, server.imap(name) as other:
        ask(talk, "SELECT INBOX")
        ask(other, "SELECT INBOX")
        ask(other, "STORE 2 +FLAGS (\\Deleted)")
        ask(other, "EXPUNGE")
        answers = ask(talk, "STORE 1:3 +FLAGS (\\Flagged)")
        assert answers.text.startswith("[EXPUNGEISSUED] ")
        assert set(answers.fetched) == {1, 3}


def test_what_was_stored_survives_a_restart(make_server):
    server = make_server()
    server.deliver("alice", "plain.eml")
    with server.imap("alice") as talk:
        ask(talk, "SELECT INBOX")
        ask(talk, "STORE 1 +FLAGS.SILENT (\\Seen Later)")
    server.restart()
    with server.imap("alice") as talk:
        ask(talk, "SELECT INBOX")
        assert flags(talk, 1) == {"\\Seen", "Later"}
