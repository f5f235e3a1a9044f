"""QUOTA: RFC 9208. How much of its quota an account uses."""

import re

import pytest

from rfc_example import example
from server import DOMAIN, eml


def append(talk, mailbox, octets, answer="a OK ..."):
    talk.send_line(f"a APPEND {mailbox} {{{len(octets)}+}}")
    talk.send(octets + b"\r\n")
    talk.until(answer)


def quota(talk):
    """{resource: (usage, limit)} of the account."""
    line = talk.says('C: q GETQUOTA ""').expect('* QUOTA "" (...)')
    talk.expect("q OK ...")
    words = re.fullmatch(r'\* QUOTA "" \((.*)\)', line)[1].split()
    return {name: (int(used), int(limit)) for name, used, limit in zip(*[iter(words)] * 3)}


def test_every_resource_is_a_capability_and_setting_is_none(server):
    with server.imap("alice") as talk:
        words = talk.says("C: c CAPABILITY").expect("* CAPABILITY ...").split()
        assert {"QUOTA", "QUOTA=RES-STORAGE", "QUOTA=RES-MESSAGE", "QUOTA=RES-MAILBOX"} <= set(words)
        assert "QUOTASET" not in words


# ---- the examples of RFC 9208 4.1 ----


@example("9208 4.1.1", "G0001")
@example("9208 4.1.2", "G0002")
def test_the_examples_of_getquota_and_getquotaroot(server):
    user = server.new_account("--quota", "10M", "--max-messages", "1000")
    with server.imap(user) as talk:
        talk.says(
            """
            C: G0001 GETQUOTA ""
            S: * QUOTA "" (STORAGE 0 10240 MESSAGE 0 1000 MAILBOX 6 10000)
            S: G0001 OK ...
            C: G0002 GETQUOTAROOT INBOX
            S: * QUOTAROOT INBOX ""
            S: * QUOTA "" (STORAGE 0 10240 MESSAGE 0 1000 MAILBOX 6 10000)
            S: G0002 OK ...
            C: G0003 GETQUOTAROOT "comp.mail.mime/to be made"
            S: * QUOTAROOT "comp.mail.mime/to be made" ""
            S: * QUOTA "" (...)
            S: G0003 OK ...
            C: G0004 GETQUOTA "!partition/sda4"
            S: G0004 NO [NONEXISTENT] No such quota root
            """
        )


@example("9208 4.1.3", "S0000 S0001 S0002")
def test_the_example_of_setquota(server):
    with server.imap("alice") as talk:
        talk.says(
            """
            C: S0000 GETQUOTA "#user/alice"
            S: S0000 NO [NONEXISTENT] ...
            C: S0001 SETQUOTA "" (STORAGE 510)
            S: S0001 NO [NOPERM] ...
            C: S0002 SETQUOTA "" (STORAGE 99999999)
            S: S0002 NO [NOPERM] ...
            C: S0003 SETQUOTA "" ()
            S: S0003 NO [NOPERM] ...
            C: S0004 SETQUOTA "#user/alice" (STORAGE 510 MESSAGE 2)
            S: S0004 NO [NONEXISTENT] ...
            """
        )


@example("9208 4.1.4", "S0003")
def test_the_example_of_what_an_expunge_would_free(server):
    user = server.new_account()
    octets = eml("plain.eml")
    with server.imap(user) as talk:
        for _ in range(12):
            append(talk, "INBOX", octets)
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says(r"C: d STORE 3:6 +FLAGS.SILENT (\Deleted)").until("d OK ...")
        talk.says(
            f"""
            C: S0003 STATUS INBOX (MESSAGES DELETED DELETED-STORAGE)
            S: * STATUS INBOX (MESSAGES 12 DELETED 4 DELETED-STORAGE {4 * len(octets)})
            S: S0003 OK ...
            C: l LIST "" INBOX RETURN (STATUS (DELETED-STORAGE SIZE))
            S: * LIST (...) "/" INBOX
            S: * STATUS INBOX (SIZE {12 * len(octets)} DELETED-STORAGE {4 * len(octets)})
            S: l OK ...
            C: e EXPUNGE
            """
        ).until("e OK ...")
        talk.says(
            """
            C: t STATUS INBOX (DELETED-STORAGE)
            S: * STATUS INBOX (DELETED-STORAGE 0)
            S: t OK ...
            """
        )


