"""mailserverctl queue: mail for elsewhere, listed, explained, held, tried and thrown away."""

import json
import socket
import sqlite3
import time

import pytest

HOUR_US = 3600 * 10**6
OLD = "oldmail"
NEW = "newmail"


def now_us():
    return int(time.time() * 10**6)


def insert(server):
    """Two messages, three recipients; not due for hours, so that a daemon leaves them alone."""
    db = sqlite3.connect(server.data_dir / "mail.db")
    now = now_us()
    content = db.execute(
        "INSERT INTO content (size, header_size, hash, properties, envelope, bodystructure,"
        " body, preview)"
        " VALUES (4, 4, x'00', 0, '', '', '', '')"
    ).lastrowid
    db.execute("INSERT INTO content_refs VALUES (?, 2)", (content,))
    db.execute("INSERT INTO content_header VALUES (?, ?)", (content, b"\r\n\r\n"))
    for mail_id, sender, age in ((OLD, "", 72), (NEW, "alice@example.org", 0)):
        db.execute(
            "INSERT INTO queue_message (content, account, mail_id, prepend, sender, flags,"
            " received_us) VALUES (?, 0, ?, x'', ?, 0, ?)",
            (content, mail_id, sender, now - age * HOUR_US - 1),
        )
    for row, (mail, recipient) in enumerate(
        [(OLD, "bob@away.example"), (NEW, "bob@away.example"), (NEW, "carol@far.example")], 1
    ):
        db.execute(
            "INSERT INTO queue (id, message, recipient, domain, notify, attempts, next_attempt_us,"
            " expires_us, last_status, last_reply) SELECT ?, id, ?, ?, 0, 2, ?, ?, ?, ?"
            " FROM queue_message WHERE mail_id = ?",
            (
                *(row, recipient, recipient.split("@")[1], now + 5 * HOUR_US, now + 90 * HOUR_US),
                *("4.7.1", "450 4.7.1 Greylisted\x1b[31m", mail),
            ),
        )
    db.executemany(
        "INSERT INTO queue_attempt VALUES (1, ?, ?, ?, ?, ?, ?)",
        [
            (now - HOUR_US, "", "", "", "4.4.1", "No mail server could be reached"),
            (now, "mx.away.example", "192.0.2.7", "TLSv1.3", "4.7.1", "450 Greylisted\x1b[31m"),
        ],
    )
    db.commit()
    db.close()


@pytest.fixture
def silent():
    """A name server that never answers: what a daemon tries is neither sent nor given up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"127.0.0.1@{sock.getsockname()[1]}"


@pytest.fixture(params=["daemon", "offline"])
def queue(request, make_server, silent):
    server = make_server(start=False, resolver={"servers": [silent]})
    server.ctl("domain", "list")
    insert(server)
    if request.param == "daemon":
        server.start()
    return server


def listed(server, *words):
    return [json.loads(line) for line in server.ctl("--json", "queue", "list", *words).splitlines()]


def ids(server, *words):
    return [row["id"] for row in listed(server, *words)]


def change(server, *words):
    return json.loads(server.ctl("--json", "queue", *words))["changed"]


def refused(server, *words):
    done = server.ctl("queue", *words, check=False)
    assert done.returncode == 1
    return done.stderr


def test_the_queue_is_listed_a_line_a_recipient(queue):
    first, second, _ = listed(queue)
    assert (first["id"], first["message"], first["sender"]) == (1, OLD, "<>")
    assert (second["sender"], second["recipient"]) == ("alice@example.org", "bob@away.example")
    assert (second["attempts"], second["status"]) == (2, "4.7.1")


@pytest.mark.parametrize(
    "words, found",
    [
        (["2"], [2]),
        ([NEW], [2, 3]),
        (["--domain=AWAY.example"], [1, 2]),
        (["--sender=<>"], [1]),
        (["--sender", "Alice@example.org"], [2, 3]),
        (["--recipient=carol@far.example"], [3]),
        (["--older-than=2d"], [1]),
        (["--older-than=4d"], []),
        ([NEW, "--domain=far.example"], [3]),
        (["nosuchmail"], []),
    ],
)
def test_rows_are_chosen_by(queue, words, found):
    assert ids(queue, *words) == found


def test_show_tells_the_attempts_and_what_they_mean(queue):
    said = queue.ctl("queue", "show", "1")
    assert "\x1b" not in said
    assert "nobody reached without TLS: 4.4.1 No mail server could be reached" in said
    assert "mx.away.example [192.0.2.7] TLSv1.3: 450 Greylisted\\x1b[31m" in said
    assert "\thint\t" in said and "Nothing is wrong" in said


def test_mail_is_held_and_released(queue):
    assert change(queue, "hold", NEW) == 2
    assert [row["next"] == "held" for row in listed(queue)] == [False, True, True]
    assert change(queue, "hold", "--all") == 1
    assert change(queue, "hold", "--all") == 0
    assert change(queue, "release", "--domain=far.example") == 1
    assert [row["next"] == "held" for row in listed(queue)] == [True, True, False]


def test_what_is_held_is_not_retried_and_that_is_said(queue):
    assert change(queue, "hold", NEW) == 2
    said = queue.ctl("queue", "retry", NEW)
    assert said.startswith("0\t") and "held" in said
    assert [row["next"] == "held" for row in listed(queue)] == [False, True, True]
    assert queue.ctl("queue", "release", NEW) == "2\tdone\n"


def test_mail_is_thrown_away_after_a_question(queue):
    for words, asked in (["--all"], "--all"), (["2", "--domain=away.example"], "2 --domain=away.example"):
        done = queue.ctl("queue", "remove", *words, stdin="no\n", check=False)
        assert done.returncode == 1 and "nothing has been changed" in done.stderr
        assert f": queue remove {asked}. Type yes" in done.stderr
    assert change(queue, "remove", "--domain=away.example", "--yes") == 2
    assert ids(queue) == [3]
    assert change(queue, "remove", "--all", "--yes") == 1
    assert ids(queue) == []
    assert " 0 damaged" in queue.ctl("check")


@pytest.mark.parametrize("word", ["retry", "hold", "release", "bounce"])
def test_what_is_meant_must_be_said_and_be_there(queue, word):
    assert "say which" in refused(queue, word)
    assert "nothing in the queue fits" in refused(queue, word, "99")
    assert "is not a time" in refused(queue, word, "--older-than=soon")


@pytest.fixture
def offline(make_server):
    server = make_server(start=False)
    server.ctl("domain", "list")
    insert(server)
    return server


def test_mail_is_tried_at_once_with_its_waiting_begun_anew(offline):
    assert change(offline, "retry", "2") == 1
    row = listed(offline, "2")[0]
    assert (row["next"], row["attempts"]) == ("now", 0)
    assert change(offline, "retry", "2") == 0


def test_mail_is_given_up(offline):
    offline.ctl("queue", "hold", "2")
    assert change(offline, "bounce", "2") == 1
    assert listed(offline, "2")[0]["next"] == "now"
    assert "\texpires\tgiven up" in offline.ctl("queue", "show", "2")
    assert change(offline, "bounce", "2") == 0
