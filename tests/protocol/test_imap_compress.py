"""COMPRESS=DEFLATE: RFC 4978."""

import os

import pytest

from compressed import compress
from rfc_example import example
from server import PASSWORDS, big_message, eml


def capabilities(talk):
    line = talk.says("C: cap CAPABILITY").expect("* CAPABILITY ...")
    talk.expect("cap OK ...")
    return line.split()[2:]


# ---- the examples of RFC 4978 3 ----


@example("4978 3", "a b c")
def test_the_example_of_login_and_compress(server):
    with server.connect("imap") as talk:
        talk.says(
            """
            S: * OK [CAPABILITY ... STARTTLS ...
            C: a starttls
            S: a OK ...
            """
        ).starttls()
        talk.says(
            f"""
            C: b login alice {PASSWORDS["alice"]}
            S: b OK [CAPABILITY ... COMPRESS=DEFLATE] Logged in
            """
        )
        compress(talk, "c")
        talk.says(
            """
            C: d noop
            S: d OK ...
            """
        )


@example("4978 3", "c")
def test_the_example_of_compressing_twice(server):
    with server.imap("alice") as talk:
        compress(talk)
        assert "COMPRESS=DEFLATE" not in capabilities(talk)
        # RFC 4978 3: BAD where it is COMPRESS that is active, NO where another layer compresses.
        talk.says(
            """
            C: c compress deflate
            S: c BAD [COMPRESSIONACTIVE] DEFLATE is active already
            """
        )


# ---- when it is told and when it is refused ----


def test_it_is_told_last_and_only_after_login(server):
    with server.connect("imaps") as talk:
        talk.expect("* OK [CAPABILITY ...")
        assert "COMPRESS=DEFLATE" not in capabilities(talk)
        talk.says("C: a COMPRESS DEFLATE").expect("a BAD Log in first")
    with server.imap("alice") as talk:
        assert capabilities(talk)[-1] == "COMPRESS=DEFLATE"


@pytest.mark.parametrize("words", ["", " ", " LZW", " DEFLATE now", ' "DEFLATE"'])
def test_what_is_no_algorithm_changes_nothing(server, words):
    with server.imap("alice") as talk:
        talk.says(f"C: a COMPRESS{words}").expect("a BAD COMPRESS wants ...")
        talk.says("C: b NOOP").expect("b OK ...")


@pytest.mark.conf(imap={"compress": False})
def test_it_can_be_switched_off(fresh_server):
    with fresh_server.imap("alice") as talk:
        assert "COMPRESS=DEFLATE" not in capabilities(talk)
        talk.says("C: a COMPRESS DEFLATE").expect("a NO [UNAVAILABLE] Compression is switched off")
        talk.says("C: b NOOP").expect("b OK ...")


@pytest.mark.conf(imap={"compress_not_for": ["Shaky Mail", "Other"]})
def test_programs_that_fail_with_it_are_not_told(fresh_server):
    with fresh_server.imap("alice") as talk:
        assert "COMPRESS=DEFLATE" in capabilities(talk)
        talk.says('C: a ID ("name" "shaky mail" "version" "1")').until("a OK ...")
        assert "COMPRESS=DEFLATE" not in capabilities(talk)
        talk.says('C: b ID ("name" "Steady Mail")').until("b OK ...")
        assert "COMPRESS=DEFLATE" in capabilities(talk)


# ---- a session under it ----


def test_mail_comes_and_goes_whole(server):
    user = server.new_account()
    large = big_message(3 << 20)
    noise = eml("plain.eml") + os.urandom(200_000).hex().encode() + b"\r\n"
    with server.imap(user) as talk:
        compress(talk)
        for message in (large, noise):
            talk.send_line(f"a APPEND INBOX {{{len(message)}+}}")
            talk.send(message + b"\r\n")
            talk.until("a OK [APPENDUID ...")
        talk.says("C: b SELECT INBOX").until("b OK ...")
        before = talk.sock.received
        for number, message in ((1, large), (2, noise)):
            talk.says(f"C: c FETCH {number} BODY[]").expect(f"* {number} FETCH (BODY[] {{{len(message)}}}")
            assert talk.read_octets(len(message)) == message
            talk.says("S: )").until("c OK ...")
            if number == 1:
                assert talk.sock.received - before < len(large) / 4


