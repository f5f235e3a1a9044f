"""The index of words behind SEARCH: it finds what the scan finds, and spares it. RFC 9051 6.4.4."""

import base64
import contextlib
import html
import os
import pty
import quopri
import random
import re
import subprocess
import unicodedata

import pytest

from imap_answer import ask, take
from test_hostile_control import ask as control, request

QUICK = {"search": {"delay": "1ms"}}


def status(server):
    rows = (line.split("\t") for line in server.ctl("search", "status").splitlines())
    return {name: value if name == "state" else int(value) for name, value in rows}


def wait_indexed(server):
    """Until nothing is left to be indexed."""
    server.wait_for(lambda: status(server)["state"] == "idle", "all mail to be indexed")


def append(talk, octets, mailbox="INBOX"):
    talk.send(f"a APPEND {mailbox} {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n").until("a OK ...")


def search(talk, keys):
    """The numbers found; `keys` are words, and texts as ("text",)."""
    line = b"q SEARCH CHARSET UTF-8"
    for key in keys:
        if isinstance(key, tuple):
            octets = key[0].encode()
            line += f" {{{len(octets)}+}}\r\n".encode() + octets
        else:
            line += b" " + key.encode()
    talk.send(line + b"\r\n")
    answers = take(talk, "q")
    assert answers.status == "OK", answers.text
    return [int(n) for n in answers.untagged[0][1:]]


# ---- random mail ----

ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz     ",
    "ABCdefßÄÖÜäöüẞéèñçÅå    ",
    "abcıİiIşŞğĞ   ",
    "абвгдежзАБВГДЕЖЗёЁй   ",
    "αβγδσςΣάώ  ",
    "日本語東京都首大阪の是タワー",
    "한국어서울부산 가나다",
    "ａｂｃＡＢＣﬁﬂ①②½  ",
    "e\u0301a\u0308o\u0302nc   ",
    "שלוםעולם مرحبا   ",
    "😀😁🎉 ok  ",
    "-_.,:;!?@#%&*()[]{}'\"\\/<> ",
]
CHARSETS = ["utf-8", "utf-16", "iso-8859-1", "windows-1251", "iso-8859-9", "shift_jis", "euc-kr", "koi8-r"]


def fold(text):
    """NFKC_Casefold, as far as these alphabets need it."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.casefold()))


def random_text(rng, longest):
    return "".join(
        "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randrange(1, 12))) for _ in range(rng.randrange(1, longest))
    ).strip() or "x"


def fitting(rng, text):
    """A charset that has all of the text's characters."""
    charsets = rng.sample(CHARSETS, len(CHARSETS))
    for charset in charsets:
        try:
            if text.encode(charset).decode(charset) == text:
                return charset
        except UnicodeError:
            continue
    return "utf-8"


def encoded(rng, octets):
    """Of random transfer encoding."""
    if rng.random() < 0.5:
        return "base64", base64.encodebytes(octets).replace(b"\n", b"\r\n")
    return "quoted-printable", quopri.encodestring(octets).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def text_part(rng, text, subtype="plain"):
    """Fields and body of a part with this text."""
    shown = text
    if subtype == "html":
        shown = "<html><body><p>" + html.escape(text).replace(" ", " <b></b>") + "</p></body></html>"
    charset = fitting(rng, shown)
    encoding, octets = encoded(rng, shown.encode(charset))
    fields = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    return fields.encode() + b"\r\n" + octets


def multipart(rng, *parts):
    boundary = f"b{rng.randrange(10**9)}"
    head = f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'
    lines = "".join(f"--{boundary}\r\n%s\r\n" for _ in parts) + f"--{boundary}--\r\n"
    return head.encode() + lines.encode() % parts


def subject_of(rng, text):
    """The field, in one encoded word or in a folded run of them."""
    pieces = [text] if rng.random() < 0.5 else [text[i : i + 5] for i in range(0, len(text), 5)]
    words = (f"=?utf-8?b?{base64.b64encode(piece.encode()).decode()}?=" for piece in pieces)
    return ("Subject: " + "\r\n ".join(words) + "\r\n").encode()


