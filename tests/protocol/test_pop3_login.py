"""How a POP3 client says who it is: greeting, CAPA, STLS, USER, PASS, AUTH (RFC 1939, 2449, 2595, 5034)."""

import base64
import hashlib
import hmac
import re
import ssl

import pytest

LOOPBACK = {"allow_plaintext_loopback": True}


def b64(octets):
    return base64.b64encode(octets).decode()


def capabilities(talk):
    talk.says("C: CAPA").expect("+OK ...")
    return talk.read_lines()


def greeted(server, service="pop3s"):
    talk = server.connect(service)
    talk.expect("+OK ...")
    return talk


# ---- greeting and CAPA ----


def test_the_greeting_has_no_timestamp_so_there_is_no_apop(server):
    with server.connect("pop3") as talk:
        line = talk.expect("+OK mail.example.org POP3 ready")
        assert "<" not in line  # RFC 2449 6
        talk.says(
            """
            C: APOP alice c4c9334bac560ecc979e58001b3e22fb
            S: -ERR Unknown command
            """
        )


def test_in_the_clear_capa_offers_stls_and_no_login(server):
    with greeted(server, "pop3") as talk:
        lines = capabilities(talk)
        assert "STLS" in lines
        assert "USER" not in lines and not any(line.startswith("SASL") for line in lines)


def test_under_tls_capa_offers_login_and_no_stls(server):
    with greeted(server) as talk:
        lines = capabilities(talk)
        assert "STLS" not in lines and "USER" in lines
        (sasl,) = [line for line in lines if line.startswith("SASL")]
        assert sasl == (
            "SASL PLAIN LOGIN SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1"
        )


def test_what_is_offered_before_login_is_offered_after_it(server):
    """RFC 2449 5: one CAPA must be enough for a client."""
    with greeted(server) as talk:
        before = capabilities(talk)
        talk.says("C: USER alice").expect("+OK ...")
        talk.says("C: PASS wonderland").expect("+OK ...")
        assert sorted(capabilities(talk)) == sorted(before)
        for line in "TOP UIDL RESP-CODES AUTH-RESP-CODE PIPELINING LANG".split():
            assert line in before
        assert "EXPIRE NEVER" in before and "UTF8 USER" in before
        assert any(line.startswith("IMPLEMENTATION ") for line in before)


def test_after_login_in_the_clear_stls_is_no_longer_offered(make_server):
    with make_server(auth=LOOPBACK).pop3("alice", service="pop3", tls=False) as talk:
        lines = capabilities(talk)
        assert "STLS" not in lines and "USER" in lines
        talk.says("C: STLS").expect("-ERR ...")


def test_without_a_certificate_stls_is_neither_offered_nor_taken(make_server):
    """The services that begin in TLS are off then, or the daemon would not start."""
    closed = {name: {"port": []} for name in ("submissions", "pop3s", "imaps")}
    server = make_server(start=False, auth=LOOPBACK, listen=closed)
    server.settings["tls"] = {}
    server.configure({})
    server.start()
    with greeted(server, "pop3") as talk:
        assert "STLS" not in capabilities(talk)
        talk.says("C: STLS").expect("-ERR TLS is not available")


def test_capa_takes_no_arguments(server):
    with greeted(server) as talk:
        talk.says("C: CAPA all").expect("-ERR ...")


# ---- STLS ----


def test_stls_leads_to_a_login(server):
    with greeted(server, "pop3") as talk:
        talk.says("C: STLS").expect("+OK ...")
        talk.starttls()
        assert "STLS" not in capabilities(talk)
        talk.says(
            """
            C: STLS
            S: -ERR TLS is active already
            C: USER alice
            S: +OK ...
            C: PASS wonderland
            S: +OK ...
            """
        )


def test_what_is_pipelined_behind_stls_is_dropped(server):
    with greeted(server, "pop3") as talk:
        talk.send(b"STLS\r\nCAPA\r\nQUIT\r\n")
        talk.expect("+OK Begin TLS")
        talk.starttls()
        talk.says("C: NOOP").expect("-ERR Log in first")  # the answer to this, not to CAPA
        server.wait_log(r"dropped=12 octets pipelined behind STLS")


