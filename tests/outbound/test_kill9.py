"""kill -9 while mail goes out: every recipient gets it, or its sender hears that he does not.

The server sends to a remote that is busy, closes, stalls and refuses, and dies
in the midst of it: the remote itself kills it, at a command of its choice. What
was taken and not yet written down then is sent again, and nothing else is.
"""

import collections
import os
import random
import re
import signal
import smtplib
import time

from conftest import QUICK, queued, waiting
from receiver import Receiver

MESSAGES = 1000
KILLS = 50
RECIPIENTS = 2
CONNECTIONS = 3
STALL_EVERY = 200  # so rare that chance alone might leave it out
GUARD_SECONDS = 120
# A command that comes again and again: there the server dies.
STAGES = ("CONNECT", "EHLO", "MAIL", "MAIL", "RCPT", "DATA", ".", ".", ".")
SETTINGS = {
    "queue": {**QUICK, "retry_first": "100ms", "retry_max": "400ms",
              "max_connections_per_destination": CONNECTIONS},
    "delivery": {"max_recipients_per_hour": 0, "max_recipients_per_day": 0},
    # Short where the remote stalls, and nowhere else: a reply to the dot that comes late doubles.
    "outbound": {"smtp": {"greeting_timeout": "500ms", "command_timeout": "500ms"}},
}


def stall(file):
    while file.read1(4096):
        pass


class Remote:
    """What the remote does at a command, by chance."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.aim, self.pid = None, None
        self.troubles = collections.Counter()
        self.asked = collections.Counter()

    def kill_at_some_command(self, pid):
        self.pid = pid  # before the aim: it is asked in other threads meanwhile
        self.aim = self.chance.choice(STAGES)

    def _trouble(self, stage):
        self.asked[stage] += 1
        if stage == "MAIL" and self.asked[stage] % STALL_EVERY == 0:
            return stall
        value = self.chance.random()
        if stage == "RCPT" and value < 0.02:
            return "550 5.1.1 No such user"
        if stage == "RCPT" and value < 0.04:
            return "450 4.2.1 greylisted"
        if stage == "." and value < 0.02:
            return "554 5.7.1 not wanted"
        if stage in ("MAIL", ".") and value < 0.06:
            return "451 4.3.0 not now"
        if stage in ("CONNECT", "MAIL", "RCPT", "DATA") and value < 0.055:
            return "421 4.3.2 closing"
        if stage in ("CONNECT", "DATA", ".") and value < 0.08:
            return None
        if stage == "CONNECT" and value < 0.085:
            return stall
        return False

    def __call__(self, stage):
        if stage == self.aim:
            self.aim = None
            os.kill(self.pid, signal.SIGKILL)
            return False
        reply = self._trouble(stage)
        self.troubles[getattr(reply, "__name__", reply)] += reply is not False
        return reply


class Sender:
    """Submits; knows what was promised, and what was neither promised nor refused."""

    def __init__(self, server):
        self.server, self.sent = server, 0
        self.promised, self.unsure = set(), set()

    def _send(self, client):
        n = self.sent
        self.sent += 1
        to = {f"n{n}r{i}@away.example" for i in range(RECIPIENTS)}
        self.unsure |= to
        text = f"From: alice@example.org\r\nSubject: number {n}\r\n\r\nbody\r\n"
        client.sendmail("alice@example.org", sorted(to), text)
        self.promised |= to

    def send(self, count):
        """So many over one connection, or as many as it takes until the server dies."""
        try:
            with smtplib.SMTP("127.0.0.1", self.server.ports["submission"], timeout=60) as client:
                client.starttls(context=self.server.tls)
                client.login("alice", self.server.passwords["alice"])
                for _ in range(count):
                    self._send(client)
        except (smtplib.SMTPException, OSError):
            assert self.server.process.wait(GUARD_SECONDS) == -signal.SIGKILL


def is_killed(server, remote):
    """If nothing is left that could lead to the command, it dies at rest."""
    give_up = time.monotonic() + GUARD_SECONDS
    while server.process.poll() is None:
        assert time.monotonic() < give_up, f"it does not come to {remote.aim}\n{server.log}"
        if waiting(server) == 0:
            remote.aim = None
            server.process.kill()
        time.sleep(0.005)
    assert server.process.returncode == -signal.SIGKILL
    server.check_log()


def taken_and_not_written(server, sink):
    """Recipients whose mail the remote has taken, and of whom the dead server's store does not know it."""
    while sink.open:
        time.sleep(0.005)  # it reads what was on its way
    return {r for r, _ in sink.delivered()} & set(queued(server))


def test_kill_9_loses_nothing(make_server):
    remote = Remote(7)
    with Receiver(dice=remote) as sink:
        route = {"domains": ["*"], "host": sink.address, "port": sink.port}
        server = make_server(**{**SETTINGS, "queue": {**SETTINGS["queue"], "routes": [route]}})
        sender, repeated = Sender(server), collections.Counter()
        for kill in range(KILLS):
            remote.kill_at_some_command(server.pid)
            sender.send(MESSAGES * (kill + 1) // KILLS - sender.sent)
            is_killed(server, remote)
            repeated.update(taken_and_not_written(server, sink))
            server.start()
        sender.send(MESSAGES - sender.sent)
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert all(remote.troubles[trouble] for trouble in (
            "550 5.1.1 No such user", "554 5.7.1 not wanted", "421 4.3.2 closing", None, "stall"))
        arrived = collections.Counter(r for r, _ in sink.delivered())
        reported = collections.Counter()
        for report in server.messages("alice"):
            reported.update(re.findall(r"Final-Recipient: rfc822; ?(\S+)", report.decode()))
        ended = set(arrived) | set(reported)
        assert len(sender.promised) >= (MESSAGES - KILLS) * RECIPIENTS
        assert not sender.promised - ended, "lost"
        assert not ended - sender.unsure, "never sent"
        assert set(reported.values()) == {1}
        answers = arrived + reported
        assert not answers - collections.Counter(ended) - repeated, "again, though it was written down"
        print(f"{len(arrived)} arrived, {len(reported)} reported, {answers.total() - len(ended)} again")
        assert server.ctl("check")
