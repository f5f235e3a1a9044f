"""Mail of our accounts is signed, and others can check it: RFC 6376, RFC 8463."""

import dkimpy_check
import opendkim_check
import pytest
from conftest import route_to, submit
from dkim_check import verified
from server import DOMAIN
from signing import BOTH, ED25519, RSA, generate, publish, signing_server


@pytest.fixture(scope="module")
def keys():
    """{selector: (algorithm, private PEM, public PEM)}, made by openssl."""
    return {"rsa1": generate(RSA), "ed1": generate(ED25519)}


MESSAGES = pytest.mark.parametrize(
    "text",
    [
        "Subject: plain\r\n\r\nhow are you\r\n",
        "Subject: folded\r\n\tover  two lines \r\nBcc: bob@example.org\r\n\r\ntrailing  \r\n\r\n\r\n",
        "Subject: no body\r\n\r\n",
        "Subject: \u00fcmlauts\r\n\r\n.dots\r\n..\r\n \u00e4\t \u00f6\r\n",
    ],
)


@MESSAGES
def test_both_signatures_hold_for_what_arrives(make_server, sink, keys, tmp_path, text):
    server = signing_server(make_server, sink, keys)
    submit(server, ["bob@away.example"], text.encode(), mail_options=["BODY=8BITMIME"])
    server.wait_for(lambda: sink.messages, "the message to arrive")
    octets = sink.messages[0].octets
    public = {selector: key[2] for selector, key in keys.items()}
    assert sorted(verified(octets, public, tmp_path)) == [
        ("ed1", "ed25519-sha256", "example.org"),
        ("rsa1", "rsa-sha256", "example.org"),
    ]
    spoiled = octets.replace(b"From: alice", b"From: malice")
    assert verified(spoiled, public, tmp_path) == []
    twice = b"From: mallory@far.example\r\n" + octets
    assert verified(twice, public, tmp_path) == []


def test_large_mail_is_signed(make_server, sink, keys, tmp_path):
    server = signing_server(make_server, sink, keys)
    body = "".join(f"{i:060d}\r\n" for i in range(20000))
    submit(server, ["bob@away.example"], f"Subject: large\r\n\r\n{body}")
    server.wait_for(lambda: sink.messages, "the message to arrive")
    public = {selector: key[2] for selector, key in keys.items()}
    assert len(verified(sink.messages[0].octets, public, tmp_path)) == 2


def test_a_header_beyond_measure_is_sent_unsigned_and_the_log_says_so(make_server, sink, keys):
    server = signing_server(make_server, sink, keys)
    fields = "".join(f"X-{i}: {'x' * 900}\r\n" for i in range(1200))
    submit(server, ["bob@away.example"], f"{fields}Subject: large\r\n\r\nhello\r\n")
    server.wait_for(lambda: sink.messages, "the message to arrive")
    assert b"DKIM-Signature" not in sink.messages[0].octets
    assert "unsigned: its header of" in server.log


def test_what_strangers_wrote_is_sent_on_unsigned(make_server, sink, keys):
    server = signing_server(make_server, sink, keys)
    server.ctl("alias", "add", "away@example.org", "bob@near.example")
    server.deliver("away", b"From: alice@example.org\r\n\r\nI am not\r\n", sender="joe@far.example")
    server.wait_for(lambda: sink.messages, "the message to arrive")
    assert b"DKIM-Signature" not in sink.messages[0].octets


# ---- dkimpy and OpenDKIM, and keys in the DNS ----


@MESSAGES
def test_other_programs_verify_both_by_the_dns(make_server, sink, our_dns, text):
    server = make_server(start=False, **route_to(sink))
    server.ctl("domain", "dkim", "add", DOMAIN)
    server.start()
    submit(server, ["bob@away.example"], text.encode(), mail_options=["BODY=8BITMIME"])
    server.wait_for(lambda: sink.messages, "the message to arrive")
    octets = sink.messages[0].octets
    both = (dkimpy_check.verified, opendkim_check.verified)
    assert [verify(octets, our_dns) for verify in both] == [[], []]
    publish(server, our_dns)
    for verify in both:
        assert verify(octets, our_dns) == BOTH
        assert verify(octets.replace(b"Subject:", b"Subject: not"), our_dns) == []
        assert verify(b"From: mallory@far.example\r\n" + octets, our_dns) == []
        assert verify(octets + b"more\r\n", our_dns) == []
