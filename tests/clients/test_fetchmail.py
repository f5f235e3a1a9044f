"""fetchmail fetches everything by STLS and by pop3s, and deletes what it has handed on."""

import pytest

from programs import deliver_into, delivered_into, run
from server import eml

# fetchmail hands lines on with LF.
def as_unix(octets):
    return octets.replace(b"\r\n", b"\n")


def fetchmail(server, directory, service, ssl, keep="no keep", user="alice", status=0):
    """Runs it once; the messages it handed to its delivery program, in order."""
    inbox = directory / "inbox"
    inbox.mkdir(exist_ok=True)
    rc = directory / "fetchmailrc"
    rc.write_text(
        f"""
        set no bouncemail
        set invisible
        poll localhost protocol pop3 port {server.ports[service]} uidl
          user "{user}@example.org" password "{server.passwords[user]}"
          {ssl} sslcertck sslcertfile "{server.certificate.certificate}"
          {keep} fetchall no rewrite
          mda "{deliver_into(inbox)}"
        """
    )
    rc.chmod(0o600)
    home = {"FETCHMAILHOME": str(directory), "HOME": str(directory)}
    run("fetchmail", "-f", rc, "--nodetach", "--nosyslog", "-v", env=home, status=status)
    return delivered_into(inbox)


@pytest.mark.parametrize(
    "service, ssl", [("pop3s", "ssl"), ("pop3", "no ssl sslproto 'TLS1.2+'")], ids=["pop3s", "STLS"]
)
def test_everything_arrives_and_is_deleted(server, tmp_path, service, ssl):
    server.empty("alice")
    names = ("plain.eml", "dots.eml", "multipart.eml", "nested.eml")
    for name in names:
        server.deliver("alice", name)
    got = fetchmail(server, tmp_path, service, ssl)
    assert len(got) == len(names)
    for octets, name in zip(got, names):
        assert octets.endswith(as_unix(eml(name)))
    assert server.count("alice") == 0


def test_what_is_kept_is_not_fetched_twice(server, tmp_path):
    """It remembers UIDL: the ids are the same on another day."""
    server.empty("alice")
    server.deliver("alice", "plain.eml")
    keep = "keep no fetchall #"
    assert len(fetchmail(server, tmp_path, "pop3s", "ssl", keep)) == 1
    server.deliver("alice", "dots.eml")
    got = fetchmail(server, tmp_path, "pop3s", "ssl", keep)
    assert len(got) == 2
    assert got[1].endswith(as_unix(eml("dots.eml")))
    assert server.count("alice") == 2


def test_nothing_to_fetch_says_so(server, tmp_path):
    server.empty("alice")
    assert fetchmail(server, tmp_path, "pop3s", "ssl", status=1) == []
