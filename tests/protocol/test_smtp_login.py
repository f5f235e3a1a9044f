"""STARTTLS (RFC 3207) and AUTH (RFC 4954) over SMTP."""

import base64
import ssl

import pytest

from scram import ScramClient, b64

LONG = "A" * 12300


def under_tls(server, service="submissions"):
    """Greeted and EHLO said, nobody logged in."""
    return server.smtp(service, tls=True)


# ---- STARTTLS ----


def test_starttls_forgets_everything_said_before(server):
    with server.smtp() as talk:
        talk.says(
            """
            C: MAIL FROM:<a@example.net>
            S: 250 ...
            C: RCPT TO:<alice@example.org>
            S: 250 ...
            C: STARTTLS
            S: 220 2.0.0 ...
            """
        ).starttls()
        talk.says(
            """
            C: DATA
            S: 503 5.5.1 Say EHLO first
            C: EHLO client.example.net
            """
        ).until("250 HELP")
        talk.says(
            """
            C: DATA
            S: 503 5.5.1 Say MAIL first
            C: STARTTLS
            S: 503 5.5.1 ...
            """
        )
        assert str(talk).count("250-STARTTLS") == 1


def test_what_was_pipelined_behind_starttls_is_dropped(server):
    with server.smtp() as talk:
        talk.send(b"STARTTLS\r\nMAIL FROM:<evil@example.net>\r\nRCPT TO:<alice@example.org>\r\n")
        talk.expect("220 2.0.0 ...")
        talk.starttls()
        talk.says("C: EHLO client.example.net").until("250 HELP")
        talk.says("C: RCPT TO:<alice@example.org>").expect("503 5.5.1 Say MAIL first")


def test_starttls_takes_no_argument_and_needs_no_ehlo(server):
    with server.connect("smtp") as talk:
        talk.expect("220 ...")
        talk.says("C: STARTTLS now").expect("501 5.5.4 ...")
        talk.says("C: STARTTLS").expect("220 2.0.0 ...")
        talk.starttls()
        talk.says("C: MAIL FROM:<>").expect("503 5.5.1 Say EHLO first")


def test_without_a_certificate_there_is_no_tls(make_server):
    server = make_server(start=False)
    server.settings["tls"] = {}
    server.configure({})
    server.start()
    with server.smtp() as talk:
        assert "STARTTLS" not in str(talk)
        talk.says("C: STARTTLS").expect("454 4.7.0 TLS is not available")


def test_a_handshake_that_fails_ends_the_connection(server):
    with server.smtp() as talk:
        talk.says("C: STARTTLS").expect("220 ...")
        talk.send(b"this is no TLS\r\n" * 4)
        while talk.read_octets(1):  # an alert, perhaps
            pass


def test_implicit_tls_offers_no_starttls(server):
    with under_tls(server) as talk:
        assert "STARTTLS" not in str(talk)
        talk.says("C: STARTTLS").expect("503 5.5.1 TLS is active already")


# ---- where there is a login ----


def test_port_25_has_no_login(server):
    with server.smtp(tls=True) as talk:
        assert "AUTH" not in str(talk)
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").expect("503 5.5.1 ...587...")


def test_a_password_is_not_wanted_in_the_clear(server):
    with server.smtp("submission") as talk:
        talk.says(
            f"""
            C: AUTH PLAIN {server.auth_plain("alice")}
            S: 538 5.7.11 ...
            C: MAIL FROM:<alice@example.org>
            S: 530 5.7.0 ...STARTTLS...
            """
        )


def test_the_operator_may_allow_it_from_loopback(make_server):
    server = make_server(auth={"allow_plaintext_loopback": True})
    with server.smtp("submission") as talk:
        assert "250-AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1" in str(talk)
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").expect("235 2.7.0 ...")


def test_the_order_of_mechanisms(server):
    with under_tls(server) as talk:
        assert (
            "250-AUTH PLAIN LOGIN SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1\n"
            in str(talk)
        )


def test_mail_needs_a_login(server):
    with under_tls(server) as talk:
        talk.says(
            """
            C: MAIL FROM:<alice@example.org>
            S: 530 5.7.0 Authentication required
            C: RCPT TO:<bob@example.org>
            S: 530 5.7.0 ...
            C: DATA
            S: 530 5.7.0 ...
            C: VRFY alice
            S: 530 5.7.0 ...
            C: NOOP
            S: 250 2.0.0 ...
            C: RSET
            S: 250 2.0.0 ...
            C: HELP
            S: 214-2.0.0 ...
            S: 214 2.0.0 ...
            C: QUIT
            S: 221 2.0.0 ...
            """
        ).closes()


# ---- mechanisms ----


