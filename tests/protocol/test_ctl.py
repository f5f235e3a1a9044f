"""mailserverctl as an administrator uses it: with the daemon and without."""

import json
import re

import pytest

from server import DOMAIN, PASSWORDS


def rows(text):
    return [line.split("\t") for line in text.splitlines()]


def refused(server, *words, stdin=None, status=1):
    done = server.ctl(*words, stdin=stdin, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stderr


@pytest.fixture(params=["daemon", "offline"])
def either(request, make_server):
    """The same commands must do the same with a daemon and on the store itself."""
    return make_server(start=request.param == "daemon")


def test_domains_are_added_listed_and_removed(either):
    either.ctl("domain", "add", "Example.NET")
    assert ["example.net", "0", "0"] in rows(either.ctl("domain", "list"))
    assert "is there already" in refused(either, "domain", "add", "example.net")
    either.ctl("domain", "remove", "example.net")
    assert ["example.net", "0", "0"] not in rows(either.ctl("domain", "list"))
    assert "no domain" in refused(either, "domain", "remove", "example.net")
    assert "not a domain" in refused(either, "domain", "add", "not a domain")


def test_a_domain_that_holds_accounts_stays(either):
    assert "still has accounts" in refused(either, "domain", "remove", DOMAIN)


def test_accounts_are_added_listed_limited_disabled_and_removed(either):
    either.add_account("carol", "a password", "--quota", "10M", "--max-messages=100")
    listed = {row[0]: row[1:] for row in rows(either.ctl("account", "list", DOMAIN))}
    assert listed[f"carol@{DOMAIN}"] == ["active", "0", "0", str(10 << 20), "100"]
    assert "is taken" in refused(
        either, "account", "add", f"CAROL@{DOMAIN}", "--password-stdin", stdin="x\n"
    )
    either.ctl("account", "quota", f"carol@{DOMAIN}", "0")
    either.ctl("account", "disable", f"carol@{DOMAIN}")
    listed = {row[0]: row[1:] for row in rows(either.ctl("account", "list"))}
    assert listed[f"carol@{DOMAIN}"] == ["disabled", "0", "0", "0", "100"]
    either.ctl("account", "enable", f"carol@{DOMAIN}")
    either.ctl("account", "remove", f"carol@{DOMAIN}", "--yes")
    assert f"carol@{DOMAIN}" not in either.ctl("account", "list")
    assert "no account" in refused(either, "account", "disable", f"carol@{DOMAIN}")


def test_an_account_of_a_foreign_domain_is_refused_with_the_command_that_helps(either):
    said = refused(either, "account", "add", "dave@example.com", "--password-stdin", stdin="x\n")
    assert "mailserverctl domain add example.com" in said


def test_removing_an_account_asks_first(either):
    said = refused(either, "account", "remove", f"alice@{DOMAIN}", stdin="no\n")
    assert "nothing has been changed" in said
    assert f"alice@{DOMAIN}" in either.ctl("account", "list")


def test_aliases_are_added_listed_and_removed(either):
    either.ctl("alias", "add", f"sales@{DOMAIN}", f"alice@{DOMAIN}", f"bob@{DOMAIN}")
    either.ctl("alias", "add", f"@{DOMAIN}", f"bob@{DOMAIN}")
    assert rows(either.ctl("alias", "list", DOMAIN)) == [
        [f"@{DOMAIN}", f"bob@{DOMAIN}"],
        [f"sales@{DOMAIN}", f"alice@{DOMAIN}"],
        [f"sales@{DOMAIN}", f"bob@{DOMAIN}"],
    ]
    either.ctl("alias", "remove", f"sales@{DOMAIN}", f"bob@{DOMAIN}")
    assert [f"sales@{DOMAIN}", f"bob@{DOMAIN}"] not in rows(either.ctl("alias", "list"))
    either.ctl("alias", "remove", f"sales@{DOMAIN}")
    assert "sales" not in either.ctl("alias", "list")
    assert "no such alias" in refused(either, "alias", "remove", f"sales@{DOMAIN}")


def test_an_alias_may_lead_elsewhere(either):
    either.ctl("alias", "add", f"away@{DOMAIN}", "Bob@Elsewhere.Example")
    assert [f"away@{DOMAIN}", "Bob@elsewhere.example"] in rows(either.ctl("alias", "list"))
    either.ctl("alias", "remove", f"away@{DOMAIN}", "Bob@elsewhere.example")
    assert "away" not in either.ctl("alias", "list")


def test_an_alias_to_nobody_is_refused_by_name(either):
    assert f"nobody@{DOMAIN}" in refused(
        either, "alias", "add", f"sales@{DOMAIN}", f"nobody@{DOMAIN}"
    )
    assert "bob@[192.0.2.1]" in refused(
        either, "alias", "add", f"sales@{DOMAIN}", "bob@[192.0.2.1]"
    )
    assert refused(either, "alias", "add", f"alice@{DOMAIN}", f"bob@{DOMAIN}")


def test_rows_are_json_objects_on_demand(either):
    found = [json.loads(line) for line in either.ctl("--json", "account", "list").splitlines()]
    assert {row["account"] for row in found} == {f"alice@{DOMAIN}", f"bob@{DOMAIN}"}
    assert all(row["state"] == "active" and row["messages"] == 0 for row in found)


def test_check_finds_a_good_store_good(either):
    said = either.ctl("check")
    assert re.search(r"2 accounts, 12 mailboxes, .* 0 damaged", said), said


def test_every_command_explains_itself(server):
    overview = server.ctl("--help")
    commands = re.findall(r"^  mailserverctl (\w+)((?: [a-z]+)*)", overview, re.M)
    assert len(commands) > 15
    for group, name in commands:
        said = server.ctl(group, *name.split(), "--help")
        assert said.startswith(f"Usage: mailserverctl {group}"), said


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["account"],
        ["account", "nonsense"],
        ["domain", "add"],
        ["domain", "add", "a.example", "b.example"],
        ["domain", "list", "--nonsense"],
        ["account", "add", "x@example.org", "--quota"],
    ],
)
def test_a_wrong_command_line_is_exit_status_2(server, words):
    assert refused(server, *words, status=2)


