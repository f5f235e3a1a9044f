"""Which server of a domain gets the mail, and what becomes of it where there is none."""

import contextlib

import pytest

from conftest import QUICK, submit, waiting
from dns_server import DnsServer
from ports import places
from receiver import Receiver

MX = ("127.0.0.2", "127.0.0.3")
DEAD = "127.0.0.9"
OURS = ("127.0.0.12", "127.0.0.13")  # nobody else chooses ports there
PATIENT = {"retry_first": "1h", "retry_max": "1h"}


@pytest.fixture
def dns(tmp_path):
    server = DnsServer(tmp_path / "dns")
    yield server
    server.stop()


class Network:
    """A name server, places for mail servers, and our own, which takes `port` for that of everybody's SMTP."""

    def __init__(self, dns, make_server, near, far):
        self.dns, self.make_server = dns, make_server
        self.near, self.far = near, far  # where MX are: nobody listens, unless a Receiver does

    def start(self, port=1, queue=None, **conf):
        self.dns.start()
        self.server = self.make_server(
            resolver=self.dns.conf,
            queue={**QUICK, "private_addresses": True, "mta_sts": False, "smtp_port": port, **(queue or {})},
            **conf,
        )
        return self.server

    def report(self):
        self.server.wait_for(lambda: self.server.count("alice") == 1, "the report to arrive")
        assert waiting(self.server) == 0
        return self.server.messages("alice")[0]


@pytest.fixture
def network(dns, make_server):
    with contextlib.ExitStack() as stack:
        near, far, dead = (stack.enter_context(contextlib.closing(p)) for p in places(*MX, DEAD))
        yield Network(dns, make_server, near, far)


def two_mx(dns, name="away.example", signed=False):
    zone = dns.zone(name, signed)
    zone.set("@", "MX", "20 second", "10 first")
    return zone.set("first", "A", MX[0]).set("second", "A", MX[1])


# ---- which server ----


def test_the_nearest_server_gets_it(network):
    two_mx(network.dns)
    with Receiver(at=network.near) as first, Receiver(at=network.far) as second:
        server = network.start(first.port)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: first.messages, "the message to arrive")
        assert not second.connections
        assert "status=sent mx=first.away.example ip=127.0.0.2" in server.wait_log("status=sent.*").group(0)


@pytest.mark.parametrize("trouble", [
    {"CONNECT": ["554 5.7.1 not you"]},
    {"CONNECT": ["421 4.3.2 too busy"]},
    {"CONNECT": [None]},
    {"CONNECT": [b"\x00\xff\r\n"]},
    {"EHLO": ["421 4.3.2 closing"]},
    {"EHLO": [None]},
], ids=["refused", "busy", "closed", "nonsense", "ehlo-421", "ehlo-closed"])
def test_the_next_gets_it_when_the_nearest_does_not_want_to_talk(network, trouble):
    two_mx(network.dns)
    script = {stage: replies * 5 for stage, replies in trouble.items()}
    with Receiver(script, at=network.near) as first, Receiver(at=network.far) as second:
        server = network.start(first.port)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: second.messages, "the message to arrive")
        assert not first.messages and "status=deferred" not in server.log


# What the nearest does, and what becomes of mail to a domain of that name. Beside each of them stands
# a second server, but for "alone".
TINY = ("PIPELINING", "8BITMIME", "SIZE 10")
NEAREST = {
    "mail": ({"MAIL": ["451 4.3.0 disk full"]}, "passed-on"),
    "mail-closed": ({"MAIL": [None]}, "passed-on"),
    "rcpt": ({"RCPT": ["451 4.7.1 greylisted"]}, "passed-on"),
    "rcpt-421": ({"RCPT": ["421 4.3.2 closing"]}, "passed-on"),
    "data": ({"DATA": ["451 4.3.0 later"]}, "passed-on"),
    "data-closed": ({"DATA": [None]}, "passed-on"),
    "end": ({".": ["451 4.3.0 later"]}, "passed-on"),
    "tiny": (TINY, "passed-on"),  # RFC 1870 6.1: the next may take more
    "large": ({"MAIL": ["552 5.3.4 too large"]}, "passed-on"),
    "end-closed": ({".": [None]}, "deferred .*it may have been delivered"),
    "refused": ({"RCPT": ["550 5.1.1 no such user"]}, 'bounced .*reply="550 5.1.1 no such user"'),
    "alone-tiny": (TINY, 'deferred mx=second.* ip= .*why="second.alone-tiny.example: 127.0.0.9: '),
    "alone-rcpt": ({"RCPT": ["451 4.7.1 grey"]}, 'deferred mx=first.* reply="451 4.7.1 grey"'),
}


