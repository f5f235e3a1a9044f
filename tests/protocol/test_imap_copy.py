"""COPY and MOVE as a client sees them: RFC 9051 6.4.7, 6.4.8, 7.1."""

import re

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
    """INBOX of a new account with three messages, selected, and a mailbox Archive."""
    with server.imap(filled(server)) as talk:
        ask(talk, "CREATE Archive")
        assert ask(talk, "SELECT INBOX").status == "OK"
        yield talk


def copyuid(text):
    """(uidvalidity, from, to) of the code at the start of `text`."""
    found = re.match(r"\[COPYUID (\d+) ([\d:,]+) ([\d:,]+)\] ", text)
    assert found, text
    return int(found[1]), found[2], found[3]


def messages(talk, mailbox):
    answers = ask(talk, f"STATUS {mailbox} (MESSAGES)")
    return int(answers.untagged[0][2][1])


def test_copy_tells_the_client_the_new_uids(server):
    name = filled(server)
    with server.imap(name) as talk, server.imap(name) as watcher:
        ask(talk, "CREATE Archive")
        ask(watcher, "EXAMINE Archive")
        ask(talk, "SELECT INBOX")
        answers = ask(talk, "COPY 2:3 Archive")
        assert answers.status == "OK"
        validity, source, copies = copyuid(answers.text)
        assert (source, copies) == ("2:3", "1:2")
        assert ask(watcher, "NOOP").numbers("EXISTS") == [2]
        codes = [words[1] for words in ask(talk, "SELECT Archive").untagged if words[0] == "OK"]
        assert any(code.startswith(f"[UIDVALIDITY {validity}]") for code in codes), codes


def test_octets_flags_and_dates_go_along(inbox):
    ask(inbox, "STORE 1 FLAGS.SILENT (\\Flagged $Forwarded)")
    before = ask(inbox, "FETCH 1 (INTERNALDATE RFC822.SIZE BODY.PEEK[])").fetched[1]
    assert ask(inbox, "UID COPY 1 Archive").status == "OK"
    ask(inbox, "SELECT Archive")
    assert ask(inbox, "FETCH 1 (INTERNALDATE RFC822.SIZE BODY.PEEK[])").fetched[1] == before
    flags = ask(inbox, "FETCH 1 FLAGS").fetched[1]["FLAGS"]
    assert {"\\Flagged", "$Forwarded"} <= set(flags)


def test_copy_to_where_it_is_adds_to_it(inbox):
    answers = ask(inbox, "COPY 1:2 INBOX")
    assert copyuid(answers.text)[1:] == ("1:2", "4:5")
    assert answers.numbers("EXISTS") == [5]


@pytest.mark.parametrize("command", ["COPY", "MOVE", "UID COPY", "UID MOVE"])
def test_a_missing_mailbox_says_trycreate_and_changes_nothing(inbox, command):
    answers = ask(inbox, f"{command} 1 Nowhere")
    assert answers.status == "NO" and answers.text.startswith("[TRYCREATE] ")
    assert messages(inbox, "INBOX") == 3


@pytest.mark.parametrize("command", ["UID COPY", "UID MOVE"])
def test_no_uid_that_is_there_is_no_mistake(inbox, command):
    answers = ask(inbox, f"{command} 70:80 Archive")
    assert answers.status == "OK" and "COPYUID" not in answers.text
    assert messages(inbox, "Archive") == 0


@pytest.mark.parametrize("words", ["", "1", "9 Archive", "1 Archive more", "x Archive", "1:9 Archive"])
def test_mistakes_are_bad(inbox, words):
    assert ask(inbox, f"COPY {words}").status == "BAD"
    assert ask(inbox, f"MOVE {words}").status == "BAD"
    assert messages(inbox, "Archive") == 0


def test_move_tells_the_uids_before_the_expunges(inbox):
    answers = ask(inbox, "MOVE 1:2 Archive")
    assert answers.status == "OK" and "COPYUID" not in answers.text
    assert answers.untagged[0][0] == "OK"
    assert copyuid(answers.untagged[0][1])[1:] == ("1:2", "1:2")
    assert sorted(answers.numbers("EXPUNGE")) in ([1, 1], [1, 2])
    assert [a["UID"] for a in ask(inbox, "FETCH 1:* UID").fetched.values()] == ["3"]
    assert messages(inbox, "Archive") == 2 and messages(inbox, "INBOX") == 1


def test_others_see_a_move_as_an_expunge_and_an_arrival(server):
    name = filled(server)
    with server.imap(name) as talk, server.imap(name) as source, server.imap(name) as target:
        ask(talk, "CREATE Archive")
        ask(source, "SELECT INBOX")
        ask(target, "SELECT Archive")
        ask(talk, "SELECT INBOX")
        ask(talk, "UID MOVE 2 Archive")
        assert ask(source, "NOOP").numbers("EXPUNGE") == [2]
        assert ask(target, "NOOP").numbers("EXISTS") == [1]


def test_a_move_within_a_mailbox_gives_new_uids(inbox):
    answers = ask(inbox, "MOVE 1 INBOX")
    assert copyuid(answers.untagged[0][1])[1:] == ("1", "4")
    assert [a["UID"] for a in ask(inbox, "FETCH 1:* UID").fetched.values()] == ["2", "3", "4"]


def test_a_mailbox_open_for_reading_only_may_be_copied_not_moved(server):
    with server.imap(filled(server)) as talk:
        ask(talk, "CREATE Archive")
        ask(talk, "EXAMINE INBOX")
        assert ask(talk, "MOVE 1 Archive").status == "NO"
        assert ask(talk, "COPY 1 Archive").status == "OK"
        assert messages(talk, "Archive") == 1 and messages(talk, "INBOX") == 3


def test_scattered_messages_are_told_as_sets_of_the_same_order(server):
    with server.imap(filled(server, 9)) as talk:
        ask(talk, "CREATE Archive")
        ask(talk, "SELECT INBOX")
        assert copyuid(ask(talk, "COPY 8,1,3:4 Archive").text)[1:] == ("1,3:4,8", "1:4")
        ask(talk, "SELECT Archive")
        assert len(ask(talk, "FETCH 1:* UID").fetched) == 4


@pytest.mark.conf(imap={"max_copy_messages": 1000})
def test_too_many_at_once_are_refused_whole(fresh_server):
    server = fresh_server
    with server.imap(filled(server, 10)) as talk:
        ask(talk, "CREATE Archive")
        ask(talk, "SELECT INBOX")
        for _ in range(7):
            assert ask(talk, "COPY 1:* INBOX").status == "OK"
        answers = ask(talk, "COPY 1:1001 Archive")
        assert answers.status == "NO" and answers.text.startswith("[MESSAGELIMIT 1000] ")
        assert messages(talk, "Archive") == 0
        assert ask(talk, "COPY 1:1000 Archive").status == "OK"
        assert messages(talk, "Archive") == 1000


def test_a_thousand_messages_move_at_once(server):
    with server.imap(filled(server, 1000)) as talk:
        ask(talk, "CREATE Archive")
        ask(talk, "SELECT INBOX")
        answers = ask(talk, "MOVE 1:* Archive")
        assert copyuid(answers.untagged[0][1])[1:] == ("1:1000", "1:1000")
        assert len(answers.numbers("EXPUNGE")) == 1000
        assert messages(talk, "Archive") == 1000 and messages(talk, "INBOX") == 0
