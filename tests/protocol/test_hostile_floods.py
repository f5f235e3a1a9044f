"""Peers that send without end and never read: others are served, and memory stays small."""

import contextlib
import select
import socket
import threading

import pytest

from hostile import resident

ENVELOPE = b"MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n"
LOGIN = b"l LOGIN alice wonderland\r\ns SELECT INBOX\r\n"
# A sanitizer keeps what was freed, if it may.
QUARANTINE = {"ASAN_OPTIONS": "quarantine_size_mb=1"}
MEGABYTE = 1 << 20


class Flood:
    """So many connections to a service that say `first` and then `again`, for ever."""

    def __init__(self, server, service, first, again, connections=1, reads=True):
        self.server, self.service, self.connections, self.reads = server, service, connections, reads
        self.first, self.again = first, again * (65536 // len(again) + 1)
        self.over = threading.Event()
        self.sent = 0

    def __enter__(self):
        self.threads = [threading.Thread(target=self.pour) for _ in range(self.connections)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def pour(self):
        """Connects anew when the server has had enough."""
        while not self.over.is_set():
            with contextlib.suppress(OSError):
                with socket.create_connection(("127.0.0.1", self.server.ports[self.service])) as sock:
                    sock.sendall(self.first)
                    sock.setblocking(False)
                    self.pour_into(sock)

    def pour_into(self, sock):
        while not self.over.is_set():
            readable, writable, _ = select.select([sock] if self.reads else [], [sock], [], 0.05)
            if readable and not sock.recv(65536):
                return
            if writable:
                self.sent += sock.send(self.again)


FLOODS = {
    "a line without an end": ("smtp", b"", b"x", 2),
    "commands whose answers nobody reads": ("smtp", b"", b"HELP\r\n", 20, False),
    "EHLO again and again": ("smtp", b"", b"EHLO x\r\n", 2),
    "recipients": ("smtp", b"EHLO x\r\nMAIL FROM:<>\r\n", b"RCPT TO:<alice+x@example.org>\r\n", 2),
    "recipients there are not": ("smtp", b"EHLO x\r\nMAIL FROM:<>\r\n", b"RCPT TO:<x@example.org>\r\n", 4),
    "chunks of one octet": ("smtp", b"EHLO x\r\n" + ENVELOPE, b"BDAT 1\r\nx", 2),
    "chunks of nothing": ("smtp", b"EHLO x\r\n" + ENVELOPE, b"BDAT 0\r\n", 2),
    "a chunk nobody wants": ("smtp", b"BDAT 9223372036854775807 LAST\r\n", b"x", 2),
    "a message without an end": ("smtp", b"EHLO x\r\n" + ENVELOPE + b"DATA\r\n", b"x" * 76 + b"\r\n", 4),
    "capabilities nobody reads": ("pop3", b"", b"CAPA\r\n", 20, False),
    "tags without an end": ("imap", b"", b"x", 4),
    "capabilities nobody reads, of IMAP": ("imap", b"", b"a CAPABILITY\r\n", 20, False),
    "a literal nobody wants": ("imap", b"a LOGIN {9223372036854775807+}\r\n", b"x", 4),
    "literals of nothing": ("imap", b"a LOGIN ", b"{0+}\r\n", 4),
    "lists nobody reads": ("imap", LOGIN, b'a LIST "" *\r\n', 10, False),
    "IDLE again and again": ("imap", LOGIN, b"a IDLE\r\nDONE\r\n", 4),
    "small messages without an end": ("imap", LOGIN, b"a APPEND INBOX {2+}\r\nx\n\r\n", 4),
    "a message nobody wants": ("imap", LOGIN + b"a APPEND INBOX {9223372036854775807+}\r\n", b"x", 4),
    "a message of one command without an end": ("imap", LOGIN + b"a APPEND INBOX", b" {2+}\r\nx\n", 4),
    "noise on a TLS port": ("pop3s", b"", b"\x16\x03\x01\x40\x00", 4),
    "handshakes that do not begin": ("submission", b"EHLO x\r\nSTARTTLS\r\n", b"\x16\x03\x01\x00\x01\x01", 4),
}


@pytest.fixture(scope="module")
def shared_server(module_servers):
    small = {"max_message_size": "4M", "max_unknown_recipients": 1000, "max_errors": 1000}
    return module_servers(
        env=QUARANTINE,
        auth={"allow_plaintext_loopback": True},
        smtp=small,
        store={"spool_memory": "1M"},
    )


@pytest.mark.parametrize("name", FLOODS)
def test_others_are_served_while_one_floods(server, name):
    user = server.new_account()
    before = resident(server)
    with Flood(server, *FLOODS[name]) as flood:
        with server.smtp() as talk:
            while flood.sent < MEGABYTE // 4 or server.count(user) < 5:
                server.deliver(user, "plain.eml", talk=talk)
        after = resident(server)
    assert after - before < 64 * MEGABYTE
    server.wait_for(lambda: not server.ctl("session", "list"), "to see that all have gone")
