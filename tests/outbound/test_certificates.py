"""Certificates of every kind: what a destination asks for is held to, and no more than that.

A kind of certificate is at each of four places: a domain that asks for nothing, one
for which our administrator requires a certificate, one with an MTA-STS policy, one
with the hash of the key in its signed zone (DANE-EE), one with that of its authority
(DANE-TA). Mail to all of them goes out at once.
"""

import contextlib
import hashlib
import re
import subprocess

import pytest

from authority import Authority
from conftest import QUICK, submit
from dns_server import DnsServer
from ports import places
from receiver import Receiver
from server import Certificate
from test_mx import POLICY, policy_server

PLACES = ("open", "must", "sts", "ee", "ta")
# What happens at each place: sent or not, in that order.
KINDS = {
    "good": "sent sent sent sent sent",
    "expired": "sent not not sent not",
    "early": "sent not not sent not",
    "self-signed": "sent not not sent not",
    "wrong-name": "sent not not sent not",
    "unknown": "sent not not sent sent",  # DANE names that authority
    "wildcard": "sent sent sent sent sent",
    "two-labels": "sent not not sent not",  # *.example is not a.b.example
    "cn-mx": "sent not not sent not",  # the name stands in the subject alone: RFC 8461 4.1
    "cn-ta": "sent not not sent sent",  # which is enough here: RFC 7672 3.2.3
    "weak": "sent not not sent sent",  # RSA of 1,024 bits: where signed records name it
    "no-middle": "sent not not sent not",
    "middle": "sent sent sent sent sent",
    "huge": "sent not not not not",  # where nothing is asked for, in the clear
}


def hosts(kind):
    """Its name at each place; that of a mail server which two places share."""
    return [f"{kind}.mx.example", f"{kind}.ee.example", f"{kind}.ta.example"]


def hash_of(certificate):
    """Of its key: TLSA x 1 1."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"],
                         check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key,
                         check=True, capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


def make_certificates(directory):
    """{kind: certificate}, {kind: the authority that DANE names for it}, the root."""
    root = Authority(directory, "root")
    middle = Authority(directory, "middle-authority", above=root)
    stranger = Authority(directory, "stranger")
    own = Certificate(directory, "self-signed", hosts("self-signed"))
    own.alone = own.certificate
    made = {
        "expired": root.certificate("expired", hosts("expired"), end="20210101000000Z"),
        "early": root.certificate("early", hosts("early"), start="20480101000000Z"),
        "self-signed": own,
        "wrong-name": root.certificate("wrong-name", ["elsewhere.example"]),
        "unknown": stranger.certificate("unknown", hosts("unknown")),
        "wildcard": root.certificate("wildcard", hosts("*")),
        "two-labels": root.certificate("two-labels", ["*.example"]),
        "cn-mx": root.certificate("cn-mx", [], common_name="cn-mx.mx.example"),
        "cn-ta": root.certificate("cn-ta", [], common_name="cn-ta.ta.example"),
        "weak": root.certificate("weak", hosts("weak"), kind="1024"),
        "no-middle": middle.certificate("no-middle", hosts("no-middle"), chain=[]),
        "middle": middle.certificate("middle", hosts("middle")),
        "huge": root.certificate("huge", hosts("huge"), chain=[root] * 400),
    }
    made["good"] = root.certificate("good", hosts("good"))
    named = {kind: stranger if kind == "unknown" else root for kind in KINDS}
    return made, named, root


def make_zones(dns, addresses, port, made, named):
    mx = dns.zone("mx.example")
    ee, ta = dns.zone("ee.example", signed=True), dns.zone("ta.example", signed=True)
    zones = {place: dns.zone(f"{place}.example") for place in ("open", "must", "sts")}
    for kind, address in addresses.items():
        for zone in (mx, ee, ta):
            zone.set(kind, "A", address)
        for zone in zones.values():
            zone.set(kind, "MX", f"10 {kind}.mx.example.")
        for zone in (ee, ta):
            zone.set(kind, "MX", f"10 {kind}")
        ee.set(f"_{port}._tcp.{kind}", "TLSA", f"3 1 1 {hash_of(made[kind].alone)}")
        ta.set(f"_{port}._tcp.{kind}", "TLSA", f"2 1 1 {hash_of(named[kind].pem)}")
        zones["sts"].text(f"_mta-sts.{kind}", "v=STSv1; id=1;")
        zones["sts"].set(f"mta-sts.{kind}", "A", "127.0.0.1")


@pytest.fixture(scope="module")
def server(tmp_path_factory, module_servers):
    """It has tried every place once."""
    directory = tmp_path_factory.mktemp("certificates")
    made, named, root = make_certificates(directory)
    addresses = {kind: f"127.0.1.{n}" for n, kind in enumerate(KINDS, 1)}
    made_at = places(*addresses.values())
    port = made_at[0].port
    dns = DnsServer(tmp_path_factory.mktemp("dns"))
    make_zones(dns, addresses, port, made, named)
    web = root.certificate("web", [f"mta-sts.{kind}.sts.example" for kind in KINDS])
    tls = [{"domains": [f"{kind}.must.example" for kind in KINDS], "mode": "require"}]
    with contextlib.ExitStack() as stack:
        stack.callback(dns.stop)
        dns.start()
        for kind, at in zip(KINDS, made_at):
            stack.enter_context(Receiver(at=at, certificate=made[kind]))
        policy = POLICY.format(mode="enforce", mx="*.mx.example")
        web_port = stack.enter_context(policy_server(web, policy))
        queue = {**QUICK, "retry_first": "1h", "retry_max": "1h", "smtp_port": port, "tls": tls,
                 "private_addresses": True, "mta_sts_port": web_port, "ca_file": str(root.pem)}
        made_server = module_servers(resolver=dns.conf, queue=queue)
        submit(made_server, [f"bob@{kind}.{place}.example" for kind in KINDS for place in PLACES])
        yield made_server


def outcome(server, kind, place):
    """The line of the log that says what became of it."""
    pattern = rf"to=<bob@{kind}\.{place}\.example> (status=.*)"
    return server.wait_for(lambda: re.search(pattern, server.log), f"to try {kind} at {place}")[1]


def how(kind, place):
    """By what the connection was secured, as the log says it."""
    if place == "open" and kind == "huge":
        return ""
    known = KINDS[kind].split()[PLACES.index("must")] == "sent" or kind == "weak"
    return {"open": "pkix" if known else "unverified", "must": "pkix", "sts": "pkix",
            "ee": "dane-ee", "ta": "dane-ta"}[place]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_is_enough_or_not(server, kind, place):
    wanted = KINDS[kind].split()[PLACES.index(place)]
    line = outcome(server, kind, place)
    assert line.startswith("status=sent" if wanted == "sent" else "status=deferred"), line
    if wanted == "sent":
        assert re.search(r'tls="([^"]*)"', line)[1].split(" ")[-1] == how(kind, place)


@pytest.mark.parametrize("kind, words", [
    ("expired", "expired on 2021-01-01"),
    ("early", "not valid before .* 2048-01-01"),
    ("self-signed", "self-signed|issuer"),
    ("wrong-name", "not for wrong-name.mx.example but for elsewhere.example"),
    ("unknown", "issuer is not one that is trusted"),
    ("cn-mx", "but for no host name"),
    ("weak", "too weak"),
    ("no-middle", "issuer is not one that is trusted"),
    ("huge", "excessive message size"),
])
def test_what_is_wrong_with_a_certificate_is_told(server, kind, words):
    assert re.search(words, outcome(server, kind, "must"))
