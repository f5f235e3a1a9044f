"""Who guesses passwords is kept out, over all protocols, and nobody else is.

Loopback is never banned: these servers run in a network namespace with
addresses of its own, from which the clients come.
"""

import contextlib
import ctypes
import json
import os
import shutil
import socket
import subprocess

import pytest

from conversation import GUARD_SECONDS, Conversation
from scram import ScramClient
from server import IMPLICIT_TLS, SERVICES, conf_text

CLONE_NEWNET = 0x40000000
HERE = {4: "10.9.0.1", 6: "fd00:9::1"}
GUESSER = {4: "10.9.0.2", 6: "fd00:9::2"}
BANNED = {4: "10.9.0.2", 6: "fd00:9::/64"}
OTHERS = [f"10.9.0.{n}" for n in range(3, 9)]
FAR = "fd00:a::1"  # another /64

REFUSED = "Too many failed logins from your address; try later"
GREETED = {"submission": f"421 4.7.0 {REFUSED}", "pop3": f"-ERR [SYS/TEMP] {REFUSED}", "imap": f"* BYE {REFUSED}"}
# Nothing is held back, and only what a test sets leads to a ban.
CALM = {
    "failure_delay": "0s",
    "max_failures_per_address": 0,
    "max_failures_per_pair": 0,
    "max_failures_per_name": 0,
}


