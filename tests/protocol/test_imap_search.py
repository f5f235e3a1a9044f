"""SEARCH and UID SEARCH: RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 4731, RFC 5182, RFC 5032."""

import base64

import pytest

from server import eml

UTF16_TEXT = base64.encodebytes("Отпуск в Сочи".encode("koi8-r")).replace(b"\n", b"\r\n")
FORWARDED = b"""\
From: Anna <anna@example.net>
Subject: Fwd: invoice
Date: Fri, 20 Nov 2026 23:30:00 -0500
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p>See below</p>
--b
Content-Type: message/rfc822

From: Billing <billing@example.com>
Subject: Invoice 4711

The embedded text
--b
Content-Type: application/pdf; name="secret.pdf"
Content-Transfer-Encoding: base64

SGlkZGVuIHdvcmRz
--b--
""".replace(b"\n", b"\r\n")
KOI8 = (
    b"From: Ivan <ivan@example.ru>\r\nSubject: =?koi8-r?B?7tTQ1dPL?=\r\n"
    b"Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: base64\r\n\r\n" + UTF16_TEXT
)
NO_DATE = b"Subject: bare\r\nX-Spam:\r\n\r\nshort\r\n"

# message number → (octets, flags, internal date)
MAIL = [
    (eml("plain.eml"), "(\\Seen)", "01-Jan-2020 10:00:00 +0000"),
    (eml("multipart.eml"), "(\\Seen \\Flagged)", "02-Jan-2020 23:59:59 +0000"),
    (eml("eightbit.eml"), "(\\Answered $Work)", "03-Jan-2020 00:00:00 +0000"),
    (FORWARDED, "(\\Deleted \\Draft)", "04-Jan-2020 12:00:00 +0000"),
    (KOI8, "()", "05-Jan-2020 12:00:00 +0000"),
    (NO_DATE, "(work)", "06-Jan-2020 12:00:00 +0000"),
]


@pytest.fixture(scope="module")
def searched(shared_server):
    with shared_server.imap("alice") as talk:
        talk.says("C: make CREATE Search").expect("make OK ...")
        for octets, flags, date in MAIL:
            head = f'a APPEND Search {flags} "{date}" {{{len(octets)}+}}\r\n'
            talk.send(head.encode() + octets + b"\r\n")
            talk.expect("a OK ...")
        # UIDs are the message numbers and one.
        talk.says("C: s SELECT Search").until("s OK ...")
        talk.send(b"a APPEND Search (\\Deleted) {5+}\r\nfirst\r\n")
        talk.until("a OK ...")
    yield shared_server


@pytest.fixture
def talk(searched):
    with searched.imap("alice") as talk:
        talk.says("C: select EXAMINE Search").until("select OK ...")
        yield talk


def search(talk, keys):
    """The numbers that SEARCH finds, as a string."""
    talk.send(b"q SEARCH " + (keys if isinstance(keys, bytes) else keys.encode()) + b"\r\n")
    line = talk.expect("* SEARCH...")
    talk.expect("q OK ...")
    return line.removeprefix("* SEARCH").strip()


