"""SMTP against those who mean harm: smuggling, relaying, confusion of states."""

import itertools
import re

import pytest

SMUGGLED = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nsmuggled\r\n.\r\n"


def line_ends(longest):
    """Every text of CR, LF and dots up to a length, that does not end the data itself."""
    for length in range(1, longest + 1):
        for parts in itertools.product(b"\r\n.", repeat=length):
            if b"\r\n.\r\n" not in bytes(parts):
                yield bytes(parts)


def as_stored(sent):
    """What RFC 5321 4.5.2 and our normalising make of content, by the book and not by octets."""
    unstuffed = re.sub(rb"(\A|\r\n)\.", rb"\1", sent)
    return re.sub(rb"\r\n|\r|\n", b"\r\n", unstuffed)


def has_bare(sent):
    return re.search(rb"\r(?!\n)|(?<!\r)\n", sent) is not None


def envelope(user):
    return f"MAIL FROM:<a@example.net>\r\nRCPT TO:<{user}@example.org>\r\n".encode()


def send_data(talk, user, content):
    """A message and a command behind it in one go; the replies to the two."""
    talk.send(envelope(user) + b"DATA\r\n")
    for wanted in ("250 ...", "250 ...", "354 ..."):
        talk.expect(wanted)
    talk.send(content + b"\r\n.\r\nNOOP\r\n")
    return talk.read_line()[:3], talk.expect("250 2.0.0 Nothing done")


def bodies(server, user):
    """What stands behind the header of each message."""
    return [m.split(b"Subject: x\r\n\r\n", 1)[1] for m in server.messages(user)]


# ---- smuggling: the end of a message ----


def test_no_mixture_of_line_ends_and_dots_ends_a_message(server):
    user, sent = server.new_account(), []
    with server.smtp() as talk:
        for ends in line_ends(5):
            content = b"first" + ends + b"MAIL FROM:<evil@example.net>"
            assert send_data(talk, user, b"Subject: x\r\n\r\n" + content)[0] == b"250", ends
            sent.append(as_stored(content + b"\r\n"))
    assert bodies(server, user) == sent


def test_where_bare_line_ends_are_rejected_all_of_them_are(make_server):
    server = make_server(smtp={"bare_newline": "reject", "max_errors": 10000})
    with server.smtp() as talk:
        for ends in line_ends(4):
            reply = send_data(talk, "alice", b"Subject: x\r\n\r\nfirst" + ends + b"second")[0]
            assert reply == (b"554" if has_bare(b"t" + ends + b"s") else b"250"), ends


def test_in_a_chunk_nothing_ends_the_message(server):
    user, sent = server.new_account(), []
    with server.smtp() as talk:
        for ends in (*line_ends(3), b"\r\n.\r\n", b"\r\n.\r\n" + SMUGGLED):
            content = b"Subject: x\r\n\r\nfirst" + ends
            talk.send(envelope(user) + b"BDAT %d LAST\r\n" % len(content) + content + b"NOOP\r\n")
            for wanted in ("250 ...", "250 ...", "250 2.0.0 Stored ...", "250 2.0.0 Nothing ..."):
                talk.expect(wanted)
            stored = re.sub(rb"\r\n|\r|\n", b"\r\n", b"first" + ends)
            # POP3 ends what has no end.
            sent.append(stored if stored.endswith(b"\r\n") else stored + b"\r\n")
    assert bodies(server, user) == sent


@pytest.mark.parametrize(
    "before,reply",
    [
        (b"", "503 5.5.1 ..."),
        (b"MAIL FROM:<>\r\n", "503 5.5.1 ..."),
        (b"MAIL FROM:<>\r\nRCPT TO:<nobody@example.org>\r\n", "503 5.5.1 ..."),
        (b"MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\nBDAT 2\r\na\0", "503 5.5.1 ..."),
    ],
)
def test_no_octet_of_a_refused_chunk_is_a_command(server, before, reply):
    count = server.count("bob")
    with server.smtp() as talk:
        talk.send(before)
        for _ in range(before.count(b"\r\n")):
            talk.read_line()
        for last in (b"", b" LAST"):
            talk.send(b"BDAT %d%s\r\n" % (len(SMUGGLED), last) + SMUGGLED + b"NOOP\r\n")
            talk.expect(reply).startswith("5")
            talk.expect("250 2.0.0 Nothing done")
    assert server.count("bob") == count


@pytest.mark.parametrize(
    "command",
    [
        b"BDAT",
        b"BDAT x",
        b"BDAT -1 LAST",
        b"BDAT 18446744073709551616 LAST",
        b"BDAT 9223372036854775808",
        b"BDAT 1,000",
        b"BDAT 10 FIRST",
        b"BDAT 10 LAST LAST",
        b"BDAT 0x10",
        b"BDAT 10" + b" " * 1100 + b"LAST x",
    ],
    ids=lambda command: command.split(b" " * 9)[0].decode(),
)
def test_behind_a_chunk_without_a_length_nothing_is_read(server, command):
    with server.smtp() as talk:
        talk.send(b"MAIL FROM:<>\r\nRCPT TO:<bob@example.org>\r\n" + command + b"\r\nNOOP\r\nNOOP\r\nNOOP\r\n")
        said = [talk.read_line() for _ in range(4)] + [talk.read_line()]
    assert [line[:3] for line in said] == [b"250", b"250", b"501", b"421", b""], said


