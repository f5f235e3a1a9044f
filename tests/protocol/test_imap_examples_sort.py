"""The example dialogues of RFC 5256, 5267 and 9394: sorted, threaded, kept up to date, in parts.

Mailboxes are smaller where the numbers do not matter; the threads are the RFC's own.
"""

import re

import pytest

from imap_answer import ask
from rfc_example import example, fill, mail, renumber

JUNK = r"(\Deleted $Junk)"


@pytest.fixture
def user(server):
    return server.new_account()


@pytest.fixture
def talk(server, user):
    with server.imap(user) as talk:
        yield talk


def append(talk, messages):
    """Pairs of an internal date and octets, all at once."""
    for date, octets in messages:
        talk.send(f'f APPEND INBOX "{date}" {{{len(octets)}+}}\r\n'.encode() + octets + b"\r\n")
    for _ in messages:
        talk.until("f OK ...")


# ---- RFC 5256 ----


@example("5256 SORT", "A282 A283 A284")
def test_sort(talk):
    append(
        talk,
        [
            ("31-Jan-1994 12:00:00 +0000", mail(subject="delta", date="1 Jan 1994 12:00:00 +0000")),
            ("01-Feb-1994 12:00:00 +0000", mail(subject="Re: bravo", date="2 Jan 1994 12:00:00 +0000")),
            ("02-Feb-1994 12:00:00 +0000", mail(subject="alpha", date="3 Jan 1994 12:00:00 +0000")),
            ("03-Feb-1994 12:00:00 +0000", mail(subject="bravo", date="4 Jan 1994 12:00:00 +0000")),
            ("30-Jan-1994 12:00:00 +0000", mail(subject="Alpha", date="5 Jan 1994 12:00:00 +0000")),
        ],
    )
    ask(talk, "SELECT INBOX")
    talk.says(
        """
        C: A282 SORT (SUBJECT) UTF-8 SINCE 1-Feb-1994
        S: * SORT 3 2 4
        S: A282 OK SORT completed
        C: A283 SORT (SUBJECT REVERSE DATE) UTF-8 ALL
        S: * SORT 5 3 4 2 1
        S: A283 OK SORT completed
        C: A284 SORT (SUBJECT) US-ASCII TEXT "not in mailbox"
        S: * SORT
        S: A284 OK SORT completed
        """
    )


# The RFC's answers, but for the breaks of its lines.
BY_SUBJECT = (
    "(166)(167)(168)(169)(172)(170)(171)(173)(174 (175)(176)(178)(181)(180))(179)(177 (183)(182)(188)"
    "(184)(185)(186)(187)(189))(190)(191)(192)(193)(194 195)(196 (197)(198))(199)(200 202)(201)(203)"
    "(204)(205)(206 207)(208)"
)
BY_REFERENCES = (
    "(166)(167)(168)(169)(172)((170)(179))(171)(173)((174)(175)(176)(178)(181)(180))((177)(183)(182)"
    "(188 (184)(189))(185 186)(187))(190)(191)(192)(193)((194)(195 196))(197 198)(199)(200 202)(201)"
    "(203)(204)(205 206 207)(208)"
)
# What those answers say of the messages: who answers whom.
REFERENCES = {
    170: "gone",
    179: "gone",
    184: 188,
    186: 185,
    189: 188,
    196: 195,
    198: 197,
    202: 200,
    206: 205,
    207: 206,
}


def mail_of_the_threads():
    """Messages 166 to 208: one subject for each thread by subject, sent in the order of that answer."""
    threads = re.findall(r"\((\d+(?: \d+| \(\d+\)|\(\d+\))*)\)", BY_SUBJECT)
    members = [[int(n) for n in re.findall(r"\d+", thread)] for thread in threads]
    order = [n for thread in members for n in thread]
    assert sorted(order) == list(range(166, 209))
    out = {}
    for thread in members:
        for n in thread:
            fields = {"subject": f"about {thread[0]}", "message-id": f"<{n}@example.net>"}
            fields["date"] = f"{order.index(n) // 24 + 5} Mar 2000 {order.index(n) % 24:02}:00:00 +0000"
            if n in REFERENCES:
                fields["references"] = f"<{REFERENCES[n]}@example.net>"
            out[n] = mail(**fields)
    return [out[n] for n in sorted(out)]


