"""The IMAP session: states, login, TLS, literals, limits, the end. RFC 9051 3, 6.1, 6.2, 7.1."""

import re

import pytest

from server import PASSWORDS


def greeted(server, service="imap", tls=None):
    talk = server.connect(service, tls)
    talk.expect("* OK [CAPABILITY ...")
    return talk


def capabilities(talk):
    line = talk.says("C: cap CAPABILITY").expect("* CAPABILITY ...")
    talk.expect("cap OK ...")
    return line.split()[2:]


# ---- before login ----


def test_the_greeting_names_the_capabilities(server):
    with server.connect("imap") as talk:
        line = talk.expect("* OK [CAPABILITY ...")
        assert re.search(r"\[CAPABILITY IMAP4rev1 IMAP4rev2 .*\] mail.example.org", line), line


def test_capabilities_follow_state_and_tls(server):
    with greeted(server) as talk:
        before = capabilities(talk)
        assert {"IMAP4rev1", "STARTTLS", "LITERAL+", "ID"} <= set(before)
        assert "IDLE" not in before
        talk.says("C: a STARTTLS").expect("a OK ...")
        talk.starttls()
        under_tls = capabilities(talk)
        assert {"AUTH=PLAIN", "AUTH=SCRAM-SHA-256", "SASL-IR"} <= set(under_tls)
        assert not {"STARTTLS", "LOGINDISABLED"} & set(under_tls)
        talk.says(f"C: b LOGIN alice {PASSWORDS['alice']}").expect("b OK [CAPABILITY ...")
        after = capabilities(talk)
        assert {"IDLE", "UNSELECT", "ENABLE"} <= set(after)
        assert not [word for word in after if word.startswith("AUTH=")]


@pytest.mark.conf(auth={"allow_plaintext_loopback": False})
def test_no_login_in_the_clear(fresh_server):
    with greeted(fresh_server) as talk:
        words = capabilities(talk)
        assert "LOGINDISABLED" in words
        assert not [word for word in words if word.startswith(("AUTH=", "SASL-IR"))]
        talk.says(
            """
            C: a LOGIN alice wonderland
            S: a NO [PRIVACYREQUIRED] ...
            C: b AUTHENTICATE PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=
            S: b NO [PRIVACYREQUIRED] ...
            """
        )


def test_what_needs_a_login_or_a_mailbox_is_refused_before(server):
    with greeted(server) as talk:
        talk.says(
            """
            C: a SELECT INBOX
            S: a BAD Log in first
            C: b NONSENSE
            S: b BAD Unknown command
            C: c UID NOOP
            S: c BAD Unknown command
            C: +d NOOP
            S: * BAD ...
            C: e LOGIN alice
            S: e BAD LOGIN wants a space
            """
        )
    with server.imap("alice") as talk:
        talk.says(
            """
            C: a CLOSE
            S: a BAD No mailbox is selected
            C: b LOGIN alice wonderland
            S: b BAD Not possible after login
            """
        )


def test_logins_by_every_form_of_string(server):
    password = PASSWORDS["bob"]
    with greeted(server, "imaps") as talk:
        talk.says("C: a LOGIN {3}").expect("+ ...")
        talk.says(f"C: bob {{{len(password)}}}").expect("+ ...")
        talk.says(f"C: {password}").expect("a OK [CAPABILITY ...")
    with greeted(server, "imaps") as talk:
        talk.send(b"a LOGIN {3+}\r\nbob {%d+}\r\n%s\r\n" % (len(password), password.encode()))
        talk.expect("a OK [CAPABILITY ...")


def test_authenticate_plain_with_and_without_an_initial_response(server):
    response = server.auth_plain("alice")
    with greeted(server, "imaps") as talk:
        talk.says(f"C: a AUTHENTICATE PLAIN {response}").expect("a OK [CAPABILITY ...")
    with greeted(server, "imaps") as talk:
        talk.says("C: a AUTHENTICATE PLAIN").expect("+ ")
        talk.says(f"C: {response}").expect("a OK [CAPABILITY ...")
    with greeted(server, "imaps") as talk:
        talk.says("C: a AUTHENTICATE PLAIN").expect("+ ")
        talk.says("C: *").expect("a BAD Cancelled")
        talk.says("C: b AUTHENTICATE FANCY").expect("b NO [CANNOT] ...")
        talk.says("C: c AUTHENTICATE PLAIN").expect("+ ")
        talk.send(b"x" * 40000 + b"\r\n").expect("c BAD Line too long")
        talk.says("C: d NOOP").expect("d OK ...")


def test_a_wrong_password_is_said_as_such(server):
    with greeted(server, "imaps") as talk:
        talk.says("C: a LOGIN alice wrong").expect("a NO [AUTHENTICATIONFAILED] ...")
        talk.says(f"C: b LOGIN alice {PASSWORDS['alice']}").expect("b OK ...")


