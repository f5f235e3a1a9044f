"""SMTP commands as a client on port 25 sees them: RFC 5321 3 and 4.1, RFC 2034, RFC 9422."""

import pytest

from server import HOSTNAME


def greeted(server, service="smtp"):
    talk = server.connect(service)
    talk.expect(f"220 {HOSTNAME} ESMTP ...")
    return talk


# ---- EHLO and HELO ----


def test_ehlo_on_port_25_lists_its_extensions_and_no_login(server):
    with greeted(server) as talk:
        talk.says(
            f"""
            C: EHLO client.example.net
            S: 250-{HOSTNAME}
            S: 250-PIPELINING
            S: 250-SIZE 52428800
            S: 250-8BITMIME
            S: 250-SMTPUTF8
            S: 250-CHUNKING
            S: 250-ENHANCEDSTATUSCODES
            S: 250-DSN
            S: 250-STARTTLS
            S: 250-LIMITS RCPTMAX=1000 MAILMAX=10000
            S: 250 HELP
            """
        )


def test_ehlo_on_submission_offers_login_only_under_tls(server):
    with greeted(server, "submission") as talk:
        talk.says("C: EHLO client.example.net").until("250 HELP")
        assert "250-STARTTLS" in str(talk) and "AUTH" not in str(talk)
        talk.says("C: STARTTLS").expect("220 2.0.0 ...")
        talk.starttls()
        talk.says("C: EHLO client.example.net").until("250-AUTH PLAIN LOGIN SCRAM-SHA-256...")
        talk.until("250 HELP")
        assert str(talk).count("250-STARTTLS") == 1


def test_ehlo_tells_the_limits_in_force(make_server):
    server = make_server(smtp={"max_message_size": "1M", "max_recipients": 100, "max_messages": 7})
    with greeted(server) as talk:
        talk.says("C: EHLO c").until("250-SIZE 1048576").until("250-LIMITS RCPTMAX=100 MAILMAX=7")


def test_helo_answers_in_one_line(server):
    with greeted(server) as talk:
        talk.says(f"C: HELO client.example.net\nS: 250 {HOSTNAME}")


@pytest.mark.parametrize("name", ["[127.0.0.1]", "[IPv6:::1]", "under_score", "localhost", "x" * 255])
def test_any_word_will_do_as_a_name(server, name):
    with greeted(server) as talk:
        talk.says(f"C: EHLO {name}").until("250 HELP")


@pytest.mark.parametrize("verb", ["HELO", "EHLO"])
@pytest.mark.parametrize("name", ["", " ", " two words", " a\x01", " " + "x" * 256])
def test_no_word_will_not(server, verb, name):
    with greeted(server) as talk:
        talk.says(f"C: {verb}{name}\nS: 501 5.5.4 Syntax: {verb} domain")


# ---- order ----


def test_commands_out_of_order_are_refused(server):
    with greeted(server) as talk:
        talk.says(
            """
            C: MAIL FROM:<a@example.net>
            S: 503 5.5.1 ...
            C: EHLO client.example.net
            """
        ).until("250 HELP")
        talk.says(
            """
            C: RCPT TO:<alice@example.org>
            S: 503 5.5.1 ...
            C: DATA
            S: 503 5.5.1 ...
            C: MAIL FROM:<a@example.net>
            S: 250 2.1.0 ...
            C: DATA
            S: 503 5.5.1 No valid recipients
            C: MAIL FROM:<a@example.net>
            S: 503 5.5.1 ...
            C: RSET
            S: 250 2.0.0 ...
            C: RCPT TO:<alice@example.org>
            S: 503 5.5.1 ...
            """
        )


def test_ehlo_in_a_transaction_resets_it(server):
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<a@example.net>").expect("250 ...")
        talk.says("C: EHLO again").until("250 HELP")
        talk.says("C: RCPT TO:<alice@example.org>").expect("503 5.5.1 ...")


def test_verbs_and_keywords_may_have_any_case(server):
    with server.smtp() as talk:
        talk.says(
            """
            C: mail from:<a@example.net> size=10 body=8bitmime
            S: 250 2.1.0 ...
            C: Rcpt To:<Alice@Example.ORG>
            S: 250 2.1.5 ...
            C: rset
            S: 250 2.0.0 ...
            """
        )


# ---- MAIL ----


@pytest.mark.parametrize(
    "path",
    [
        "<>",
        "<a@example.net>",
        " <a@example.net>",  # Outlook's space
        '<"a b"@example.net>',
        "<a@[192.0.2.1]>",
        "<a@[IPv6:2001:db8::1]>",
        "<@relay.example,@other.example:a@example.net>",
        "<" + "a" * 64 + "@example.net>",
        "<bounces+" + "x" * 120 + "=example.org@example.net>",
        "<alice@example.org>",  # claims to be one of ours: no SPF yet
        "<a@example.net> SIZE=1000",
        "<a@example.net> BODY=7BIT",
        "<a@example.net> BODY=8BITMIME SMTPUTF8",
        "<a@example.net> SMTPUTF8",
        "<ä@exämple.net> SMTPUTF8",
        "<a@example.net> SIZE=0 ",
    ],
)
def test_senders_that_are_accepted(server, path):
    with server.smtp() as talk:
        talk.says(f"C: MAIL FROM:{path}").expect("250 2.1.0 Sender ok")