def random_mail(rng):
    """A message, and the texts that are in it: of the header and of the body."""
    subject, body, other = random_text(rng, 4), random_text(rng, 60), random_text(rng, 20)
    plain = text_part(rng, body)
    shape = rng.randrange(5)
    if shape == 1:
        plain = multipart(rng, plain, text_part(rng, other, "html"))
    elif shape == 2:
        inner = subject_of(rng, other) + text_part(rng, random_text(rng, 20))
        plain = multipart(rng, plain, b"Content-Type: message/rfc822\r\n\r\n" + inner)
    elif shape == 3:
        picture = b"Content-Type: image/png; name=picture\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA"
        plain = multipart(rng, multipart(rng, picture, plain), text_part(rng, other))
    return subject_of(rng, subject) + plain, fold(subject), fold(body)


def needle_from(rng, text):
    """1 to 12 characters of it, or of nowhere."""
    if rng.random() < 0.1:
        return random_text(rng, 2)[:8]
    at, length = rng.randrange(len(text)), rng.randrange(1, 13)
    return text[at : at + length]


def spoilt(rng, text):
    """One or two letters of it are gone, or have changed places."""
    letters = list(text)
    for _ in range(rng.randrange(3)):
        if len(letters) > 4:
            at = rng.randrange(len(letters) - 1)
            letters[at : at + 2] = letters[at + 1] if rng.random() < 0.5 else reversed(letters[at : at + 2])
    return "".join(letters)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_search_with_the_index_is_search_without_and_a_naive_one(make_server, seed):
    rng = random.Random(seed)
    mail = [random_mail(rng) for _ in range(60)]
    plain = make_server(search={"index": False})
    server = make_server(**QUICK)
    for which in (plain, server):
        with which.imap("alice") as talk:
            for octets, _, _ in mail:
                append(talk, octets)
    wait_indexed(server)
    before = status(server)
    with server.imap("alice") as talk, plain.imap("alice") as other:
        assert ask(talk, "EXAMINE INBOX").status == ask(other, "EXAMINE INBOX").status == "OK"
        for _ in range(110):
            _, subject, body = rng.choice(mail)
            needle = needle_from(rng, body)
            found = search(talk, ["BODY", (needle,)])
            assert found == search(other, ["BODY", (needle,)]), needle
            folded = fold(needle)
            if folded == needle and needle.isprintable():
                naive = [n for n, (_, _, text) in enumerate(mail, 1) if needle in text]
                assert set(naive) <= set(found), needle
            word = needle_from(rng, subject)
            for keys in (
                ["SUBJECT", (word,)],
                ["TEXT", (word,)],
                ["OR", "SUBJECT", (word,), "BODY", (needle,)],
                ["NOT", "BODY", (needle,), "TEXT", (word,)],
                ["OR", "NOT", "SUBJECT", (word,), "1:5", "BODY", (needle,)],
                ["FUZZY", "TEXT", (spoilt(rng, needle),)],
                ["FUZZY", "SUBJECT", (spoilt(rng, word),), "NOT", "BODY", (needle,)],
            ):
                assert search(talk, keys) == search(other, keys), keys
    after = status(server)
    assert after["searches_narrowed"] > before["searches_narrowed"] + 100
    assert status(plain)["searches_narrowed"] == 0


# ---- what it spares, and what it must not ----


def test_a_word_that_is_indexed_costs_no_scan_of_the_others(make_server):
    server = make_server(**QUICK)
    with server.imap("alice") as talk:
        for n in range(50):
            append(talk, f"Subject: s\r\n\r\nnumber {n} of them{' quetzalcoatl' if n == 17 else ''}\r\n".encode())
        wait_indexed(server)
        assert ask(talk, "SELECT INBOX").status == "OK"
        before = status(server)["messages_looked_at"]
        assert search(talk, ["BODY", ("quetzalcoatl",)]) == [18]
        assert search(talk, ["TEXT", ("QUETZAL",), "UNSEEN"]) == [18]
        assert search(talk, ["BODY", ("xylophone",)]) == []
        assert status(server)["messages_looked_at"] == before + 2


