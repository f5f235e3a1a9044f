"""Limits, time-outs, quota, and a server that stops: every one has its reply."""

import pytest

MESSAGE = b"From: a@example.net\r\nSubject: x\r\n\r\nhello\r\n"


def open_data(talk, *users):
    talk.says("C: MAIL FROM:<a@example.net>").expect("250 ...")
    for user in users:
        talk.says(f"C: RCPT TO:<{user}@example.org>").expect("250 ...")
    talk.says("C: DATA").expect("354 ...")
    return talk


# ---- errors ----


@pytest.mark.conf(smtp={"max_errors": 3})
def test_too_many_errors_close(fresh_server):
    with fresh_server.smtp() as talk:
        talk.says(
            """
            C: WHAT
            S: 500 5.5.2 ...
            C: RCPT TO:<x@example.org>
            S: 503 5.5.1 ...
            C: NOOP
            S: 250 2.0.0 ...
            C: MAIL FROM
            S: 501 5.5.4 ...
            S: 421 4.7.0 ...
            """
        ).closes()


@pytest.mark.conf(smtp={"max_errors": 3})
def test_errors_are_forgiven_with_each_message(fresh_server):
    with fresh_server.smtp() as talk:
        for _ in range(3):
            talk.says("C: WHAT\nS: 500 ...\nC: WHAT\nS: 500 ...")
            open_data(talk, "alice").send_data(MESSAGE).expect("250 2.0.0 ...")


@pytest.mark.conf(smtp={"max_errors": 1, "max_unknown_recipients": 3})
def test_guessing_addresses_closes(fresh_server):
    with fresh_server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        for guess in "abc":
            talk.says(f"C: RCPT TO:<{guess}@example.org>").expect("550 5.1.1 ...")
        talk.says("S: 421 4.7.0 ...").closes()


# ---- counts ----


