"""CONTEXT=SEARCH and CONTEXT=SORT: results that are kept up to date, RFC 5267 4."""

import pytest

from imap_answer import ask
from rfc_example import fill, mail

SUBJECTS = ["delta", "alpha", "echo", "bravo"]


@pytest.fixture
def talk(server):
    """Four messages; 1 and 3 are deleted and junk."""
    with server.imap(server.new_account()) as talk:
        fill(talk, "INBOX", [mail(subject=subject) for subject in SUBJECTS])
        ask(talk, "SELECT INBOX")
        ask(talk, r"STORE 1,3 +FLAGS.SILENT (\Deleted $Junk)")
        yield talk


def deliver(talk, *subjects):
    fill(talk, "INBOX", [mail(subject=subject) for subject in subjects])


def test_a_hint_changes_nothing(talk):
    talk.says(
        r"""
        C: A01 SEARCH RETURN (CONTEXT COUNT) UNDELETED UNKEYWORD $Junk
        S: * ESEARCH (TAG "A01") COUNT 2
        S: A01 OK SEARCH completed
        C: A02 STORE 2 +FLAGS.SILENT (\Deleted)
        S: A02 OK ...
        """
    )


def test_changes_of_flags_are_told(talk):
    talk.says(
        r"""
        C: B01 UID SEARCH RETURN (UPDATE COUNT) DELETED KEYWORD $Junk
        S: * ESEARCH (TAG "B01") UID COUNT 2
        S: B01 OK SEARCH completed
        C: B01 SORT RETURN (UPDATE) (DATE) UTF-8 FLAGGED
        S: B01 BAD ...
        C: c STORE 2,4 +FLAGS.SILENT (\Deleted $Junk)
        S: * ESEARCH (TAG "B01") UID ADDTO (0 2,4)
        S: c OK ...
        C: d STORE 1:2 -FLAGS (\Deleted)
        S: * 1 FETCH (FLAGS (... $Junk))
        S: * 2 FETCH (FLAGS (... $Junk))
        S: * ESEARCH (TAG "B01") UID REMOVEFROM (0 1:2)
        S: d OK ...
        C: e STORE 3:4 +FLAGS.SILENT (\Seen)
        S: e OK ...
        C: B04 CANCELUPDATE "B01"
        S: B04 OK No further updates
        C: f STORE 1:2 +FLAGS.SILENT (\Deleted)
        S: f OK ...
        C: B01 SEARCH RETURN (UPDATE COUNT) FLAGGED
        S: * ESEARCH (TAG "B01") COUNT 0
        S: B01 OK ...
        """
    )


def test_what_others_change_is_told(talk, server):
    user = server.new_account()
    with server.imap(user) as one, server.imap(user) as other:
        fill(other, "INBOX", [mail(subject="a"), mail(subject="b"), mail(subject="c")])
        ask(other, "SELECT INBOX")
        ask(one, "SELECT INBOX")
        one.says(
            r"""
            C: s SEARCH RETURN (UPDATE ALL) UNSEEN
            S: * ESEARCH (TAG "s") ALL 1:3
            S: s OK ...
            """
        )
        ask(other, r"STORE 2 +FLAGS.SILENT (\Seen)")
        fill(other, "INBOX", [mail(subject="d"), ("\\Seen", mail(subject="e")), mail(subject="f")])
        one.says(
            r"""
            C: n NOOP
            S: * 6 EXISTS
            S: * 3 RECENT
            S: * 2 FETCH (FLAGS (\Seen \Recent))
            S: * ESEARCH (TAG "s") REMOVEFROM (0 2) ADDTO (0 4,6)
            S: n OK ...
            """.replace("S: * 3 RECENT\n", "S: * <recent> RECENT\n").replace(r"(\Seen \Recent)", r"(\Seen...)"))
        ask(other, r"STORE 1,5,6 +FLAGS.SILENT (\Deleted)")
        ask(other, "EXPUNGE")
        # RFC 5267 4.3.4: before EXPUNGE moves the numbers.
        one.says(
            r"""
            C: n NOOP
            S: * ESEARCH (TAG "s") REMOVEFROM (0 1,6)
            S: * 6 EXPUNGE
            S: * 5 EXPUNGE
            S: * 1 EXPUNGE
            S: n OK ...
            C: o SEARCH UNSEEN
            S: * SEARCH 2 3
            S: o OK ...
            """
        )


