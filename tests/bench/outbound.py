"""Mail for elsewhere: submitted, queued, and sent to a sink of the load driver's on loopback.

Recipients are at address literals, so that no name is looked up: x@[127.1.0.K] goes to the
sink's port there. Mail to [127.1.1.K] goes over connections that are used once.
"""

import contextlib
import json
import pathlib
import select
import subprocess
import time

from scenarios import MAIL, Failed, count_syncs

PATIENCE_S = 600
SETTLE_S = 0.5  # what became of the last is written down
DESTINATIONS = 100
REUSED, ONCE = "127.1.0.", "127.1.1."


def options(sink):
    """Of ours."""
    return {
        "queue": {
            "smtp_port": sink,
            "private_addresses": True,
            "address_literals": True,
            "mta_sts": False,
        },
        "delivery": {"max_recipients_per_hour": 0, "max_recipients_per_day": 0},
    }


def is_known(build):
    """Has this build of ours a queue?"""
    shown = subprocess.run(
        [pathlib.Path(build, "mailserverctl"), "config", "man"], capture_output=True, text=True
    )
    return "address_literals" in shown.stdout


class Sink:
    """Says when so many messages have come to net + 0 …"""

    def __init__(self, bench, target, net, destinations, messages):
        command = [bench.driver, "sink", "--host", f"{net}0", "--port", target.ports["sink"]]
        command += ["--users", destinations, "--messages", messages]
        self.process = subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self):
        if self.process.stdout.readline() != "ready\n":
            raise Failed(self.process.stderr.read().strip())
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.communicate()

    def result(self):
        """Once all have come. It goes on to listen, so that a connection on its way is no failure."""
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise Failed("not all messages arrived")
        return json.loads(line)


def send(bench, target, net, destinations, messages):
    """Seconds from the first submission to the last arrival; what the sink says, and who sent."""
    users = (0, max(destinations, MAIL[1]))
    with Sink(bench, target, net, destinations, messages) as sink:
        began = time.monotonic()
        to = f"x@[{net}%d]" if destinations > 1 else f"x@[{net}0]"
        words = ["--rcpt", to, "--connections", 20, "--messages", messages]
        sent = bench.load("smtp", target, "submission", users, *words)
        taken = sink.result()
        time.sleep(SETTLE_S)
    return taken["ended"] - began, taken, sent


@contextlib.contextmanager
def connections_used(target, once):
    """Ours is told to use a connection once; of others an administrator has to do so for ONCE."""
    if once and target.set_options:
        target.set_options(queue={"max_messages_per_connection": 1})
    try:
        yield
    finally:
        if once and target.set_options:
            target.set_options(queue={"max_messages_per_connection": 100})


def relay(messages, net=REUSED, destinations=1):
    def run(bench, target):
        n = bench.number(messages, DESTINATIONS)
        with connections_used(target, net == ONCE):
            send(bench, target, net, 1, MAIL[1])  # logins are remembered from here on
            cpu = target.cpu_seconds()
            seconds, taken, _ = send(bench, target, net, destinations, n)
            out = {"rate": n / seconds, "per_connection": n / taken["connections"]}
            if target.is_known:
                out["cpu"] = 1000 * (target.cpu_seconds() - cpu) / n
            if bench.counts_syncs and target.is_known:
                few = bench.number(400, DESTINATIONS)
                out["syncs"] = count_syncs(target, lambda: send(bench, target, net, destinations, few)) / few
        return out

    run.needs = ("submission", "sink")
    return run


SCENARIOS = {
    "relay": relay(2000),
    "relay_once": relay(1000, net=ONCE),
    "relay_many": relay(2000, destinations=DESTINATIONS),
}
