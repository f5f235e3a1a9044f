"""What is done for known mail programs: `mailserverctl quirks`, each row as its program speaks."""

import re

import pytest

FOLDERS = ("R&-D", "Entw&APw-rfe", "Plain")


@pytest.fixture
def user(server):
    """An account with the mailboxes R&D, Entwürfe and Plain."""
    name = server.new_account()
    with server.imap(name) as talk:
        for folder in FOLDERS:
            talk.says(f'C: c CREATE "{folder}"').until("c OK ...")
            talk.says(f'C: c SUBSCRIBE "{folder}"').until("c OK ...")
    return name


def logged_in(server, user):
    """As K-9 does it: tags are the numbers of the commands, and the login is the first."""
    talk = server.connect("imaps")
    talk.expect("* OK [CAPABILITY ...")
    talk.says("C: 1 AUTHENTICATE PLAIN").expect("+ ")
    talk.send_line(server.auth_plain(user))
    talk.expect("1 OK [CAPABILITY ...")
    return talk


def session_of(server, user):
    """What session show says of the user's only session; one that was left may have to end first."""

    def only():
        lines = server.ctl("session", "list").splitlines()
        names = [line.split("\t")[0] for line in lines if f"\t{user}@" in line]
        return names[0] if len(names) == 1 else None

    return server.ctl("session", "show", server.wait_for(only, "to have one session of the user"))


def test_quirks_lists_every_client_with_its_reason(server):
    text = server.ctl("quirks")
    assert re.findall(r"^(\S+)$", text, re.M) == ["k-9", "thunderbird", "apple-mail", "outlook"]
    for word in ("recognised", "done for", "change", "reason"):
        assert len(re.findall(rf"^  {word}: +\S", text, re.M)) == 4


# ---- k-9 ----

K9_IDS = [
    ("K-9 Mail", "6.804"),
    ("K-9 Mail", "12.0"),
    ("Thunderbird for Android", "17.0"),
    ("Thunderbird", "8.2"),
    ("Thunderbird", "12.0b1"),
]


@pytest.mark.parametrize("name,version", K9_IDS)
def test_k9_keeps_modified_utf7_whatever_it_enables(server, user, name, version):
    with logged_in(server, user) as talk:
        talk.says(
            f"""
            C: 2 ID ("name" "{name}" "version" "{version}")
            S: * ID ("name" "mailserver" ...
            S: 2 OK ...
            C: 3 ENABLE UTF8=ACCEPT
            S: * ENABLED
            S: 3 OK ...
            C: 4 LIST "" "*rfe"
            S: * LIST (\\HasNoChildren) "/" Entw&APw-rfe
            S: 4 OK ...
            """
        )
        talk.says('C: 5 SELECT "Entw&APw-rfe"').until("5 OK ...")
        talk.says('C: 6 SELECT "R&-D"').until("6 OK ...")
        assert "client k-9" in session_of(server, user)


def test_k9_that_says_no_id_is_known_by_its_tags(server, user):
    with logged_in(server, user) as talk:
        talk.says("C: 2 ENABLE UTF8=ACCEPT\nS: * ENABLED\nS: 2 OK ...")
        assert "client k-9" in session_of(server, user)
        talk.says('C: 3 SELECT "Entw&APw-rfe"').until("3 OK ...")


@pytest.mark.parametrize("tag", ["a2", "3", "2a", "99999999999999999999"])
def test_other_tags_are_not_those_of_k9(server, user, tag):
    with logged_in(server, user) as talk:
        talk.says(f"C: {tag} ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: {tag} OK ...")
        assert "client" not in session_of(server, user)


@pytest.mark.parametrize("what", ["IMAP4rev2", "IMAP4rev2 UTF8=ACCEPT"])
def test_who_asks_for_rev2_is_not_k9(server, user, what):
    with logged_in(server, user) as talk:
        talk.says(f"C: 2 ENABLE {what}\nS: * ENABLED {what}\nS: 2 OK ...")


def test_who_says_another_id_is_not_k9(server, user):
    with logged_in(server, user) as talk:
        talk.says('C: 2 ID ("name" "Somebody")').until("2 OK ...")
        talk.says("C: 3 ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: 3 OK ...")


def test_what_was_said_before_starttls_is_forgotten(server, user):
    with server.connect("imap") as talk:
        talk.expect("* OK [CAPABILITY ...")
        talk.says('C: a ID ("name" "K-9 Mail" "version" "6.8")').until("a OK ...")
        talk.says("C: b STARTTLS").until("b OK ...").starttls()
        talk.says(f'C: c LOGIN {user} "{server.passwords[user]}"').until("c OK ...")
        talk.says("C: d ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: d OK ...")