@pytest.mark.parametrize(
    "args,reply",
    [
        ("", "501 5.5.4 Syntax: MAIL FROM:<address>"),
        (" <a@example.net>", "501 5.5.4 Syntax: MAIL FROM:<address>"),
        (" FROM:", "501 5.1.7 Syntax: MAIL FROM:<address>"),
        (" FROM:a@example.net", "501 5.1.7 Syntax: MAIL FROM:<address>"),
        (" FROM:<a>", "501 5.1.7 Syntax: MAIL FROM:<address>"),
        (" FROM:<a@b_c.net>", "501 5.1.7 Syntax: MAIL FROM:<address>"),
        (" FROM:<a@example.net", "501 5.1.7 Syntax: MAIL FROM:<address>"),
        (" FROM:<" + "a" * 257 + "@example.net>", "501 5.1.7 Address too long"),
        (" FROM:<a@example.net>SIZE=1", "501 5.1.7 Syntax: MAIL FROM:<address>"),
        (" FROM:<a@example.net> SIZE", "501 5.5.4 Malformed parameter"),
        (" FROM:<a@example.net> SIZE=ten", "501 5.5.4 Malformed parameter"),
        (" FROM:<a@example.net> SIZE=1 SIZE=2", "501 5.5.4 Malformed parameter"),
        (" FROM:<a@example.net> BODY=5BIT", "501 5.5.4 Malformed parameter"),
        (" FROM:<a@example.net> BODY=BINARYMIME", "555 5.5.4 Parameter not recognized"),
        (" FROM:<a@example.net> REQUIRETLS", "555 5.5.4 Parameter not recognized"),
        (" FROM:<a@example.net> RET=HALF", "501 5.5.4 Malformed parameter"),
        (" FROM:<a@example.net> AUTH=<>", "555 5.5.4 Parameter not recognized"),
        (" FROM:<a@example.net> REQUIRETLS", "555 5.5.4 Parameter not recognized"),
        (" FROM:<a@example.net> SIZE=52428801", "552 5.3.4 Message is larger than ..."),
        (" FROM:<a@example.net> SIZE=99999999999999999999", "552 5.3.4 ..."),
        (" FROM:<ä@example.net>", "550 5.6.7 ..."),
    ],
)
def test_senders_that_are_refused(server, args, reply):
    with server.smtp() as talk:
        talk.says(f"C: MAIL{args}").expect(reply)
        talk.says("C: MAIL FROM:<>").expect("250 2.1.0 ...")


# ---- RCPT ----


@pytest.mark.parametrize(
    "path",
    [
        "<alice@example.org>",
        " <alice@example.org>",
        "<ALICE@EXAMPLE.ORG>",
        '<"alice"@example.org>',
        "<alice+detail@example.org>",
        "<@relay.example:alice@example.org>",
        "<postmaster>",
        "<Postmaster@example.org>",
        "<abuse@example.org>",
    ],
)
def test_recipients_that_are_accepted(server, path):
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.says(f"C: RCPT TO:{path}").expect("250 2.1.5 Recipient ok")


@pytest.mark.parametrize(
    "args,reply",
    [
        ("", "501 5.5.4 Syntax: RCPT TO:<address>"),
        (" TO:", "501 5.1.3 Syntax: RCPT TO:<address>"),
        (" TO:<>", "501 5.1.3 Syntax: RCPT TO:<address>"),
        (" TO:alice@example.org", "501 5.1.3 Syntax: RCPT TO:<address>"),
        (" TO:<alice>", "501 5.1.3 Syntax: RCPT TO:<address>"),
        (" TO:<alice@example.org> SIZE=1", "555 5.5.4 ..."),
        (" TO:<alice@example.org> NOTIFY=NEVER,DELAY", "501 5.5.4 Malformed parameter"),
        (" TO:<alice@example.org> X-\x7f", "501 5.5.4 ..."),
        (" TO:<älice@example.org>", "553 5.6.7 ..."),
        (" TO:<nobody@example.org>", "550 5.1.1 No such user here"),
    ],
)
def test_recipients_that_are_refused(server, args, reply):
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<>").expect("250 ...")
        talk.says(f"C: RCPT{args}").expect(reply)
        talk.says("C: RCPT TO:<alice@example.org>").expect("250 2.1.5 ...")


