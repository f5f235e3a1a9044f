"""SCRAM as other people's code does it: GNU SASL's tool, msmtp and mpop, PLUS included."""

import pytest

from programs import run
from server import eml

SCRAM = ["SCRAM-SHA-1", "SCRAM-SHA-256"]
PLUS = ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"]


def gsasl(server, mechanism, password, *words, status=0):
    # With binding data at hand its client refuses to do without (RFC 5802 6).
    binding = () if mechanism.endswith("-PLUS") else ("--no-cb",)
    return run(
        *("gsasl", "--smtp", "--starttls", f"--connect=localhost:{server.ports['submission']}"),
        *(f"--mechanism={mechanism}", "--no-client-first", "--authentication-id=bob@example.org"),
        *("--authorization-id=", f"--password={password}", "--verbose"),
        f"--x509-ca-file={server.certificate.certificate}",
        *(*binding, *words),
        status=status,
    )


@pytest.mark.parametrize("version", ["-VERS-ALL:+VERS-TLS1.2", "-VERS-ALL:+VERS-TLS1.3"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", *SCRAM, *PLUS])
def test_gsasl_logs_in_by(server, mechanism, version):
    words = (f"--priority=NORMAL:{version}",)
    said = gsasl(server, mechanism, server.passwords["bob"], *words)
    assert "235 2.7.0" in said


@pytest.mark.parametrize("mechanism", [*SCRAM, *PLUS])
def test_gsasl_with_a_wrong_password_does_not(server, mechanism):
    said = gsasl(server, mechanism, "wrong", status=None)
    assert "535 5.7.8" in said
    assert "235 " not in said


@pytest.mark.parametrize("service, starttls", [("submission", "on"), ("submissions", "off")])
@pytest.mark.parametrize("mechanism", [m.lower() for m in SCRAM])
def test_msmtp_sends_by(server, tmp_path, mechanism, service, starttls):
    server.empty("alice")
    rc = tmp_path / "msmtprc"
    rc.write_text(
        f"""
        account default
        host localhost
        port {server.ports[service]}
        tls on
        tls_starttls {starttls}
        tls_trust_file {server.certificate.certificate}
        auth {mechanism}
        user bob@example.org
        password "{server.passwords["bob"]}"
        from bob@example.org
        """
    )
    rc.chmod(0o600)
    message = eml("from-bob.eml").replace(b"\r\n", b"\n")
    run("msmtp", f"--file={rc}", "alice@example.org", stdin=message)
    server.assert_arrived("alice", eml("from-bob.eml"))


@pytest.mark.parametrize("service, starttls", [("pop3", "on"), ("pop3s", "off")])
@pytest.mark.parametrize("mechanism", ["plain", "login", *[m.lower() for m in SCRAM]])
def test_mpop_fetches_by(server, tmp_path, mechanism, service, starttls):
    server.empty("alice")
    server.deliver("alice", "dots.eml")
    maildir = tmp_path / "maildir"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    rc = tmp_path / "mpoprc"
    rc.write_text(
        f"""
        account default
        host localhost
        port {server.ports[service]}
        tls on
        tls_starttls {starttls}
        tls_trust_file {server.certificate.certificate}
        auth {mechanism}
        user alice@example.org
        password {server.passwords["alice"]}
        delivery maildir {maildir}
        uidls_file {tmp_path}/uidls
        keep off
        received_header off
        """
    )
    rc.chmod(0o600)
    run("mpop", f"--file={rc}")
    (path,) = (maildir / "new").iterdir()
    assert path.read_bytes().replace(b"\r\n", b"\n").endswith(eml("dots.eml").replace(b"\r\n", b"\n"))
    assert server.count("alice") == 0
