"""mailserverctl domain dkim: the keys that sign a domain's mail."""

import datetime
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


def states(keys):
    return {key["selector"]: key["state"] for key in keys}


def test_new_keys_wait_and_old_ones_sign_until_they_are_activated(either):
    old = set(states(dkim(either, "add", DOMAIN)))
    rotated = states(dkim(either, "rotate", DOMAIN))
    assert len(rotated) == 4
    assert {name for name, state in rotated.items() if state == "active"} == old
    new = {name for name, state in rotated.items() if state == "waiting"}
    assert len(new) == 2
    assert "wait already" in refused(either, "rotate", DOMAIN)
    activated = states(dkim(either, "activate", DOMAIN, "--force"))
    assert activated == {**dict.fromkeys(old, "retired"), **dict.fromkeys(new, "active")}
    assert "no keys wait" in refused(either, "activate", DOMAIN, "--force")


def test_a_retired_key_may_go_when_the_queue_has_given_up_and_a_week_later(make_server):
    server = make_server(start=False, queue={"lifetime": "3d"})
    old = states(dkim(server, "add", DOMAIN))
    dkim(server, "rotate", DOMAIN)
    dkim(server, "activate", DOMAIN, "--force")
    day = datetime.timedelta(days=1)
    today = datetime.datetime.now(datetime.timezone.utc)
    for key in dkim(server, "list", DOMAIN):
        days = {str((today + n * day).date()) for n in (9, 10)}  # it may be midnight by now
        assert key["removable"] in (days if key["selector"] in old else "-")
    for selector in old:
        server.ctl("domain", "dkim", "remove", DOMAIN, selector, "--yes")
    assert set(states(dkim(server, "list", DOMAIN)).values()) == {"active"}
    assert "no key" in refused(server, "remove", DOMAIN, next(iter(old)), "--yes")


@pytest.mark.parametrize("word", ["add", "list", "rotate", "activate"])
def test_only_domains_of_this_server_have_keys(either, word):
    assert "no domain" in refused(either, word, "elsewhere.example")
    assert "not a domain" in refused(either, word, "not a domain")


def test_private_keys_are_never_printed(either):
    assert "PRIVATE" not in either.ctl("--json", "domain", "dkim", "add", DOMAIN)
