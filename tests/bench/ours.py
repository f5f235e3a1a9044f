"""The server of this checkout, for the programs that measure it: built, made, and its figures written down."""

import pathlib
import subprocess

from server import Build, Server
from target import Target

SOURCE = pathlib.Path(__file__).resolve().parents[2]
USER, PASSWORD = "u%d@bench.test", "secret"
CONF = {
    "log_level": "info",
    "auth": {"allow_plaintext_loopback": True},
    "connections": {"max_connections_per_account": 10000},
    "store": {"disk_reserve": 0},
}


def step(*command, source=SOURCE):
    """Of a build: its output only if it fails."""
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def build(targets, source=SOURCE):
    """The directory of the release build, with what is there now."""
    step("cmake", "--preset", "release", "-DTESTS=ON", source=source)
    step("cmake", "--build", "build/release", "--target", *targets, source=source)
    return source / "build" / "release"


def make(directory, build_directory, users, conf):
    """A server that has not been started, with users 0 … and options beside CONF."""
    server = Server(directory, Build(build_directory), conf={**CONF, **conf})
    server.ctl("domain", "add", "bench.test")
    for k in range(users):
        server.add_account(USER % k, PASSWORD)
    return server


def target(name, server, **more):
    """Once it runs; `more` of Target, and services beside its own in `ports`."""
    ports = {**server.ports, **more.pop("ports", {})}
    return Target(name, "127.0.0.1", ports, USER, PASSWORD, [server.pid], **more)


def put_into(path, name, lines):
    """Between <!-- name --> and <!-- end of name --> of a page."""
    page = pathlib.Path(path)
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    head, rest = page.read_text().split(begin)
    tail = rest.split(end)[1]
    page.write_text(head + begin + "\n".join(["", *lines, "", ""]) + end + tail)
