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
            S: * OK [MAILBOXID (...)] ...
            S: * OK [HIGHESTMODSEQ <highest_1>] ...
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
            S: * OK [MAILBOXID (...)] ...
            S: * OK [HIGHESTMODSEQ <highest_3>] ...
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
            S: * OK [MAILBOXID (...)] ...
            S: * OK [HIGHESTMODSEQ <highest_2>] ...
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


def test_idle_is_told_of_new_mail_before_its_sender_is_answered(make_server):
    """From the event of the commit alone: nothing is read, and the answers to others come after."""
    server = make_server(args=["--hold", "imap update", "--hold", "delivery write", "--hold", "imap append"])
    with opened(server, "alice") as idle, opened(server, "alice") as append, server.smtp() as sender:
        idle.says("C: a IDLE").expect("+ idling")
        append.says("C: a APPEND INBOX {5+}").send(b"a: b\n\r\n")
        idle.expect("* 1 EXISTS")
        sender.says("C: MAIL FROM:<a@example.net>").expect("250 ...")
        sender.says("C: RCPT TO:<alice@example.org>").expect("250 ...")
        sender.says("C: DATA").expect("354 ...")
        sender.send_data(MESSAGE)
        idle.says("S: * 1 RECENT").says("S: * 2 EXISTS").expect("* 2 RECENT")
        assert not append.pending() and not sender.pending()
        server.release()
        sender.expect("250 ...")
        append.until("a OK [APPENDUID ...")


def test_what_happens_between_reading_and_opening_a_mailbox_is_told(make_server):
    """The mailbox is watched before it is read."""
    server = make_server(args=["--hold", "imap select"])
    with server.imap("alice") as talk:
        talk.says("C: a SELECT INBOX")
        with server.imap("bob") as other:
            other.says("C: n NOOP").expect("n OK ...")
        server.deliver("alice", MESSAGE)
        server.release()
        talk.until("* 1 EXISTS").until("a OK ...")


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
        # A third may cross what we say.
        talk.says("C: DONE").until("a OK ...")


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


# ---- several clients on one mailbox ----


def filled(server, count=3):
    user = server.new_account()
    with server.smtp() as talk:
        for _ in range(count):
            server.deliver(user, MESSAGE, talk=talk)
    return user


def test_flags_are_told_to_the_others_and_to_the_one_who_set_them_once(server):
    user = filled(server)
    with opened(server, user) as one, opened(server, user) as two:
        one.says(
            r"""
            C: a STORE 1:2 +FLAGS (\Seen)
            S: * 1 FETCH (FLAGS (\Seen...))
            S: * 2 FETCH (FLAGS (\Seen...))
            S: a OK ...
            C: b STORE 3 +FLAGS.SILENT (\Seen)
            S: b OK ...
            C: c NOOP
            S: c OK ...
            """
        )
        two.says(
            r"""
            C: a NOOP
            S: * 1 FETCH (FLAGS (\Seen))
            S: * 2 FETCH (FLAGS (\Seen))
            S: * 3 FETCH (FLAGS (\Seen))
            S: a OK ...
            """
        )


def test_flags_that_change_while_another_is_silent_are_told(server):
    user = filled(server)
    with opened(server, user) as one, opened(server, user) as two:
        one.says(r"C: a STORE 1 FLAGS.SILENT (\Seen)").until("a OK ...")
        two.says(r"C: a STORE 1 +FLAGS (\Flagged)").until("a OK ...")
        one.says(
            r"""
            C: b NOOP
            S: * 1 FETCH (FLAGS (\Flagged \Seen...))
            S: b OK ...
            """
        )


def test_silence_about_ones_own_change_does_not_hide_anothers(server):
    """The MODSEQ of the second change covers the first, which only one client was told of."""
    user = filled(server, 2)
    with opened(server, user) as one, opened(server, user) as two:
        two.says(r"C: a STORE 1 +FLAGS.SILENT (\Flagged)").expect("a OK ...")
        one.says(r"C: a STORE 1:2 +FLAGS.SILENT (\Seen)")
        one.says(
            r"""
            S: * 1 FETCH (FLAGS (\Flagged \Seen...
            S: a OK ...
            """
        )
        two.says(r"C: b STORE 2 -FLAGS.SILENT (\Seen)").until("b OK ...")


