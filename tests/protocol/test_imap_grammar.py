"""The grammar of commands, at its edges: RFC 9051 9 and 6, RFC 3501 9. What is answered, and that nothing else is said."""

import pytest

from imap_answer import ask, take
from server import eml

PLAIN = eml("plain.eml")


def put(talk, mailbox="INBOX", head=""):
    talk.send(f"put APPEND {mailbox} {head}{{{len(PLAIN)}+}}\r\n".encode() + PLAIN + b"\r\n")
    return talk.until("put ...")


@pytest.fixture(scope="module")
def reader(shared_server):
    """An account with three messages in INBOX and none in Empty."""
    user = shared_server.new_account()
    with shared_server.imap(user) as talk:
        for _ in range(3):
            put(talk)
        assert ask(talk, "CREATE Empty").status == "OK"
    return user


@pytest.fixture
def talk(server, reader):
    with server.imap(reader) as talk:
        yield talk


@pytest.fixture
def inbox(talk):
    assert ask(talk, "EXAMINE INBOX").status == "OK"
    return talk


def say(talk, octets):
    """The tagged answer to a command, tag cut off; untagged ones are passed over."""
    talk.send(octets if isinstance(octets, bytes) else b"t " + octets.encode() + b"\r\n")
    answers = take(talk, "t")
    return f"{answers.status} {answers.text}"


# ---- sets of numbers ----

SETS = [
    ("1", [1]),
    ("3:1", [1, 2, 3]),
    ("*", [3]),
    ("*:1", [1, 2, 3]),
    ("2:*", [2, 3]),
    ("3:*", [3]),
    ("1,1,1:2,2", [1, 2]),
    ("$", []),
]


@pytest.mark.parametrize("numbers, found", SETS)
def test_sets_name_messages(inbox, numbers, found):
    answers = ask(inbox, f"FETCH {numbers} UID")
    assert (answers.status, sorted(answers.fetched)) == ("OK", found)
    answers = ask(inbox, f"UID FETCH {numbers} UID")
    assert (answers.status, sorted(answers.fetched)) == ("OK", found)


@pytest.mark.parametrize(
    "numbers", ["0", "0:1", "1:0", "4", "1:4", "", ",1", "1,", "1,,2", "1:", ":1", "1:2:3", "-1", "a", "1 2", "**", "1,$", "$,1", "4294967296"]
)
def test_what_is_no_set_or_not_there_is_bad(inbox, numbers):
    assert say(inbox, f"FETCH {numbers} UID").startswith("BAD ")


@pytest.mark.parametrize("numbers, found", [("100:*", [3]), ("4:5", []), ("4294967295", []), ("2:100", [2, 3])])
def test_uids_need_not_be_there(inbox, numbers, found):
    answers = ask(inbox, f"UID FETCH {numbers} UID")
    assert (answers.status, sorted(answers.fetched)) == ("OK", found)


def test_an_empty_mailbox_has_no_numbers(talk):
    assert ask(talk, "EXAMINE Empty").status == "OK"
    for command in ("FETCH 1 UID", "FETCH * UID", "FETCH 1:* UID", "COPY * INBOX"):
        assert say(talk, command).startswith("BAD "), command
    for command in ("UID FETCH 1:* UID", "UID FETCH * UID", "UID COPY 1:* INBOX", "SEARCH 1:*", "FETCH $ UID", "COPY $ INBOX"):
        assert say(talk, command).startswith("OK "), command


# ---- words, tags, commands ----


@pytest.mark.parametrize("tag", ["a", "A1", "a]", "a[", "a.b", "a-b", "a/b", "~!@#$&_=|'`:;<>,?", "1"])
def test_a_tag_comes_back_as_it_was(talk, tag):
    talk.says(f"C: {tag} NOOP")
    assert talk.read_line() == f"{tag} OK Done\r\n".encode()


@pytest.mark.parametrize("line", [" a NOOP", "a+b NOOP", '"a" NOOP', "a( NOOP", "a{1 NOOP", "a% NOOP", "* NOOP", "+ NOOP", "\\a NOOP", "\u00e9 NOOP"])
def test_what_is_no_tag_is_not_repeated(talk, line):
    talk.says(f"C: {line}").expect("* BAD ...")
    assert say(talk, "NOOP").startswith("OK ")


