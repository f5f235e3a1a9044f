"""What is measured: each scenario takes a Bench and a Target, and returns figures by name."""

import json
import poplib
import re
import select
import signal
import subprocess
import tempfile
import time

import one_client
from target import read_proc

# Who is used for what: the first user, and how many.
MAIL, MIXED, APPEND, LOGIN = (0, 20), (20, 50), (70, 10), (80, 20)
PUSH, BIG, USERS = 100, 101, 102
SYNC_CALLS = "fsync,fdatasync,sync_file_range,msync,syncfs"
PATIENCE_S = 600


class Failed(Exception):
    pass


class Bench:
    def __init__(self, driver, scale, syncs):
        self.driver, self.scale, self.counts_syncs = driver, scale, syncs

    def number(self, n, at_least=1):
        return max(at_least, int(n * self.scale))

    def command(self, kind, target, service, users, *words):
        first, n = users
        out = [self.driver, kind, "--host", target.host, "--port", target.ports[service]]
        out += ["--rcpt", target.user, "--users", n, *(["--first", first] if first else [])]
        if service != "smtp" or kind == "push":
            out += ["--user", target.user, "--password", target.password]
        if service == "imaps":
            out += ["--tls", "implicit"]
        if service == "submission":
            out += ["--tls", "starttls"]
        return [str(word) for word in (*out, *words)]

    def load(self, *args):
        command = self.command(*args)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Failed(done.stderr.strip())
        return json.loads(done.stdout)

    def load_counted(self, messages, kind, target, *args):
        """With the CPU seconds of the server for a thousand of what it does."""
        before = target.cpu_seconds()
        result = self.load(kind, target, *args, "--messages", messages)
        if target.is_known:
            result["cpu"] = 1000 * (target.cpu_seconds() - before) / messages
        return result


# ---- mail in and out ----


def message_count(target):
    """How many messages the mailboxes of MAIL hold."""
    total = 0
    for k in range(MAIL[1]):
        mail = poplib.POP3(target.host, target.ports["pop3"], timeout=120)
        mail.user(target.user % k)
        mail.pass_(target.password)
        total += mail.stat()[0]
        mail.quit()
    return total


def deliver(service, messages, *words):
    """A message is delivered when POP3 STAT counts it."""

    def run(bench, target):
        n = bench.number(messages, MAIL[1])
        before = message_count(target)
        cpu, began = target.cpu_seconds(), time.monotonic()
        result = bench.load("smtp", target, service, MAIL, *words, "--messages", n)
        while message_count(target) < before + n:
            if time.monotonic() > began + PATIENCE_S:
                raise Failed("not all messages became visible")
        visible = time.monotonic() - began
        # When all was there at the first look, they were visible when the last was accepted.
        at_once = visible < 1.2 * result["seconds"] + 0.5
        out = {"accepted": result["per_second"], "p99": result["p99_ms"]}
        out["delivered"] = result["per_second"] if at_once else n / visible
        if target.is_known:
            out["cpu"] = 1000 * (target.cpu_seconds() - cpu) / n
        if bench.counts_syncs and target.is_known:
            out["syncs"] = syncs_per_message(bench, target, service, words)
        return out

    run.needs = (service, "pop3")
    return run


def syncs_per_message(bench, target, service, words):
    n = bench.number(400, MAIL[1])

    def work():
        before = message_count(target)
        bench.load("smtp", target, service, MAIL, *words, "--messages", n)
        while message_count(target) < before + n:
            continue

    return count_syncs(target, work) / n


def count_syncs(target, work):
    """Of a run of its own under strace, which slows it down."""
    with tempfile.NamedTemporaryFile("r") as trace:
        pids = [word for pid in target.pids() for word in ("-p", str(pid))]
        command = ["strace", "-f", "-qq", "-e", f"trace={SYNC_CALLS}", "-e", "signal=none"]
        tracer = subprocess.Popen([*command, "-o", trace.name, *pids], stderr=subprocess.DEVNULL)
        try:
            wait_until_traced(target.pids()[0])
            work()
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
        text = trace.read()
    return sum(1 for line in text.splitlines() if re.match(r"\d+\s+\w+\(", line))


def wait_until_traced(pid):
    while "TracerPid:\t0\n" in read_proc(pid, "status"):
        time.sleep(0.01)


def retrieve(bench, target):
    n = bench.number(20000)
    result = bench.load_counted(n, "pop3", target, "pop3", MAIL, "--connections", 4)
    return {"rate": result["per_second"], "cpu": result.get("cpu")}


