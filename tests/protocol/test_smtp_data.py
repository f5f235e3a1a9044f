"""DATA: what ends a message and what is in it. RFC 5321 4.1.1.4, 4.5.2, 2.3.8, RFC 1870."""

import re
import ssl

import pytest

from server import HOSTNAME, big_message, eml

MESSAGE = b"From: a@example.net\r\nSubject: x\r\n\r\nhello\r\n"


def ready_for_data(server, user, talk=None):
    talk = talk or server.smtp()
    return talk.says(
        f"""
        C: MAIL FROM:<a@example.net>
        S: 250 ...
        C: RCPT TO:<{user}@example.org>
        S: 250 ...
        C: DATA
        S: 354 ...
        """
    )


def received_after(server, user, octets):
    """The content that arrives when `octets` are sent behind DATA; our trace cut off."""
    with ready_for_data(server, user) as talk:
        talk.send(octets).expect("250 2.0.0 ...")
        talk.says("C: QUIT\nS: 221 ...").closes()
    return server.messages(user)[-1].split(b" +0000\r\n", 1)[1]


@pytest.fixture(scope="module")
def shared_server(module_servers):
    """Received ends with a date in local time; here that is UTC."""
    return module_servers(env={"TZ": "UTC"})


# ---- what is in it ----


@pytest.mark.parametrize(
    "sent,stored",
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"hello\r\n.\r\n", b"hello\r\n"),
        (b"..\r\n...\r\n..a\r\n.\r\n", b".\r\n..\r\n.a\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a.\r\n .\r\n.\r\n", b"a.\r\n .\r\n"),
        (b"caf\xc3\xa9 \xff\xfe\r\n.\r\n", b"caf\xc3\xa9 \xff\xfe\r\n"),
        (b"\x01\x1a\x1b\x7f\r\n.\r\n", b"\x01\x1a\x1b\x7f\r\n"),
        (b"one\ntwo\n.\r\n\r\n.\r\n", b"one\r\ntwo\r\n.\r\n\r\n"),
        (b"one\rtwo\r.\r\n\r\n.\r\n", b"one\r\ntwo\r\n.\r\n\r\n"),
    ],
)
def test_what_is_sent_is_stored(server, sent, stored):
    user = server.new_account()
    assert received_after(server, user, sent) == stored


def test_a_line_may_be_very_long(server):
    user = server.new_account()
    line = b"x" * 300_000 + b"\r\n"
    assert received_after(server, user, line + b".\r\n") == line


@pytest.mark.parametrize(
    "false_end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\n.\r",
        b"\r\n.\r\r\n",
        b"\r\n.\0\r\n",
        b"\r\n. \r\n",
        b"\r\n\0.\r\n",
    ],
)
def test_nothing_but_crlf_dot_crlf_ends_the_data(server, false_end):
    smuggled = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nsmuggled\r\n"
    user = server.new_account()
    with ready_for_data(server, user) as talk:
        talk.send(b"Subject: x\r\n\r\nfirst" + false_end + smuggled + b".\r\n")
        # One reply for the one message: refused where there is a NUL in it, else stored.
        talk.expect("554 5.6.0 ..." if b"\0" in false_end else "250 2.0.0 ...")
        talk.says("C: QUIT\nS: 221 ...").closes()
    assert server.count(user) == (0 if b"\0" in false_end else 1)
    assert not any(b"smuggled" in m for m in server.messages("bob"))


@pytest.mark.parametrize("name", ["plain.eml", "multipart.eml", "nested.eml", "dots.eml", "eightbit.eml"])
def test_ordinary_messages_arrive_octet_for_octet(server, name):
    user = server.new_account()
    server.deliver(user, name)
    server.assert_arrived(user, eml(name))


def test_every_split_of_the_end_in_two(server):
    user = server.new_account()
    sent = b"Subject: x\r\n\r\nlast line\r\n.\r\n"
    with server.smtp() as talk:
        for at in range(len(sent) - 8, len(sent)):
            ready_for_data(server, user, talk)
            talk.send(sent[:at]).send(sent[at:]).expect("250 2.0.0 ...")
    assert {m.split(b" +0000\r\n", 1)[1] for m in server.messages(user)} == {sent[:-3]}


def test_a_nul_is_refused_and_the_session_goes_on(server):
    user = server.new_account()
    with ready_for_data(server, user) as talk:
        talk.send(b"Subject: x\r\n\r\na\0b\r\n.\r\n").expect("554 5.6.0 ...")
        ready_for_data(server, user, talk)
        talk.send_data(MESSAGE).expect("250 2.0.0 ...")
    assert server.count(user) == 1


def test_bare_line_ends_are_rejected_when_configured(make_server):
    server = make_server(smtp={"bare_newline": "reject"})
    for bare in (b"a\nb\r\n", b"a\rb\r\n", b"\n.\r\n", b"\r\n.\n"):
        with ready_for_data(server, "alice") as talk:
            talk.send(b"Subject: x\r\n\r\n" + bare + b"\r\n.\r\n").expect("554 5.6.0 Lines must end ...")
            ready_for_data(server, "alice", talk)
            talk.send_data(MESSAGE).expect("250 2.0.0 ...")
            talk.send(b"NOOP\n").says("S: 421 4.5.2 ...").closes()
    assert server.count("alice") == 4


