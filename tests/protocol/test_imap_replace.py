"""REPLACE and UID REPLACE: RFC 8508. A message takes another's place, or nothing happens."""

import pytest

from imap_answer import ask
from rfc_example import example
from server import big_message


def message(text):
    return f"From: Fritz Schmidt <fritz.ze@example.org>\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()


def fill(talk, mailbox, n):
    for number in range(1, n + 1):
        octets = message(f"number {number}")
        talk.send_line(f"a APPEND {mailbox} {{{len(octets)}+}}")
        talk.send(octets + b"\r\n")
        talk.until("a OK ...")


def replace(talk, words, octets, tag="r"):
    """Sends the command without waiting for a "+"."""
    talk.send_line(f"{tag} {words} {{{len(octets)}+}}")
    return talk.send(octets + b"\r\n")


def subjects(talk):
    answers = ask(talk, "FETCH 1:* (BODY.PEEK[TEXT] FLAGS)")
    return [items["BODY[TEXT]"].decode().strip() for _, items in sorted(answers.fetched.items())]


@pytest.fixture
def drafts(server):
    """A session with Drafts open, five messages in it."""
    with server.imap(server.new_account()) as talk:
        fill(talk, "Drafts", 5)
        talk.says("C: s SELECT Drafts").until("s OK ...")
        yield talk


# ---- the examples of RFC 8508 ----


@example("8508 3.2", "A003")
def test_the_example_of_replace(server, drafts):
    octets = message("happy new year !!")
    drafts.says(f"C: A003 REPLACE 4 Drafts (\\Seen \\Draft) {{{len(octets)}}}").expect("+ ...")
    drafts.send(octets + b"\r\n")
    drafts.says(
        """
        S: * OK [APPENDUID <validity> 6] ...
        S* * 4 EXPUNGE
        S* * 5 EXISTS
        """
    ).until("A003 OK ...")
    assert subjects(drafts) == ["number 1", "number 2", "number 3", "number 5", "happy new year !!"]
    assert set(ask(drafts, "FETCH 5 (FLAGS)").fetched[5]["FLAGS"]) >= {"\\Seen", "\\Draft"}


@example("8508 3.3", "A004")
def test_the_example_of_uid_replace(server, drafts):
    octets = message("hopefully next year you can join us")
    drafts.says(f"C: A004 UID REPLACE 4 Drafts (\\Seen \\Draft) {{{len(octets)}}}").expect("+ ...")
    drafts.send(octets + b"\r\n")
    drafts.expect("* OK [APPENDUID <validity> 6] ...")
    drafts.until("A004 OK ...")
    assert subjects(drafts)[-1] == "hopefully next year you can join us"
    assert len(subjects(drafts)) == 5


def test_it_is_a_capability(server, drafts):
    assert "REPLACE" in drafts.says("C: c CAPABILITY").expect("* CAPABILITY ...").split()


# ---- what it does ----


def test_the_new_message_may_go_elsewhere(server, drafts):
    replace(drafts, 'REPLACE 2 Sent (\\Seen) "28-Dec-2014 18:50:53 +0100"', message("sent"))
    drafts.says(
        """
        S: * OK [APPENDUID <validity> 1] ...
        S: * 2 EXPUNGE
        S: r OK REPLACE completed
        """
    )
    assert len(subjects(drafts)) == 4
    drafts.says("C: s SELECT Sent").until("s OK ...")
    assert subjects(drafts) == ["sent"]
    assert ask(drafts, "FETCH 1 INTERNALDATE").fetched[1]["INTERNALDATE"] == b"28-Dec-2014 17:50:53 +0000"


def test_the_last_message_is_a_star(server, drafts):
    replace(drafts, "REPLACE * Drafts", message("the last")).until("r OK ...")
    replace(drafts, "UID REPLACE * Drafts", message("and again")).until("r OK ...")
    assert subjects(drafts) == ["number 1", "number 2", "number 3", "number 4", "and again"]


def test_only_the_message_named_goes_whatever_is_deleted(server, drafts):
    drafts.says(r"C: d STORE 1:3 +FLAGS.SILENT (\Deleted)").until("d OK ...")
    replace(drafts, "REPLACE 5 Drafts", message("new")).until("r OK ...")
    assert subjects(drafts) == ["number 1", "number 2", "number 3", "number 4", "new"]


def test_mailbox_and_message_may_be_literals(server, drafts):
    octets = message("all literals")
    drafts.send(b"r UID REPLACE 3 {6+}\r\nDrafts {%d+}\r\n" % len(octets) + octets + b"\r\n")
    drafts.until("r OK ...")
    assert subjects(drafts)[-1] == "all literals"


def test_every_octet_may_come_alone(server, drafts):
    drafts.split = True
    replace(drafts, "UID REPLACE 3 Drafts", message("slow")).until("r OK ...")
    drafts.split = False
    assert subjects(drafts)[-1] == "slow"


def test_a_large_one_with_nuls_by_literal8(server, drafts):
    octets = message("binary") + b"\0" * 300_000
    drafts.send_line(f"r REPLACE 1 Drafts ~{{{len(octets)}+}}")
    drafts.send(octets + b"\r\n")
    # RFC 3516 4.4: NULs in what is not marked as binary.
    drafts.until("r NO [UNKNOWN-CTE] ...")
    assert len(subjects(drafts)) == 5
    replace(drafts, "REPLACE 1 Drafts", big_message(1_000_000)).until("r OK ...")
    assert len(subjects(drafts)) == 5


