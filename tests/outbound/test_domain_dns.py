"""mailserverctl domain dns: the records to publish, and whether the DNS has them."""

import json
import re

import pytest

from dns_server import DnsServer
from server import DOMAIN, HOSTNAME

ADDRESS = "198.18.0.1"


@pytest.fixture
def dns(tmp_path):
    server = DnsServer(tmp_path)
    server.zone(DOMAIN, signed=True)
    server.zone("18.198.in-addr.arpa")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(make_server, dns):
    made = make_server(start=False, resolver=dns.conf)
    made.ctl("domain", "dkim", "add", DOMAIN)
    return made


def wanted(server):
    """(name, type, value) of each line that is no remark, as the zone file has them."""
    lines = [line.split("\t") for line in server.ctl("domain", "dns", DOMAIN).splitlines()]
    return [tuple(line) for line in lines if line[0] != ";"]


def check(server):
    """The exit status, and state and found by (name, type)."""
    done = server.ctl("--json", "domain", "dns", DOMAIN, "--check", check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows, done.stderr
    return done.returncode, {
        (row["name"], row["type"]): (row["state"], row["found"]) for row in rows if "state" in row
    }


def publish(server, dns):
    """The whole output, pasted, and what the provider of the address sets."""
    zone = dns.zones[DOMAIN]
    records = {}
    for name, kind, value in wanted(server):
        records.setdefault((name, kind), []).append(value)
    for (name, kind), values in records.items():
        zone.set(name, kind, *values)
    zone.set("mail", "A", ADDRESS)
    dns.zones["18.198.in-addr.arpa"].set("1.0", "PTR", f"{HOSTNAME}.")
    dns.publish()
    return zone


def test_every_record_is_printed_as_zone_files_have_it(server):
    records = wanted(server)
    assert (f"{DOMAIN}.", "MX", f"10 {HOSTNAME}.") in records
    assert (f"{DOMAIN}.", "TXT", '"v=spf1 mx -all"') in records
    (tlsa,) = [value for _, kind, value in records if kind == "TLSA"]
    assert re.fullmatch("3 1 1 [0-9a-f]{64}", tlsa)
    names = [name for name, kind, _ in records if kind == "TXT"]
    assert len([name for name in names if "._domainkey." in name]) == 2
    assert {f"_dmarc.{DOMAIN}.", f"_mta-sts.{DOMAIN}.", f"_smtp._tls.{DOMAIN}."} <= set(names)


def test_what_is_printed_is_right_once_it_is_published(server, dns):
    publish(server, dns)
    status, states = check(server)
    wrong = {key: said for key, said in states.items() if said[0] != "right"}
    assert wrong == {(f"{HOSTNAME}.", "AAAA"): ("missing", "")}
    assert status == 0


def test_nothing_published_is_missing(server):
    status, states = check(server)
    assert status == 1
    assert {said[0] for said in states.values()} == {"missing"}


@pytest.mark.parametrize(
    "owner, kind, value, state",
    [
        ("@", "MX", "10 elsewhere", "wrong"),
        ("@", "MX", "77 mail", "right"),
        ("_dmarc", "TXT", '"v=DMARC1; p=reject"', "right"),
        ("_25._tcp.mail", "TLSA", "3 1 1 " + "ab" * 32, "wrong"),
    ],
)
def test_what_stands_there_is_judged_and_told(server, dns, owner, kind, value, state):
    zone = publish(server, dns)
    name = zone.absolute(owner)
    zone.records.pop((name, kind), None)
    zone.set(owner, kind, value)
    dns.publish()
    status, states = check(server)
    said, found = states[name, kind]
    assert (said, status) == (state, 0 if state == "right" else 1)
    assert value.strip('"').split()[-1][:8] in found


def test_two_spf_records_are_wrong(server, dns):
    zone = publish(server, dns)
    zone.set(f"{DOMAIN}.", "TXT", '"v=spf1 mx -all"', '"v=spf1 -all"', '"something else"')
    dns.publish()
    status, states = check(server)
    assert states[f"{DOMAIN}.", "TXT"][0] == "wrong" and status == 1


def test_a_key_that_is_not_ours_is_wrong(server, dns):
    zone = publish(server, dns)
    (name, *_) = [key[0] for key in zone.records if "._domainkey." in key[0]]
    zone.set(name, "TXT", '"v=DKIM1; k=ed25519; p=AAAA"')
    dns.publish()
    status, states = check(server)
    assert states[name, "TXT"][0] == "wrong" and status == 1


def test_an_address_whose_name_is_another_is_wrong(server, dns):
    publish(server, dns)
    dns.zones["18.198.in-addr.arpa"].set("1.0", "PTR", "dialup.example.net.")
    dns.publish()
    status, states = check(server)
    assert states["1.0.18.198.in-addr.arpa.", "PTR"] == ("wrong", "dialup.example.net.")
    assert status == 1


def test_what_cannot_be_believed_is_unknown(server, dns):
    publish(server, dns).spoil("@", "MX")
    dns.publish()
    status, states = check(server)
    assert states[f"{DOMAIN}.", "MX"] == ("unknown", "wrong DNSSEC signatures")
    assert status == 1


def test_without_keys_all_is_not_well(make_server, dns):
    server = make_server(start=False, resolver=dns.conf)
    assert "no keys yet" in server.ctl("domain", "dns", DOMAIN)
    assert check(server)[0] == 1