@example("9208 4.3.1", "A003 A004")
def test_the_example_of_overquota(server):
    user = server.new_account("--quota", "8K", "--max-messages", "3")
    with server.imap(user) as talk:
        # Before the literal is asked for: RFC 9208 leaves it open.
        talk.says(
            r"""
            C: A003 APPEND Archive (\Seen) {8500}
            S: A003 NO [OVERQUOTA] ...
            """
        )
        append(talk, "INBOX", b"X: y\r\n\r\n" + b"x" * 8192 + b"\r\n", "a NO [OVERQUOTA] ...")
        for _ in range(3):
            append(talk, "INBOX", eml("plain.eml"))
        append(talk, "INBOX", eml("plain.eml"), "a NO [OVERQUOTA] ...")
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: A004 COPY 2:3 Archive").expect("A004 NO [OVERQUOTA] ...")
        talk.says("C: A005 MOVE 2:3 Archive").until("A005 OK ...")


# ---- usage ----


def test_usage_follows_what_comes_and_goes(server):
    user = server.new_account("--quota", "1M")
    octets = eml("plain.eml")
    with server.imap(user) as talk:
        assert quota(talk) == {"STORAGE": (0, 1024), "MAILBOX": (6, 10000)}
        for number in range(1, 6):
            append(talk, "INBOX", octets)
            assert quota(talk)["STORAGE"] == (-(-number * len(octets) // 1024), 1024)
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says(r"C: d STORE 1:* +FLAGS.SILENT (\Deleted)").until("d OK ...")
        talk.says("C: e EXPUNGE").until("e OK ...")
        talk.says("C: m CREATE a/b/c").until("m OK ...")
        assert quota(talk) == {"STORAGE": (0, 1024), "MAILBOX": (9, 10000)}
        server.ctl("account", "quota", f"{user}@{DOMAIN}", "2M", "--max-messages", "7")
        assert quota(talk) == {"STORAGE": (0, 2048), "MESSAGE": (0, 7), "MAILBOX": (9, 10000)}


@pytest.mark.conf(imap={"max_mailboxes": 10})
def test_the_number_of_mailboxes_has_a_limit(fresh_server):
    with fresh_server.imap("alice") as talk:
        assert quota(talk) == {"MAILBOX": (6, 10)}
        talk.says("C: m CREATE a/b/c/d").until("m OK ...")
        talk.says("C: m CREATE e").expect("m NO [LIMIT] ...")
        assert quota(talk) == {"MAILBOX": (10, 10)}


MISTAKES = [
    "GETQUOTA",
    'GETQUOTA "" ""',
    "GETQUOTAROOT",
    "GETQUOTAROOT INBOX Sent",
    'SETQUOTA ""',
    'SETQUOTA "" STORAGE 1',
    'SETQUOTA "" (STORAGE)',
    'SETQUOTA "" (STORAGE -1)',
    'SETQUOTA "" (STORAGE 9223372036854775808)',
    'SETQUOTA "" (STORAGE 1 MESSAGE)',
    'SETQUOTA "" (STORAGE 1',
    "STATUS INBOX (DELETED-STORAGES)",
]


@pytest.mark.parametrize("command", MISTAKES)
def test_mistakes_are_refused(server, command):
    with server.imap("alice") as talk:
        talk.says(f"C: a {command}").expect("a BAD ...")


def test_quotas_are_not_for_strangers(server):
    with server.connect("imaps") as talk:
        talk.expect("* OK ...")
        for command in ('GETQUOTA ""', "GETQUOTAROOT INBOX", 'SETQUOTA "" ()'):
            talk.says(f"C: a {command}").expect("a BAD Log in first")
