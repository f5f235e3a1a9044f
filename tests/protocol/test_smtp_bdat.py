"""BDAT: chunks with their length before them. RFC 3030 2."""

import pytest

MESSAGE = b"From: a@example.net\r\nSubject: chunks\r\n\r\nhello\r\n"


def ready_for_bdat(server, user, talk=None):
    talk = talk or server.smtp()
    return talk.says(
        f"""
        C: MAIL FROM:<a@example.net>
        S: 250 ...
        C: RCPT TO:<{user}@example.org>
        S: 250 ...
        """
    )


def chunk(octets, last=False):
    return b"BDAT %d%s\r\n" % (len(octets), b" LAST" if last else b"") + octets


def test_one_chunk(server):
    user = server.new_account()
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(MESSAGE, last=True)).expect("250 2.0.0 ...")
    server.assert_arrived(user, MESSAGE)


def test_many_chunks_pipelined(server):
    user = server.new_account()
    with ready_for_bdat(server, user) as talk:
        talk.send(b"".join(chunk(MESSAGE[i : i + 1]) for i in range(len(MESSAGE))) + chunk(b"", True))
        for _ in MESSAGE:
            talk.expect("250 2.0.0 1 octets received")
        talk.expect("250 2.0.0 ...")
    server.assert_arrived(user, MESSAGE)


def test_dots_and_commands_in_a_chunk_are_content(server):
    user = server.new_account()
    octets = b"Subject: x\r\n\r\n.\r\n..\r\nQUIT\r\nMAIL FROM:<>\r\n.\r\n"
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(octets, last=True)).expect("250 2.0.0 ...")
        talk.says("C: NOOP").expect("250 2.0.0 ...")
    server.assert_arrived(user, octets)


def test_a_message_need_not_end_with_a_line_end(server):
    user = server.new_account()
    octets = b"Subject: x\r\n\r\nno end"
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(octets, last=True)).expect("250 2.0.0 ...")
    # POP3 ends the last line before its dot; the message itself has none (RFC 1939 3).
    with server.pop3(user) as talk:
        talk.says("C: LIST 1").expect(f"+OK 1 {len(server.messages(user)[0]) - 2}")
    assert server.messages(user)[0].endswith(octets + b"\r\n")


def test_bare_line_ends_become_crlf(server):
    user = server.new_account()
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(b"Subject: x\n\na\rb\r") + chunk(b"\nc\r", True))
        talk.says("S: 250 2.0.0 16 octets received\nS: 250 2.0.0 ...")
    server.assert_arrived(user, b"Subject: x\r\n\r\na\r\nb\r\nc\r\n")


def test_large_chunks(server):
    user = server.new_account()
    octets = b"Subject: x\r\n\r\n" + b"0123456789abcdef" * 4 * 40000 + b"\r\n"
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(octets[:1000000])).expect("250 2.0.0 1000000 octets received")
        talk.send(chunk(octets[1000000:], True)).expect("250 2.0.0 ...")
    server.assert_arrived(user, octets)


# ---- what goes wrong: the octets of a chunk are never commands ----


def test_without_a_transaction(server):
    with server.smtp() as talk:
        talk.send(chunk(b"QUIT\r\n", last=True)).expect("503 5.5.1 Say MAIL first")
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.send(chunk(b"QUIT\r\n", last=True)).expect("503 5.5.1 No valid recipients")
        talk.says("C: NOOP").expect("250 ...")


def test_before_ehlo(server):
    with server.connect("smtp") as talk:
        talk.expect("220 ...")
        talk.send(chunk(b"QUIT\r\n", last=True)).expect("503 5.5.1 ...")
        talk.says("C: NOOP").expect("250 ...")


def test_before_login(server):
    with server.smtp("submissions") as talk:
        talk.send(chunk(b"QUIT\r\n", last=True)).expect("530 5.7.0 ...")
        talk.says("C: NOOP").expect("250 ...")


def test_behind_the_last_chunk(server):
    user = server.new_account()
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(MESSAGE, True) + chunk(b"QUIT\r\n", True))
        talk.says("S: 250 2.0.0 ...\nS: 503 5.5.1 ...")
        talk.says("C: NOOP").expect("250 ...")
    assert server.count(user) == 1


def test_a_failed_chunk_fails_all_that_follow_until_rset(server):
    user = server.new_account()
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(b"Subject: \0\r\n") + chunk(b"QUIT\r\n") + chunk(b"QUIT\r\n", True))
        talk.says("S: 554 5.6.0 ...\nS: 503 5.5.1 ...\nS: 503 5.5.1 ...")
        talk.says(
            f"""
            C: RCPT TO:<{user}@example.org>
            S: 503 5.5.1 ...
            C: MAIL FROM:<>
            S: 503 5.5.1 ...
            C: DATA
            S: 503 5.5.1 ...
            C: RSET
            S: 250 2.0.0 ...
            """
        )
        ready_for_bdat(server, user, talk)
        talk.send(chunk(MESSAGE, True)).expect("250 2.0.0 ...")
    assert server.count(user) == 1


def test_bdat_and_data_do_not_mix(server):
    user = server.new_account()
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(MESSAGE)).expect("250 2.0.0 ...")
        talk.says(
            f"""
            C: DATA
            S: 503 5.5.1 ...
            C: RCPT TO:<{user}@example.org>
            S: 503 5.5.1 ...
            """
        )
        talk.send(chunk(b"", True)).expect("250 2.0.0 ...")
    assert server.count(user) == 1


def test_rset_forgets_the_chunks(server):
    user = server.new_account()
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(b"Subject: forgotten\r\n")).expect("250 2.0.0 ...")
        talk.says("C: RSET").expect("250 2.0.0 ...")
        ready_for_bdat(server, user, talk)
        talk.send(chunk(MESSAGE, True)).expect("250 2.0.0 ...")
    server.assert_arrived(user, MESSAGE)
    assert b"forgotten" not in server.messages(user)[0]


def test_too_large_in_all(make_server):
    server = make_server(smtp={"max_message_size": "64K"})
    with ready_for_bdat(server, "alice") as talk:
        talk.send(chunk(b"x" * 65536)).expect("250 2.0.0 65536 octets received")
        talk.send(chunk(b"QUIT\r\n")).expect("552 5.3.4 ...")
        talk.send(chunk(b"QUIT\r\n", True)).expect("503 5.5.1 ...")
        talk.says("C: RSET").expect("250 2.0.0 ...")
        ready_for_bdat(server, "alice", talk)
        talk.send(chunk(b"x" * 100000, True)).expect("552 5.3.4 ...")
        ready_for_bdat(server, "alice", talk)
        talk.send(chunk(b"x" * 65536, True)).expect("250 2.0.0 ...")


@pytest.mark.parametrize("args", ["", " ", " x", " -1", " 1 2", " 1 LASTLY", " 1x", " 9223372036854775808"])
def test_a_chunk_of_no_readable_length_ends_the_connection(server, args):
    with ready_for_bdat(server, "alice") as talk:
        talk.send(f"BDAT{args}\r\nQUIT\r\n".encode())
        talk.says("S: 501 5.5.4 Syntax: BDAT size [LAST]\nS: 421 4.7.0 ...").closes()


def test_a_chunk_cut_short_is_no_message(server):
    user = server.new_account()
    with ready_for_bdat(server, user) as talk:
        talk.send(chunk(MESSAGE, True)[:-1]).finish_sending().closes()
    assert server.count(user) == 0
