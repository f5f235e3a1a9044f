"""Clients that send and delete as fast as they can and remember what they were promised.

Each message carries a number of its own in the field X-Number. After a crash
the numbers that a mailbox holds are compared with what the ledger knows:
acknowledged messages must be there, once; those nobody acknowledged may be.
"""

import contextlib
import itertools
import re
import socket
import threading

from server import DOMAIN

GUARD_SECONDS = 60


class Ledger:
    """
    What was sent, what was acknowledged, and what was deleted; safe for threads.

    Mail to several accounts is sent once and deleted by each for itself: `of`
    another ledger shares what that one knows of the sending.
    """

    def __init__(self, of=None):
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.sent = of.sent if of else set()
        self.acknowledged = of.acknowledged if of else set()
        self.deleted = set()  # by a QUIT that was answered
        self.unsure = []  # sets: QUIT was said, no answer came

    def next_number(self):
        with self.lock:
            number = next(self.numbers)
            self.sent.add(number)
            return number

    def acknowledge(self, number):
        with self.lock:
            self.acknowledged.add(number)

    def delete(self, numbers, answered):
        with self.lock:
            if answered:
                self.deleted |= numbers
            elif numbers:
                self.unsure.append(numbers)


class Lines:
    """The least of a line client, for speed: Conversation is for tests that read."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), GUARD_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def say(self, octets):
        self.socket.sendall(octets)

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server has gone")
        return line

    def expect(self, start):
        while True:
            line = self.line()
            if not line.startswith(start):
                raise AssertionError(f"wanted {start}, got {line}")
            if start[:1] == b"+" or line[3:4] == b" ":
                return line

    def dotted(self):
        lines = []
        while (line := self.line()) != b".\r\n":
            lines.append(line)
        return lines


def message(number, octets=2000):
    head = (
        f"From: <sender@example.net>\r\nTo: <alice@{DOMAIN}>\r\nSubject: number {number}\r\n"
        f"X-Number: {number}\r\n\r\n"
    ).encode()
    line = b"%08d and some text to make the message as long as messages are\r\n" % number
    return head + line * (octets // len(line))


class Client(threading.Thread):
    """Works until the server goes away or it is told to stop; keeps what went wrong otherwise."""

    def __init__(self, server, ledger):
        super().__init__(daemon=True)
        self.ports = dict(server.ports)
        self.ledger = ledger
        self.stopped = threading.Event()
        self.wrong = None

    def run(self):
        try:
            with contextlib.suppress(OSError):
                self.work()
        except Exception as wrong:  # noqa: BLE001 - shown by finish()
            self.wrong = wrong

    def finish(self):
        self.stopped.set()
        self.join(GUARD_SECONDS)
        assert not self.is_alive(), "a client hangs"
        if self.wrong:
            raise self.wrong


class Sender(Client):
    """One connection, one message after another to the same recipients."""

    def __init__(self, server, ledger, users, large_every=0):
        super().__init__(server, ledger)
        self.users, self.large_every = users, large_every

    def work(self):
        with Lines(self.ports["smtp"]) as talk:
            talk.expect(b"220")
            talk.say(b"EHLO client.example.net\r\n")
            talk.expect(b"250")
            while not self.stopped.is_set():
                self.send_one(talk)

    def send_one(self, talk):
        envelope = "MAIL FROM:<sender@example.net>\r\n"
        envelope += "".join(f"RCPT TO:<{user}@{DOMAIN}>\r\n" for user in self.users)
        talk.say(envelope.encode() + b"DATA\r\n")
        for _ in range(1 + len(self.users)):
            talk.expect(b"250")
        talk.expect(b"354")
        number = self.ledger.next_number()
        large = self.large_every and number % self.large_every == 0
        talk.say(message(number, 400_000 if large else 2000) + b".\r\n")
        talk.expect(b"250")
        self.ledger.acknowledge(number)


class Deleter(Client):
    """One POP3 session after another that deletes all it finds."""

    def __init__(self, server, ledger, user):
        super().__init__(server, ledger)
        self.user, self.password = user, server.passwords[user]

    def work(self):
        while not self.stopped.is_set():
            with logged_in(self.ports["pop3"], self.user, self.password) as talk:
                numbers = set(listed_numbers(talk))
                self.delete_all(talk, numbers)

    def delete_all(self, talk, numbers):
        for index in range(1, len(numbers) + 1):
            talk.say(b"DELE %d\r\n" % index)
            talk.expect(b"+OK")
        answered = False
        try:
            talk.say(b"QUIT\r\n")
            talk.expect(b"+OK")
            answered = True
        finally:
            self.ledger.delete(numbers, answered)


@contextlib.contextmanager
def logged_in(port, user, password):
    with Lines(port) as talk:
        talk.expect(b"+OK")
        talk.say(f"USER {user}\r\nPASS {password}\r\n".encode())
        talk.expect(b"+OK")
        talk.expect(b"+OK")
        yield talk


def listed_numbers(talk):
    """The X-Number of every message of the session, oldest first."""
    talk.say(b"STAT\r\n")
    count = int(talk.expect(b"+OK").split()[1])
    for index in range(1, count + 1):
        talk.say(b"TOP %d 0\r\n" % index)
        talk.expect(b"+OK")
        head = b"".join(talk.dotted())
        yield int(re.search(rb"(?m)^X-Number: (\d+)\r$", head)[1])


def numbers_in(server, user):
    with logged_in(server.ports["pop3"], user, server.passwords[user]) as talk:
        return list(listed_numbers(talk))


def compare(ledger, found):
    """Fails unless `found` holds each acknowledged message once and nothing that was deleted."""
    there = set(found)
    assert len(found) == len(there), f"twice: {sorted(n for n in there if found.count(n) > 1)}"
    assert there <= ledger.sent, f"never sent: {sorted(there - ledger.sent)}"
    assert not there & ledger.deleted, f"deleted and back: {sorted(there & ledger.deleted)}"
    gone = set(ledger.deleted)
    for numbers in ledger.unsure:
        left = numbers & there
        assert left in (set(), numbers), f"half of a QUIT's deletions: {sorted(left)}"
        gone |= numbers - left
    lost = ledger.acknowledged - there - gone
    assert not lost, f"acknowledged and lost: {sorted(lost)}"


def assert_sound(server):
    """mailserverctl check finds nothing to repair and nothing damaged."""
    for line in server.ctl("check").splitlines():
        assert line.startswith("info\t"), line
