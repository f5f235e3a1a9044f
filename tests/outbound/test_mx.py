"""Mail that finds its way by the DNS: MX, DANE and MTA-STS, with signed zones and real TLS."""

import contextlib
import hashlib
import http.server
import pathlib
import socket
import ssl
import subprocess
import threading

import pytest

from conftest import submit
from receiver import Receiver
from test_route import waiting

POLICY = "version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n"


def outbound(dns, sink, **queue):
    """Settings of a server that finds the sink by MX."""
    return {
        "resolver": dns.conf,
        "queue": {"smtp_port": sink.port, "private_addresses": True, "idle_connection": "100ms",
                  "retry_first": "200ms", "retry_max": "500ms", "mta_sts": False, **queue},
    }


def digest(certificate):
    """Of its key, for TLSA 3 1 1."""
    key = subprocess.run(["openssl", "x509", "-in", certificate.certificate, "-noout", "-pubkey"],
                         check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key,
                         check=True, capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def goes_out(server, sink, domain):
    submit(server, [f"bob@{domain}"])
    server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
    server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
    return sink.messages[0]


def stays(server, sink, domain):
    """It is tried twice, and not sent."""
    submit(server, [f"bob@{domain}"])
    server.wait_for(lambda: server.log.count("status=deferred") >= 2, "two attempts")
    assert not sink.messages
    assert waiting(server) == 1


def test_the_mail_server_of_the_domain_gets_it(make_server, dns):
    with Receiver() as sink:
        server = make_server(**outbound(dns.start(), sink))
        assert goes_out(server, sink, "example.net").recipients == ["bob@example.net"]


def test_any_certificate_does_where_nothing_is_demanded(make_server, dns, certify):
    with Receiver(certificate=certify("somebody.else")) as sink:
        server = make_server(**outbound(dns.start(), sink))
        assert goes_out(server, sink, "example.com").tls == "TLSv1.3"


def test_dane_takes_the_key_that_is_published(make_server, dns, certify):
    certificate = certify("whatever.example")
    with Receiver(certificate=certificate) as sink:
        dns.zones["example.net"].set(f"_{sink.port}._tcp.mx", "TLSA", f"3 1 1 {digest(certificate)}")
        server = make_server(**outbound(dns.start(), sink))
        assert goes_out(server, sink, "example.net").tls == "TLSv1.3"


def test_dane_refuses_any_other_key(make_server, dns, certify):
    with Receiver(certificate=certify("mx.example.net")) as sink:
        dns.zones["example.net"].set(f"_{sink.port}._tcp.mx", "TLSA", "3 1 1 " + "00" * 32)
        stays(make_server(**outbound(dns.start(), sink)), sink, "example.net")


def test_dane_refuses_a_server_without_tls(make_server, dns):
    with Receiver() as sink:
        dns.zones["example.net"].set(f"_{sink.port}._tcp.mx", "TLSA", "3 1 1 " + "00" * 32)
        stays(make_server(**outbound(dns.start(), sink)), sink, "example.net")


def test_dane_holds_for_an_alias_that_leads_out_of_the_signed_zone(make_server, dns, certify):
    """RFC 7672 2.2.2: by the records of the alias's own name."""
    with Receiver(certificate=certify("mx.example.com")) as sink:
        zone = dns.zones["example.net"].set("@", "MX", "10 alias")
        zone.set("alias", "CNAME", "mx.example.com.")
        zone.set(f"_{sink.port}._tcp.alias", "TLSA", "3 1 1 " + "00" * 32)
        stays(make_server(**outbound(dns.start(), sink)), sink, "example.net")


@pytest.mark.parametrize("owner, kind", [("@", "MX"), ("mx", "A"), ("_{port}._tcp.mx", "TLSA")])
def test_nothing_is_sent_by_what_is_signed_wrongly(make_server, dns, owner, kind):
    with Receiver() as sink:
        zone = dns.zones["example.net"]
        owner = owner.format(port=sink.port)
        zone.set(f"_{sink.port}._tcp.mx", "TLSA", "3 1 1 " + "00" * 32).spoil(owner, kind)
        stays(make_server(**outbound(dns.start(), sink)), sink, "example.net")


# ---- an administrator's word ----


def test_no_tls_is_spoken_where_an_administrator_wants_none(make_server, dns, certify):
    """Whatever the domain publishes."""
    certificate = certify("mx.example.net")
    with Receiver(certificate=certificate) as sink:
        dns.zones["example.net"].set(f"_{sink.port}._tcp.mx", "TLSA", f"3 1 1 {digest(certificate)}")
        none = [{"domains": ["example.net"], "mode": "none"}]
        server = make_server(**outbound(dns.start(), sink, tls=none))
        assert goes_out(server, sink, "example.net").tls is None


def test_dane_is_had_where_an_administrator_wants_nothing_less(make_server, dns, certify):
    certificate = certify("mx.example.net")
    with Receiver(certificate=certificate) as sink:
        dns.zones["example.net"].set(f"_{sink.port}._tcp.mx", "TLSA", f"3 1 1 {digest(certificate)}")
        wanted = [{"domains": ["example.net", "example.com"], "mode": "dane-only"}]
        server = make_server(**outbound(dns.start(), sink, tls=wanted))
        assert goes_out(server, sink, "example.net").tls == "TLSv1.3"
        submit(server, ["bob@example.com"])
        server.wait_log('to=<bob@example.com> status=deferred .*why="[^"]*demands DANE')
        assert len(sink.messages) == 1


# ---- MTA-STS ----


@contextlib.contextmanager
def policy_server(certificate, text):
    """An HTTPS server that has the policy, whatever is asked: a text, or what has it as `text`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            self.wfile.write(getattr(text, "text", text).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.private_key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@contextlib.contextmanager
def with_policy(make_server, dns, sink, certify, mode, mx, trusted=(), below="", **queue):
    """A server that sends to example.com, which has this policy; or a name below it has."""
    web = certify(f"mta-sts{below}.example.com")
    authorities = dns.directory / "authorities.pem"
    authorities.write_text("".join(c.certificate.read_text() for c in (web, *trusted)))
    zone = dns.zones["example.com"].text(f"_mta-sts{below}", "v=STSv1; id=1;")
    zone.set(f"mta-sts{below}", "A", "127.0.0.1")
    with policy_server(web, POLICY.format(mode=mode, mx=mx)) as port:
        yield make_server(**outbound(dns.start(), sink, mta_sts=True, mta_sts_port=port,
                                     ca_file=str(authorities), **queue))


def test_mta_sts_takes_the_certificate_of_a_named_host(make_server, dns, certify):
    certificate = certify("mx.example.com")
    with Receiver(certificate=certificate) as sink, \
            with_policy(make_server, dns, sink, certify, "enforce", "mx.example.com",
                        [certificate]) as server:
        assert goes_out(server, sink, "example.com").tls == "TLSv1.3"
        assert "sts domain=example.com fetch=ok" in server.log


def test_libcurl_is_loaded_with_the_first_policy(make_server, dns, certify):
    certificate = certify("mx.example.com")
    with Receiver(certificate=certificate) as sink, \
            with_policy(make_server, dns, sink, certify, "enforce", "mx.example.com",
                        [certificate]) as server:
        loaded = pathlib.Path(f"/proc/{server.pid}/maps")
        assert "no-libcurl" not in server.log
        goes_out(server, sink, "example.net")
        assert "libcurl" not in loaded.read_text()
        submit(server, ["bob@example.com"])
        server.wait_for(lambda: len(sink.messages) == 2, "the message to arrive")
        assert "libcurl" in loaded.read_text()


@pytest.mark.parametrize("mode, mx, sent", [
    ("enforce", "*.example.com", False),   # the host is named, its certificate is nobody's
    ("enforce", "other.example.com", False),
    ("testing", "other.example.com", True),
    ("none", "other.example.com", True),
])
def test_mta_sts_says_what_is_refused(make_server, dns, certify, mode, mx, sent):
    with Receiver(certificate=certify("mx.example.com")) as sink, \
            with_policy(make_server, dns, sink, certify, mode, mx) as server:
        (goes_out if sent else stays)(server, sink, "example.com")


@pytest.mark.parametrize("mx, encrypted, trusted, words", [
    ("other.example.com", True, True, "the policy does not name this mail server"),
    ("mx.example.com", True, False, "its certificate is not valid for its name"),
    ("mx.example.com", False, False, "there is no TLS"),
    ("mx.example.com", True, True, None),
])
def test_mta_sts_being_tested_says_once_what_it_would_stop(make_server, dns, certify, mx, encrypted,
                                                           trusted, words):
    certificate = certify("mx.example.com")
    with Receiver(certificate=certificate if encrypted else None) as sink, \
            with_policy(make_server, dns, sink, certify, "testing", mx, [certificate] if trusted else []) as server:
        for count in (1, 2):
            submit(server, ["bob@example.com"])
            server.wait_for(lambda: len(sink.messages) == count, "the message to arrive")
            # Nothing is kept open: the second has a connection of its own.
            server.wait_for(lambda: not sink.open, "the connection to end")
        assert sink.connections == 2
        said = [line for line in server.log.splitlines() if "mta-sts=testing" in line]
        assert len(said) == (1 if words else 0)
        assert not words or f'mx=mx.example.com mta-sts=testing would_fail="{words}"' in said[0]


def test_mta_sts_refuses_a_server_without_tls(make_server, dns, certify):
    with Receiver() as sink, \
            with_policy(make_server, dns, sink, certify, "enforce", "mx.example.com") as server:
        stays(server, sink, "example.com")


@pytest.mark.parametrize("encrypted", [True, False])
def test_the_policy_of_a_smarthost_is_its_own(make_server, dns, certify, encrypted):
    """RFC 8461 3.4; what the recipient's domain has does not count."""
    certificate = certify("mx.example.com")
    with Receiver(certificate=certificate if encrypted else None) as sink:
        route = {"domains": ["*"], "host": "mx.example.com", "port": sink.port}
        with with_policy(make_server, dns, sink, certify, "enforce", "mx.example.com", [certificate],
                         below=".mx", routes=[route]) as server:
            (goes_out if encrypted else stays)(server, sink, "away.example")
            assert "sts domain=mx.example.com fetch=ok" in server.log


def test_a_policy_that_never_comes_does_not_hold_up_the_end(make_server, dns):
    with Receiver() as sink, socket.create_server(("127.0.0.1", 0)) as silent:
        dns.zones["example.com"].text("_mta-sts", "v=STSv1; id=1;").set("mta-sts", "A", "127.0.0.1")
        server = make_server(**outbound(dns.start(), sink, mta_sts=True,
                                        mta_sts_port=silent.getsockname()[1]))
        submit(server, ["bob@example.com"])
        fetch, _ = silent.accept()
        with fetch:
            server.stop()
        assert not sink.messages
        assert waiting(server) == 1
