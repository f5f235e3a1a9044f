"""Much mail at once: all of it arrives once, whatever is changed, reloaded or stopped meanwhile."""

import collections
import os
import signal
import smtplib

import pytest

from conftest import QUICK, route_to, waiting
from dns_server import DnsServer
from receiver import Receiver

NO_LIMITS = {"delivery": {"max_recipients_per_hour": 0, "max_recipients_per_day": 0}}
RECIPIENTS = 100  # of a message


def submit_many(server, messages, domains=("away.example",), prefix=""):
    """Over one connection, each to one recipient a domain; all recipients."""
    names = []
    with smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60) as client:
        client.starttls(context=server.tls)
        client.login("alice", server.passwords["alice"])
        for n in range(messages):
            to = [f"{prefix}m{n}r{i}@{domain}" for i, domain in enumerate(domains)]
            text = f"From: alice@example.org\r\nSubject: {n}\r\n\r\nbody\r\n"
            client.sendmail("alice@example.org", to, text)
            names += to
    return names


def assert_each_arrived_once(sink, names):
    arrived = collections.Counter(r for r, _ in sink.delivered())
    assert set(arrived) == set(names)
    assert set(arrived.values()) == {1}


def emptied(server):
    server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")


def test_many_messages_go_to_one_server(make_server, sink):
    conf = route_to(sink)
    conf["queue"].update(max_in_memory=100)
    server = make_server(**conf, **NO_LIMITS)
    names = submit_many(server, 300)
    emptied(server)
    assert_each_arrived_once(sink, names)


def test_one_message_goes_to_many_domains_through_few_connections(make_server, tmp_path):
    domains = [f"d{i}.away.example" for i in range(60)]
    dns = DnsServer(tmp_path / "dns")
    zone = dns.zone("away.example").set("mx", "A", "127.0.0.2")
    for i in range(len(domains)):
        zone.set(f"d{i}", "MX", "10 mx")
    dns.start()
    try:
        with Receiver(address="127.0.0.2") as sink:
            queue = {**QUICK, "smtp_port": sink.port, "private_addresses": True, "mta_sts": False}
            queue.update(max_connections=3, idle_connection="20s")
            server = make_server(queue=queue, resolver=dns.conf, smtp={"max_recipients": 1000},
                                 **NO_LIMITS)
            names = submit_many(server, 2, domains=domains)
            emptied(server)
            assert_each_arrived_once(sink, names)
    finally:
        dns.stop()


@pytest.mark.parametrize("in_memory, messages", [(10, 1), (10000, 12)])
def test_a_backlog_beyond_memory_all_goes(make_server, tmp_path, in_memory, messages):
    dns = DnsServer(tmp_path / "dns")
    zone = dns.zone("away.example").set("@", "MX", "10 mx").set("mx", "A", "127.0.0.2").fail()
    dns.start()
    try:
        with Receiver(address="127.0.0.2") as sink:
            queue = {**QUICK, "smtp_port": sink.port, "private_addresses": True, "mta_sts": False}
            queue.update(max_in_memory=in_memory, max_recipients_per_transaction=10)
            server = make_server(queue=queue, resolver={**dns.conf, "timeout": "300ms"}, **NO_LIMITS)
            names = submit_many(server, messages, domains=["away.example"] * RECIPIENTS)
            zone.fail(False)
            dns.publish()
            emptied(server)
            assert_each_arrived_once(sink, names)
    finally:
        dns.stop()


def test_a_dead_destination_does_not_fill_the_memory(make_server, sink, nobody):
    conf = route_to(sink)
    route = {"domains": ["dead.example"], "host": nobody.address, "port": nobody.port}
    conf["queue"]["routes"].insert(0, route)
    conf["queue"].update(max_in_memory=10, retry_first="1h", retry_max="1h")
    server = make_server(**conf, **NO_LIMITS)
    submit_many(server, 1, ["dead.example"])
    server.wait_log("status=deferred")
    submit_many(server, 50, ["dead.example"])
    names = submit_many(server, 50)
    server.wait_for(lambda: len(sink.messages) == 50, "the others to arrive")
    assert_each_arrived_once(sink, names)
    server.wait_for(lambda: waiting(server) == 51, "the dead one's to wait")


def test_reloads_lose_and_double_nothing(make_server, sink):
    server = make_server(**route_to(sink), **NO_LIMITS)
    names = []
    for i in range(10):
        names += submit_many(server, 20, prefix=f"t{i}")
        os.kill(server.pid, signal.SIGHUP)
    emptied(server)
    assert_each_arrived_once(sink, names)


def test_stops_lose_and_double_nothing(make_server, sink):
    server = make_server(**route_to(sink), **NO_LIMITS)
    names = []
    for i in range(4):
        names += submit_many(server, 40, prefix=f"t{i}")
        server.stop()
        server.start()
    emptied(server)
    assert_each_arrived_once(sink, names)
