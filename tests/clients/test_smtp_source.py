"""Postfix's load generator: many sessions at once, each message there once and whole."""

import re

from programs import TOOLS, run


def smtp_source(server, *words):
    library = TOOLS / "postfix" / "usr" / "lib" / "postfix"
    run(
        *("smtp-source", *words, "-f", "sender@example.net", "-t", "alice@example.org"),
        f"inet:127.0.0.1:{server.ports['smtp']}",
        env={"LD_LIBRARY_PATH": str(library)},
    )


def test_a_thousand_messages_over_twenty_sessions(server):
    server.empty("alice")
    smtp_source(server, "-s", "20", "-m", "1000", "-l", "4096")
    stored = server.messages("alice")
    assert len(stored) == 1000
    ids = {re.search(rb"(?m)^Message-Id: (<.+>)\r$", message)[1] for message in stored}
    assert len(ids) == 1000
    for message in stored:
        lines = message.split(b"\r\n\r\n", 1)[1].split(b"\r\n")
        assert lines.pop() == b""
        assert all(re.fullmatch(rb"[0-9]*X+", line) for line in lines)


def test_one_session_for_all_messages(server):
    server.empty("alice")
    smtp_source(server, "-d", "-s", "5", "-m", "200", "-l", "20000")
    assert server.count("alice") == 200