CASES = [
    # flags
    ("ALL", "1 2 3 4 5 6 7"),
    ("SEEN", "1 2"),
    ("UNSEEN", "3 4 5 6 7"),
    ("FLAGGED", "2"),
    ("UNFLAGGED SEEN", "1"),
    ("ANSWERED", "3"),
    ("DELETED", "4 7"),
    ("UNDELETED UNSEEN", "3 5 6"),
    ("DRAFT", "4"),
    ("KEYWORD $work", "3"),
    ("KEYWORD WORK", "6"),
    ("UNKEYWORD work 5:*", "5 7"),
    ("KEYWORD never-used", ""),
    # sets
    ("1,3:4", "1 3 4"),
    ("*", "7"),
    ("UID 2:3", "2 3"),
    ("UID 100:*", "7"),
    ("NOT 2:*", "1"),
    ("UIDAFTER 5", "6 7"),
    ("UIDAFTER 7", ""),
    ("UIDAFTER 4294967295", ""),
    ("UIDBEFORE 3", "1 2"),
    ("UIDBEFORE 1", ""),
    ("UIDAFTER 2 NOT UIDBEFORE 4 UIDBEFORE 6", "4 5"),
    # logic
    ("OR SEEN ANSWERED", "1 2 3"),
    ("OR (SEEN FLAGGED) NOT 1:6", "2 7"),
    ("NOT (SEEN FLAGGED) SEEN", "1"),
    # sizes
    (f"LARGER {len(MAIL[1][0]) - 1}", "2"),
    (f"LARGER {len(MAIL[1][0])}", ""),
    ("SMALLER 6", "7"),
    ("SMALLER 5", ""),
    # number64 of RFC 9051 9
    (f"LARGER {2**63 - 1}", ""),
    (f"SMALLER {2**63 - 1}", "1 2 3 4 5 6 7"),
    # dates
    ("BEFORE 2-Jan-2020", "1"),
    ("ON 2-Jan-2020", "2"),
    ("SINCE 3-Jan-2020 BEFORE 5-Jan-2020", "3 4"),
    ("SENTON 20-Nov-2026", "4"),
    ("SENTON 21-Nov-2026", "1 2 3"),
    ("SENTBEFORE 21-Nov-2026", "4"),
    ("SENTSINCE 21-Nov-2026", "1 2 3"),
    ("YOUNGER 86400", "7"),
    ("OLDER 86400 SEEN", "1 2"),
    # headers
    ("FROM sender", "1 2"),
    ("FROM SENDER@EXAMPLE.NET", "1 2"),
    ("CC bob", "2"),
    ("TO alice SUBJECT plain", "1"),
    ("SUBJECT invoice", "4"),
    ("BCC any", ""),
    ('HEADER Message-ID "<plain@example.net>"', "1"),
    ('HEADER X-Spam ""', "6"),
    ('HEADER X-Spam "a"', ""),
    ('HEADER mime-version 1', "2 3"),
    # text
    ('BODY "one line"', "1"),
    ('BODY "html"', "2"),
    ("BODY embedded", "4"),
    ('BODY "Invoice 4711"', "4"),
    ('BODY "Fwd"', ""),
    ('TEXT "Fwd"', "4"),
    ('TEXT "application/pdf"', "4"),
    ('BODY "application/pdf"', ""),
    ('BODY "Hidden words"', ""),
    ('TEXT "example.net"', "1 2 3 4"),
    ('OR BODY "one line" BODY short', "1 6"),
    ('UNSEEN BODY "short"', "6"),
    ('BODY ""', "1 2 3 4 5 6 7"),
]


@pytest.mark.parametrize("keys, found", CASES, ids=[c[0] for c in CASES])
def test_keys_find(talk, keys, found):
    assert search(talk, keys) == found


WORDS = [
    ("SUBJECT", "ÄRGER", "3"),
    ("FROM", "jürgen", "3"),
    ("BODY", "BOXKÄMPFER", "3"),
    ("BODY", "早上好", "3"),
    ("BODY", "grüße", "2"),
    ("BODY", "GRÜSSE", "2"),
    ("SUBJECT", "ОТПУСК", ""),
    ("BODY", "отпуск В сочи", "5"),
]


@pytest.mark.parametrize("key, word, found", WORDS, ids=[f"{w[0]}-{w[1]}" for w in WORDS])
@pytest.mark.parametrize("charset", ["", "CHARSET UTF-8 "])
def test_what_is_encoded_is_found_in_any_case(talk, charset, key, word, found):
    octets = word.encode()
    assert search(talk, f"{charset}{key} {{{len(octets)}+}}\r\n".encode() + octets) == found


def test_the_string_may_come_in_another_charset(talk):
    octets = "отпуск".encode("koi8-r")
    assert search(talk, f"CHARSET KOI8-R BODY {{{len(octets)}+}}\r\n".encode() + octets) == "5"


