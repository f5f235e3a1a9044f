"""FETCH as a client sees it: RFC 9051 6.4.5, 7.5.2; RFC 3516; RFC 8970."""

import re
import socket

import pytest

from imap_answer import ask, take
from server import big_message, eml


@pytest.fixture(scope="module")
def alice(shared_server):
    """An INBOX that tests only read: its messages as they lie there."""
    name = shared_server.new_account()
    for message in ("plain.eml", "multipart.eml", "nested.eml", "eightbit.eml", "no-header.eml"):
        shared_server.deliver(name, message)
    return name, shared_server.messages(name)


@pytest.fixture
def inbox(server, alice):
    """(conversation with the INBOX open for reading, its messages)"""
    name, messages = alice
    with server.imap(name) as talk:
        assert ask(talk, "EXAMINE INBOX").status == "OK"
        yield talk, messages


def header_of(message):
    return message[: message.index(b"\r\n\r\n") + 4]


def body_of(message):
    return message[message.index(b"\r\n\r\n") + 4 :]


def one(talk, items, number=1):
    answers = ask(talk, f"FETCH {number} {items}")
    assert answers.status == "OK", answers.text
    return answers.fetched[number]


# ---- metadata ----


def test_the_macros_are_what_they_stand_for(inbox):
    talk, messages = inbox
    fast = ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]
    assert list(one(talk, "FAST")) == fast
    assert list(one(talk, "ALL")) == [*fast, "ENVELOPE"]
    full = one(talk, "full")
    assert list(full) == [*fast, "ENVELOPE", "BODY"]
    assert int(full["RFC822.SIZE"]) == len(messages[0])
    assert re.fullmatch(rb"[ \d]\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d \+0000", full["INTERNALDATE"])


def test_uid_fetch_says_the_uid_unasked_and_first(inbox):
    talk, messages = inbox
    answers = ask(talk, "UID FETCH 1:* FLAGS")
    assert [list(a) for a in answers.fetched.values()] == [["UID", "FLAGS"]] * len(messages)
    assert [a["UID"] for a in answers.fetched.values()] == ["1", "2", "3", "4", "5"]
    assert list(ask(talk, "UID FETCH 2 (FLAGS UID)").fetched[2]) == ["UID", "FLAGS"]


def test_envelope_and_structure_are_of_the_message(inbox):
    talk, _ = inbox
    answer = one(talk, "(ENVELOPE BODY BODYSTRUCTURE PREVIEW)", 2)
    assert len(answer["ENVELOPE"]) == 10
    assert isinstance(answer["BODY"][0], list) and isinstance(answer["PREVIEW"], bytes)
    assert len(answer["BODYSTRUCTURE"]) > len(answer["BODY"])


def test_preview_may_be_lazy(inbox):
    talk, _ = inbox
    assert one(talk, "PREVIEW (LAZY)") == one(talk, "(PREVIEW)")


# ---- sections ----


def test_a_message_is_what_pop3_shows_octet_for_octet(inbox):
    talk, messages = inbox
    answers = ask(talk, "FETCH 1:* BODY.PEEK[]")
    assert [a["BODY[]"] for a in answers.fetched.values()] == messages


def test_header_and_text_make_up_the_message(inbox):
    talk, messages = inbox
    answers = ask(talk, "FETCH 1:4 (BODY.PEEK[HEADER] BODY.PEEK[TEXT])")
    for answer, message in zip(answers.fetched.values(), messages):
        assert answer["BODY[HEADER]"] == header_of(message)
        assert answer["BODY[TEXT]"] == body_of(message)


def test_the_old_names_are_answered_by_their_names(inbox):
    talk, messages = inbox
    answer = one(talk, "(RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)")
    assert list(answer) == ["RFC822", "RFC822.HEADER", "RFC822.TEXT", "RFC822.SIZE"]
    assert answer["RFC822"] == answer["RFC822.HEADER"] + answer["RFC822.TEXT"] == messages[0]