def test_every_octet_may_come_alone(server):
    with server.imap(server.new_account()) as talk:
        compress(talk)
        sock = talk.sock
        deflated = sock._deflate.compress(b"a STATUS INBOX (MESSAGES)\r\nb NOOP\r\n") + sock._deflate.flush(2)
        for octet in deflated:
            sock.raw.sendall(bytes([octet]))
        talk.says(
            """
            S: * STATUS INBOX (MESSAGES 0)
            S: a OK ...
            S: b OK ...
            """
        )


def test_news_reach_a_client_that_idles_in_a_mailbox(server):
    user = server.new_account()
    with server.imap(user) as talk:
        talk.says("C: a SELECT INBOX").until("a OK ...")
        compress(talk)
        talk.says("C: b IDLE").expect("+ idling")
        server.deliver(user, "plain.eml")
        talk.until("* 1 EXISTS")
        talk.says("C: DONE").until("b OK ...")


def test_changes_are_told_in_the_clear_before_the_reply(server):
    user = server.new_account()
    with server.imap(user) as talk:
        talk.says("C: a SELECT INBOX").until("a OK ...")
        server.deliver(user, "plain.eml")
        talk.says(
            """
            C: b COMPRESS DEFLATE
            S: * 1 EXISTS
            S: * 1 RECENT
            S: b OK DEFLATE active
            """
        )


def test_commands_pipelined_behind_it_are_compressed(server):
    with server.imap("alice") as talk:
        plain = talk.sock
        compress(talk)
        assert talk.sock.raw is plain
        for number in range(100):
            talk.send_line(f"n{number} NOOP")
        for number in range(100):
            talk.expect(f"n{number} OK ...")


@pytest.mark.conf(connections={"compress_rest": "1s", "compress_window": 9, "compress_memory": 1})
def test_it_goes_on_after_a_rest_with_the_least_memory(fresh_server):
    server = fresh_server
    with server.imap("alice") as talk:
        compress(talk)
        talk.says("C: a SELECT INBOX").until("a OK ...")
        talk.says("C: b IDLE").expect("+ idling")
        server.wait_log(r"net rests memory=[1-9]\d{0,2}\b")
        server.deliver("alice", "plain.eml")
        talk.until("* 1 EXISTS")
        talk.says("C: DONE").until("b OK ...")
        talk.says("C: c SELECT INBOX").until("c OK ...")


# ---- the end ----


def test_logout_ends_the_stream(server):
    with server.imap("alice") as talk:
        compress(talk)
        talk.says("C: a LOGOUT").until("a OK ...").closes()
        assert talk.sock.ended_well


def test_the_end_of_the_clients_stream_is_the_end_of_input(server):
    with server.imap("alice") as talk:
        compress(talk)
        talk.send(b"a NOOP\r\n")
        talk.sock.finish()
        talk.expect("a OK ...")
        talk.closes()


@pytest.mark.parametrize("octets", [b"\xff\xff\xff", b"a NOOP\r\n", b"\x00\x05\x00\x05\x00hello"])
def test_what_is_not_compressed_ends_with_bye(server, octets):
    with server.imap("alice") as talk:
        compress(talk)
        talk.sock.raw.sendall(octets)
        talk.expect("* BYE [UNAVAILABLE] What you send is not compressed as it should be")
        talk.closes()


def test_damage_in_the_middle_of_a_literal_stores_nothing(server):
    user = server.new_account()
    with server.imap(user) as talk:
        compress(talk)
        talk.send_line("a APPEND INBOX {1000+}")
        talk.send(b"x" * 10)
        talk.sock.raw.sendall(b"\xff\xff\xff\xff")
        talk.until("* BYE [UNAVAILABLE] ...").closes()
    assert server.count(user) == 0


def test_a_bomb_is_a_line_that_is_too_long(server):
    with server.imap("alice") as talk:
        compress(talk)
        talk.send(b"a NOOP " + b"x" * (16 << 20) + b"\r\nb NOOP\r\n")
        talk.expect("a BAD The command is too long")
        talk.expect("b OK ...")
