"""FETCH of a large message streams: to clients that stop, leave, or lose it to an EXPUNGE meanwhile."""

import re

import pytest

from imap_answer import ask, take
from server import big_message
from test_slow_peers import narrow, resident_octets, sessions

CONF = {
    "auth": {"allow_plaintext_loopback": True},
    "log_level": "info",
    "imap": {"max_message_size": "60M"},
}
LARGE = 50 << 20
# What a sanitizer keeps of freed memory would be counted as the server's.
ENV = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=1"}


def connected(server, command="SELECT"):
    talk = server.imap("alice", service="imap", tls=False)
    assert ask(talk, f"{command} INBOX").status == "OK"
    return talk


def append(talk, octets):
    talk.send(b"a APPEND INBOX {%d+}\r\n" % len(octets))
    talk.send(octets + b"\r\n").until("a OK [APPENDUID ...")


def begun(talk, items="UID BODY.PEEK[]"):
    """Says FETCH and reads up to the octets of its literal; how many there will be."""
    talk.send_line(f"f FETCH 1 ({items})")
    return int(re.search(r"{(\d+)}$", talk.expect("* 1 FETCH (...BODY[] {..."))[1])


def expunge_all(server):
    with connected(server) as talk:
        ask(talk, r"STORE 1:* +FLAGS.SILENT (\Deleted)")
        assert ask(talk, "EXPUNGE").status == "OK"


@pytest.fixture(scope="module")
def message():
    return big_message(LARGE)


@pytest.fixture
def server(make_server, message):
    """One with the large message in alice's INBOX."""
    server = make_server(env=ENV, **CONF)
    with connected(server) as talk:
        append(talk, message)
    return server


def test_readers_that_stop_cost_a_chunk_each_and_lose_nothing(server, message):
    stalled = [connected(server) for _ in range(8)]
    before = resident_octets(server)
    for talk in stalled[1:]:
        narrow(talk)
    promised = [begun(talk) for talk in stalled]
    assert set(promised) == {LARGE}
    # It is expunged while they stand still; others read what others have.
    expunge_all(server)
    with connected(server) as talk:
        append(talk, b"Subject: small\r\n\r\nhello\r\n")
        assert ask(talk, "FETCH 1 BODY.PEEK[TEXT]").fetched[1] == {"BODY[TEXT]": b"hello\r\n"}
    assert resident_octets(server) - before < LARGE / 2
    # What was promised comes, and the end of the response with it.
    assert stalled[0].read_octets(LARGE) == message
    stalled[0].expect(")")
    stalled[0].until("f OK ...")
    assert ask(stalled[0], "NOOP").numbers("EXPUNGE") == [1]
    for talk in stalled:
        talk.abort()
    server.wait_for(lambda: sessions(server) == 0, "to forget those who have left")


def test_many_fetches_at_once_of_which_nothing_is_read(server):
    with connected(server) as talk:
        before = resident_octets(server)
        narrow(talk)
        talk.send(b"".join(b"f%d FETCH 1 BODY.PEEK[]\r\n" % n for n in range(100)))
        with connected(server) as other:
            assert ask(other, "NOOP").status == "OK"
        assert resident_octets(server) - before < LARGE / 2
        talk.abort()
    server.wait_for(lambda: sessions(server) == 0, "to forget who has left")


def test_who_leaves_in_the_middle_while_it_is_expunged_harms_nobody(server, message):
    with connected(server) as leaver, connected(server) as reader:
        for talk in (leaver, reader):
            assert begun(talk, "BODY.PEEK[] FLAGS") == LARGE
        assert leaver.read_octets(1 << 20) == message[: 1 << 20]
        expunge_all(server)
        leaver.abort()
        assert reader.read_octets(LARGE) == message
        # The flags stood behind: nobody has them any more.
        reader.says("S: )\nS: f OK [EXPUNGEISSUED] ...")
    with connected(server) as talk:
        assert ask(talk, "FETCH 1:* UID").fetched == {}


def test_who_never_reads_is_cut_off(make_server, message):
    server = make_server(**CONF, connections={"stall_timeout": "1s"})
    with connected(server) as talk:
        append(talk, message)
    with connected(server) as talk:
        narrow(talk)
        talk.send_line("f FETCH 1 BODY.PEEK[]")
        server.wait_for(lambda: sessions(server) == 0, "to close the stalled session")
        talk.abort()


def test_a_literal_that_is_discarded_costs_no_memory(make_server):
    server = make_server(env=ENV, **CONF)
    zeros = b"0" * (1 << 20)
    with server.connect("imap") as stranger, connected(server) as alice:
        stranger.expect("* OK ...")
        before = resident_octets(server)
        for talk, command in ((stranger, "LOGIN"), (alice, "SEARCH TEXT"), (alice, "APPEND INBOX")):
            talk.send(f"a {command} {{{100 << 20}+}}\r\n".encode())
            for _ in range(100):
                talk.send(zeros)
            talk.send(b"\r\nb NOOP\r\n")
            talk.expect("a NO [TOOBIG] ...")
            talk.expect("b OK ...")
        assert resident_octets(server) - before < LARGE / 4


def test_an_upload_that_breaks_off_leaves_nothing(make_server):
    server = make_server(env=ENV, **CONF)
    half = b"Subject: never finished\r\n\r\n" + b"x" * (LARGE // 2)
    with connected(server) as talk:
        before = resident_octets(server)
        talk.send(b"a APPEND INBOX {%d+}\r\n" % LARGE)
        talk.send(half)
        assert resident_octets(server) - before < len(half) / 2
        talk.abort()
    server.wait_for(lambda: sessions(server) == 0, "to forget who has left")
    with connected(server) as talk:
        assert ask(talk, "FETCH 1:* UID").fetched == {}
        append(talk, b"Subject: next\r\n\r\nhello\r\n")
        talk.send_line("f FETCH 1 UID")
        assert take(talk, "f").fetched == {1: {"UID": "1"}}
