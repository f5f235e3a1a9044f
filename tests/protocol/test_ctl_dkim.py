"""mailserverctl domain dkim: the keys that sign a domain's mail."""

import json
import re

import pytest

from server import DOMAIN


@pytest.fixture(params=["daemon", "offline"])
def either(request, make_server):
    return make_server(start=request.param == "daemon")


def dkim(server, word, *words):
    said = server.ctl("--json", "domain", "dkim", word, *words)
    return [json.loads(line) for line in said.splitlines()]


def refused(server, *words):
    done = server.ctl("domain", "dkim", *words, check=False)
    assert done.returncode == 1
    return done.stderr


def test_a_domain_gets_a_pair_of_keys(either):
    keys = dkim(either, "add", DOMAIN)
    assert [(key["algorithm"], key["state"]) for key in keys] == [
        ("ed25519-sha256", "active"),
        ("rsa-sha256", "active"),
    ] or [(key["algorithm"], key["state"]) for key in keys] == [
        ("rsa-sha256", "active"),
        ("ed25519-sha256", "active"),
    ]
    assert all(re.fullmatch(r"2\d{7}[re]", key["selector"]) for key in keys)
    assert dkim(either, "list", DOMAIN) == keys
    assert "has keys already" in refused(either, "add", DOMAIN)


def test_a_record_is_strings_of_at_most_255_octets(either):
    for key in dkim(either, "add", DOMAIN):
        strings = re.findall(r'"([^"]*)"', key["record"])
        assert "".join(strings) == key["text"] and key["text"].startswith("v=DKIM1; ")
        assert max(map(len, strings)) <= 255


def test_old_keys_are_kept_as_retired_until_they_are_removed(either):
    old = {key["selector"] for key in dkim(either, "add", DOMAIN)}
    states = {key["selector"]: key["state"] for key in dkim(either, "rotate", DOMAIN)}
    assert len(states) == 4
    assert {name for name, state in states.items() if state == "retired"} == old
    for selector in old:
        either.ctl("domain", "dkim", "remove", DOMAIN, selector, "--yes")
    assert {key["state"] for key in dkim(either, "list", DOMAIN)} == {"active"}
    assert "no key" in refused(either, "remove", DOMAIN, old.pop(), "--yes")


@pytest.mark.parametrize("word", ["add", "list", "rotate"])
def test_only_domains_of_this_server_have_keys(either, word):
    assert "no domain" in refused(either, word, "elsewhere.example")
    assert "not a domain" in refused(either, word, "not a domain")


def test_private_keys_are_never_printed(either):
    assert "PRIVATE" not in either.ctl("--json", "domain", "dkim", "add", DOMAIN)