def test_the_next_gets_what_the_nearest_does_not_take_now(network):
    """RFC 5321 5.1: in order, until one takes it. What may have been taken is not given to two."""
    addresses = {name: f"127.0.1.{n}" for n, name in enumerate(NEAREST, 1)}
    with contextlib.ExitStack() as stack:
        made = places(*addresses.values(), MX[1], DEAD)
        for place in made:
            stack.callback(place.close)
        for at, (name, address) in zip(made, addresses.items()):
            conduct = NEAREST[name][0]
            how = {"extensions": TINY} if conduct is TINY else {"script": conduct}
            stack.enter_context(Receiver(at=at, **how))
            zone = two_mx(network.dns, f"{name}.example").set("first", "A", address)
            zone.set("second", "A", DEAD if name.startswith("alone") else MX[1])
        second = stack.enter_context(Receiver(at=made[-2]))
        server = network.start(second.port, PATIENT)
        submit(server, [f"bob@{name}.example" for name in NEAREST])
        for name, (_, fate) in NEAREST.items():
            server.wait_log(rf"to=<bob@{name}\.example> status={fate}")
        passed = {f"bob@{name}.example" for name, (_, fate) in NEAREST.items() if fate == "passed-on"}
        server.wait_for(lambda: {r for r, _ in second.delivered()} == passed, "all others to arrive")
        server.wait_log("to=<bob@rcpt.example> status=sent mx=second.rcpt.example ip=127.0.0.3")


def test_only_who_was_put_off_goes_to_the_next(network):
    two_mx(network.dns)
    replies = ["250 2.1.5 ok", "451 4.2.1 later", "550 5.1.1 no such user"]
    with Receiver({"RCPT": replies}, at=network.near) as first:
        with Receiver(at=network.far) as second:
            server = network.start(first.port)
            submit(server, [f"{name}@away.example" for name in ("bob", "carol", "dave")])
            server.wait_for(lambda: waiting(server) == 0, "all to have an answer")
            report = network.report()
            assert b"dave@away.example" in report and b"carol@" not in report.split(b"Action:")[1]
            assert [r for r, _ in first.delivered()] == ["bob@away.example"]
            assert [r for r, _ in second.delivered()] == ["carol@away.example"]
            submit(server, ["erin@away.example"])
            server.wait_for(lambda: len(first.messages) == 2, "the nearest to be asked first again")


def test_who_is_ruled_out_beside_too_many_goes_to_the_next(network):
    two_mx(network.dns)
    replies = ["250 2.1.5 ok", "452 4.5.3 too many", "552 5.3.4 too large", "250 2.1.5 ok", "552 5.3.4 too large"]
    with Receiver({"RCPT": replies}, at=network.near) as first:
        with Receiver(at=network.far) as second:
            server = network.start(first.port)
            submit(server, [f"{name}@away.example" for name in ("bob", "carol", "dave")])
            server.wait_for(lambda: waiting(server) == 0, "all to have an answer")
            assert [r for r, _ in first.delivered()] == ["bob@away.example", "carol@away.example"]
            assert [r for r, _ in second.delivered()] == ["dave@away.example"]


def test_a_further_server_does_not_rule_out_what_a_nearer_may_take_later(network):
    """The nearest puts off, or is not reached; the offer of the next is too small."""
    two_mx(network.dns, "grey.example")
    two_mx(network.dns, "dead.example").set("first", "A", DEAD)
    with Receiver({"RCPT": ["451 4.7.1 grey"]}, at=network.near) as first:
        with Receiver(at=network.far, extensions=TINY):
            server = network.start(first.port, PATIENT)
            submit(server, ["bob@grey.example", "bob@dead.example"])
            for name in ("grey", "dead"):
                server.wait_log(rf"to=<bob@{name}\.example> status=deferred mx=second\.{name}\.example")
            assert waiting(server) == 2


