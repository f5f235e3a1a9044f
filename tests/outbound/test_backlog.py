"""More mail than goes at once: what a destination may hold, what fits in memory, what waits."""

import sqlite3

import pytest

from conftest import route_to, submit, waiting
from conversation import GUARD_SECONDS
from dns_server import DnsServer
from receiver import Receiver

NO_LIMITS = {"max_recipients_per_hour": 0, "max_recipients_per_day": 0}
A_LOT = 1200  # more than one destination holds in memory
AT_ONCE = 100


@pytest.fixture
def dns(tmp_path):
    """example.net has a mail server; slow.example.net, not.example.net and others do not exist."""
    server = DnsServer(tmp_path / "dns")
    server.zone("example.net").set("@", "MX", "10 mx").set("mx", "A", "127.0.0.1")
    yield server.start()
    server.stop()


def by_mx(dns, sink, **queue):
    conf = route_to(sink)["queue"] | queue
    del conf["routes"]
    return {
        "resolver": dns.conf,
        "queue": {"smtp_port": sink.port, "private_addresses": True, "mta_sts": False, **conf},
        "delivery": NO_LIMITS,
    }


def send_many(server, domain, count):
    for first in range(0, count, AT_ONCE):
        submit(server, [f"r{n}@{domain}" for n in range(first, min(count, first + AT_ONCE))])


def dead_route(nobody):
    """Nobody listens there; tried again in an hour."""
    conf = route_to(nobody, domains="dead.example")
    conf["queue"] |= {"retry_first": "1h", "retry_max": "1h"}
    return conf


def test_all_goes_when_a_destination_has_more_than_memory_holds_of_it(make_server, dns, sink):
    server = make_server(**by_mx(dns, sink))
    send_many(server, "example.net", A_LOT)
    server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
    assert sorted(r for r, _ in sink.delivered()) == sorted(
        f"r{n}@example.net" for n in range(A_LOT)
    )


def test_all_goes_by_a_route_that_has_more_than_memory_holds(make_server, sink):
    server = make_server(**route_to(sink), delivery=NO_LIMITS)
    send_many(server, "away.example", A_LOT)
    server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
    assert len(sink.delivered()) == A_LOT


@pytest.mark.parametrize("bulk", ["", "Precedence: bulk\r\n"])
def test_a_route_goes_on_where_it_stopped_and_leaves_nothing_behind(make_server, nobody, bulk):
    conf = dead_route(nobody)
    conf["queue"] |= {"max_in_memory_per_destination": 50, "max_recipients_per_transaction": 1}
    server = make_server(**conf, delivery=NO_LIMITS)
    for first in range(0, A_LOT, AT_ONCE):
        many = [f"r{n}@dead.example" for n in range(first, first + AT_ONCE)]
        submit(server, many, f"{bulk}Subject: news\r\n\r\nnews\r\n")
    with Receiver(at=nobody) as alive:
        server.ctl("queue", "retry", "--all")
        for n in range(10):
            submit(server, [f"late{n}@dead.example"])
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert len(alive.delivered()) == A_LOT + 10


def test_all_goes_through_a_small_memory(make_server, sink):
    conf = route_to(sink)
    conf["queue"]["max_in_memory"] = 10
    server = make_server(**conf, delivery=NO_LIMITS)
    send_many(server, "away.example", 200)
    server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
    assert len(sink.delivered()) == 200


def test_all_bounces_when_the_domain_does_not_exist(make_server, dns, sink):
    server = make_server(**by_mx(dns, sink))
    send_many(server, "not.example.net", A_LOT)
    server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
    reports = b"".join(server.messages("alice"))
    assert all(f"r{n}@not.example.net".encode() in reports for n in range(A_LOT))


def test_a_dead_destination_does_not_hold_the_others(make_server, sink, nobody):
    conf = dead_route(nobody)
    conf["queue"]["routes"] += route_to(sink)["queue"]["routes"]
    conf["queue"]["max_in_memory"] = 10
    server = make_server(**conf, delivery=NO_LIMITS)
    send_many(server, "dead.example", 50)
    server.wait_for(lambda: "status=deferred" in server.log, "the first attempt")
    submit(server, ["bob@away.example"])
    server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
    server.wait_for(lambda: waiting(server) == 50, "it to be written off")


def test_a_letter_does_not_wait_behind_a_thousand_of_bulk(make_server, nobody):
    conf = dead_route(nobody)
    conf["queue"]["max_recipients_per_transaction"] = 1
    server = make_server(**conf, delivery=NO_LIMITS)
    for first in range(0, A_LOT, AT_ONCE):
        many = [f"r{n}@dead.example" for n in range(first, first + AT_ONCE)]
        submit(server, many, "Precedence: bulk\r\nSubject: news\r\n\r\nnews\r\n")
    submit(server, ["bob@dead.example"])
    with Receiver(at=nobody) as alive:
        server.ctl("queue", "retry", "--all")
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        order = [r for r, _ in alive.delivered()]
    assert len(order) == A_LOT + 1
    assert order.index("bob@dead.example") < A_LOT // 2


def test_what_an_administrator_wants_tried_is_tried_now(make_server, nobody):
    conf = dead_route(nobody)
    server = make_server(**conf)
    submit(server, ["bob@dead.example"])
    server.wait_for(lambda: "status=deferred" in server.log, "the first attempt")
    submit(server, ["eve@dead.example"])
    with Receiver(at=nobody) as alive:
        server.ctl("queue", "retry", "--all")
        server.wait_for(lambda: len(alive.messages) == 2, "both to arrive")


def test_what_an_administrator_gives_up_is_reported_once(make_server, nobody):
    server = make_server(**dead_route(nobody))
    submit(server, ["bob@dead.example", "eve@dead.example"])
    server.wait_for(lambda: server.log.count("status=deferred") == 2, "the first attempt")
    server.ctl("queue", "bounce", "--all")
    server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
    reports = server.messages("alice")
    assert len(reports) in (1, 2)
    assert sum(r.count(b"Action: failed") for r in reports) == 2


def test_mail_waits_when_the_password_of_its_route_cannot_be_read(make_server, sink, tmp_path):
    conf = route_to(sink, username="us", password_file=str(tmp_path / "absent"))
    server = make_server(**conf)
    submit(server, ["bob@away.example"])
    server.wait_for(lambda: "status=deferred" in server.log, "an attempt")
    assert "The password of its route cannot be read" in server.log
    assert waiting(server) == 1 and not sink.messages


def test_what_cannot_be_written_down_is_not_sent_again(make_server):
    """Another program holds the store while the outcome is written; then it lets go."""
    lock = sqlite3.connect(":memory:")

    def hold(file):
        nonlocal lock
        lock = sqlite3.connect(
            f"{server.data_dir}/mail.db", GUARD_SECONDS, isolation_level=None, check_same_thread=False
        )
        lock.execute("BEGIN IMMEDIATE")
        file.write(b"250 2.0.0 taken\r\n")
        file.flush()

    with Receiver(script={".": [hold]}) as sink:
        server = make_server(**route_to(sink))
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: "cannot be written, trying again" in server.log, "a failed write")
        lock.execute("ROLLBACK")
        lock.close()
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        server.wait_log("status=sent")
        assert sum(line == "DATA" for line in sink.lines) == 1
        submit(server, ["eve@away.example"])
        server.wait_for(lambda: len(sink.messages) == 1, "the next message to arrive")
