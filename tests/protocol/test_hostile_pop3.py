"""POP3 against mailboxes that were filled to do harm, and clients that leave at the worst moment."""

import re

import pytest

from imap_answer import ask
from server import fetch_all


def numbers(server):
    return {k: int(v) for k, v in (line.split("\t") for line in server.ctl("status").splitlines()) if v.isdigit()}


def huge_header(octets):
    """More than ASCII, so that its size as it will be sent has to be measured."""
    line = b"X-Filler: \xc3\xa4\xff " + b"y" * 60 + b"\r\n"
    return line * (octets // len(line)) + b"Subject: huge\r\n\r\nbody\r\n"


def test_huge_headers_are_measured_in_slices(server):
    user = server.new_account()
    for octets in (5_000_000, 100, 9_000_000):
        server.deliver(user, huge_header(octets))
    with server.pop3(user, utf8=True):
        pass
    before = numbers(server)["store_read_tasks"]
    with server.pop3(user) as talk:
        slices = numbers(server)["store_read_tasks"] - before
        talk.says("C: LIST").expect("+OK 3 messages ...")
        sizes = [int(line.split()[1]) for line in talk.read_lines()]
        assert sizes == [len(m) for m in fetch_all(talk)]
    # One to check the password, and then more than one for the maildrop.
    assert slices > 4


def test_a_client_that_leaves_while_its_mailbox_is_measured_does_no_harm(server):
    user = server.new_account()
    server.deliver(user, huge_header(9_000_000))
    for _ in range(5):
        talk = server.connect("pop3s")
        talk.expect("+OK ...")
        talk.send(f"USER {user}\r\nPASS {server.passwords[user]}\r\n".encode())
        talk.expect("+OK ...")
        talk.abort()
    server.wait_for(lambda: not server.ctl("session", "list"), "to forget them")
    assert server.count(user) == 1


def wait_written(server, user):
    """Until all that the account has given the store to write is written: it goes in order."""
    with server.imap(user) as talk:
        assert ask(talk, "CREATE barrier").status == ask(talk, "DELETE barrier").status == "OK"


@pytest.mark.parametrize("leave", ["abort", "close"])
def test_a_line_that_drops_at_quit_deletes_all_or_nothing(server, leave):
    user = server.new_account()
    for _ in range(10):
        with server.smtp() as smtp:
            for _ in range(4 - server.count(user)):
                server.deliver(user, b"Subject: x\r\n\r\nx\r\n", talk=smtp)
        talk = server.pop3(user)
        talk.send(b"DELE 1\r\nDELE 2\r\nDELE 4\r\nQUIT\r\n")
        getattr(talk, leave)()
        server.wait_for(lambda: not server.ctl("session", "list"), "to forget it")
        wait_written(server, user)  # it may have been on its way when its session ended
        assert server.count(user) in (1, 4)


def test_a_line_that_drops_before_quit_is_whole_deletes_nothing(server):
    user = server.new_account()
    server.deliver(user, b"Subject: x\r\n\r\nx\r\n")
    for end in (b"", b"QUIT", b"QUIT\r", b"QUI\nT\r\n", b"QUIT now\r\n", b"RSET\r\nQUIT"):
        with server.pop3(user) as talk:
            talk.send(b"DELE 1\r\n" + end).expect("+OK ...")
            talk.finish_sending()
            while talk.read_line():
                pass
    assert server.count(user) == 1


def test_log_lines_cannot_be_forged_by_names(server):
    with server.connect("pop3s") as talk:
        talk.expect("+OK ...")
        for name in ("a\rb", "a b account=root", 'a"b', "a\x1b[2Jb", "a\u2028b", "a\u202eb", "x" * 200):
            talk.send(f"USER {name}\r\nPASS x\r\n".encode())
            talk.expect("+OK ...")
            talk.expect("-ERR [AUTH] ...")
    lines = [line for line in server.log_since_start().splitlines() if " auth failed " in line]
    assert len(lines) == 7
    for line in lines:
        assert line.isascii() and line.isprintable()
        assert len(re.findall(r" account=\S*", line)) == 1, line