@pytest.mark.parametrize(
    "address,reply",
    [
        ("bob@example.net", "550 5.7.1 ..."),
        ("alice@sub.example.org", "550 5.7.1 ..."),
        ("bob%example.net@example.org", "550 5.1.1 ..."),
        ('"bob@example.net"@example.org', "550 5.1.1 ..."),
        ("example.net!bob@example.org", "550 5.1.1 ..."),
        ("@example.org:bob@example.net", "550 5.7.1 ..."),
        ("@[127.0.0.1]:bob@example.net", "550 5.7.1 ..."),
        ("alice@[127.0.0.1]", "550 5.7.1 ..."),
        ("bob@example.net@example.org", "501 5.1.3 ..."),
        ('"alice@example.org"@example.net', "550 5.7.1 ..."),
    ],
)
def test_it_is_no_open_relay(server, address, reply):
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<alice@example.org>").expect("250 ...")
        talk.says(f"C: RCPT TO:<{address}>").expect(reply)
        talk.says("C: DATA").expect("503 5.5.1 No valid recipients")


# ---- the small ones ----


def test_the_small_commands(server):
    with greeted(server) as talk:
        talk.says(
            """
            C: NOOP
            S: 250 2.0.0 ...
            C: NOOP with words
            S: 250 2.0.0 ...
            C: RSET
            S: 250 2.0.0 ...
            C: RSET now
            S: 501 5.5.4 ...
            C: VRFY alice
            S: 252 2.0.0 ...
            C: VRFY nobody
            S: 252 2.0.0 ...
            C: VRFY
            S: 501 5.5.4 ...
            C: EXPN list
            S: 502 5.5.1 ...
            C: TURN
            S: 502 5.5.1 ...
            C: HELP
            S: 214-2.0.0 Commands: AUTH BDAT DATA EHLO HELO HELP MAIL NOOP QUIT RCPT RSET STARTTLS VRFY
            S: 214 2.0.0 ...
            C: HELP mail
            S: 214 2.0.0 Syntax: MAIL FROM:<address> ...
            C: HELP nothing
            S: 504 5.5.4 ...
            C: XYZZY
            S: 500 5.5.2 ...
            C: QUIT now
            S: 501 5.5.4 ...
            C: QUIT
            S: 221 2.0.0 ...
            """
        ).closes()


def test_a_web_browser_is_sent_away(server):
    with greeted(server) as talk:
        talk.send(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<>\r\n")
        talk.says("S: 421 4.7.0 ...").closes()


def test_octets_that_are_no_commands(server):
    with greeted(server) as talk:
        for octets in (b"\r\n", b"   \r\n", b"NOOP\0\r\n", b"\xff\xfe\r\n", b"\x16\x03\x01\x02\r\n"):
            talk.send(octets).expect("500 5.5.2 ...")
        talk.says("C: NOOP").expect("250 ...")


# ---- pipelining ----


def test_a_pipelined_group_is_answered_in_order(server):
    with server.smtp() as talk:
        talk.send(
            b"MAIL FROM:<a@example.net>\r\nRCPT TO:<nobody@example.org>\r\n"
            b"RCPT TO:<alice@example.org>\r\nRCPT TO:<x@example.net>\r\nDATA\r\n"
        )
        talk.says(
            """
            S: 250 2.1.0 ...
            S: 550 5.1.1 ...
            S: 250 2.1.5 ...
            S: 550 5.7.1 ...
            S: 354 ...
            """
        )
        talk.send(b".\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n")
        talk.says(
            """
            S: 250 2.0.0 ...
            S: 250 2.1.0 ...
            S: 250 2.0.0 ...
            S: 221 2.0.0 ...
            """
        ).closes()


def test_a_thousand_commands_at_once(server):
    with server.smtp() as talk:
        talk.send(b"NOOP\r\n" * 1000 + b"QUIT\r\n")
        for _ in range(1000):
            talk.expect("250 2.0.0 ...")
        talk.says("S: 221 ...").closes()


def test_a_half_closed_client_hears_all_answers(server):
    user = server.new_account()
    with greeted(server) as talk:
        talk.send(
            f"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<{user}@example.org>\r\nBDAT 3 LAST\r\nhi\n".encode()
        ).finish_sending()
        talk.until("250 HELP").says("S: 250 2.1.0 ...\nS: 250 2.1.5 ...\nS: 250 2.0.0 ...").closes()
    assert server.count(user) == 1


def test_every_octet_in_a_segment_of_its_own(server):
    user = server.new_account()
    with greeted(server) as talk:
        talk.split = True
        talk.says("C: EHLO client.example.net").until("250 HELP")
        talk.says(
            f"""
            C: MAIL FROM:<a@example.net>
            S: 250 2.1.0 ...
            C: RCPT TO:<{user}@example.org>
            S: 250 2.1.5 ...
            C: DATA
            S: 354 ...
            """
        )
        talk.send(b"Subject: x\r\n\r\n..\r\n.\n.\r.\r\n\r\n.\r\n").expect("250 2.0.0 ...")
        talk.says("C: QUIT\nS: 221 ...").closes()
    assert server.messages(user)[0].endswith(b"Subject: x\r\n\r\n.\r\n\r\n.\r\n.\r\n\r\n")
