"""Clients that do not wait: the same answers, in order, however the octets come. RFC 9051 5.5.

A dialogue is said three times to accounts alike: waiting for each reply, all in
one write, and each octet alone. The three transcripts must be the same.
"""

import re

import pytest

from imap_answer import ask, read_response, take
from server import eml

MESSAGES = ("plain.eml", "multipart.eml", "eightbit.eml", "nested.eml")
DRAFT = b"From: me@example.org\r\nSubject: a draft\r\n\r\nnot yet sent\r\n"

# A phone's synchronising: folders, new mail, structure, parts, flags, all with UIDs.
PHONE = [
    b'ID ("name" "a phone" "version" "6.1")',
    b"CAPABILITY",
    b"NAMESPACE",
    b'LIST "" "*"',
    b'LSUB "" "*"',
    b"SELECT INBOX",
    b"UID SEARCH 1:* NOT DELETED",
    b"UID FETCH 1:4 (UID FLAGS INTERNALDATE RFC822.SIZE"
    b" BODY.PEEK[HEADER.FIELDS (date subject from content-type to cc reply-to message-id)])",
    b"UID FETCH 2 (UID BODYSTRUCTURE)",
    b"UID FETCH 2 (UID BODY.PEEK[1]<0.20>)",
    b"UID FETCH 1,3 (UID BODY.PEEK[])",
    rb"UID STORE 1,3 +FLAGS (\Seen)",
    b"UID FETCH 1:* (UID FLAGS)",
    b"UID COPY 4 Archive",
    rb"UID STORE 4 +FLAGS (\Deleted)",
    b"UID EXPUNGE 4",
    b"UID SEARCH ALL",
    b"CLOSE",
]
# A desktop's: special folders by name, a draft that is appended and replaced, moves.
DESKTOP = [
    b'LSUB "" "*"',
    b'LIST "" "Drafts"',
    b"STATUS Drafts (UNSEEN MESSAGES)",
    rb"APPEND Drafts (\Seen \Draft) {%d+}" % len(DRAFT) + b"\r\n" + DRAFT,
    b"SELECT Drafts",
    rb"UID STORE 1 +FLAGS.SILENT (\Deleted)",
    rb"APPEND Drafts (\Seen \Draft) {%d+}" % len(DRAFT) + b"\r\n" + DRAFT,
    b"EXPUNGE",
    b"FETCH 1 (UID FLAGS ENVELOPE)",
    b"SELECT INBOX",
    b"FETCH 1:* (UID FLAGS)",
    b"UID MOVE 1:2 Trash",
    b"STATUS Trash (MESSAGES)",
    b"FETCH 1:* (UID BODY.PEEK[TEXT])",
    b"CREATE {7+}\r\nProject",
    b"UID COPY 3 {7+}\r\nProject",
    b"RENAME Project Projects/One",
    b"STATUS Projects/One (MESSAGES)",
    b"DELETE Projects/One",
    b"NOOP",
]
# With mistakes in between: those behind them are carried out all the same.
MISTAKEN = [
    b"FETCH 1 FLAGS",
    b"SELECT Nowhere",
    b"NONSENSE {5+}\r\n12345 more",
    b"SELECT INBOX",
    b"FETCH 9 FLAGS",
    b"FETCH 1 (FLAGS",
    b"APPEND Nowhere {%d+}" % len(DRAFT) + b"\r\n" + DRAFT,
    b"SEARCH TEXT {300000+}\r\n" + b"y" * 300000,
    b"SEARCH CHARSET X-NONE ALL",
    rb"STORE 1 +FLAGS (\Recent)",
    rb"STORE 1 +FLAGS (\Flagged)",
    b"SEARCH FLAGGED",
    b"UNSELECT",
    b"LOGOUT",
]


def tagged(commands):
    return [(f"t{n}".encode(), b"t%d %s\r\n" % (n, command)) for n, command in enumerate(commands)]