@pytest.mark.conf(imap={"client_profiles": False})
def test_profiles_can_be_switched_off(fresh_server):
    with logged_in(fresh_server, "alice") as talk:
        talk.says('C: 2 ID ("name" "K-9 Mail" "version" "6.8")').until("2 OK ...")
        talk.says("C: 3 ENABLE UTF8=ACCEPT\nS: * ENABLED UTF8=ACCEPT\nS: 3 OK ...")
        assert "client" not in session_of(fresh_server, "alice")


# ---- thunderbird ----


def test_thunderbird_sends_an_ampersand_as_it_is(server, user):
    with logged_in(server, user) as talk:
        talk.says(
            """
            C: 48 ID ("name" "Thunderbird" "version" "153.7.0")
            S: * ID ("name" "mailserver" ...
            S: 48 OK ...
            C: 49 ENABLE UTF8=ACCEPT
            S: * ENABLED UTF8=ACCEPT
            S: 49 OK ...
            C: 50 list "" "R%"
            S: * LIST (\\HasNoChildren) "/" R&D
            S: 50 OK ...
            """
        )
        talk.says('C: 51 select "R&D"').until("51 OK ...")
        talk.says('C: 52 select "Entwürfe"').until("52 OK ...")
        talk.says('C: 53 create "A&APw-B"').until("53 OK ...")
        talk.says('C: 54 list "" "A&*"\nS: * LIST (\\HasNoChildren) "/" A&APw-B\nS: 54 OK ...')
        assert "client thunderbird" in session_of(server, user)
    with server.imap(user) as other:
        other.says('C: a LIST "" "A&-*"\nS: * LIST (\\HasNoChildren) "/" A&-APw-B\nS: a OK ...')


# ---- apple-mail ----

APPLE_IDS = ["Mac OS X Mail", "iPhone Mail", "iPad Mail", "com.apple.email.maild"]


@pytest.mark.parametrize("name", APPLE_IDS)
def test_apple_mail_finds_plain_first_and_special_uses_unasked(server, user, name):
    with server.connect("imaps") as talk:
        greeting = talk.expect("* OK [CAPABILITY ...")
        assert re.findall(r"AUTH=([\w-]+)", greeting)[0] == "PLAIN"
        talk.says(
            f"""
            C: 1.4 ID ("name" "{name}" "version" "16.0" "os" "iOS" "vendor" "Apple Inc.")
            S: * ID ("name" "mailserver")
            S: 1.4 OK ...
            C: 2.4 AUTHENTICATE PLAIN
            S: +...
            C: {server.auth_plain(user)}
            S: 2.4 OK [CAPABILITY ...
            C: 3.4 LIST "" "%"
            S* * LIST (\\HasNoChildren) "/" INBOX
            S* * LIST (\\HasNoChildren \\Archive) "/" Archive
            S* * LIST (\\HasNoChildren \\Drafts) "/" Drafts
            S* * LIST (\\HasNoChildren \\Junk) "/" Junk
            S* * LIST (\\HasNoChildren \\Sent) "/" Sent
            S* * LIST (\\HasNoChildren \\Trash) "/" Trash
            S* * LIST (\\HasNoChildren) "/" Entw&APw-rfe
            S* * LIST (\\HasNoChildren) "/" Plain
            S* * LIST (\\HasNoChildren) "/" R&-D
            S: 3.4 OK ...
            """
        )
        assert "client apple-mail" in session_of(server, user)


def test_an_empty_line_before_a_command_is_no_command(server, user):
    with server.imap(user) as talk:
        talk.says("C: B40 SELECT INBOX").until("B40 OK ...")
        for _ in range(50):
            talk.send(b"\r\n\n\r\n")
        talk.says("C: B41 UID MOVE 475 Trash\nS: B41 OK ...")


# ---- outlook ----


def test_outlook_finds_special_uses_in_lsub(server, user):
    with server.imap(user) as talk:
        talk.says(
            """
            C: x1 LSUB "" "*"
            S* * LSUB (\\HasNoChildren) "/" INBOX
            S* * LSUB (\\HasNoChildren \\Archive) "/" Archive
            S* * LSUB (\\HasNoChildren \\Drafts) "/" Drafts
            S* * LSUB (\\HasNoChildren \\Junk) "/" Junk
            S* * LSUB (\\HasNoChildren \\Sent) "/" Sent
            S* * LSUB (\\HasNoChildren \\Trash) "/" Trash
            S* * LSUB (\\HasNoChildren) "/" Entw&APw-rfe
            S* * LSUB (\\HasNoChildren) "/" Plain
            S* * LSUB (\\HasNoChildren) "/" R&-D
            S: x1 OK ...
            """
        )
