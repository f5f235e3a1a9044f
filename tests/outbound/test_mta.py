"""We and the mail servers that most others have, Postfix and Exim: what we send, and the way back."""

import re
import smtplib

import pytest

from conftest import QUICK, submit, waiting
from dkimpy_check import verified
from dns_server import DnsServer
from mta import SIZE_LIMIT, UTF8_USER, Exim, Postfix
from ports import free_port
from server import DOMAIN, Certificate
from signing import BOTH, publish
from test_mx import digest

# Nobody else chooses ports there.
ADDRESSES = {Postfix: "127.0.0.22", Exim: "127.0.0.23"}


class World:
    """Our server, theirs, and the DNS by which ours finds them."""

    def __init__(self, server, dns, mtas):
        self.server, self.dns, self.mtas = server, dns, mtas


@pytest.fixture(scope="module")
def world(tmp_path_factory, module_servers):
    port = free_port(*ADDRESSES.values())
    dns = DnsServer(tmp_path_factory.mktemp("dns"))
    certificates = tmp_path_factory.mktemp("certificates")
    made = {}
    for kind, address in ADDRESSES.items():
        host = f"mx.{kind.domain}"
        made[kind] = Certificate(certificates, kind.domain, (host,))
        zone = dns.zone(kind.domain, signed=True).set("@", "MX", "10 mx").set("mx", "A", address)
        if kind is Postfix:
            zone.set(f"_{port}._tcp.mx", "TLSA", f"3 1 1 {digest(made[kind])}")
    dns.zone(DOMAIN)
    dns.start()
    try:
        server = module_servers(
            start=False,
            resolver=dns.conf,
            queue={**QUICK, "private_addresses": True, "mta_sts": False, "smtp_port": port},
        )
        server.ctl("domain", "dkim", "add", DOMAIN)
        publish(server.start(), dns)
        relay = server.ports["smtp"]
        with Postfix(ADDRESSES[Postfix], port, made[Postfix], relay) as postfix, \
                Exim(ADDRESSES[Exim], port, made[Exim], relay) as exim:
            yield World(server, dns, {"postfix": postfix, "exim": exim})
    finally:
        dns.stop()


@pytest.fixture(params=["postfix", "exim"])
def mta(request, world):
    chosen = world.mtas[request.param]
    yield chosen
    if request.node.session.testsfailed:
        print(chosen.log)


@pytest.fixture
def server(world):
    world.server.empty("alice")
    return world.server


def comes(server, mta, subject, user="bob"):
    """The message of that subject, once it is there."""
    wanted = f"\r\nSubject: {subject}\r\n".encode()
    server.wait_for(lambda: any(wanted in m for m in mta.arrived(user)), f"to reach {mta.domain}")
    (message,) = [m for m in mta.arrived(user) if wanted in m]
    return message


def inbox(server):
    """The one message that comes to alice."""
    server.wait_for(lambda: server.count("alice") == 1, "the answer to arrive")
    return server.messages("alice")[0]


# ---- what we send ----


def test_every_octet_and_both_signatures_arrive_under_tls(world, server, mta):
    lines = "".join(f"{'.' * (i % 4)}line {i} {'x' * (i % 90)} \t\r\n" for i in range(300))
    submit(server, [f"bob@{mta.domain}"], f"Subject: octets\r\n\r\n{lines}.\r\n..\r\n\r\n")
    message = comes(server, mta, "octets")
    assert message.endswith(f"\r\nSubject: octets\r\n\r\n{lines}.\r\n..\r\n\r\n".encode())
    secured = {"postfix.example": "dane-ee", "exim.example": "unverified"}[mta.domain]
    sent = rf'status=sent mx=mx\.{mta.domain} ip={mta.address} tls="TLSv1\.3 [^"]* {secured}"'
    server.wait_log(sent)
    assert verified(message[message.index(b"DKIM-Signature: "):], world.dns) == BOTH


def test_a_large_message_goes_in_chunks(server, mta):
    lines = "".join(f"{i:060d}\r\n" for i in range(20000))
    submit(server, [f"bob@{mta.domain}"], f"Subject: chunks\r\n\r\n{lines}")
    assert comes(server, mta, "chunks").endswith(f"\r\n\r\n{lines}".encode())
    server.wait_for(lambda: mta.chunked in mta.log, "to be logged there as chunks")