def alike(octets):
    """Without what differs between two accounts that were treated alike."""
    octets = re.sub(rb"(UIDVALIDITY|APPENDUID|COPYUID) \d+", rb"\1 N", octets)
    octets = re.sub(rb"(MAILBOXID|EMAILID|THREADID) \([^)]*\)", rb"\1 I", octets)
    octets = re.sub(rb'INTERNALDATE "[^"]*"', b"INTERNALDATE D", octets)
    # The trace of a delivery: its queue id and its date.
    octets = re.sub(rb"Received: .*?\r\n(?![ \t])", b"Received: R\r\n", octets, flags=re.S)
    octets = re.sub(rb"(Delivered-To:|for|<)[ <]*user\d+@", rb"\1 U@", octets)
    # Sizes follow the trace.
    return re.sub(rb"RFC822.SIZE \d+|\{\d+\}", b"SIZE", octets)


def replies(talk, tags):
    """All responses up to the last tag's."""
    out, left = [], list(tags)
    while left:
        octets = read_response(talk)
        talk.seen.append("S: " + repr(octets[:100]))
        out.append(alike(octets))
        if not octets.startswith((b"* ", b"+ ")):
            assert octets.startswith(left.pop(0) + b" "), f"out of order: {octets[:80]}\n{talk}"
    return out


def account(server):
    user = server.new_account()
    with server.smtp() as smtp:
        for name in MESSAGES:
            server.deliver(user, name, talk=smtp)
    return server.imap(user)


def one_by_one(talk, lines):
    out = []
    for tag, line in lines:
        talk.send(line)
        out += replies(talk, [tag])
    return out


def at_once(talk, lines):
    talk.send(b"".join(line for _, line in lines))
    return replies(talk, [tag for tag, _ in lines])


@pytest.fixture(scope="module")
def shared_server(module_servers):
    return module_servers(imap={"max_errors": 100})


@pytest.mark.parametrize(
    "commands", [PHONE, DESKTOP, MISTAKEN], ids=["a phone", "a desktop", "mistakes"]
)
def test_the_same_is_answered_however_it_is_sent(server, commands):
    lines = tagged(commands)
    with account(server) as waiting, account(server) as hasty:
        wanted = one_by_one(waiting, lines)
        assert at_once(hasty, lines) == wanted
    # 300,000 octets one at a time would prove nothing more than 300.
    if all(len(line) < 1000 for _, line in lines):
        with account(server) as drip:
            drip.split = True
            assert at_once(drip, lines) == wanted


def test_the_phone_saw_what_it_asked_for(server):
    """That the transcripts above say something at all."""
    with account(server) as talk:
        got = b"".join(at_once(talk, tagged(PHONE)))
        for wanted in (b"* 4 EXISTS", b"BODYSTRUCTURE (", b"COPYUID N 4 1", b"* 4 EXPUNGE", b"t17 OK "):
            assert wanted in got, talk
        assert not re.search(rb"^t\d+ (NO|BAD)", got, re.M), talk


# ---- what is ambiguous ----


def test_a_command_sees_what_those_before_it_did(server):
    with account(server) as talk:
        ask(talk, "SELECT INBOX")
        talk.send(
            rb"a STORE 2 +FLAGS.SILENT (\Deleted)"
            b"\r\nb EXPUNGE\r\nc FETCH 2 UID\r\nd STORE 1:* FLAGS.SILENT (kept)\r\n"
            b"e SEARCH RETURN (SAVE) KEYWORD kept\r\nf UID FETCH $ (FLAGS)\r\n"
            b"g COPY 1:* INBOX\r\nh FETCH 4:* UID\r\n"
        )
        assert take(talk, "a").status == "OK"
        assert take(talk, "b").numbers("EXPUNGE") == [2]
        assert take(talk, "c").fetched == {2: {"UID": "3"}}
        assert take(talk, "d").status == "OK"
        assert take(talk, "e").status == "OK"
        found = take(talk, "f").fetched
        assert sorted(found) == [1, 2, 3] and all("kept" in v["FLAGS"] for v in found.values())
        assert "COPYUID" in take(talk, "g").text
        assert {v["UID"] for v in take(talk, "h").fetched.values()} == {"5", "6", "7"}


