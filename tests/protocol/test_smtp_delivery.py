"""Where a message goes: aliases, subaddresses, catch-all, several recipients, loops."""

import re

import pytest

MESSAGE = b"From: a@example.net\r\nSubject: x\r\n\r\nhello\r\n"


def send(server, *recipients, message=MESSAGE, reply="250 2.0.0 ..."):
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<a@example.net>").expect("250 ...")
        for recipient in recipients:
            talk.says(f"C: RCPT TO:<{recipient}>").expect("250 2.1.5 ...")
        talk.says("C: DATA").expect("354 ...")
        return talk.send_data(message).expect(reply)


def test_an_alias_goes_to_everyone_behind_it_once(server):
    one, two = server.new_account(), server.new_account()
    server.ctl("alias", "add", "both@example.org", f"{one}@example.org", f"{two}@example.org")
    server.ctl("alias", "add", "more@example.org", "both@example.org", f"{one}@example.org")
    send(server, "more@example.org", f"{two}@example.org", "both@example.org")
    assert (server.count(one), server.count(two)) == (1, 1)
    assert f"Delivered-To: {one}@example.org\r\n".encode() in server.messages(one)[0]


def test_a_subaddress_goes_to_its_account(server):
    user = server.new_account()
    send(server, f"{user}+lists@example.org")
    assert server.count(user) == 1


def test_the_separator_can_be_changed(make_server):
    server = make_server(delivery={"subaddress_separators": "-"})
    send(server, "alice-lists@example.org")
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.says("C: RCPT TO:<alice+lists@example.org>").expect("550 5.1.1 ...")


def test_a_catch_all_gets_what_nobody_else_does(make_server):
    server = make_server()
    server.ctl("alias", "add", "@example.org", "bob@example.org")
    send(server, "alice@example.org")
    send(server, "whoever@example.org", '"what ever"@example.org')
    assert (server.count("alice"), server.count("bob")) == (1, 1)


@pytest.mark.parametrize("recipient", ["postmaster", "postmaster@example.org", "abuse@example.org"])
def test_postmaster_and_abuse_always_reach_somebody(make_server, recipient):
    server = make_server()
    send(server, recipient)
    assert server.count("alice") == 1  # the oldest account


def test_postmaster_goes_where_the_configuration_says(make_server):
    server = make_server(delivery={"postmaster": "bob@example.org"})
    send(server, "postmaster@example.org")
    assert server.count("bob") == 1


def test_mail_for_a_disabled_account_still_arrives(server):
    user = server.new_account()
    server.ctl("account", "disable", f"{user}@example.org")
    send(server, f"{user}@example.org")
    server.ctl("account", "enable", f"{user}@example.org")
    assert server.count(user) == 1


def test_an_account_that_is_new_gets_mail_at_once_and_one_that_has_gone_none(server):
    user = server.new_account()
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.says(f"C: RCPT TO:<{user}@example.org>").expect("250 2.1.5 ...")
        server.ctl("account", "remove", f"{user}@example.org", "--yes")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(MESSAGE).expect("550 5.1.1 ...")


def test_one_recipient_who_has_gone_makes_the_client_try_again(server):
    user, other = server.new_account(), server.new_account()
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.says(f"C: RCPT TO:<{user}@example.org>").expect("250 2.1.5 ...")
        talk.says(f"C: RCPT TO:<{other}@example.org>").expect("250 2.1.5 ...")
        server.ctl("account", "remove", f"{user}@example.org", "--yes")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(MESSAGE).expect("451 4.2.1 ...")
    assert server.count(other) == 0


def test_a_message_that_was_here_before_is_a_loop(server):
    user = server.new_account()
    send(server, f"{user}@example.org")
    (again,) = server.messages(user)
    send(server, f"{user}@example.org", message=again, reply="554 5.4.6 ...")
    other = server.new_account()
    send(server, f"{other}@example.org", message=again)
    assert (server.count(user), server.count(other)) == (1, 1)


def test_a_message_that_passed_too_many_servers_is_a_loop(make_server):
    server = make_server(delivery={"max_received": 10})
    received = b"Received: from a by b; Sat, 21 Nov 2026 10:00:00 +0000\r\n"
    send(server, "alice@example.org", message=received * 10 + MESSAGE)
    send(server, "alice@example.org", message=received * 11 + MESSAGE, reply="554 5.4.6 ...")
    assert server.count("alice") == 1


def test_the_reply_the_log_and_the_message_carry_one_id(server):
    user = server.new_account()
    mail_id = send(server, f"{user}@example.org").rsplit(" ", 1)[1]
    assert f" id {mail_id}\r\n".encode() in server.messages(user)[0]
    server.wait_log(
        rf"c=[0-9a-f]+ delivery id={mail_id} from=<a@example\.net> "
        rf"rcpt=<{user}@example\.org> rcpts=1 stored=1 queued=0 size="
    )


def test_the_log_names_every_recipient_beside_the_id(server):
    users = [f"{server.new_account()}@example.org" for _ in range(3)]
    mail_id = send(server, *users).rsplit(" ", 1)[1]
    for user in users:
        server.wait_log(rf"delivery id={mail_id} (from=\S+ )?rcpt=<{re.escape(user)}>")


def test_refusals_are_logged_with_what_the_peer_said_made_safe(server):
    with server.smtp() as talk:
        talk.says('C: MAIL FROM:<"a b\\\\"@example.net>').expect("250 ...")
        talk.says("C: RCPT TO:<nobody@example.org>").expect("550 5.1.1 ...")
    server.wait_log(r"smtp from=<a\\x20b\\x5c@example\.net> rcpt=<nobody@example\.org> reject=5\.1\.1")
