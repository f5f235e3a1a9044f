"""The four marks themselves: that what should match does, and that what should not fails."""

import socket

import pytest

from conversation import Conversation, Mismatch


@pytest.fixture
def ends():
    """A conversation, and the server's end of its connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        talk = Conversation(socket.create_connection(listener.getsockname()))
        theirs, _ = listener.accept()
        with theirs, talk:
            yield talk, theirs


def test_a_script_plays_and_matches_in_order(ends):
    talk, theirs = ends
    theirs.sendall(b"+OK ready\r\n+OK 2 320\r\n")
    talk.says(
        """
        S: +OK ...
        C: STAT
        S: +OK 2 <octets>
        """
    )
    assert theirs.recv(100) == b"STAT\r\n"
    assert talk.words["octets"] == "320"


@pytest.mark.parametrize(
    "sent, wanted",
    [
        (b"-ERR no\r\n", "+OK ..."),
        (b"+OK\r\n", "+OK ..."),
        (b"+OK yes and more\r\n", "+OK yes"),
        (b"+OK yes\n", "+OK yes"),
        (b"250 a.b\r\n", "250 a+b"),
        (b"", "+OK"),
    ],
    ids=["another word", "too short", "too long", "no CR", "not a pattern", "closed"],
)
def test_a_line_that_differs_fails_with_the_conversation(ends, sent, wanted):
    talk, theirs = ends
    theirs.sendall(sent)
    theirs.shutdown(socket.SHUT_WR)
    talk.says("C: NOOP")
    with pytest.raises(Mismatch) as failure:
        talk.expect(wanted)
    assert "C: NOOP" in str(failure.value)
    assert f"wanted: {wanted}" in str(failure.value)


def test_a_name_stands_for_the_same_word_every_time(ends):
    talk, theirs = ends
    theirs.sendall(b"250 queued as 7f\r\n250 found 7f\r\n250 found 80\r\n")
    talk.expect("250 queued as <id>")
    talk.expect("250 found <id>")
    with pytest.raises(Mismatch):
        talk.expect("250 found <id>")


def test_starred_lines_match_in_any_order_but_all_must_come(ends):
    talk, theirs = ends
    theirs.sendall(b"STLS\r\nUIDL\r\nTOP\r\n.\r\nTOP\r\nSASL\r\n")
    talk.says("S* TOP\nS* STLS\nS* UIDL\nS: .")
    with pytest.raises(Mismatch):
        talk.says("S* TOP\nS* UIDL")


def test_a_script_line_without_a_mark_is_a_mistake(ends):
    talk, _ = ends
    with pytest.raises(ValueError):
        talk.says("EHLO there")


def test_messages_are_stuffed_going_out_and_unstuffed_coming_in(ends):
    talk, theirs = ends
    message = b".\r\n..two\r\nplain\r\n.\r\n.\r\n.one\r\n"
    talk.send_data(message)
    on_the_wire = theirs.recv(1000)
    assert on_the_wire == b"..\r\n...two\r\nplain\r\n..\r\n..\r\n..one\r\n.\r\n"
    theirs.sendall(on_the_wire + b"+OK next\r\n")
    assert talk.read_dotted() == message
    talk.expect("+OK next")


def test_an_empty_multiline_answer_is_empty(ends):
    talk, theirs = ends
    theirs.sendall(b".\r\n+OK\r\n")
    assert talk.read_lines() == []
    talk.expect("+OK")


def test_closes_wants_nothing_more_said(ends):
    talk, theirs = ends
    theirs.sendall(b"421 and one thing more\r\n")
    with pytest.raises(Mismatch):
        talk.closes()
    theirs.close()
    talk.closes()


def test_what_comes_before_the_handshake_is_not_lost_silently(ends):
    talk, theirs = ends
    theirs.sendall(b"220 go\r\n250 injected\r\n")
    talk.expect("220 go")
    with pytest.raises(Mismatch):
        talk.starttls()


def test_split_sends_every_octet_and_in_order(ends):
    talk, theirs = ends
    talk.split = True
    talk.says("C: EHLO client.example.net")
    talk.close()
    with theirs.makefile("rb") as received:
        assert received.read() == b"EHLO client.example.net\r\n"


def test_what_is_pending_is_known_without_waiting(ends):
    talk, theirs = ends
    assert talk.pending() == b""
    theirs.sendall(b"+OK one\r\n+OK")
    theirs.shutdown(socket.SHUT_WR)
    assert talk.read_line() == b"+OK one\r\n"
    assert talk.pending() == b"+OK"
    assert talk.read_line() == b"+OK"
    talk.closes()
