"""Servers that misbehave: each attempt ends, is logged, and the mail is neither lost nor doubled."""

import collections
import pathlib
import socket
import threading

import pytest

from conftest import QUICK, route_to, submit, waiting
from receiver import Receiver

RSS_GROWTH_KIB = 64 << 10


def stall(file):
    """Says nothing until the other side has gone."""
    while file.read1(4096):
        pass


def last_word(text):
    def say(file):
        file.write(text.encode() + b"\r\n")
        file.flush()
        raise ConnectionError

    return say


def endless(octets):
    def say(file):
        while True:
            file.write(octets)
            file.flush()

    return say


def rss_kib(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def two_ways(bad, good):
    """Mail for bad.example goes to one server, all other mail to the other; tried again in an hour."""
    routes = [
        {"domains": ["bad.example"], "host": bad.address, "port": bad.port},
        {"domains": ["*"], "host": good.address, "port": good.port},
    ]
    return {"queue": {**QUICK, "routes": routes, "retry_first": "1h", "retry_max": "1h"}}


def assert_put_off_once(make_server, script, impatience=None):
    """
    The first attempt fails, the next is well; other mail goes.

    `impatience` are time-outs of the first attempt, and of nothing else: a machine that has no time
    for the receivers is not a fault of theirs.
    """
    with Receiver(script) as bad, Receiver() as good:
        server = make_server(**two_ways(bad, good), outbound={"smtp": impatience or {}})
        submit(server, ["bob@bad.example"])
        submit(server, ["carol@good.example"])
        server.wait_log("to=<bob@bad.example> status=deferred")
        bad.forgive()
        server.configure({"outbound": {"smtp": dict.fromkeys(impatience or {}, "5m")}})
        server.ctl("reload")
        server.ctl("queue", "retry", "--all")
        server.wait_for(lambda: good.messages, "other mail to arrive")
        server.wait_log("to=<bob@bad.example> status=sent")
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert [r for r, _ in bad.delivered()] == ["bob@bad.example"]
        assert server.log.count("to=<bob@bad.example> status=deferred") == 1
        assert server.log.count("to=<bob@bad.example> status=sent") == 1
        assert server.count("alice") == 0


STAGES = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", ".")
WAITED_FOR = {"CONNECT": "greeting_timeout", "DATA": "data_timeout", ".": "data_end_timeout"}


@pytest.mark.parametrize("stage", STAGES)
def test_a_server_that_falls_silent_is_left(make_server, stage):
    assert_put_off_once(make_server, {stage: [stall]}, {WAITED_FOR.get(stage, "command_timeout"): "1s"})


@pytest.mark.parametrize("stage", STAGES)
def test_a_server_that_closes_is_tried_again(make_server, stage):
    assert_put_off_once(make_server, {stage: [None]})


@pytest.mark.parametrize("stage", STAGES)
def test_a_server_that_says_421_is_tried_again(make_server, stage):
    assert_put_off_once(make_server, {stage: [last_word("421 4.3.2 going down")]})


def test_a_refusal_holds_though_the_server_closes_with_it(make_server):
    """And five such servers' ends are no reason to leave the destination alone."""
    with Receiver({"MAIL": [last_word("554 5.7.1 not you")] * 6}) as sink:
        conf = route_to(sink)
        conf["queue"].update(retry_first="1h", retry_max="1h", max_recipients_per_transaction=1)
        server = make_server(**conf)
        submit(server, [f"r{i}@away.example" for i in range(7)])
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert len(sink.delivered()) == 1
        reports = b"".join(server.messages("alice"))
        assert reports.count(b"Diagnostic-Code: smtp; 554 5.7.1 not you") == 6


@pytest.mark.parametrize("octets", [
    b"250-x\r\n250-x\r\n451 y\r\n",
    b"250x\r\n",
    b"25 ok\r\n",
    b"999 what\r\n",
    b"\r\n",
    b"250-" + b"x" * 100000 + b"\r\n",
    b"\xff\xfe\x00\r\n",
], ids=["codes differ", "no space", "two digits", "no such code", "empty", "long line", "binary"])
def test_a_reply_that_is_none_ends_the_connection(make_server, octets):
    assert_put_off_once(make_server, {"MAIL": [octets + b"250 ok\r\n"]})


@pytest.mark.parametrize("stage, octets", [
    ("CONNECT", b"220-" + b"x" * 200 + b"\r\n"),
    ("CONNECT", b"x" * 65536),
    ("EHLO", b"250-" + b"X" * 200 + b"\r\n"),
    ("DATA", b"354-go\r\n"),
    (".", b"250-ok\r\n"),
], ids=["banner of many lines", "banner of one line", "ehlo", "data", "end of data"])
def test_an_endless_reply_costs_little(make_server, stage, octets):
    with Receiver({stage: [endless(octets)]}) as sink:
        server = make_server(**route_to(sink))
        before = rss_kib(server)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert len(sink.delivered()) == 1
        assert rss_kib(server) < before + RSS_GROWTH_KIB


class Yes:
    """A server that answers 250 to everything before it is asked."""

    def __init__(self, octets):
        self.octets, self.heard = octets, b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address, self.port = self.socket.getsockname()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def serve(self):
        try:
            while True:
                peer, _ = self.socket.accept()
                with peer:
                    peer.settimeout(10)
                    peer.sendall(self.octets)
                    while data := peer.recv(65536):
                        self.heard += data
        except OSError:
            pass

    def __exit__(self, *exception):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(15)


def test_answers_before_the_questions_do_not_count(make_server):
    octets = b"220 hi\r\n" + b"250 ok\r\n" * 3 + b"354 go\r\n250 taken\r\n" * 3
    with Yes(octets) as yes, Receiver() as good:
        server = make_server(**two_ways(yes, good))
        submit(server, ["bob@bad.example"])
        submit(server, ["carol@good.example"])
        server.wait_log("to=<bob@bad.example> status=")
        server.wait_for(lambda: good.messages, "other mail to arrive")
        if "to=<bob@bad.example> status=sent" in server.log:
            server.wait_for(lambda: b"how are you" in yes.heard, "what was sent to be heard")
        else:
            server.wait_for(lambda: waiting(server) == 1, "the first to wait alone")


def test_a_thousand_recipients_hear_a_thousand_replies(make_server):
    replies = ["250 2.1.5 ok", "550 5.1.1 " + "no such user " * 30, "451 4.2.1 later"]
    with Receiver({"RCPT": [replies[i % 3] for i in range(999)]}) as sink:
        conf = route_to(sink)
        conf["queue"]["max_recipients_per_transaction"] = 1000
        conf["delivery"] = {"max_recipients_per_hour": 0, "max_recipients_per_day": 0}
        conf["smtp"] = {"max_recipients": 1000}
        server = make_server(**conf)
        submit(server, [f"r{i}@away.example" for i in range(999)])
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        arrived = collections.Counter(r for r, _ in sink.delivered())
        assert set(arrived.values()) == {1} and len(arrived) == 666
        reports = b"".join(server.messages("alice"))
        assert reports.count(b"Final-Recipient:") == 333


def test_five_connections_that_break_put_off_the_destination(make_server):
    with Receiver({"MAIL": [None] * 5}) as sink:
        conf = route_to(sink)
        conf["queue"].update(retry_first="1h", retry_max="1h", max_recipients_per_transaction=1)
        server = make_server(**conf)
        submit(server, [f"r{i}@away.example" for i in range(20)])
        server.wait_log('queue destination=route:0 failures=1 .*why="[^"]*the .* while waiting for the answer to MAIL"')
        server.wait_for(lambda: server.log.count("status=deferred") == 20, "all to be put off")
        assert 5 <= sink.connections <= 7 and not sink.messages


class OneAtATime:
    """As a Receiver's dice: a second connection is refused. With `slow` the first is greeted after that."""

    def __init__(self, slow):
        self.slow, self.connections, self.refused = slow, 0, threading.Event()

    def __call__(self, stage):
        if stage != "CONNECT":
            return False
        self.connections += 1  # the Receiver's lock is held
        if self.connections > 1:
            return self.refuse
        return self.greet_late if self.slow else False

    def greet_late(self, file):
        self.refused.wait(60)
        file.write(b"220 sink.example.net ESMTP\r\n")
        file.flush()

    def refuse(self, file):
        file.write(b"421 4.7.0 too many connections\r\n")
        file.flush()
        stall(file)
        self.refused.set()
        raise ConnectionError


@pytest.mark.parametrize("slow", [False, True], ids=["greeted at once", "greeted last"])
def test_a_server_that_takes_one_connection_gets_all_over_it(make_server, slow):
    with Receiver(dice=OneAtATime(slow)) as sink:
        conf = route_to(sink)
        conf["queue"].update(retry_first="1h", retry_max="1h", idle_connection="1m")
        server = make_server(**conf)
        for i in range(20):
            submit(server, [f"r{i}@away.example"])
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert len(sink.delivered()) == 20
        assert len({message.connection for message in sink.messages}) == 1
