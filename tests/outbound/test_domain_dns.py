"""mailserverctl domain dns: the records to publish, and whether the DNS has them."""

import hashlib
import json
import re
import ssl

import pytest

from dns_server import DnsServer
from server import DOMAIN, HOSTNAME, Certificate
from test_mx import digest, policy_server

ADDRESS = "198.18.0.1"
OTHER = "198.18.0.2"
POLICY = "version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 604800\r\n"
POLICY_ROW = (f"https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt", "HTTPS")


class Policy:
    """What the policy's web server says; a test may change it."""

    right = POLICY.format(mode="enforce", mx=HOSTNAME)
    text = right


@pytest.fixture(scope="module")
def name_server(tmp_path_factory):
    server = DnsServer(tmp_path_factory.mktemp("dns"))
    server.zone(DOMAIN, signed=True)
    server.zone("18.198.in-addr.arpa")
    server.zone("reports.example")
    server.zone("broken.example").fail()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def dns(name_server):
    """Its zones are empty; published they are by the test."""
    for zone in name_server.zones.values():
        zone.clear()
    return name_server


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    said = Policy()
    said.certificate = Certificate(tmp_path_factory.mktemp("web"), "web", (f"mta-sts.{DOMAIN}",))
    with policy_server(said.certificate, said) as said.port:
        yield said


@pytest.fixture
def policy(web):
    web.text = web.right
    return web


@pytest.fixture(scope="module")
def server_with_keys(module_servers, name_server, web):
    queue = {"mta_sts_port": web.port, "private_addresses": True,
             "ca_file": str(web.certificate.certificate)}
    listen = {"imaps": {"port": 993, "address": "127.0.0.1"}}  # never started
    made = module_servers(start=False, resolver=name_server.conf, queue=queue, listen=listen)
    made.ctl("domain", "dkim", "add", DOMAIN)
    return made


@pytest.fixture
def server(server_with_keys, policy):
    settings = server_with_keys.settings
    yield server_with_keys
    server_with_keys.settings = settings
    server_with_keys.configure({})


def wanted(server):
    """(name, type, value) of each line that is no remark, as the zone file has them."""
    lines = [line.split("\t") for line in server.ctl("domain", "dns", DOMAIN).splitlines()]
    return [tuple(line) for line in lines if line[0] != ";"]