def test_a_charset_that_nobody_knows_is_a_no(talk):
    """Numbers of messages that are not there are no error: RFC 7377 2."""
    talk.says(
        """
        C: a SEARCH CHARSET X-KLINGON ALL
        S: a NO [BADCHARSET (UTF-8 US-ASCII)] ...
        C: b SEARCH NONSENSE
        S: b BAD ...
        C: c SEARCH 99
        S: * SEARCH
        S: c OK ...
        C: c SEARCH 6:99
        S: * SEARCH 6 7
        S: c OK ...
        C: d SEARCH
        S: d BAD ...
        """
    )


def test_uid_search_answers_with_uids(searched):
    with searched.imap("alice") as talk:
        talk.says("C: make CREATE Uids").expect("make OK ...")
        for flags in ("(\\Deleted)", "()", "(\\Seen)"):
            talk.send(f"a APPEND Uids {flags} {{5+}}\r\nhello\r\n".encode())
            talk.expect("a OK ...")
        talk.says("C: s SELECT Uids").until("s OK ...")
        talk.says("C: e EXPUNGE").until("e OK ...")
        talk.says(
            """
            C: a UID SEARCH ALL
            S: * SEARCH 2 3
            S: a OK ...
            C: b UID SEARCH 2 SEEN
            S: * SEARCH 3
            S: b OK ...
            C: c SEARCH UID 3
            S: * SEARCH 2
            S: c OK ...
            C: d UID SEARCH RETURN (MIN MAX COUNT ALL) ALL
            S: * ESEARCH (TAG "d") UID MIN 2 MAX 3 ALL 2:3 COUNT 2
            S: d OK ...
            """
        )


def test_return_options(talk):
    talk.says(
        """
        C: a SEARCH RETURN (MIN COUNT) UNSEEN
        S: * ESEARCH (TAG "a") MIN 3 COUNT 5
        S: a OK ...
        C: b SEARCH RETURN () SEEN
        S: * ESEARCH (TAG "b") ALL 1:2
        S: b OK ...
        C: c SEARCH RETURN (MIN MAX ALL) KEYWORD nothing
        S: * ESEARCH (TAG "c")
        S: c OK ...
        C: d SEARCH RETURN (COUNT) KEYWORD nothing
        S: * ESEARCH (TAG "d") COUNT 0
        S: d OK ...
        C: e SEARCH RETURN (EVERYTHING) ALL
        S: e BAD ...
        """
    )


def test_imap4rev2_is_always_answered_by_esearch(talk):
    talk.says("C: u UNSELECT").expect("u OK ...")
    talk.says("C: e ENABLE IMAP4rev2").until("e OK ...")
    talk.says("C: s EXAMINE Search").until("s OK ...")
    talk.says(
        """
        C: a SEARCH SEEN
        S: * ESEARCH (TAG "a") ALL 1:2
        S: a OK ...
        C: b SEARCH TEXT "string not in mailbox"
        S: * ESEARCH (TAG "b")
        S: b OK ...
        """
    )


def test_utf8_accept_makes_charset_bad(talk):
    talk.says("C: u UNSELECT").expect("u OK ...")
    talk.says("C: e ENABLE UTF8=ACCEPT").until("e OK ...")
    talk.says("C: s EXAMINE Search").until("s OK ...")
    talk.says(
        """
        C: a SEARCH CHARSET UTF-8 SUBJECT x
        S: a BAD ...
        C: b SEARCH SUBJECT "ÄRGER"
        S: * SEARCH 3
        S: b OK ...
        """
    )