def test_a_client_in_idle_is_told(server):
    user = server.new_account()
    with server.imap(user) as one, server.imap(user) as other:
        ask(one, "SELECT INBOX")
        one.says(
            r"""
            C: s UID SEARCH RETURN (UPDATE COUNT) UNSEEN
            S: * ESEARCH (TAG "s") UID COUNT 0
            S: s OK ...
            C: i IDLE
            S: + ...
            """
        )
        fill(other, "INBOX", [mail(subject="a")])
        one.until('* ESEARCH (TAG "s") UID ADDTO (0 1)')
        ask(other, "SELECT INBOX")
        ask(other, r"STORE 1 +FLAGS.SILENT (\Seen)")
        one.until('* ESEARCH (TAG "s") UID REMOVEFROM (0 1)')
        one.says("C: DONE").until("i OK ...")


def test_nothing_is_expunged_between_two_commands(server):
    """RFC 9051 7.5.1: after the reply to IDLE, whatever happens, until a command that allows it."""
    user, messages = server.new_account(), 120
    with server.imap(user) as one, server.imap(user) as other, server.imap("bob") as witness:
        fill(other, "INBOX", [mail()] * (messages + 1))
        ask(other, "SELECT INBOX")
        ask(one, "SELECT INBOX")
        for tag in "abcdef":
            assert ask(one, "SEARCH RETURN (UPDATE COUNT) BODY hello", tag).status == "OK"
        for uid in range(1, messages + 1):
            other.send(f"s UID STORE {uid} +FLAGS.SILENT (\\Deleted)\r\ne UID EXPUNGE {uid}\r\n".encode())
        gone = 0
        while gone < messages:
            # Something is left to be told, so that a line comes; what follows it is being looked at.
            one.says("C: i IDLE").until("+ ...").until("* ...")
            one.says("C: DONE").until("i OK ...")
            between = len(one.seen)
            ask(witness, "STATUS INBOX (MESSAGES)")  # the server has gone on meanwhile
            one.says("C: n FETCH * (UID)").until("n OK ...")
            assert not [line for line in one.seen[between:] if line.endswith(" EXPUNGE")], one
            one.says("C: n NOOP").until("n OK ...")
            gone = sum(line.endswith(" EXPUNGE") for line in one.seen)


def test_a_sorted_result_is_told_by_places(talk):
    talk.says(
        r"""
        C: B02 UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 ALL
        S: * ESEARCH (TAG "B02") UID ALL 2,4,1,3
        S: B02 OK ...
        C: B03 SORT RETURN (UPDATE COUNT) (REVERSE SUBJECT) UTF-8 UNDELETED
        S: * ESEARCH (TAG "B03") COUNT 2
        S: B03 OK ...
        """
    )
    deliver(talk, "charlie", "aaron", "zulu", "zulu")
    talk.says(
        r"""
        C: n NOOP
        S: n OK ...
        C: o STORE 4,7 +FLAGS.SILENT (\Deleted)
        S: * ESEARCH (TAG "B03") REMOVEFROM (1 7 3 4)
        S: o OK ...
        C: p STORE 1 -FLAGS.SILENT (\Deleted)
        S: * ESEARCH (TAG "B03") ADDTO (2 1)
        S: p OK ...
        C: q EXPUNGE
        S: * ESEARCH (TAG "B02") UID REMOVEFROM (3 4 5 3,7)
        S: * 7 EXPUNGE
        S: * 4 EXPUNGE
        S: * 3 EXPUNGE
        S: q OK ...
        C: r UID SORT (SUBJECT) UTF-8 ALL
        S: * SORT 6 2 5 1 8
        S: r OK ...
        """
    )


