"""What a POP3 session sees and deletes: STAT, LIST, UIDL, DELE, RSET, NOOP, QUIT (RFC 1939 5, 6, 7)."""

import signal

import pytest

from server import fetch_all


def filled(server, *messages):
    """A new account with these messages."""
    name = server.new_account()
    for message in messages or ("plain.eml", "multipart.eml", "dots.eml"):
        server.deliver(name, message)
    return name


def listing(talk, command):
    talk.says(f"C: {command}").expect("+OK ...")
    return [line.split(" ", 1) for line in talk.read_lines()]


# ---- what is there ----


def test_an_empty_mailbox(server):
    with server.pop3(server.new_account()) as talk:
        talk.says(
            """
            C: STAT
            S: +OK 0 0
            C: LIST
            S: +OK 0 messages (0 octets)
            S: .
            C: UIDL
            S: +OK ...
            S: .
            C: LIST 1
            S: -ERR No such message
            C: RETR 1
            S: -ERR No such message
            C: QUIT
            S: +OK Goodbye
            """
        ).closes()


def test_sizes_are_the_octets_that_retr_sends(server):
    with server.pop3(filled(server)) as talk:
        sizes = [int(size) for _, size in listing(talk, "LIST")]
        assert sizes == [len(message) for message in fetch_all(talk)]
        talk.says("C: STAT").expect(f"+OK 3 {sum(sizes)}")
        for number, size in enumerate(sizes, 1):
            talk.says(f"C: LIST {number}").expect(f"+OK {number} {size}")


def test_unique_ids_never_change(fresh_server):
    server = fresh_server
    name = filled(server)
    with server.pop3(name) as talk:
        before = [uid for _, uid in listing(talk, "UIDL")]
        assert len(set(before)) == 3
        for uid in before:
            assert 1 <= len(uid) <= 70 and all("!" <= c <= "~" for c in uid)
        talk.says("C: UIDL 2").expect(f"+OK 2 {before[1]}")
        talk.says("C: DELE 1").expect("+OK ...")
        talk.says("C: QUIT").expect("+OK ...")
    server.restart()
    server.deliver(name, "plain.eml")
    with server.pop3(name) as talk:
        after = [uid for _, uid in listing(talk, "UIDL")]
    assert after[:2] == before[1:]
    assert after[2] not in before  # the deleted one's is not used again


@pytest.mark.parametrize("command", ["LIST {}", "UIDL {}", "RETR {}", "TOP {} 0", "DELE {}"])
@pytest.mark.parametrize(
    "number, answer",
    [
        ("0", "-ERR No such message"),
        ("4", "-ERR No such message"),
        ("4294967295", "-ERR No such message"),
        ("4294967296", "-ERR A message number is missing"),
        ("99999999999999999999", "-ERR A message number is missing"),
        ("-1", "-ERR A message number is missing"),
        ("one", "-ERR A message number is missing"),
        ("2", "-ERR The message is marked deleted"),
    ],
)
def test_numbers_of_messages_that_are_not_there(server, command, number, answer, three):
    with server.pop3(three) as talk:
        talk.says("C: DELE 2").expect("+OK ...")
        talk.says("C: " + command.format(number)).expect(answer)


@pytest.mark.parametrize("line", ["STAT 1", "NOOP 1", "RSET 1", "QUIT now", "LIST 1 2", "UIDL 1 2"])
def test_too_many_arguments(server, line, three):
    with server.pop3(three) as talk:
        talk.says(f"C: {line}").expect("-ERR Too many arguments")
        talk.says("C: NOOP").expect("+OK ...")


@pytest.fixture(scope="module")
def three(shared_server):
    return filled(shared_server)


# ---- marks ----


def test_marked_messages_are_left_out_and_numbers_stay(server):
    with server.pop3(filled(server)) as talk:
        sizes = dict(listing(talk, "LIST"))
        talk.says("C: DELE 2").expect("+OK ...")
        assert listing(talk, "LIST") == [["1", sizes["1"]], ["3", sizes["3"]]]
        assert [number for number, _ in listing(talk, "UIDL")] == ["1", "3"]
        talk.says(
            f"""
            C: STAT
            S: +OK 2 {int(sizes["1"]) + int(sizes["3"])}
            C: DELE 2
            S: -ERR The message is marked deleted
            C: RSET
            S: +OK 3 messages ({sum(map(int, sizes.values()))} octets)
            C: RETR 2
            S: +OK ...
            """
        )
        talk.read_dotted()


