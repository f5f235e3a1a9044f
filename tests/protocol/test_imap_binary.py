"""BINARY: parts without their encoding, messages with NULs. RFC 3516, RFC 9051 6.4.5, 6.3.12."""

import base64

import pytest

from imap_answer import ask, take

OCTETS = bytes(range(256)) * 3


def part(encoding, body, content_type="application/octet-stream"):
    head = f"Content-Type: {content_type}\r\n"
    if encoding:
        head += f"Content-Transfer-Encoding: {encoding}\r\n"
    return head.encode() + b"\r\n" + body


def multipart(*parts, boundary="outer", subtype="mixed"):
    head = f"From: a@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/{subtype}; boundary={boundary}\r\n\r\n"
    line = b"--" + boundary.encode()
    return head.encode() + b"".join(line + b"\r\n" + p + b"\r\n" for p in parts) + line + b"--\r\n"


def append(talk, octets, tag="app", mailbox="INBOX", binary=True):
    talk.send(f"{tag} APPEND {mailbox} {'~' if binary else ''}{{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
    return take(talk, tag)


@pytest.fixture
def talk(server):
    with server.imap(server.new_account()) as talk:
        assert ask(talk, "SELECT INBOX").status == "OK"
        yield talk


def one(talk, items, number=1):
    answers = ask(talk, f"FETCH {number} ({items})")
    assert answers.status == "OK", answers.text
    return answers.fetched[number]


def test_it_is_told_after_login(server):
    with server.connect("imaps") as talk:
        assert "BINARY" not in talk.expect("* OK ...").split()
        line = talk.says("C: a LOGIN alice wonderland").expect("a OK [CAPABILITY ...")
        assert " BINARY " in line


TEXT = "grüße\r\nund mehr\r\n".encode()
# name, encoding, body as it stands, body decoded
ENCODINGS = [
    ("seven bits", "7bit", b"plain\r\n text", b"plain\r\n text"),
    ("no encoding", None, b"plain", b"plain"),
    ("eight bits", "8bit", TEXT, TEXT),
    ("binary", "binary", b"line\nline\xff", b"line\nline\xff"),
    ("base64", "base64", base64.encodebytes(OCTETS).replace(b"\n", b"\r\n"), OCTETS),
    ("base64 without padding", "BASE64", b"YWJjZA", b"abcd"),
    ("base64 with rubbish", "base64", b"YW*Jj\r\n!ZA==", b"abcd"),
    ("quoted-printable", "quoted-printable", b"gr=C3=BC=C3=9Fe\r\nund =\r\nmehr\r\n", TEXT),
    ("broken quoted-printable", "quoted-printable", b"a=ZZ=\r\nb=", b"a=ZZb"),
    ("an empty part", "base64", b"", b""),
]


@pytest.mark.parametrize("name, encoding, body, decoded", ENCODINGS, ids=[e[0] for e in ENCODINGS])
def test_sizes_and_octets_agree(talk, name, encoding, body, decoded):
    assert append(talk, multipart(part(encoding, body), part("7bit", b"last"))).status == "OK"
    found = one(talk, "BINARY.SIZE[1] BINARY.PEEK[1] BODY.PEEK[1]")
    assert found["BODY[1]"].rstrip() == body.rstrip()
    assert found["BINARY[1]"].rstrip() == decoded.rstrip()
    assert int(found["BINARY.SIZE[1]"]) == len(found["BINARY[1]"])


@pytest.mark.parametrize("first, count", [(0, 1), (0, 10000), (255, 3), (767, 5), (768, 5), (100000, 5)])
def test_a_piece_counts_decoded_octets(talk, first, count):
    append(talk, multipart(part("base64", base64.encodebytes(OCTETS))))
    found = one(talk, f"BINARY.PEEK[1]<{first}.{count}>")
    assert found == {f"BINARY[1]<{first}>": OCTETS[first : first + count]}


def test_only_without_peek_a_message_becomes_seen(talk):
    append(talk, multipart(part("base64", b"YWJj")))
    assert "\\Seen" not in one(talk, "BINARY.PEEK[1] BINARY.SIZE[1] FLAGS")["FLAGS"]
    answers = ask(talk, "FETCH 1 BINARY[1]")
    assert answers.fetched[1]["BINARY[1]"] == b"abc"
    assert "\\Seen" in answers.fetched[1]["FLAGS"]


def test_what_nobody_can_decode_is_a_no(talk):
    append(talk, multipart(part("x-uue", b"begin 644 x"), part("base64", b"YWJj")))
    for item in ("BINARY[1]", "BINARY.PEEK[1]<0.3>", "BINARY.SIZE[1]"):
        answers = ask(talk, f"FETCH 1 {item}")
        assert answers.status == "NO" and answers.text.startswith("[UNKNOWN-CTE]"), item
    assert one(talk, "BINARY.PEEK[2]") == {"BINARY[2]": b"abc"}


def test_multiparts_and_messages_have_no_encoding_to_be_taken_away(talk):
    """RFC 2045 6.4 permits none there; the leaves below are decoded by their own number."""
    inside = multipart(part("base64", b"YWJj"), part("quoted-printable", b"=41"), boundary="inner")
    whole = multipart(part(None, inside, "message/rfc822"), part("7bit", b"last"))
    append(talk, whole)
    found = one(talk, "BINARY.PEEK[1] BINARY.SIZE[1] BINARY.PEEK[1.1] BINARY.PEEK[1.2] BINARY.PEEK[] BINARY.SIZE[]")
    assert found["BINARY[1]"] == inside
    assert int(found["BINARY.SIZE[1]"]) == len(found["BINARY[1]"])
    assert (found["BINARY[1.1]"], found["BINARY[1.2]"]) == (b"abc", b"A")
    assert found["BINARY[]"] == whole and int(found["BINARY.SIZE[]"]) == len(whole)


def test_a_part_that_is_not_there_is_nil(talk):
    append(talk, multipart(part("base64", b"YWJj")))
    assert one(talk, "BINARY.PEEK[7] BINARY.PEEK[1.1] BINARY.SIZE[7]") == {
        "BINARY[7]": None,
        "BINARY[1.1]": None,
        "BINARY.SIZE[7]": "0",
    }


@pytest.mark.parametrize(
    "item", ["BINARY", "BINARY[0]", "BINARY[1.]", "BINARY[HEADER]", "BINARY[1.MIME]", "BINARY.SIZE[1]<0.1>", "BINARY[1]<0.0>"]
)
def test_other_sections_are_bad(talk, item):
    append(talk, multipart(part("base64", b"YWJj")))
    assert ask(talk, f"FETCH 1 {item}").status == "BAD"


# ---- APPEND with NULs: RFC 3516 4.4 ----


def test_what_is_marked_as_binary_may_hold_nuls(talk):
    """It is stored in base64: no other string of the protocol may hold a NUL."""
    whole = multipart(part("7bit", b"text"), part("binary", OCTETS))
    assert append(talk, whole).status == "OK"
    found = one(talk, "BINARY.PEEK[2] BINARY.SIZE[2] BODY.PEEK[] BODY.PEEK[2.MIME]")
    assert found["BINARY[2]"] == OCTETS and found["BINARY.SIZE[2]"] == str(len(OCTETS))
    assert b"Content-Transfer-Encoding: base64\r\n" in found["BODY[2.MIME]"]
    assert b"\0" not in found["BODY[]"]


def test_a_large_one_goes_through_a_file(talk):
    octets = OCTETS * 4000
    assert append(talk, part("binary", octets)).status == "OK"
    assert one(talk, "BINARY.PEEK[1]")["BINARY[1]"] == octets


@pytest.mark.parametrize(
    "message", [b"Subject: x\r\n\r\nnul \0", b"Sub\0ject: x\r\n\r\ntext", part("base64", b"YW\0Jj"), part("8bit", b"\0")]
)
def test_other_nuls_are_refused(talk, message):
    answers = append(talk, message)
    assert answers.status == "NO" and answers.text.startswith("[UNKNOWN-CTE] ")
    assert ask(talk, "STATUS INBOX (MESSAGES)").untagged[0][2] == ["MESSAGES", "0"]


def test_a_signature_is_not_broken(talk):
    """RFC 1847 2.1: what is signed cannot be binary."""
    signed = multipart(part("binary", b"a\0b"), part("7bit", b"signature"), subtype="signed")
    assert append(talk, signed).text.startswith("[UNKNOWN-CTE] ")


def test_a_plain_literal_may_not_hold_one(talk):
    assert append(talk, part("binary", b"a\0b"), binary=False).text.startswith("[CANNOT] ")


@pytest.mark.conf(imap={"max_message_size": 65536})
def test_what_is_too_big_once_it_is_encoded(fresh_server):
    with fresh_server.imap("alice") as talk:
        assert append(talk, part("binary", bytes(60000))).text.startswith("[TOOBIG] ")
        assert append(talk, part("binary", bytes(40000))).status == "OK"
