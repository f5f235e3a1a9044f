"""kill -9 while mail goes out: every recipient gets it, or its sender hears that he does not.

What was sent and not yet written off when the daemon died is sent again: at
most the transactions in flight at each kill, never more.
"""

import collections
import random
import re

from conftest import route_to, submit
from receiver import Receiver

MESSAGES = 150
KILLS = 8
RECIPIENTS = 2
CONNECTIONS = 3


def flaky(seed):
    """One in ten transactions is put off, one in twenty connections dies, some are refused."""
    chance = random.Random(seed)

    def dice(stage):
        value = chance.random()
        if stage == "RCPT" and value < 0.05:
            return "550 5.1.1 No such user"
        if stage in ("MAIL", ".") and value < 0.10:
            return "451 4.3.0 not now"
        if stage in ("CONNECT", "DATA") and value < 0.05:
            return None
        return False

    return dice


def numbers(octets):
    return [int(n) for n in re.findall(rb"Subject: number (\d+)", octets)]


def test_kill_9_loses_nothing(make_server):
    with Receiver(dice=flaky(7)) as sink:
        conf = route_to(sink)
        conf["queue"]["max_connections_per_destination"] = CONNECTIONS
        conf["queue"]["retry_first"] = "100ms"
        conf["delivery"] = {"max_recipients_per_hour": 0, "max_recipients_per_day": 0}
        server = make_server(**conf)
        wanted = set()
        kill_at = set(range(MESSAGES // KILLS, MESSAGES, MESSAGES // KILLS))
        for n in range(MESSAGES):
            to = [f"n{n}r{i}@away.example" for i in range(RECIPIENTS)]
            submit(server, to, f"Subject: number {n}\r\n\r\nbody\r\n")
            wanted.update(to)
            if n in kill_at:
                server.kill9()
                server.start()
        server.wait_for(
            lambda: "@away.example" not in server.ctl("queue", "list"), "the queue to be empty"
        )
        arrived = collections.Counter(r for r, _ in sink.delivered())
        reported = set()
        for report in server.messages("alice"):
            reported.update(re.findall(r"Final-Recipient: rfc822; ?(\S+)", report.decode()))
        assert wanted == set(arrived) | reported
        extra = sum(arrived.values()) - len(arrived) + len(set(arrived) & reported)
        assert extra <= len(kill_at) * CONNECTIONS * RECIPIENTS
        assert server.ctl("check")