def test_chosen_fields_come_in_the_order_of_the_message_with_the_empty_line(inbox):
    talk, messages = inbox
    label = "BODY[HEADER.FIELDS (Subject FROM)]"
    chosen = one(talk, "BODY.PEEK[HEADER.FIELDS (Subject FROM)]")[label]
    lines = header_of(messages[0]).split(b"\r\n")
    wanted = [line for line in lines if line.lower().startswith((b"subject:", b"from:"))]
    assert chosen == b"\r\n".join(wanted) + b"\r\n\r\n"


def test_the_trace_of_the_delivery_is_of_the_header(inbox):
    talk, messages = inbox
    label = "BODY[HEADER.FIELDS (RETURN-PATH)]"
    path = one(talk, "BODY.PEEK[HEADER.FIELDS (RETURN-PATH)]")[label]
    assert path == messages[0][: messages[0].index(b"\r\n")] + b"\r\n\r\n"


def test_fields_and_the_others_make_up_the_header(inbox):
    talk, messages = inbox
    names = "(Received Subject Content-Type)"
    answer = one(talk, f"(BODY.PEEK[HEADER.FIELDS {names}] BODY.PEEK[HEADER.FIELDS.NOT {names}])", 2)
    lines = [line for part in answer.values() for line in part.split(b"\r\n")]
    assert sorted(lines) == sorted([*header_of(messages[1]).split(b"\r\n"), b"", b""])


def test_parts_are_found_by_number(inbox):
    talk, messages = inbox
    first = one(talk, "(BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2])", 2)
    assert all(part in messages[1] for part in first.values())
    assert first["BODY[1.MIME]"].endswith(b"\r\n\r\n")
    assert first["BODY[1.MIME]"] + first["BODY[1]"] in messages[1]


def test_a_message_inside_has_a_header_and_a_text(inbox):
    talk, messages = inbox
    structure = one(talk, "BODY", 3)["BODY"]
    number = next(i for i, p in enumerate(structure, 1) if p[:2] == [b"MESSAGE", b"RFC822"])
    whole, header, text, subject = (
        f"BODY[{number}]",
        f"BODY[{number}.HEADER]",
        f"BODY[{number}.TEXT]",
        f"BODY[{number}.HEADER.FIELDS (SUBJECT)]",
    )
    items = " ".join(label.replace("BODY", "BODY.PEEK") for label in (whole, header, text, subject))
    answer = one(talk, f"({items})", 3)
    assert answer[whole] == answer[header] + answer[text]
    assert answer[whole] in messages[2]
    assert answer[subject].lower().startswith(b"subject:")
    assert answer[subject].endswith(b"\r\n\r\n")


def test_what_is_not_there_is_nil(inbox):
    talk, _ = inbox
    answer = one(talk, "(BODY.PEEK[7] BODY.PEEK[1.HEADER] BODY.PEEK[2.1.4.MIME])")
    assert answer == {"BODY[7]": None, "BODY[1.HEADER]": None, "BODY[2.1.4.MIME]": None}


def test_part_1_of_a_plain_message_is_its_text(inbox):
    talk, messages = inbox
    assert one(talk, "BODY.PEEK[1]")["BODY[1]"] == body_of(messages[0])


# ---- pieces ----


@pytest.mark.parametrize("first, count", [(0, 10), (5, 1), (0, 100000), (300, 100000), (100000, 5)])
def test_a_piece_is_cut_where_the_message_ends(inbox, first, count):
    talk, messages = inbox
    answer = one(talk, f"BODY.PEEK[]<{first}.{count}>")
    assert answer == {f"BODY[]<{first}>": messages[0][first : first + count]}


def test_a_piece_of_chosen_fields_counts_from_their_beginning(inbox):
    talk, _ = inbox
    names = "(FROM SUBJECT TO)"
    whole = one(talk, f"BODY.PEEK[HEADER.FIELDS {names}]")[f"BODY[HEADER.FIELDS {names}]"]
    piece = one(talk, f"BODY.PEEK[HEADER.FIELDS {names}]<7.9>")
    assert piece == {f"BODY[HEADER.FIELDS {names}]<7>": whole[7:16]}