def test_a_message_that_is_gone_unheard_keeps_its_place(server):
    """RFC 5267 4.3.4: until EXPUNGE may be told, places count what it names."""
    user = server.new_account()
    with server.imap(user) as one, server.imap(user) as other:
        fill(other, "INBOX", [mail(subject=subject) for subject in SUBJECTS])
        ask(one, "SELECT INBOX")
        ask(other, "SELECT INBOX")
        one.says(
            r"""
            C: s SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 UNSEEN
            S: * ESEARCH (TAG "s") ALL 2,4,1,3
            S: s OK ...
            C: a STORE 4 +FLAGS.SILENT (\Seen)
            S: * ESEARCH (TAG "s") REMOVEFROM (2 4)
            S: a OK ...
            """
        )
        ask(other, r"STORE 2 +FLAGS.SILENT (\Deleted)")
        ask(other, "EXPUNGE")
        one.says(
            r"""
            C: b STORE 4 -FLAGS.SILENT (\Seen)
            S: * ESEARCH (TAG "s") ADDTO (2 4)
            S: b OK ...
            C: c NOOP
            S: * ESEARCH (TAG "s") REMOVEFROM (1 2)
            S: * 2 EXPUNGE
            S: c OK ...
            C: d SORT RETURN (ALL) (SUBJECT) UTF-8 UNSEEN
            S: * ESEARCH (TAG "d") ALL 3,1:2
            S: d OK ...
            """
        )


def replay(results, line):
    """The list a client has after an ESEARCH with ADDTO and REMOVEFROM: RFC 5267 4.3.2."""
    words = line.replace("(", " ( ").replace(")", " ) ").split()
    at = 0
    while at < len(words):
        item = words[at]
        at += 1
        if item not in ("ADDTO", "REMOVEFROM"):
            continue
        at += 1
        while words[at] != ")":
            place, numbers = int(words[at]), []
            for part in words[at + 1].split(","):
                first, _, last = part.partition(":")
                numbers += range(int(first), int(last or first) + 1)
            if item == "ADDTO":
                results[place - 1:place - 1] = numbers
            else:
                assert results[place - 1:place - 1 + len(numbers)] == numbers, (results, line)
                del results[place - 1:place - 1 + len(numbers)]
            at += 2
    return results


def test_a_client_that_follows_has_what_a_new_search_finds(server):
    """Many changes at random: each answer leads to what UID SORT says then."""
    import random

    dice = random.Random(5267)
    user = server.new_account()
    with server.imap(user) as one, server.imap(user) as other:
        fill(other, "INBOX", [mail(subject=f"{dice.randrange(50):03}") for _ in range(40)])
        ask(one, "SELECT INBOX")
        ask(other, "SELECT INBOX")
        answers = ask(one, "UID SORT RETURN (UPDATE) (SUBJECT) UTF-8 UNFLAGGED UNDELETED", tag="ctx")
        results = [int(n) for n in numbers_of(ask(one, "UID SORT (SUBJECT) UTF-8 UNFLAGGED UNDELETED"))]
        assert answers.status == "OK" and len(results) == 40
        for _ in range(25):
            chosen = ",".join(str(dice.randrange(1, 41)) for _ in range(dice.randrange(1, 9)))
            flag = dice.choice(["\\Flagged", "\\Seen"])
            ask(other, f"UID STORE {chosen} {dice.choice('+-')}FLAGS.SILENT ({flag})")
            if dice.randrange(3) == 0:
                fill(other, "INBOX", [mail(subject=f"{dice.randrange(50):03}") for _ in range(dice.randrange(1, 4))])
            if dice.randrange(5) == 0:
                ask(other, f"UID STORE {chosen} +FLAGS.SILENT (\\Deleted)")
                ask(other, "EXPUNGE")
            # After FETCH the client has heard of flags and of new mail, but not of what is gone.
            if dice.randrange(2):
                results = follow(one, "FETCH 1 UID", results)
                ask(other, f"UID STORE {chosen} {dice.choice('+-')}FLAGS.SILENT (\\Flagged)")
                results = follow(one, "FETCH 1 UID", results)
            results = follow(one, "NOOP", results)
            wanted = [int(n) for n in numbers_of(ask(one, "UID SORT (SUBJECT) UTF-8 UNFLAGGED UNDELETED"))]
            assert results == wanted


def follow(talk, command, results):
    """The list after what is told with a command."""
    talk.send_line(f"n {command}")
    for line in iter(lambda: talk.expect("..."), None):
        if line.startswith("n OK"):
            return results
        if line.startswith('* ESEARCH (TAG "ctx")'):
            assert "ADDTO" in line or "REMOVEFROM" in line, line
            results = replay(results, line)


def numbers_of(answers):
    return next(words[1:] for words in answers.untagged if words[0] == "SORT")