@pytest.mark.parametrize("name", ["alice", "alice@example.org", "ALICE@EXAMPLE.ORG"])
def test_plain_with_an_initial_response(server, name):
    with under_tls(server) as talk:
        talk.says(f"C: AUTH PLAIN {server.auth_plain(name, 'wonderland')}")
        talk.expect("235 2.7.0 Authentication successful")


def test_plain_with_a_challenge(server):
    with under_tls(server) as talk:
        talk.says(
            f"""
            C: auth plain
            S: 334 ...
            C: {server.auth_plain("alice")}
            S: 235 2.7.0 ...
            """
        )


def test_plain_may_name_itself_and_nobody_else(server):
    with under_tls(server) as talk:
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice', authzid='bob')}").expect("535 5.7.8 ...")
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice', authzid='alice')}").expect("235 ...")


@pytest.mark.parametrize("initial", [False, True])
def test_login(server, initial):
    name, password = b64(b"alice"), b64(b"wonderland")
    with under_tls(server) as talk:
        if initial:
            talk.says(f"C: AUTH LOGIN {name}")
        else:
            talk.says(f"C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: {name}")
        talk.says(f"S: 334 UGFzc3dvcmQ6\nC: {password}\nS: 235 2.7.0 ...")


@pytest.mark.parametrize("digest", ["sha256", "sha1"])
@pytest.mark.parametrize("initial", [False, True])
def test_scram(server, digest, initial):
    mechanism = {"sha256": "SCRAM-SHA-256", "sha1": "SCRAM-SHA-1"}[digest]
    client = ScramClient("alice", "wonderland", digest)
    with under_tls(server) as talk:
        if initial:
            talk.says(f"C: AUTH {mechanism} {client.first()}")
        else:
            talk.says(f"C: AUTH {mechanism}\nS: 334 ...\nC: {client.first()}")
        talk.send_line(client.final(talk.expect("334 ...")[4:]))
        assert client.verified(talk.expect("334 ...")[4:])
        talk.send_line("")
        talk.expect("235 2.7.0 ...")


def test_scram_plus(server):
    context = server.certificate.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # Python knows no binding of TLS 1.3
    with server.smtp("submission") as talk:
        talk.tls = context
        talk.says("C: STARTTLS").expect("220 ...")
        talk.starttls()
        talk.says("C: EHLO client.example.net").until("250 HELP")
        unique = talk.sock.get_channel_binding("tls-unique")
        wrong = ScramClient("alice", "wonderland", plus="tls-unique", binding=unique[::-1])
        talk.says(f"C: AUTH SCRAM-SHA-256-PLUS {wrong.first()}")
        talk.send_line(wrong.final(talk.expect("334 ...")[4:]))
        talk.expect("535 5.7.8 ...")
        right = ScramClient("alice", "wonderland", plus="tls-unique", binding=unique)
        talk.says(f"C: AUTH SCRAM-SHA-256-PLUS {right.first()}")
        talk.send_line(right.final(talk.expect("334 ...")[4:]))
        assert right.verified(talk.expect("334 ...")[4:])
        talk.send_line("")
        talk.expect("235 2.7.0 ...")


@pytest.mark.conf(auth={"channel_binding": False})
def test_without_channel_binding_there_is_no_plus(fresh_server):
    server = fresh_server
    with under_tls(server) as talk:
        assert "250-AUTH PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1\n" in str(talk)
        talk.says("C: AUTH SCRAM-SHA-256-PLUS").expect("504 5.5.4 Mechanism not offered")
        # RFC 5802 6: a client that could have bound the channel says so, and nobody has deceived it.
        client = ScramClient("alice", "wonderland", could=True)
        talk.says(f"C: AUTH SCRAM-SHA-256 {client.first()}")
        talk.send_line(client.final(talk.expect("334 ...")[4:]))
        assert client.verified(talk.expect("334 ...")[4:])
        talk.says("C: ").expect("235 2.7.0 ...")
    with server.connect("imaps") as talk:
        assert "-PLUS" not in talk.expect("* OK [CAPABILITY ... AUTH=SCRAM-SHA-256 ...")
    with server.connect("pop3s") as talk:
        talk.expect("+OK ...")
        talk.says("C: CAPA").expect("+OK ...")
        assert "SASL PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1" in talk.read_lines()


def test_who_could_have_bound_the_channel_is_told_of_a_deceit(server):
    client = ScramClient("alice", "wonderland", could=True)
    with under_tls(server) as talk:
        talk.says(f"C: AUTH SCRAM-SHA-256 {client.first()}").expect("535 5.7.8 ...")


# ---- what goes wrong ----


