"""Slow readers and slow writers cost little, hinder nobody, and are cut off in the end."""

import pathlib
import re
import socket

import pytest

from conversation import Mismatch
from server import DOMAIN, big_message

CONF = {"auth": {"allow_plaintext_loopback": True}, "log_level": "info"}
LARGE = 20 << 20
IMPATIENCE = "3s"  # what a busy machine needs for two commands in a row is less


def resident_octets(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


def closed_in_the_end(talk):
    """Reads until the server closes; fails by the conversation's guard if it never does."""
    while talk.read_octets(65536):
        pass


def narrow(talk):
    """As little as the kernel allows waits on our side."""
    talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)


def test_a_reader_that_stops_is_served_a_chunk_not_the_message(make_server):
    server = make_server(**CONF, smtp={"max_message_size": "30M"})
    server.deliver("alice", big_message(LARGE))
    stalled = [server.pop3("alice", service="pop3", tls=False) for _ in range(8)]
    before = resident_octets(server)
    for talk in stalled[1:]:
        narrow(talk)
    for talk in stalled:
        talk.says("C: RETR 1\nS: +OK ...")
    # Others are served meanwhile, and all of it arrives for those who read.
    server.deliver("bob", "plain.eml")
    assert server.count("bob") == 1
    assert server.messages("alice")[0].endswith(big_message(LARGE))
    assert resident_octets(server) - before < LARGE
    # Whoever reads on at last gets it whole.
    assert stalled[0].read_dotted().endswith(big_message(LARGE))
    for talk in stalled:
        talk.abort()
    assert server.count("alice") == 1


def test_a_reader_that_never_reads_is_cut_off(make_server):
    server = make_server(**CONF, connections={"stall_timeout": "1s"})
    server.deliver("alice", big_message(8 << 20))  # more than the kernel takes for us
    with server.pop3("alice", service="pop3", tls=False) as talk:
        narrow(talk)
        talk.says("C: RETR 1\nS: +OK ...")
        server.wait_for(lambda: sessions(server) == 0, "to close the stalled session")
    assert server.count("alice") == 1


def sessions(server):
    return len(server.ctl("session", "list").splitlines())


def test_a_slow_writer_is_told_and_closed(make_server):
    server = make_server(**CONF, smtp={"timeout": IMPATIENCE})
    with server.smtp() as talk:
        talk.says("C: NOO")  # a command that never comes to its end
        talk.until("421 4.4.2 ...").closes()
    with server.smtp() as talk:
        talk.says(f"C: MAIL FROM:<>\nS: 250 ...\nC: RCPT TO:<alice@{DOMAIN}>\nS: 250 ...")
        talk.says("C: DATA\nS: 354 ...")
        talk.send(b"Subject: never finished\r\n\r\nand then")
        talk.until("421 4.4.2 ...").closes()
    assert server.count("alice") == 0


def test_a_writer_of_single_octets_makes_too_little_progress(make_server):
    """One octet now and then re-arms no time-out: a slow loris is closed all the same."""
    server = make_server(**CONF, smtp={"timeout": IMPATIENCE})
    with server.smtp() as talk:
        talk.says(f"C: MAIL FROM:<>\nS: 250 ...\nC: RCPT TO:<alice@{DOMAIN}>\nS: 250 ...")
        talk.says("C: DATA\nS: 354 ...")
        with pytest.raises((BrokenPipeError, ConnectionResetError, Mismatch)):
            drip(talk)
    assert server.count("alice") == 0


def drip(talk):
    """An octet each tenth of a second, until the server has had enough."""
    talk.sock.settimeout(0.1)
    for _ in range(600):
        talk.send(b"x")
        try:
            if not talk.sock.recv(1024):
                raise Mismatch("closed")
        except TimeoutError:
            continue


def test_hundreds_of_idle_connections_hinder_nobody(make_server):
    server = make_server(**CONF)
    idle = []
    for service, greeting in (("smtp", "220 ..."), ("pop3", "+OK ...")):
        for _ in range(250):
            talk = server.connect(service)
            talk.expect(greeting)
            idle.append(talk)
    server.deliver("alice", "plain.eml")
    assert server.count("alice") == 1
    for talk in idle:
        talk.close()
