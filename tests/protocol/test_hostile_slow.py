"""Peers that are as slow as they may be, and slower: nobody holds a connection by dripping octets."""

import concurrent.futures
import socket

import pytest

DRIP_SECONDS = 0.05
# Long enough for each of them to get as far as it wants to before it is slow.
SHORT = {"connections": {"handshake_timeout": "4s"}, "smtp": {"timeout": "4s"}}
SHORT["pop3"] = SHORT["imap"] = {"timeout": "4s", "login_timeout": "4s"}


@pytest.fixture(scope="module")
def shared_server(module_servers):
    return module_servers(**SHORT)


def smtp_line(server):
    return server.smtp(), b"x"


def smtp_greeting(server):
    return server.connect("smtp"), b"x"


def smtp_data(server):
    talk = server.smtp()
    talk.says("C: MAIL FROM:<>\nS: 250 ...\nC: RCPT TO:<bob@example.org>\nS: 250 ...\nC: DATA\nS: 354 ...")
    return talk, b"x"


def smtp_data_of_empty_lines(server):
    return smtp_data(server)[0], b"\r\n"


def smtp_chunk(server):
    talk = server.smtp()
    talk.says("C: MAIL FROM:<>\nS: 250 ...\nC: RCPT TO:<bob@example.org>\nS: 250 ...")
    return talk.send(b"BDAT 100000 LAST\r\n"), b"x"


def smtp_refused_chunk(server):
    return server.smtp().send(b"BDAT 100000 LAST\r\n"), b"x"


def smtp_password(server):
    return server.smtp("submissions").says("C: AUTH LOGIN\nS: 334 ..."), b"x"


def smtp_line_that_is_too_long(server):
    return server.smtp().send(b"x" * 50000), b"x"


def starttls_without_handshake(server):
    return server.smtp().says("C: STARTTLS\nS: 220 ..."), None


def handshake_that_drips(server):
    # The head of a record and of a ClientHello that never becomes whole.
    return server.connect("submissions", tls=False).send(b"\x16\x03\x01\x10\x00\x01\x00\x0f\xfc\x03\x03"), b"\0"


def handshake_that_does_not_begin(server):
    return server.connect("pop3s", tls=False), None


def pop3_line(server):
    return server.connect("pop3"), b"x"


def pop3_password(server):
    return server.connect("pop3s").says("S: +OK ...\nC: USER alice\nS: +OK ...").send(b"PASS "), b"x"


def pop3_challenge(server):
    return server.connect("pop3s").says("S: +OK ...\nC: AUTH LOGIN\nS: + ..."), b"x"


def pop3_after_login(server):
    return server.pop3("alice"), b"x"


def imap_greeting(server):
    return server.connect("imap"), b"x"


def imap_empty_lines(server):
    return server.connect("imap"), b"\r\n"


def imap_literal(server):
    return server.connect("imaps").until("* OK ...").send(b"a LOGIN {1000+}\r\n"), b"x"


def imap_challenge(server):
    return server.connect("imaps").until("* OK ...").says("C: a AUTHENTICATE PLAIN\nS: + ..."), b"x"


def imap_command(server):
    return server.imap("alice"), b"x"


def imap_literal_that_is_too_big(server):
    return server.imap("alice").send(b"a SELECT {100000000+}\r\n"), b"x"


def imap_message(server):
    return server.imap("alice").send(b"a APPEND INBOX {1000+}\r\n"), b"x"


def imap_second_message(server):
    return server.imap("alice").send(b"a APPEND INBOX {2+}\r\nx\n {1000+}\r\n"), b"x"


def imap_refused_message(server):
    return server.imap("alice").send(b"a APPEND Nowhere {1000+}\r\n"), b"x"


def imap_end_of_idle(server):
    return server.imap("alice").says("C: a IDLE\nS: + ..."), b"x"


STATES = (
    smtp_greeting,
    smtp_line,
    smtp_data,
    smtp_data_of_empty_lines,
    smtp_chunk,
    smtp_refused_chunk,
    smtp_password,
    smtp_line_that_is_too_long,
    starttls_without_handshake,
    handshake_that_drips,
    handshake_that_does_not_begin,
    pop3_line,
    pop3_password,
    pop3_challenge,
    pop3_after_login,
    imap_greeting,
    imap_empty_lines,
    imap_literal,
    imap_challenge,
    imap_command,
    imap_literal_that_is_too_big,
    imap_message,
    imap_second_message,
    imap_refused_message,
    imap_end_of_idle,
)


def drip_to_the_end(talk, octets, server):
    """Sends, a little at a time, until the server has enough of it; its last words."""
    talk.sock.settimeout(DRIP_SECONDS)
    heard = b""
    while server.running:
        try:
            if octets:
                talk.sock.sendall(octets)
        except TimeoutError:
            pass
        except OSError:  # it takes no more, and may have said why
            octets = None
        try:
            received = talk.sock.recv(4096)
            heard += received
            if not received:
                return heard
        except TimeoutError:
            pass
        except OSError:  # a reset, or TLS that ends without a word
            return heard
    return heard


def test_peers_that_drip_octets_are_sent_away(server):
    """All of them at the same time: none has to wait for another."""
    with concurrent.futures.ThreadPoolExecutor(len(STATES)) as pool:
        ends = {state.__name__: pool.submit(drip_to_the_end, *state(server), server) for state in STATES}
        heard = {name: end.result() for name, end in ends.items()}
    assert server.running
    assert b"421 4.4.2 " in heard["smtp_line"] and b"421 4.4.2 " in heard["smtp_data"]
    server.wait_for(lambda: not server.ctl("session", "list"), "to forget the peers")
    assert server.count("bob") == 0


def test_a_peer_that_connects_and_resets_at_once_leaves_nothing(server):
    for service in ("smtp", "submissions", "pop3", "pop3s", "imap", "imaps"):
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", server.ports[service])) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    server.wait_for(lambda: not server.ctl("session", "list"), "to forget the peers")
