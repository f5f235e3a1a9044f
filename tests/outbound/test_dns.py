"""The resolver against a real name server: what is secure, what is not, what is wrong."""

import subprocess

import pytest

from dns_server import GUARD_SECONDS, DnsServer

DIGEST = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def dns(tmp_path_factory):
    server = DnsServer(tmp_path_factory.mktemp("dns"))
    org = server.zone("example.org", signed=True)
    org.set("@", "MX", "10 mx", "20 mx.example.net.").set("mx", "A", "192.0.2.1")
    org.set("mx", "AAAA", "2001:db8::1").set("_25._tcp.mx", "TLSA", f"3 1 1 {DIGEST}")
    org.set("alias", "CNAME", "mx").set("away", "CNAME", "mx.example.net.")
    org.set("lost", "CNAME", "nowhere").set("loop1", "CNAME", "loop2").set("loop2", "CNAME", "loop1")
    org.set("spoiled", "A", "192.0.2.66").spoil("spoiled", "A")
    org.set("null", "MX", "0 .").text("text", "v=STSv1; id=1;").text("long", "x" * 700)
    org.set("many", "MX", *(f"{i} mx{i}.a-rather-long-name-of-a-mail-server" for i in range(100)))
    org.set("_imaps._tcp", "SRV", "0 1 993 mx")
    net = server.zone("example.net")
    net.set("mx", "A", "192.0.2.2").set("back", "CNAME", "mx.example.org.")
    server.zone("broken.example").fail()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ask(build, dns):
    def ask(name, kind):
        """The records, and the line that sums up."""
        done = subprocess.run(
            [build.directory / "outbound_ask", dns.conf["servers"][0], dns.trust_anchor, name, kind],
            capture_output=True, text=True, timeout=GUARD_SECONDS)
        assert done.returncode == 0, done.stderr
        *records, summary = done.stdout.splitlines()
        return sorted(records), summary

    return ask


@pytest.mark.parametrize("name, kind, records, summary", [
    ("example.org", "MX", ["MX 10 mx.example.org", "MX 20 mx.example.net"], "ok secure example.org"),
    ("MX.Example.ORG.", "A", ["A 192.0.2.1"], "ok secure mx.example.org"),
    ("mx.example.org", "AAAA", ["AAAA 2001:db8::1"], "ok secure mx.example.org"),
    ("_25._tcp.mx.example.org", "TLSA", [f"TLSA 3 1 1 {DIGEST}"], "ok secure _25._tcp.mx.example.org"),
    ("_imaps._tcp.example.org", "SRV", ["SRV 0 1 993 mx.example.org"],
     "ok secure _imaps._tcp.example.org"),
    ("text.example.org", "TXT", ["TXT v=STSv1; id=1;"], "ok secure text.example.org"),
    ("null.example.org", "MX", ["MX 0 "], "ok secure null.example.org"),
    ("mx.example.net", "A", ["A 192.0.2.2"], "ok insecure mx.example.net"),
])
def test_a_record_is_told_with_what_vouches_for_it(ask, name, kind, records, summary):
    assert ask(name, kind) == (records, summary)


def test_strings_of_a_text_are_joined(ask):
    assert ask("long.example.org", "TXT") == (["TXT " + "x" * 700], "ok secure long.example.org")


@pytest.mark.parametrize("name, kind, summary", [
    ("mx.example.org", "MX", "nodata secure"),
    ("nowhere.example.org", "A", "nxdomain secure"),
    ("_25._tcp.nowhere.example.org", "TLSA", "nxdomain secure"),
    ("mx.example.net", "MX", "nodata insecure"),
    ("nowhere.example.net", "A", "nxdomain insecure"),
    ("spoiled.example.org", "A", "bogus insecure"),
    ("x.broken.example", "A", "temporary insecure"),
    ("no-zone.example", "A", "temporary insecure"),
    ("lost.example.org", "A", "nxdomain secure"),
    ("loop1.example.org", "A", "temporary insecure"),
])
def test_what_is_not_there_is_told_apart(ask, name, kind, summary):
    records, told = ask(name, kind)
    assert not records
    assert told.startswith(summary)


@pytest.mark.parametrize("name, records, summary", [
    ("alias.example.org", ["A 192.0.2.1"], "ok secure mx.example.org"),
    # One insecure step makes all of it so.
    ("away.example.org", ["A 192.0.2.2"], "ok insecure mx.example.net"),
    ("back.example.net", ["A 192.0.2.1"], "ok insecure mx.example.org"),
])
def test_an_alias_is_followed(ask, name, records, summary):
    assert ask(name, "A") == (records, summary)


def test_a_hundred_mail_servers_are_told_by_tcp(ask):
    records, summary = ask("many.example.org", "MX")
    assert len(records) == 100
    assert summary == "ok secure many.example.org"
    assert "MX 42 mx42.a-rather-long-name-of-a-mail-server.example.org" in records


def test_changes_count_from_their_publication_on(ask, dns):
    zone = dns.zones["example.org"]
    zone.set("new", "A", "192.0.2.9")
    dns.publish()
    assert ask("new.example.org", "A") == (["A 192.0.2.9"], "ok secure new.example.org")
    zone.set("new", "A", "192.0.2.10").spoil("new", "A")
    dns.publish()
    assert ask("new.example.org", "A")[1].startswith("bogus")
    zone.mend().set("new", "A").spoil("spoiled", "A")
    dns.publish()
    assert ask("new.example.org", "A")[1].startswith("nxdomain secure")
