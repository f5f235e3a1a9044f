"""kill -9 under APPEND, COPY, MOVE, STORE, EXPUNGE and RENAME: what was answered OK is there.

CRASH_ROUNDS and CRASH_SEED as in test_kill9.py.
"""

import os
import random
import time

from imap_answer import ask
from imap_worker import Worker
from senders import assert_sound

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "50"))
SEED = int(os.environ.get("CRASH_SEED", random.randrange(2**32)))
CONF = {"auth": {"allow_plaintext_loopback": True}, "log_level": "info"}


def users_with_a_mailbox(server, count):
    users = [server.new_account() for _ in range(count)]
    for user in users:
        with server.imap(user, service="imap", tls=False) as talk:
            assert ask(talk, "CREATE Work").status == "OK"
    return users


def work_until_killed(server, users, chance):
    workers = [Worker(server, user, chance.randrange(2**32)) for user in users]
    for worker in workers:
        worker.start()
    # A slow machine may give nobody time to store a first message, and there were nothing to lose.
    server.wait_for(lambda: all(any(w.before.values()) or w.wrong for w in workers), "to let them work")
    time.sleep(chance.uniform(0.02, 0.25))  # the moment of the crash, not a wait for something
    for worker in workers:
        worker.dying.set()
    server.kill9()
    for worker in workers:
        worker.finish()
    return workers


def test_what_was_answered_ok_survives(make_server):
    server = make_server(**CONF)
    chance = random.Random(SEED)
    users = users_with_a_mailbox(server, 4)
    messages = 0
    for round_ in range(ROUNDS):
        workers = work_until_killed(server, users, chance)
        server.start()
        try:
            for worker in workers:
                worker.verify()
                messages += sum(len(held) for held in worker.before.values())
            assert_sound(server)
        except AssertionError as wrong:
            raise AssertionError(f"round {round_}, CRASH_SEED={SEED}: {wrong}") from wrong
    assert messages, "the mailboxes were always empty: the load was none"
