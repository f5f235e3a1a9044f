"""SORT, SORT=DISPLAY and ESORT: RFC 5256 3, RFC 5957, RFC 5267 3; PARTIAL: RFC 9394 3.1."""

import pytest

from imap_answer import ask
from rfc_example import mail

# number → (internal date, fields); 9 has nothing at all to be sorted by.
MAIL = [
    ("05-Jan-2020 10:00:00 +0000", {"from": "bob@x", "to": "zed@x", "subject": "Re: lunch",
                                    "date": "Wed, 1 Jan 2020 12:00:00 +0000"}),
    ("04-Jan-2020 10:00:00 +0000", {"from": "Zoe <alice@x>", "to": "\"amy a\" <m@x>", "subject": "lunch",
                                    "date": "Wed, 1 Jan 2020 12:00:00 +0500"}),
    ("03-Jan-2020 10:00:00 +0000", {"from": "=?utf-8?q?=C3=A4nne?= <carol@x>", "subject": "=?utf-8?q?=C3=A4pfel?=",
                                    "date": "Thu, 2 Jan 2020 12:00:00 +0000"}),
    ("02-Jan-2020 10:00:00 +0000", {"from": "friends: dora@x;", "subject": "Zebra",
                                    "date": "Fri, 3 Jan 2020 12:00:00 +0000"}),
    ("01-Jan-2020 10:00:00 +0000", {"from": "Alice@x", "cc": "c@x, a@x", "subject": "[list] Fwd: _under",
                                    "date": "not a date"}),
    ("06-Jan-2020 10:00:00 +0000", {"from": "eve@x", "cc": "B@x", "subject": "apple",
                                    "date": "Wed, 1 Jan 2020 11:59:59 +0000"}),
]
EMPTY = b"\r\nno header at all, and a body that is the longest of them" + b" ..." * 100 + b"\r\n"


@pytest.fixture(scope="module")
def sorted_mail(shared_server):
    with shared_server.imap("alice") as talk:
        ask(talk, "CREATE Sorted")
        for date, fields in [*MAIL, ("07-Jan-2020 10:00:00 +0000", None)]:
            octets = mail("text", **fields) if fields else EMPTY
            talk.send(f'a APPEND Sorted "{date}" {{{len(octets)}+}}\r\n'.encode() + octets + b"\r\n")
            talk.expect("a OK ...")
        ask(talk, "SELECT Sorted")
        talk.send(b"a APPEND Sorted (\\Deleted) {4+}\r\n\r\nx\r\n")
        talk.until("a OK ...")
    yield shared_server


@pytest.fixture
def talk(sorted_mail):
    with sorted_mail.imap("alice") as talk:
        ask(talk, "EXAMINE Sorted")
        yield talk


CASES = [
    ("by arrival", "(ARRIVAL)", "5 4 3 2 1 6 7"),
    ("the latest first", "(REVERSE ARRIVAL)", "7 6 1 2 3 4 5"),
    # 5 says nothing that can be read: its internal date counts.
    ("by the sent date, in UTC", "(DATE)", "2 5 6 1 3 4 7"),
    ("by size", "(REVERSE SIZE)", "7 3 2 4 1 5 6"),
    ("by base subject, a re: does not count", "(SUBJECT)", "7 6 3 1 2 4 5"),
    ("equal ones in reverse stay as they are", "(REVERSE SUBJECT)", "5 4 1 2 3 6 7"),
    ("equal ones by the next criterion", "(SUBJECT REVERSE DATE)", "7 6 3 1 2 4 5"),
    ("and by the other", "(SUBJECT DATE)", "7 6 3 2 1 4 5"),
    ("by the mailbox of From, a group by its name", "(FROM)", "7 2 5 1 3 6 4"),
    ("by To, those without first", "(TO)", "3 4 5 6 7 2 1"),
    ("by Cc", "(CC)", "1 2 3 4 7 6 5"),
    ("by the name people see", "(DISPLAYFROM)", "7 5 3 1 6 4 2"),
    ("by that of To", "(REVERSE DISPLAYTO)", "1 2 3 4 5 6 7"),
    ("one said twice counts once", "(ARRIVAL REVERSE ARRIVAL)", "5 4 3 2 1 6 7"),
]