def test_ones_own_changes_hide_nothing_that_happens_between_them(server):
    """Of one's own change nothing need be read; of whatever else happens, all of it."""
    user = filled(server)
    with opened(server, user) as one, opened(server, user) as two:
        one.says(r"C: a STORE 1:* +FLAGS.SILENT (\Seen)").expect("a OK ...")
        one.says(r"C: b STORE 2 +FLAGS (\Answered)")
        one.says(
            r"""
            S: * 2 FETCH (FLAGS (\Answered \Seen...
            S: b OK ...
            """
        )
        two.says(r"C: a STORE 3 +FLAGS.SILENT (\Flagged)").until("a OK ...")
        one.says(
            r"""
            C: c STORE 1 -FLAGS.SILENT (\Seen)
            S: * 3 FETCH (FLAGS (\Flagged \Seen...
            S: c OK ...
            C: d STORE 1 +FLAGS.SILENT (\Draft)
            S: d OK ...
            """
        )
        server.deliver(user, MESSAGE)
        one.says(
            r"""
            C: e STORE 2 +FLAGS.SILENT (\Draft)
            S: * 4 EXISTS
            S: * 4 RECENT
            S: e OK ...
            """
        )
        delete_first(server, user, 3)
        one.says(
            r"""
            C: f UID STORE 2 -FLAGS.SILENT (\Draft)
            S: * 3 EXPUNGE
            S: f OK ...
            C: g STORE 3 +FLAGS.SILENT (\Draft)
            S: g OK ...
            """
        )
        one.says(
            """
            C: i SEARCH DRAFT
            S: * SEARCH 1 3
            S: i OK ...
            """
        )


def test_a_message_is_recent_for_the_first_who_is_told_of_it(server):
    """RFC 3501 2.3.2: told by EXISTS, not only by SELECT."""
    user = server.new_account()
    with opened(server, user) as one, opened(server, user) as two, opened(server, user, how="EXAMINE") as looker:
        server.deliver(user, MESSAGE)
        looker.says("C: a NOOP").expect("* 1 EXISTS")
        looker.says("S: * 1 RECENT").expect("a OK ...")
        two.says("C: a NOOP").expect("* 1 EXISTS")
        two.says("S: * 1 RECENT").expect("a OK ...")
        one.says("C: a NOOP").expect("* 1 EXISTS")
        one.says("S: * 0 RECENT").expect("a OK ...")
        one.says("C: b FETCH 1 FLAGS").expect("* 1 FETCH (FLAGS ())")
        two.says("C: b FETCH 1 FLAGS").expect(r"* 1 FETCH (FLAGS (\Recent))")
        one.until("b OK ...").says("C: c SEARCH RECENT").expect("* SEARCH")
        two.until("b OK ...").says("C: c SEARCH RECENT").expect("* SEARCH 1")
        server.deliver(user, MESSAGE)
        one.until("c OK ...").says("C: d NOOP").expect("* 2 EXISTS")
        one.says("S: * 1 RECENT").expect("d OK ...")
    with opened(server, user) as later:
        later.says("C: a STATUS INBOX (RECENT)").expect("* STATUS INBOX (RECENT 0)")


def test_status_knows_who_was_told_before_the_store_does(make_server):
    server = make_server(args=["--hold", "imap recent"])
    server.deliver("alice", MESSAGE)
    with opened(server, "alice") as first, server.imap("alice") as second:
        server.deliver("alice", MESSAGE)
        first.says("C: a NOOP").expect("* 2 EXISTS")
        first.says("S: * 2 RECENT").expect("a OK ...")
        second.says("C: a SELECT INBOX").until("* 0 RECENT").until("a OK ...")
        second.says(
            """
            C: b STATUS INBOX (MESSAGES RECENT)
            S: * STATUS INBOX (MESSAGES 2 RECENT 0)
            S: b OK ...
            C: c LIST "" INBOX RETURN (STATUS (RECENT))
            S: * LIST (...) "/" INBOX
            S: * STATUS INBOX (RECENT 0)
            S: c OK ...
            """
        )


def test_a_new_keyword_is_named_before_it_is_used(server):
    user = filled(server, 1)
    with opened(server, user) as one, opened(server, user) as two:
        one.says(
            """
            C: a STORE 1 +FLAGS (NewWord)
            S: * FLAGS (...NewWord)
            S: * OK [PERMANENTFLAGS (...NewWord...)] ...
            S: * 1 FETCH (FLAGS (...NewWord))
            S: a OK ...
            """
        )
        two.says(
            """
            C: a NOOP
            S: * FLAGS (...NewWord)
            S: * OK [PERMANENTFLAGS (...NewWord...)] ...
            S: * 1 FETCH (FLAGS (NewWord))
            S: a OK ...
            """
        )