@example("5256 THREAD", "A283 A284 A285")
def test_threads(talk):
    append(talk, [("04-Mar-2000 12:00:00 +0000", mail(subject="before"))] * 165)
    append(talk, [("05-Mar-2000 12:00:00 +0000", octets) for octets in mail_of_the_threads()])
    ask(talk, "SELECT INBOX")
    talk.says(
        f"""
        C: A283 THREAD ORDEREDSUBJECT UTF-8 SINCE 5-MAR-2000
        S: * THREAD {BY_SUBJECT}
        S: A283 OK THREAD completed
        C: A284 THREAD ORDEREDSUBJECT US-ASCII TEXT "gewp"
        S: * THREAD
        S: A284 OK THREAD completed
        C: A285 THREAD REFERENCES UTF-8 SINCE 5-MAR-2000
        S: * THREAD {BY_REFERENCES}
        S: A285 OK THREAD completed
        """
    )


# ---- RFC 5267 ----


@pytest.fixture
def junk(talk):
    """Eight messages sent one after another; 2 and 5 are deleted junk."""
    fill(talk, "INBOX", [mail(date=f"{day} Jan 2020 12:00:00 +0000") for day in range(1, 9)])
    ask(talk, "SELECT INBOX")
    ask(talk, f"STORE 2,5 +FLAGS.SILENT {JUNK}")
    return talk


@example("5267 3.3", "E01")
def test_a_sort_that_returns_all(junk):
    junk.says(
        """
        C: E01 UID SORT RETURN () (REVERSE DATE) UTF-8 UNDELETED UNKEYWORD $Junk
        S: * ESEARCH (TAG "E01") UID ALL 8,7,6,4,3,1
        S: E01 OK SORT completed
        """
    )


@example("5267 4.2", "A01")
@example("5267 4.4", "A02 A03 A04")
def test_a_hint_and_then_parts(junk):
    junk.says(
        """
        C: A01 SEARCH RETURN (CONTEXT COUNT) UNDELETED UNKEYWORD $Junk
        S: * ESEARCH (TAG "A01") COUNT 6
        S: A01 OK SEARCH completed
        C: A02 UID SEARCH RETURN (PARTIAL 4:9) UNDELETED UNKEYWORD $Junk
        C: A03 UID SEARCH RETURN (PARTIAL 1:3) UNDELETED UNKEYWORD $Junk
        C: A04 UID SEARCH RETURN (PARTIAL 24000:24500) UNDELETED UNKEYWORD $Junk
        S: * ESEARCH (TAG "A02") UID PARTIAL (4:9 6:8)
        S: A02 OK SEARCH completed
        S: * ESEARCH (TAG "A03") UID PARTIAL (1:3 1,3:4)
        S: A03 OK SEARCH completed
        S: * ESEARCH (TAG "A04") UID PARTIAL (24000:24500 NIL)
        S: A04 OK SEARCH completed
        """
    )


@example("5267 4.3", "B01 B01")
@example("5267 4.3.4", "B03")
@example("5267 4.3.5", "B04")
def test_a_result_that_is_kept_up_to_date(server, user, junk):
    junk.says(
        """
        C: B01 UID SEARCH RETURN (UPDATE COUNT) DELETED KEYWORD $Junk
        S: * ESEARCH (TAG "B01") UID COUNT 2
        S: B01 OK SEARCH completed
        C: B01 SORT RETURN (UPDATE) FLAGGED
        S: B01 BAD ...
        C: B01 SORT RETURN (UPDATE) (DATE) UTF-8 FLAGGED
        S: B01 BAD ...
        """
    )
    with server.imap(user) as other:
        ask(other, "SELECT INBOX")
        ask(other, f"STORE 6:7 +FLAGS.SILENT {JUNK}")
        junk.says(
            r"""
            C: n NOOP
            S: * 6 FETCH (FLAGS (...\Deleted...))
            S: * 7 FETCH (FLAGS (...\Deleted...))
            S: * ESEARCH (TAG "B01") UID ADDTO (0 6:7)
            S: n OK ...
            """
        )
        ask(other, "UID EXPUNGE 6")
        junk.says(
            """
            C: B03 NOOP
            S: * ESEARCH (TAG "B01") UID REMOVEFROM (0 6)
            S: * 6 EXPUNGE
            S: B03 OK ...
            C: B04 CANCELUPDATE "B01"
            S: B04 OK No further updates
            """
        )
        ask(other, "STORE 1 +FLAGS.SILENT $Junk")
        ask(other, r"STORE 1 +FLAGS.SILENT \Deleted")
        junk.says("C: m NOOP").expect("* 1 FETCH ...")
        junk.expect("m OK ...")