# ---- decoding ----

ENCODED = b"\r\n".join(
    [
        b"From: a@example.net",
        b"Subject: encoded",
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/mixed; boundary=x",
        b"",
        b"--x",
        b"Content-Type: application/octet-stream",
        b"Content-Transfer-Encoding: base64",
        b"",
        b"AAECAwQ=",
        b"--x",
        b"Content-Transfer-Encoding: quoted-printable",
        b"",
        b"caf=C3=A9 =",
        b"au lait",
        b"--x",
        b"Content-Type: text/plain",
        b"Content-Transfer-Encoding: x-uuencode",
        b"",
        b"begin 644 x",
        b"--x--",
        b"",
    ]
)


def test_binary_decodes_and_marks_what_holds_a_nul(server):
    name = server.new_account()
    server.deliver(name, ENCODED)
    with server.imap(name) as talk:
        ask(talk, "EXAMINE INBOX")
        talk.send_line("a FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1])")
        talk.expect("* 1 FETCH (BINARY[1] ~{5}")
        assert talk.read_octets(5) == b"\0\1\2\3\4"
        talk.expect(" BINARY.SIZE[1] 5)")
        talk.expect("a OK ...")
        answer = one(talk, "(BINARY.PEEK[2] BINARY.PEEK[2]<3.2> BINARY.SIZE[2])")
        text = "café au lait".encode()
        assert answer == {"BINARY[2]": text, "BINARY[2]<3>": text[3:5], "BINARY.SIZE[2]": "13"}


def test_an_unknown_encoding_is_said(server):
    name = server.new_account()
    server.deliver(name, ENCODED)
    with server.imap(name) as talk:
        ask(talk, "EXAMINE INBOX")
        answers = ask(talk, "FETCH 1 (UID BINARY.PEEK[3])")
        assert answers.status == "NO" and answers.text.startswith("[UNKNOWN-CTE] ")
        assert one(talk, "BODY.PEEK[3]") == {"BODY[3]": b"begin 644 x"}


# ---- \Seen ----


def test_reading_a_body_marks_it_as_seen_and_says_so(server):
    name = server.new_account()
    server.deliver(name, "plain.eml")
    server.deliver(name, "plain.eml")
    with server.imap(name) as talk, server.imap(name) as watcher:
        ask(talk, "SELECT INBOX")
        ask(watcher, "EXAMINE INBOX")
        answers = ask(talk, "FETCH 1 BODY[TEXT]")
        assert "\\Seen" in answers.fetched[1]["FLAGS"]
        assert "\\Seen" in ask(watcher, "NOOP").fetched[1]["FLAGS"]
        # It is seen already: nothing to say.
        assert list(one(talk, "BODY[]")) == ["BODY[]"]
        one(talk, "(BODY.PEEK[] RFC822.HEADER BINARY.PEEK[1] BINARY.SIZE[1])", 2)
        assert "\\Seen" not in one(talk, "FLAGS", 2)["FLAGS"]
        one(talk, "BINARY[1]", 2)
        assert "\\Seen" in one(talk, "FLAGS", 2)["FLAGS"]


def test_a_mailbox_open_for_reading_only_stays_as_it_is(server):
    name = server.new_account()
    server.deliver(name, "plain.eml")
    with server.imap(name) as talk:
        ask(talk, "EXAMINE INBOX")
        one(talk, "(BODY[] RFC822)")
        assert "\\Seen" not in one(talk, "FLAGS")["FLAGS"]


# ---- much ----


def test_messages_in_files_are_streamed_whole_and_in_pieces(server):
    name = server.new_account()
    sizes = (100_000, 300_000, 3_000_000)
    for size in sizes:
        server.deliver(name, big_message(size))
    messages = server.messages(name)
    with server.imap(name) as talk:
        ask(talk, "EXAMINE INBOX")
        answers = ask(talk, "FETCH 1:* (UID BODY.PEEK[] BODY.PEEK[TEXT] BODY.PEEK[]<70000.70001> FLAGS)")
        for answer, message in zip(answers.fetched.values(), messages, strict=True):
            assert answer["BODY[]"] == message
            assert answer["BODY[TEXT]"] == body_of(message)
            assert answer["BODY[]<70000>"] == message[70000:140001]
            assert list(answer)[-1] == "FLAGS"


