"""Clients of IMAP that mean harm, some of them logged in: each gets an answer, and others are served."""

import re
import socket
import threading

import pytest

from hostile import numbers_of, resident
from imap_answer import ask

MEGABYTE = 1 << 20
# A sanitizer keeps what was freed, if it may.
QUARANTINE = {"ASAN_OPTIONS": "quarantine_size_mb=1"}
SMALL = b"Subject: small\r\n\r\ntext\r\n"
HELD = ("store_spool_memory", "store_waiting_read", "store_waiting_work", "store_waiting_write")


@pytest.fixture(scope="module")
def shared_server(module_servers):
    conf = {"imap": {"max_errors": 1000, "max_mailboxes": 200}, "store": {"spool_memory": "1M"}}
    conf["connections"] = {"max_connections_per_account": 100}
    conf["auth"] = {"allow_plaintext_loopback": True}
    return module_servers(env=QUARANTINE, **conf)


class Polite:
    """bob, who wants an answer to each of his commands while others do what they do."""

    def __init__(self, server):
        self.talk, self.over, self.rounds, self.failure = server.imap("bob"), threading.Event(), 0, None

    def __enter__(self):
        self.thread = threading.Thread(target=self.go_on)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.talk.close()
        assert self.failure is None, self.failure
        assert self.rounds

    def go_on(self):
        try:
            while not self.over.wait(0.01) or not self.rounds:
                assert ask(self.talk, "SELECT INBOX").status == "OK"
                assert ask(self.talk, "STATUS Sent (MESSAGES)").status == "OK"
                self.talk.seen.clear()
                self.rounds += 1
        except (AssertionError, OSError) as failure:
            self.failure = failure


def selected(server, user, messages=3):
    talk = server.imap(user)
    for n in range(messages):
        append(talk, SMALL)
    ask(talk, "SELECT INBOX")
    return talk


def append(talk, *messages):
    """One command; the tagged line."""
    literals = b" ".join(b"{%d+}\r\n" % len(m) + m for m in messages)
    talk.seen.append(f"C: APPEND of {len(messages)} messages")
    talk.send(b"a APPEND INBOX " + literals + b"\r\n")
    return talk.until("a ...").seen[-1]


def half(text):
    """The first 60,000 octets of a list, up to a comma."""
    return text[:60000].rpartition(",")[0]


def tree_of_or(keys):
    if len(keys) == 1:
        return keys[0]
    middle = len(keys) // 2
    return f"OR {tree_of_or(keys[:middle])} {tree_of_or(keys[middle:])}"