def test_sets_of_messages_mean_those_of_the_command(talk):
    """RFC 5267 4.3: numbers are those of when it was said; UIDs go on."""
    talk.says(
        r"""
        C: a UID SEARCH RETURN (UPDATE COUNT) 1:* UNSEEN
        S: * ESEARCH (TAG "a") UID COUNT 4
        S: a OK ...
        C: b UID SEARCH RETURN (UPDATE COUNT) UID 3:* UNSEEN
        S: * ESEARCH (TAG "b") UID COUNT 2
        S: b OK ...
        """
    )
    talk.send(b"c APPEND INBOX {1+}\r\nx\r\n")
    talk.says(
        r"""
        S: * 5 EXISTS
        S: * 5 RECENT
        S: * ESEARCH (TAG "b") UID ADDTO (0 5)
        S: c OK ...
        """
    )


def test_another_mailbox_ends_updates(talk):
    talk.says(
        r"""
        C: a SEARCH RETURN (UPDATE COUNT) UNSEEN
        S: * ESEARCH (TAG "a") COUNT 4
        S: a OK ...
        """
    )
    ask(talk, "SELECT INBOX")
    talk.says(
        r"""
        C: b STORE 1 +FLAGS.SILENT (\Seen)
        S: b OK ...
        C: c CANCELUPDATE "a"
        S: c NO ...
        """
    )


WRONG = [
    ("CANCELUPDATE", "BAD"),
    ("CANCELUPDATE known", "BAD"),
    ('CANCELUPDATE "none"', "NO"),
    ('CANCELUPDATE "known" "none"', "NO"),
    ('CANCELUPDATE ("known")', "BAD"),
    ('CANCELUPDATE "known', "BAD"),
]


@pytest.mark.parametrize("command, status", WRONG)
def test_what_cannot_be_cancelled_is_refused(talk, command, status):
    talk.says(
        r"""
        C: known UID SEARCH RETURN (UPDATE COUNT) FLAGGED
        S: * ESEARCH (TAG "known") UID COUNT 0
        S: known OK ...
        """
    )
    assert ask(talk, command).status == status
    # It is still there.
    talk.says(
        r"""
        C: a STORE 1 +FLAGS.SILENT (\Flagged)
        S: * ESEARCH (TAG "known") UID ADDTO (0 1)
        S: a OK ...
        """
    )


def test_several_are_cancelled_at_once(talk):
    for tag in ("one", "two", "three"):
        assert ask(talk, "SEARCH RETURN (UPDATE MIN) FLAGGED", tag=tag).status == "OK"
    talk.says(
        r"""
        C: a CANCELUPDATE "three" "one"
        S: a OK ...
        C: b STORE 1 +FLAGS.SILENT (\Flagged)
        S: * ESEARCH (TAG "two") ADDTO (0 1)
        S: b OK ...
        """
    )


@pytest.mark.conf(imap={"max_contexts": 2, "max_sorted_context": 100})
def test_updates_are_refused_where_there_are_too_many(fresh_server):
    with fresh_server.imap("alice") as talk:
        fill(talk, "INBOX", [mail()])
        ask(talk, "SELECT INBOX")
        for _ in range(7):
            ask(talk, "COPY 1:* INBOX")
        talk.says(
            r"""
            C: a SORT RETURN (UPDATE COUNT) (SUBJECT) UTF-8 ALL
            S: * ESEARCH (TAG "a") COUNT 128
            S: * NO [NOUPDATE "a"] ...
            S: a OK ...
            C: b SORT RETURN (UPDATE COUNT) (SUBJECT) UTF-8 1:100
            S: * ESEARCH (TAG "b") COUNT 100
            S: b OK ...
            C: c SEARCH RETURN (UPDATE COUNT) ALL
            S: * ESEARCH (TAG "c") COUNT 128
            S: c OK ...
            C: d SEARCH RETURN (UPDATE COUNT) SEEN
            S: * ESEARCH (TAG "d") COUNT 0
            S: * NO [NOUPDATE "d"] ...
            S: d OK ...
            C: e CANCELUPDATE "b"
            S: e OK ...
            C: d SEARCH RETURN (UPDATE COUNT) SEEN
            S: * ESEARCH (TAG "d") COUNT 0
            S: d OK ...
            """
        )


