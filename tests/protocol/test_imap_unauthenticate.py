"""UNAUTHENTICATE: RFC 8437. A connection begins anew."""

import zlib

import pytest

from compressed import compress
from imap_answer import ask
from server import PASSWORDS


def login(talk, user, tag="l"):
    word = PASSWORDS[user].replace('"', '\\"')
    return talk.says(f'C: {tag} LOGIN {user} "{word}"').until(f"{tag} OK [CAPABILITY ...")


def test_another_account_logs_in(server):
    with server.imap("alice") as talk:
        assert "UNAUTHENTICATE" in talk.says("C: c CAPABILITY").expect("* CAPABILITY ...").split()
        talk.expect("c OK ...")
        talk.says("C: a CREATE only-hers").until("a OK ...")
        line = talk.says("C: u UNAUTHENTICATE").expect("u OK [CAPABILITY IMAP4rev1 ...")
        assert "AUTH=PLAIN" in line and "UNAUTHENTICATE" not in line and "IDLE" not in line
        talk.says(
            """
            C: b LIST "" *
            S: b BAD Log in first
            C: c UNAUTHENTICATE
            S: c BAD Log in first
            """
        )
        login(talk, "bob")
        assert "only-hers" not in [words[-1] for words in ask(talk, 'LIST "" *').untagged]


def test_it_may_be_pipelined_with_the_next_login(server):
    with server.imap("alice") as talk:
        plain = server.auth_plain("bob")
        talk.send(f"u UNAUTHENTICATE\r\na AUTHENTICATE PLAIN {plain}\r\nn NAMESPACE\r\n".encode())
        talk.expect("u OK [CAPABILITY ...")
        talk.expect("a OK [CAPABILITY ...")
        talk.says(
            """
            S: * NAMESPACE ...
            S: n OK ...
            """
        )


def test_the_selected_mailbox_is_closed_and_nothing_is_expunged(server):
    user = server.new_account()
    server.deliver(user, "plain.eml")
    with server.imap(user) as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says(r"C: d STORE 1 +FLAGS (\Deleted)").until("d OK ...")
        talk.says("C: u UNAUTHENTICATE").expect("u OK ...")
        talk.says("C: f FETCH 1 FLAGS").expect("f BAD Log in first")
        login(talk, "bob")
        talk.says("C: g FETCH 1 FLAGS").expect("g BAD No mailbox is selected")
        # Nothing that happens to the mailbox that was open is told to bob.
        server.deliver(user, "dots.eml")
        talk.says("C: n NOOP").expect("n OK ...")
    assert server.count(user) == 2


@pytest.mark.parametrize("words", ["IMAP4rev2", "UTF8=ACCEPT", "CONDSTORE", "QRESYNC"])
def test_what_was_enabled_is_enabled_no_more(server, words):
    with server.imap("alice") as talk:
        talk.says(f"C: e ENABLE {words}").expect(f"* ENABLED ...{words}...")
        talk.until("e OK ...").says("C: u UNAUTHENTICATE").expect("u OK ...")
        login(talk, "alice")
        talk.says(f"C: e ENABLE {words}").expect(f"* ENABLED ...{words}...")


def test_names_are_in_modified_utf7_again(server):
    user = server.new_account()
    with server.imap(user) as talk:
        talk.says("C: e ENABLE UTF8=ACCEPT").until("e OK ...")
        talk.says('C: c CREATE "Entwürfe"').until("c OK ...")
        talk.says("C: u UNAUTHENTICATE").expect("u OK ...")
        talk.says(f'C: l LOGIN {user} "a password"').until("l OK ...")
        talk.says('C: m LIST "" Entw*').expect('* LIST (...) "/" Entw&APw-rfe')


def test_the_saved_search_is_forgotten(server):
    user = server.new_account()
    server.deliver(user, "plain.eml")
    with server.imap(user) as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: r SEARCH RETURN (SAVE) ALL").until("r OK ...")
        talk.says("C: u UNAUTHENTICATE").expect("u OK ...")
        talk.says(f'C: l LOGIN {user} "a password"').until("l OK ...")
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: f FETCH $ UID").expect("f OK ...")


