"""OBJECTID: RFC 8474. Names of mailboxes, messages and threads that stay."""

import re

import pytest

from imap_answer import ask
from rfc_example import example

OBJECT_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,254}")
DATE = "20-Mar-2018 03:07:37 +1100"


def message(subject, message_id, references=""):
    return (
        f"From: Alice <alice@example.com>\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
        + (f"References: <{references}>\r\n" if references else "")
        + "\r\nText.\r\n"
    ).encode()


A = message("Message A", "fake.1521475657.54797@example.com")
B = message("Re: Message A", "fake.1521475657.21213@example.org", "fake.1521475657.54797@example.com")
C = message("Message C", "fake.1521475657.60280@example.com")


def append(talk, mailbox, octets, date=DATE):
    date = f'"{date}" ' if date else ""
    talk.send_line(f"a APPEND {mailbox} {date}{{{len(octets)}+}}")
    talk.send(octets + b"\r\n")
    talk.until("a OK [APPENDUID ...")


def ids(talk, what="1:*", uid=""):
    """[(EMAILID, THREADID)] of the messages."""
    out = []
    talk.send_line(f"f {uid}FETCH {what} (EMAILID THREADID)")
    while not (line := talk.expect("...")).startswith("f OK"):
        found = re.fullmatch(r"\* \d+ FETCH \((?:UID \d+ )?EMAILID \((\S+)\) THREADID \((\S+)\)\)", line)
        assert found and all(OBJECT_ID.fullmatch(name) for name in found.groups()), line
        out.append(found.groups())
    return out


def status(talk, mailbox):
    line = talk.says(f"C: s STATUS {mailbox} (MAILBOXID)").expect("* STATUS ...")
    talk.expect("s OK ...")
    name = re.fullmatch(r"\* STATUS \S+ \(MAILBOXID \((\S+)\)\)", line)[1]
    assert OBJECT_ID.fullmatch(name)
    return name


def search(talk, keys):
    line = talk.says(f"C: s SEARCH {keys}").expect("* SEARCH...")
    talk.expect("s OK ...")
    return [int(number) for number in line.split()[2:]]


@pytest.fixture
def user(server):
    return server.new_account()


# ---- the examples of RFC 8474 ----


@example("8474 4.1", "3 4 5")
@example("8474 4.2", "27")
@example("8474 4.3", "6 7 8 9 10 11")
def test_the_examples_of_mailboxes(server, user):
    with server.imap(user) as talk:
        assert "OBJECTID" in talk.says("C: c CAPABILITY").expect("* CAPABILITY ...").split()
        talk.expect("c OK ...")
        talk.says(
            """
            C: 3 create foo
            S: 3 OK [MAILBOXID (<foo>)] ...
            C: 4 create bar
            S: 4 OK [MAILBOXID (<bar>)] ...
            C: 5 create foo
            S: 5 NO [ALREADYEXISTS] ...
            C: 27 select "foo"
            """
        ).until("* OK [MAILBOXID (<foo>)] ...").until("27 OK [READ-WRITE] ...")
        talk.says(
            """
            C: 6 status foo (mailboxid)
            S: * STATUS foo (MAILBOXID (<foo>))
            S: 6 OK ...
            C: 7 status bar (mailboxid)
            S: * STATUS bar (MAILBOXID (<bar>))
            S: 7 OK ...
            C: 8 rename foo renamed
            S: 8 OK ...
            C: 9 status renamed (mailboxid)
            S: * STATUS renamed (MAILBOXID (<foo>))
            S: 9 OK ...
            C: 10 status bar (mailboxid)
            S: * STATUS bar (MAILBOXID (<bar>))
            S: 10 OK ...
            C: 11 list "" (bar renamed) return (status (mailboxid))
            S: * LIST (...) "/" bar
            S: * STATUS bar (MAILBOXID (<bar>))
            S: * LIST (...) "/" renamed
            S: * STATUS renamed (MAILBOXID (<foo>))
            S: 11 OK ...
            """
        )
        assert talk.words["foo"] != talk.words["bar"]


