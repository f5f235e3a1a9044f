"""Answers of the DNS that would lead astray, or never end: each is bounded, logged and says why."""

import pytest

from conftest import submit
from receiver import Receiver
from test_mx import goes_out, outbound


def test_the_first_of_a_thousand_servers_gets_it(make_server, dns):
    others = (f"{i + 20} mx{i}.example.net." for i in range(1000))
    dns.zones["example.net"].set("@", "MX", "10 mx", *others)
    with Receiver() as sink:
        server = make_server(**outbound(dns.start(), sink))
        goes_out(server, sink, "example.net")


@pytest.mark.parametrize("records", [
    pytest.param([("@", "MX", [f"{i} mx{i}.example.net." for i in range(1000)])],
                 id="a thousand servers without an address"),
    pytest.param([("@", "MX", ["10 loop1"]), ("loop1", "CNAME", ["loop2"]),
                  ("loop2", "CNAME", ["loop1"])], id="a server whose name goes in a circle"),
    pytest.param([("@", "MX", ["10 c0"]), *((f"c{i}", "CNAME", [f"c{i + 1}"]) for i in range(200)),
                  ("c200", "A", ["127.0.0.1"])], id="a chain of two hundred names"),
    pytest.param([("@", "MX", ["10 words"]), ("words", "TXT", ['"127.0.0.1"'])],
                 id="a server with words in place of an address"),
])
def test_what_leads_nowhere_ends_soon(make_server, dns, records):
    zone = dns.zones["example.net"]
    for record in records:
        zone.set(record[0], record[1], *record[2])
    with Receiver() as sink:
        server = make_server(**outbound(dns.start(), sink))
        submit(server, ["bob@example.net"])
        line = server.wait_log(r"status=(deferred|bounced).*").group(0)
        assert "why=" in line, line
        submit(server, ["carol@example.com"])  # nobody else notices
        server.wait_for(lambda: len(sink.messages) == 1, "the other's message to arrive")
        assert sink.messages[0].recipients == ["carol@example.com"]


@pytest.mark.parametrize("octets", [
    pytest.param(["030101ab"], id="a digest of one octet"),
    pytest.param(["030101" + "ab" * 31], id="a digest that is too short"),
    pytest.param(["030100" + "ff" * 4000], id="a key that is none"),
    pytest.param(["090909" + "ab" * 32], id="a usage nobody knows"),
    pytest.param([f"0301{i % 253 + 3:02x}" + f"{i:04x}" * 16 for i in range(300)],
                 id="three hundred matched in no known way"),
])
def test_keys_that_are_none_demand_tls_and_no_more(make_server, dns, certify, octets):
    """RFC 7672 2.2: records, none of them usable."""
    values = [rf"\# {len(o) // 2} {o}" for o in octets]
    with Receiver(certificate=certify("other.example.net")) as sink:
        dns.zones["example.net"].set(f"_{sink.port}._tcp.mx", "TYPE52", *values)
        server = make_server(**outbound(dns.start(), sink))
        assert goes_out(server, sink, "example.net").tls
