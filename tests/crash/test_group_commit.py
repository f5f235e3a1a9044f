"""A hundred senders at once share their syncs: at most one for ten messages, counted, not timed.

Each sync is made to take as long as one of a slow disk: else a machine that has little time for the
senders would not be busy with their mail.
"""

import json
import re
import subprocess

import pytest

SENDERS, MESSAGES = 100, 2000
SYNC_US = 100_000
MOST_SYNCS_PER_MESSAGE = 0.1


@pytest.fixture
def counted(make_server, tmp_path):
    """A server whose syncs are slow, and counted, at no cost to its other calls."""
    trace = tmp_path / "syncs"
    words = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync"]
    words += ["-e", f"inject=fsync,fdatasync:delay_exit={SYNC_US}"]
    server = make_server(
        wrap=[*words, "-e", "signal=none", "-o", str(trace)],
        auth={"allow_plaintext_loopback": True},
        log_level="info",
    )

    def count():
        lines = trace.read_text().splitlines()
        return len([line for line in lines if re.match(r"\d+\s+f\w*sync\(", line)])

    return server, count


def test_the_busier_the_fewer(counted):
    server, syncs = counted
    before = syncs()
    command = [server.build.directory / "load", "smtp", "--port", str(server.ports["smtp"])]
    command += ["--rcpt", "alice@example.org", "--connections", str(SENDERS)]
    command += ["--messages", str(MESSAGES), "--size", "4096"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["messages"] == MESSAGES
    with server.pop3("alice", service="pop3", tls=False) as talk:
        assert int(talk.says("C: STAT").expect("+OK ...").split()[1]) == MESSAGES
    taken = syncs() - before
    assert 0 < taken <= MOST_SYNCS_PER_MESSAGE * MESSAGES, f"{taken} syncs for {MESSAGES} messages"