def test_a_search_for_messages_by_their_numbers_alone_looks_at_none(make_server):
    server = make_server()
    with server.imap("alice") as talk, server.imap("alice") as other:
        for n in range(6):
            append(talk, b"Subject: s\r\n\r\ntext\r\n")
        assert ask(talk, "SELECT INBOX").status == "OK"
        before = status(server)["messages_looked_at"]
        assert search(talk, ["ALL"]) == [1, 2, 3, 4, 5, 6]
        assert search(talk, ["4:*"]) == [4, 5, 6]
        assert search(talk, ["UID 2,9", "ALL"]) == [2]
        assert status(server)["messages_looked_at"] == before
        # What has not been told yet is looked for: these are gone.
        assert ask(other, "SELECT INBOX").status == "OK"
        assert ask(other, r"STORE 2,5 +FLAGS.SILENT (\Deleted)").status == "OK"
        assert ask(other, "EXPUNGE").status == "OK"
        assert search(talk, ["ALL"]) == [1, 3, 4, 6]
        assert search(talk, ["4:*"]) == [4, 6]
        assert ask(talk, "NOOP").status == "OK"
        before = status(server)["messages_looked_at"]
        assert search(talk, ["ALL"]) == [1, 2, 3, 4]
        assert status(server)["messages_looked_at"] == before


def test_a_word_that_is_nearly_there_costs_no_scan_of_the_others(make_server):
    server = make_server(**QUICK)
    with server.imap("alice") as talk:
        for n in range(50):
            append(talk, f"Subject: s\r\n\r\nnumber {n} of them{' Quetzalcoatl' if n == 17 else ''}\r\n".encode())
        wait_indexed(server)
        assert ask(talk, "SELECT INBOX").status == "OK"
        before = status(server)["messages_looked_at"]
        assert search(talk, ["FUZZY", "BODY", ("qeutzalcotl",)]) == [18]
        assert search(talk, ["FUZZY", "TEXT", ("quetza",)]) == [18]
        assert search(talk, ["FUZZY", "BODY", ("of quetzalcoutl",), "FUZZY", "TEXT", ("nubmer",)]) == [18]
        assert search(talk, ["FUZZY", "BODY", ("xylophone",)]) == []
        assert status(server)["messages_looked_at"] == before + 3


def test_a_copy_and_what_was_moved_are_found_where_they_are(make_server):
    server = make_server(**QUICK)
    with server.imap("alice") as talk:
        append(talk, b"Subject: one\r\n\r\nabracadabra\r\n")
        append(talk, b"Subject: two\r\n\r\nhocus pocus\r\n")
        wait_indexed(server)
        for command in ("CREATE Copies", "SELECT INBOX", "COPY 1 Copies", "MOVE 2 Copies"):
            assert ask(talk, command).status == "OK"
        assert search(talk, ["BODY", ("pocus",)]) == []
        assert search(talk, ["BODY", ("abracadabra",)]) == [1]
        wait_indexed(server)
        assert status(server)["documents"] == 2
        assert ask(talk, "SELECT Copies").status == "OK"
        before = status(server)["messages_looked_at"]
        assert search(talk, ["BODY", ("abracadabra",)]) == [1]
        assert search(talk, ["BODY", ("pocus",)]) == [2]
        assert status(server)["messages_looked_at"] == before + 2


def test_what_is_deleted_is_not_found_and_a_rebuild_forgets_it(make_server):
    server = make_server(**QUICK)
    with server.imap("alice") as talk:
        for word in ("alpha", "bravo", "charlie"):
            append(talk, f"Subject: s\r\n\r\n{word}\r\n".encode())
        wait_indexed(server)
        for command in ("SELECT INBOX", "STORE 1:2 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"):
            assert ask(talk, command).status == "OK"
        assert search(talk, ["BODY", ("alpha",)]) == []
        assert search(talk, ["BODY", ("charlie",)]) == [1]
        assert status(server)["documents"] == 3
        server.ctl("search", "rebuild")
        assert status(server)["documents"] == 1
        assert search(talk, ["BODY", ("charlie",)]) == [1]
        append(talk, b"Subject: s\r\n\r\ndelta\r\n")
        wait_indexed(server)
        assert search(talk, ["BODY", ("delta",)]) == [2]
        assert status(server)["documents"] == 2