def test_stls_forgets_what_was_said_in_the_clear(make_server):
    server = make_server(auth=LOOPBACK)
    with greeted(server, "pop3") as talk:
        talk.says("C: USER alice").expect("+OK ...")
        talk.says("C: STLS").expect("+OK ...")
        talk.starttls()
        talk.says("C: PASS wonderland").expect("-ERR Say USER first")


# ---- USER and PASS ----


def test_in_the_clear_every_login_is_refused_with_advice(server):
    with greeted(server, "pop3") as talk:
        for line in ("USER alice", "PASS wonderland", "AUTH", "AUTH PLAIN", "AUTH SCRAM-SHA-256"):
            text = talk.says(f"C: {line}").expect("-ERR ...")
            assert "STLS" in text and "995" in text


def test_user_and_pass_tell_how_much_mail_there_is(server):
    name = server.new_account()
    server.deliver(name, "plain.eml")
    with greeted(server) as talk:
        talk.says(
            f"""
            C: USER {name}
            S: +OK ...
            C: PASS a password
            S: +OK 1 messages (<octets> octets)
            C: STAT
            S: +OK 1 <octets>
            """
        )


@pytest.mark.parametrize("name", ["alice", "ALICE", "alice@example.org", "Alice@Example.ORG"])
def test_a_name_may_be_written_in_several_ways(server, name):
    with greeted(server) as talk:
        talk.says(f"C: USER {name}").expect("+OK ...")
        talk.says("C: PASS wonderland").expect("+OK ...")


def test_blanks_belong_to_the_password(server):
    server.add_account("spacey", " two  words ")
    with greeted(server) as talk:
        talk.says("C: USER spacey").expect("+OK ...")
        talk.send(b"PASS two  words\r\n").expect("-ERR [AUTH] ...")
        talk.says("C: USER spacey").expect("+OK ...")
        talk.send(b"PASS  two  words \r\n").expect("+OK ...")


def test_names_and_passwords_may_be_utf8_without_asking(server):
    """RFC 6856 2.2: UTF8 USER."""
    server.add_account("jürgen", "größer")
    with greeted(server) as talk:
        talk.says("C: USER JÜRGEN").expect("+OK ...")
        # The same password, its letters composed of two characters each.
        talk.send("PASS gro\u0308ßer\r\n".encode()).expect("+OK ...")


@pytest.mark.parametrize(
    "name, password",
    [("alice", "wrong"), ("alice", ""), ("nobody", "wonderland"), ("alice@example.com", "wonderland")],
)
def test_whatever_is_wrong_the_answer_is_the_same(server, name, password):
    with greeted(server) as talk:
        talk.says(f"C: USER {name}").expect("+OK ...")
        talk.send(f"PASS {password}\r\n".encode())
        talk.expect("-ERR [AUTH] Wrong name or password")


def test_a_disabled_account_gets_that_answer_too(server):
    name = server.new_account()
    server.ctl("account", "disable", f"{name}@example.org")
    with greeted(server) as talk:
        talk.says(f"C: USER {name}").expect("+OK ...")
        talk.says("C: PASS a password").expect("-ERR [AUTH] Wrong name or password")


def test_pass_needs_user_each_time(server):
    with greeted(server) as talk:
        talk.says(
            """
            C: PASS wonderland
            S: -ERR Say USER first
            C: USER
            S: -ERR A name is missing
            C: USER alice
            S: +OK ...
            C: PASS wrong
            S: -ERR [AUTH] ...
            C: PASS wonderland
            S: -ERR Say USER first
            """
        )


def test_a_name_with_a_nul_is_no_name(server):
    with greeted(server) as talk:
        talk.send(b"USER alice\0x\r\n").expect("-ERR ...")


# ---- AUTH ----


def test_auth_alone_lists_the_mechanisms(server):
    with greeted(server) as talk:
        talk.says("C: AUTH").expect("+OK ...")
        assert talk.read_lines()[0] == "PLAIN"