def rows(server):
    """The exit status, and the rows that were judged by (name, type)."""
    done = server.ctl("--json", "domain", "dns", DOMAIN, "--check", check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found, done.stderr
    assert all("state" in row for row in found if row["name"] != ";")
    return done.returncode, {(row["name"], row["type"]): row for row in found if "state" in row}


def check(server):
    """The exit status, and state and found by (name, type)."""
    status, judged = rows(server)
    return status, {key: (row["state"], row["found"]) for key, row in judged.items()}


def judged(server, owner, kind):
    """One row."""
    name = owner if owner.endswith(".") or "/" in owner else f"{owner}.{DOMAIN}.".removeprefix("@.")
    return rows(server)[1][name, kind]


def publish(server, dns):
    """The whole output, pasted, and what the provider of the address sets."""
    zone = dns.zones[DOMAIN]
    records = {}
    for name, kind, value in wanted(server):
        records.setdefault((name, kind), []).append(value)
    for (name, kind), values in records.items():
        zone.set(name, kind, *values)
    zone.set("mail", "A", ADDRESS).set("mta-sts", "A", "127.0.0.1")
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
    assert states[POLICY_ROW] == ("right", "mode enforce")
    assert status == 0


def test_nothing_published_is_missing(server, dns):
    dns.publish()
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
        ("_25._tcp.mail", "TLSA", "1 1 1 " + "ab" * 32, "wrong"),
        ("_imaps._tcp", "SRV", "7 7 993 elsewhere", "wrong"),
        ("_dmarc", "TXT", '"v=DMARC1; p=rejct"', "wrong"),
        ("_dmarc", "TXT", '"v=DMARC1; rua=mailto:a@example.org"', "wrong"),
        ("_smtp._tls", "TXT", '"v=TLSRPTv1; rua=http://example.org"', "wrong"),
        ("_mta-sts", "TXT", '"v=STSv1; id=not.this"', "wrong"),
        ("@", "TXT", f'"v=spf1 a:mail.example.org ip4:{OTHER} -all"', "right"),
        ("@", "TXT", f'"v=spf1 ip4:{OTHER} -all"', "wrong"),
        ("@", "TXT", '"v=spf1 mx ipv4:198.18.0.1"', "wrong"),
        ("@", "TXT", '"v=spf1 include:%{d2}.example -all"', "unknown"),
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
    fix = judged(server, owner, kind).get("fix", "")
    assert bool(fix) == (state == "wrong")


# ---- what is wrong, and what to do ----


def test_reports_to_another_domain_need_its_word(server, dns):
    """RFC 7489 7.1."""
    record = '"v=DMARC1; p=none; rua=mailto:a@mail.example.org,mailto:b@reports.example!10m"'
    zone, other = publish(server, dns), dns.zones["reports.example"]
    zone.set(zone.absolute("_dmarc"), "TXT", record)
    dns.publish()
    row = judged(server, "_dmarc", "TXT")
    name = f"{DOMAIN}._report._dmarc.reports.example"
    assert row["state"] == "wrong" and f'publishes {name} TXT "v=DMARC1;"' in row["fix"]
    for words, state in ("v=spf1 -all", "wrong"), ("v=DMARC1; rua=mailto:c@reports.example", "right"):
        other.text(f"{DOMAIN}._report._dmarc", words)
        dns.publish()
        assert judged(server, "_dmarc", "TXT")["state"] == state
    zone.set(zone.absolute("_dmarc"), "TXT", '"v=DMARC1; p=none; ruf=mailto:d@broken.example"')
    dns.publish()
    assert judged(server, "_dmarc", "TXT")["state"] == "unknown"


def test_spf_that_does_not_name_the_server_says_what_to_add(server, dns):
    publish(server, dns).set(f"{DOMAIN}.", "TXT", f'"v=spf1 ip4:{OTHER} ~all"')
    dns.publish()
    row = judged(server, "@", "TXT")
    assert f"mail from {ADDRESS}: softfail" in row["found"]
    assert f"add ip4:{ADDRESS} in front" in row["fix"]


def test_spf_includes_are_followed_as_receivers_do(server, dns):
    zone = publish(server, dns)
    zone.set(f"{DOMAIN}.", "TXT", '"v=spf1 include:_spf.example.org -all"')
    zone.text("_spf", f"v=spf1 ip4:{ADDRESS} -all")
    dns.publish()
    assert judged(server, "@", "TXT")["state"] == "right"
    zone.text("_spf", "v=spf1 include:_spf.example.org -all")
    dns.publish()
    row = judged(server, "@", "TXT")
    assert row["state"] == "wrong" and "more than 10 DNS lookups" in row["fix"]


@pytest.mark.parametrize("selector, matching", [(0, 1), (1, 1)])
def test_any_digest_of_our_certificate_will_do(server, dns, selector, matching):
    value = digest(server.certificate)
    if selector == 0:
        der = ssl.PEM_cert_to_DER_cert(server.certificate.certificate.read_text())
        value = hashlib.sha256(der).hexdigest()
    zone = publish(server, dns)
    zone.set(f"_25._tcp.{HOSTNAME}.", "TLSA", f"3 {selector} {matching} {value}", "3 1 1 " + "ab" * 32)
    dns.publish()
    assert judged(server, "_25._tcp.mail", "TLSA")["state"] == "right"


@pytest.mark.parametrize("text, state, words", [
    (POLICY.format(mode="enforce", mx=HOSTNAME), "right", "mode enforce"),
    (POLICY.format(mode="testing", mx="*.example.org"), "right", "nothing is enforced"),
    (POLICY.format(mode="enforce", mx="mx.example.net"), "wrong", "without this server"),
    (POLICY.format(mode="force", mx=HOSTNAME), "wrong", "mode"),
    ("<html>not found</html>", "wrong", ""),
])
def test_the_policy_is_fetched_and_must_name_the_server(server, dns, policy, text, state, words):
    policy.text = text
    publish(server, dns)
    row = judged(server, *POLICY_ROW)
    assert row["state"] == state and words in row["found"]
    assert bool(row.get("fix")) == (state == "wrong")


def test_a_policy_server_that_is_not_there_is_told(server, dns):
    publish(server, dns).set("mta-sts", "A", "127.0.0.9")
    dns.publish()
    status, found = rows(server)
    assert status == 1 and found[POLICY_ROW]["state"] == "wrong"
    assert "connect" in found[POLICY_ROW]["found"]


def test_an_address_that_the_machine_does_not_have_is_wrong_where_it_has_a_public_one(server, dns):
    server.configure({"listen": {"smtp": {"port": 25, "address": "9.9.9.9"}}})
    zone = publish(server, dns)
    row = judged(server, "mail", "A")
    assert row["state"] == "wrong" and "9.9.9.9 is one" in row["fix"]
    zone.set("mail", "A", "9.9.9.9")
    dns.publish()
    assert judged(server, "mail", "A")["found"] == "9.9.9.9"


def test_behind_a_router_the_address_is_another_and_right(server, dns):
    server.configure({"listen": {"smtp": {"port": 25, "address": "10.1.2.3"}}})
    publish(server, dns)
    row = judged(server, "mail", "A")
    assert row["state"] == "right" and "router" in row["found"]


def test_the_name_of_a_mail_server_is_no_alias(server, dns):
    zone = publish(server, dns)
    for key in [key for key in zone.records if key[0] in ("mail", f"{HOSTNAME}.")]:
        del zone.records[key]
    zone.set("mail", "CNAME", "host").set("host", "A", ADDRESS)
    dns.publish()
    row = judged(server, "mail", "A")
    assert row["state"] == "wrong" and "alias of host.example.org" in row["fix"]


def test_a_person_reads_what_to_do_in_the_last_column(server, dns):
    publish(server, dns).set(f"{DOMAIN}.", "MX", "10 elsewhere")
    dns.publish()
    said = server.ctl("domain", "dns", DOMAIN, "--check", check=False).stdout
    (line,) = [one for one in said.splitlines() if one.startswith(f"{DOMAIN}.\tMX")]
    assert line.split("\t")[3:] == ["wrong", f"10 elsewhere.{DOMAIN}.",
                                    f"mail for the domain goes to another server: publish 10 {HOSTNAME}."]


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
    dns.publish()
    server = make_server(start=False, resolver=dns.conf)
    assert "no keys yet" in server.ctl("domain", "dns", DOMAIN)
    assert check(server)[0] == 1