def test_documents_are_counted_once_however_many_copies_come_at_a_time(make_server):
    server = make_server(**QUICK)
    with server.imap("alice") as talk:
        append(talk, b"Subject: s\r\n\r\nabracadabra\r\n")
        for command in ("SELECT INBOX", "COPY 1 INBOX", "COPY 1:2 Archive"):
            assert ask(talk, command).status == "OK"
        wait_indexed(server)
        server.ctl("search", "rebuild")
        assert status(server)["documents"] == 1
        assert search(talk, ["BODY", ("abracadabra",)]) == [1, 2]


def test_an_index_that_is_mostly_of_deleted_mail_is_built_anew(make_server):
    server = make_server(search={"delay": "1ms", "max_gone": 10})
    with server.imap("alice") as talk:
        for n in range(20):
            append(talk, f"Subject: s\r\n\r\nword{n:03d}x\r\n".encode())
        wait_indexed(server)
        for command in ("SELECT INBOX", "STORE 1:16 +FLAGS.SILENT (\\Deleted)", "EXPUNGE"):
            assert ask(talk, command).status == "OK"
    server.restart()
    # 20 documents of 4 messages: more than 2 * 4 + 10.
    server.wait_for(lambda: status(server)["documents"] == 4, "the index to be built anew")
    wait_indexed(server)
    server.restart()
    wait_indexed(server)
    assert len(re.findall("search rebuild=begun", server.log)) == 1
    with server.imap("alice") as talk:
        assert ask(talk, "SELECT INBOX").status == "OK"
        assert search(talk, ["BODY", ("word017",)]) == [2]


def test_it_is_not_called_idle_between_two_steps(make_server):
    server = make_server(search={"delay": "1ms", "batch_messages": 1})
    with server.imap("alice") as talk:
        for n in range(400):
            append(talk, f"Subject: s\r\n\r\nword{n:03d}x\r\n".encode())
    wait_indexed(server)
    server.stop()
    (server.data_dir / "search.db").unlink()
    server.start()
    seen = b""
    # Asked without a program in between, which is as slow as many steps.
    while b'"idle"' not in seen:
        seen = control(server, request("search", "status"))
    assert re.search(rb'"documents", *"value": *400\b', seen), seen


def all_of(terminal):
    """What was written to it; the other end is closed, which ends it with an error."""
    octets = b""
    with contextlib.suppress(OSError):
        while piece := os.read(terminal, 1 << 16):
            octets += piece
    return octets


def test_a_rebuild_shows_a_person_how_far_it_is(make_server):
    server = make_server(search={"delay": "1ms", "batch_messages": 2})
    with server.imap("alice") as talk:
        for n in range(20):
            append(talk, f"Subject: s\r\n\r\nword{n:03d}x\r\n".encode())
    wait_indexed(server)
    terminal, inside = pty.openpty()
    command = [server.build.ctl, "-c", server.conf_path, "search", "rebuild"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=inside, env=server.env, timeout=60)
    os.close(inside)
    shown = all_of(terminal).decode()
    os.close(terminal)
    assert done.returncode == 0 and done.stdout == b""
    told = [int(n) for n in re.findall(r"\r\[[# ]{50}\] +\d+ %  (\d+) of 20 messages", shown)]
    assert told == sorted(told) and len(set(told)) > 3, shown
    # Not for a program.
    assert server.ctl("search", "rebuild", check=False).stderr == ""


def test_searches_are_answered_while_the_index_is_built_anew(make_server):
    server = make_server(search={"delay": "1ms", "batch_messages": 1})
    with server.imap("alice") as talk:
        for n in range(60):
            append(talk, f"Subject: s\r\n\r\nword{n:03d}x\r\n".encode())
        wait_indexed(server)
        assert ask(talk, "SELECT INBOX").status == "OK"
        server.ctl("search", "rebuild", "--background")
        refused = server.ctl("search", "rebuild", check=False)
        assert "already" in refused.stderr or status(server)["state"] == "idle"
        for n in range(60):
            assert search(talk, ["BODY", (f"word{n:03d}",)]) == [n + 1]
        wait_indexed(server)
        assert search(talk, ["BODY", ("word059",)]) == [60]
    assert not (server.data_dir / "search.new.db").exists()


