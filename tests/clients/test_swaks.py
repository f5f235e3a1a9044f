"""swaks sends by every door: 25, 587 with STARTTLS, 465, and by each login it knows."""

import re

import pytest

from programs import run
from server import eml


@pytest.fixture
def swaks(server, tmp_path):
    """Sends a message of tests/data to alice, its octets as they are; what swaks showed."""

    def swaks(service, *words, sender="sender@example.net", status=0, message="plain.eml"):
        # Left to itself it would end each message with an empty line of its own.
        data = tmp_path / "data"
        data.write_bytes(re.sub(rb"(?m)^\.", b"..", eml(message)) + b".\r\n")
        return run(
            *("swaks", "--server", "127.0.0.1", "--port", server.ports[service]),
            *("--helo", "client.example.net", "--from", sender, "--to", "alice@example.org"),
            *("--data", f"@{data}", "--no-data-fixup", *words),
            status=status,
        )

    return swaks


def verified(server, how):
    return (how, "--tls-verify", "--tls-ca-path", server.certificate.certificate)


def login(mechanism, user="bob", password="builder's tea"):
    return ("--auth", mechanism, "--auth-user", user, "--auth-password", password)


@pytest.mark.parametrize("message", ["plain.eml", "dots.eml", "multipart.eml", "eightbit.eml"])
def test_a_message_comes_in_on_port_25(server, swaks, message):
    server.empty("alice")
    swaks("smtp", message=message)
    server.assert_arrived("alice", eml(message))


def test_port_25_takes_it_under_starttls_too(server, swaks):
    server.empty("alice")
    said = swaks("smtp", *verified(server, "--tls"))
    assert "=== TLS started" in said
    assert b"with ESMTPS" in server.assert_arrived("alice", eml("plain.eml"))


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("service, tls", [("submission", "--tls"), ("submissions", "--tlsc")])
def test_an_account_sends_after_its_login(server, swaks, service, tls, mechanism):
    server.empty("alice")
    swaks(
        *(service, *verified(server, tls), *login(mechanism)),
        sender="bob@example.org",
        message="from-bob.eml",
    )
    assert b"with ESMTPSA" in server.assert_arrived("alice", eml("from-bob.eml"))


def test_a_wrong_password_sends_nothing(server, swaks):
    server.empty("alice")
    said = swaks(
        *("submissions", *verified(server, "--tlsc"), *login("PLAIN", password="wrong")),
        sender="bob@example.org",
        status=None,
    )
    assert "535 5.7.8" in said
    assert server.count("alice") == 0


def test_submission_without_a_login_is_refused(server, swaks):
    said = swaks("submission", *verified(server, "--tls"), status=None)
    assert "530 5.7.0" in said


def test_pipelining_is_what_it_says(server, swaks):
    server.empty("alice")
    said = swaks("smtp", "--pipeline")
    assert "PIPELINING" in said
    server.assert_arrived("alice", eml("plain.eml"))


def test_port_25_relays_for_nobody(server):
    said = run(
        *("swaks", "--server", "127.0.0.1", "--port", server.ports["smtp"]),
        *("--from", "sender@example.net", "--to", "someone@example.com", "--quit-after", "RCPT"),
        status=None,
    )
    assert "550 5.7.1" in said
