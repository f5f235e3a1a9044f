"""Connections of an account that are one too many, and those of clients that have vanished."""

import ctypes
import os
import re
import socket
import subprocess
import threading

import pytest

from conversation import GUARD_SECONDS, Conversation

LIMIT = {"max_connections_per_account": 2}
BYE = "* BYE [UNAVAILABLE] Too many connections of this account: a newer one takes this place"


# ---- one too many ----


@pytest.mark.conf(connections=LIMIT)
def test_a_new_connection_ends_the_one_that_idles_longest(fresh_server):
    with fresh_server.imap("alice") as first, fresh_server.imap("alice") as second:
        first.says("C: a SELECT INBOX").until("a OK ...")
        first.says("C: b IDLE\nS: + idling")
        second.says("C: a NOOP\nS: a OK ...")
        with fresh_server.imap("alice") as third:
            first.says(f"S: {BYE}").closes()
            second.says("C: b NOOP\nS: b OK ...")
            third.says("C: a NOOP\nS: a OK ...")


@pytest.mark.conf(connections=LIMIT)
def test_one_between_two_commands_makes_room_too(fresh_server):
    with fresh_server.imap("alice") as first, fresh_server.imap("alice"):
        with fresh_server.imap("alice"):
            first.says(f"S: {BYE}").closes()


@pytest.mark.conf(connections=LIMIT)
def test_an_idle_imap_connection_makes_room_for_pop3_and_submission(fresh_server):
    with fresh_server.imap("alice") as first, fresh_server.imap("alice") as second:
        with fresh_server.pop3("alice") as pop3:
            first.says(f"S: {BYE}").closes()
            with fresh_server.submission("alice") as smtp:
                second.says(f"S: {BYE}").closes()
                smtp.says("C: NOOP\nS: 250 ...")
            pop3.says("C: NOOP\nS: +OK ...")


@pytest.mark.conf(connections=LIMIT)
def test_one_with_something_in_hand_is_not_ended(fresh_server):
    """Half a command, a POP3 session with its marks: then the newcomer is refused."""
    with fresh_server.imap("alice") as writes, fresh_server.pop3("alice") as pop3:
        writes.send_line("a APPEND INBOX {20}")
        writes.expect("+ ...")
        with fresh_server.connect("imaps") as third:
            third.expect("* OK ...")
            third.says("C: a LOGIN alice wonderland\nS: a NO [LIMIT] ...")
            pop3.says("C: QUIT").expect("+OK ...")
            pop3.closes()
            third.says("C: b LOGIN alice wonderland\nS: b OK ...")
        writes.send_line("Subject: twenty oct.")
        writes.expect("a OK ...")


@pytest.mark.conf(connections=LIMIT)
def test_other_accounts_stay(fresh_server):
    with fresh_server.imap("bob") as bob:
        for _ in range(4):
            fresh_server.imap("alice")
        bob.says("C: a NOOP\nS: a OK ...")


# ---- vanished ----


def in_network_of(pid, connect):
    """Runs connect() in a thread whose sockets belong to the network of another process."""
    libc = ctypes.CDLL(None, use_errno=True)
    result = []

    def run():
        fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if libc.setns(fd, 0) == 0:
                result.append(connect())
        finally:
            os.close(fd)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(GUARD_SECONDS)
    assert result, "no way into the network of the server"
    return result[0]


def may_make_networks():
    return subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not may_make_networks(), reason="needs a network namespace of its own")
@pytest.mark.parametrize("idle", [True, False], ids=["in IDLE", "between commands"])
def test_a_client_whose_network_is_gone_is_found_out(make_server, idle):
    """The server has a network of its own; once that is down, nobody hears of anybody any more."""
    script = 'ip link set lo up && "$@"; exit $?'
    server = make_server(
        wrap=["unshare", "-n", "sh", "-c", script, "sh"],
        connections={"keep_alive": "1s", "dead_timeout": "2s"},
    )
    sock = in_network_of(
        server.pid, lambda: socket.create_connection(("127.0.0.1", server.ports["imaps"]), GUARD_SECONDS)
    )
    with Conversation(sock, tls=server.tls) as talk:
        talk.starttls()
        talk.expect("* OK ...")
        talk.says("C: a LOGIN alice wonderland").until("a OK ...")
        talk.says("C: b SELECT INBOX").until("b OK ...")
        if idle:
            talk.says("C: c IDLE\nS: + idling")
        network = ["nsenter", "-t", str(server.pid), "-n"]
        subprocess.run([*network, "ip", "link", "set", "lo", "down"], check=True)
        server.wait_log(r"imap end=dropped account=1 ")
        assert "timeout" not in re.findall(r"imap end=(\w+)", server.log_since_start())
