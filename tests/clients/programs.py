"""Running other people's programs: one that is not there fails, it is never skipped."""

import os
import pathlib
import shutil
import subprocess

GUARD_SECONDS = 120
TOOLS = pathlib.Path(__file__).resolve().parents[2] / "build" / "tools"


def find(name):
    """Its path: from PATH, the system's directories, or what script/test unpacked."""
    places = [os.environ.get("PATH", ""), "/usr/sbin", str(TOOLS / "postfix" / "usr" / "sbin")]
    path = shutil.which(name, path=os.pathsep.join(places))
    assert path, f"{name} is not installed; script/test installs it"
    return path


def run(name, *words, stdin=b"", status=0, env=None):
    """Runs it to its end with that exit status (None: any); returns its two outputs as text."""
    command = [find(name), *map(str, words)]
    done = subprocess.run(
        command,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=GUARD_SECONDS,
        env={**os.environ, "LC_ALL": "C", **(env or {})},
    )
    output = done.stdout.decode("utf-8", "backslashreplace")
    told = f"{name} {' '.join(command[1:])}: exit {done.returncode}\n{output}"
    assert status is None or done.returncode == status, told
    return output


def octets_from(name, *words):
    """Runs it and returns its standard output as octets; its complaints fail the test."""
    command = [find(name), *map(str, words)]
    done = subprocess.run(command, capture_output=True, timeout=GUARD_SECONDS)
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stderr.decode()}"
    return done.stdout


def deliver_into(directory):
    """A shell command that keeps a message in a file of its own there: 0, 1 … as they come."""
    return f"cat >{directory}/$(ls {directory} | wc -l)"


def delivered_into(directory):
    """What it has kept, the first first."""
    return [path.read_bytes() for path in sorted(directory.iterdir(), key=lambda p: int(p.name))]