def test_expunge_waits_for_a_command_without_numbers(server):
    user = filled(server)
    with opened(server, user) as one, opened(server, user) as two:
        delete_first(server, user, 1)
        server.deliver(user, MESSAGE)
        two.says(
            """
            C: a FETCH 2:3 UID
            S: * 2 FETCH (UID 2)
            S: * 3 FETCH (UID 3)
            S: * 4 EXISTS
            S: ...
            S: a OK ...
            C: b SEARCH UID 2:4
            S: * SEARCH 2 3 4
            S: b OK ...
            C: c NOOP
            S: * 1 EXPUNGE
            S: c OK ...
            C: d FETCH 1:* UID
            S: * 1 FETCH (UID 2)
            S: * 2 FETCH (UID 3)
            S: * 3 FETCH (UID 4)
            S: d OK ...
            """
        )
        one.says("C: a NOOP").expect("* 1 EXPUNGE")


def test_uid_commands_may_tell_of_expunged_messages(server):
    user = filled(server)
    with opened(server, user) as talk:
        delete_first(server, user, 1)
        talk.says(
            """
            C: a UID FETCH 2:3 UID
            S: * 2 FETCH (UID 2)
            S: * 3 FETCH (UID 3)
            S: * 1 EXPUNGE
            S: a OK ...
            """
        )


def test_numbers_that_are_not_there_are_refused(server):
    user = filled(server, 2)
    with opened(server, user) as talk:
        talk.says(
            """
            C: a FETCH 3 UID
            S: a BAD ...
            C: b FETCH 2:* UID
            S: * 2 FETCH (UID 2)
            S: b OK ...
            C: c UID FETCH 77:* UID
            S: * 2 FETCH (UID 2)
            S: c OK ...
            C: d UID FETCH 77 UID
            S: d OK ...
            """
        )


def test_imap4rev2_is_told_of_flags_with_the_uid(server):
    user = filled(server, 1)
    with server.imap(user) as two, opened(server, user) as one:
        two.says("C: e ENABLE IMAP4rev2").until("e OK ...")
        two.says("C: s SELECT INBOX").until("s OK ...")
        one.says(r"C: a STORE 1 +FLAGS (\Flagged)").until("a OK ...")
        two.says("C: n NOOP").expect(r"* 1 FETCH (UID 1 FLAGS (\Flagged))")


def test_a_mailbox_that_is_removed_ends_the_sessions_in_it(server):
    user = server.new_account()
    with server.imap(user) as one, server.imap(user) as two, server.imap(user) as idle:
        one.says("C: c CREATE Gone").until("c OK ...")
        for talk in (one, two, idle):
            talk.says("C: s SELECT Gone").until("s OK ...")
        idle.says("C: i IDLE").expect("+ idling")
        one.says(
            """
            C: d DELETE Gone
            S: * OK [CLOSED] ...
            S: d OK ...
            C: n UNSELECT
            S: n BAD ...
            """
        )
        two.says("C: n NOOP").expect("* BYE ...")
        two.closes()
        idle.expect("* BYE ...")
        idle.closes()


def test_a_renamed_mailbox_stays_selected(server):
    user = server.new_account()
    with server.imap(user) as talk:
        talk.says("C: c CREATE Before").until("c OK ...")
        talk.says("C: s SELECT Before").until("s OK ...")
        talk.says("C: r RENAME Before After").until("r OK ...")
        talk.says("C: a APPEND After {1+}").says("C: x").until("a OK ...")
        talk.says("C: n NOOP").until("n OK ...")
        talk.says("C: f FETCH 1 UID").expect("* 1 FETCH (UID 1)")


def test_many_changes_are_told_to_a_slow_reader(server):
    user = filled(server, 1)
    with opened(server, user) as one, opened(server, user) as two:
        for _ in range(14):
            one.says("C: c COPY 1:* INBOX").until("c OK ...")
        assert "16384 EXISTS" in str(one)
        two.says("C: n NOOP").until("* 16384 EXISTS").until("n OK ...")
        one.says(r"C: s STORE 1:* +FLAGS.SILENT (\Deleted)").until("s OK ...")
        two.says("C: n2 NOOP")
        for number in range(1, 16385):
            two.expect(f"* {number} FETCH (FLAGS (\\Deleted...))")
        two.expect("n2 OK ...")
        one.says("C: x EXPUNGE").until("x OK ...")
        two.says("C: n3 NOOP")
        for number in range(16384, 0, -1):
            two.expect(f"* {number} EXPUNGE")
        two.expect("n3 OK ...")


# ---- what is in flight when a client leaves ----


@pytest.mark.parametrize("held", ["imap select", "imap update", "imap expunge"])
def test_a_client_may_leave_at_any_time(make_server, held):
    server = make_server(args=["--hold", held])
    with server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX")
        if held != "imap select":
            talk.until("s OK ...")
            server.deliver("alice", MESSAGE)
            talk.says("C: n NOOP" if held == "imap update" else "C: n CLOSE")
        server.wait_log(rf'held class="?{held}"?\n')
        talk.abort()
    server.wait_log("imap end=dropped")
    server.release()
    server.stop()