def test_what_the_only_other_server_rules_out_comes_back(network):
    """Behind it stand only we, who may not be asked."""
    two_mx(network.dns)
    echo = {"EHLO": ["250-mail.example.org hello\r\n250 PIPELINING"] * 9}
    with Receiver(at=network.near, extensions=TINY) as first, Receiver(echo, at=network.far):
        network.start(first.port, hostname="mail.example.org")
        submit(network.server, ["bob@away.example"])
        assert b"Status: 5.3.4" in network.report()


def test_connections_that_break_are_counted_though_there_is_a_next_server(network):
    two_mx(network.dns).set("second", "A", DEAD)
    with Receiver({"MAIL": [None] * 99}, at=network.near) as first:
        server = network.start(first.port, {**PATIENT, "max_recipients_per_transaction": 1})
        submit(server, [f"bob{n}@away.example" for n in range(20)])
        server.wait_log("queue destination=away.example failures=1 ")


def test_mail_on_its_way_to_the_next_is_not_lost_by_a_reload_or_an_end(network):
    two_mx(network.dns)
    with Receiver({"RCPT": ["451 4.2.1 later"] * 9}, at=network.near) as first:
        with Receiver({"CONNECT": [b""] * 9}, at=network.far) as second:
            server = network.start(first.port)
            submit(server, ["bob@away.example"])
            server.wait_for(lambda: second.connections == 1, "it to be on its way")
            server.ctl("reload")
            server.wait_for(lambda: second.connections == 2, "it to be on its way again")
            server.restart()
            server.wait_for(lambda: second.connections == 3, "it to be on its way once more")
            assert waiting(server) == 1 and "status=deferred" not in server.log
            said = "first.away.example [127.0.0.2] without TLS: 451 4.2.1 later"
            server.wait_for(lambda: said in server.ctl("queue", "show", "--domain=away.example"),
                            "what the nearest said to be written")


def test_what_is_too_large_for_all_comes_back(network):
    two_mx(network.dns)
    with Receiver(at=network.near, extensions=TINY) as first:
        with Receiver(at=network.far, extensions=TINY) as second:
            network.start(first.port)
            submit(network.server, ["bob@away.example"])
            assert b"Status: 5.3.4" in network.report()
            assert first.connections == second.connections == 1


def test_the_next_gets_it_when_nobody_listens_at_the_nearest(network):
    two_mx(network.dns)
    with Receiver(at=network.far) as second:
        server = network.start(second.port)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: second.messages, "the message to arrive")


def test_the_next_gets_it_when_the_nearest_does_not_greet(network):
    two_mx(network.dns)
    quiet = {"CONNECT": [lambda file: file.readline()] * 1000}
    with Receiver(quiet, at=network.near) as first, Receiver(at=network.far) as second:
        server = network.start(first.port, outbound={"smtp": {"greeting_timeout": "1s"}})
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: second.messages, "the message to arrive")


def test_a_domain_without_mx_is_its_own_server(network):
    network.dns.zone("away.example").set("@", "A", MX[0])
    with Receiver(at=network.near) as sink:
        server = network.start(sink.port)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: sink.messages, "the message to arrive")


def test_a_domain_of_other_letters_is_found(network):
    two_mx(network.dns, "xn--bcher-kva.example")
    with Receiver(at=network.near) as sink:
        server = network.start(sink.port)
        submit(server, ["bob@xn--bcher-kva.example"])
        server.wait_for(lambda: sink.messages, "the message to arrive")
        with server.submission("alice") as talk:
            talk.says("C: MAIL FROM:<alice@example.org> SMTPUTF8").expect("250 ...")
            talk.says("C: RCPT TO:<bob@bücher.example>").expect("250 ...")
            talk.says("C: DATA").expect("354 ...")
            talk.send_data(b"From: alice@example.org\r\n\r\nbody\r\n").expect("250 ...")
        server.wait_for(lambda: len(sink.messages) == 2, "the second message to arrive")


