"""SELECT, EXAMINE, IDLE, and who is told what when: RFC 9051 5.2, 6.3.2, 6.3.13, 7.5.1."""

import pytest

MESSAGE = b"From: a@example.net\r\nSubject: one\r\n\r\nhello\r\n"


def opened(server, user, mailbox="INBOX", how="SELECT"):
    talk = server.imap(user)
    talk.says(f"C: open {how} {mailbox}").until("open OK ...")
    return talk


def delete_first(server, user, *numbers):
    """Deletes messages of INBOX by another protocol."""
    with server.pop3(user) as talk:
        for number in numbers:
            talk.says(f"C: DELE {number}").expect("+OK ...")
        talk.says("C: QUIT").expect("+OK ...")


# ---- SELECT ----


def test_select_of_an_empty_mailbox(server):
    user = server.new_account()
    with server.imap(user) as talk:
        talk.says(
            r"""
            C: a SELECT inbox
            S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft...
            S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft...\*)] ...
            S: * 0 EXISTS
            S: * 0 RECENT
            S: * OK [UIDVALIDITY <validity>] ...
            S: * OK [UIDNEXT 1] ...
            S: a OK [READ-WRITE] ...
            """
        )


def test_select_counts_what_is_there_and_who_saw_it_first(server):
    user = server.new_account()
    server.deliver(user, MESSAGE)
    server.deliver(user, MESSAGE)
    with server.imap(user) as talk, server.imap(user) as other:
        talk.says("C: a EXAMINE INBOX").until("* 2 RECENT").until("a OK [READ-ONLY] ...")
        talk.says("C: b SELECT INBOX").expect("* OK [CLOSED] ...")
        talk.until("* 2 EXISTS").expect("* 2 RECENT")
        talk.says(
            """
            S: * OK [UNSEEN 1] ...
            S: * OK [UIDVALIDITY <validity>] ...
            S: * OK [UIDNEXT 3] ...
            S: b OK [READ-WRITE] ...
            """
        )
        other.says("C: c SELECT INBOX").until("* 2 EXISTS").expect("* 0 RECENT")


def test_imap4rev2_is_told_the_name_and_not_what_is_recent(server):
    user = server.new_account()
    server.deliver(user, MESSAGE)
    with server.imap(user) as talk:
        talk.says("C: e ENABLE IMAP4rev2").until("e OK ...")
        talk.says("C: a SELECT INBOX").until("* 1 EXISTS")
        talk.says(
            """
            S: * OK [UIDVALIDITY <validity>] ...
            S: * OK [UIDNEXT 2] ...
            S: * LIST () "/" INBOX
            S: a OK [READ-WRITE] ...
            """
        )


def test_a_failed_select_leaves_no_mailbox_selected(server):
    with opened(server, "alice") as talk:
        talk.says(
            """
            C: a SELECT Nowhere
            S: * OK [CLOSED] ...
            S: a NO [NONEXISTENT] ...
            C: b UNSELECT
            S: b BAD No mailbox is selected
            """
        )


def test_examine_permits_no_flags(server):
    with server.imap("alice") as talk:
        talk.says("C: a EXAMINE INBOX").until("* OK [PERMANENTFLAGS ()] ...").until("a OK [READ-ONLY] ...")


def test_unselect_and_close_lead_back(server):
    for command in ("UNSELECT", "CLOSE"):
        with opened(server, "alice") as talk:
            talk.says(f"C: a {command}").expect("a OK ...")
            talk.says(f"C: b {command}").expect("b BAD ...")


# ---- being told ----


def test_new_mail_is_told_before_the_next_tagged_reply(server):
    user = server.new_account()
    with opened(server, user) as talk:
        server.deliver(user, MESSAGE)
        server.deliver(user, MESSAGE)
        talk.says(
            """
            C: a NOOP
            S: * 2 EXISTS
            S: * 2 RECENT
            S: a OK ...
            C: b NOOP
            S: b OK ...
            """
        )


def test_expunged_messages_are_told_from_the_last_to_the_first(server):
    user = server.new_account()
    for _ in range(5):
        server.deliver(user, MESSAGE)
    with opened(server, user) as talk:
        delete_first(server, user, 2, 3, 5)
        talk.says(
            """
            C: a NOOP
            S: * 5 EXPUNGE
            S: * 3 EXPUNGE
            S: * 2 EXPUNGE
            S: a OK ...
            """
        )


def test_mail_that_came_and_went_unseen_is_not_told(server):
    user = server.new_account()
    server.deliver(user, MESSAGE)
    with opened(server, user) as talk:
        server.deliver(user, MESSAGE)
        delete_first(server, user, 2)
        talk.says("C: a NOOP").expect("a OK ...")
        server.deliver(user, MESSAGE)
        talk.says("C: b NOOP").expect("* 2 EXISTS")


def test_idle_is_told_at_once(server):
    user = server.new_account()
    with opened(server, user) as talk:
        talk.says("C: a IDLE").expect("+ idling")
        server.deliver(user, MESSAGE)
        talk.says("S: * 1 EXISTS").expect("* 1 RECENT")
        delete_first(server, user, 1)
        talk.expect("* 1 EXPUNGE")
        talk.says("C: DONE").expect("a OK ...")
        talk.says("C: b NOOP").expect("b OK ...")


def test_idle_tells_what_happened_before_it(server):
    user = server.new_account()
    with opened(server, user) as talk:
        server.deliver(user, MESSAGE)
        talk.says("C: a IDLE").expect("+ idling")
        talk.expect("* 1 EXISTS")


def test_idle_without_a_mailbox_and_ended_wrongly(server):
    with server.imap("alice") as talk:
        talk.says(
            """
            C: a IDLE
            S: + idling
            C: b NOOP
            S: a BAD IDLE wants DONE
            C: c NOOP
            S: c OK ...
            """
        )


@pytest.mark.conf(imap={"idle_interval": "1s"})
def test_idle_is_kept_alive(fresh_server):
    with opened(fresh_server, "alice") as talk:
        talk.says("C: a IDLE").expect("+ idling")
        talk.expect("* OK Still here")
        talk.expect("* OK Still here")
        talk.says("C: DONE").expect("a OK ...")


def test_ten_clients_idle_on_one_mailbox(server):
    user = server.new_account()
    talks = [opened(server, user) for _ in range(10)]
    try:
        for talk in talks:
            talk.says("C: i IDLE").expect("+ idling")
        server.deliver(user, MESSAGE)
        for talk in talks:
            talk.expect("* 1 EXISTS")
    finally:
        for talk in talks:
            talk.close()
