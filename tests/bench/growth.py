"""What one client's commands cost as its mailbox grows: milliseconds of the server's processors.

A mailbox of n messages is made by APPEND of a thousand and COPY of what is there; every second
message is marked \\Deleted, so that what is expunged lies scattered.
"""

import contextlib
import pathlib
import threading
import time

from one_client import Client

FIRST = 1000  # messages that are appended
NEWEST = 50
CHANGED = 10_000
PIECE = 100_000  # messages a COPY takes
SESSIONS = 50


class Figure:
    """A line of the plot, and a row of the table."""

    def __init__(self, name, what, unit="ms"):
        self.name, self.what, self.unit = name, what, unit


FIGURES = [
    Figure("select_cold", "SELECT, the first since the start"),
    Figure("select", "SELECT"),
    Figure("status", "STATUS (MESSAGES UNSEEN UIDNEXT)"),
    Figure("newest", f"FETCH ENVELOPE, flags of the newest {NEWEST}"),
    Figure("search", "SEARCH SINCE a date UNSEEN: all rows"),
    Figure("search_newest", f"SEARCH FROM in the newest {NEWEST}"),
    Figure("change", f"STORE .SILENT of the newest {CHANGED:,}"),
    Figure("change_all", "STORE .SILENT of all"),
    Figure("expunge", "EXPUNGE of every second"),
    Figure("select_holes", "SELECT with every second gone"),
    Figure("move_all", "MOVE of the half that is left"),
    Figure("memory", "memory of one more session", "KiB"),
    Figure("wait", "longest wait of another client's NOOP and APPEND meanwhile"),
]


def cpu_ms(pid):
    """Of all threads: the kernel's own count, in nanoseconds."""
    total = 0
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e6


def private_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty"))


def message(k):
    return (
        f"From: writer {k % 97} <w{k % 97}@example.org>\r\nTo: u0@bench.test\r\n"
        f"Subject: number {k}\r\nDate: Sat, 21 Nov 2026 12:00:{k % 60:02} +0000\r\n"
        f"Message-ID: <{k}@growth.example>\r\n\r\n" + f"Line {k}.\r\n" * 20
    ).encode()


class Meter:
    """One server, by its pid, and one client of it."""

    def __init__(self, target, pid):
        self.target, self.pid = target, pid
        self.costs = {}
        self.client = self.connect()

    def connect(self, user=0):
        return Client(self.target, self.target.user % user)

    def do(self, name, command, times=1):
        """The best of some runs: noise only adds."""
        for _ in range(times):
            before = cpu_ms(self.pid)
            self.client.do(command)
            cost = cpu_ms(self.pid) - before
            self.costs[name] = min(cost, self.costs.get(name, cost))


def append(client, box, octets, flags=""):
    client.sock.sendall(f"b APPEND {box} ({flags}) {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
    answer = b""
    while not answer.endswith(b"\r\n") or b"b OK" not in answer:
        got = client.sock.recv(4096)
        if not got or b"b NO" in answer or b"b BAD" in answer:
            raise RuntimeError(f"APPEND: {answer!r}")
        answer += got


def fill(client, n):
    client.do("CREATE grown")
    client.do("CREATE seed")
    for k in range(FIRST):
        append(client, "seed", message(k), "\\Deleted" if k % 2 else "")
    client.do("SELECT seed")
    client.do("COPY 1:* grown")
    client.do("SELECT grown")
    there = FIRST
    while there < n:
        piece = min(there, n - there, PIECE)
        client.do(f"COPY 1:{piece} grown")
        there += piece


class Other:
    """Another client, who works in a mailbox of his own all the time, and waits for each answer."""

    def __init__(self, target):
        self.client = Client(target, target.user % 1)
        self.longest_ms, self.stopped = 0, False
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        while not self.stopped:
            began = time.monotonic()
            append(self.client, "INBOX", message(1))
            self.client.do("NOOP")
            self.longest_ms = max(self.longest_ms, 1e3 * (time.monotonic() - began))

    def stop(self):
        self.stopped = True
        self.thread.join()
        self.client.close()
        return self.longest_ms


def memory_of_sessions(meter):
    with contextlib.ExitStack() as stack:
        clients = [meter.connect() for _ in range(SESSIONS)]
        for client in clients:
            stack.callback(client.sock.close)
        before = private_kib(meter.pid)
        for client in clients:
            client.do("SELECT grown")
        return max(0, (private_kib(meter.pid) - before) / SESSIONS)


def look(meter, n):
    newest = max(1, n - NEWEST + 1)
    meter.do("select_cold", "SELECT grown")
    meter.do("select", "SELECT grown", 5)
    meter.do("status", "STATUS grown (MESSAGES UNSEEN UIDNEXT)", 5)
    meter.do("newest", f"FETCH {newest}:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)", 5)
    meter.do("search", "UID SEARCH RETURN (COUNT) SINCE 1-Jan-2020 UNSEEN", 3)
    meter.do("search_newest", f"UID SEARCH {newest}:* FROM nobody", 3)


def change(meter, n):
    newest = max(1, n - CHANGED + 1)
    for sign in "+-" * 2:
        meter.do("change", f"STORE {newest}:* {sign}FLAGS.SILENT (\\Flagged)")
    other = Other(meter.target)
    for sign in "+-":
        meter.do("change_all", f"STORE 1:* {sign}FLAGS.SILENT (\\Answered)")
    meter.do("expunge", "EXPUNGE")
    meter.do("select_holes", "SELECT grown", 3)
    meter.client.do("CREATE elsewhere")
    meter.do("move_all", "MOVE 1:* elsewhere")
    meter.costs["wait"] = other.stop()


def measure(n, start, restart):
    """Figures by name. `start` gives a server's target and pid, `restart` begins that anew."""
    target, pid = start()
    client = Client(target, target.user % 0)
    fill(client, n)
    client.close()
    target, pid = restart()
    meter = Meter(target, pid)
    look(meter, n)
    meter.costs["memory"] = memory_of_sessions(meter)
    change(meter, n)
    meter.client.close()
    return meter.costs
