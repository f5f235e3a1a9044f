"""Keys change without mail that nobody can verify: publish first, then sign."""

import json

import pytest

from conftest import route_to, submit
from dkimpy_check import verified
from server import DOMAIN
from signing import BOTH, publish


@pytest.fixture
def server(make_server, sink, our_dns):
    made = make_server(start=False, resolver=our_dns.conf, **route_to(sink))
    made.ctl("domain", "dkim", "add", DOMAIN)
    publish(made.start(), our_dns)
    return made


def keys(server, state):
    said = server.ctl("--json", "domain", "dkim", "list", DOMAIN)
    rows = [json.loads(line) for line in said.splitlines()]
    return {row["selector"]: row["record"] for row in rows if row["state"] == state}


def sent(server, sink, number):
    submit(server, ["bob@away.example"], f"Subject: {number}\r\n\r\nbody\r\n")
    server.wait_for(lambda: len(sink.messages) == number, "the message to arrive")
    return sink.messages[-1].octets


def signers(message, selectors):
    return {name for name in selectors if f"s={name};".encode() in message}


def activate(server):
    return server.ctl("domain", "dkim", "activate", DOMAIN, check=False)


def test_new_keys_sign_once_their_records_are_published(server, sink, our_dns):
    server.ctl("domain", "dkim", "rotate", DOMAIN)
    old, new = keys(server, "active"), keys(server, "waiting")
    assert signers(sent(server, sink, 1), [*old, *new]) == set(old)
    done = activate(server)
    assert done.returncode == 1 and "not yet" in done.stderr
    for selector, record in new.items():
        assert f"{selector}._domainkey.{DOMAIN}.\tTXT\t{record}\tmissing" in done.stderr
    assert signers(sent(server, sink, 2), [*old, *new]) == set(old)
    publish(server, our_dns)
    assert activate(server).returncode == 0
    assert keys(server, "active") == new and keys(server, "retired") == old
    message = sent(server, sink, 3)
    assert signers(message, [*old, *new]) == set(new)
    assert verified(message, our_dns) == BOTH
    assert verified(sink.messages[0].octets, our_dns) == BOTH


def test_one_record_of_two_is_not_enough(server, our_dns):
    server.ctl("domain", "dkim", "rotate", DOMAIN)
    first, second = keys(server, "waiting")
    records = keys(server, "waiting")
    our_dns.zones[DOMAIN].set(f"{first}._domainkey", "TXT", records[first])
    our_dns.zones[DOMAIN].set(f"{second}._domainkey", "TXT", records[first])
    our_dns.publish()
    done = activate(server)
    assert done.returncode == 1
    assert first not in done.stderr and f"{second}._domainkey" in done.stderr
    assert "\twrong\t" in done.stderr
    assert set(keys(server, "waiting")) == {first, second}