def test_saved_results(talk):
    talk.says(
        """
        C: a SEARCH RETURN (SAVE) SEEN
        S: a OK ...
        C: b SEARCH $ FLAGGED
        S: * SEARCH 2
        S: b OK ...
        C: c UID SEARCH RETURN (SAVE MIN) UNSEEN
        S: * ESEARCH (TAG "c") UID MIN 3
        S: c OK ...
        C: d SEARCH UID $
        S: * SEARCH 3
        S: d OK ...
        C: e SEARCH RETURN (SAVE MIN MAX) ALL
        S: * ESEARCH (TAG "e") MIN 1 MAX 7
        S: e OK ...
        C: f SEARCH $
        S: * SEARCH 1 7
        S: f OK ...
        C: g SEARCH RETURN (SAVE COUNT MIN) SEEN
        S: * ESEARCH (TAG "g") MIN 1 COUNT 2
        S: g OK ...
        C: h FETCH $ UID
        S: * 1 FETCH (UID 1)
        S: * 2 FETCH (UID 2)
        S: h OK ...
        C: i SEARCH RETURN (SAVE) BEFORE 1-Jan-1990
        S: i OK ...
        C: j FETCH $ UID
        S: j OK ...
        C: k SEARCH RETURN (SAVE) CHARSET X-KLINGON ALL
        S: k NO [BADCHARSET ...
        """
    )


def test_an_empty_mailbox_finds_nothing(searched):
    with searched.imap("alice") as talk:
        talk.says("C: make CREATE Empty").expect("make OK ...")
        talk.says("C: s SELECT Empty").until("s OK ...")
        talk.says(
            """
            C: a SEARCH ALL
            S: * SEARCH
            S: a OK ...
            C: b SEARCH 1:*
            S: * SEARCH
            S: b OK ...
            """
        )


def test_new_and_recent_are_this_sessions(searched):
    with searched.imap("alice") as talk:
        talk.says("C: make CREATE Recent").expect("make OK ...")
        talk.send(b"a APPEND Recent {5+}\r\nhello\r\nb APPEND Recent (\\Seen) {5+}\r\nhello\r\n")
        talk.expect("a OK ...")
        talk.expect("b OK ...")
        talk.says("C: s SELECT Recent").until("s OK ...")
        for keys, found in (("RECENT", "1 2"), ("NEW", "1"), ("OLD", "")):
            assert search(talk, keys) == found
        talk.says("C: s SELECT Recent").until("s OK ...")
        for keys, found in (("RECENT", ""), ("NEW", ""), ("OLD", "1 2")):
            assert search(talk, keys) == found


def test_a_large_message_is_searched_piece_by_piece(searched):
    filler = b"the quick brown fox\r\n" * 30000
    octets = b"Subject: large\r\n\r\n" + filler + "das Nadelöhr".encode() + filler
    with searched.imap("alice") as talk:
        talk.says("C: make CREATE Large").expect("make OK ...")
        talk.send(f"a APPEND Large {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
        talk.expect("a OK ...")
        talk.says("C: s SELECT Large").until("s OK ...")
        word = "NADELÖHRTHE".encode()
        assert search(talk, f"BODY {{{len(word)}+}}\r\n".encode() + word) == "1"
        assert search(talk, "BODY haystack") == ""


LEFT = [
    ("imap search", "SEARCH BODY x"),
    ("imap search", "SORT (DATE) UTF-8 ALL"),
    ("imap thread", "THREAD REFERENCES UTF-8 ALL"),
    ("imap esearch", "ESEARCH IN (personal) ALL"),
    ("imap list", 'LIST "" *'),
]


@pytest.mark.parametrize("task, command", LEFT)
def test_a_client_may_leave_during_a_task(make_server, task, command):
    server = make_server(args=["--hold", task])
    with server.imap("alice") as talk:
        talk.send(b"a APPEND INBOX {5+}\r\nhello\r\n")
        talk.expect("a OK ...")
        talk.says("C: s SELECT INBOX").until("s OK ...")
        talk.says(f"C: b {command}")
        server.wait_log(rf'held class="?{task}"?\n')
        talk.abort()
    server.wait_log("imap end=dropped")
    server.release()
    with server.imap("alice") as talk:
        talk.says("C: a NOOP").expect("a OK ...")