def test_quit_deletes_what_is_marked_and_nothing_else(server):
    name = filled(server)
    first, _, third = server.messages(name)
    with server.pop3(name) as talk:
        talk.says(
            """
            C: DELE 3
            S: +OK ...
            C: RSET
            S: +OK ...
            C: DELE 2
            S: +OK ...
            C: QUIT
            S: +OK 1 messages deleted, goodbye
            """
        ).closes()
    assert server.messages(name) == [first, third]


def test_all_can_be_deleted(server):
    name = filled(server)
    server.empty(name)
    assert server.count(name) == 0


@pytest.mark.parametrize("end", ["close", "abort", "finish_sending", "half a QUIT"])
def test_without_quit_nothing_is_deleted(server, end):
    name = filled(server)
    with server.pop3(name) as talk:
        talk.says("C: DELE 1").expect("+OK ...")
        if end == "half a QUIT":
            talk.send(b"QUIT")
            talk.close()
        else:
            getattr(talk, end)()
    assert server.count(name) == 3


def test_a_deletion_is_on_disk_before_it_is_answered(fresh_server):
    server = fresh_server
    name = filled(server)
    with server.pop3(name) as talk:
        talk.says("C: DELE 1").expect("+OK ...")
        talk.says("C: DELE 3").expect("+OK ...")
        talk.says("C: QUIT").expect("+OK 2 messages deleted, goodbye")
        server.kill9()
    server.start()
    assert server.count(name) == 1


def test_a_stop_deletes_nothing_that_was_only_marked(fresh_server):
    server = fresh_server
    name = filled(server)
    with server.pop3(name) as talk:
        talk.says("C: DELE 1").expect("+OK ...")
        server.send_signal(signal.SIGTERM)
        talk.expect("-ERR [SYS/TEMP] ...")
        talk.closes()
    server.stop()
    server.start()
    assert server.count(name) == 3


# ---- a snapshot ----


def test_what_arrives_during_a_session_is_for_the_next(server):
    name = filled(server, "plain.eml")
    with server.pop3(name) as talk:
        server.deliver(name, "dots.eml")
        talk.says("C: STAT").expect("+OK 1 ...")
        talk.says("C: RETR 2").expect("-ERR No such message")
    assert server.count(name) == 2


def test_two_sessions_may_delete_the_same_message(server):
    name = filled(server)
    with server.pop3(name) as one, server.pop3(name) as other:
        for talk in (one, other):
            talk.says("C: DELE 1").expect("+OK ...")
        one.says("C: DELE 2").expect("+OK ...")
        one.says("C: QUIT").expect("+OK 2 messages deleted, goodbye")
        other.says("C: STAT").expect("+OK 2 ...")
        other.says("C: RETR 2").expect("+OK ...")
        other.read_dotted()
        other.says("C: QUIT").expect("+OK 1 messages deleted, goodbye")
    assert server.count(name) == 1


# ---- many ----


def test_a_long_list_reaches_a_client_that_reads_slowly(fresh_server):
    """More lines than are kept waiting for it at once; it goes on asking meanwhile."""
    server, count, lists = fresh_server, 1500, 60
    name = server.new_account()
    with server.smtp() as smtp:
        for number in range(count):
            server.deliver(name, b"Subject: %d\r\n\r\n.\r\n" % number, talk=smtp)
    with server.pop3(name) as talk:
        talk.send(b"LIST\r\nUIDL\r\n" * lists + b"STAT\r\n")
        for _ in range(lists):
            for _ in range(2):
                talk.expect(f"+OK {count} messages ...")
                lines = talk.read_lines()
                assert [int(line.split()[0]) for line in lines] == list(range(1, count + 1))
        talk.expect(f"+OK {count} ...")
        talk.send(b"".join(b"DELE %d\r\n" % n for n in range(1, count + 1)) + b"QUIT\r\n")
        for _ in range(count):
            talk.expect("+OK Marked deleted")
        talk.expect(f"+OK {count} messages deleted, goodbye")
    assert server.count(name) == 0