def test_commands_go_together_and_exim_notes_it(world, server):
    """Its log has L where PIPELINING was used, L- where it was offered and not used."""
    exim = world.mtas["exim"]
    with server.submission("alice") as talk:
        talk.says("C: MAIL FROM:<alice@example.org>").expect("250 ...")
        for name in ("bob", "bob+one", "nobody"):
            talk.says(f"C: RCPT TO:<{name}@exim.example>").expect("250 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(b"From: alice@example.org\r\nSubject: together\r\n\r\nhello\r\n").expect("250 ...")
    comes(server, exim, "together")
    ours = [line for line in exim.log.splitlines() if " <= alice@example.org H=(mail.example.org)" in line]
    assert ours and all(" L. " in line for line in ours)
    inbox(server)  # the report about those who are not there: it is not for the next test


def test_what_is_too_large_is_never_sent(server, mta):
    submit(server, [f"bob@{mta.domain}"], "Subject: large\r\n\r\n" + ("x" * 70 + "\r\n") * 30000)
    report = inbox(server)
    assert b"Status: 5.3.4" in report and f"bob@{mta.domain}".encode() in report
    assert waiting(server) == 0
    assert not [m for m in mta.arrived() if len(m) > SIZE_LIMIT]


def test_an_unknown_recipient_comes_back_and_the_known_one_gets_it(server, mta):
    submit(server, [f"bob@{mta.domain}", f"nobody@{mta.domain}"], "Subject: two\r\n\r\nhello\r\n")
    comes(server, mta, "two")
    report = inbox(server)
    assert f"Final-Recipient: rfc822; nobody@{mta.domain}".encode() in report
    assert f"Final-Recipient: rfc822; bob@{mta.domain}".encode() not in report
    assert re.search(rb"Diagnostic-Code: smtp; 550", report)


def test_an_address_of_other_letters_gets_mail(server, mta):
    with server.submission("alice") as talk:
        talk.says("C: MAIL FROM:<alice@example.org> SMTPUTF8").expect("250 ...")
        talk.says(f"C: RCPT TO:<{UTF8_USER}@{mta.domain}>").expect("250 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data("From: alice@example.org\r\nSubject: gr\u00fc\u00dfe\r\n\r\nhello\r\n".encode())
        talk.expect("250 ...")
    assert comes(server, mta, "gr\u00fc\u00dfe", mta.utf8_directory)


def test_success_is_reported_by_them_with_what_was_asked(server, mta):
    submit(server, [f"bob@{mta.domain}"], "Subject: tell me\r\n\r\nhello\r\n",
           mail_options=["RET=HDRS", "ENVID=abc+2B1"],
           rcpt_options=["NOTIFY=SUCCESS", f"ORCPT=rfc822;robert@{mta.domain}"])
    comes(server, mta, "tell me")
    report = inbox(server)
    assert b"Action: delivered" in report and f"Reporting-MTA: dns; mx.{mta.domain}".encode() in report
    assert re.search(rb"(?i)\nOriginal-Envelope-Id: abc\+(1|2B1)\r", report)
    assert f"Original-Recipient: rfc822;robert@{mta.domain}".encode() in report.replace(b"; ", b";")


# ---- the way back ----


def by_them(mta, recipients, message):
    """Given to them by somebody, for others."""
    with smtplib.SMTP(mta.address, mta.port, "client.example.net", timeout=60) as client:
        client.starttls()
        client.sendmail(f"bob@{mta.domain}", recipients, message)


def test_what_they_relay_is_in_the_mailbox_as_it_was(server, mta):
    body = b"".join(b"%s%d %s\r\n" % (b"." * (i % 3), i, b"y" * (i % 80)) for i in range(20000))
    by_them(mta, ["alice@example.org"], b"From: bob@away.example\r\nSubject: relayed\r\n\r\n" + body)
    message = inbox(server)
    assert message.endswith(b"\r\n\r\n" + body)
    assert message.startswith(f"Return-Path: <bob@{mta.domain}>\r\n".encode())
    assert re.search(rb"by mail\.example\.org [^;]*ESMTPS", message)


def test_what_we_refuse_they_report_with_our_words(server, mta):
    by_them(mta, ["nobody@example.org"], b"Subject: refused\r\n\r\nhello\r\n")
    server.wait_for(lambda: any(b"nobody@example.org" in m for m in mta.arrived()), "the bounce")
    (report,) = [m for m in mta.arrived() if b"nobody@example.org" in m]
    assert b"550 5.1.1" in report
