"""Submission: who may send what as whom, and what is mended. RFC 6409, RFC 5321 3.8."""

import re

import pytest

BODY = "\r\nhello\r\n"
FULL = "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <x@example.org>\r\n"


def submit(talk, message, sender="alice@example.org", to="bob@example.org"):
    """Up to the octets of the message; the reply is the caller's to read."""
    return talk.says(
        f"""
        C: MAIL FROM:<{sender}>
        S: 250 2.1.0 ...
        C: RCPT TO:<{to}>
        S: 250 2.1.5 ...
        C: DATA
        S: 354 ...
        """
    ).send_data(message.encode())


def arrived(server, user):
    """The one message of `user`, as text, our trace and Received cut off."""
    (message,) = server.messages(user)
    return re.split(r"\r\n\t[^\r\n]* [+-]\d{4}\r\n", message.decode(), maxsplit=1)[1]


# ---- sender and recipients ----


@pytest.mark.parametrize(
    "sender", ["", "alice@example.org", "ALICE@Example.org", "alice+tag@example.org", '"alice"@example.org']
)
def test_senders_of_the_account(server, sender):
    with server.submission("alice") as talk:
        talk.says(f"C: MAIL FROM:<{sender}>").expect("250 2.1.0 Sender ok")


@pytest.mark.parametrize(
    "sender",
    ["bob@example.org", "alice@example.net", "nobody@example.org", "alicex@example.org", "alice@[127.0.0.1]"],
)
def test_senders_of_others(server, sender):
    with server.submission("alice") as talk:
        talk.says(f"C: MAIL FROM:<{sender}>").expect("553 5.7.1 ...")
        talk.says("C: RCPT TO:<bob@example.org>").expect("503 5.5.1 ...")
        talk.says("C: MAIL FROM:<alice@example.org>").expect("250 2.1.0 ...")


def test_an_alias_is_an_address_of_those_behind_it(server):
    server.ctl("alias", "add", "team@example.org", "alice@example.org")
    with server.submission("alice") as talk:
        talk.says("C: MAIL FROM:<team@example.org>").expect("250 2.1.0 ...")
    with server.submission("bob") as talk:
        talk.says("C: MAIL FROM:<team@example.org>").expect("553 5.7.1 ...")


@pytest.mark.parametrize(
    "to,reply",
    [
        ("bob@example.net", "250 2.1.5 Recipient ok"),
        ('"bob b"@example.net', "250 2.1.5 ..."),
        ("böb@bücher.example", "250 2.1.5 ..."),
        ("bob@[192.0.2.1]", "550 5.1.2 ..."),
        ("bob@[IPv6:2001:db8::1]", "550 5.1.2 ..."),
        ("bob@example..net", "501 5.1.3 ..."),
        ("bob@xn--a.example.net", "553 5.1.3 ..."),
        ("nobody@example.org", "550 5.1.1 ..."),
    ],
)
def test_accounts_write_to_everybody(server, to, reply):
    with server.submission("alice") as talk:
        talk.says("C: MAIL FROM:<alice@example.org> SMTPUTF8").expect("250 ...")
        talk.says(f"C: RCPT TO:<{to}>").expect(reply)


def test_an_account_writes_to_so_many_within_an_hour(make_server):
    server = make_server(delivery={"max_recipients_per_hour": 2})
    with server.submission("alice") as talk:
        talk.says(
            """
            C: MAIL FROM:<alice@example.org>
            S: 250 ...
            C: RCPT TO:<a@example.net>
            S: 250 ...
            C: RCPT TO:<bob@example.org>
            S: 250 ...
            C: RCPT TO:<b@example.net>
            S: 250 ...
            C: RCPT TO:<c@example.net>
            S: 452 4.7.1 Too many recipients within an hour, try again later
            C: RCPT TO:<alice@example.org>
            S: 250 ...
            """
        )


# ---- the From field ----


@pytest.mark.parametrize(
    "fields,reply",
    [
        ("From: alice@example.org", "250 2.0.0 ..."),
        ("From: Alice <ALICE+x@example.org>", "250 2.0.0 ..."),
        ("From: =?utf-8?q?Al=C3=AFce?= <alice@example.org>", "250 2.0.0 ..."),
        ("From: alice@example.org\r\nSender: alice@example.org", "250 2.0.0 ..."),
        ("From: bob@example.org", "550 5.7.1 ..."),
        ('From: "alice@example.org" <bob@example.org>', "550 5.7.1 ..."),
        ("From: alice@example.org, bob@example.org", "550 5.7.1 ..."),
        ("From: president@example.net", "550 5.7.1 ..."),
        ("From: alice@example.org\r\nSender: bob@example.org", "550 5.7.1 ..."),
        ("From: alice@example.org\r\nResent-From: bob@example.org", "550 5.7.1 ..."),
        ("From: bob@example.org <alice@example.org>", "550 5.6.0 Unclear whom it is from: ..."),
        ("From: alice@example.org <alice@example.org>", "250 2.0.0 ..."),
        ("From: alice", "550 5.7.1 ..."),
        ("Subject: no author", "550 5.6.0 There is no From field"),
        ("From: ", "550 5.6.0 No usable address in From"),
        ("From: nobody:;", "550 5.6.0 ..."),
        ("From: alice@example.org\r\nFrom: alice@example.org", "550 5.6.0 ..."),
        ("From: alice@example.org\r\nFROM : bob@example.org", "550 5.6.0 ..."),
    ],
)
def test_no_one_writes_in_anothers_name(server, fields, reply):
    user = server.new_account()
    with server.submission("alice") as talk:
        submit(talk, f"{fields}\r\n{FULL}{BODY}", to=f"{user}@example.org").expect(reply)
        talk.says("C: NOOP").expect("250 ...")
    assert server.count(user) == (1 if reply.startswith("250") else 0)


