"""Names of mailboxes: their canonical form, OLDNAME, and how many and how long they may be. RFC 9051 5.1, 6.3.9.7."""

import pytest

from imap_answer import ask
from server import eml

COMPOSED, APART = "Ver\u00e4nderung", "Vera\u0308nderung"


@pytest.fixture
def rev2(server):
    with server.imap(server.new_account()) as talk:
        assert ask(talk, "ENABLE IMAP4rev2").status == "OK"
        yield talk


def test_accents_are_put_together_and_the_client_is_told(rev2):
    rev2.says(
        f"""
        C: a CREATE "{APART}"
        S: * LIST () "/" "{COMPOSED}" ("OLDNAME" ("{APART}"))
        S: a OK ...
        C: b CREATE "{COMPOSED}"
        S: b NO [ALREADYEXISTS] ...
        C: c LIST "" "{APART}"
        S: * LIST (\\HasNoChildren) "/" "{COMPOSED}"
        S: c OK ...
        C: d STATUS "{APART}" (MESSAGES)
        S: * STATUS "{COMPOSED}" (MESSAGES 0)
        S: d OK ...
        """
    )


def test_select_opens_what_create_has_made(rev2):
    rev2.says(f'C: a CREATE "{APART}"').until("a OK ...")
    rev2.says(f'C: b SELECT "{APART}"').until(f'* LIST () "/" "{COMPOSED}" ("OLDNAME" ("{APART}"))')
    rev2.expect("b OK [READ-WRITE] ...")
    rev2.says(f'C: c SELECT "{COMPOSED}"').until(f'* LIST () "/" "{COMPOSED}"').expect("c OK ...")


def test_rename_and_delete_tell_it_too(rev2):
    rev2.says(
        f"""
        C: a CREATE plain
        S: a OK ...
        C: b RENAME plain "{APART}"
        S: * LIST () "/" "{COMPOSED}" ("OLDNAME" (plain))
        S: b OK ...
        C: c RENAME "{APART}" other
        S: * LIST () "/" other ("OLDNAME" ("{APART}"))
        S: c OK ...
        C: d RENAME other "{COMPOSED}"
        S: d OK ...
        C: e DELETE "{APART}"
        S: * LIST (\\NonExistent) "/" "{COMPOSED}" ("OLDNAME" ("{APART}"))
        S: e OK ...
        """
    )


def test_append_tells_it_too(rev2):
    message = eml("plain.eml")
    rev2.send_line("a APPEND inbox {%d+}" % len(message)).send(message + b"\r\n")
    rev2.expect('* LIST () "/" INBOX ("OLDNAME" (inbox))')
    rev2.expect("a OK [APPENDUID ...")


def test_inbox_has_one_form(rev2):
    rev2.says("C: a SELECT inbox").until('* LIST () "/" INBOX ("OLDNAME" (inbox))').expect("a OK ...")
    rev2.says(
        """
        C: b CREATE inbox/below
        S: * LIST () "/" INBOX/below ("OLDNAME" (inbox/below))
        S: b OK ...
        C: c CREATE Inbox
        S: c NO [ALREADYEXISTS] ...
        """
    )


def test_a_slash_at_the_end_is_no_other_form(rev2):
    rev2.says(
        """
        C: a CREATE level/
        S: a OK ...
        C: b RENAME level moved/
        S: b OK ...
        C: c LIST "" moved
        S: * LIST (...) "/" moved
        S: c OK ...
        """
    )


def test_imap4rev1_is_not_told(server):
    """RFC 3501 knows no data behind the name; but the name is found in any form."""
    with server.imap(server.new_account()) as talk:
        talk.says(
            """
            C: a CREATE "a&Awg-"
            S: a OK ...
            C: c STATUS "&AOQ-" (MESSAGES)
            S: * STATUS &AOQ- (MESSAGES 0)
            S: c OK ...
            C: d DELETE "a&Awg-"
            S: d OK ...
            """
        )


# ---- limits ----


