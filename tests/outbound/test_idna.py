"""Domains of other letters (RFC 5890): found, secured and reported as those of ASCII are."""

import pytest

from conftest import QUICK, waiting
from dns_server import DnsServer
from receiver import EXTENSIONS, Receiver
from server import Certificate
from test_mx import POLICY, digest, policy_server

U, A = "b\u00fccher.example", "xn--bcher-kva.example"
ADDRESS = "127.0.0.2"


@pytest.fixture
def dns(tmp_path):
    server = DnsServer(tmp_path / "dns")
    server.zone(A, signed=True).set("@", "MX", "10 mx").set("mx", "A", ADDRESS)
    server.zone("example")
    yield server
    server.stop()


@pytest.fixture
def start(make_server, dns):
    """A server that finds the sink by the DNS, once its zones are as they shall be."""

    def start(sink, **queue):
        base = {**QUICK, "private_addresses": True, "mta_sts": False, "smtp_port": sink.port}
        return make_server(resolver=dns.start().conf, queue={**base, **queue})

    return start


def send(server, recipient):
    with server.submission("alice") as talk:
        talk.says("C: MAIL FROM:<alice@example.org> SMTPUTF8").expect("250 ...")
        talk.says(f"C: RCPT TO:<{recipient}>").expect("250 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(b"From: alice@example.org\r\nSubject: hello\r\n\r\nbody\r\n").expect("250 ...")


def arrives(server, sink):
    server.wait_for(lambda: sink.messages, "the message to arrive")
    server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
    return sink.messages[0]


@pytest.mark.parametrize("domain", [
    U, A, "B\u00dcCHER.Example", "bu\u0308cher.example", "XN--BCHER-KVA.example",
    "b\u00fccher\u3002example",
], ids=["letters", "ascii", "capitals", "decomposed", "ascii capitals", "ideographic stop"])
def test_every_way_to_write_a_domain_leads_to_it(start, domain):
    with Receiver(address=ADDRESS) as sink:
        server = start(sink)
        send(server, f"bob@{domain}")
        assert arrives(server, sink)


@pytest.mark.parametrize("sent_to", [U, A])
@pytest.mark.parametrize("named", [U, A])
def test_what_is_required_of_a_domain_is_however_it_is_written(start, named, sent_to):
    with Receiver(address=ADDRESS) as sink:
        server = start(sink, tls=[{"domains": [named], "mode": "require"}])
        send(server, f"bob@{sent_to}")
        assert "TLS" in server.wait_log("status=deferred .*")[0]
        assert not sink.messages


def test_a_certificate_is_that_of_the_ascii_name(start, tmp_path):
    certificate = Certificate(tmp_path, "web", (f"mx.{A}",))
    with Receiver(address=ADDRESS, certificate=certificate) as sink:
        tls = [{"domains": [U], "mode": "require"}]
        server = start(sink, tls=tls, ca_file=str(certificate.certificate))
        send(server, f"bob@{U}")
        arrives(server, sink)
        assert ' pkix" ' in server.wait_log("status=sent .*")[0]


def test_dane_records_are_found(start, dns, tmp_path):
    certificate = Certificate(tmp_path, "any", ("elsewhere.example",))
    with Receiver(address=ADDRESS, certificate=certificate) as sink:
        dns.zones[A].set(f"_{sink.port}._tcp.mx", "TLSA", f"3 1 1 {digest(certificate)}")
        server = start(sink)
        send(server, f"bob@{U}")
        arrives(server, sink)
        assert ' dane-ee" ' in server.wait_log("status=sent .*")[0]


def test_a_policy_holds(start, dns, tmp_path):
    web = Certificate(tmp_path, "web", (f"mta-sts.{A}",))
    dns.zones[A].text("_mta-sts", "v=STSv1; id=1;").set("mta-sts", "A", "127.0.0.1")
    with Receiver(address=ADDRESS) as sink, \
            policy_server(web, POLICY.format(mode="enforce", mx=f"mx.{A}")) as port:
        server = start(sink, mta_sts=True, mta_sts_port=port, ca_file=str(web.certificate))
        send(server, f"bob@{U}")
        assert "mx.xn--bcher-kva.example" in server.wait_log("status=deferred .*")[0]
        assert not sink.messages


def test_a_route_is_for_both_ways_to_write_it(start):
    with Receiver(address=ADDRESS) as sink:
        route = {"domains": [U], "host": ADDRESS, "port": sink.port}
        server = start(sink, routes=[route], smtp_port=1)
        send(server, f"bob@{A}")
        send(server, f"bob@{U}")
        server.wait_for(lambda: len(sink.messages) == 2, "both to arrive")


def test_a_domain_that_is_none_is_reported_and_the_report_names_it(start):
    with Receiver(address=ADDRESS) as sink:
        server = start(sink)
        send(server, "bob@m\u00fcll.example")
        server.wait_for(lambda: server.count("alice") == 1, "the report to arrive")
        report = server.messages("alice")[0]
        assert "m\u00fcll.example".encode() in report and b"Status: 5." in report


def test_a_server_without_smtputf8_is_told_apart(start):
    """Letters in front of the @ need SMTPUTF8; what becomes of the mail is said to its author."""
    plain = [one for one in EXTENSIONS if one != "SMTPUTF8"]
    with Receiver(address=ADDRESS, extensions=plain) as sink:
        server = start(sink)
        send(server, f"b\u00e4r@{U}")
        server.wait_for(lambda: server.count("alice") == 1, "the report to arrive")
        assert b"Status: 5.6.7" in server.messages("alice")[0]
        assert not sink.messages