def test_other_sessions_are_told(server):
    user = server.new_account()
    with server.imap(user) as one, server.imap(user) as other:
        fill(one, "Drafts", 2)
        one.says("C: s SELECT Drafts").until("s OK ...")
        other.says("C: s SELECT Drafts").until("s OK ...")
        other.says("C: i IDLE").expect("+ idling")
        replace(one, "REPLACE 1 Drafts", message("new")).until("r OK ...")
        other.says(
            """
            S* * 1 EXPUNGE
            S* * 2 EXISTS
            """
        )


def test_it_has_another_emailid(server, drafts):
    (before,) = ask(drafts, "UID FETCH 5 EMAILID").fetched[5]["EMAILID"]
    replace(drafts, "UID REPLACE 5 Drafts", message("new")).until("r OK ...")
    (after,) = ask(drafts, "UID FETCH 6 EMAILID").fetched[5]["EMAILID"]
    assert before != after


# ---- quota: RFC 8508 3.4 ----


def test_only_what_is_more_counts_against_the_quota(server):
    size = 3000
    user = server.new_account("--quota", "8K", "--max-messages", "2")
    with server.imap(user) as talk:
        for _ in range(2):
            octets = big_message(size)
            talk.send_line(f"a APPEND INBOX {{{len(octets)}+}}")
            talk.send(octets + b"\r\n")
            talk.until("a OK ...")
        talk.says("C: s SELECT INBOX").until("s OK ...")
        replace(talk, "REPLACE 1 INBOX", big_message(size + 2000)).until("r OK ...")
        replace(talk, "REPLACE 1 INBOX", big_message(size + 2000)).until("r NO [OVERQUOTA] ...")
        assert len(subjects(talk)) == 2
        replace(talk, "REPLACE 2 Sent", big_message(1000)).until("r OK ...")
        octets = big_message(1000)
        talk.send_line(f"a APPEND INBOX {{{len(octets)}+}}")
        talk.send(octets + b"\r\n")
        talk.until("a NO [OVERQUOTA] ...")


# ---- what is refused leaves all as it was ----

REFUSED = {
    "a mailbox that is not there": ("REPLACE 1 Nowhere", "NO [TRYCREATE] ..."),
    "a number that is not there": ("REPLACE 6 Drafts", "BAD No such message"),
    "a UID that is not there": ("UID REPLACE 77 Drafts", "NO [NONEXISTENT] No such message"),
    "two messages": ("REPLACE 1:2 Drafts", "BAD REPLACE wants the number of one message"),
    "a list": ("REPLACE 1,2 Drafts", "BAD REPLACE wants the number of one message"),
    "the saved result": ("REPLACE $ Drafts", "BAD REPLACE wants the number of one message"),
    "no number": ("REPLACE Drafts Sent", "BAD ..."),
    "number zero": ("REPLACE 0 Drafts", "BAD ..."),
    "flags that are none": ("REPLACE 1 Drafts (\\Recent)", "BAD ..."),
    "an empty message": ("REPLACE 1 Drafts", "NO [CANNOT] ..."),
}


@pytest.mark.parametrize("words,answer", REFUSED.values(), ids=REFUSED)
def test_refused_before_the_message_is_asked_for(server, drafts, words, answer):
    size = 0 if answer.startswith("NO [CANNOT]") else 100
    drafts.says(f"C: r {words} {{{size}}}").until(f"r {answer}")
    drafts.says("C: n NOOP").expect("n OK ...")
    assert len(subjects(drafts)) == 5


def test_several_messages_are_refused(server, drafts):
    drafts.send(b"r REPLACE 1 Drafts {3+}\r\nX:y {3+}\r\nX:z\r\n")
    drafts.until("r BAD ...")
    drafts.says("C: n NOOP").until("n OK ...")
    assert len(subjects(drafts)) == 5


def test_a_mailbox_must_be_open_for_writing(server):
    user = server.new_account()
    with server.imap(user) as talk:
        fill(talk, "Drafts", 1)
        talk.says("C: r REPLACE 1 Drafts {100}").expect("r BAD No mailbox is selected")
        talk.says("C: e EXAMINE Drafts").until("e OK ...")
        talk.says("C: r REPLACE 1 Drafts {100}").expect("r NO [CANNOT] ...")


def test_a_message_that_somebody_else_expunges_meanwhile_is_not_replaced(server):
    user = server.new_account()
    with server.imap(user) as one, server.imap(user) as other:
        fill(one, "Drafts", 2)
        one.says("C: s SELECT Drafts").until("s OK ...")
        other.says("C: s SELECT Drafts").until("s OK ...")
        octets = message("too late")
        one.says(f"C: r REPLACE 1 Drafts {{{len(octets)}}}").expect("+ ...")
        other.says(r"C: d STORE 1 +FLAGS.SILENT (\Deleted)").until("d OK ...")
        other.says("C: e EXPUNGE").until("e OK ...")
        one.send(octets + b"\r\n")
        one.says(
            """
            S: * 1 EXPUNGE
            S: r NO [EXPUNGEISSUED] The message is not there any more
            """
        )
        assert subjects(one) == ["number 2"]


@pytest.mark.parametrize("task", ["imap append check", "imap append prepare", "imap append"])
def test_killed_at_any_point_both_are_done_or_neither(make_server, task):
    server = make_server(store={"small_message": 0})
    with server.imap("alice") as talk:
        fill(talk, "Drafts", 2)
    server.stop()
    server.args = ["--hold", task]
    server.start()
    with server.imap("alice") as talk:
        talk.says("C: s SELECT Drafts").until("s OK ...")
        replace(talk, "REPLACE 1 Drafts", message("new"))
        server.wait_log(rf'held class="?{task}"?\n')
        server.kill9()
    server.args = []
    server.start()
    with server.imap("alice") as talk:
        talk.says("C: s SELECT Drafts").until("s OK ...")
        wanted = ["number 2", "new"] if task == "imap append" else ["number 1", "number 2"]
        assert subjects(talk) == wanted