def test_a_client_that_leaves_in_the_middle_leaves_nothing(server):
    user = server.new_account()
    for octets in (b"", b"Subject: x\r\n", b"Subject: x\r\n\r\nhello\r\n.", b"a\r\n.\r"):
        with ready_for_data(server, user) as talk:
            talk.send(octets).finish_sending().closes()
    assert server.count(user) == 0


def test_octets_behind_a_refused_data_are_not_taken_for_commands(server):
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.send(b"DATA\r\nSubject: x\r\n\r\nRCPT TO:<bob@example.org>\r\n.\r\n")
        talk.says("S: 503 5.5.1 ...\nS: 421 4.7.0 ...").closes()


# ---- trace ----


def trace_of(message):
    return message.split(b"Subject:", 1)[0].decode()


def test_the_trace_says_from_whom_for_whom_and_how(server):
    user = server.new_account()
    with server.smtp() as talk:
        reply = server.deliver(user, MESSAGE.replace(b"From", b"X-From"), "a@example.net", talk)
    message = server.messages(user)[0].decode()
    mail_id = re.search(r"\w{26}", reply).group()
    assert re.match(
        rf"Return-Path: <a@example\.net>\r\nDelivered-To: {user}@example\.org\r\n"
        rf"Received: from client\.example\.net \(\[127\.0\.0\.1\]\)\r\n"
        rf"\tby {HOSTNAME} with ESMTP id {mail_id}\r\n\tfor <{user}@example\.org>;\r\n"
        r"\t[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000\r\nX-From: ",
        message,
    ), message


@pytest.mark.parametrize(
    "tls,utf8,word", [(False, "", "ESMTP"), (True, "", "ESMTPS"), (True, " SMTPUTF8", "UTF8SMTPS")]
)
def test_the_trace_names_the_protocol(server, tls, utf8, word):
    user = server.new_account()
    with server.smtp(tls=tls) as talk:
        talk.says(f"C: MAIL FROM:<>{utf8}").expect("250 ...")
        talk.says(f"C: RCPT TO:<{user}@example.org>").expect("250 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(MESSAGE).expect("250 ...")
    trace = trace_of(server.messages(user)[0])
    assert f" with {word} id " in trace
    assert ("\r\n\ttls TLS_" in trace) == tls
    assert trace.startswith("Return-Path: <>\r\n")


def test_the_trace_names_the_cipher_as_registered(server):
    user = server.new_account()
    context = server.certificate.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # where OpenSSL has names of its own
    with server.smtp() as talk:
        talk.tls = context
        talk.says("C: STARTTLS").expect("220 ...")
        talk.starttls()
        talk.says("C: EHLO client.example.net").until("250 HELP")
        ready_for_data(server, user, talk).send_data(MESSAGE).expect("250 ...")
    assert re.search(
        r"\r\n\ttls TLS_ECDHE_ECDSA_WITH_\w+ \(TLSv1\.2, \d+ bits\);", trace_of(server.messages(user)[0])
    )


def test_helo_in_the_clear_is_plain_smtp(server):
    user = server.new_account()
    with server.connect("smtp") as talk:
        talk.expect("220 ...")
        talk.says("C: HELO weird(name)").expect("250 ...")
        ready_for_data(server, user, talk)
        talk.send_data(MESSAGE).expect("250 ...")
    assert "from weird?name? ([127.0.0.1])\r\n\tby mail.example.org with SMTP id" in trace_of(
        server.messages(user)[0]
    )


def test_two_recipients_are_not_told_of_each_other(server):
    first, second = server.new_account(), server.new_account()
    with server.smtp() as talk:
        talk.says(
            f"""
            C: MAIL FROM:<>
            S: 250 ...
            C: RCPT TO:<{first}@example.org>
            S: 250 ...
            C: RCPT TO:<{second}@example.org>
            S: 250 ...
            C: DATA
            S: 354 ...
            """
        ).send_data(MESSAGE).expect("250 ...")
    for user, other in ((first, second), (second, first)):
        (message,) = server.messages(user)
        assert f"Delivered-To: {user}@example.org".encode() in message
        assert other.encode() not in message


# ---- size ----


def test_a_message_of_exactly_the_limit_is_accepted_and_no_larger(make_server):
    server = make_server(smtp={"max_message_size": "100K"})
    with server.smtp() as talk:
        ready_for_data(server, "alice", talk)
        talk.send_data(big_message(102400)).expect("250 2.0.0 ...")
        ready_for_data(server, "alice", talk)
        talk.send_data(big_message(102401)).expect("552 5.3.4 ...")
        ready_for_data(server, "alice", talk)
        talk.send_data(big_message(5000000)).expect("552 5.3.4 ...")
        ready_for_data(server, "alice", talk)
        talk.send_data(b".\r\n" * 34133 + b"\r\n").expect("552 5.3.4 ...")  # normal dots count
        talk.says("C: NOOP").expect("250 ...")
    assert server.count("alice") == 1


def test_a_large_message_passes_in_little_memory(make_server):
    # A sanitizer keeps what was freed, if it may.
    server = make_server(env={"ASAN_OPTIONS": "quarantine_size_mb=1"})
    octets = big_message(40_000_000)
    before = peak_memory(server)
    with ready_for_data(server, "alice") as talk:
        talk.send_data(octets).expect("250 2.0.0 ...")
    # Its file is mapped once, to be parsed; a second time it is not in memory.
    assert peak_memory(server) - before < 60_000_000
    server.assert_arrived("alice", octets)


def peak_memory(server):
    with open(f"/proc/{server.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) * 1024