def test_what_was_pipelined_behind_starttls_is_dropped(server):
    with greeted(server) as talk:
        talk.send(b"a STARTTLS\r\nb NOOP\r\n")
        talk.expect("a OK ...")
        talk.starttls()
        talk.says("C: c NOOP").expect("c OK ...")
        talk.says("C: d STARTTLS").expect("d BAD ...")


# ---- literals and limits ----


def test_before_login_a_literal_over_8_kib_is_too_big(server):
    with greeted(server, "imaps") as talk:
        talk.says("C: a LOGIN alice {8193}").expect("a NO [TOOBIG] ...")
        talk.send(b"b LOGIN alice {8193+}\r\n" + b"x" * 8193 + b"\r\n").expect("b NO [TOOBIG] ...")
        talk.says("C: c NOOP").expect("c OK ...")


def test_a_skipped_literal_of_many_megabytes_costs_nothing(server):
    with greeted(server, "imaps") as talk:
        talk.send(b"a LOGIN {20000000+}\r\n" + b"y" * 20000000 + b" {3+}\r\nabc\r\nb NOOP\r\n")
        talk.expect("a NO [TOOBIG] ...")
        talk.expect("b OK ...")


def test_a_line_that_is_too_long_is_skipped_to_its_end(server):
    with greeted(server, "imaps") as talk:
        talk.send(b"a NOOP " + b"x" * 100000 + b"\r\nb NOOP\r\n")
        talk.expect("a BAD The command is too long")
        talk.expect("b OK ...")


def test_every_octet_alone_is_the_same_command(server):
    with greeted(server) as talk:
        talk.says("C: tls STARTTLS").expect("tls OK ...")
        talk.starttls()
        talk.split = True
        talk.send(b"a LOGIN {5+}\r\nalice {10+}\r\nwonderland\r\n").expect("a OK ...")
        talk.says("C: b SELECT INBOX").until("b OK [READ-WRITE] ...")


def test_pipelined_commands_are_answered_in_order(server):
    with server.imap("alice") as talk:
        talk.send(b"".join(b"n%d NOOP\r\n" % i for i in range(500)))
        for i in range(500):
            talk.expect(f"n{i} OK ...")


@pytest.mark.conf(imap={"max_errors": 3})
def test_too_many_errors_end_the_connection(fresh_server):
    with greeted(fresh_server) as talk:
        talk.says(
            """
            C: a NONSENSE
            S: a BAD ...
            C: b NONSENSE
            S: b BAD ...
            C: c NONSENSE
            S: c BAD ...
            S: * BYE ...
            """
        ).closes()


# ---- the end ----


def test_logout_says_bye_first(server):
    with server.imap("alice") as talk:
        talk.says(
            """
            C: a LOGOUT
            S: * BYE ...
            S: a OK ...
            """
        ).closes()


@pytest.mark.conf(imap={"login_timeout": "1s"})
def test_a_silent_client_is_told_why_it_goes(fresh_server):
    with greeted(fresh_server) as talk:
        talk.expect("* BYE ...")
        talk.closes()


def test_a_stop_says_bye_to_all(make_server):
    server = make_server()
    with server.imap("alice") as idle, server.imap("alice") as quiet, greeted(server) as new:
        idle.says("C: a IDLE").expect("+ idling")
        server.send_signal(15)
        for talk in (idle, quiet, new):
            talk.expect("* BYE [UNAVAILABLE] ...")
            talk.closes()
        server.stop()


def test_the_session_list_says_what_each_is_in(server):
    with server.imap("alice") as talk:
        talk.says("C: a SELECT INBOX").until("a OK ...")
        assert "selected INBOX" in server.ctl("session", "list")
        talk.says("C: b IDLE").expect("+ idling")
        assert "idle" in server.ctl("session", "list")


# ---- ID and ENABLE ----


def test_id(server):
    with server.imap("alice") as talk:
        talk.says(
            """
            C: a ID NIL
            S: * ID ("name" "mailserver" "version" ...
            S: a OK ...
            C: b ID ("name" "Client" "version" "1.0" "os" NIL)
            S: * ID ...
            S: b OK ...
            C: c ID ("name")
            S: c BAD ...
            """
        )
        server.wait_log('imap client="Client" version="1.0"')


def test_enable_names_what_it_has_enabled(server):
    with server.imap("alice") as talk:
        talk.says(
            """
            C: a ENABLE IMAP4rev2 X-NONE utf8=accept
            S: * ENABLED IMAP4rev2 UTF8=ACCEPT
            S: a OK ...
            C: b ENABLE X-NONE
            S: * ENABLED
            S: b OK ...
            """
        )