@example("5267 4.3.1", "B02")
@pytest.mark.conf(imap={"max_contexts": 1})
def test_an_update_that_is_refused(fresh_server):
    with fresh_server.imap("alice") as talk:
        fill(talk, "INBOX", [("$Junk", mail()), ("", mail())])
        ask(talk, "SELECT INBOX")
        talk.says(
            """
            C: B01 UID SEARCH RETURN (UPDATE COUNT) DELETED
            S: * ESEARCH (TAG "B01") UID COUNT 0
            S: B01 OK SEARCH completed
            C: B02 UID SORT RETURN (UPDATE COUNT) (DATE) UTF-8 KEYWORD $Junk
            S: * ESEARCH (TAG "B02") UID COUNT 1
            S: * NO [NOUPDATE "B02"] ...
            S: B02 OK SORT completed
            """
        )


# ---- RFC 9394 ----


@example("9394 3.1", "A01 A02 A03 A04")
def test_parts_of_a_search(junk):
    junk.says(
        """
        C: A01 UID SEARCH RETURN (PARTIAL -1:-3) UNDELETED UNKEYWORD $Junk
        S: * ESEARCH (TAG "A01") UID PARTIAL (-1:-3 6:8)
        S: A01 OK SEARCH completed
        C: A02 UID SEARCH RETURN (PARTIAL 5:10) UNDELETED UNKEYWORD $Junk
        C: A03 UID SEARCH RETURN (PARTIAL 1:4) UNDELETED UNKEYWORD $Junk
        C: A04 UID SEARCH RETURN (PARTIAL 24000:24500) UNDELETED UNKEYWORD $Junk
        S: * ESEARCH (TAG "A02") UID PARTIAL (5:10 7:8)
        S: A02 OK SEARCH completed
        S: * ESEARCH (TAG "A03") UID PARTIAL (1:4 1,3:4,6)
        S: A03 OK SEARCH completed
        S: * ESEARCH (TAG "A04") UID PARTIAL (24000:24500 NIL)
        S: A04 OK SEARCH completed
        """
    )


@example("9394 3.3", "10 11")
@example("9394 3.4", "101")
def test_parts_of_a_fetch(talk):
    renumber(talk, "Gaps", [2, 5, 7, 9, 11, 12, 16])
    ask(talk, r"UID STORE 7,11 +FLAGS.SILENT (\Flagged)")
    ask(talk, "SELECT Gaps")  # nothing is \Recent any more
    talk.says(
        r"""
        C: 10 UID FETCH 5:26600 (UID FLAGS) (PARTIAL -1:-3)
        S: * 5 FETCH (UID 11 FLAGS (\Flagged))
        S: * 6 FETCH (UID 12 FLAGS ())
        S: * 7 FETCH (UID 16 FLAGS ())
        S: 10 OK FETCH completed
        C: 11 UID FETCH 5:26600 (UID FLAGS) (PARTIAL 1:5)
        S: * 2 FETCH (UID 5 FLAGS ())
        S: * 3 FETCH (UID 7 FLAGS (\Flagged))
        S: * 4 FETCH (UID 9 FLAGS ())
        S: * 5 FETCH (UID 11 FLAGS (\Flagged))
        S: * 6 FETCH (UID 12 FLAGS ())
        S: 11 OK FETCH completed
        """
    )
    answers = ask(talk, "STATUS Gaps (HIGHESTMODSEQ)")
    before = next(int(words[2][1]) for words in answers.untagged if words[0] == "STATUS")
    ask(talk, r"UID STORE 5,12 +FLAGS.SILENT (\Answered)")
    talk.says(
        rf"""
        C: 101 UID FETCH 5:26600 (UID FLAGS) (PARTIAL -1:-3 CHANGEDSINCE {before})
        S: * 6 FETCH (UID 12 FLAGS (\Answered) MODSEQ ({before + 1}))
        S: 101 OK FETCH completed
        """
    )
