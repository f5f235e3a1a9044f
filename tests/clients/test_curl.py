"""curl sends by smtp and smtps and fetches by pop3 and pop3s, certificate checked."""

import pytest

from programs import octets_from, run
from server import SOURCE, big_message, eml

ALICE = "alice@example.org:wonderland"
BOB = "bob@example.org:builder's tea"


def url(server, scheme, service, path=""):
    # The certificate names localhost; 127.0.0.1 is where it listens.
    return (
        *("--url", f"{scheme}://localhost:{server.ports[service]}/{path}"),
        *("--resolve", f"localhost:{server.ports[service]}:127.0.0.1"),
        *("-sS", "--cacert", server.certificate.certificate),
    )


def upload(name):
    # RFC 5321 2.3.8: curl sends the file's octets, so they must end in CRLF; --crlf makes them.
    return ("--crlf", "--upload-file", SOURCE / "tests" / "data" / name)


@pytest.mark.parametrize("message", ["plain.eml", "dots.eml", "multipart.eml"])
def test_smtp_on_port_25(server, message):
    server.empty("alice")
    run(
        *("curl", *url(server, "smtp", "smtp", "client.example.net"), *upload(message)),
        *("--mail-from", "sender@example.net", "--mail-rcpt", "alice@example.org"),
    )
    server.assert_arrived("alice", eml(message))


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("scheme, service", [("smtp", "submission"), ("smtps", "submissions")])
def test_submission_by(server, scheme, service, mechanism):
    server.empty("alice")
    run(
        *("curl", *url(server, scheme, service), "--ssl-reqd", *upload("from-bob.eml")),
        *("--user", BOB, "--login-options", f"AUTH={mechanism}"),
        *("--mail-from", "bob@example.org", "--mail-rcpt", "alice@example.org"),
    )
    server.assert_arrived("alice", eml("from-bob.eml"))


@pytest.mark.parametrize("login", [(), ("--sasl-ir",), ("--login-options", "AUTH=LOGIN")])
@pytest.mark.parametrize("scheme, service", [("pop3", "pop3"), ("pop3s", "pop3s")])
def test_fetching_by(server, scheme, service, login):
    server.empty("alice")
    server.deliver("alice", "dots.eml")
    server.deliver("alice", "multipart.eml")
    stored = server.messages("alice")
    for number, octets in enumerate(stored, 1):
        where = url(server, scheme, service, number)
        got = octets_from("curl", *where, "--ssl-reqd", "--user", ALICE, *login)
        assert got == octets


def test_a_large_message_comes_back_octet_for_octet(server):
    server.empty("alice")
    server.deliver("alice", big_message(3_000_000))
    (stored,) = server.messages("alice")
    got = octets_from("curl", *url(server, "pop3s", "pop3s", "1"), "--user", ALICE)
    assert got == stored
    assert got.endswith(big_message(3_000_000))


def test_list_uidl_and_top(server):
    server.empty("alice")
    server.deliver("alice", "plain.eml")
    (stored,) = server.messages("alice")
    where = (*url(server, "pop3s", "pop3s"), "--user", ALICE)
    assert octets_from("curl", *where) == b"1 %d\r\n" % len(stored)
    uidl = octets_from("curl", *where, "--request", "UIDL").split()
    assert uidl[0] == b"1" and len(uidl) == 2
    top = octets_from("curl", *where, "--request", "TOP 1 1")
    head, body = top.split(b"\r\n\r\n", 1)
    assert stored.startswith(head)
    assert body == b"One line of text, and a second one\r\n"


def test_dele_deletes_at_quit(server):
    server.empty("alice")
    server.deliver("alice", "plain.eml")
    server.deliver("alice", "dots.eml")
    where = url(server, "pop3s", "pop3s", "1")
    run("curl", *where, "--user", ALICE, "--request", "DELE", "--head")
    (left,) = server.messages("alice")
    assert left.endswith(eml("dots.eml"))


def test_a_password_never_goes_in_the_clear(server):
    said = run("curl", *url(server, "pop3", "pop3"), "--user", ALICE, "-v", status=67)
    assert "wonderland" not in said.split("< +OK", 1)[1]


def test_a_certificate_for_another_name_is_noticed(server):
    port = server.ports["pop3s"]
    run(
        *("curl", "-sS", "--url", f"pop3s://other.example.org:{port}/", "--user", ALICE),
        *("--resolve", f"other.example.org:{port}:127.0.0.1"),
        *("--cacert", server.certificate.certificate),
        status=60,
    )