def test_auth_plain_with_an_initial_response(server):
    with greeted(server) as talk:
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").expect("+OK ...")
        talk.says("C: NOOP").expect("+OK ...")


def test_auth_plain_after_an_empty_challenge(server):
    with greeted(server) as talk:
        talk.says(
            f"""
            C: AUTH plain
            S: + ...
            C: {server.auth_plain('alice@example.org', 'wonderland')}
            S: +OK ...
            """
        )


def test_auth_login(server):
    with greeted(server) as talk:
        talk.says(
            f"""
            C: AUTH LOGIN
            S: + {b64(b"Username:")}
            C: {b64(b"alice")}
            S: + {b64(b"Password:")}
            C: {b64(b"wonderland")}
            S: +OK ...
            """
        )


def test_auth_login_with_the_name_at_once(server):
    with greeted(server) as talk:
        talk.says(
            f"""
            C: AUTH LOGIN {b64(b"alice")}
            S: + {b64(b"Password:")}
            C: {b64(b"wrong")}
            S: -ERR [AUTH] ...
            """
        )


@pytest.mark.parametrize(
    "line, answer",
    [
        ("*", "-ERR Cancelled"),
        ("not base64", "-ERR Not what the mechanism says"),
        ("=", "-ERR Not what the mechanism says"),
        ("", "-ERR Not what the mechanism says"),
        (b64(b"alice"), "-ERR Not what the mechanism says"),
        (b64(b"\0alice\0wrong"), "-ERR [AUTH] Wrong name or password"),
        (b64(b"bob\0alice\0wonderland"), "-ERR [AUTH] Wrong name or password"),
    ],
)
def test_an_exchange_may_fail_and_the_session_goes_on(server, line, answer):
    with greeted(server) as talk:
        talk.says("C: AUTH PLAIN").expect("+ ")
        talk.send(line.encode() + b"\r\n").expect(answer)
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").expect("+OK ...")


@pytest.mark.parametrize(
    "args", ["CRAM-MD5", "PLAIN AAAA AAAA", "PLAIN !!!!", "PLAIN =", "SCRAM-SHA-256 ="]
)
def test_auth_with_wrong_arguments(server, args):
    with greeted(server) as talk:
        talk.says(f"C: AUTH {args}").expect("-ERR ...")
        talk.says("C: CAPA").expect("+OK ...")


def test_an_initial_response_may_be_longer_than_a_command(server):
    """RFC 5034 4: 12,288 octets."""
    with greeted(server) as talk:
        text = b64(b"\0alice\0" + b"x" * 800)
        assert len(text) > 255
        talk.says(f"C: AUTH PLAIN {text}").expect("-ERR [AUTH] ...")
        talk.send(b"AUTH PLAIN " + b"A" * 12300 + b"\r\n").expect("-ERR Line too long")
        talk.says("C: AUTH PLAIN").expect("+ ")
        talk.send(b"A" * 12300 + b"\r\n").expect("-ERR Line too long")
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").expect("+OK ...")


class Scram:
    """The client's half of RFC 5802, by hand."""

    def __init__(self, user, password, digest, header="n,,", binding=b""):
        self.password, self.digest = password.encode(), digest
        self.bare = f"n={user},r=rOprNGfwEbeRWgbNEkqO"
        self.first = header + self.bare
        self.bound = b64(header.encode() + binding)

    def hmac(self, key, text):
        return hmac.new(key, text, self.digest).digest()

    def final(self, server_first):
        fields = dict(f.split("=", 1) for f in server_first.split(","))
        salt, rounds = base64.b64decode(fields["s"]), int(fields["i"])
        salted = hashlib.pbkdf2_hmac(self.digest, self.password, salt, rounds)
        client = self.hmac(salted, b"Client Key")
        stored = hashlib.new(self.digest, client).digest()
        final = f"c={self.bound},r={fields['r']}"
        message = f"{self.bare},{server_first},{final}".encode()
        signature = self.hmac(stored, message)
        self.verifier = b64(self.hmac(self.hmac(salted, b"Server Key"), message))
        return f"{final},p={b64(bytes(a ^ b for a, b in zip(client, signature)))}"