@pytest.mark.conf(smtp={"max_recipients": 100})
def test_recipients_beyond_the_limit_come_in_another_message(fresh_server):
    with fresh_server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.send(b"RCPT TO:<alice@example.org>\r\n" * 102)
        for _ in range(100):
            talk.expect("250 2.1.5 ...")
        talk.says("S: 452 4.5.3 Too many recipients\nS: 452 4.5.3 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(MESSAGE).expect("250 2.0.0 ...")
    assert fresh_server.count("alice") == 1


@pytest.mark.conf(smtp={"max_messages": 2})
def test_messages_beyond_the_limit_come_in_another_connection(fresh_server):
    with fresh_server.smtp() as talk:
        for _ in range(2):
            open_data(talk, "alice").send_data(MESSAGE).expect("250 2.0.0 ...")
        talk.says("C: MAIL FROM:<>\nS: 421 4.7.0 ...").closes()


def test_lines_of_commands_have_a_limit(server):
    with server.smtp() as talk:
        talk.says(f"C: NOOP {'x' * 2043}").expect("250 2.0.0 ...")
        talk.says(f"C: NOOP {'x' * 2044}").expect("500 5.5.2 Line too long")
        talk.send(b"x" * 300000 + b"\r\n").expect("500 5.5.2 Line too long")
        talk.says("C: NOOP").expect("250 2.0.0 ...")


# ---- time ----


@pytest.mark.conf(smtp={"timeout": "3s"})
def test_a_client_that_says_nothing_is_sent_away(fresh_server):
    with fresh_server.smtp() as silent, fresh_server.smtp() as data, fresh_server.smtp() as half:
        open_data(data, "alice").send(b"Subject: x\r\n")
        half.send(b"NOO")
        for talk in (silent, data, half):
            talk.says("S: 421 4.4.2 mail.example.org ...").closes()
    assert fresh_server.count("alice") == 0


def test_nobody_is_timed_while_the_server_works(make_server):
    server = make_server(args=["--hold", "delivery write"], smtp={"timeout": "3s"})
    with server.smtp() as held, server.smtp() as idle:
        open_data(held, "alice").send_data(MESSAGE)
        server.wait_log(r"held class=")
        idle.says("S: 421 4.4.2 ...").closes()  # by then the other has waited as long
        server.release()
        held.expect("250 2.0.0 ...")


# ---- clients that leave ----


def test_a_client_that_resets_while_its_message_is_written(make_server):
    server = make_server(args=["--hold", "delivery write"])
    talk = open_data(server.smtp(), "alice")
    talk.send_data(MESSAGE)
    server.wait_log(r"held class=")
    talk.abort()
    server.wait_log(r"connection lost|net closed")
    server.release()
    server.wait_log(r"delivery id=\w+ .* stored=1")
    server.args = []
    server.restart()
    assert server.count("alice") == 1  # it had been committed before it came back


def test_a_client_that_resets_before_its_message_is_written(make_server):
    server = make_server(args=["--hold", "delivery prepare"])
    talk = open_data(server.smtp(), "alice")
    talk.send_data(MESSAGE + 500 * b"too large for the writer to prepare\r\n")
    server.wait_log(r"held class=")
    talk.abort()
    server.wait_log(r"net closed")
    server.release()
    server.wait_log(r"delivery id=\w+ abandoned=client-gone")
    server.args = []
    server.restart()
    assert server.count("alice") == 0


def test_a_client_that_resets_while_a_recipient_is_looked_up(make_server):
    server = make_server(args=["--hold", "delivery rcpt"])
    talk = server.smtp()
    talk.says("C: MAIL FROM:<>\nS: 250 ...\nC: RCPT TO:<alice@example.org>")
    server.wait_log(r"held class=")
    talk.abort()
    server.wait_log(r"net closed")
    server.release()
    with server.smtp() as other:
        other.says("C: NOOP").expect("250 ...")


# ---- quota and disk ----


def test_a_full_mailbox_is_refused_for_now(server):
    user = server.new_account()
    server.ctl("account", "quota", f"{user}@example.org", "2000")
    with server.smtp() as talk:
        talk.says(
            f"""
            C: MAIL FROM:<> SIZE=2001
            S: 250 ...
            C: RCPT TO:<{user}@example.org>
            S: 452 4.2.2 ...
            C: RSET
            S: 250 ...
            """
        )
        open_data(talk, user).send_data(MESSAGE + b"x" * 2000 + b"\r\n").expect("250 2.0.0 ...")
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.says(f"C: RCPT TO:<{user}@example.org>").expect("452 4.2.2 ...")
    server.ctl("account", "quota", f"{user}@example.org", "1M")
    server.deliver(user, MESSAGE)
    assert server.count(user) == 2


def test_a_mailbox_full_of_messages_is_refused_for_now(server):
    user = server.new_account("--max-messages=1")
    server.deliver(user, MESSAGE)
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.says(f"C: RCPT TO:<{user}@example.org>").expect("452 4.2.2 ...")


def test_the_postmaster_is_reached_until_twice_the_quota(make_server):
    """RFC 5321 4.5.1."""
    server = make_server()
    server.configure({"delivery": {"postmaster": "alice@example.org"}})
    server.ctl("reload")
    server.ctl("account", "quota", "alice@example.org", "1M", "--max-messages=2")
    for recipient in ("alice", "alice", "postmaster", "Postmaster@EXAMPLE.org", "postmaster"):
        server.deliver(recipient, MESSAGE)
    with server.smtp() as talk:
        talk.says(
            """
            C: MAIL FROM:<>
            S: 250 ...
            C: RCPT TO:<alice@example.org>
            S: 452 4.2.2 ...
            C: RCPT TO:<postmaster@example.org>
            S: 452 4.2.2 ...
            """
        )
    assert server.count("alice") == 5


@pytest.mark.conf(store={"disk_reserve": "100T"})
def test_a_disk_below_its_reserve_takes_no_mail(fresh_server):
    with fresh_server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("452 4.3.1 ...")


# ---- reload and stop ----


def test_a_reload_changes_the_limits_of_sessions_that_are_open(fresh_server):
    with fresh_server.smtp() as talk:
        talk.says("C: MAIL FROM:<> SIZE=200000").expect("250 ...")
        talk.says("C: RSET").expect("250 ...")
        fresh_server.configure({"smtp": {"max_message_size": "100K"}})
        fresh_server.ctl("reload")
        talk.says("C: MAIL FROM:<> SIZE=200000").expect("552 5.3.4 ...")
        talk.says("C: EHLO c").until("250-SIZE 102400")


def test_a_server_that_stops_does_not_wait_for_half_a_message(make_server):
    server = make_server()
    with server.smtp() as talk:
        open_data(talk, "alice").send(b"Subject: half\r\n")
        server.send_signal(15)
        talk.says("S: 421 4.3.2 mail.example.org ...").closes()
    server.stop()


def test_a_session_can_be_ended_by_the_administrator(server):
    with server.smtp() as talk:
        # The last one: others may not have been seen to go yet.
        line = [row for row in server.ctl("session", "list").splitlines() if "\tsmtp\t" in row][-1]
        server.ctl("session", "kill", line.split("\t")[0])
        talk.says("S: 421 4.3.2 mail.example.org ...").closes()