# ---- what is mended ----


def test_a_complete_message_is_left_alone(server):
    user = server.new_account()
    message = f"{FULL}From: alice@example.org\r\nX-Odd : kept \r\n{BODY}"
    with server.submission("alice") as talk:
        submit(talk, message, to=f"{user}@example.org").expect("250 ...")
    assert arrived(server, user) == message


def test_date_and_message_id_are_added_behind_received(server):
    user = server.new_account()
    with server.submission("alice") as talk:
        line = submit(talk, f"From: alice@example.org\r\n{BODY}", to=f"{user}@example.org").expect("250 ...")
    mail_id = re.search(r"\w{26}", line).group()
    assert re.fullmatch(
        r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r\n"
        rf"Message-ID: <{mail_id}@mail\.example\.org>\r\nFrom: alice@example\.org\r\n\r\nhello\r\n",
        arrived(server, user),
    )


def test_bcc_and_return_path_are_removed(server):
    user = server.new_account()
    message = (
        f"Bcc: x@example.org,\r\n y@example.org\r\n{FULL}Return-Path: <z@example.net>\r\n"
        f"From: alice@example.org\r\nbcc:\r\nResent-Bcc: w@example.org\r\nTo: bob@example.org\r\n{BODY}"
    )
    with server.submission("alice") as talk:
        submit(talk, message, to=f"{user}@example.org").expect("250 ...")
    assert arrived(server, user) == (
        f"{FULL}From: alice@example.org\r\nTo: bob@example.org\r\n{BODY}"
    )


def test_a_large_message_is_mended_too(server):
    user = server.new_account()
    body = "0123456789" * 7 + "\r\n"
    with server.submission("alice") as talk:
        message = f"From: alice@example.org\r\nBcc: x\r\n\r\n{body * 20000}"
        submit(talk, message, to=f"{user}@example.org").expect("250 ...")
    text = arrived(server, user)
    assert text.startswith("Date: ") and "Bcc" not in text
    assert text.endswith(f"\r\nFrom: alice@example.org\r\n\r\n{body * 20000}")


@pytest.mark.parametrize("service,word", [("submission", "ESMTPSA"), ("submissions", "ESMTPSA")])
def test_the_trace_says_that_somebody_was_logged_in(server, service, word):
    user = server.new_account()
    with server.submission("alice", service) as talk:
        submit(talk, f"From: alice@example.org\r\n{FULL}{BODY}", to=f"{user}@example.org").expect("250 ...")
    (message,) = server.messages(user)
    assert f" with {word} id ".encode() in message
    assert message.startswith(b"Return-Path: <alice@example.org>\r\n")


def test_submission_by_bdat(server):
    user = server.new_account()
    message = f"{FULL}From: alice@example.org\r\n{BODY}".encode()
    with server.submission("alice") as talk:
        talk.says(f"C: MAIL FROM:<alice@example.org>\nS: 250 ...\nC: RCPT TO:<{user}@example.org>\nS: 250 ...")
        talk.send(b"BDAT %d LAST\r\n" % len(message) + message).expect("250 2.0.0 ...")
    server.assert_arrived(user, message)


def test_internationalised_mail(server):
    server.ctl("account", "add", "jürgen@example.org", "--password-stdin", stdin="geheim\n")
    message = f"{FULL}From: alice@example.org\r\nSubject: Grüße\r\n{BODY}".encode()
    with server.submission("alice") as talk:
        talk.says(
            """
            C: MAIL FROM:<alice@example.org>
            S: 250 ...
            C: RCPT TO:<jürgen@example.org>
            S: 553 5.6.7 ...
            C: RSET
            S: 250 ...
            C: MAIL FROM:<alice@example.org> BODY=8BITMIME SMTPUTF8
            S: 250 ...
            C: RCPT TO:<JÜRGEN@example.org>
            S: 250 2.1.5 ...
            C: DATA
            S: 354 ...
            """
        ).send_data(message).expect("250 2.0.0 ...")
    server.passwords["jürgen@example.org"] = "geheim"
    (arrived_octets,) = server.messages("jürgen@example.org")
    assert arrived_octets.endswith(message)
    assert " with UTF8SMTPSA id ".encode() in arrived_octets
    assert "Delivered-To: jürgen@example.org\r\n".encode() in arrived_octets
