"""Postfix's smtp-sink takes what we send: each message once, as it was."""

import collections
import os
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

from programs import TOOLS, find  # noqa: E402
from conftest import QUICK, waiting  # noqa: E402
from ports import free_port  # noqa: E402
from test_many import NO_LIMITS, submit_many  # noqa: E402

ADDRESS = "127.0.0.4"  # nobody else chooses ports there
MESSAGES = 1000


def start_sink(directory, port):
    """It gives up root's rights before it writes."""
    directory.chmod(0o777)
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [find("smtp-sink"), *user, "-R", directory, "-D", "taken", f"{ADDRESS}:{port}", "100"]
    library = str(TOOLS / "postfix" / "usr" / "lib" / "postfix")
    return subprocess.Popen(command, env={**os.environ, "LD_LIBRARY_PATH": library})


def test_a_thousand_messages_arrive_once_each(make_server, tmp_path):
    place = tmp_path / "sink"
    place.mkdir()
    port = free_port(ADDRESS)
    sink = start_sink(place, port)
    try:
        route = {"domains": ["*"], "host": ADDRESS, "port": port}
        server = make_server(queue={**QUICK, "routes": [route]}, **NO_LIMITS)
        names = submit_many(server, MESSAGES)
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        server.wait_for(lambda: server.log.count("status=sent") >= MESSAGES, "to log them all")
    finally:
        sink.send_signal(signal.SIGTERM)
        sink.wait(60)
    taken = (place / "taken").read_bytes()
    arrived = collections.Counter(re.findall(rb"(?m)^X-Rcpt-Args: <(.+)>", taken))
    assert {name.decode(): n for name, n in arrived.items()} == {name: 1 for name in names}
    server.wait_for(lambda: server.log.count("status=sent") == MESSAGES, "all to be logged")