@pytest.mark.conf(connections={"max_connections_per_account": 1})
def test_the_connection_is_not_the_accounts_any_more(fresh_server):
    with fresh_server.imap("alice") as talk:
        talk.says("C: u UNAUTHENTICATE").expect("u OK ...")
        with fresh_server.imap("alice") as other:
            other.says("C: n NOOP").expect("n OK ...")
            login(talk, "bob").says("C: n NOOP").expect("n OK ...")
        sessions = fresh_server.ctl("session", "list")
        assert sessions.count("bob@") == 1


def test_the_time_of_those_who_have_not_logged_in_runs(fresh_server):
    with fresh_server.imap("alice") as talk:
        # Not from the start: to log in takes longer on a busy machine.
        fresh_server.configure({"imap": {"login_timeout": "1s"}})
        fresh_server.ctl("reload")
        talk.says("C: u UNAUTHENTICATE").expect("u OK ...")
        talk.until("* BYE ...").closes()


def test_it_takes_no_arguments(server):
    with server.imap("alice") as talk:
        talk.says("C: u UNAUTHENTICATE now").expect("u BAD ...")
        talk.says("C: n NOOP").expect("n OK ...")


def test_a_wrong_password_after_it_is_one_as_before(server):
    with server.imap("alice") as talk:
        talk.says("C: u UNAUTHENTICATE").expect("u OK ...")
        talk.says("C: l LOGIN bob wrong").expect("l NO [AUTHENTICATIONFAILED] ...")


# ---- compression ends with it: RFC 8437 4.1 ----


def in_the_clear_again(talk):
    """The reply is the last that the server's stream holds."""
    # What is in the clear may have come in one piece with it.
    talk._input += talk.sock.wait_for_end()
    talk.sock = talk.sock.raw
    return talk


def test_compression_ends_and_may_begin_again(server):
    with server.imap("alice") as talk:
        for user in ("bob", "alice", "bob"):
            compress(talk)
            talk.says("C: n NOOP").expect("n OK ...")
            talk.says("C: u UNAUTHENTICATE").expect("u OK ...")
            in_the_clear_again(talk)
            assert not talk.pending()
            login(talk, user)
            assert "COMPRESS=DEFLATE" in talk.says("C: c CAPABILITY").expect("* CAPABILITY ...")
            talk.expect("c OK ...")


ENDINGS = {"a flush": zlib.Z_SYNC_FLUSH, "a full flush": zlib.Z_FULL_FLUSH, "its end": zlib.Z_FINISH}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_what_is_pipelined_behind_it_is_in_the_clear(server, ending, piece):
    with server.imap("alice") as talk:
        compress(talk)
        talk.says("C: n NOOP").expect("n OK ...")
        deflate = talk.sock._deflate
        octets = deflate.compress(b"m NOOP\r\nu UNAUTHENTICATE\r\n") + deflate.flush(ending)
        octets += f"a AUTHENTICATE PLAIN {server.auth_plain('bob')}\r\nx NOOP\r\n".encode()
        for at in range(0, len(octets), piece):
            talk.sock.raw.sendall(octets[at : at + piece])
        talk.expect("m OK ...")
        talk.expect("u OK ...")
        in_the_clear_again(talk).until("a OK [CAPABILITY ...").says("S: x OK ...")


def test_what_follows_it_under_the_same_flush_is_an_error(server):
    with server.imap("alice") as talk:
        compress(talk)
        talk.send(b"u UNAUTHENTICATE\r\nl LOGIN bob x\r\n")
        talk.expect("u OK ...")
        in_the_clear_again(talk).expect("* BYE [UNAVAILABLE] What you send is not compressed as it should be")
        talk.closes()


@pytest.mark.conf(auth={"allow_plaintext_loopback": True})
def test_without_tls_starttls_is_offered_again(fresh_server):
    with fresh_server.connect("imap") as talk:
        talk.expect("* OK [CAPABILITY ... STARTTLS ...")
        login(talk, "alice")
        compress(talk)
        talk.says("C: t STARTTLS").expect("t BAD ...")
        talk.says("C: u UNAUTHENTICATE").expect("u OK ...")
        in_the_clear_again(talk)
        assert "STARTTLS" in talk.says("C: c CAPABILITY").expect("* CAPABILITY ...").split()
        talk.expect("c OK ...")
        talk.says("C: t STARTTLS").expect("t OK ...")
        talk.starttls()
        login(talk, "bob")
