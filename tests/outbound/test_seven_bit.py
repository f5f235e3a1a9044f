"""8-bit mail for a server that takes 7 bits only is converted, and signed for what arrives: RFC 6152 3."""

import email
import email.policy

import dkim
import pytest
from conftest import route_to, submit, waiting
from receiver import EXTENSIONS, Receiver
from signing import RSA, generate, signing_server

SEVEN = [word for word in EXTENSIONS if word not in ("8BITMIME", "SMTPUTF8")]
TEXT = "Grüße aus Köln, und noch etwas mehr Text, der nur Buchstaben ohne Punkte hat\r\n.\r\n..\r\n"
MAIL = (
    "Subject: hello\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n\r\n" + TEXT
).encode()


@pytest.fixture
def old_server():
    with Receiver(extensions=SEVEN) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def key():
    """As from generate."""
    return generate(RSA)


def verifies(octets, key):
    record = b"v=DKIM1; k=rsa; p=" + "".join(key[2].splitlines()[1:-1]).encode()
    return dkim.verify(octets, dnsfunc=lambda name, **_: record if name == b"now._domainkey.example.org." else None)


def arrival(server, sink):
    server.wait_for(lambda: sink.messages, "the message to arrive")
    return sink.messages[0]


def test_text_is_converted_and_signed_again(make_server, old_server, key):
    server = signing_server(make_server, old_server, {"now": key})
    submit(server, ["bob@away.example"], MAIL, mail_options=["BODY=8BITMIME"])
    message = arrival(server, old_server)
    assert message.octets.isascii()
    assert "BODY=" not in message.mail_line and f"SIZE={len(message.octets)}" in message.mail_line
    parsed = email.message_from_bytes(message.octets, policy=email.policy.SMTP)
    assert parsed["Content-Transfer-Encoding"] == "quoted-printable"
    assert parsed.get_payload(decode=True) == TEXT.encode()
    assert message.octets.count(b"DKIM-Signature:") == 1
    assert verifies(message.octets, key)
    assert not verifies(message.octets.replace(b"Subject: hello", b"Subject: hallo"), key)


def test_a_server_of_8_bits_gets_what_was_written(make_server, sink, key):
    server = signing_server(make_server, sink, {"now": key})
    submit(server, ["bob@away.example"], MAIL, mail_options=["BODY=8BITMIME"])
    message = arrival(server, sink)
    assert TEXT.encode() in message.octets and "BODY=8BITMIME" in message.mail_line
    assert verifies(message.octets, key)


def test_mail_larger_than_memory_holds_is_converted(make_server, old_server, key):
    """Beyond the 256 KiB that stay off the disk, on the way in and on the way out."""
    server = signing_server(make_server, old_server, {"now": key})
    body = TEXT.encode() * 12000
    mail = MAIL[: -len(TEXT.encode())].replace(b"text/plain; charset=utf-8", b"application/octet-stream") + body
    submit(server, ["bob@away.example"], mail, mail_options=["BODY=8BITMIME"])
    message = arrival(server, old_server)
    assert message.octets.isascii()
    assert email.message_from_bytes(message.octets).get_payload(decode=True) == body
    assert verifies(message.octets, key)


def test_mail_of_strangers_that_is_sent_on_is_converted_unsigned(make_server, old_server, key):
    server = signing_server(make_server, old_server, {"now": key})
    server.ctl("alias", "add", "away@example.org", "bob@near.example")
    foreign = b"DKIM-Signature: v=1; a=rsa-sha256; d=far.example; s=x; h=from; bh=YQ==; b=YQ==\r\n"
    server.deliver("away", foreign + b"From: joe@far.example\r\n" + MAIL, sender="joe@far.example")
    octets = arrival(server, old_server).octets
    assert octets.isascii() and foreign in octets and octets.count(b"DKIM-Signature") == 1
    assert email.message_from_bytes(octets).get_payload(decode=True) == TEXT.encode()