@pytest.mark.parametrize("name, criteria, numbers", CASES, ids=[c[0] for c in CASES])
def test_messages_are_sorted(talk, name, criteria, numbers):
    keys = "UTF-8 UNDELETED"
    if "size" in name:
        sizes = {int(n): int(v["RFC822.SIZE"]) for n, v in ask(talk, "FETCH 1:7 RFC822.SIZE").fetched.items()}
        numbers = " ".join(str(n) for n in sorted(sizes, key=lambda n: (-sizes[n], n)))
    talk.says(
        f"""
        C: a SORT {criteria} {keys}
        S: * SORT {numbers}
        S: a OK SORT completed
        C: b uid sort {criteria.lower()} us-ascii undeleted
        S: * SORT {numbers}
        S: b OK ...
        """
    )


def test_keys_are_those_of_search(talk):
    talk.says(
        """
        C: A282 SORT (SUBJECT) UTF-8 SENTSINCE 2-Jan-2020
        S: * SORT 3 4
        S: A282 OK SORT completed
        C: A283 SORT (SUBJECT REVERSE DATE) UTF-8 FROM alice
        S: * SORT 2 5
        S: A283 OK SORT completed
        C: A284 SORT (SUBJECT) US-ASCII TEXT "not in mailbox"
        S: * SORT
        S: A284 OK SORT completed
        C: A285 SORT (ARRIVAL) KOI8-R 2:3
        S: * SORT 3 2
        S: A285 OK SORT completed
        """
    )


def test_what_a_sort_returns_is_chosen(talk):
    talk.says(
        """
        C: E01 UID SORT RETURN () (REVERSE ARRIVAL) UTF-8 UNDELETED
        S: * ESEARCH (TAG "E01") UID ALL 7,6,1:5
        S: E01 OK SORT completed
        C: E02 SORT RETURN (MIN MAX COUNT) (REVERSE ARRIVAL) UTF-8 UNDELETED
        S: * ESEARCH (TAG "E02") MIN 7 MAX 5 COUNT 7
        S: E02 OK SORT completed
        C: E03 SORT RETURN (MIN MAX ALL COUNT) (DATE) UTF-8 KEYWORD none
        S: * ESEARCH (TAG "E03") COUNT 0
        S: E03 OK SORT completed
        C: E04 SORT RETURN (PARTIAL 2:3) (ARRIVAL) UTF-8 UNDELETED
        S: * ESEARCH (TAG "E04") PARTIAL (2:3 4,3)
        S: E04 OK SORT completed
        C: E05 SORT RETURN (PARTIAL -1:-2 COUNT) (ARRIVAL) UTF-8 UNDELETED
        S: * ESEARCH (TAG "E05") PARTIAL (-1:-2 6:7) COUNT 7
        S: E05 OK SORT completed
        C: E06 SORT RETURN (PARTIAL 8:20) (ARRIVAL) UTF-8 UNDELETED
        S: * ESEARCH (TAG "E06") PARTIAL (8:20 NIL)
        S: E06 OK SORT completed
        C: E07 SORT RETURN (SAVE) (ARRIVAL) UTF-8 FROM alice
        S: E07 OK SORT completed
        C: E08 SEARCH $
        S: * SEARCH 2 5
        S: E08 OK ...
        C: E09 SORT RETURN (SAVE MIN) (ARRIVAL) UTF-8 FROM alice
        S: * ESEARCH (TAG "E09") MIN 5
        S: E09 OK ...
        C: E10 SEARCH $
        S: * SEARCH 5
        S: E10 OK ...
        """
    )


def test_some_of_what_a_search_finds_can_be_asked_for(talk):
    talk.says(
        """
        C: A02 UID SEARCH RETURN (PARTIAL 3:500) UNDELETED
        S: * ESEARCH (TAG "A02") UID PARTIAL (3:500 3:7)
        S: A02 OK ...
        C: A03 UID SEARCH RETURN (PARTIAL 2:1) UNDELETED
        S: * ESEARCH (TAG "A03") UID PARTIAL (2:1 1:2)
        S: A03 OK ...
        C: A04 UID SEARCH RETURN (PARTIAL 24000:24500) UNDELETED
        S: * ESEARCH (TAG "A04") UID PARTIAL (24000:24500 NIL)
        S: A04 OK ...
        C: A05 SEARCH RETURN (PARTIAL -1:-3) OR FROM alice FROM bob
        S: * ESEARCH (TAG "A05") PARTIAL (-1:-3 1:2,5)
        S: A05 OK ...
        C: A06 SEARCH RETURN (PARTIAL -3:-3) OR FROM alice FROM bob
        S: * ESEARCH (TAG "A06") PARTIAL (-3:-3 1)
        S: A06 OK ...
        """
    )


