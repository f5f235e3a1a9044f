"""script/run as its user meets it: what it prints is typed in as it stands, and works."""

import os
import re
import signal
import socket
import subprocess

import pytest

from server import SOURCE

GUARD_SECONDS = 600  # it may have to build
OFFSETS = (25, 587, 1525, 465, 110, 995, 143, 993)


def free_base():
    """A number to which every well-known port can be added."""
    for base in range(20000, 60000, 2000):
        try:
            for offset in OFFSETS:
                socket.create_server(("127.0.0.1", base + offset)).close()
            return base
        except OSError:
            continue
    raise AssertionError("no free ports")


class Run:
    """script/run in a terminal of its own."""

    def __init__(self, directory, base):
        self.process = subprocess.Popen(
            [SOURCE / "script" / "run", "--yes", "--base", str(base), "--dir", directory],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A background job of a shell, as these tests may be, begins with Ctrl-C ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C stops the server." in line:
                break
        else:
            raise AssertionError(self.said)

    def commands(self):
        lines = re.findall(r"(?m)^  ((?:swaks|curl|printf) .*)$", self.said)
        return [re.sub(r"\s+\((list|first message)\)$", "", line) for line in lines]

    def control_c(self):
        os.killpg(self.process.pid, signal.SIGINT)
        self.said += self.process.stdout.read()
        return self.process.wait(GUARD_SECONDS)


@pytest.fixture
def place(tmp_path):
    return tmp_path / "home", free_base()


def type_in(command):
    done = subprocess.run(
        ["bash", "-c", command], cwd=SOURCE, capture_output=True, text=True, timeout=GUARD_SECONDS
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_everything_it_prints_works_and_the_data_is_kept(place):
    run = Run(*place)
    commands = run.commands()
    assert len(commands) == 7
    said = [type_in(command) for command in commands]
    assert "The first message" in said[-1]  # by IMAP
    assert "The first message" in said[-2]  # by POP3
    assert len(said[-3].splitlines()) == 3  # the first message, swaks to alice, bob's to alice
    accounts = place[0] / "accounts.txt"
    passwords = accounts.read_text()
    assert accounts.stat().st_mode & 0o777 == 0o600
    assert run.control_c() == 0
    assert run.said.rstrip().endswith(f"The data stays in {place[0]}.")

    again = Run(*place)
    assert accounts.read_text() == passwords
    assert len(type_in(again.commands()[-3]).splitlines()) == 3
    assert again.control_c() == 0


def test_a_second_one_on_the_same_directory_is_told_so(place):
    run = Run(*place)
    with pytest.raises(AssertionError, match="already running"):
        Run(place[0], place[1])
    assert run.control_c() == 0


def test_a_port_in_use_is_named(place):
    with socket.create_server(("127.0.0.1", place[1] + 465)):
        with pytest.raises(AssertionError, match=str(place[1] + 465)):
            Run(*place)