@pytest.mark.conf(imap={"max_mailboxes": 10})
def test_there_are_only_so_many_mailboxes(fresh_server):
    with fresh_server.imap(fresh_server.new_account()) as talk:
        for name in ("a", "b", "c/d"):
            assert ask(talk, f"CREATE {name}").status == "OK", name
        answers = ask(talk, "CREATE one")
        assert answers.status == "NO" and answers.text.startswith("[LIMIT] ")
        # The levels above count, and nothing of them stays.
        assert ask(talk, "DELETE b").status == "OK"
        assert ask(talk, "CREATE x/y").text.startswith("[LIMIT] ")
        assert ask(talk, 'LIST "" x*').untagged == []
        assert ask(talk, "RENAME a p/a").status == "OK"
        assert ask(talk, "RENAME p/a q/r/a").text.startswith("[LIMIT] ")
        assert ask(talk, "RENAME p/a a").status == "OK"
        # INBOX stays when it is renamed.
        assert ask(talk, "RENAME INBOX old").text.startswith("[LIMIT] ")


@pytest.mark.conf(imap={"max_mailboxes": 10})
def test_there_are_only_so_many_subscriptions(fresh_server):
    with fresh_server.imap(fresh_server.new_account()) as talk:
        before = len(ask(talk, 'LSUB "" *').untagged)
        for number in range(10 - before):
            assert ask(talk, f"SUBSCRIBE none{number}").status == "OK"
        assert ask(talk, "SUBSCRIBE more").text.startswith("[LIMIT] ")
        assert ask(talk, "SUBSCRIBE none0").status == "OK"
        assert ask(talk, "UNSUBSCRIBE none0").status == "OK"
        assert ask(talk, "SUBSCRIBE more").status == "OK"


@pytest.mark.conf(imap={"max_mailbox_levels": 3, "max_mailbox_name": 64})
def test_names_have_only_so_many_levels_and_octets(fresh_server):
    with fresh_server.imap(fresh_server.new_account()) as talk:
        assert ask(talk, "CREATE a/b/c").status == "OK"
        assert ask(talk, "CREATE a/b/c/").text == "[ALREADYEXISTS] It exists already"
        assert ask(talk, "CREATE a/b/c/d").text.startswith("[LIMIT] ")
        assert ask(talk, "CREATE " + "n" * 64).status == "OK"
        assert ask(talk, "CREATE " + "n" * 65).text.startswith("[LIMIT] ")
        assert ask(talk, "RENAME a z/a").text.startswith("[LIMIT] ")
        assert ask(talk, f"RENAME a {'z' * 62}").text.startswith("[LIMIT] ")
        assert ask(talk, f"RENAME a {'z' * 60}").status == "OK"
        # Nobody has such a mailbox: whoever asks is told so.
        assert ask(talk, "SELECT " + "n" * 3000).text.startswith("[NONEXISTENT] ")
        assert ask(talk, "STATUS " + "n" * 3000 + " (MESSAGES)").text.startswith("[NONEXISTENT] ")
        assert ask(talk, "SUBSCRIBE " + "n" * 3000).text.startswith("[LIMIT] ")


IMPOSSIBLE = ["R&D", "a&b", "&AGE-", "&AOQ", "&2D0-"]


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_is_no_modified_utf7_is_no_mailbox(server, name):
    """RFC 3501 9 lets it pass, so it is no mistake of grammar; RFC 9051 6.3.9: LIST passes over it."""
    with server.imap(server.new_account()) as talk:
        for command in (f"SELECT {name}", f"CREATE {name}", f"STATUS {name} (MESSAGES)", f"APPEND {name} {{3+}}\r\nabc"):
            assert ask(talk, command).text.startswith("[CANNOT] ")
        for command in (f'LIST "" {name}', f'LIST "" "*{name}"', f"LIST {name} *", f'LIST {name} ""', f'LSUB "" {name}'):
            answers = ask(talk, command)
            assert answers.status == "OK" and not answers.untagged
        found = ask(talk, f'LIST "" ({name} INBOX)')
        assert found.status == "OK" and [words[-1] for words in found.untagged] == ["INBOX"]