def names(answers):
    """What a FETCH told: [(EMAILID, THREADID)]."""
    assert answers.status == "OK", answers.text
    return [(v["EMAILID"][0], v["THREADID"][0]) for _, v in sorted(answers.fetched.items())]


@example("8474 5.3", "5 11 17 22 23 24 25 26")
@example("8474 6", "27 28")
def test_the_examples_of_messages_and_threads(server, user):
    with server.imap(user) as talk:
        ask(talk, "CREATE foo")
        for tag, octets in (("5", A), ("11", B), ("17", C)):
            talk.says(f'C: {tag} append inbox "{DATE}" {{{len(octets)}}}').expect("+ ...")
            talk.send(octets + b"\r\n").expect(f"{tag} OK [APPENDUID <validity> ...] ...")
        ask(talk, "SELECT INBOX")
        (a, thread), (b, same), (c, other) = names(ask(talk, "fetch 1:* (emailid threadid)", tag="22"))
        assert thread == same != other
        assert len({a, b, c, thread, other}) == 5
        talk.says(
            f"""
            C: 27 search emailid {a}
            S: * SEARCH 1
            S: 27 OK ...
            C: 28 search threadid {thread}
            S: * SEARCH 1 2
            S: 28 OK ...
            C: 23 move 2 foo
            S: * OK [COPYUID <foo> 2 1] ...
            S: * 2 EXPUNGE
            S: 23 OK ...
            """
        )
        assert names(ask(talk, "fetch 1:* (emailid threadid)", tag="24")) == [(a, thread), (c, other)]
        talk.says('C: 25 select "foo"').until("25 OK [READ-WRITE] ...")
        assert names(ask(talk, "fetch 1:* (emailid threadid)", tag="26")) == [(b, thread)]


# ---- mailboxes ----


def test_examine_tells_it_too(server, user):
    with server.imap(user) as talk:
        name = status(talk, "INBOX")
        talk.says("C: a EXAMINE INBOX").until(f"* OK [MAILBOXID ({name})] ...").until("a OK ...")


def test_renaming_inbox_moves_its_messages_into_another_mailbox(server, user):
    with server.imap(user) as talk:
        append(talk, "INBOX", A)
        inbox = status(talk, "INBOX")
        talk.says("C: e EXAMINE INBOX").until("e OK ...")
        (before,) = ids(talk)
        talk.says("C: c CLOSE").until("c OK ...")
        talk.says("C: r RENAME INBOX old").until("r OK ...")
        assert status(talk, "INBOX") == inbox
        assert status(talk, "old") != inbox
        talk.says("C: e EXAMINE old").until("e OK ...")
        assert ids(talk) == [before]


def test_a_name_that_comes_back_is_another_mailbox(server, user):
    with server.imap(user) as talk:
        names = set()
        for _ in range(3):
            talk.says("C: c CREATE again").expect("c OK [MAILBOXID (...)] ...")
            names.add(status(talk, "again"))
            talk.says("C: d DELETE again").until("d OK ...")
        assert len(names) == 3


def test_names_differ_between_all_mailboxes_and_stay_over_a_restart(fresh_server):
    def all_of():
        out = {}
        for user in ("alice", "bob"):
            with fresh_server.imap(user) as talk:
                for words in ask(talk, 'LIST "" * RETURN (STATUS (MAILBOXID))').untagged:
                    if words[0] == "STATUS":
                        out[user, words[1]] = words[2][1][0]
        return out

    before = all_of()
    assert len(before) > 8 and len(set(before.values())) == len(before)
    fresh_server.restart()
    assert all_of() == before


# ---- messages ----