def test_the_chunk_of_a_command_that_is_too_long_is_read_too(server):
    with server.submission("alice") as talk:
        talk.send(b"BDAT %d" % len(SMUGGLED) + b" " * 3000 + b"LAST\r\n" + SMUGGLED + b"NOOP\r\n")
        talk.says("S: 503 5.5.1 ...\nS: 250 2.0.0 Nothing done")


# ---- the header ----


@pytest.mark.parametrize("blank", [b" ", b"\t", b" \r\n", b"\t(with ESMTPSA) "])
def test_a_message_cannot_continue_our_received(server, blank):
    user = server.new_account()
    message = blank + b"forged\r\nSubject: x\r\n\r\nbody\r\n"
    server.deliver(user, message)
    trace = server.assert_arrived(user, b"\r\n\r\n" + message)
    assert re.search(rb"[+-]\d{4}\r\n\r\n" + re.escape(blank), trace)


# ---- relaying ----

STRANGERS = (
    "<victim@example.net>",
    "<@example.org:victim@example.net>",
    "<@example.org,@mail.example.org:victim@example.net>",
    "<victim%example.net@example.org>",
    '<"victim@example.net"@example.org>',
    '<"victim@example.net">',
    "<example.net!victim@example.org>",
    "<victim@example.net@example.org>",
    "<victim@example.net%example.org>",
    "<victim@[127.0.0.1]>",
    "<alice@[127.0.0.1]>",
    "<alice@[IPv6:::1]>",
    "<postmaster@example.net>",
    "<postmaster@[127.0.0.1]>",
    "<postmaster@>",
    "<>",
    "<@example.org>",
    "<@example.org:>",
    "<alice>",
    "<alice@mail.example.org>",
    "<alice@localhost>",
    "<alice@127.0.0.1>",
    "<alice@example.org.>",
    "<alice@example.org:25>",
    "<alice@example.org>victim@example.net",
    "<alice@example.org,victim@example.net>",
    "<alice@example.org> <victim@example.net>",
    "<alice@example.org(@example.net)>",
    "<alice(victim@example.net)@example.org>",
    "<<alice@example.org>>",
    "<mailto:alice@example.org>",
    "<SMTP:victim@example.net>",
    "<alice\0@example.org>",
    "<victim@example.net\0@example.org>",
    '<""@example.org>',
    "<+@example.org>",
    "<alice@ex\N{CYRILLIC SMALL LETTER A}mple.org>",
    "<\N{CYRILLIC SMALL LETTER A}lice@example.org>",
    "<al\N{LATIN SMALL LETTER DOTLESS I}ce@example.org>",
    "<alice@example\N{IDEOGRAPHIC FULL STOP}org\N{IDEOGRAPHIC FULL STOP}>",
)


@pytest.mark.parametrize("parameter", ["", " SMTPUTF8"])
def test_no_form_of_an_address_makes_us_a_relay(make_server, parameter):
    server = make_server(smtp={"max_errors": 1000, "max_unknown_recipients": 1000})
    with server.smtp() as talk:
        talk.says(f"C: MAIL FROM:<a@example.net>{parameter}").expect("250 ...")
        accepted = []
        for path in STRANGERS:
            talk.send(f"RCPT TO:{path}\r\n".encode())
            reply = talk.read_line()
            assert reply[:3] in (b"250", b"501", b"550", b"553"), (path, reply)
            if reply.startswith(b"250"):
                accepted.append(path)
        assert accepted == []
        talk.says("C: DATA").expect("503 5.5.1 No valid recipients")


# ---- the log ----

ODD = ("\r", "\0", "\x1b[2J", "\x07", '"', "\\", " account=root", "\u0085", "\u2028", "\u202e", "%n%s", "x" * 900)


def test_no_octet_of_a_peer_reaches_the_log_as_it_is(make_server):
    server = make_server(smtp={"max_errors": 1000})
    with server.smtp() as talk, server.submission("alice") as submitter:
        for odd in ODD:
            quoted = odd.replace("\\", "\\\\").replace('"', '\\"')
            for line in (
                f"V{odd}",
                f"EHLO {odd}",
                f'MAIL FROM:<"{quoted}"@example.net> SMTPUTF8',
                f'RCPT TO:<"{quoted}"@example.org>',
                f'RCPT TO:<"{quoted}"@example.net>',
                "RSET",
            ):
                talk.send(line.encode() + b"\r\n").expect("...")
            submitter.send(f'MAIL FROM:<"{quoted}"@example.net> SMTPUTF8\r\n'.encode()).expect("...")
    lines = server.log_since_start().splitlines()
    assert sum("reject=" in line for line in lines) > 10
    for line in lines:
        assert line.isascii() and line.isprintable(), line
        assert re.match(r"\S+Z (debug|info|warn) (c=\w+ )?\w+", line), line
        assert " account=root" not in line, line
