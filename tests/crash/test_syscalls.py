"""No 250, no +OK and no OK before the sync that covers it, read from the system calls themselves.

kill -9 cannot show this: what a killed process had written is safe in the
kernel's memory, synced or not.
"""

import pytest

import syscalls
from server import DOMAIN, big_message, eml

# ---- the checker: it must find what it is there to find ----

WAL = "</data/mail.db-wal>"
GOOD = f"""\
10 recvfrom(7<socket:[1]>, "DATA\\r\\n", 4096, 0, NULL, NULL) = 6
10 sendto(7<socket:[1]>, "354 Go\\r\\n", 8, 0, NULL, 0) = 8
10 recvfrom(7<socket:[1]>, "Subject: x\\r\\n\\r\\n.\\r\\n", 4096, 0, NULL, NULL) = 17
12 pwrite64(5{WAL}, "\\x00\\x01", 2, 0) = 2
12 fdatasync(5{WAL} <unfinished ...>
10 read(9<anon_inode:[eventfd]>, "\\x01", 8) = 8
12 <... fdatasync resumed>) = 0
10 sendto(7<socket:[1]>, "250 2.0.0 kept\\r\\n", 16, 0, NULL, 0) = 16
"""
BLOB = """\
11 pwrite64(6</data/blobs/#44 (deleted)>, "octets", 6, 0) = 6
11 fdatasync(6</data/blobs/#44 (deleted)>) = 0
11 linkat(AT_FDCWD</>, "/proc/self/fd/6", 3</data/blobs>, "ab/name", AT_SYMLINK_FOLLOW) = 0
11 fsync(8</data/blobs/ab>) = 0
"""
IMAP = f"""\
10 recvfrom(7<socket:[1]>, "a APPEND INBOX {{3}}\\r\\n", 4096, 0, NULL, NULL) = 20
10 sendto(7<socket:[1]>, "+ OK\\r\\n", 6, 0, NULL, 0) = 6
10 recvfrom(7<socket:[1]>, "x\\r\\n\\r\\n", 4096, 0, NULL, NULL) = 5
12 pwrite64(5{WAL}, "\\x00\\x01", 2, 0) = 2
12 fdatasync(5{WAL}) = 0
10 sendto(7<socket:[1]>, "a OK [APPENDUID 1 1] kept\\r\\n", 27, 0, NULL, 0) = 27
"""


def with_blob(text):
    before, after = GOOD.split("12 pwrite64", 1)
    return before + text + "12 pwrite64" + after


def without(text, word):
    kept = [line for line in text.splitlines(keepends=True) if word not in line]
    assert len(kept) < len(text.splitlines()), word
    return "".join(kept)


def moved_up(text, word, before):
    """The line with `word` put before the first line with `before`."""
    lines = text.splitlines(keepends=True)
    line = next(line for line in lines if word in line)
    lines.remove(line)
    lines.insert(next(i for i, other in enumerate(lines) if before in other), line)
    return "".join(lines)