def test_copies_have_the_name_of_their_source_over_a_restart(fresh_server):
    with fresh_server.imap("alice") as talk:
        append(talk, "INBOX", A)
        fresh_server.deliver("alice", "plain.eml")
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says(r"C: c COPY 1:2 Archive").until("c OK [COPYUID ...")
        talk.says(r"C: k STORE 1 +FLAGS (\Flagged Work)").until("k OK ...")
        before = ids(talk)
    fresh_server.restart()
    with fresh_server.imap("alice") as talk:
        for mailbox in ("INBOX", "Archive"):
            talk.says(f"C: s EXAMINE {mailbox}").until("s OK ...")
            assert ids(talk) == before
            assert ids(talk, "1:*", "UID ") == before


DIFFERENT = {
    "other octets": (A, DATE, C, DATE),
    "another internal date": (A, DATE, A, "20-Mar-2018 03:07:38 +1100"),
}


@pytest.mark.parametrize("first,date,second,other_date", DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_in_what_stays_has_another_name(server, user, first, date, second, other_date):
    with server.imap(user) as talk:
        append(talk, "INBOX", first, date)
        append(talk, "INBOX", second, other_date)
        talk.says("C: s SELECT INBOX").until("s OK ...")
        (one, _), (two, _) = ids(talk)
        assert one != two


def test_the_trace_of_a_delivery_is_part_of_it(server, user):
    """One message to two people shares its content, but not what stands before it."""
    with server.imap(user) as talk:
        server.deliver(user, A, sender="one@example.net")
        server.deliver(user, A, sender="two@example.net")
        talk.says("C: s SELECT INBOX").until("s OK ...")
        (one, thread), (two, same) = ids(talk)
        assert one != two and thread == same


def test_the_same_message_may_have_the_same_name_and_has_the_same_thread(server, user):
    with server.imap(user) as talk:
        for _ in range(2):
            append(talk, "INBOX", A)
        talk.says("C: s SELECT INBOX").until("s OK ...")
        one, two = ids(talk)
        assert one == two


def test_a_name_is_not_used_again_for_other_mail(server, user):
    with server.imap(user) as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        seen = set()
        for number in range(5):
            append(talk, "INBOX", message(f"number {number}", f"{number}@example.net"))
            talk.says("C: n NOOP").until("n OK ...")
            (name,) = ids(talk)
            assert name[0] not in seen and name[1] not in seen
            seen.update(name)
            talk.says(r"C: d STORE 1 +FLAGS.SILENT (\Deleted)").until("d OK ...")
            talk.says("C: e EXPUNGE").until("e OK ...")


# ---- search ----


def test_searches_that_match_nothing_and_several(server, user):
    with server.imap(user) as talk:
        for octets in (A, B, C):
            append(talk, "INBOX", octets)
        talk.says("C: s SELECT INBOX").until("s OK ...")
        (a, thread), (_, _), (c, other) = ids(talk)
        assert search(talk, f"OR EMAILID {a} EMAILID {c}") == [1, 3]
        assert search(talk, f"NOT THREADID {thread}") == [3]
        assert search(talk, f"THREADID {other} SUBJECT message") == [3]
        for wrong in (a.upper(), thread, "M", a + "0", a[1:], "nil", "-", "x" * 255):
            assert search(talk, f"EMAILID {wrong}") == []
        for wrong in (thread.upper(), a, "T", thread + "0", thread[:-1], "Tffffffffffffffff", "nil"):
            assert search(talk, f"THREADID {wrong}") == []


@pytest.mark.parametrize("keys", ["EMAILID", "EMAILID ", 'EMAILID "M1"', "THREADID T.1", "EMAILID " + "x" * 256])
def test_what_is_no_object_id_is_refused(server, keys):
    with server.imap("alice") as talk:
        talk.says("C: s EXAMINE INBOX").until("s OK ...")
        talk.says(f"C: a SEARCH {keys}").expect("a BAD SEARCH wants ...")


@pytest.mark.parametrize("item", ["EMAILID (M1)", "EMAILIDS", "(EMAILID THREADID", "THREADID[]"])
def test_what_is_no_item_is_refused(server, item):
    with server.imap("alice") as talk:
        talk.says("C: s EXAMINE INBOX").until("s OK ...")
        talk.says(f"C: a FETCH 1:* {item}").expect("a BAD ...")