def test_a_field_of_the_trace_is_text_too(make_server):
    server = make_server(**QUICK)
    server.deliver("alice", b"Subject: plain\r\n\r\nbody\r\n")
    with server.imap("alice") as talk:
        append(talk, b"Subject: appended\r\n\r\nbody\r\n")
        wait_indexed(server)
        assert ask(talk, "SELECT INBOX").status == "OK"
        assert search(talk, ["TEXT", ("sender@example.net",)]) == [1]
        assert search(talk, ["HEADER", "Return-Path", ("SENDER@",)]) == [1]
        assert search(talk, ["HEADER", "Delivered-To", ("alice",)]) == [1]


def test_the_rest_of_a_long_message_is_read(make_server):
    server = make_server(search={"delay": "1ms", "max_message_text": 4096})
    with server.imap("alice") as talk:
        append(talk, b"Subject: long\r\n\r\n" + b"filling words here\r\n" * 1000 + b"the needle\r\n")
        append(talk, b"Subject: short\r\n\r\nno such thing\r\n")
        wait_indexed(server)
        assert ask(talk, "SELECT INBOX").status == "OK"
        before = status(server)["messages_looked_at"]
        assert search(talk, ["BODY", ("needle",)]) == [1]
        assert status(server)["messages_looked_at"] == before + 1


def test_an_index_without_room_takes_in_nothing_and_hides_nothing(make_server):
    server = make_server(search={"delay": "1ms", "max_size": 4096})
    with server.imap("alice") as talk:
        append(talk, b"Subject: s\r\n\r\nsomewhere here\r\n")
        server.wait_for(lambda: status(server)["state"] == "full", "the index to be full")
        assert ask(talk, "SELECT INBOX").status == "OK"
        assert search(talk, ["BODY", ("somewhere",)]) == [1]
        assert status(server)["documents"] == 0
    refused = server.ctl("search", "rebuild", check=False)
    assert refused.returncode == 1 and "no room" in refused.stderr


def test_without_an_index_there_is_no_file_and_no_rebuild(make_server):
    server = make_server(search={"index": False})
    with server.imap("alice") as talk:
        append(talk, b"Subject: s\r\n\r\nsomewhere here\r\n")
        assert ask(talk, "SELECT INBOX").status == "OK"
        assert search(talk, ["BODY", ("somewhere",)]) == [1]
    assert status(server)["state"] == "off"
    assert not list(server.data_dir.glob("search*"))
    refused = server.ctl("search", "rebuild", check=False)
    assert refused.returncode == 1 and "search.index" in refused.stderr


# ---- what may have happened to the file ----