def test_numbers_stay_while_commands_with_numbers_are_under_way(server):
    """RFC 9051 7.5.1: no EXPUNGE is told to FETCH, STORE and SEARCH, however many are sent at once."""
    with account(server) as talk, server.imap(f"user{len(server.passwords) - 1}") as other:
        ask(talk, "SELECT INBOX")
        ask(other, "SELECT INBOX")
        ask(other, r"STORE 1 +FLAGS.SILENT (\Deleted)")
        assert ask(other, "EXPUNGE").numbers("EXPUNGE") == [1]
        talk.send(
            rb"a STORE 2 +FLAGS (\Flagged)"
            b"\r\nb SEARCH FLAGGED\r\nc FETCH 2:4 UID\r\nd NOOP\r\ne FETCH 1:3 UID\r\n"
        )
        for tag in "abc":
            answers = take(talk, tag)
            assert answers.status == "OK" and not answers.numbers("EXPUNGE"), talk
            if tag == "c":
                assert {n: v["UID"] for n, v in answers.fetched.items()} == {2: "2", 3: "3", 4: "4"}
        assert take(talk, "d").numbers("EXPUNGE") == [1]
        assert {n: v["UID"] for n, v in take(talk, "e").fetched.items()} == {1: "2", 2: "3", 3: "4"}


def test_idle_with_done_in_the_same_write(server):
    with account(server) as talk:
        ask(talk, "SELECT INBOX")
        talk.send(b"a IDLE\r\nDONE\r\nb NOOP\r\nc IDLE\r\nDONE\r\nd LOGOUT\r\n")
        talk.says(
            """
            S: + ...
            S: a OK ...
            S: b OK ...
            S: + ...
            S: c OK ...
            S: * BYE ...
            S: d OK ...
            """
        ).closes()


# ---- literals ----


def test_a_literal_over_the_limit_gets_no_go_ahead(server):
    """RFC 9051 4.3: refused at once, nothing of it is sent; the connection stays."""
    with account(server) as talk:
        ask(talk, "SELECT INBOX")
        talk.says(
            """
            C: a SEARCH TEXT {262145}
            S: a NO [TOOBIG] ...
            C: b SEARCH SUBJECT {4}
            S: + ...
            C: same TEXT {262141}
            S: b NO [TOOBIG] ...
            C: c NOOP
            S: c OK ...
            """
        )


def test_a_literal_that_does_not_wait_is_skipped_and_what_follows_is_done(server):
    with account(server) as talk:
        ask(talk, "SELECT INBOX")
        for octets in (262145, 1 << 20, 5 << 20):
            talk.send(b"a SEARCH TEXT {%d+}\r\n" % octets + b"\r\na B\r\n" * (octets // 7))
            talk.send(b"z" * (octets % 7) + b" SUBJECT {3+}\r\nabc\r\nb FETCH 1 UID\r\nc NOOP\r\n")
            talk.expect("a NO [TOOBIG] ...")
            talk.expect("* 1 FETCH (UID 1)")
            talk.expect("b OK ...")
            talk.expect("c OK ...")


def test_messages_and_commands_in_one_write(server):
    octets = [eml(name) for name in MESSAGES]
    appends = [b"a%d APPEND Archive {%d+}\r\n%s\r\n" % (n, len(o), o) for n, o in enumerate(octets)]
    with account(server) as talk:
        talk.send(b"".join(appends) + b"b SELECT Archive\r\nc UID FETCH 1:* (BODY.PEEK[])\r\n")
        for n in range(len(octets)):
            assert f" {n + 1}]" in take(talk, f"a{n}").text
        assert take(talk, "b").numbers("EXISTS") == [len(octets)]
        got = take(talk, "c").fetched
        assert [got[n + 1]["BODY[]"] for n in range(len(octets))] == octets