def test_all_recipients_of_all_transactions_get_it(make_server, old_server, key):
    conf = route_to(old_server)
    conf["queue"]["max_recipients_per_transaction"] = 2
    server = make_server(**conf)
    people = [f"bob{i}@away.example" for i in range(5)]
    submit(server, people, MAIL, mail_options=["BODY=8BITMIME"])
    server.wait_for(lambda: len(old_server.delivered()) == 5, "the message to arrive")
    assert sorted(r for r, _ in old_server.delivered()) == people
    assert all(octets.isascii() for _, octets in old_server.delivered())


@pytest.mark.parametrize(
    ("mail", "status", "words"),
    [
        (
            "Subject: hallo\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n"
            "--s\r\n\r\nGrüße\r\n--s\r\n\r\nx\r\n--s--\r\n",
            "5.6.3",
            "it cannot be converted, since a part of it is signed or encrypted",
        ),
        ("Subject: Grüße\r\n\r\nx\r\n", "5.6.3", "since a field of its header has 8-bit octets"),
    ],
)
def test_what_cannot_be_converted_comes_back_with_words(make_server, old_server, mail, status, words):
    server = make_server(**route_to(old_server))
    submit(server, ["bob@away.example"], mail.encode(), mail_options=["BODY=8BITMIME"])
    server.wait_for(lambda: server.count("alice") == 1, "the report to arrive")
    report = server.messages("alice")[0]
    assert f"Status: {status}".encode() in report
    assert words in " ".join(email.message_from_bytes(report).get_payload(0).get_payload(decode=True).decode().split())
    assert waiting(server) == 0 and not old_server.messages


def test_internationalized_mail_comes_back(make_server, old_server):
    server = make_server(**route_to(old_server))
    mail = "Subject: Grüße\r\n\r\nGrüße\r\n".encode()
    submit(server, ["bob@away.example"], mail, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    server.wait_for(lambda: server.count("alice") == 1, "the report to arrive")
    assert b"Status: 5.6.7" in server.messages("alice")[0]


def test_a_server_that_leaves_during_the_conversion_gets_it_later(make_server, key):
    with Receiver({"MAIL": [None]}, extensions=SEVEN) as sink:
        server = signing_server(make_server, sink, {"now": key})
        submit(server, ["bob@away.example"], MAIL, mail_options=["BODY=8BITMIME"])
        message = arrival(server, sink)
        assert verifies(message.octets, key) and waiting(server) <= 1


def test_a_server_that_knows_no_extensions_gets_it_converted(make_server, key):
    with Receiver(extensions=(), script={"EHLO": ["502 5.5.1 no"]}) as sink:
        server = signing_server(make_server, sink, {"now": key})
        submit(server, ["bob@away.example"], MAIL, mail_options=["BODY=8BITMIME"])
        message = arrival(server, sink)
        assert message.octets.isascii() and message.mail_line == "MAIL FROM:<alice@example.org>"
        assert verifies(message.octets, key)


def test_what_is_signed_within_a_message_arrives_octet_for_octet(make_server, old_server, key):
    """RFC 1847 2.1: beside it everything is converted."""
    signed = (
        "Content-Type: multipart/signed; boundary=s\r\n\r\n"
        "--s\r\nContent-Transfer-Encoding: 8bit\r\n\r\nplain  \r\n--s\r\n\r\nsignature\r\n--s--\r\n"
    )
    mail = (
        "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n--m\r\n{signed}\r\n--m\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{TEXT}--m--\r\n"
    )
    server = signing_server(make_server, old_server, {"now": key})
    submit(server, ["bob@away.example"], mail.encode(), mail_options=["BODY=8BITMIME"])
    octets = arrival(server, old_server).octets
    assert octets.isascii() and signed.encode() in octets and verifies(octets, key)
    text = email.message_from_bytes(octets).get_payload(1)
    assert text.get_payload(decode=True) == TEXT.removesuffix("\r\n").encode()
