"""A disk that fills up: mail is put off with 452, nothing acknowledged is lost, and it recovers.

The disk is a small one of memory (conftest.py).
"""

import os

import pytest

from senders import Ledger, Lines, Sender, assert_sound, compare, message, numbers_in
from server import DOMAIN


def fill_up(server, leave):
    """A file of nobody's that takes all the space but `leave` octets."""
    stat = os.statvfs(server.data_dir)
    free = stat.f_bavail * stat.f_frsize
    filler = server.data_dir / "filler"
    filler.write_bytes(b"x" * max(0, free - leave))
    return filler


def send_until_refused(server, ledger, octets):
    """Sends one message after another; the refusal."""
    with Lines(server.ports["smtp"]) as talk:
        talk.expect(b"220")
        talk.say(b"EHLO client.example.net\r\n")
        talk.expect(b"250")
        while True:
            for command in (b"MAIL FROM:<>\r\n", f"RCPT TO:<alice@{DOMAIN}>\r\n".encode()):
                talk.say(command)
                line = talk.line()
                if not line.startswith(b"250 "):
                    return line
            talk.say(b"DATA\r\n")
            talk.expect(b"354")
            number = ledger.next_number()
            talk.say(message(number, octets) + b".\r\n")
            line = talk.line()
            if not line.startswith(b"250 "):
                return line
            ledger.acknowledge(number)


@pytest.mark.parametrize("octets", [20_000, 600_000], ids=["small messages", "large messages"])
def test_452_when_the_disk_is_full_and_250_again_when_it_is_not(small_disk, octets):
    server = small_disk(store={"disk_reserve": 0})
    ledger = Ledger()
    filler = fill_up(server, leave=4 << 20)
    refusal = send_until_refused(server, ledger, octets)
    assert refusal.startswith(b"452 4.3.1"), refusal
    assert ledger.acknowledged, "nothing fitted at all"
    # Reading goes on, and nothing that was refused has come in.
    found = numbers_in(server, "alice")
    compare(ledger, found)
    assert set(found) == ledger.acknowledged

    filler.unlink()
    sender = Sender(server, ledger, ["alice"])
    before = len(ledger.acknowledged)
    sender.start()
    server.wait_for(lambda: len(ledger.acknowledged) > before + 5, "to take mail again")
    sender.finish()
    compare(ledger, numbers_in(server, "alice"))
    assert_sound(server)
    server.restart()
    compare(ledger, numbers_in(server, "alice"))
    assert_sound(server)


def test_the_reserve_is_kept_and_452_comes_at_mail(small_disk):
    server = small_disk(store={"disk_reserve": "8M"})
    ledger = Ledger()
    filler = fill_up(server, leave=4 << 20)
    server.restart()  # it looks at the disk every few seconds, and when it starts
    refusal = send_until_refused(server, ledger, 2000)
    assert refusal.startswith(b"452 4.3.1"), refusal
    assert not ledger.sent, "it was refused only after the message"
    filler.unlink()
    server.restart()
    sender = Sender(server, ledger, ["alice"])
    sender.start()
    server.wait_for(lambda: ledger.acknowledged, "to take mail again")
    sender.finish()
    compare(ledger, numbers_in(server, "alice"))


def test_deleting_is_possible_on_a_full_disk_or_put_off(small_disk):
    """QUIT is +OK and the mail is gone, or -ERR and all of it is still there."""
    server = small_disk(store={"disk_reserve": 0})
    ledger = Ledger()
    fill_up(server, leave=2 << 20)
    send_until_refused(server, ledger, 20_000)
    held = numbers_in(server, "alice")
    with server.pop3("alice", service="pop3", tls=False) as talk:
        for index in range(1, len(held) + 1):
            talk.says(f"C: DELE {index}\nS: +OK ...")
        talk.send_line("QUIT")
        reply = talk.read_line()
    left = numbers_in(server, "alice")
    if reply.startswith(b"+OK"):
        assert left == []
    else:
        assert reply.startswith(b"-ERR [SYS/TEMP]"), reply
        assert left == held