@pytest.mark.parametrize(
    "response",
    [
        ("\0alice\0wrong"),
        ("\0nobody\0wonderland"),
        ("\0alice@example.net\0wonderland"),
        ("\0\0wonderland"),
        ("\0alice\0"),
    ],
)
def test_wrong_name_or_password_say_the_same(server, response):
    with under_tls(server) as talk:
        talk.says(f"C: AUTH PLAIN {b64(response.encode())}")
        talk.expect("535 5.7.8 Authentication failed")
        talk.says("C: MAIL FROM:<>").expect("530 5.7.0 ...")


@pytest.mark.parametrize(
    "args,reply",
    [
        ("", "501 5.5.4 Syntax: AUTH mechanism [initial-response]"),
        (" PLAIN a b", "501 5.5.4 ..."),
        (" CRAM-MD5", "504 5.5.4 Mechanism not offered"),
        (" EXTERNAL =", "504 5.5.4 ..."),
        (" PLAIN ???", "501 5.5.2 ..."),
        (" PLAIN YWxpY2U", "501 5.5.2 ..."),  # no padding
        (f" PLAIN {LONG}", "500 5.5.2 Line too long"),
    ],
)
def test_auth_that_is_refused_at_once(server, args, reply):
    with under_tls(server) as talk:
        talk.says(f"C: AUTH{args}").expect(reply)
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").expect("235 ...")


@pytest.mark.parametrize(
    "answer,reply",
    [
        ("*", "501 5.7.0 Authentication cancelled"),
        ("???", "501 5.5.2 ..."),
        (LONG, "500 5.5.6 Authentication line is too long"),
    ],
)
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "SCRAM-SHA-256"])
def test_answers_to_a_challenge_that_are_refused(server, mechanism, answer, reply):
    with under_tls(server) as talk:
        talk.says(f"C: AUTH {mechanism}\nS: 334 ...\nC: {answer}").expect(reply)
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").expect("235 ...")


def test_auth_needs_ehlo_and_comes_once_and_outside_of_mail(server):
    plain = server.auth_plain("alice")
    with server.connect("submissions") as talk:
        talk.expect("220 ...")
        talk.says(f"C: AUTH PLAIN {plain}").expect("503 5.5.1 Say EHLO first")
        talk.says("C: EHLO client.example.net").until("250 HELP")
        talk.says(
            f"""
            C: AUTH PLAIN {plain}
            S: 235 2.7.0 ...
            C: AUTH PLAIN {plain}
            S: 503 5.5.1 Logged in already
            C: MAIL FROM:<alice@example.org>
            S: 250 2.1.0 ...
            C: AUTH PLAIN {plain}
            S: 503 5.5.1 ...
            C: EHLO again
            """
        ).until("250 HELP")
        assert str(talk).count("250-AUTH") == 1
        talk.says("C: MAIL FROM:<alice@example.org>").expect("250 2.1.0 ...")


def test_a_disabled_account_cannot_log_in(server):
    user = server.new_account()
    server.ctl("account", "disable", f"{user}@example.org")
    with under_tls(server) as talk:
        talk.says(f"C: AUTH PLAIN {server.auth_plain(user)}").expect("535 5.7.8 ...")


def test_a_login_ends_with_its_password(server):
    user = server.new_account()
    with server.submission(user) as talk:
        server.ctl("account", "passwd", f"{user}@example.org", "--password-stdin", stdin="another\n")
        talk.says("S: 421 4.3.2 ...").closes()
    with under_tls(server) as talk:
        talk.says(f"C: AUTH PLAIN {server.auth_plain(user)}").expect("535 5.7.8 ...")
        talk.says(f"C: AUTH PLAIN {server.auth_plain(user, 'another')}").expect("235 2.7.0 ...")


def test_an_account_has_only_so_many_connections(make_server):
    server = make_server(connections={"max_connections_per_account": 2})
    with server.submission("alice"), server.submission("alice"), under_tls(server) as third:
        third.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").expect("454 4.7.0 ...")
        third.says("C: MAIL FROM:<>").expect("530 5.7.0 ...")
        third.says(f"C: AUTH PLAIN {server.auth_plain('bob')}").expect("235 2.7.0 ...")


def test_every_octet_of_a_login_in_a_segment_of_its_own(server):
    with server.connect("submissions") as talk:
        talk.split = True
        talk.expect("220 ...")
        talk.says("C: EHLO c").until("250 HELP")
        talk.says(f"C: AUTH LOGIN\nS: 334 ...\nC: {b64(b'alice')}\nS: 334 ...")
        talk.says(f"C: {base64.b64encode(b'wonderland').decode()}\nS: 235 2.7.0 ...")