BAD = [
    "FOO",
    "",
    " NOOP",
    "UID",
    "UID NOOP",
    "UID UID FETCH 1 FLAGS",
    "NOOP x",
    "CAPABILITY x",
    "LOGOUT x",
    "NAMESPACE x",
    "IDLE x",
    "CLOSE x",
    "UNSELECT x",
    "CHECK x",
    "EXPUNGE 1",
    "UID EXPUNGE",
    "LOGIN alice wonderland",
    "AUTHENTICATE PLAIN",
    "STARTTLS",
    "ENABLE IMAP4rev2",
    "SELECT",
    "SELECT INBOX more",
    'SELECT "INBOX',
    'SELECT IN"BOX',
    'SELECT "a\\b"',
    "SELECT a%b",
    "SELECT (INBOX)",
    "CREATE",
    "CREATE a b",
    "CREATE a ()",
    "CREATE a (USE)",
    "RENAME a",
    "RENAME a b c",
    "STATUS INBOX",
    "STATUS INBOX ()",
    "STATUS INBOX MESSAGES",
    "STATUS INBOX (MESSAGES UNHEARD)",
    "LIST",
    'LIST ""',
    'LIST "" ()',
    'LIST "" * RETURN',
    'LIST "" * RETURN (UNHEARD)',
    'LSUB "" (a b)',
    "FETCH 1",
    "FETCH 1 ()",
    "FETCH 1 (FAST)",
    "FETCH 1 FAST FLAGS",
    "FETCH 1 BODY[]<0.0>",
    "FETCH 1 BODY[]<0>",
    "FETCH 1 BODY[]<-1.1>",
    "FETCH 1 BODY[",
    "FETCH 1 BODY[0]",
    "FETCH 1 BODY[1.0]",
    "FETCH 1 BODY[MIME]",
    "FETCH 1 BODY[HEADER.FIELDS]",
    "FETCH 1 BODY[HEADER.FIELDS ()]",
    "FETCH 1 RFC822.PEEK",
    "STORE 1 FLAGS",
    "STORE 1 FLAGS (\\Recent)",
    "STORE 1 FLAGS (\\*)",
    'STORE 1 FLAGS ("a")',
    "STORE 1 FLAGS (a]b)",
    "COPY 1",
    "COPY 1 a b",
    "SEARCH",
    "SEARCH ()",
    "SEARCH (ALL",
    "SEARCH ALL)",
    "SEARCH NOT",
    "SEARCH OR ALL",
    "SEARCH UNHEARD",
    "SEARCH ON 32-Jan-2020",
    "SEARCH ON 1-Foo-2020",
    "SEARCH LARGER -1",
    "SEARCH LARGER 99999999999999999999",
    "SEARCH YOUNGER 0",
    "SEARCH RETURN (UNHEARD) ALL",
    "SEARCH RETURN ALL ALL",
    "ID",
    'ID ("a")',
    "ID (a b)",
]


@pytest.mark.parametrize("command", BAD)
def test_mistakes_are_bad(inbox, command):
    assert say(inbox, command).startswith("BAD ")
    assert say(inbox, "FETCH 1 UID").startswith("OK "), "the mailbox is still selected"


@pytest.mark.parametrize("command", ["noop", "NoOp", "uid fetch 1 (flags)", "Fetch 1 body.peek[header.fields (SUBJECT)]", "search return (count) seen", "FETCH 1 (UID FLAGS )", "FETCH  1 UID", "NOOP "])
def test_case_and_blanks_are_forgiven(inbox, command):
    assert say(inbox, command).startswith("OK ")


# ---- literals wherever a string may be ----

LITERALS = [
    b"t STATUS {5+}\r\nINBOX (MESSAGES)\r\n",
    b"t LIST {0+}\r\n {1+}\r\n*\r\n",
    b"t SEARCH SUBJECT {5+}\r\nplain TO {5+}\r\nalice\r\n",
    b"t SEARCH HEADER {7+}\r\nSubject {0+}\r\n\r\n",
    b"t FETCH 1 BODY.PEEK[HEADER.FIELDS ({4+}\r\nFrom {7+}\r\nSubject)]\r\n",
    b"t ID ({4+}\r\nname {6+}\r\nab\r\ncd)\r\n",
    b"t SUBSCRIBE {7+}\r\nmy mail\r\n",
    b"t COPY 1 {5+}\r\nEmpty\r\n",
]


@pytest.mark.parametrize("octets", LITERALS)
def test_a_literal_is_a_string(inbox, octets):
    assert say(inbox, octets).startswith("OK ")


def test_a_literal8_is_none(inbox):
    """RFC 9051 9: only APPEND's message may be one, and hold a NUL."""
    for octets in (b"t SELECT ~{5+}\r\nINBOX\r\n", b"t SEARCH SUBJECT {3+}\r\na\0b\r\n", b"t LIST \"\" ~{1+}\r\n\0\r\n"):
        assert say(inbox, octets).startswith("BAD ")


def test_a_literal_is_waited_for(inbox):
    inbox.says("C: t STATUS {5}").expect("+ ...")
    inbox.says("C: INBOX (MESSAGES)").expect("* STATUS INBOX (MESSAGES 3)")
    inbox.expect("t OK ...")


