"""Python's own smtplib and poplib, as many small programs use them."""

import poplib
import smtplib

import pytest

from server import HOSTNAME, big_message, eml

ALICE = ("alice@example.org", "wonderland")


def pop3s(server):
    mail = poplib.POP3_SSL("localhost", server.ports["pop3s"], context=server.tls, timeout=60)
    mail.user(ALICE[0])
    mail.pass_(ALICE[1])
    return mail


def joined(lines):
    return b"".join(line + b"\r\n" for line in lines)


def test_sendmail_on_port_25_and_retr(server):
    server.empty("alice")
    with smtplib.SMTP("localhost", server.ports["smtp"], "client.example.net", timeout=60) as smtp:
        assert smtp.ehlo()[0] == 250
        assert smtp.has_extn("pipelining") and smtp.has_extn("chunking")
        refused = smtp.sendmail("sender@example.net", ["alice@example.org"], eml("multipart.eml"))
        assert refused == {}
    mail = pop3s(server)
    response, lines, octets = mail.retr(1)
    mail.quit()
    assert joined(lines).endswith(eml("multipart.eml"))
    assert octets == len(joined(lines))
    server.assert_arrived("alice", eml("multipart.eml"))


def test_some_recipients_refused_the_others_served(server):
    server.empty("alice")
    with smtplib.SMTP("localhost", server.ports["smtp"], "client.example.net", timeout=60) as smtp:
        to = ["nobody@example.org", "alice@example.org", "someone@example.com"]
        refused = smtp.sendmail("sender@example.net", to, eml("plain.eml"))
    assert sorted(refused) == ["nobody@example.org", "someone@example.com"]
    assert refused["nobody@example.org"][0] == 550
    server.assert_arrived("alice", eml("plain.eml"))


@pytest.mark.parametrize("service", ["submission", "submissions"])
def test_login_and_send(server, service):
    server.empty("alice")
    if service == "submissions":
        smtp = smtplib.SMTP_SSL("localhost", server.ports[service], context=server.tls, timeout=60)
    else:
        smtp = smtplib.SMTP("localhost", server.ports[service], timeout=60)
        smtp.starttls(context=server.tls)
    with smtp:
        smtp.login("bob@example.org", server.passwords["bob"])
        smtp.sendmail("bob@example.org", "alice@example.org", eml("from-bob.eml"))
    server.assert_arrived("alice", eml("from-bob.eml"))


def test_a_wrong_password_is_an_authentication_error(server):
    smtp = smtplib.SMTP_SSL("localhost", server.ports["submissions"], context=server.tls, timeout=60)
    with smtp, pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        smtp.login("bob@example.org", "wrong")
    assert refusal.value.smtp_code == 535


def test_smtputf8_when_an_address_needs_it(server):
    server.empty("alice")
    with smtplib.SMTP("localhost", server.ports["smtp"], timeout=60) as smtp:
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        smtp.sendmail("jürgen@bücher.example", "alice@example.org", eml("eightbit.eml"), options)
    message = server.assert_arrived("alice", eml("eightbit.eml"))
    assert message.startswith("Return-Path: <jürgen@bücher.example>\r\n".encode())


def test_what_poplib_asks(server):
    server.empty("alice")
    for message in (eml("plain.eml"), eml("dots.eml"), big_message(100_000)):
        server.deliver("alice", message)
    stored = server.messages("alice")
    mail = poplib.POP3("localhost", server.ports["pop3"], timeout=60)
    assert "STLS" in mail.capa()
    mail.stls(context=server.tls)
    mail.user("alice")
    mail.pass_("wonderland")
    assert mail.stat() == (3, sum(map(len, stored)))
    assert [line.split()[0] for line in mail.uidl()[1]] == [b"1", b"2", b"3"]
    assert mail.list(2).endswith(b" %d" % len(stored[1]))
    assert joined(mail.retr(2)[1]) == stored[1]
    assert joined(mail.top(3, 0)[1]) == stored[2].split(b"\r\n\r\n")[0] + b"\r\n\r\n"
    mail.dele(1)
    mail.rset()
    mail.dele(3)
    mail.noop()
    with pytest.raises(poplib.error_proto):  # RFC 6856 2: not after login
        mail.utf8()
    mail.quit()
    assert server.messages("alice") == stored[:2]


def test_utf8_before_login(server):
    mail = poplib.POP3_SSL("localhost", server.ports["pop3s"], context=server.tls, timeout=60)
    assert HOSTNAME.encode() in mail.welcome
    assert mail.utf8().startswith(b"+OK")
    mail.user(ALICE[0])
    assert mail.pass_(ALICE[1]).startswith(b"+OK")
    mail.quit()