def test_updates_of_esearch_are_about_the_selected_mailbox(talk):
    """RFC 7377 2.2."""
    ask(talk, "COPY 1:2 Archive")
    talk.says(
        r"""
        C: a ESEARCH IN (selected mailboxes Archive) RETURN (UPDATE COUNT) KEYWORD $Junk
        S: * ESEARCH (TAG "a" MAILBOX INBOX UIDVALIDITY <inbox>) UID COUNT 2
        S: * ESEARCH (TAG "a" MAILBOX Archive UIDVALIDITY <archive>) UID COUNT 1
        S: a OK ...
        C: b STORE 2 +FLAGS.SILENT ($Junk)
        S: * ESEARCH (TAG "a" MAILBOX INBOX UIDVALIDITY <inbox>) UID ADDTO (0 2)
        S: b OK ...
        C: a ESEARCH RETURN (UPDATE) ALL
        S: a BAD ...
        C: a SEARCH RETURN (UPDATE) ALL
        S: a BAD ...
        C: c CANCELUPDATE "a"
        S: c OK ...
        C: d STORE 2 -FLAGS.SILENT ($Junk)
        S: d OK ...
        C: e ESEARCH IN (mailboxes Archive) RETURN (UPDATE COUNT) KEYWORD $Junk
        S: * ESEARCH (TAG "e" MAILBOX Archive UIDVALIDITY <archive>) UID COUNT 1
        S: * NO [NOUPDATE "e"] ...
        S: e OK ...
        C: f ESEARCH RETURN (UPDATE COUNT) UID 5:* UNSEEN
        S: * ESEARCH (TAG "f" MAILBOX INBOX UIDVALIDITY <inbox>) UID COUNT 1
        S: f OK ...
        """
    )
    talk.send(b"g APPEND INBOX {1+}\r\nx\r\n")
    talk.says(
        r"""
        S: * 5 EXISTS
        S: * 5 RECENT
        S: * ESEARCH (TAG "f" MAILBOX INBOX UIDVALIDITY <inbox>) UID ADDTO (0 5)
        S: g OK ...
        C: h UNSELECT
        S: h OK ...
        C: i ESEARCH IN (personal) RETURN (UPDATE COUNT) KEYWORD $Junk
        S: i BAD ...
        """
    )


@pytest.fixture
def held(make_server):
    """A client whose STORE waits for its search to be looked at again, which is being held."""
    server = make_server(args=["--hold", "imap context"])
    with server.imap("alice") as talk:
        fill(talk, "INBOX", [mail(subject="one"), mail(subject="two")])
        ask(talk, "SELECT INBOX")
        talk.says(
            r"""
            C: s UID SORT RETURN (UPDATE COUNT) (SUBJECT) UTF-8 FLAGGED
            S: * ESEARCH (TAG "s") UID COUNT 0
            S: s OK ...
            C: f STORE 1 +FLAGS.SILENT (\Flagged)
            """
        )
        server.wait_log(r'held class="?imap context"?\n')
        yield server, talk


def test_a_client_may_leave_while_changes_are_looked_at(held):
    server, talk = held
    talk.abort()
    server.wait_log("imap end=dropped")
    server.release()
    with server.imap("alice") as other:
        assert ask(other, "NOOP").status == "OK"


def test_the_tagged_reply_waits_for_what_changed(held):
    server, talk = held
    with server.imap("alice") as other:
        ask(other, "SELECT INBOX")
        assert ask(other, r"STORE 2 +FLAGS.SILENT (\Flagged)").status == "OK"
    server.release()
    talk.says(
        r"""
        S: * ESEARCH (TAG "s") UID ADDTO (1 1)
        S: f OK ...
        C: n NOOP
        S: * 2 FETCH (FLAGS (...\Flagged...))
        S: * ESEARCH (TAG "s") UID ADDTO (2 2)
        S: n OK ...
        """
    )


def test_uids_are_looked_for_in_an_empty_mailbox_too(talk):
    ask(talk, "CREATE Empty")
    ask(talk, "SELECT Empty")
    for tag, keys in (("u", "UID 2:3"), ("s", "UID 2:*"), ("a", "UIDAFTER 1")):
        talk.says(f"""
            C: {tag} UID SEARCH RETURN (UPDATE COUNT) {keys}
            S: * ESEARCH (TAG "{tag}") UID COUNT 0
            S: {tag} OK ...
        """)
    fill(talk, "Empty", [mail()] * 2)
    talk.says("C: n NOOP").until("n OK ...")
    assert {line for line in talk.seen if "ADDTO" in line} == {
        f'S: * ESEARCH (TAG "{tag}") UID ADDTO (0 2)' for tag in "usa"
    }