# ---- no server at all ----


@pytest.mark.parametrize("records, status, words", [
    ({"MX": ["0 ."]}, b"5.1.10", b"accepts no mail"),
    ({}, b"5.4.4", b"no address"),
    ({"MX": ["10 nowhere"]}, b"5.4.4", b"no address"),
    ({"MX": ["10 mail.example.org."]}, b"5.4.6", b"loops back"),
], ids=["null mx", "nothing", "mx without address", "ourselves"])
def test_mail_that_can_go_nowhere_comes_back(network, records, status, words):
    zone = network.dns.zone("away.example")
    for kind, values in records.items():
        zone.set("@", kind, *values)
    network.dns.zone("example.org").set("mail", "A", "127.0.0.1")
    network.start()
    submit(network.server, ["bob@away.example"])
    report = network.report()
    assert b"Status: " + status in report and words in b" ".join(report.split())


def test_a_domain_that_is_not_there_is_reported(network):
    network.dns.zone("example")
    network.start()
    submit(network.server, ["bob@away.example"])
    assert b"Status: 5.1.2" in network.report()


def test_mail_waits_while_the_name_server_fails(network):
    zone = two_mx(network.dns).fail()
    with Receiver(at=network.near) as sink:
        server = network.start(sink.port)
        submit(server, ["bob@away.example"])
        server.wait_log('status=deferred .*why="')
        zone.fail(False)
        network.dns.publish()
        server.wait_for(lambda: sink.messages, "the message to arrive")
        assert server.count("alice") == 0


def test_private_addresses_are_not_for_others_to_name(network):
    two_mx(network.dns)
    with Receiver(at=network.near) as sink:
        network.start(sink.port, {"private_addresses": False})
        submit(network.server, ["bob@away.example"])
        assert b"private" in network.report()
        assert sink.connections == 0


def test_a_domain_that_leads_back_here_loops(network):
    network.dns.zone("away.example").set("@", "MX", "10 mx").set("mx", "A", "127.0.0.1")
    network.start(25, {"private_addresses": False})
    submit(network.server, ["bob@away.example"])
    report = network.report()
    assert b"5.4.6" in report and b"loops back" in report


def test_addresses_that_we_have_behind_nat_are_ours(network):
    network.dns.zone("away.example").set("@", "MX", "10 mx").set("mx", "A", "203.0.113.5")
    network.start(1, {"private_addresses": False, "public_addresses": ["203.0.113.5"]})
    submit(network.server, ["bob@away.example"])
    report = network.report()
    assert b"5.4.6" in report and b"loops back" in report


def test_a_server_that_calls_itself_by_our_name_is_ourselves(network):
    """By whatever address it was found; and nobody behind it is tried: RFC 5321 5.1."""
    echo = {"EHLO": ["250-mail.example.org hello\r\n250 PIPELINING"] * 9}
    nearest, behind = two_mx(network.dns, "loops.example"), two_mx(network.dns, "waits.example")
    nearest.set("first", "A", MX[1]).set("second", "A", MX[0])
    behind.set("first", "A", DEAD).set("@", "MX", "10 first", "20 second", "30 third")
    behind.set("third", "A", MX[0])
    with Receiver(at=network.near) as other, Receiver(echo, at=network.far):
        server = network.start(other.port, PATIENT, hostname="mail.example.org")
        submit(server, ["bob@loops.example", "bob@waits.example"])
        server.wait_log('to=<bob@loops.example> status=bounced .*why="first.loops.example: .*'
                        'calls itself mail.example.org')
        server.wait_log("to=<bob@waits.example> status=deferred mx=second.waits.example")
        server.wait_for(lambda: server.count("alice") == 1, "the report to arrive")
        assert b"Status: 5.4.6" in server.messages("alice")[0]
        assert not other.connections


