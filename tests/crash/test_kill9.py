"""kill -9 under load: what was acknowledged is there, once; a transaction is there whole or not.

CRASH_ROUNDS says how often (default 50). The seed is printed when a round
fails; CRASH_SEED repeats its times, though not the kernel's schedule.
"""

import os
import random
import time

from senders import Deleter, Ledger, Sender, assert_sound, compare, numbers_in

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "50"))
SEED = int(os.environ.get("CRASH_SEED", random.randrange(2**32)))
CONF = {"auth": {"allow_plaintext_loopback": True}, "log_level": "info"}


def load_until_killed(server, alice, bob, seconds):
    """Each message goes to both; bob deletes all the time, alice keeps hers. The first time not before
    he has deleted some: later a slow machine may give him no time for that."""
    clients = [Sender(server, alice, ["alice", "bob"], large_every=20) for _ in range(4)]
    clients.append(Deleter(server, bob, "bob"))
    for client in clients:
        client.start()
    server.wait_for(lambda: bob.deleted or clients[-1].wrong, "to let bob delete some")
    time.sleep(seconds)  # the moment of the crash, not a wait for something
    server.kill9()
    for client in clients:
        client.finish()


def verify(server, alice, bob):
    alices, bobs = numbers_in(server, "alice"), numbers_in(server, "bob")
    compare(alice, alices)
    compare(bob, bobs)
    # One transaction for both recipients: never one of them alone.
    deleted = alice.deleted | bob.deleted.union(*bob.unsure)
    one_sided = (set(alices) ^ set(bobs)) - deleted
    assert not one_sided, f"delivered to one of two: {sorted(one_sided)}"


def test_acknowledged_mail_survives(make_server):
    server = make_server(**CONF)
    alice, chance = Ledger(), random.Random(SEED)
    bob = Ledger(of=alice)
    for round_ in range(ROUNDS):
        load_until_killed(server, alice, bob, chance.uniform(0.02, 0.25))
        server.start()
        try:
            verify(server, alice, bob)
            assert_sound(server)
        except AssertionError as wrong:
            raise AssertionError(f"round {round_}, CRASH_SEED={SEED}: {wrong}") from wrong
        if round_ % 10 == 9:
            alice.deleted |= set(numbers_in(server, "alice"))
            server.empty("alice")


def test_killed_again_and_again_while_it_starts(make_server):
    """A crash during recovery is recovered from."""
    server = make_server(**CONF)
    ledger, chance = Ledger(), random.Random(SEED)
    for _ in range(10):
        sender = Sender(server, ledger, ["alice"])
        sender.start()
        time.sleep(chance.uniform(0.02, 0.1))
        server.kill9()
        sender.finish()
        for _ in range(3):
            server.start(wait=False)
            time.sleep(chance.uniform(0, 0.03))
            server.kill9()
        server.start()
        compare(ledger, numbers_in(server, "alice"))
        assert_sound(server)