def torn(path):
    octets = path.read_bytes()
    path.write_bytes(octets[: len(octets) // 2 + 100])


def of_zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def damaged_inside(path):
    """The pages of the tables, not the first one."""
    octets = bytearray(path.read_bytes())
    octets[4096:] = bytes(len(octets) - 4096)
    path.write_bytes(octets)


def of_another_version(path):
    octets = bytearray(path.read_bytes())
    octets[60:64] = b"\0\0\0\x63"
    path.write_bytes(octets)


def gone(path):
    path.unlink()


@pytest.mark.parametrize("happens", [torn, of_zeros, damaged_inside, of_another_version, gone])
def test_an_index_that_is_no_good_is_built_anew(make_server, happens):
    server = make_server(**QUICK)
    with server.imap("alice") as talk:
        for n in range(30):
            append(talk, f"Subject: s\r\n\r\nword{n:03d}x and more of it\r\n".encode())
    wait_indexed(server)
    server.stop()
    happens(server.data_dir / "search.db")
    server.start()
    with server.imap("alice") as talk:
        assert ask(talk, "SELECT INBOX").status == "OK"
        assert search(talk, ["BODY", ("word007",)]) == [8]
        wait_indexed(server)
        before = status(server)["messages_looked_at"]
        assert [search(talk, ["BODY", (f"word{n:03d}",)]) for n in range(30)] == [[n + 1] for n in range(30)]
        # Damage is met by the first search that reads it: it and some after it do without the index.
        wait_indexed(server)
        assert search(talk, ["BODY", ("word011",)]) == [12]
    assert status(server)["documents"] == 30
    assert status(server)["messages_looked_at"] >= before + 31


@pytest.mark.parametrize("happens", [torn, of_zeros, damaged_inside])
def test_an_index_that_is_damaged_under_the_running_server_hides_nothing(make_server, happens):
    server = make_server(search={"delay": "1ms", "cache_size": "64K"})
    with server.imap("alice") as talk:
        for n in range(30):
            append(talk, f"Subject: s\r\n\r\nword{n:03d}x and more of it\r\n".encode())
        wait_indexed(server)
        # What was written stands in the log: it is worked in when the last connection closes.
        server.restart()
        wait_indexed(server)
    happens(server.data_dir / "search.db")
    with server.imap("alice") as talk:
        assert ask(talk, "SELECT INBOX").status == "OK"
        for n in range(30):
            assert search(talk, ["BODY", (f"word{n:03d}",)]) == [n + 1]
        server.ctl("search", "rebuild")
        before = status(server)
        assert before["documents"] == 30
        for n in range(30):
            assert search(talk, ["BODY", (f"word{n:03d}",)]) == [n + 1]
        assert status(server)["messages_looked_at"] == before["messages_looked_at"] + 30


def test_an_index_that_cannot_be_made_is_told_and_tried_again_when_it_is_asked_for(make_server):
    server = make_server(start=False, **QUICK)
    in_the_way = server.data_dir / "search.db"
    (in_the_way / "something").mkdir(parents=True)
    server.start()
    with server.imap("alice") as talk:
        append(talk, b"Subject: s\r\n\r\nabracadabra\r\n")
        assert ask(talk, "SELECT INBOX").status == "OK"
        assert search(talk, ["BODY", ("abracadabra",)]) == [1]
        for _ in range(2):
            assert server.ctl("search", "rebuild", check=False).returncode == 1
        server.wait_log(r"warn search index: .*/search\.db: ")
        (in_the_way / "something").rmdir()
        in_the_way.rmdir()
        server.ctl("search", "rebuild")
        assert status(server)["documents"] == 1
        assert search(talk, ["BODY", ("abracadabra",)]) == [1]


def test_an_index_of_a_later_state_of_the_store_is_not_believed(make_server):
    server = make_server(**QUICK)
    with server.imap("alice") as talk:
        append(talk, b"Subject: s\r\n\r\nbefore the copy\r\n")
    server.stop()
    kept = (server.data_dir / "mail.db").read_bytes()
    server.start()
    with server.imap("alice") as talk:
        append(talk, b"Subject: s\r\n\r\nlost with the disk\r\n")
    wait_indexed(server)
    server.stop()
    (server.data_dir / "mail.db").write_bytes(kept)
    server.start()
    with server.imap("alice") as talk:
        append(talk, b"Subject: s\r\n\r\nin its place\r\n")
        assert ask(talk, "SELECT INBOX").status == "OK"
        assert search(talk, ["BODY", ("place",)]) == [2]
        wait_indexed(server)
        assert search(talk, ["BODY", ("place",)]) == [2]
        assert search(talk, ["BODY", ("lost with",)]) == []
    assert "not of this store" in server.log


def test_a_message_of_random_letters_does_not_fill_the_index(make_server):
    server = make_server(search={"delay": "1ms", "max_message_grams": 1000})
    rng = random.Random(5)
    noise = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=20000))
    with server.imap("alice") as talk:
        append(talk, f"Subject: s\r\n\r\n{noise}\r\n".encode())
        append(talk, b"Subject: s\r\n\r\nsomething plain\r\n")
        wait_indexed(server)
        assert ask(talk, "SELECT INBOX").status == "OK"
        before = status(server)["messages_looked_at"]
        assert search(talk, ["BODY", (noise[10000:10020],)]) == [1]
        assert search(talk, ["BODY", ("plain",)]) == [2]
        # It is looked at by both.
        assert status(server)["messages_looked_at"] == before + 3