def test_a_large_part_is_decoded_as_it_streams(server):
    import base64

    octets = bytes(range(256)) * 6000
    name = server.new_account()
    head = b"From: a@example.net\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
    head += b"Content-Transfer-Encoding: base64\r\n\r\n"
    lines = base64.encodebytes(octets).replace(b"\n", b"\r\n")
    server.deliver(name, head + lines)
    with server.imap(name) as talk:
        ask(talk, "EXAMINE INBOX")
        answer = one(talk, "(BINARY.SIZE[1] BINARY.PEEK[1] BINARY.PEEK[1]<1000000.77> UID)")
        assert answer["BINARY.SIZE[1]"] == str(len(octets))
        assert answer["BINARY[1]"] == octets
        assert answer["BINARY[1]<1000000>"] == octets[1000000:1000077]
        assert answer["UID"] == "1"


def test_fields_of_a_header_larger_than_a_chunk(server):
    name = server.new_account()
    filler = b"".join(b"X-Filler: %06d %s\r\n" % (i, b"y" * 60) for i in range(2000))
    message = b"From: a@example.net\r\n" + filler + b"Subject: behind\r\n it all\r\n\r\nbody\r\n"
    server.deliver(name, message)
    with server.imap(name) as talk:
        ask(talk, "EXAMINE INBOX")
        answer = one(talk, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[HEADER.FIELDS (X-FILLER)])")
        assert answer["BODY[HEADER.FIELDS (SUBJECT)]"] == b"Subject: behind\r\n it all\r\n\r\n"
        assert answer["BODY[HEADER.FIELDS (X-FILLER)]"] == filler + b"\r\n"


def test_more_messages_than_a_batch_come_in_order(server):
    name = server.new_account()
    with server.smtp() as smtp:
        for number in range(600):
            octets = b"Subject: %d\r\n\r\n%s\r\n" % (number, b"x" * (number % 700))
            server.deliver(name, octets, talk=smtp)
    with server.imap(name) as talk:
        ask(talk, "EXAMINE INBOX")
        answers = ask(talk, "FETCH 1:* (UID ENVELOPE BODY.PEEK[TEXT])")
        assert list(answers.fetched) == list(range(1, 601))
        for number, answer in answers.fetched.items():
            assert answer["ENVELOPE"][1] == b"%d" % (number - 1)
            assert answer["BODY[TEXT]"] == b"x" * ((number - 1) % 700) + b"\r\n"
        assert list(ask(talk, "FETCH 5,1,300:302,3 UID").fetched) == [1, 3, 5, 300, 301, 302]


def test_pipelined_fetches_are_answered_in_order(inbox):
    talk, messages = inbox
    talk.send(b"".join(b"p%d FETCH %d (BODY.PEEK[])\r\n" % (i, i % 5 + 1) for i in range(40)))
    for i in range(40):
        answers = take(talk, f"p{i}")
        assert answers.fetched == {i % 5 + 1: {"BODY[]": messages[i % 5]}}


def test_a_client_that_leaves_in_the_middle_of_a_literal_harms_nobody(server):
    name = server.new_account()
    server.deliver(name, big_message(3_000_000))
    with server.imap(name) as talk:
        ask(talk, "SELECT INBOX")
        talk.send_line("a FETCH 1 BODY[]")
        assert len(talk.read_octets(100_000)) == 100_000
        talk.abort()
    with server.imap(name) as talk:
        ask(talk, "SELECT INBOX")
        assert len(one(talk, "BODY[]")["BODY[]"]) > 3_000_000


