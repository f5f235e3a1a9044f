"""kill -9 while mail goes out: every recipient gets it, or its sender hears that he does not.

The server sends to a remote that is busy, closes, stalls and refuses, and dies
in the midst of it: the remote itself kills it, at a command of its choice. What
was sent and not yet written off then is sent again: at most the transactions
in flight at each kill.
"""

import collections
import os
import random
import re
import signal
import smtplib

from conftest import QUICK, waiting
from receiver import Receiver

MESSAGES = 1000
KILLS = 50
RECIPIENTS = 2
CONNECTIONS = 3
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

    def kill_at_some_command(self, pid):
        self.aim, self.pid = self.chance.choice(STAGES), pid

    def _trouble(self, stage):
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
        if stage in ("CONNECT", "MAIL") and value < 0.085:
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


def killed_and_started_again(server):
    assert server.process.wait(GUARD_SECONDS) == -signal.SIGKILL
    server.check_log()
    server.start()


def test_kill_9_loses_nothing(make_server):
    remote = Remote(7)
    with Receiver(dice=remote) as sink:
        route = {"domains": ["*"], "host": sink.address, "port": sink.port}
        server = make_server(**{**SETTINGS, "queue": {**SETTINGS["queue"], "routes": [route]}})
        sender = Sender(server)
        for kill in range(KILLS):
            remote.kill_at_some_command(server.pid)
            sender.send(MESSAGES * (kill + 1) // KILLS - sender.sent)
            killed_and_started_again(server)
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
        extra = sum(arrived.values()) - len(arrived) + len(set(arrived) & set(reported))
        assert extra <= KILLS * CONNECTIONS * RECIPIENTS
        print(f"{len(arrived)} arrived, {len(reported)} reported, {extra} twice")
        assert server.ctl("check")