ACCEPTED = {
    "a commit": GOOD,
    "a commit with a file": with_blob(BLOB),
    "a commit, and the index is written meanwhile": GOOD.replace(
        "12 <...", '13 pwrite64(6</data/search.db-wal>, "\\x00", 1, 0) = 1\n12 <...'
    ),
    "BDAT": GOOD.replace('"DATA\\r\\n"', '"NOOP\\r\\n"').replace(
        '"Subject: x\\r\\n\\r\\n.\\r\\n"', '"BDAT 3 LAST\\r\\nx\\r\\n"'
    ),
    "IMAP's APPEND": IMAP,
    "IMAP's EXPUNGE": IMAP.replace("APPEND INBOX {3}", "EXPUNGE").replace("a OK", "* 1 EXPUNGE"),
}
REFUSED = {
    "no sync at all": without(GOOD, "fdatasync"),
    "nothing written": without(GOOD, "pwrite64"),
    "the reply before the sync is over": moved_up(GOOD, "250 2.0.0", "<... fdatasync"),
    "the reply before the write": moved_up(GOOD, "250 2.0.0", "pwrite64"),
    "a write after the sync": without(GOOD, "fdatasync").replace(
        "12 pwrite64", f"12 fdatasync(5{WAL}) = 0\n12 pwrite64"
    ),
    "the sync failed": GOOD.replace("resumed>) = 0", "resumed>) = -1 EIO (Input/output error)"),
    "another file was synced": GOOD.replace(f"fdatasync(5{WAL}", "fdatasync(4</data/mail.db>"),
    "the file was not synced": with_blob(without(BLOB, "fdatasync")),
    "the file was named before its sync": with_blob(moved_up(BLOB, "linkat", "fdatasync")),
    "the directory was not synced": with_blob(without(BLOB, "fsync(8")),
    "the directory was synced too early": with_blob(moved_up(BLOB, "fsync(8", "linkat")),
    "no promise in it": without(GOOD, "250 2.0.0"),
    "OK before the sync": moved_up(IMAP, "a OK", "fdatasync"),
    "an untagged reply before the sync": moved_up(IMAP, "a OK", "fdatasync").replace("a OK", "* OK"),
    "an IMAP command of which nothing was written": without(IMAP, "pwrite64"),
    "IMAP's NO promises nothing": IMAP.replace("a OK", "a NO"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_checker_accepts(name):
    assert syscalls.broken_promises(syscalls.parse(ACCEPTED[name])) == []


@pytest.mark.parametrize("name", REFUSED)
def test_the_checker_refuses(name):
    assert len(syscalls.broken_promises(syscalls.parse(REFUSED[name]))) == 1


# ---- the daemon ----

CONF = {"auth": {"allow_plaintext_loopback": True}, "log_level": "info"}


@pytest.fixture
def traced(make_server, tmp_path):
    """A server under strace, and a function that stops it and gives its events."""
    trace = tmp_path / "trace"
    server = make_server(wrap=syscalls.record(trace), **CONF)

    def events():
        server.stop()
        return syscalls.parse(trace.read_text())

    return server, events


def promised(events):
    return len(list(syscalls.promises(events)))


def test_250_to_data_comes_after_its_sync(traced):
    server, events = traced
    with server.smtp() as talk:
        for name in ("plain.eml", "multipart.eml", "dots.eml"):
            server.deliver("alice", name, talk=talk)
    found = events()
    assert promised(found) == 3
    assert syscalls.broken_promises(found) == []


def test_250_to_bdat_comes_after_its_sync(traced):
    server, events = traced
    octets = eml("multipart.eml")
    with server.smtp() as talk:
        talk.says(f"C: MAIL FROM:<>\nS: 250 ...\nC: RCPT TO:<alice@{DOMAIN}>\nS: 250 ...")
        talk.send(b"BDAT 100\r\n" + octets[:100]).expect("250 ...")
        talk.send(b"BDAT %d LAST\r\n" % (len(octets) - 100) + octets[100:]).expect("250 ...")
    found = events()
    assert promised(found) == 1
    assert syscalls.broken_promises(found) == []


def test_250_to_several_recipients_comes_after_its_sync(traced):
    server, events = traced
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<>\nS: 250 ...")
        for user in ("alice", "bob"):
            talk.says(f"C: RCPT TO:<{user}@{DOMAIN}>\nS: 250 ...")
        talk.says("C: DATA\nS: 354 ...").send_data(eml("plain.eml")).expect("250 ...")
    found = events()
    assert promised(found) == 1
    assert syscalls.broken_promises(found) == []


def test_a_large_body_has_its_file_and_its_name_on_disk_before_250(traced):
    server, events = traced
    with server.smtp() as talk:
        server.deliver("alice", big_message(900_000), talk=talk)
        server.deliver("alice", big_message(700_000), talk=talk)
    found = events()
    assert promised(found) == 2
    assert any(e.call in syscalls.NAMING for e in found), "no body became a file"
    assert syscalls.broken_promises(found) == []


def test_ok_to_quit_comes_after_the_sync_of_its_deletions(traced):
    server, events = traced
    for _ in range(3):
        server.deliver("alice", "plain.eml")
    with server.pop3("alice", service="pop3", tls=False) as talk:
        talk.says("C: DELE 1\nS: +OK ...\nC: DELE 3\nS: +OK ...\nC: QUIT\nS: +OK ...").closes()
    found = events()
    assert promised(found) == 4
    assert syscalls.broken_promises(found) == []


# ---- IMAP ----


def append(talk, octets, mailbox="INBOX", plus=""):
    talk.says(f"C: append APPEND {mailbox} {{{len(octets)}{plus}}}")
    if not plus:
        talk.expect("+ ...")
    talk.send(octets + b"\r\n").expect("append OK [APPENDUID ...")


def test_ok_to_append_comes_after_its_sync(traced):
    server, events = traced
    with server.imap("alice", service="imap", tls=False) as talk:
        append(talk, eml("plain.eml"))
        append(talk, eml("multipart.eml"), plus="+")
        append(talk, big_message(900_000))
        talk.send(b"m APPEND INBOX {3+}\r\nx\r\n (\\Seen) {3+}\r\ny\r\n\r\n").expect("m OK ...")
    found = events()
    assert promised(found) == 4
    assert any(e.call in syscalls.NAMING for e in found), "no body became a file"
    assert syscalls.broken_promises(found) == []


CHANGES = (
    "CREATE One",
    "CREATE Two",
    "COPY 1:2 One",
    "STORE 1 +FLAGS (\\Flagged)",
    "UID STORE 2 +FLAGS.SILENT (new)",
    "UID MOVE 4 Two",
    "RENAME Two Three",
    "SUBSCRIBE Four",
    "UNSUBSCRIBE Four",
    "DELETE One",
    "STORE 1,3 +FLAGS.SILENT (\\Deleted)",
    "UID EXPUNGE 1",
    "EXPUNGE",
    "STORE 1 +FLAGS.SILENT (\\Deleted)",
    "CLOSE",
)


def test_ok_to_every_change_comes_after_its_sync(traced):
    server, events = traced
    with server.imap("alice", service="imap", tls=False) as talk:
        for _ in range(4):
            append(talk, eml("plain.eml"))
        talk.says("C: s SELECT INBOX").until("s OK ...")
        for number, command in enumerate(CHANGES):
            talk.says(f"C: c{number} {command}").until(f"c{number} OK ...")
    found = events()
    assert promised(found) == 4 + len(CHANGES)
    assert syscalls.broken_promises(found) == []
