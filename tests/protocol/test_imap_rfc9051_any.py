"""RFC 9051's examples of 6.1 (any state), 6.2 (before login) and 7.6 (continuations)."""

import pytest

from imap_answer import ask
from rfc_example import example, fill, mail, rev2


@pytest.fixture
def talk(server):
    """Greeted, nothing said, in the clear."""
    with server.connect("imap") as talk:
        talk.expect("* OK [CAPABILITY IMAP4rev1 IMAP4rev2 ... STARTTLS ...] ...")
        yield talk


@pytest.fixture(scope="module")
def accounts(shared_server):
    """Those who log in in the examples."""
    shared_server.add_account("test", "test")
    shared_server.add_account("smith", "SESAME")
    return shared_server


# ---- 6.1 ----


@example("6.1.1", "abcd efgh ijkl", differs="no GSSAPI")
def test_capabilities_change_by_starttls(talk):
    talk.says(
        """
        C: abcd CAPABILITY
        S: * CAPABILITY ...IMAP4rev2 ... STARTTLS...
        S: abcd OK ...
        C: efgh STARTTLS
        S: efgh OK ...
        """
    ).starttls()
    talk.says(
        """
        C: ijkl CAPABILITY
        S: * CAPABILITY ...IMAP4rev2 ... AUTH=PLAIN...
        S: ijkl OK ...
        """
    )


@example("6.1.2", "a002 a047")
def test_noop_brings_what_others_did(server):
    user = server.new_account()
    with rev2(server, user) as talk, rev2(server, user) as other:
        fill(talk, "INBOX", [mail()] * 23)
        ask(talk, "SELECT INBOX")
        talk.says("C: a002 NOOP\nS: a002 OK ...")
        ask(other, "SELECT INBOX")
        ask(other, r"STORE 14 FLAGS (\Seen \Deleted)")
        ask(other, r"STORE 22 +FLAGS \Deleted")
        ask(other, "UID EXPUNGE 22")
        fill(other, "INBOX", [mail()])
        # RFC 9051 7.4.1, 7.5.1: the count that follows an EXPUNGE is one of what is left.
        talk.says(
            r"""
            C: a047 NOOP
            S* * 22 EXPUNGE
            S* * 23 EXISTS
            S* * 14 FETCH (UID 14 FLAGS (\Deleted \Seen))
            S: a047 OK ...
            """
        )


@example("6.1.3", "A023")
def test_logout(server):
    with rev2(server) as talk:
        talk.says("C: A023 LOGOUT\nS: * BYE ...\nS: A023 OK ...").closes()


# ---- 6.2 ----


@example("6.2.1", "a001 a002 a003 a004")
@pytest.mark.conf(auth={"allow_plaintext_loopback": False})
def test_login_after_starttls_only(fresh_server):
    fresh_server.add_account("test", "test")
    with fresh_server.connect("imap") as talk:
        talk.expect("* OK ...")
        talk.says(
            """
            C: a001 CAPABILITY
            S: * CAPABILITY ...IMAP4rev2 ... STARTTLS LOGINDISABLED...
            S: a001 OK ...
            C: a002 STARTTLS
            S: a002 OK ...
            """
        ).starttls()
        talk.says(
            """
            C: a003 CAPABILITY
            S: * CAPABILITY ...IMAP4rev2 ... AUTH=PLAIN...
            S: a003 OK ...
            C: a004 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=
            S: a004 OK ...
            """
        )


@example("6.2.2", "A001", differs="no GSSAPI: the mechanism is refused")
def test_gssapi_is_refused(server):
    with server.connect("imaps") as talk:
        talk.expect("* OK ...")
        talk.says("C: A001 AUTHENTICATE GSSAPI\nS: A001 NO [CANNOT] ...\nC: n NOOP\nS: n OK ...")


@example("6.2.2", "A01 A02 A03")
def test_plain_with_an_initial_response(accounts, talk):
    talk.says("C: A01 STARTTLS\nS: A01 OK ...").starttls()
    talk.says(
        """
        C: A02 CAPABILITY
        S: * CAPABILITY ...IMAP4rev2 ... AUTH=PLAIN...
        S: A02 OK ...
        C: A03 AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=
        S: A03 OK ...
        """
    )


@example("6.2.2", "C01 A01")
def test_plain_without_an_initial_response(accounts):
    with accounts.connect("imaps") as talk:
        talk.expect("* OK ...")
        talk.says(
            """
            C: C01 CAPABILITY
            S: * CAPABILITY ...IMAP4rev2 ... AUTH=PLAIN...
            S: C01 OK ...
            C: A01 AUTHENTICATE PLAIN
            """
        )
        talk.expect("+ ")
        talk.says("C: dGVzdAB0ZXN0AHRlc3Q=\nS: A01 OK ...")


@example("6.2.2", "C01 A01", differs="no EXTERNAL: not offered, and refused")
def test_external_is_refused(server):
    with server.connect("imaps") as talk:
        talk.expect("* OK ...")
        line = talk.says("C: C01 CAPABILITY").expect("* CAPABILITY ...")
        assert "AUTH=EXTERNAL" not in line
        talk.says(
            """
            S: C01 OK ...
            C: A01 AUTHENTICATE EXTERNAL =
            S: A01 NO [CANNOT] ...
            """
        )


@example("6.2.3", "a001")
def test_login(accounts):
    with accounts.connect("imaps") as talk:
        talk.expect("* OK ...")
        talk.says("C: a001 LOGIN SMITH SESAME\nS: a001 OK ...")


# ---- 7.6 ----


@example("7.6", "A001 A044", differs="no account here has a space in its name")
def test_continuations(server):
    with server.connect("imaps") as talk:
        talk.expect("* OK ...")
        talk.says(
            """
            C: A001 LOGIN {11}
            S: + ...
            C: FRED FOOBAR {7}
            S: + ...
            C: fat man
            S: A001 NO [AUTHENTICATIONFAILED] ...
            C: A044 BLURDYBLOOP {102856}
            S: A044 NO [TOOBIG] ...
            C: in LOGIN alice wonderland
            S: in OK ...
            C: A044 BLURDYBLOOP {102856}
            S: A044 BAD ...
            C: n NOOP
            S: n OK ...
            C: A044 UID NOOP {10}
            S: A044 BAD ...
            C: A044 FETCH {1}
            S: A044 BAD ...
            C: %44 SELECT {5}
            S: * BAD ...
            C: s SELECT {5}
            S: + ...
            C: INBOX
            """
        )
        talk.until("s OK ...")