def test_a_name_that_everybody_has_is_nobody_s(network):
    two_mx(network.dns)
    echo = {"EHLO": ["250-localhost.localdomain\r\n250 PIPELINING"]}
    with Receiver(echo, at=network.near) as sink:
        server = network.start(sink.port, hostname="localhost.localdomain")
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: sink.messages, "the message to arrive")


def test_one_dead_domain_does_not_hold_another(network):
    two_mx(network.dns)
    network.dns.zone("dead.example").set("@", "A", DEAD)
    with Receiver(at=network.near) as sink:
        server = network.start(sink.port, {**PATIENT, "max_connections": 1})
        submit(server, ["bob@dead.example", "bob@away.example"])
        submit(server, ["carol@dead.example", "carol@away.example"])
        server.wait_for(lambda: len(sink.delivered()) == 2, "both to arrive")
        server.wait_for(lambda: waiting(server) == 2, "the others to wait")


# ---- two of us ----


def test_two_of_our_servers_write_to_each_other(dns, make_server):
    port = 0
    servers = []
    for i, name in enumerate(("one.example", "two.example")):
        zone = dns.zone(name).set("@", "MX", "10 mail")
        zone.set("mail", "A", OURS[i])
    dns.start()
    for i, name in enumerate(("one.example", "two.example")):
        server = make_server(
            start=False,
            hostname=f"mail.{name}",
            resolver=dns.conf,
            queue={**QUICK, "private_addresses": True, "mta_sts": False},
            listen={"smtp": {"port": port, "address": OURS[i]}},
        )
        server.ctl("domain", "add", name)
        server.add_account(f"dora@{name}", "a password")
        server.start()
        port = server.ports["smtp"]
        servers.append(server)
    for server in servers:
        server.configure({"queue": {"smtp_port": port}, "listen": {"smtp": {"port": port}}})
        server.restart()
    one, two = servers
    for server, to in ((one, two), (two, one)):
        name = to.settings["hostname"].removeprefix("mail.")
        submit(server, [f"dora@{name}"], sender="alice")
        to.wait_for(lambda: to.count(f"dora@{name}") == 1, "the message to arrive")
        server.wait_log('status=sent .*tls="TLSv1.3')


# ---- limits ----


def test_no_more_servers_are_tried_than_allowed(network):
    two_mx(network.dns)
    with Receiver({"CONNECT": ["554 5.7.1 not you"] * 9}, at=network.near) as first:
        with Receiver(at=network.far) as second:
            server = network.start(first.port, {"max_mx_hosts": 1})
            submit(server, ["bob@away.example"])
            deferred = server.wait_log("status=deferred.*").group(0)
            assert 'reply="554 5.7.1 not you"' in deferred
            assert not second.connections


def test_mail_waits_when_enough_servers_have_put_it_off(network):
    """Those that are not reached do not count."""
    addresses = [f"127.0.2.{n}" for n in range(1, 6)]
    zone = network.dns.zone("away.example").set("@", "MX", *(f"{n} mx{n}" for n in range(5)))
    for n, address in enumerate(addresses):
        zone.set(f"mx{n}", "A", address)
    with contextlib.ExitStack() as stack:
        dead, *others = places(*addresses)
        for place in (dead, *others):
            stack.callback(place.close)
        grey = [stack.enter_context(Receiver({"RCPT": ["451 4.7.1 grey"] * 9}, at=at)) for at in others]
        server = network.start(dead.port, {**PATIENT, "max_servers_per_attempt": 3})
        submit(server, ["bob@away.example"])
        server.wait_log("status=deferred mx=mx3.away.example")
        assert [receiver.connections for receiver in grey] == [1, 1, 1, 0]


def test_mail_waits_when_the_dns_would_have_to_be_asked_too_much(network):
    zone = network.dns.zone("away.example").set("@", "MX", *(f"10 mx{i}" for i in range(9)))
    for i in range(9):
        zone.set(f"mx{i}", "A", MX[0])
    with Receiver(at=network.near) as sink:
        server = network.start(sink.port, {"max_dns_questions": 5})
        submit(server, ["bob@away.example"])
        assert "DNS are too many" in server.wait_log("status=deferred.*").group(0)
        assert not sink.connections