@pytest.mark.parametrize("words", [["nonsense"], ["account", "nonsense"]])
def test_an_unknown_command_is_named_and_those_that_are_there_are_shown(server, words):
    said = refused(server, *words, status=2)
    assert said.startswith(f"mailserverctl: unknown command: {' '.join(words)}\n"), said
    assert "mailserverctl account add ACCOUNT" in said


def test_what_needs_the_daemon_says_so(make_server):
    offline = make_server(start=False)
    for words in (["status"], ["session", "list"], ["reload"]):
        assert "no daemon is running" in refused(offline, *words)


def test_status_has_the_numbers(server):
    found = dict(rows(server.ctl("status")))
    assert int(found["pid"]) == server.pid
    assert int(found["resident_octets"]) > 1 << 20
    assert found["certificate_expires"].startswith("20")
    assert found["queue_rows"] == found["queue_due"] == "0" and found["queue_oldest"] == "-"


def test_sessions_are_listed_shown_and_killed(server):
    with server.pop3("alice") as alice:
        line = [r for r in rows(server.ctl("session", "list")) if r[3] == f"alice@{DOMAIN}"][-1]
        assert line[1] == "pop3s" and line[2] == "127.0.0.1" and line[5].startswith("TLSv1")
        assert server.ctl("session", "show", line[0])
        server.ctl("session", "kill", line[0])
        alice.until("-ERR ...").closes()
    assert "no session" in refused(server, "session", "kill", "ffffff")


def test_a_new_password_ends_sessions_and_is_the_only_one_that_works(fresh_server):
    server = fresh_server
    with server.pop3("alice") as alice:
        server.ctl("account", "passwd", f"alice@{DOMAIN}", "--password-stdin", stdin="changed\n")
        alice.until("-ERR ...").closes()
    with server.connect("pop3s") as talk:
        talk.expect("+OK ...")
        talk.says(f"C: USER alice\nS: +OK ...\nC: PASS {PASSWORDS['alice']}\nS: -ERR [AUTH] ...")
    server.passwords["alice"] = "changed"
    server.pop3("alice").close()


def test_a_disabled_account_is_out_at_once_and_still_gets_mail(fresh_server):
    server = fresh_server
    with server.pop3("alice") as alice:
        server.ctl("account", "disable", f"alice@{DOMAIN}")
        alice.until("-ERR ...").closes()
    with server.connect("pop3s") as talk:
        talk.expect("+OK ...")
        talk.says(f"C: USER alice\nS: +OK ...\nC: PASS {PASSWORDS['alice']}\nS: -ERR [AUTH] ...")
    server.deliver("alice", "plain.eml")
    server.ctl("account", "enable", f"alice@{DOMAIN}")
    assert server.count("alice") == 1


def test_a_removed_account_is_gone_with_its_mail(fresh_server):
    server = fresh_server
    server.add_account("carol", "a password")
    server.deliver("carol", "plain.eml")
    with server.pop3("carol") as carol:
        server.ctl("account", "remove", f"carol@{DOMAIN}", "--yes")
        carol.until("-ERR ...").closes()
    with server.smtp() as talk:
        talk.says(
            f"""
            C: MAIL FROM:<a@example.net>
            S: 250 ...
            C: RCPT TO:<carol@{DOMAIN}>
            S: 550 5.1.1 ...
            """
        )
    assert " 0 damaged" in server.ctl("check")


def test_the_daemon_keeps_an_offline_tool_out_of_its_store(fresh_server):
    (fresh_server.data_dir / "control.sock").unlink()
    assert "holds the store" in refused(fresh_server, "domain", "add", "example.net")
