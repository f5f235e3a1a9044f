"""Messages on their way to a POP3 client: RETR and TOP, small and large, fast and slow (RFC 1939 5, 7)."""

import pathlib
import re

import pytest

from server import big_message, eml

MEGA = 1 << 20


def filled(server, *messages):
    name = server.new_account()
    for message in messages:
        server.deliver(name, message)
    return name


def resident_octets(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


# ---- RETR ----


@pytest.mark.parametrize("name", ["plain.eml", "multipart.eml", "nested.eml", "eightbit.eml", "no-header.eml"])
def test_a_message_comes_back_octet_for_octet(server, name):
    user = filled(server, name)
    with server.pop3(user) as talk:
        announced = talk.says("C: RETR 1").expect("+OK <octets> octets").split()[1]
        message = talk.read_dotted()
        assert len(message) == int(announced)
        assert message.endswith(eml(name))
        talk.says("C: QUIT").expect("+OK ...")


def test_lines_that_begin_with_dots_get_another(server):
    user = filled(server, "dots.eml")
    with server.pop3(user) as talk:
        talk.says("C: RETR 1").until("").says(
            """
            S: ..
            S: ...
            S: ..hidden
            S: in the middle . of a line
            S: ....
            S: ..
            S: .
            C: NOOP
            S: +OK Done
            """
        )


def test_a_message_without_a_line_end_gets_one(server):
    """Only BDAT can bring one; the final dot must still stand on a line of its own (RFC 1939 3)."""
    user, octets = server.new_account(), b"Subject: cut\r\n\r\nno line end"
    with server.smtp() as smtp:
        smtp.says("C: MAIL FROM:<a@example.net>").expect("250 ...")
        smtp.says(f"C: RCPT TO:<{user}@example.org>").expect("250 ...")
        smtp.says(f"C: BDAT {len(octets)} LAST").send(octets).expect("250 ...")
    with server.pop3(user) as talk:
        talk.says("C: RETR 1").until("no line end").expect(".")


def test_a_message_may_be_fetched_again_and_out_of_order(server):
    user = filled(server, "plain.eml", "dots.eml")
    with server.pop3(user) as talk:
        for number, name in ((2, "dots.eml"), (1, "plain.eml"), (2, "dots.eml")):
            talk.says(f"C: RETR {number}").expect("+OK ...")
            assert talk.read_dotted().endswith(eml(name))


@pytest.mark.parametrize("line", ["RETR", "RETR 1 2", "TOP", "TOP 1", "TOP 1 x", "TOP 1 -1", "TOP 1 1 1"])
def test_wrong_arguments(server, line, small):
    with server.pop3(small) as talk:
        talk.says(f"C: {line}").expect("-ERR ...")
        talk.says("C: NOOP").expect("+OK Done")


@pytest.fixture(scope="module")
def small(shared_server):
    return filled(shared_server, "plain.eml")


# ---- TOP ----


@pytest.mark.parametrize("lines", [0, 1, 2, 3, 4294967295])
def test_top_is_the_header_and_some_lines(server, lines, small):
    header, body = eml("plain.eml").split(b"\r\n\r\n", 1)
    wanted = b"".join(body.splitlines(keepends=True)[:lines])
    with server.pop3(small) as talk:
        talk.says(f"C: TOP 1 {lines}").expect("+OK ...")
        message = talk.read_dotted()
        assert message.endswith(header + b"\r\n\r\n" + wanted)


def test_top_of_a_message_without_header_is_the_trace_and_some_lines(server):
    user = filled(server, "no-header.eml")
    with server.pop3(user) as talk:
        talk.says("C: TOP 1 0").expect("+OK ...")
        message = talk.read_dotted()
        assert message.startswith(b"Return-Path:") and message.endswith(b"\r\n\r\n")
        assert b"Only a body" not in message


def test_top_reads_no_more_of_a_large_message_than_it_needs(server):
    octets = big_message(8 * MEGA, "mostly body")
    user = filled(server, octets)
    with server.pop3(user) as talk:
        talk.says("C: TOP 1 3").expect("+OK ...")
        top = talk.read_dotted()
        assert top.endswith(b"\r\n".join(octets.split(b"\r\n\r\n", 1)[1].split(b"\r\n")[:3]) + b"\r\n")
        # The session has logged its end when the connection closes.
        talk.says("C: QUIT\nS: +OK ...").closes()
    (sent,) = re.findall(r"pop3 end=quit account=\d+ retrieved=1 octets=(\d+)", server.log)[-1:]
    assert int(sent) < 4096


# ---- large ----


@pytest.mark.parametrize("octets", [65535, 65536, 65537, 131072, 262144, 262145, 3 * MEGA + 1])
def test_sizes_around_those_of_our_pieces(server, octets):
    message = big_message(octets)
    user = filled(server, message)
    with server.pop3(user) as talk:
        talk.says("C: RETR 1").expect("+OK ...")
        assert talk.read_dotted().endswith(message)


def test_dots_at_the_edges_of_our_pieces(server):
    """Every line is two octets and its end, the first a dot: wherever a piece ends, dots are near."""
    message = b"Subject: dots\r\n\r\n" + b".\r\n" * 100000 + b"..\r\n" * 50000
    user = filled(server, message)
    with server.pop3(user) as talk:
        talk.says("C: RETR 1").expect("+OK ...")
        assert talk.read_dotted().endswith(message)


# What is freed must show: AddressSanitizer keeps it for a while.
SMALL_QUARANTINE = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=1"}


def test_fifty_megabytes_cost_a_piece_of_memory(make_server):
    # Without the index, which would read the message at the same time.
    server = make_server(smtp={"max_message_size": "60M"}, search={"index": False}, env=SMALL_QUARANTINE)
    message = big_message(50 * MEGA)
    user = filled(server, message)
    with server.pop3(user, service="pop3") as talk:
        talk.says("C: RETR 1")
        left = int(talk.expect("+OK <octets> octets").split()[1])
        before, highest, tail = resident_octets(server), 0, b""
        while left:
            piece = talk.read_octets(min(MEGA, left))
            left -= len(piece)
            tail = (tail + piece)[-200:]
            highest = max(highest, resident_octets(server))
        assert tail == message[-200:]
        talk.expect(".")
        assert highest - before < 8 * MEGA


def test_clients_that_do_not_read_cost_no_more_than_their_share(make_server):
    """High water and a chunk each; then they are cut off without a word."""
    server = make_server(connections={"stall_timeout": "1s"}, env=SMALL_QUARANTINE)
    user = filled(server, big_message(20 * MEGA))
    talks = [server.pop3(user) for _ in range(4)]
    before = resident_octets(server)
    for talk in talks:
        talk.send(b"RETR 1\r\n" * 20)
    server.wait_for(lambda: len(re.findall(r"pop3 end=dropped", server.log)) == len(talks), "to end")
    assert resident_octets(server) - before < 4 * len(talks) * MEGA
    for talk in talks:
        talk.close()


def test_a_client_that_leaves_in_the_middle_is_forgotten(server):
    user = filled(server, big_message(5 * MEGA))
    for _ in range(5):
        talk = server.pop3(user)
        talk.says("C: RETR 1").expect("+OK ...")
        talk.read_octets(100000)
        talk.abort()
    assert server.count(user) == 1


# ---- order ----


def test_pipelined_commands_are_answered_in_order(server):
    user = filled(server, "plain.eml", "dots.eml")
    with server.pop3(user) as talk:
        talk.send(b"RETR 2\r\nTOP 1 0\r\nRETR 9\r\nUIDL 1\r\nDELE 1\r\nRETR 1\r\nSTAT\r\nRSET\r\nQUIT\r\n")
        talk.expect("+OK ...")
        assert talk.read_dotted().endswith(eml("dots.eml"))
        talk.expect("+OK ...")
        assert talk.read_dotted().endswith(b"<plain@example.net>\r\n\r\n")
        talk.says(
            """
            S: -ERR No such message
            S: +OK 1 ...
            S: +OK Marked deleted
            S: -ERR The message is marked deleted
            S: +OK 1 ...
            S: +OK 2 messages ...
            S: +OK Goodbye
            """
        ).closes()


def test_a_thousand_pipelined_retrievals(server):
    user = filled(server, "multipart.eml")
    with server.pop3(user) as talk:
        for _ in range(10):
            talk.send(b"RETR 1\r\n" * 100)
            for _ in range(100):
                talk.expect("+OK ...")
                assert talk.read_dotted().endswith(eml("multipart.eml"))


def test_a_retrieval_octet_by_octet(server, small):
    with server.pop3(small) as talk:
        talk.split = True
        talk.says("C: RETR 1").expect("+OK ...")
        assert talk.read_dotted().endswith(eml("plain.eml"))
        talk.says("C: TOP 1 0").expect("+OK ...")
        talk.read_dotted()
        talk.says("C: QUIT").expect("+OK ...")


def test_input_that_ends_is_answered_to_its_end(server):
    user = filled(server, big_message(MEGA))
    with server.pop3(user, service="pop3") as talk:
        talk.send(b"RETR 1\r\nDELE 1\r\n")
        talk.expect("+OK ...")
        assert len(talk.read_dotted()) > MEGA
        talk.expect("+OK Marked deleted")
    assert server.count(user) == 1
