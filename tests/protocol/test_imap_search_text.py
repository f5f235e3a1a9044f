"""SEARCH for text in HTML and in other charsets, and how deep a search may nest. RFC 9051 6.4.4."""

import base64

import pytest

from imap_answer import ask, take

HTML = """<html><head><title>Heading</title><style>p { color: teal }</style></head>
<body class="wrapper"><p>Liebe Gr&uuml;&szlig;e aus <b>M</b>&#252;nchen</p><p>The  quick
brown&nbsp;fox</p><!-- hidden remark --><a href="https://example.org/track">AT&T"""


def message(content_type, body, encoding="8bit"):
    head = f"Subject: text\r\nContent-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


HTML_OCTETS = HTML.replace("\n", "\r\n").encode()
UTF16 = base64.encodebytes("日本の首都".encode("utf-16-be")).replace(b"\n", b"\r\n")
MAIL = [
    message("text/html; charset=utf-8", HTML_OCTETS),
    message("TEXT/HTML; charset=utf-8", base64.encodebytes(HTML_OCTETS).replace(b"\n", b"\r\n"), "base64"),
    message("text/html", b"<p>" + b"<i>filling</i> " * 20000 + b"the needle</p>"),
    message("text/plain; charset=iso-2022-jp", "東京タワー".encode("iso-2022-jp"), "7bit"),
    message("text/plain; charset=utf-16be", UTF16, "base64"),
    message("text/plain; charset=windows-1251", "Привет".encode("cp1251")),
]


@pytest.fixture(scope="module")
def filled(shared_server):
    user = shared_server.new_account()
    with shared_server.imap(user) as talk:
        for octets in MAIL:
            talk.send(f"a APPEND INBOX {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n").expect("a OK ...")
    return user


@pytest.fixture
def talk(server, filled):
    with server.imap(filled) as talk:
        assert ask(talk, "EXAMINE INBOX").status == "OK"
        yield talk


def found(talk, key, text, charset="UTF-8"):
    octets = text.encode(charset)
    talk.send(f"q SEARCH CHARSET {charset} {key} {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
    answers = take(talk, "q")
    assert answers.status == "OK", answers.text
    return [int(n) for n in answers.untagged[0][1:]]


TEXTS = [
    ("Liebe Grüße", [1, 2]),
    ("GRÜSSE AUS MÜNCHEN", [1, 2]),
    ("the quick brown fox", [1, 2]),
    ("AT&T", [1, 2]),
    ("teal", []),
    ("wrapper", []),
    ("hidden remark", []),
    ("example.org", []),
    ("<b>", []),
    ("&uuml;", []),
    ("the needle", [3]),
    ("東京", [4]),
    ("日本", [5]),
    ("привет", [6]),
]


@pytest.mark.parametrize("text, numbers", TEXTS, ids=[t[0] for t in TEXTS])
def test_what_a_reader_sees_is_found(talk, text, numbers):
    assert found(talk, "BODY", text) == numbers
    assert found(talk, "TEXT", text) == numbers


@pytest.mark.parametrize("charset", ["KOI8-R", "windows-1251", "ISO-8859-5", "UTF-16BE"])
def test_the_search_may_be_in_another_charset(talk, charset):
    assert found(talk, "BODY", "ПРИВЕТ", charset) == [6]


@pytest.mark.parametrize("form", ["NOT " * 1000 + "ALL", "(" * 1000 + "ALL" + ")" * 1000, "OR ALL " * 1000 + "ALL"], ids=["NOT", "brackets", "OR"])
def test_nesting_has_an_end(talk, form):
    answers = ask(talk, "SEARCH " + form)
    assert answers.status == "NO" and answers.text.startswith("[LIMIT] ")
    assert ask(talk, "SEARCH NOT NOT (OR (ALL) (NOT ALL))").untagged == [["SEARCH", *"123456"]]