def challenge(talk):
    return base64.b64decode(talk.expect("+ ...")[2:]).decode()


@pytest.mark.parametrize("digest", ["sha256", "sha1"])
def test_scram_proves_both_sides_to_each_other(server, digest):
    mechanism = {"sha256": "SCRAM-SHA-256", "sha1": "SCRAM-SHA-1"}[digest]
    scram = Scram("alice", "wonderland", digest)
    with greeted(server) as talk:
        talk.says(f"C: AUTH {mechanism} {b64(scram.first.encode())}")
        talk.send_line(b64(scram.final(challenge(talk)).encode()))
        assert challenge(talk) == "v=" + scram.verifier
        talk.send_line("")
        talk.expect("+OK ...")


def test_scram_plus_is_bound_to_this_tls_session(server):
    context = server.tls
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # tls-unique is all that Python can ask for
    try:
        with greeted(server) as talk:
            unique = talk.sock.get_channel_binding("tls-unique")
            for binding, outcome in ((b"x" * len(unique), "-ERR [AUTH] ..."), (unique, None)):
                scram = Scram("alice", "wonderland", "sha256", "p=tls-unique,,", binding)
                talk.says(f"C: AUTH SCRAM-SHA-256-PLUS {b64(scram.first.encode())}")
                talk.send_line(b64(scram.final(challenge(talk)).encode()))
                if outcome:
                    talk.expect(outcome)
            assert challenge(talk) == "v=" + scram.verifier
            talk.send_line("")
            talk.expect("+OK ...")
    finally:
        context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED


def test_scram_with_a_wrong_password(server):
    scram = Scram("alice", "wrong", "sha256")
    with greeted(server) as talk:
        talk.says("C: AUTH SCRAM-SHA-256").expect("+ ")
        talk.send_line(b64(scram.first.encode()))
        talk.send_line(b64(scram.final(challenge(talk)).encode()))
        talk.expect("-ERR [AUTH] Wrong name or password")


def test_scram_shows_a_stranger_the_same_salt_after_a_restart(fresh_server):
    def salt(name):
        with greeted(fresh_server) as talk:
            talk.says(f"C: AUTH SCRAM-SHA-256 {b64(f'n,,n={name},r=abcdefgh'.encode())}")
            return re.search(r",s=([^,]+),", challenge(talk))[1]

    nobody, alice = salt("nobody"), salt("alice")
    assert nobody != alice and len(nobody) == len(alice)
    fresh_server.restart()
    assert salt("nobody") == nobody and salt("alice") == alice


# ---- states, limits, octets ----


@pytest.mark.parametrize(
    "line", "STAT,LIST,UIDL,RETR 1,TOP 1 0,DELE 1,RSET,NOOP".split(",")
)
def test_mail_is_only_for_those_who_are_logged_in(server, line):
    with greeted(server) as talk:
        talk.says(f"C: {line}").expect("-ERR Log in first")


@pytest.mark.parametrize("line", "USER alice,PASS wonderland,AUTH PLAIN,STLS,UTF8".split(","))
def test_nobody_logs_in_twice(server, line):
    with server.pop3("alice") as talk:
        talk.says(f"C: {line}").expect("-ERR Not possible after login")


def test_quit_before_login(server):
    with greeted(server) as talk:
        talk.says("C: QUIT").expect("+OK ...")
        talk.closes()


def test_too_many_errors_end_the_session(make_server):
    server = make_server(pop3={"max_errors": 3})
    with greeted(server) as talk:
        talk.says(
            """
            C: NONSENSE
            S: -ERR Unknown command
            C: USER
            S: -ERR A name is missing
            C: NOOP
            S: -ERR Too many errors, goodbye
            """
        )
        talk.closes()


def test_a_line_may_have_255_octets(server):
    with greeted(server) as talk:
        talk.send(b"USER " + b"a" * 248 + b"\r\n").expect("+OK ...")
        talk.send(b"USER " + b"a" * 249 + b"\r\n").expect("-ERR Line too long")
        talk.send(b"a" * 200000 + b"\r\n").expect("-ERR Line too long")
        talk.says("C: CAPA").expect("+OK ...")