@pytest.mark.parametrize("word", ["UTF8=ACCEPT", "IMAP4rev2"])
def test_a_quoted_string_is_utf8_where_that_is_enabled(server, word):
    """RFC 6855 3, RFC 9051 9: quoted. What a literal holds is its own matter."""
    with server.imap(server.new_account()) as talk:
        assert ask(talk, f"ENABLE {word}").status == "OK"
        assert ask(talk, "SELECT INBOX").status == "OK"
        assert say(talk, 't SEARCH SUBJECT "h\u00e9"\r\n'.encode()).startswith("OK ")
        for wrong in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"):
            assert say(talk, b't SEARCH SUBJECT "h' + wrong + b'"\r\n').startswith("BAD ")
            assert say(talk, b't SEARCH SUBJECT "\\"' + wrong + b'"\r\n').startswith("BAD ")
            assert say(talk, b't ID ("name" "' + wrong + b'")\r\n').startswith("BAD ")
        assert say(talk, b"t SEARCH SUBJECT {2+}\r\nh\xff\r\n").startswith("OK ")


# ---- too much is no mistake of grammar ----


@pytest.mark.parametrize(
    "command",
    [
        "STORE 1 +FLAGS (" + "k" * 300 + ")",
        "STORE 1 +FLAGS (" + " ".join(f"k{i}" for i in range(100)) + ")",
        "APPEND Empty (" + " ".join(f"k{i}" for i in range(100)) + ") {3+}\r\nabc",
        "FETCH 1 (" + " ".join(f"BODY.PEEK[{i + 1}]" for i in range(300)) + ")",
        'LIST "" (' + " ".join(["a"] * 200) + ")",
        "SEARCH " + " ".join(["ALL"] * 5000),
        "SEARCH SUBJECT " + "x" * 10000,
    ],
    ids=["keyword", "keywords", "keywords of a message", "items", "patterns", "keys", "string"],
)
def test_what_is_over_a_limit_is_said_as_such(inbox, command):
    assert say(inbox, command).startswith("NO [LIMIT] ")


# ---- mailboxes ----


def test_deleting_a_level_that_is_no_mailbox(server):
    with server.imap(server.new_account()) as talk:
        talk.says(
            """
            C: a CREATE level/below
            S: a OK ...
            C: b DELETE level
            S: b OK ...
            C: c DELETE level
            S: c NO [HASCHILDREN] ...
            C: d DELETE lev
            S: d NO [NONEXISTENT] ...
            C: e DELETE level/below
            S: e OK ...
            C: f DELETE level
            S: f NO [NONEXISTENT] ...
            """
        )


@pytest.mark.parametrize("name", ['""', "/", "//", "/a", "a//b", '"a\x01b"', "&AAA-"])
def test_names_no_mailbox_can_have(talk, name):
    for command in (f"CREATE {name}", f"RENAME Empty {name}", f"SUBSCRIBE {name}"):
        answer = say(talk, command)
        assert answer.startswith(("NO [CANNOT] ", "BAD ")), answer
    assert say(talk, 'LIST "" Empty').startswith("OK ")


@pytest.mark.parametrize("command", ["COPY 1", "UID COPY 1"])
def test_trycreate_only_where_it_may_help(inbox, command):
    assert say(inbox, f"{command} nowhere").startswith("NO [TRYCREATE] ")
    assert say(inbox, f"{command} no//where").startswith("NO [CANNOT] ")
    assert say(inbox, 'APPEND no//where {3+}\r\nabc').startswith("NO [CANNOT] ")


# ---- dates ----

DATES = [
    ('" 1-Jan-2020 10:00:00 +0000"', " 1-Jan-2020 10:00:00 +0000"),
    ('"01-Jan-2020 10:00:00 +0000"', " 1-Jan-2020 10:00:00 +0000"),
    ('"29-feb-2020 00:30:00 +0100"', "28-Feb-2020 23:30:00 +0000"),
    ('"31-Dec-1969 23:59:59 -0000"', "31-Dec-1969 23:59:59 +0000"),
    ('" 1-Jan-0001 00:00:00 +0000"', " 1-Jan-0001 00:00:00 +0000"),
    ('"31-Dec-9999 23:59:59 +0000"', "31-Dec-9999 23:59:59 +0000"),
    ('"30-Jun-2015 23:59:60 +0000"', " 1-Jul-2015 00:00:00 +0000"),
]


@pytest.mark.parametrize("given, kept", DATES)
def test_dates_of_appended_messages(server, given, kept):
    with server.imap(server.new_account()) as talk:
        put(talk, head=given + " ")
        assert ask(talk, "EXAMINE INBOX").status == "OK"
        assert ask(talk, "FETCH 1 INTERNALDATE").fetched[1] == {"INTERNALDATE": kept.encode()}


