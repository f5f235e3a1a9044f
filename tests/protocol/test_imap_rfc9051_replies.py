"""RFC 9051's examples of 7.1, response codes, and of the untagged replies."""

import pytest

from imap_answer import ask
from rfc_example import bare, example, fill, mail, make, rev2


@pytest.fixture
def talk(server):
    with rev2(server) as talk:
        yield talk


# ---- before login ----


def greeted(server, service="imaps"):
    talk = server.connect(service)
    talk.expect("* OK ...")
    return talk


@example("7.1", "b")
@example("7.1", "e d a", differs="no account is closed or expires; a disabled one is not told apart")
def test_a_login_that_is_refused(fresh_server):
    server = fresh_server
    server.add_account("fred", "foo")
    with greeted(server) as talk:
        talk.says('C: e login "fred" "foo"\nS: e OK ...')
    server.ctl("account", "disable", "fred@example.org")
    with greeted(server) as talk:
        talk.says(
            """
            C: b LOGIN "fred" "foo"
            S: b NO [AUTHENTICATIONFAILED] ...
            C: d login "fred" "foo"
            S: d NO [AUTHENTICATIONFAILED] ...
            C: a LOGIN "fred" "foo"
            S: a NO [AUTHENTICATIONFAILED] ...
            """
        )


@example("7.1", "c1 c2", differs="an identity to act as that is not one's own fails like a wrong password")
def test_to_act_as_another(server):
    other = server.auth_plain("alice", authzid="bob")
    with greeted(server) as talk:
        for tag in ("C: c1 AUTHENTICATE PLAIN", "C: c2 AUTHENTICATE PLAIN"):
            talk.says(tag).expect("+ ")
            talk.says(f"C: {other}").expect(tag.split()[1] + " NO [AUTH<kind>] ...")
        assert talk.words["kind"] in ("ENTICATIONFAILED", "ORIZATIONFAILED")


@example("7.1", "d d", differs="select is not possible before login at all")
@pytest.mark.conf(auth={"allow_plaintext_loopback": False})
def test_no_privacy(fresh_server):
    with greeted(fresh_server, "imap") as talk:
        talk.says(
            """
            C: d login "fred" "foo"
            S: d NO [PRIVACYREQUIRED] ...
            C: d select inbox
            S: d BAD ...
            """
        )


# ---- mailboxes ----


@example("7.1", "o356")
@example("7.1", "p")
@example("7.1", "l")
def test_names_that_are_refused(talk):
    make(talk, "this", "that")
    talk.says(
        """
        C: o356 RENAME this that
        S: o356 NO [ALREADYEXISTS] ...
        C: x DELETE this
        S: x OK ...
        C: p RENAME this that
        S: p NO [NONEXISTENT] ...
        C: l create "///////"
        S: l NO [CANNOT] ...
        """
    )


PROJECT = "/archive/projects/experiment-iv"


@example("7.1", "k1 k2", differs="STATUS of the selected mailbox is answered like any other")
@example("7.1", "i g f j", differs="one's own mailboxes are sound, unlocked and permitted")
def test_the_experiment(server):
    with bare(server) as talk:
        name = PROJECT.removeprefix("/")
        make(talk, name)
        talk.says(f'C: k1 select "{name}"').until("k1 OK [READ-WRITE] ...")
        talk.says(f'C: k2 status "{name}" (messages)')
        talk.says(f"S: * STATUS {name} (MESSAGES 0)\nS: k2 OK ...")
        for command in ("i select", "f select", "j select"):
            talk.says(f'C: {command} "{PROJECT}"').until(f"{command[0]} NO [NONEXISTENT] ...")
        with rev2(server, "alice") as other:
            ask(other, "NOOP")
        # A mailbox that is selected, here by the session itself, may be deleted.
        talk.says(f'C: s select "{name}"').until("s OK ...")
        talk.says(f'C: g delete "{name}"').until("g OK ...")