def test_lines_may_end_in_a_bare_lf(server):
    with greeted(server) as talk:
        talk.send(b"USER alice\nPASS wonderland\nNOOP\n")
        talk.says(
            """
            S: +OK ...
            S: +OK ...
            S: +OK ...
            """
        )


@pytest.mark.parametrize("octets", [b"\r\n", b" \r\n", b"\0\r\n", b"\xff\xfe\r\n", b"CAPA\t\r\n"])
def test_lines_that_are_no_commands(server, octets):
    with greeted(server) as talk:
        talk.send(octets).expect("-ERR Unknown command")


def test_verbs_in_any_case(server):
    with greeted(server) as talk:
        talk.says("C: uSeR alice").expect("+OK ...")


def test_a_whole_login_octet_by_octet(server):
    with greeted(server) as talk:
        talk.split = True
        talk.says(
            f"""
            C: USER alice
            S: +OK ...
            C: PASS wrong
            S: -ERR [AUTH] ...
            C: AUTH PLAIN
            S: + ...
            C: {server.auth_plain('alice')}
            S: +OK ...
            C: STAT
            S: +OK ...
            C: QUIT
            S: +OK ...
            """
        )


def test_a_login_in_one_piece(server):
    """PIPELINING: every command waits for the one before it, even while a password is checked."""
    with greeted(server) as talk:
        talk.send(b"CAPA\r\nUSER alice\r\nPASS wonderland\r\nSTAT\r\nNOOP\r\nQUIT\r\n")
        talk.expect("+OK ...")
        assert "PIPELINING" in talk.read_lines()
        talk.says(
            """
            S: +OK The password, please
            S: +OK <n> messages ...
            S: +OK <n> ...
            S: +OK Done
            S: +OK Goodbye
            """
        ).closes()


def test_the_end_of_input_is_no_quit_but_what_came_before_is_answered(server):
    with greeted(server, "pop3") as talk:
        talk.send(b"CAPA\r\nNOOP\r\n").finish_sending()
        talk.expect("+OK ...")
        talk.read_lines()
        talk.expect("-ERR Log in first")
        talk.closes()


# ---- who else has a say ----


@pytest.mark.parametrize(
    "words, stdin",
    [(("passwd", "--password-stdin"), "another\n"), (("disable",), None), (("remove", "--yes"), None)],
)
def test_an_account_that_changes_loses_its_sessions_and_its_remembered_logins(server, words, stdin):
    name = server.new_account()
    with server.pop3(name) as talk:
        server.ctl("account", words[0], f"{name}@example.org", *words[1:], stdin=stdin)
        talk.expect("-ERR [SYS/TEMP] ...")
        talk.closes()
    with greeted(server) as talk:
        talk.says(f"C: USER {name}").expect("+OK ...")
        talk.says("C: PASS a password").expect("-ERR [AUTH] ...")


def test_connections_of_one_account_are_counted(make_server):
    server = make_server(connections={"max_connections_per_account": 2})
    with server.pop3("alice"), server.pop3("alice"), server.pop3("bob"):
        with greeted(server) as third:
            third.says("C: USER alice").expect("+OK ...")
            third.says("C: PASS wonderland").expect("-ERR [SYS/TEMP] ...")


def test_a_log_line_for_each_login_and_none_with_the_password(server):
    with greeted(server) as talk:
        talk.says("C: USER alice").expect("+OK ...")
        talk.says("C: PASS sesame-open").expect("-ERR [AUTH] ...")
        talk.says(f"C: AUTH PLAIN {server.auth_plain('alice')}").expect("+OK ...")
        talk.says("C: QUIT").expect("+OK ...")
    server.wait_log(r"auth failed protocol=pop3 mechanism=USER account=alice@example.org .*reason=wrong_password")
    server.wait_log(r"auth ok protocol=pop3 mechanism=PLAIN account=alice@example.org")
    server.wait_log(r"pop3 end=quit account=\d+ retrieved=0 octets=0 deleted=0")
    assert "sesame-open" not in server.log and "wonderland" not in server.log
    assert server.auth_plain("alice") not in server.log
