"""STORE, MOVE and EXPUNGE of many messages: in slices, between which others' changes go."""

import itertools
import re

import pytest

from imap_answer import ask, take

MANY, SLICE = 350, 100  # messages, and as many as one transaction changes
APPENDED = 50  # by one command
SLICED = {"imap": {"max_slice_messages": SLICE}}


@pytest.fixture(params=[False, True], ids=["one after the other", "with gaps"])
def gaps(request):
    return request.param


def append(talk, n, gaps):
    for first in range(0, n, APPENDED):
        talk.send(b"a APPEND INBOX")
        for k in range(first, first + APPENDED):
            flags = "\\Deleted" if gaps and k % 2 else ""
            octets = f"Subject: {k}\r\n\r\n"
            talk.send(f" ({flags}) {{{len(octets)}+}}\r\n{octets}".encode())
        talk.send(b"\r\n")
        talk.expect("a OK ...")


def fill(server, gaps=False):
    """INBOX of alice: MANY messages, each with a subject of its own."""
    with server.imap("alice") as talk:
        append(talk, 2 * MANY if gaps else MANY, gaps)
        ask(talk, "SELECT INBOX")
        if gaps:
            assert len(ask(talk, "EXPUNGE").numbers("EXPUNGE")) == MANY
        ask(talk, "CREATE Archive")


@pytest.fixture
def sliced(make_server, gaps):
    server = make_server(**SLICED)
    fill(server, gaps)
    return server


def held(make_server, task):
    """A server that keeps back the answers of this task, and so the slice after the first."""
    server = make_server(start=False, args=["--hold", task], **SLICED)
    held_back, server.args = server.args, []
    fill(server.start())
    server.stop()
    server.args = held_back
    return server.start()


def numbers(text):
    """ "1:3,7" as a list."""
    parts = (part.partition(":") for part in text.split(","))
    return list(itertools.chain(*(range(int(a), int(b or a) + 1) for a, _, b in parts)))


def subjects(talk, mailbox):
    """UID → subject."""
    ask(talk, f"SELECT {mailbox}")
    fetched = ask(talk, "FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])").fetched.values()
    return {int(f["UID"]): f["BODY[HEADER.FIELDS (SUBJECT)]"].split()[1] for f in fetched}


def copyuid(answers):
    """UID in the source → in the destination."""
    texts = [words[1] for words in answers.untagged if words[0] == "OK"]
    found = [m for text in texts if (m := re.match(r"\[COPYUID \d+ (\S+) (\S+)\]", text))]
    assert len(found) == 1, texts
    source, copies = numbers(found[0][1]), numbers(found[0][2])
    assert len(source) == len(copies)
    return dict(zip(source, copies))


def count(talk, mailbox):
    return int(ask(talk, f"STATUS {mailbox} (MESSAGES)").untagged[0][2][1])


def found(talk, what, keys):
    """What ESEARCH returns."""
    answers = ask(talk, f"SEARCH RETURN ({what}) {keys}").untagged
    return next(words[-1] for words in answers if words[0] == "ESEARCH")


def test_move_says_all_uids_of_all_slices(sliced):
    with sliced.imap("alice") as talk, sliced.imap("alice") as watcher:
        before = subjects(talk, "INBOX")
        ask(watcher, "SELECT INBOX")
        answers = ask(talk, "MOVE 1:* Archive")
        assert answers.status == "OK"
        assert sorted(answers.numbers("EXPUNGE")) == list(range(1, MANY + 1))
        pairs = copyuid(answers)
        assert pairs.keys() == before.keys()
        after = subjects(talk, "Archive")
        assert {pairs[uid]: subject for uid, subject in before.items()} == after
        assert sorted(ask(watcher, "NOOP").numbers("EXPUNGE")) == list(range(1, MANY + 1))
        assert count(talk, "INBOX") == 0


def test_some_of_many_are_moved(sliced):
    with sliced.imap("alice") as talk:
        before = list(subjects(talk, "INBOX").items())
        answers = ask(talk, "MOVE 5:320,340,3 Archive")
        moved = [before[n - 1] for n in (3, *range(5, 321), 340)]
        pairs = copyuid(answers)
        assert list(pairs) == [uid for uid, _ in moved]
        assert subjects(talk, "Archive") == {pairs[uid]: subject for uid, subject in moved}
        assert list(subjects(talk, "INBOX").items()) == [m for m in before if m not in moved]