COMMANDS = {
    "all messages, thousands of times": ("FETCH " + half("1:*," * 20000) + " UID", "OK"),
    "the whole range of UIDs, thousands of times": ("UID FETCH " + half("1:4294967295," * 9000) + " UID", "OK"),
    "ranges backwards": ("UID FETCH " + half(",".join(str(n) for n in range(90000, 1, -2))) + " UID", "OK"),
    "a set that is not there": ("FETCH 1:4294967295 UID", "BAD"),
    "a number of more than 32 bits": ("FETCH 4294967296 UID", "BAD"),
    "a search of 30,000 brackets": ("SEARCH " + "(" * 30000 + "ALL" + ")" * 30000, "NO [LIMIT]"),
    "NOT NOT NOT": ("SEARCH " + "NOT " * 15000 + "ALL", "NO [LIMIT]"),
    "OR OR OR": ("SEARCH " + "OR " * 20000 + "ALL", "NO [LIMIT]"),
    "900 strings to look for": ("SEARCH " + tree_of_or([f"TEXT {n}z" for n in range(900)]), "NO [LIMIT]"),
    "1,900 sets": ("SEARCH" + " 1:*" * 1900, "OK"),
    "the saved result a thousand times": ("SEARCH" + " $" * 1000, "NO [LIMIT]"),
    "a list of items that does not end": ("FETCH 1 " + "(" * 60000, "BAD"),
    "5,000 bodies": (f"FETCH 1 ({' '.join(['BODY.PEEK[]'] * 5000)})", "NO [LIMIT]"),
    "9,000 names of fields": (f"FETCH 1 BODY[HEADER.FIELDS ({' '.join(f'f{n}' for n in range(9000))})]", "NO [LIMIT]"),
    "a part 30,000 levels deep": (f"FETCH 1 BODY.PEEK[{'.'.join('1' * 30000)}]", "OK"),
    "octets behind the end": ("FETCH 1 BODY.PEEK[]<4294967295.4294967295>", "OK"),
    "octets behind any end": ("FETCH 1 BODY.PEEK[]<18446744073709551616.1>", "BAD"),
    "a thousand keywords": (f"STORE 1 +FLAGS ({' '.join(f'k{n}' for n in range(1000))})", "NO [LIMIT]"),
    "one flag, 8,000 times": (f"STORE 1 +FLAGS ({' '.join(['Seen'] * 8000)})", "NO [LIMIT]"),
    "a pattern of wildcards": ('LIST "" ' + "*%" * 2000, "OK"),
    "a pattern that always fails late": ('LIST "" ' + "*%a" * 1300, "OK"),
    "3,000 patterns": ('LIST "" (' + "*%a " * 3000 + "x)", "NO [LIMIT]"),
    "a name with 1,000 levels": ("CREATE " + "/".join("a" * 1000), "NO [LIMIT]"),
    "a mailbox below itself": ("RENAME Trash Trash/a/b", "NO [CANNOT]"),
    "a command of 300,000 octets": ("NOOP " + "x" * 300000, "BAD"),
    "a word of control characters": ("\x01\x02\x1b[2J\x7f", "BAD"),
    "octets above 127": ("SELECT \xff\xfe", "BAD"),
    "UID and nothing": ("UID ", "BAD"),
    "no command": ("", "BAD"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_means_harm_gets_an_answer(server, name):
    command, wanted = COMMANDS[name]
    before = resident(server)
    with Polite(server), selected(server, server.new_account()) as talk:
        talk.send(b"h " + command.encode("latin-1") + b"\r\n")
        answer = talk.until("h ...").seen[-1]
        assert answer.startswith(f"S: h {wanted}"), answer[:200]
        assert ask(talk, "NOOP").status == "OK"
    assert resident(server) - before < 32 * MEGABYTE


# What is sent in one go, the beginnings of the answers.
LITERALS = {
    "more than there may be": (b"a SELECT {4294967296}\r\nb NOOP\r\n", ["a NO [TOOBIG]", "b OK"]),
    "more than 64 bits can count": (b"a SELECT {18446744073709551616}\r\nb NOOP\r\n", ["a BAD", "b OK"]),
    "less than nothing": (b"a SELECT {-1}\r\nb NOOP\r\n", ["a BAD", "b OK"]),
    "nothing": (b"a SELECT {0+}\r\n\r\nb NOOP\r\n", ["a NO", "b OK"]),
    "a literal in a literal": (b"a STATUS {6+}\r\n{3+}\r\n (MESSAGES)\r\nb NOOP\r\n", ["a ", "b OK"]),
    "one that was not to be sent": (b"a SELECT {300000+}\r\n" + b"b NOOP\r\n" * 37500 + b"\r\nc NOOP\r\n", ["a NO [TOOBIG]", "c OK"]),
    "five that are too much together": (b"a LIST" + b" {60000+}\r\n%b" % (b"x" * 60000) * 5 + b"\r\nb NOOP\r\n", ["a NO [TOOBIG]", "b OK"]),
    "NUL in a name": (b"a CREATE {3+}\r\na\0b\r\nb NOOP\r\n", ["a BAD", "b OK"]),
    "a line end in a name": (b"a CREATE {4+}\r\na\r\nb\r\nb NOOP\r\n", ["a NO [CANNOT]", "b OK"]),
    "a message too big": (b"a APPEND INBOX {18446744073709551615}\r\nb NOOP\r\n", ["a NO [TOOBIG]", "b OK"]),
    "an empty message": (b"a APPEND INBOX {0+}\r\n\r\nb NOOP\r\n", ["a NO", "b OK"]),
    "an end that is none": (b"a NOOP\rb NOOP\nc NOOP\r\n", ["a BAD", "c OK"]),
}


@pytest.mark.parametrize("name", LITERALS)
def test_literals_are_counted_and_never_obeyed(server, name):
    octets, wanted = LITERALS[name]
    with server.imap("alice") as talk:
        talk.send(octets)
        lines = []
        while len(lines) < len(wanted):
            line = talk.read_line().decode()
            if not line.startswith(("* ", "+ ")):
                lines.append(line)
        assert all(got.startswith(start) for got, start in zip(lines, wanted)), lines
        assert ask(talk, "NOOP").status == "OK"


def test_an_append_may_end_at_any_octet(server):
    """Nothing is stored of what did not come whole, and nothing is kept for it."""
    user = server.new_account()
    command = b"a APPEND INBOX (\\Seen) {%d+}\r\n" % len(SMALL) + SMALL + b" {%d+}\r\n" % len(SMALL) + SMALL
    for cut in range(len(command) + 1):
        talk = server.imap(user)
        talk.send(command[:cut])
        talk.abort() if cut % 2 else talk.close()
    server.wait_for(lambda: numbers_of(server)["connections"] == "0", "to see that all have gone")
    server.wait_for(lambda: {numbers_of(server)[what] for what in HELD} == {"0"}, "to hold nothing")
    assert server.count(user) == 0


def test_a_thousand_messages_in_one_append_are_all_refused(server):
    user = server.new_account()
    with server.imap(user) as talk:
        assert append(talk, *[SMALL] * 1500).startswith("S: a NO [MESSAGELIMIT 1000]")
        assert append(talk, *[SMALL] * 50).startswith("S: a OK")
    assert server.count(user) == 50


def test_copies_end_at_the_quota(server):
    user = server.new_account("--max-messages=100")
    with Polite(server), selected(server, user) as talk:
        answers = [ask(talk, "COPY 1:* INBOX") for _ in range(20)]
        assert {a.status for a in answers} == {"OK", "NO"}
        assert answers[-1].text.startswith("[OVERQUOTA]")
    assert server.count(user) == 96


def test_an_account_has_only_so_many_mailboxes(server):
    with Polite(server), server.imap(server.new_account()) as talk:
        commands = b"".join(b"c%d CREATE d%d/%s\r\n" % (n, n, b"/".join([b"b"] * 20)) for n in range(500))
        talk.send(commands + b"end NOOP\r\n").until("end OK ...")
        assert any(line.startswith("S: c499 NO [LIMIT]") for line in talk.seen)
        names = [w for w in ask(talk, 'LIST "" *').untagged if w[0] == "LIST"]
        assert len(names) <= 200
        assert ask(talk, "DELETE d0/b/b").status == "OK"


def test_thousands_of_commands_in_a_row_are_answered_in_order(server):
    count = 20000
    # In the clear: two threads cannot share a connection of TLS in Python.
    with Polite(server), server.imap("alice", "imap", tls=False) as talk:
        sender = threading.Thread(target=talk.send, args=(b"".join(b"n%d NOOP\r\n" % n for n in range(count)),))
        sender.start()
        for n in range(count):
            assert talk.read_line().startswith(b"n%d OK " % n)
        sender.join()


def test_clients_that_wait_for_news_and_never_read(server):
    """Changes are told to them by the thousand; what they do not take costs little."""
    user = server.new_account()
    with Polite(server), selected(server, user, 40) as talk:
        append(talk, *[SMALL] * 40)
        ask(talk, "COPY 1:* INBOX")
        idle = [server.imap(user) for _ in range(40)]
        for one in idle:
            one.send(b"s SELECT INBOX\r\ni IDLE\r\n").until("+ ...")
        before = resident(server)
        for n in range(30):
            assert ask(talk, f"STORE 1:* {'+-'[n % 2]}FLAGS.SILENT (k{n % 7})").status == "OK"
        assert resident(server) - before < 32 * MEGABYTE
        for one in idle:
            one.close()


def test_readers_that_do_not_read(server):
    user = server.new_account()
    with Polite(server), selected(server, user, 0) as talk:
        append(talk, b"Subject: large\r\n\r\n" + (b"x" * 76 + b"\r\n") * 20000)
        for _ in range(5):
            ask(talk, "COPY 1:* INBOX")
        before = resident(server)
        slow = [server.imap(user) for _ in range(40)]
        for one in slow:
            one.send(b"s SELECT INBOX\r\n" + b"f FETCH 1:* BODY.PEEK[]\r\n" * 100)
        # Each has been given something, and none more than its share.
        for one in slow:
            one.until("* 1 FETCH ...")
        assert ask(talk, "NOOP").status == "OK"
        assert resident(server) - before < 64 * MEGABYTE
        for one in slow:
            one.abort()
    server.wait_for(lambda: {numbers_of(server)[what] for what in HELD} == {"0"}, "to forget them")


def test_a_thousand_strangers_hold_little(server):
    before = resident(server)
    with Polite(server):
        strangers = [socket.create_connection(("127.0.0.1", server.ports["imap"])) for _ in range(800)]
        for sock in strangers:
            sock.sendall(b"a LOGIN {8000+}\r\n" + b"x" * 7999)
        server.wait_for(lambda: int(numbers_of(server)["connections"]) >= 800, "to see them all")
        assert resident(server) - before < 64 * MEGABYTE
        for sock in strangers:
            sock.close()
    server.wait_for(lambda: numbers_of(server)["connections"] == "0", "to see that all have gone")


def test_nothing_a_client_says_makes_a_line_of_the_log(server):
    forged = b"evil\r\nc=1 imap login=root address=1.2.3.4\n\x1b[2Jmore\xff\xe2\x80\xae"
    literal = b"{%d+}\r\n" % len(forged) + forged
    with server.connect("imaps") as talk:
        talk.until("* OK ...")
        talk.send(b"a LOGIN " + literal + b" " + literal + b"\r\n").until("a ...")
        talk.send(b"a AUTHENTICATE PLAIN AGV2aWwKYz0xIGltYXAAcGFzcw==\r\n").until("a ...")
        talk.send(b"a AUTHENTICATE " + literal + b"\r\n").until("a ...")
        talk.send(b'a ID ("name" ' + literal + b")\r\n").until("a ...")
    with server.imap("alice") as talk:
        talk.send(b'a ID ("name" ' + literal + b")\r\n").until("a ...")
        talk.send(b"a CREATE " + literal + b"\r\n").until("a ...")
        talk.send(b"a SELECT " + literal + b"\r\n").until("a ...")
        talk.send(b'a APPEND "x\x1b\x07y" {3+}\r\n' + b"a\rb\r\n").until("a ...")
    assert not [line for line in server.log.splitlines() if not re.fullmatch(r"[ -~…]*", line)]
    assert not re.search(r"^c=1 imap login=root", server.log, re.MULTILINE)
