"""Fairness between accounts: one's thousands do not stand before another's one."""

import smtplib
import threading

from conftest import route_to, submit, waiting
from receiver import Receiver
from test_backlog import NO_LIMITS, dead_route

MANY = 300


def submit_each(server, addresses):
    """A message to each: to many at once it would be bulk mail, which waits behind all other."""
    with smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=60) as client:
        client.starttls(context=server.tls)
        client.login("alice", server.passwords["alice"])
        for address in addresses:
            text = f"From: alice@example.org\r\nSubject: to {address}\r\n\r\nbody\r\n"
            client.sendmail("alice@example.org", [address], text)


def greet_when(ready):
    """As the first greeting of a Receiver: after what `ready` does."""

    def greet(file):
        ready()
        file.write(b"220 sink.example.net ESMTP\r\n")
        file.flush()

    return {"CONNECT": [greet]}


def test_a_letter_does_not_wait_behind_another_account_s_thousand_to_the_same_place(make_server, nobody):
    made_due = threading.Event()
    conf = dead_route(nobody)
    conf["queue"] |= {"max_recipients_per_transaction": 1, "max_connections_per_destination": 1}
    conf["queue"]["max_in_memory_per_destination"] = 50
    server = make_server(**conf, delivery=NO_LIMITS)
    submit_each(server, [f"r{n}@dead.example" for n in range(MANY)])
    submit(server, ["letter@dead.example"], sender="bob")
    script = greet_when(lambda: made_due.wait(60))
    with Receiver(script=script, at=nobody) as alive:
        server.ctl("queue", "retry", "--all")
        made_due.set()
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        order = [r for r, _ in alive.delivered()]
    assert len(order) == MANY + 1
    # It is the last in the store.
    assert order.index("letter@dead.example") < MANY // 4


def test_new_mail_has_room_when_another_account_s_has_filled_the_memory(make_server, sink):
    """Alice's waits for servers that never greet; there is no place for all of it in memory."""
    names = [f"d{n}.away.example" for n in range(30)]
    with Receiver(script={"CONNECT": [b""] * 1000}) as mute:
        routes = [
            {"domains": [name], "host": mute.address, "port": mute.port} for name in names
        ]
        conf = route_to(sink)
        conf["queue"]["routes"] = routes + conf["queue"]["routes"]
        conf["queue"] |= {"max_in_memory": 10, "max_connections": 100}
        server = make_server(**conf, delivery=NO_LIMITS)
        submit_each(server, [f"x@{name}" for name in names])
        server.wait_for(lambda: mute.connections >= 8, "what fits in memory to be tried")
        submit(server, ["letter@elsewhere.example"], sender="bob")
        server.wait_for(lambda: len(sink.messages) == 1, "the letter to arrive")
        server.wait_for(lambda: waiting(server) == len(names), "it to be written off")


def test_old_mail_has_room_when_another_account_s_old_mail_fills_the_memory(make_server):
    """As after a restart: what is due earlier is read first, and none of it goes."""
    names = [f"d{n}.away.example" for n in range(30)]
    later = ["421 4.3.2 later"]
    with (
        Receiver(script={"CONNECT": later * len(names) + [b""] * 1000}) as mute,
        Receiver(script={"CONNECT": later}) as sink,
    ):
        conf = route_to(sink)
        routes = [
            {"domains": [name], "host": mute.address, "port": mute.port} for name in names
        ]
        conf["queue"]["routes"] = routes + conf["queue"]["routes"]
        conf["queue"] |= {"max_in_memory": 10, "retry_first": "1h", "retry_max": "1h"}
        server = make_server(**conf, delivery=NO_LIMITS)
        submit_each(server, [f"x@{name}" for name in names])
        submit(server, ["letter@elsewhere.example"], sender="bob")
        server.wait_for(lambda: server.log.count("status=deferred") == len(names) + 1,
                        "all of it to be put off")
        server.ctl("queue", "retry", "--all")
        server.wait_for(lambda: len(sink.messages) == 1, "the letter to arrive")
        assert waiting(server) >= len(names)


def test_who_waits_for_a_connection_has_a_turn_with_the_others(make_server):
    """Forty destinations of alice's wait for the only connection when bob's letter comes."""
    names = [f"d{n}.away.example" for n in range(40)]
    sent, before_letter = threading.Event(), []
    with (
        Receiver(script=greet_when(lambda: sent.wait(60))) as others,
        Receiver(script=greet_when(lambda: before_letter.append(len(others.messages)))) as sink,
    ):
        conf = route_to(sink)
        routes = [
            {"domains": [name], "host": others.address, "port": others.port} for name in names
        ]
        conf["queue"] |= {"routes": routes + conf["queue"]["routes"], "max_connections": 1}
        server = make_server(**conf, delivery=NO_LIMITS)
        submit_each(server, [f"x@{name}" for name in names])
        submit(server, ["letter@elsewhere.example"], sender="bob")
        sent.set()
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert len(others.messages) == len(names)
    assert before_letter[0] < len(names) // 2


def test_servers_that_never_answer_do_not_take_all_connections(make_server, sink):
    names = [f"d{n}.away.example" for n in range(10)]
    with Receiver(script={"CONNECT": [b""] * 1000}) as mute:
        conf = route_to(sink)
        routes = [{"domains": [name], "host": mute.address, "port": mute.port} for name in names]
        conf["queue"] |= {"routes": routes + conf["queue"]["routes"], "max_connections": 5}
        server = make_server(**conf, delivery=NO_LIMITS)
        submit_each(server, [f"x@{name}" for name in names])
        server.wait_for(lambda: mute.connections == 4, "all but the last connection to be in use")
        submit(server, ["letter@elsewhere.example"], sender="bob")
        server.wait_for(lambda: len(sink.messages) == 1, "the letter to arrive")
        assert mute.connections == 4
