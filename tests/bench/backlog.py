"""A hundred thousand recipients wait for servers that are not there: what that costs.

    fill ─► every destination has refused once ─► rest ─► mail to one that is there, beside them

The same mail goes before, with an empty queue. A NOOP is asked for all the while.
"""

import contextlib
import pathlib
import smtplib
import ssl
import threading
import time

import outbound
from one_client import Client
from scenarios import Failed
from target import read_proc

ROWS, DESTINATIONS, EACH = 99_000, 10_000, 99
LIVE = 2000
REST_S = 60
QUIET_S = 3  # without work: all that is to be tried now has been
PATIENCE_S = 600


def dead(k):
    """Nobody listens there."""
    return f"[127.2.{k // 250}.{k % 250 + 1}]"


def fill(target, rows, destinations):
    """Mail of one account to EACH recipients at a time."""
    with smtplib.SMTP(target.host, target.ports["submission"], timeout=PATIENCE_S) as client:
        client.starttls(context=ssl._create_unverified_context())
        sender = target.user % 0
        client.login(sender, target.password)
        for first in range(0, rows, EACH):
            to = [f"x{n}@{dead(n % destinations)}" for n in range(first, min(rows, first + EACH))]
            client.sendmail(sender, to, f"From: {sender}\r\nSubject: {first}\r\n\r\nbody\r\n")


def wait_until_quiet(target):
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        before = target.cpu_seconds()
        time.sleep(QUIET_S)
        if target.cpu_seconds() - before < 0.05:
            return
    raise Failed("it does not come to rest")


def wake_ups(target):
    """Of all threads."""
    total = 0
    for pid in target.pids():
        for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
            total += int(field(read_proc(pid, f"task/{thread.name}/status"), "voluntary_ctxt_switches"))
    return total


def reads(target):
    return sum(int(field(read_proc(pid, "io"), "syscr")) for pid in target.pids())


def field(text, name):
    lines = (line.partition(":") for line in text.splitlines())
    return next(value for key, _, value in lines if key == name)


@contextlib.contextmanager
def noops(target):
    """Milliseconds of each, sorted when it is over."""
    times, over = [], threading.Event()

    def ask():
        client = Client(target, target.user % 1)
        while not over.wait(0.002):
            times.append(client.do("NOOP")[0])
        client.close()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()
        times.sort()


def live(bench, target):
    """Mail to a server that takes it, and how long others wait meanwhile."""
    n = bench.number(LIVE, outbound.DESTINATIONS)
    cpu = target.cpu_seconds()
    with noops(target) as times:
        seconds, _, sent = outbound.send(bench, target, outbound.REUSED, 1, n)
    return {
        "rate": n / seconds,
        "cpu": 1000 * (target.cpu_seconds() - cpu) / n,
        "smtp_p50": sent["p50_ms"],
        "smtp_p99": sent["p99_ms"],
        "noop_p50": times[len(times) // 2],
        "noop_p99": times[int(len(times) * 0.99)],
    }


def rest(target):
    """What a minute costs in which nothing is due."""
    before = target.cpu_seconds(), wake_ups(target), reads(target)
    time.sleep(REST_S)
    after = target.cpu_seconds(), wake_ups(target), reads(target)
    names = ("rest_cpu", "rest_wakes", "rest_reads")
    return {name: now - then for name, then, now in zip(names, before, after)}


def backlog(bench, target):
    rows, destinations = bench.number(ROWS, EACH), bench.number(DESTINATIONS)
    live(bench, target)  # logins are remembered from here on
    out = {f"empty_{name}": value for name, value in live(bench, target).items()}
    memory, cpu = target.memory_kib(), target.cpu_seconds()
    fill(target, rows, destinations)
    wait_until_quiet(target)
    out["fill_cpu"] = 1000 * (target.cpu_seconds() - cpu) / rows
    out["memory"] = (target.memory_kib() - memory) / 1024
    return {**out, **rest(target), **live(bench, target)}


backlog.needs = ("submission", "imap", "sink")
