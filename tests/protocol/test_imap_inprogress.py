"""INPROGRESS: RFC 9585. Who waits for a long command is told how far it is."""

import contextlib
import re
import socket

import pytest

from server import big_message, eml

OFTEN = {"progress_interval": "100ms"}


def fill(talk, n, octets):
    """n messages, some in each command."""
    while n:
        some = min(n, 50)
        talk.send(b"a APPEND INBOX" + b"".join(b" {%d+}\r\n%s" % (len(octets), octets) for _ in range(some)))
        talk.send(b"\r\n")
        talk.until("a OK ...")
        n -= some


def intervals_pass(talk):
    """While its command "work" is held: from now on, whatever was told before."""
    talk.read_octets(len(talk.pending()))
    for _ in range(3):
        talk.expect('* OK [INPROGRESS ("work" NIL NIL)] ...')


@contextlib.contextmanager
def clock(server):
    """A session whose COPY is held: it says how time passes for those beside it."""
    server.deliver("bob", "plain.eml")
    with server.imap("bob") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.send_line("work COPY 1 Archive")
        yield talk
        server.release()
        talk.until("work OK ...")


def test_it_is_a_capability_after_login(server):
    with server.imap("alice") as talk:
        assert "INPROGRESS" in talk.says("C: c CAPABILITY").expect("* CAPABILITY ...").split()


HELD = {
    "imap copy": "COPY 1 Archive",
    "imap search": "SEARCH ALL",
    "imap thread": "THREAD REFERENCES UTF-8 ALL",
    "imap expunge": "EXPUNGE",
    "imap store": r"STORE 1 +FLAGS.SILENT (\Seen)",
    "imap status": "STATUS Archive (MESSAGES)",
    "imap fetch": "FETCH 1 FLAGS",
}


@pytest.mark.parametrize("task,command", HELD.items(), ids=HELD)
def test_a_command_that_takes_long_is_announced_again_and_again(make_server, task, command):
    server = make_server(args=["--hold", task], imap=OFTEN)
    server.deliver("alice", "plain.eml")
    with server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.send_line(f"work {command}")
        intervals_pass(talk)
        server.release()
        talk.until("work OK ...")
        # It is about no other command: on a busy machine NOOP may have lines of its own.
        talk.says("C: n NOOP").until("n OK ...")
        assert '("work"' not in str(talk).partition("S: work OK")[2]


def test_a_tag_that_would_end_the_code_is_left_out(make_server):
    server = make_server(args=["--hold", "imap copy"], imap=OFTEN)
    server.deliver("alice", "plain.eml")
    with server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: a]b COPY 1 Archive").expect("* OK [INPROGRESS (NIL NIL NIL)] ...")
        server.release()
        talk.until("a]b OK ...")


def test_commands_that_wait_for_their_client_are_not_announced(make_server):
    server = make_server(args=["--hold", "imap copy"], imap=OFTEN)
    with clock(server) as other, server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: i IDLE").until("+ idling")
        intervals_pass(other)
        assert not talk.pending()
        talk.says("C: DONE").until("i OK ...")
        octets = eml("plain.eml")
        talk.says(f"C: a APPEND INBOX {{{len(octets)}}}").until("+ ...")
        intervals_pass(other)
        assert not talk.pending()
        talk.send(octets + b"\r\n")
        talk.until("a OK ...")


def counts_of_a_search(talk):
    """What is said of its progress: (messages it has looked at, messages)."""
    counts = []
    talk.send_line("f SEARCH NOT TEXT nowhere TEXT neither")
    while not (line := talk.expect("...")).startswith("f OK"):
        if found := re.fullmatch(r'\* OK \[INPROGRESS \("f" (\d+) (\d+)\)\] .*', line):
            counts.append(tuple(map(int, found.groups())))
        else:
            assert line == "* SEARCH" or re.match(r'\* OK \[INPROGRESS \("f" NIL NIL\)\]', line), line
    return counts


@pytest.mark.conf(imap=OFTEN, search={"index": False})
def test_a_long_search_says_how_much_it_has_looked_at(fresh_server):
    with fresh_server.imap("alice") as talk:
        n = 300
        fill(talk, n, big_message(60_000))
        talk.says("C: s SELECT INBOX").until("s OK ...")
        while not (counts := counts_of_a_search(talk)):
            # Faster than it could be told: it gets more to do.
            talk.says("C: c COPY 1:* INBOX").until("c OK ...")
            n *= 2
        assert counts == sorted(counts)
        assert all(0 < done <= goal == n for done, goal in counts)


def test_nothing_is_said_in_the_middle_of_an_answer(make_server):
    server = make_server(args=["--hold", "imap copy"], imap=OFTEN)
    message = big_message(16_000_000)
    with clock(server) as other, server.imap("alice") as talk:
        fill(talk, 1, message)
        talk.says("C: s SELECT INBOX").until("s OK ...")
        # So that the output waits for the client, which reads slowly.
        talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        talk.says("C: f FETCH 1 BODY.PEEK[]").until(f"* 1 FETCH (BODY[] {{{len(message)}}}")
        got = b""
        while len(got) < len(message):
            got += talk.read_octets(min(4_000_000, len(message) - len(got)))
            intervals_pass(other)
        assert got == message
        talk.says("S: )").until("f OK ...")