def test_expunge_and_close_take_all_that_is_deleted(sliced):
    with sliced.imap("alice") as talk, sliced.imap("alice") as watcher:
        ask(watcher, "SELECT INBOX")
        ask(talk, "SELECT INBOX")
        ask(talk, "STORE 10:300 +FLAGS.SILENT (\\Deleted)")
        answers = ask(talk, "EXPUNGE")
        assert answers.status == "OK"
        assert sorted(answers.numbers("EXPUNGE")) == list(range(10, 301))
        assert sorted(ask(watcher, "NOOP").numbers("EXPUNGE")) == list(range(10, 301))
        ask(talk, "STORE 1:* +FLAGS.SILENT (\\Deleted)")
        assert ask(talk, "CLOSE").status == "OK"
        assert count(talk, "INBOX") == 0


def test_uid_expunge_takes_only_what_it_names(sliced):
    with sliced.imap("alice") as talk:
        uids = list(subjects(talk, "INBOX"))
        ask(talk, "STORE 1:* +FLAGS.SILENT (\\Deleted)")
        assert ask(talk, f"UID EXPUNGE {uids[20]}:{uids[329]}").status == "OK"
        assert list(subjects(talk, "INBOX")) == uids[:20] + uids[330:]


def test_what_came_unseen_is_expunged_with_the_last_slice(sliced):
    """RFC 9051 6.4.3: all messages with \\Deleted, told or not."""
    with sliced.imap("alice") as talk, sliced.imap("alice") as other:
        ask(talk, "SELECT INBOX")
        ask(talk, "STORE 1:200 +FLAGS.SILENT (\\Deleted)")
        other.send(b"a APPEND INBOX (\\Deleted) {5+}\r\na: b\n\r\n")
        other.expect("a OK ...")
        talk.says("C: a EXPUNGE").until("a OK ...")
        assert count(other, "INBOX") == MANY - 200


def test_store_tells_all_once_and_others_hear_of_it(sliced):
    with sliced.imap("alice") as talk, sliced.imap("alice") as watcher:
        everybody = list(range(1, MANY + 1))
        for client in (talk, watcher):
            ask(client, "SELECT INBOX")
        answers = ask(talk, "STORE 1:* +FLAGS (\\Flagged work)")
        assert [int(words[0]) for words in answers.untagged if words[1] == "FETCH"] == everybody
        assert all({"\\Flagged", "work"} <= {*f["FLAGS"]} for f in answers.fetched.values())
        assert sorted(ask(watcher, "NOOP").fetched) == everybody
        assert ask(watcher, "STORE 1:* -FLAGS.SILENT (\\Flagged)").untagged == []
        assert sorted(ask(talk, "NOOP").fetched) == everybody
        assert ask(talk, "UID SEARCH FLAGGED").untagged[0] == ["SEARCH"]


def test_a_conditional_store_names_what_failed_in_every_slice(sliced):
    with sliced.imap("alice") as talk, sliced.imap("alice") as other:
        ask(talk, "ENABLE CONDSTORE")
        ask(other, "SELECT INBOX")
        codes = " ".join(words[1] for words in ask(talk, "SELECT INBOX").untagged if words[0] == "OK")
        ask(other, "STORE 7,150,340 +FLAGS.SILENT (\\Flagged)")
        modseq = re.search(r"HIGHESTMODSEQ (\d+)", codes)[1]
        answers = ask(talk, f"STORE 1:* (UNCHANGEDSINCE {modseq}) +FLAGS.SILENT (\\Seen)")
        assert answers.text.startswith("[MODIFIED 7,150,340] "), answers.text
        assert found(other, "COUNT", "SEEN") == str(MANY - 3)


