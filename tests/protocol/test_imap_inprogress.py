"""INPROGRESS: RFC 9585. Who waits for a long command is told how far it is."""

import re

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
        for _ in range(3):
            talk.expect('* OK [INPROGRESS ("work" NIL NIL)] ...')
        server.release()
        talk.until("work OK ...")
        # It is about no other command.
        talk.says("C: n NOOP").expect("n OK ...")


def test_a_tag_that_would_end_the_code_is_left_out(make_server):
    server = make_server(args=["--hold", "imap copy"], imap=OFTEN)
    server.deliver("alice", "plain.eml")
    with server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: a]b COPY 1 Archive").expect("* OK [INPROGRESS (NIL NIL NIL)] ...")
        server.release()
        talk.until("a]b OK ...")


def test_commands_that_wait_for_their_client_are_not_announced(make_server):
    server = make_server(imap={**OFTEN, "idle_interval": "1s"})
    with server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: i IDLE").expect("+ idling")
        talk.expect("* OK Still here")
        talk.says("C: DONE").expect("i OK ...")
        octets = eml("plain.eml")
        talk.says(f"C: a APPEND INBOX {{{len(octets)}}}").expect("+ ...")
        server.wait_for(lambda: server.ctl("status"), "to answer")
        talk.send(octets + b"\r\n")
        talk.until("a OK ...")
        assert "INPROGRESS" not in str(talk).partition("s OK")[2]


@pytest.mark.conf(imap=OFTEN, search={"index": False})
def test_a_long_search_says_how_much_it_has_looked_at(fresh_server):
    with fresh_server.imap("alice") as talk:
        fill(talk, 300, big_message(60_000))
        talk.says("C: s SELECT INBOX").until("s OK ...")
        counts = []
        while not counts:
            talk.send_line("f SEARCH NOT TEXT nowhere TEXT neither")
            while not (line := talk.expect("...")).startswith("f OK"):
                if found := re.fullmatch(r'\* OK \[INPROGRESS \("f" (\d+) (\d+)\)\] .*', line):
                    counts.append(tuple(map(int, found.groups())))
                else:
                    assert line == "* SEARCH" or re.match(r'\* OK \[INPROGRESS \("f" NIL NIL\)\]', line), line
        assert counts == sorted(counts)
        assert all(0 < done <= goal == 300 for done, goal in counts)


def test_nothing_is_said_in_the_middle_of_an_answer(make_server):
    server = make_server(imap=OFTEN)
    message = big_message(3_000_000)
    with server.imap("alice") as talk:
        fill(talk, 1, message)
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: f FETCH 1 BODY.PEEK[]").expect(f"* 1 FETCH (BODY[] {{{len(message)}}}")
        # Slowly, so that several intervals pass while the output waits.
        got = b""
        while len(got) < len(message):
            got += talk.read_octets(min(500_000, len(message) - len(got)))
            server.ctl("status")
        assert got == message
        talk.says("S: )").expect("f OK ...")