SAVED = [  # RFC 9394 3.2, table 1
    ("SAVE PARTIAL 2:3", "2:3"),
    ("SAVE PARTIAL 2:3 MIN", "1:3"),
    ("SAVE PARTIAL 2:3 MAX", "2:3,7"),
    ("SAVE PARTIAL 2:3 MIN MAX", "1:3,7"),
    ("SAVE PARTIAL 2:3 COUNT", "1:7"),
    ("SAVE PARTIAL 2:3 MIN COUNT", "1:7"),
]


@pytest.mark.parametrize("options, saved", SAVED)
def test_what_partial_saves(talk, options, saved):
    assert ask(talk, f"SEARCH RETURN ({options}) UNDELETED").status == "OK"
    talk.says(f"C: s SEARCH RETURN () $\nS: * ESEARCH (TAG \"s\") ALL {saved}\nS: s OK ...")


WRONG = [
    ("no charset", "SORT (ARRIVAL) ALL", "NO"),
    ("an unknown charset", "SORT (ARRIVAL) X-NONE ALL", "NO"),
    ("no criteria", "SORT () UTF-8 ALL", "BAD"),
    ("an unknown criterion", "SORT (COLOUR) UTF-8 ALL", "BAD"),
    ("nothing reversed", "SORT (REVERSE) UTF-8 ALL", "BAD"),
    ("reversed twice", "SORT (REVERSE REVERSE DATE) UTF-8 ALL", "BAD"),
    ("no keys", "SORT (DATE) UTF-8", "BAD"),
    ("no such key", "SORT (DATE) UTF-8 NONSENSE", "BAD"),
    ("an open list", "SORT (DATE UTF-8 ALL", "BAD"),
    ("RETURN of something unknown", "SORT RETURN (BEST) (DATE) UTF-8 ALL", "BAD"),
    ("PARTIAL and ALL", "SEARCH RETURN (PARTIAL 1:2 ALL) ALL", "BAD"),
    ("ALL and PARTIAL", "SEARCH RETURN (ALL PARTIAL 1:2) ALL", "BAD"),
    ("PARTIAL twice", "SEARCH RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL", "BAD"),
    ("PARTIAL of one place", "SEARCH RETURN (PARTIAL 1) ALL", "BAD"),
    ("PARTIAL from nought", "SEARCH RETURN (PARTIAL 0:2) ALL", "BAD"),
    ("PARTIAL from both ends", "SEARCH RETURN (PARTIAL -1:2) ALL", "BAD"),
    ("PARTIAL from the other ends", "SEARCH RETURN (PARTIAL 1:-2) ALL", "BAD"),
    ("PARTIAL up to the last", "SEARCH RETURN (PARTIAL 1:*) ALL", "BAD"),
    ("PARTIAL too far", "SEARCH RETURN (PARTIAL 1:4294967296) ALL", "BAD"),
]


@pytest.mark.parametrize("name, command, status", WRONG, ids=[w[0] for w in WRONG])
def test_what_cannot_be_sorted_is_refused(talk, name, command, status):
    answers = ask(talk, command)
    assert answers.status == status
    assert not answers.untagged
    if status == "NO":
        assert answers.text.startswith("[BADCHARSET")


def test_nothing_is_sorted_in_no_mailbox(server):
    with server.imap("alice") as talk:
        assert ask(talk, "SORT (DATE) UTF-8 ALL").status == "BAD"
        words = ask(talk, "CAPABILITY").untagged[0]
        assert {"SORT", "SORT=DISPLAY", "ESORT"} <= set(words)


@pytest.mark.parametrize(
    "limit",
    [{"max_sort_memory": "1M"}, {"max_search_memory_per_account": "2M"}, {"max_search_memory": "2M"}],
    ids=lambda limit: next(iter(limit)),
)
def test_too_many_keys_are_refused(make_server, limit):
    with make_server(imap={"max_sort_text": 500, **limit}).imap("alice") as talk:
        octets = mail(subject="x" * 400)
        talk.send(f"a APPEND INBOX {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
        talk.until("a OK ...")
        ask(talk, "SELECT INBOX")
        for _ in range(14):
            ask(talk, "COPY 1:* INBOX")
        assert ask(talk, "STATUS INBOX (MESSAGES)").untagged[0][2] == ["MESSAGES", "16384"]
        answers = ask(talk, "SORT (SUBJECT FROM) UTF-8 ALL")
        assert (answers.status, answers.text.split()[0]) == ("NO", "[LIMIT]")
        # What was refused keeps nothing.
        for _ in range(3):
            assert ask(talk, "SORT (ARRIVAL) UTF-8 ALL").status == "OK"
