"""Whatever random peers do, the server lives, forgets them, and keeps its promises.

HOSTILE_SESSIONS=20000 HOSTILE_SEED=7 runs longer, and on another path.
"""

import collections
import os
import re

import hostile

SESSIONS = int(os.environ.get("HOSTILE_SESSIONS", "600"))
HELD = ("store_spool_memory", "store_waiting_read", "store_waiting_work", "store_waiting_write")
# Much patience with errors, and little room: what is never full is never tried.
TIGHT = {"pop3": {"max_errors": 1000}, "smtp": {"max_errors": 1000}}
TIGHT["store"] = {"spool_memory": "1M", "blob_threshold": "4K"}
TIGHT["connections"] = {"high_water": "4K"}
SEED = os.environ.get("HOSTILE_SEED", "1")


def ids_of(messages):
    """The id in our Received field, of each message."""
    return [re.search(rb"^\tby \S+ with \S+ id (\w+)", m, re.MULTILINE).group(1) for m in messages]


def descriptors(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def test_random_sessions_do_no_harm(make_server):
    server = make_server(**TIGHT)
    server.add_account("carol", "carol's password")
    for n in range(3):
        server.deliver("alice", f"Subject: {n}\r\n\r\nbefore\r\n".encode())
        server.deliver("bob", f"Subject: {n}\r\n\r\nbefore\r\n".encode())
    before = server.messages("alice"), descriptors(server)

    acknowledged = hostile.run_sessions(server, SEED, SESSIONS, ["alice", "carol"], "bob")

    # Nobody is left, and nothing that was held for them: what they had begun is finished first.
    server.wait_for(lambda: hostile.numbers_of(server)["connections"] == "0", "to see that all have gone")
    server.wait_for(lambda: {hostile.numbers_of(server)[what] for what in HELD} == {"0"}, "to hold nothing")
    server.wait_for(lambda: descriptors(server) <= before[1] + 4, "to close what it had open")

    # What was acknowledged is there, once; alice's sessions marked messages and never said QUIT.
    messages = server.messages("alice")
    assert messages[:3] == before[0]
    found = [collections.Counter(ids_of(m)) for m in (messages, server.messages("carol"))]
    assert all(times == 1 for counts in found for times in counts.values())
    assert len(acknowledged) == len(set(acknowledged)) > SESSIONS // 50
    assert set(acknowledged) <= set().union(*found)
    server.ctl("check")