@example("7.1", "m356", differs="a parent may be deleted; what is below it stays")
def test_delete_of_a_mailbox_with_children(talk):
    make(talk, "Notes", "Notes/2026")
    talk.says(
        """
        C: m356 DELETE Notes
        S: m356 OK ...
        C: n DELETE Notes
        S: n NO [HASCHILDREN] ...
        """
    )


# ---- messages ----


@example("7.1", "h")
def test_what_others_expunge_while_one_searches(server):
    user = server.new_account()
    with rev2(server, user) as talk, rev2(server, user) as other:
        maria = mail(**{"from": "maria@example.com"})
        wanted = {1, 2, 3, 5, 8, 13, 21, 42}
        fill(talk, "INBOX", [maria if n in wanted else mail() for n in range(1, 43)])
        ask(talk, "SELECT INBOX")
        ask(other, "SELECT INBOX")
        ask(other, r"STORE 4 +FLAGS.SILENT \Deleted")
        ask(other, "EXPUNGE")
        talk.says("C: h search from maria@example.com")
        # The flag of the fourth may be told first; that it has gone may not.
        talk.until('* ESEARCH (TAG "h") ALL 1:3,5,8,13,21,42')
        talk.until("h OK ...")
        assert not [line for line in talk.seen if "EXPUNGE" in line and line.startswith("S: * ")]
        talk.says("C: n NOOP").until("* 4 EXPUNGE").until("n OK ...")


@example("7.1", "m")
def test_too_many_flags(talk):
    fill(talk, "INBOX", [mail()] * 42)
    ask(talk, "SELECT INBOX")
    flags = " ".join(f"f{n}" for n in range(1, 251))
    talk.says(f"C: m STORE 42 FLAGS {flags}").until("m NO [LIMIT] ...")
    assert ask(talk, "FETCH 42 FLAGS").fetched[42]["FLAGS"] == []


@example("7.1", "n1 n2", differs="there is no soft quota")
def test_a_copy_over_quota(fresh_server):
    server = fresh_server
    user = server.new_account()
    with rev2(server, user) as talk:
        make(talk, "oldmail")
        fill(talk, "INBOX", [mail("x" * 3000)] * 2)
        ask(talk, "SELECT INBOX")
        server.ctl("account", "quota", f"{user}@example.org", "10K")
        talk.says(
            """
            C: n2 uid copy 1:* oldmail
            S: n2 NO [OVERQUOTA] ...
            C: n1 uid copy 1:* oldmail
            S: n1 NO [OVERQUOTA] ...
            C: st STATUS oldmail (MESSAGES)
            S: * STATUS oldmail (MESSAGES 0)
            S: st OK ...
            """
        )


# ---- 7.1.1 to 7.1.3 ----


@example("7.1.1", "A001", differs="no account fred; there is no alert")
def test_login_of_one_who_is_not_there(server):
    with greeted(server) as talk:
        talk.says("C: A001 LOGIN fred blurdybloop\nS: A001 NO [AUTHENTICATIONFAILED] ...")


@example("7.1.2", "A222 A223", differs="the disk has room: the second names messages that are not there")
def test_copies(talk):
    make(talk, "owatagusiam", "blurdybloop")
    fill(talk, "INBOX", [mail()] * 3)
    ask(talk, "SELECT INBOX")
    talk.says(
        """
        C: A222 COPY 1:2 owatagusiam
        S: A222 OK [COPYUID ...
        C: A223 COPY 3:200 blurdybloop
        S: A223 BAD ...
        """
    )


@example("7.1.3", "A443", differs="an empty line is passed over: some clients send one too many")
def test_what_has_no_tag_is_refused_without_one(talk):
    ask(talk, "SELECT INBOX")
    talk.send(b"(" + b"x" * 200000 + b"\r\n").expect("* BAD ...")
    talk.send(b"\r\n").says("C: A443 EXPUNGE\nS: A443 OK ...")
