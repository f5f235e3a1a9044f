"""openssl s_client: the handshakes, the versions of TLS, the certificate as a client sees it."""

import subprocess

import pytest

from programs import GUARD_SECONDS, find, run

SMTP = (b"EHLO client.example.net\r\nQUIT\r\n", "221 ")
POP3 = (b"CAPA\r\nQUIT\r\n", "IMPLEMENTATION")
DOORS = [
    ("smtp", ("-starttls", "smtp"), SMTP),
    ("submission", ("-starttls", "smtp"), SMTP),
    ("submissions", (), SMTP),
    ("pop3", ("-starttls", "pop3"), POP3),
    ("pop3s", (), POP3),
]


def s_client(server, service, *words, stdin=b"", status=0):
    return run(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{server.ports[service]}"),
        *("-CAfile", server.certificate.certificate, "-verify_return_error"),
        *("-verify_hostname", "mail.example.org", "-ign_eof", *words),
        stdin=stdin,
        status=status,
    )


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("service, how, talk", DOORS, ids=[d[0] for d in DOORS])
def test_the_handshake_and_the_talk_after_it(server, service, how, talk, version):
    sends, wants = talk
    said = s_client(server, service, version, *how, stdin=sends)
    assert "Verify return code: 0 (ok)" in said
    assert wants in said


@pytest.mark.parametrize("service", ["submissions", "pop3s"])
@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused(server, service, version):
    said = s_client(server, service, version, "-cipher", "ALL@SECLEVEL=0", status=1)
    assert "protocol version" in said


def test_port_25_gives_no_session_tickets_and_465_does(server):
    """Exchange Online fails on tickets on port 25."""
    for service, how, tickets in (("smtp", ("-starttls", "smtp"), False), ("submissions", (), True)):
        said = s_client(server, service, "-tls1_2", *how, stdin=b"QUIT\r\n")
        assert ("TLS session ticket:" in said) == tickets, service


def test_nothing_is_renegotiated(server):
    """A TLS 1.2 client that asks for a new handshake (R) does not get one."""
    with subprocess.Popen(
        [find("openssl"), "s_client", "-connect", f"127.0.0.1:{server.ports['pop3s']}", "-tls1_2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as client:
        # Asked only after the greeting: s_client fails on data that crosses its handshake.
        said = read_until(client.stdout, b"+OK")
        said += client.communicate(b"R\nQUIT\r\n", timeout=GUARD_SECONDS)[0]
    assert b"RENEGOTIATING" in said
    assert b"no renegotiation" in said
    assert server.running


def read_until(stream, octets):
    said = b""
    while octets not in said:
        more = stream.read1()
        assert more, f"it ended without {octets}: {said}"
        said += more
    return said
