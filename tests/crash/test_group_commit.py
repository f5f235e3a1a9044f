"""A hundred senders at once share their syncs: at most one for ten messages, counted, not timed."""

import json
import re
import subprocess

import pytest

SENDERS, MESSAGES = 100, 10000
MOST_SYNCS_PER_MESSAGE = 0.1


@pytest.fixture
def counted(make_server, tmp_path):
    """A server that has its syncs counted, at no cost to its other calls."""
    trace = tmp_path / "syncs"
    words = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=fsync,fdatasync"]
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