def test_a_literal_that_cannot_be_kept_ends_the_connection(make_server):
    server = make_server()
    message = big_message(16_000_000)
    server.deliver("alice", message)
    with server.imap("alice") as talk:
        ask(talk, "EXAMINE INBOX")
        # The end of the message must not be on its way yet when it goes.
        talk.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        talk.send_line("a FETCH 1 (BODY.PEEK[] FLAGS)")
        promised = int(re.search(r"{(\d+)}$", talk.expect("* 1 FETCH (BODY[] {..."))[1])
        (blob,) = [path for path in (server.data_dir / "blobs").rglob("*") if path.is_file()]
        blob.rename(server.directory / "away")
        octets = talk.read_octets(promised)
        assert len(octets) < promised and message.startswith(octets[octets.index(b"From: ") :])
        talk.closes()
    with server.imap("alice") as talk:
        ask(talk, "EXAMINE INBOX")
        # Nothing was promised yet: it can be said.
        answers = ask(talk, "FETCH 1 BODY.PEEK[]")
        assert answers.status == "NO" and answers.text.startswith("[CORRUPTION] ")
        assert list(one(talk, "(ENVELOPE BODY.PEEK[HEADER])")) == ["ENVELOPE", "BODY[HEADER]"]
        (server.directory / "away").rename(blob)
        assert one(talk, "BODY.PEEK[]")["BODY[]"].endswith(message)


# ---- what others do meanwhile ----


def test_a_message_that_is_gone_is_left_out_and_said(server):
    name = server.new_account()
    for _ in range(3):
        server.deliver(name, "plain.eml")
    with server.imap(name) as talk, server.imap(name) as other:
        ask(talk, "SELECT INBOX")
        ask(other, "SELECT INBOX")
        ask(other, "STORE 2 +FLAGS.SILENT (\\Deleted)")
        assert ask(other, "EXPUNGE").numbers("EXPUNGE") == [2]
        answers = ask(talk, "FETCH 1:3 UID")
        assert answers.text.startswith("[EXPUNGEISSUED] ")
        assert {n: a["UID"] for n, a in answers.fetched.items()} == {1: "1", 3: "3"}
        assert answers.numbers("EXPUNGE") == []
        assert ask(talk, "NOOP").numbers("EXPUNGE") == [2]
        assert one(talk, "UID", 2) == {"UID": "3"}


# ---- mistakes ----


@pytest.mark.parametrize(
    "command",
    [
        "FETCH",
        "FETCH 1",
        "FETCH 1 ()",
        "FETCH 1 (ALL)",
        "FETCH 1 NOTHING",
        "FETCH 1 (FLAGS",
        "FETCH 1 BODY[",
        "FETCH 1 BODY[1.]",
        "FETCH 1 BODY[0]",
        "FETCH 1 BODY[01]",
        "FETCH 1 BODY[MIME]",
        "FETCH 1 BODY[HEADER.FIELDS]",
        "FETCH 1 BODY[HEADER.FIELDS ()]",
        "FETCH 1 BODY[]<5>",
        "FETCH 1 BODY[]<5.0>",
        "FETCH 1 BINARY[TEXT]",
        "FETCH 1 BINARY.SIZE[1]<0.5>",
        "FETCH 1 FLAGS FLAGS",
        "FETCH 0 FLAGS",
        "FETCH 99 FLAGS",
        "FETCH x FLAGS",
    ],
)
def test_mistakes_are_bad(inbox, command):
    talk, _ = inbox
    answers = ask(talk, command)
    assert answers.status == "BAD" and not answers.fetched, answers.text


def test_uids_that_are_not_there_are_no_mistake(inbox):
    talk, messages = inbox
    assert ask(talk, "UID FETCH 77:78 FLAGS").status == "OK"
    # RFC 9051 6.4.9: the last message is always in a range that ends with "*".
    assert list(ask(talk, "UID FETCH 77:* FLAGS").fetched) == [len(messages)]


def test_eight_bits_pass_as_they_are(inbox):
    talk, messages = inbox
    assert messages[3].endswith(eml("eightbit.eml"))
    assert one(talk, "BODY.PEEK[TEXT]", 4)["BODY[TEXT]"] == body_of(messages[3])