@pytest.mark.parametrize(
    "date",
    ["1-Jan-2020 10:00:00 +0000", "29-Feb-2021 10:00:00 +0000", " 1-Jan-2020 24:00:00 +0000", " 1-Jan-2020 10:60:00 +0000", " 1-Jan-2020 10:00 +0000", " 1-Jan-2020 10:00:00", " 1-Jan-20 10:00:00 +0000", " 0-Jan-2020 10:00:00 +0000", " 1-Jan-2020 10:00:00 +0060"],
)
def test_dates_that_are_none_are_bad(talk, date):
    assert say(talk, f'APPEND INBOX "{date}" {{3}}').startswith("BAD ")


# ---- keywords ----


def test_when_there_is_no_room_for_a_keyword_permanentflags_say_so(server):
    """RFC 9051 7.1: a new PERMANENTFLAGS without "\\*" when the limit is reached."""
    with server.imap(server.new_account()) as talk:
        put(talk)
        assert ask(talk, "SELECT INBOX").status == "OK"
        told = []
        for number in range(100):
            answers = ask(talk, f"STORE 1 +FLAGS.SILENT (word{number})")
            if answers.status == "NO":
                break
            told = [words[1] for words in answers.untagged if words[0] == "OK"]
            assert len(told) == 1 and f" word{number}" in told[0]
        assert number > 30 and answers.text.startswith("[LIMIT] ")
        assert told[0].startswith("[PERMANENTFLAGS ") and "\\*" not in told[0]
        again = [words[1] for words in ask(talk, "SELECT INBOX").untagged if words[0] == "OK"]
        assert again[1].startswith("[PERMANENTFLAGS ") and "\\*" not in again[1]


def test_who_did_not_use_up_the_room_is_told_too(server):
    user = server.new_account()
    with server.imap(user) as talk, server.imap(user) as other:
        assert ask(other, "CREATE elsewhere").status == "OK"
        put(other, "elsewhere")
        assert ask(other, "SELECT elsewhere").status == "OK"
        put(talk)
        assert ask(talk, "SELECT INBOX").status == "OK"
        number = 0
        while ask(talk, f"STORE 1 +FLAGS.SILENT (word{number})").status == "OK":
            number += 1
        told = ask(other, "STORE 1 +FLAGS (one two)")
        assert told.status == "NO" and told.text.startswith("[LIMIT] ")
        (code,) = [words[1] for words in told.untagged if words[0] == "OK"]
        assert code.startswith("[PERMANENTFLAGS ") and f" word{number - 1})]" in code
        assert not ask(other, "STORE 1 +FLAGS (one two)").untagged


# ---- logins ----

EXCHANGES = [
    ("AUTHENTICATE PLAIN", "*", "BAD "),
    ("AUTHENTICATE PLAIN", "not base64", "BAD "),
    ("AUTHENTICATE PLAIN", "AGFsaWNl", "BAD "),
    ("AUTHENTICATE PLAIN", "AGFsaWNlAHdyb25n", "NO [AUTHENTICATIONFAILED] "),
    ("authenticate plain", "AGFsaWNlAHdvbmRlcmxhbmQ=", "OK [CAPABILITY "),
    ("AUTHENTICATE SCRAM-SHA-256", "*", "BAD "),
    ("AUTHENTICATE LOGIN", "*", "BAD "),
]


@pytest.mark.parametrize("command, line, answer", EXCHANGES)
def test_an_exchange_of_lines(server, command, line, answer):
    with server.connect("imaps") as talk:
        talk.expect("* OK ...")
        talk.says(f"C: t {command}").expect("+ ...")
        talk.says(f"C: {line}").expect(f"t {answer}...")
        talk.says("C: u NOOP").expect("u OK ...")


@pytest.mark.parametrize(
    "command, answer",
    [
        ("AUTHENTICATE", "BAD "),
        ("AUTHENTICATE UNHEARD-OF", "NO [CANNOT] "),
        ('AUTHENTICATE "PLAIN"', "BAD "),
        ("AUTHENTICATE PLAIN =", "BAD "),
        ("AUTHENTICATE PLAIN AGFsaWNlAHdvbmRlcmxhbmQ= more", "BAD "),
        ("AUTHENTICATE PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=", "OK [CAPABILITY "),
        ("LOGIN", "BAD "),
        ("LOGIN alice", "BAD "),
        ("LOGIN alice wonderland more", "BAD "),
        ('LOGIN "alice" "wonderland"', "OK [CAPABILITY "),
        ('LOGIN alice ""', "NO [AUTHENTICATIONFAILED] "),
        ('LOGIN "" ""', "NO [AUTHENTICATIONFAILED] "),
        ("LOGIN ali]ce x", "NO [AUTHENTICATIONFAILED] "),
    ],
)
def test_a_login_in_one_line(server, command, answer):
    with server.connect("imaps") as talk:
        talk.expect("* OK ...")
        assert say(talk, command).startswith(answer)