retrieve.needs = ("pop3",)


def pop3(bench, target):
    """Of mailboxes with 500 messages each, as a program sees them that has fetched all."""
    for k in range(APPEND[0], sum(APPEND)):
        one_client.empty(target, target.user % k)
    fill(bench, target, APPEND, bench.number(500))
    return rate_of_eight(bench, "pop3-session", target, "pop3", APPEND, 2000)


pop3.needs = ("pop3", "imap")


# ---- IMAP ----


def fill(bench, target, users, each):
    """Each mailbox gets `each` messages more."""
    n = users[1] * each
    bench.load("imap-append", target, "imap", users, "--connections", users[1], "--messages", n)


def append(bench, target):
    """After a message each, so that passwords are known: their hashing is measured by no row."""
    fill(bench, target, APPEND, 1)
    n = bench.number(5000, 10)
    result = bench.load_counted(n, "imap-append", target, "imap", APPEND, "--connections", 10)
    return {"rate": result["per_second"], "cpu": result.get("cpu")}


append.needs = ("imap",)


def rate_of_eight(bench, kind, target, service, users, number):
    """Of connections, eight at a time."""
    result = bench.load_counted(bench.number(number, 8), kind, target, service, users, "--connections", 8)
    return {"rate": result["per_second"], "cpu": result.get("cpu")}


def sessions(kind, service, number):
    def run(bench, target):
        return rate_of_eight(bench, kind, target, service, LOGIN, number)

    run.needs = (service,)
    return run


def mixed(bench, target):
    fill(bench, target, MIXED, 200)
    n = bench.number(30000, 50)
    result = bench.load_counted(n, "imap-mixed", target, "imap", MIXED, "--connections", 50)
    return {"rate": result["per_second"], "cpu": result.get("cpu"), "p99": result["p99_ms"]}


mixed.needs = ("imap",)


def big(bench, target):
    """A mailbox of which nothing has been read, where it is the first run."""
    user = target.user % BIG
    words = ["--connections", 4, "--messages", bench.number(10000, 10)]
    one_client.empty(target, user)
    filled = bench.load("imap-append", target, "imap", (BIG, 1), *words)
    if target.settle:
        target.settle()
    return {"fill": filled["per_second"], **one_client.measure(target, user)}


big.needs = ("imap",)


def push(bench, target):
    words = ["--imap-port", target.ports["imap"], "--messages", bench.number(300, 3)]
    result = bench.load("push", target, "smtp", (PUSH, 1), *words, "--seconds", 10)
    return {"p50": result["p50_ms"], "p99": result["p99_ms"], "dot": result["after_dot_p50_ms"]}


push.needs = ("smtp", "imap")


def idle(service):
    """Memory before and with all connections waiting, when it has come to rest."""

    def run(bench, target):
        n = bench.number(5000)
        before = target.memory_kib()
        command = bench.command("idle", target, service, LOGIN, "--connections", n)
        holder = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            select.select([holder.stdout], [], [], PATIENCE_S)
            line = holder.stdout.readline()
            if not line:
                raise Failed(holder.stderr.read().strip() or "the connections were not opened in time")
            time.sleep(2)
            held = target.memory_kib()
        finally:
            holder.stdin.close()
            holder.wait()
        return {"kib": (held - before) / n, "opened": json.loads(line)["per_second"]}

    run.needs = (service,)
    return run


def rest(bench, target):
    return {"mib": target.memory_kib() / 1024}


rest.needs = ()

C20 = ("--connections", 20)
SCENARIOS = {
    "rest": rest,
    "idle": idle("imap"),
    "smtp": deliver("smtp", 3000, *C20),
    "one": deliver("smtp", 600, "--connections", 1),
    "each": deliver("smtp", 1500, *C20, "--per-connection", 1),
    "large": deliver("smtp", 800, *C20, "--size", 65536),
    "submission": deliver("submission", 1000, *C20, "--per-connection", 5),
    "retr": retrieve,
    "append": append,
    "pop3": pop3,
    "login": sessions("imap-session", "imap", 4000),
    "login_tls": sessions("imap-session", "imaps", 2000),
    "handshake": sessions("greeting", "imaps", 4000),
    "mixed": mixed,
    "big": big,
    "push": push,
    "idle_tls": idle("imaps"),
}
# Without these the server's own figure of memory is missing, so they say nothing.
NEED_PIDS = ("rest", "idle", "idle_tls", "backlog")
