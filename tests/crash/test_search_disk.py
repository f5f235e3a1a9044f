"""search.db on a disk that is full or cannot be written: nothing is hidden, the log says so, and it heals.

The disks are tmpfs of their own, which only root can mount.
"""

import os
import pathlib
import random
import re
import string
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "protocol"))

from imap_answer import ask  # noqa: E402
from test_full_disk import fill_up as fill_disk  # noqa: E402
from test_search_index import append, search, status, wait_indexed  # noqa: E402

DISK_OCTETS = 512 << 10
QUICK = {"delay": "1ms"}


def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True)


@pytest.fixture
def index_elsewhere(make_server, tmp_path):
    """A server whose search.db, and it alone, is on a small disk."""
    assert os.geteuid() == 0, "this test mounts a disk: run it as root"
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o700)
    mount("-t", "tmpfs", "-o", f"size={DISK_OCTETS},mode=700", "tmpfs", disk)
    server = make_server(start=False, search=QUICK)
    (server.data_dir / "search.db").symlink_to(disk / "search.db")
    server.disk = disk
    yield server.start()
    server.discard()
    subprocess.run(["umount", "-l", disk], check=True)


def word(n):
    return f"w{n * 7919 % 100003:06d}q"


def is_full(server):
    return re.search(r"search index: full: ", server.log_since_start())


def fill_up(server):
    """Mail, of many words each, until the index fails for want of room; how many."""
    rng = random.Random(1)
    with server.imap("alice") as talk:
        for n in range(1000):
            text = " ".join("".join(rng.choices(string.ascii_lowercase, k=6)) for _ in range(400))
            append(talk, f"Subject: number {n}\r\n\r\n{word(n)} {text}\r\n".encode())
            # It is not to fall behind: what it has not seen takes no room in it.
            server.wait_for(lambda: is_full(server) or status(server)["state"] == "idle", "to index it")
            if is_full(server):
                return n + 1
    raise AssertionError("the index always has room")


def assert_all_found(server, count):
    with server.imap("alice") as talk:
        assert ask(talk, "SELECT INBOX").status == "OK"
        for n in range(count):
            assert search(talk, ["BODY", (word(n),)]) == [n + 1]
        assert search(talk, ["BODY", ("nowhere at all",)]) == []


def assert_index_is_used(server, count):
    """Searches look at what they find, and at nothing else."""
    wait_indexed(server)
    assert status(server)["documents"] == count
    before = status(server)["messages_looked_at"]
    assert_all_found(server, count)
    assert status(server)["messages_looked_at"] == before + count


def test_a_disk_without_room_for_the_index_hides_nothing_and_a_rebuild_elsewhere_heals(index_elsewhere):
    server = index_elsewhere
    count = fill_up(server)
    assert_all_found(server, count)
    server.ctl("search", "rebuild")
    assert not (server.data_dir / "search.db").is_symlink()
    assert_index_is_used(server, count)


def test_a_disk_that_has_room_again_is_used_after_a_restart(index_elsewhere):
    server = index_elsewhere
    count = fill_up(server)
    server.restart()
    assert_all_found(server, count)
    mount("-o", f"remount,size={64 * DISK_OCTETS}", server.disk)
    server.restart()
    assert (server.data_dir / "search.db").is_symlink()
    assert_index_is_used(server, count)


def test_an_index_that_cannot_be_written_finds_what_it_knows_and_hides_nothing(index_elsewhere):
    server = index_elsewhere
    with server.imap("alice") as talk:
        for n in range(3):
            append(talk, f"Subject: s\r\n\r\n{word(n)}\r\n".encode())
    wait_indexed(server)
    server.stop()
    mount("-o", "remount,ro", server.disk)
    server.start()
    with server.imap("alice") as talk:
        for n in range(3, 5):
            append(talk, f"Subject: s\r\n\r\n{word(n)}\r\n".encode())
    server.wait_log(r"search index: ")
    assert_all_found(server, 5)
    server.stop()
    mount("-o", "remount,rw", server.disk)
    server.start()
    assert_index_is_used(server, 5)


def test_a_rebuild_for_which_there_is_no_room_says_so_and_the_old_index_goes_on(small_disk):
    server = small_disk(search=QUICK, store={"disk_reserve": 0})
    with server.imap("alice") as talk:
        for n in range(20):
            append(talk, f"Subject: s\r\n\r\n{word(n)}\r\n".encode())
    wait_indexed(server)
    filler = fill_disk(server, leave=0)
    for _ in range(2):
        refused = server.ctl("search", "rebuild", check=False)
        assert refused.returncode == 1 and "no room" in refused.stderr, refused
    assert_all_found(server, 20)
    filler.unlink()
    server.ctl("search", "rebuild")
    assert not list(server.data_dir.glob("search.new.db*"))
    assert_index_is_used(server, 20)
