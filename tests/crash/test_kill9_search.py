"""kill -9 while mail is indexed, or the index is built anew: nothing that is there is hidden by it.

SEARCH_CRASH_ROUNDS and CRASH_SEED as in test_kill9.py.
"""

import os
import random
import sys
import pathlib
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "protocol"))

from imap_answer import ask  # noqa: E402
from test_search_index import append, search, status, wait_indexed  # noqa: E402

ROUNDS = int(os.environ.get("SEARCH_CRASH_ROUNDS", "12"))
SEED = int(os.environ.get("CRASH_SEED", random.randrange(2**32)))


def word(n):
    return f"w{n * 7919 % 100003:06d}q"


def append_some(talk, n, count):
    for i in range(n, n + count):
        append(talk, f"Subject: crash\r\n\r\nsome text with {word(i)} in it\r\n".encode())
    return n + count


def assert_all_found(server, chance, count):
    with server.imap("alice") as talk:
        assert ask(talk, "EXAMINE INBOX").status == "OK"
        for i in chance.sample(range(count), min(count, 25)):
            assert search(talk, ["BODY", (word(i),)]) == [i + 1]
        assert search(talk, ["BODY", ("nowhere at all",)]) == []


def test_nothing_is_hidden_by_an_index_whose_making_was_cut_short(make_server):
    server = make_server(search={"delay": "1ms", "batch_messages": 3})
    chance = random.Random(SEED)
    count = 0
    try:
        for round_ in range(ROUNDS):
            with server.imap("alice") as talk:
                count = append_some(talk, count, chance.randrange(5, 25))
            if round_ % 3 == 2:
                server.ctl("search", "rebuild", "--background")
            time.sleep(chance.uniform(0, 0.05))  # the moment of the crash, not a wait for something
            server.kill9()
            server.start()
            assert_all_found(server, chance, count)
        wait_indexed(server)
        assert_all_found(server, chance, count)
    except AssertionError as wrong:
        raise AssertionError(f"CRASH_SEED={SEED}: {wrong}") from wrong
    with server.imap("alice") as talk:
        assert ask(talk, "EXAMINE INBOX").status == "OK"
        before = status(server)["messages_looked_at"]
        assert search(talk, ["BODY", (word(count - 1),)]) == [count]
        assert status(server)["messages_looked_at"] == before + 1