@pytest.fixture
def network():
    """This process moves to a network of its own, and back."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    if not shutil.which("ip") or libc.unshare(CLONE_NEWNET):
        os.close(home)
        pytest.skip("no right to make a network namespace, or no ip(8) to fill it")
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for address in [*HERE.values(), *GUESSER.values(), *OTHERS, FAR]:
            length = ["128", "nodad"] if ":" in address else ["32"]
            command = ["ip", "address", "add", f"{address}/{length[0]}", "dev", "lo", *length[1:]]
            subprocess.run(command, check=True)
        yield
    finally:
        assert libc.setns(home, CLONE_NEWNET) == 0
        os.close(home)


@pytest.fixture
def away(network, make_server):
    """A factory of servers in that network: away(max_failures_per_pair=3)."""

    def make(**auth):
        listen = {name: {"port": 0, "address": list(HERE.values())} for name in SERVICES}
        server = make_server(listen=listen, auth={**CALM, **auth})
        return server

    return make


def connect(server, service, source):
    """From `source`, with nothing said or read yet; in TLS where the service begins so."""
    here = HERE[6 if ":" in source else 4]
    for line in (server.data_dir / "ports").read_text().splitlines():
        name, address, port = line.split()
        if name == service and address.strip("[]") == here:
            break
    sock = socket.create_connection((here, int(port)), GUARD_SECONDS, (source, 0))
    talk = Conversation(sock, tls=server.tls)
    if service in IMPLICIT_TLS:
        talk.starttls()
    return talk


def log_in_pop3(server, source, user, password):
    with connect(server, "pop3s", source) as talk:
        talk.says(f"S: +OK ...\nC: USER {user}\nS: +OK ...\nC: PASS {password}")
        return talk.expect("...")


def log_in_imap(server, source, user, password):
    with connect(server, "imaps", source) as talk:
        talk.says(f'S: * OK ...\nC: a LOGIN {user} "{password}"')
        return talk.expect("...")


def log_in_smtp(server, source, user, password):
    with connect(server, "submissions", source) as talk:
        talk.says("S: 220 ...\nC: EHLO client.example.net").until("250 ...")
        talk.says(f"C: AUTH PLAIN {server.auth_plain(user, password)}")
        return talk.expect("...")


LOGINS = {"pop3s": log_in_pop3, "imaps": log_in_imap, "submissions": log_in_smtp}
WRONG = {
    "pop3s": "-ERR [AUTH] Wrong name or password",
    "imaps": "a NO [AUTHENTICATIONFAILED] Wrong name or password",
    "submissions": "535 5.7.8 Authentication failed",
}
RIGHT = {"pop3s": "+OK ", "imaps": "a OK ", "submissions": "235 "}


def guess(server, source, names, password="123456"):
    for name in names:
        assert log_in_pop3(server, source, name, password) == WRONG["pop3s"]


def bans(server):
    rows = (json.loads(line) for line in server.ctl("--json", "ban", "list").splitlines())
    return [(row["address"], row["account"], row["failures"]) for row in rows]


def wait_bans(server, *rows):
    """A ban holds at once; it is in the list when it has been written, a moment later."""
    server.wait_for(lambda: bans(server) == list(rows), f"list {rows}")


def assert_refused(server, source):
    for service, line in GREETED.items():
        with connect(server, service, source) as talk:
            talk.expect(line)
            talk.closes()
    for service in IMPLICIT_TLS:
        with pytest.raises((OSError, AssertionError)):
            connect(server, service, source).close()


def assert_let_in(server, source, user="alice"):
    for service, log_in in LOGINS.items():
        assert log_in(server, source, user, server.passwords[user]).startswith(RIGHT[service])


# ---- addresses ----


@pytest.mark.parametrize("ip", (4, 6))
def test_an_address_that_guesses_is_refused_everywhere_but_on_port_25(away, ip):
    server = away(max_failures_per_address=3)
    guess(server, GUESSER[ip], ("a", "b", "c"))
    server.wait_log(rf"auth banned address={BANNED[ip]} account=- failures=3 times=1 until=20\S+Z")
    assert_refused(server, GUESSER[ip])
    with connect(server, "smtp", GUESSER[ip]) as talk:
        talk.says("S: 220 ...\nC: EHLO client.example.net").until("250 ...")
        server.deliver("alice", b"Subject: from a banned address\r\n\r\nHello\r\n", talk=talk)
        talk.says("C: AUTH PLAIN\nS: 503 5.5.1 No AUTH here...")
    assert_let_in(server, OTHERS[0] if ip == 4 else FAR)
    assert "auth_banned_addresses\t1\n" in server.ctl("status")


@pytest.mark.parametrize("service", LOGINS)
def test_failures_of_every_protocol_count(away, service):
    server = away(max_failures_per_address=3)
    for name in ("a", "b", "c"):
        assert LOGINS[service](server, GUESSER[4], name, "123456") == WRONG[service]
    assert_refused(server, GUESSER[4])


def test_failures_count_together_whatever_the_protocol(away):
    server = away(max_failures_per_address=3)
    for name, service in zip("abc", LOGINS):
        LOGINS[service](server, GUESSER[4], name, "123456")
    assert_refused(server, GUESSER[4])


def test_scram_failures_count(away):
    server = away(max_failures_per_pair=2)
    for _ in range(2):
        client = ScramClient("alice", "wrong")
        with connect(server, "pop3s", GUESSER[4]) as talk:
            talk.says(f"S: +OK ...\nC: AUTH SCRAM-SHA-256 {client.first()}")
            answer = talk.expect("+ ...")[2:]
            talk.says(f"C: {client.final(answer)}\nS: -ERR [AUTH] ...")
    wait_bans(server, (GUESSER[4], "alice@example.org", 2))


def test_what_was_open_before_the_ban_is_closed_at_its_next_login(away):
    server = away(max_failures_per_address=3)
    with contextlib.ExitStack() as stack:
        open_ = {s: stack.enter_context(connect(server, s, GUESSER[4])) for s in LOGINS}
        open_["submissions"].says("S: 220 ...\nC: EHLO client.example.net").until("250 ...")
        guess(server, GUESSER[4], ("a", "b", "c"))
        open_["submissions"].says(f"C: AUTH PLAIN {server.auth_plain('alice')}\nS: 421 4.7.0 ...").closes()
        open_["pop3s"].says("S: +OK ...\nC: USER alice\nS: +OK ...\nC: PASS wonderland")
        open_["pop3s"].expect("-ERR [SYS/TEMP] Too many failed logins from your address")
        open_["pop3s"].closes()
        open_["imaps"].says("S: * OK ...\nC: a LOGIN alice wonderland").until("* BYE Too many failed ...")


def test_an_old_password_tried_again_and_again_bans_nobody(away):
    server = away(max_failures_per_address=3, max_failures_per_pair=3)
    guess(server, GUESSER[4], ["alice"] * 8, "last year's password")
    assert_let_in(server, GUESSER[4])


def test_spellings_of_a_name_are_one(away):
    server = away(max_failures_per_pair=3)
    for name, password in zip(("alice", "ALICE", "Alice@Example.ORG"), "123"):
        guess(server, GUESSER[4], [name], password)
    wait_bans(server, (GUESSER[4], "alice@example.org", 3))


def test_an_address_with_a_good_login_is_never_banned(away):
    server = away(max_failures_per_address=3)
    assert_let_in(server, GUESSER[4], "bob")
    guess(server, GUESSER[4], "abcdefgh")
    assert_let_in(server, GUESSER[4], "bob")
    assert bans(server) == []


def test_trusted_networks_are_never_banned(away):
    server = away(max_failures_per_address=2, trusted_networks=["10.9.0.2/31", "fd00:9::/32"])
    for ip in (4, 6):
        guess(server, GUESSER[ip], "abcd")
        assert_let_in(server, GUESSER[ip])
    guess(server, OTHERS[-1], "ab")
    assert_refused(server, OTHERS[-1])


def test_loopback_is_never_banned(fresh_server):
    for _ in range(30):
        with fresh_server.connect("pop3s") as talk:
            talk.says("S: +OK ...\nC: USER alice\nS: +OK ...\nC: PASS wrong\nS: -ERR [AUTH] ...")
    fresh_server.pop3("alice").close()


# ---- pairs and names ----


def test_a_banned_pair_is_told_nothing(away):
    server = away(max_failures_per_pair=3)
    for password in "123":
        guess(server, GUESSER[4], ["alice"], password)
    for service, log_in in LOGINS.items():
        assert log_in(server, GUESSER[4], "alice", "wonderland") == WRONG[service]
    assert_let_in(server, GUESSER[4], "bob")
    assert_let_in(server, OTHERS[0])


def test_guessing_from_everywhere_keeps_out_strangers_and_not_the_owner(away):
    server = away(max_failures_per_name=3)
    assert_let_in(server, GUESSER[4])
    for source, password in zip(OTHERS, "123"):
        guess(server, source, ["alice"], password)
    server.wait_log("auth banned address=strangers account=alice@example.org failures=3 ")
    for service, log_in in LOGINS.items():
        assert log_in(server, OTHERS[5], "alice", "wonderland") == WRONG[service]
    assert_let_in(server, GUESSER[4])
    wait_bans(server, ("strangers", "alice@example.org", 3))
    server.ctl("ban", "clear", "alice@example.org")
    assert_let_in(server, OTHERS[5])


# ---- restart, and the administrator ----


def test_bans_survive_a_restart_and_get_longer(away):
    server = away(max_failures_per_address=3, ban_time="1h")
    guess(server, GUESSER[4], ("a", "b", "c"))
    server.restart()
    assert_refused(server, GUESSER[4])
    assert bans(server) == [(GUESSER[4], "-", 3)]


def test_who_is_a_stranger_is_not_known_after_a_restart_so_nobody_is_refused(away):
    server = away(max_failures_per_name=2)
    for source, password in zip(OTHERS, "12"):
        guess(server, source, ["alice"], password)
    server.restart()
    assert bans(server) == []
    assert_let_in(server, OTHERS[4])


def test_a_cleared_ban_is_over_at_once(away):
    server = away(max_failures_per_address=3)
    for ip in (4, 6):
        guess(server, GUESSER[ip], ("a", "b", "c"))
        server.wait_for(lambda: bans(server), "list the ban")
        server.ctl("ban", "clear", GUESSER[ip])
        assert_let_in(server, GUESSER[ip])
    assert bans(server) == []


def test_an_administrator_bans_networks(away):
    server = away()
    server.ctl("ban", "add", "10.9.0.4/30", "--for", "1d", "--reason", "scans")
    assert_refused(server, "10.9.0.5")
    assert_let_in(server, "10.9.0.3")
    server.restart()
    assert_refused(server, "10.9.0.5")
    server.ctl("ban", "clear", "all")
    assert_let_in(server, "10.9.0.5")


def test_bans_are_managed_with_and_without_the_daemon(make_server):
    server = make_server(start=False)
    for running in (False, True):
        if running:
            server.start()
        server.ctl("ban", "add", "192.0.2.7", "--reason", "a test")
        server.ctl("ban", "add", "2001:db8::/32", "--for", "12h")
        rows = [json.loads(line) for line in server.ctl("--json", "ban", "list").splitlines()]
        assert [(r["address"], r["account"], r["reason"]) for r in rows] == [
            ("192.0.2.7", "-", "a test"),
            ("2001:db8::/32", "-", "by the administrator"),
        ]
        assert rows[0]["until"] == "cleared"
        assert rows[1]["until"] > rows[1]["since"]
        server.ctl("ban", "clear", "192.0.2.7")
        server.ctl("ban", "clear", "2001:db8::/32")
        assert server.ctl("ban", "list") == ""


@pytest.mark.parametrize(
    "words, complaint",
    (
        (("add", "192.0.2"), "no address and no network"),
        (("add", "127.0.0.1"), "loopback is never banned"),
        (("add", "192.0.2.1", "--for", "soon"), "is not a time"),
        (("clear", "192.0.2.1"), "there is no ban of 192.0.2.1"),
        (("clear", "alice"), "there is no ban of alice"),
    ),
)
def test_what_cannot_be_done_is_said(server, words, complaint):
    done = server.ctl("ban", *words, check=False)
    assert done.returncode == 1
    assert complaint in done.stderr


def test_a_trusted_network_that_is_none_is_refused(server):
    settings = server.settings
    try:
        server.configure({"auth": {"trusted_networks": ["10.0.0.0/8", "office"]}})
        done = server.ctl("reload", check=False)
    finally:
        server.conf_path.write_text(conf_text(settings))
    assert "auth.trusted_networks: office is no network" in done.stdout + done.stderr