def test_what_another_changes_between_two_slices_of_a_store_is_told(make_server):
    server = held(make_server, "imap store")
    with server.imap("alice") as talk, server.imap("alice") as other:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: t STORE 1:* +FLAGS.SILENT (\\Seen)")
        server.wait_log(r'held class="?imap store"?\n')
        octets = b"Subject: new\r\n\r\n"
        other.send(b"a APPEND INBOX {%d+}\r\n" % len(octets) + octets + b"\r\n")
        other.expect("a OK ...")
        ask(other, "SELECT INBOX")
        assert found(other, "COUNT", "SEEN") == str(SLICE)
        other.says("C: u STORE 5,305 +FLAGS.SILENT (\\Flagged)")
        server.release()
        other.until("u OK ...")
        answers = take(talk, "t")
        assert answers.status == "OK"
        fetched = {**answers.fetched, **ask(talk, "NOOP").fetched}
        assert sorted(fetched) == [5, 305]
        assert all({"\\Flagged", "\\Seen"} <= {*f["FLAGS"]} for f in fetched.values())


def test_mail_is_stored_between_two_slices(make_server):
    """While the first slice is not answered, another client appends to the same mailbox."""
    server = held(make_server, "imap copy")
    with server.imap("alice") as talk, server.imap("alice") as other:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: m MOVE 1:* Archive")
        server.wait_log(r'held class="?imap copy"?\n')
        assert count(other, "Archive") == SLICE and count(other, "INBOX") == MANY - SLICE
        other.send(b"a APPEND Archive {14+}\r\nSubject: new\r\n\r\n")
        other.expect("a OK ...")
        server.release()
        answers = take(talk, "m")
        assert answers.status == "OK"
        assert list(copyuid(answers).values()) == [*range(1, SLICE + 1), *range(SLICE + 2, MANY + 2)]
        assert subjects(other, "Archive")[SLICE + 1] == b"new"
        assert count(other, "Archive") == MANY + 1


def test_a_mailbox_that_goes_ends_a_move_in_the_middle(make_server):
    """What was moved has gone with it, and the client is told so: RFC 6851 3.3."""
    server = held(make_server, "imap copy")
    with server.imap("alice") as talk, server.imap("alice") as other:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: m MOVE 1:* Archive")
        server.wait_log(r'held class="?imap copy"?\n')
        ask(other, "DELETE Archive")
        ask(other, "CREATE Archive")
        server.release()
        answers = take(talk, "m")
        assert answers.status == "NO"
        assert list(copyuid(answers)) == list(range(1, SLICE + 1))
        assert len(answers.numbers("EXPUNGE")) == SLICE
        assert count(other, "INBOX") == MANY - SLICE and count(other, "Archive") == 0


def test_the_end_of_the_server_leaves_a_store_half_done(make_server):
    server = held(make_server, "imap store")
    with server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: t STORE 1:* +FLAGS.SILENT (\\Seen)")
        server.wait_log(r'held class="?imap store"?\n')
        server.kill9()
    server.args = []
    server.start()
    with server.imap("alice") as talk:
        ask(talk, "SELECT INBOX")
        assert found(talk, "ALL", "SEEN") == f"1:{SLICE}"
        assert ask(talk, "STATUS INBOX (UNSEEN)").untagged[0][2][1] == str(MANY - SLICE)


@pytest.mark.parametrize("task, command", [("imap copy", "MOVE 1:* Archive"), ("imap expunge", "EXPUNGE")])
def test_the_end_of_the_server_between_two_slices_loses_nothing(make_server, task, command):
    server = held(make_server, task)
    with server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: t STORE 1:* +FLAGS.SILENT (\\Deleted)").until("t OK ...")
        talk.says(f"C: m {command}")
        server.wait_log(rf'held class="?{task}"?\n')
        server.kill9()
    server.args = []
    server.start()
    with server.imap("alice") as talk:
        assert count(talk, "INBOX") == MANY - SLICE
        assert count(talk, "Archive") == (SLICE if task == "imap copy" else 0)
        moved = {**subjects(talk, "Archive")} if task == "imap copy" else {}
        left = subjects(talk, "INBOX")
        assert sorted(int(s) for s in [*moved.values(), *left.values()]) == list(
            range(0 if moved else SLICE, MANY)
        )


def test_a_client_that_leaves_ends_what_it_began(make_server):
    server = held(make_server, "imap expunge")
    with server.imap("alice") as talk:
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says("C: t STORE 1:* +FLAGS.SILENT (\\Deleted)").until("t OK ...")
        talk.says("C: m EXPUNGE")
        server.wait_log(r'held class="?imap expunge"?\n')
        talk.abort()
    server.wait_log("imap end=dropped")
    server.release()
    with server.imap("alice") as talk:
        assert count(talk, "INBOX") == MANY - SLICE
