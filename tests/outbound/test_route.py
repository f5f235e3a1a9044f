"""Mail that leaves by a route: sent once, tried again, given up, reported."""

import contextlib
import sqlite3
import time

from conftest import route_to, submit, waiting
from receiver import EXTENSIONS, Receiver


HOUR_US = 3600 * 1000000


@contextlib.contextmanager
def altered(server):
    """The store of a server that has stopped: so time passes at once."""
    with contextlib.closing(sqlite3.connect(server.data_dir / "mail.db")) as store, store:
        yield store


def times(store, column):
    """That time of the only row, reckoned from its arrival."""
    query = f"SELECT {column} - received_us FROM queue JOIN queue_message m ON m.id = message"
    ((after_us,),) = store.execute(query)
    return after_us


def inbox(server, who="alice"):
    return server.messages(who)


def test_a_message_goes_out_and_leaves_the_queue(make_server, sink):
    server = make_server(**route_to(sink))
    submit(server, ["bob@away.example"])
    server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
    message = sink.messages[0]
    assert message.sender == "alice@example.org"
    assert message.recipients == ["bob@away.example"]
    assert b"how are you\r\n" in message.octets
    assert message.octets.startswith((b"Received:", b"DKIM-Signature:"))
    server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")


def test_recipients_of_one_message_go_together(make_server, sink):
    server = make_server(**route_to(sink))
    submit(server, [f"r{i}@away.example" for i in range(7)])
    server.wait_for(lambda: len(sink.delivered()) == 7, "seven recipients")
    assert len(sink.messages) == 1


def test_a_connection_is_kept_for_what_follows(make_server, sink):
    server = make_server(**{**route_to(sink), "queue": {**route_to(sink)["queue"], "idle_connection": "1m"}})
    for i in range(5):
        submit(server, [f"r{i}@away.example"])
        server.wait_for(lambda: len(sink.messages) == i + 1, "the message to arrive")
    assert sink.connections == 1


def test_a_connection_ends_after_as_many_messages_as_it_may_have(make_server, sink):
    conf = route_to(sink)
    conf["queue"].update(max_messages_per_connection=3, max_connections_per_destination=1, idle_connection="1m")
    server = make_server(**conf)
    for i in range(7):
        submit(server, [f"r{i}@away.example"])
        server.wait_for(lambda: len(sink.messages) == i + 1, "the message to arrive")
    assert [message.connection for message in sink.messages] == [1, 1, 1, 2, 2, 2, 3]


def test_a_route_has_its_own_address_and_name(make_server, sink):
    server = make_server(**route_to(sink, source=["127.0.0.77"], helo="out.example.org"))
    submit(server, ["bob@away.example"])
    server.wait_for(lambda: sink.messages, "the message to arrive")
    assert sink.peers == {"127.0.0.77"}
    assert sink.lines[0] == "EHLO out.example.org"


def test_what_is_refused_for_now_is_tried_again(make_server):
    with Receiver(script={"RCPT": ["451 4.7.1 greylisted, come back"] * 2}) as sink:
        server = make_server(**route_to(sink))
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
        assert server.log.count("status=deferred") == 2
        assert "greylisted, come back" in server.log


def test_recipients_that_are_too_many_go_in_the_next_transaction(make_server):
    """RFC 5321 4.5.3.1.10; not where nobody was taken."""
    replies = ["250 2.1.5 ok"] * 2 + ["452 4.5.3 too many"] * 2 + ["250 2.1.5 ok", "452 no more"]
    with Receiver(script={"RCPT": [*replies, "452 4.5.3 none at all"]}) as sink:
        conf = route_to(sink)
        conf["queue"].update(retry_first="1h", retry_max="1h")
        server = make_server(**conf)
        submit(server, [f"r{i}@away.example" for i in range(4)])
        server.wait_log('to=<r3@away.example> status=deferred .*reply="452 4.5.3 none at all"')
        assert [len(m.recipients) for m in sink.messages] == [2, 1]
        assert sink.connections == 1 and server.log.count("status=again") == 3
        server.wait_for(lambda: waiting(server) == 1, "the others to be written")


def test_what_is_refused_for_good_is_reported_once(make_server):
    with Receiver(script={"RCPT": ["250 2.1.5 ok", "550 5.1.1 No such user"]}) as sink:
        server = make_server(**route_to(sink))
        submit(server, ["good@away.example", "bad@away.example"])
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert [r for r, _ in sink.delivered()] == ["good@away.example"]
        server.wait_for(lambda: len(inbox(server)) == 1, "the report to arrive")
        report = inbox(server)[0]
        assert b"bad@away.example" in report and b"good@away.example" not in report
        assert b"No such user" in report
        assert b"Return-Path: <>" in report


def test_a_dead_server_is_tried_again_and_given_up(make_server, nobody):
    conf = route_to(nobody)
    conf["queue"]["lifetime"] = "1h"
    server = make_server(**conf)
    submit(server, ["bob@away.example"])
    server.wait_for(lambda: server.log.count("status=deferred") >= 2, "to be tried again")
    server.stop()
    with altered(server) as store:
        assert times(store, "expires_us") == HOUR_US
        store.execute(f"UPDATE queue SET expires_us = expires_us - {HOUR_US}")
    server.start()
    server.wait_for(lambda: len(inbox(server)) == 1, "the report to arrive")
    assert b"Status: 4.4.7" in inbox(server)[0] and waiting(server) == 0


def test_a_late_message_is_said_to_be_late_once(make_server):
    with Receiver(script={"MAIL": ["451 4.3.0 not now"] * 6}) as sink:
        conf = route_to(sink)
        conf["queue"]["delay_warning"] = "300ms"
        server = make_server(**conf)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert len(inbox(server)) == 1
        assert b"not now" in inbox(server)[0]


def test_lateness_is_told_at_its_time_by_an_attempt(make_server):
    """The wait between attempts is longer, and ends where the sender is to hear."""
    with Receiver(script={"MAIL": ["451 4.3.0 not now"] * 2}) as sink:
        conf = route_to(sink)
        conf["queue"].update(delay_warning="1h", retry_first="2h", retry_max="2h")
        server = make_server(**conf)
        submit(server, ["bob@away.example"])
        server.wait_log("status=deferred")
        server.stop()
        with altered(server) as store:
            assert times(store, "next_attempt_us") == HOUR_US
            store.execute(f"UPDATE queue SET next_attempt_us = next_attempt_us - {HOUR_US}")
            store.execute(f"UPDATE queue_message SET received_us = received_us - {HOUR_US}")
        server.start()
        server.wait_for(lambda: len(inbox(server)) == 1, "the report to arrive")
        assert b"not now" in inbox(server)[0] and b"Action: delayed" in inbox(server)[0]
        server.wait_for(lambda: server.log.count("status=deferred") == 2, "both attempts to be logged")
        assert waiting(server) == 1


def test_lateness_is_told_at_its_time_without_one(make_server, nobody):
    """A destination that cannot be reached is left alone for an hour."""
    conf = route_to(nobody)
    conf["queue"].update(delay_warning="1s", retry_first="1h", retry_max="1h")
    server = make_server(**conf)
    submit(server, ["bob@away.example", "carol@away.example"])
    server.wait_for(lambda: inbox(server), "the report to arrive")
    (report,) = inbox(server)
    assert report.count(b"Action: delayed") == 2 and b"onnection refused" in report
    assert server.log.count("failures=") == 1 and waiting(server) == 2
    with sqlite3.connect(f"file:{server.data_dir}/mail.db?mode=ro", uri=True) as store:
        rows = store.execute("SELECT attempts, delay_told, next_attempt_us FROM queue").fetchall()
    for attempts, told, next_us in rows:
        assert (attempts, told) == (1, 1) and next_us > (time.time() + 1800) * 1e6


def test_a_restart_loses_nothing_and_sends_nothing_twice(make_server):
    with Receiver(script={"MAIL": ["451 4.3.0 not now"] * 3}) as sink:
        conf = route_to(sink)
        conf["queue"]["retry_first"] = "1s"
        server = make_server(**conf)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: "status=deferred" in server.log, "the first attempt")
        server.stop()
        server.start()
        server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert len(sink.messages) == 1


def test_a_server_without_extensions_gets_it_too(make_server):
    with Receiver(extensions=(), script={"EHLO": ["502 5.5.1 no"]}) as sink:
        server = make_server(**route_to(sink))
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
        assert any(line.startswith("HELO ") for line in sink.lines)


def test_starttls_is_used_where_it_is_offered(make_server, certificate):
    with Receiver(certificate=certificate) as sink:
        server = make_server(**route_to(sink))
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
        assert sink.messages[0].tls in ("TLSv1.2", "TLSv1.3")


def test_a_broken_starttls_does_not_hold_the_mail(make_server, certificate):
    with Receiver(certificate=certificate, script={"STARTTLS": ["220 go\r\nnonsense"]}) as sink:
        server = make_server(**route_to(sink))
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")


def test_lmtp_answers_for_each_recipient(make_server):
    with Receiver(lmtp=True, script={".": ["250 2.0.0 ok", "550 5.2.2 full"]}) as sink:
        server = make_server(**route_to(sink, protocol="lmtp"))
        submit(server, ["one@away.example", "two@away.example"])
        server.wait_for(lambda: len(inbox(server)) == 1, "the report to arrive")
        assert [r for r, _ in sink.delivered()] == ["one@away.example"]
        assert b"two@away.example" in inbox(server)[0]


def test_a_large_message_arrives_octet_for_octet(make_server, sink):
    server = make_server(**route_to(sink))
    lines = "".join(f"{'.' * (i % 3)}line {i} {'x' * (i % 70)}\r\n" for i in range(40000))
    submit(server, ["bob@away.example"], "Subject: large\r\n\r\n" + lines)
    server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
    assert sink.messages[0].octets.endswith(lines.encode())


def test_dsn_parameters_go_on(make_server, sink):
    assert "DSN" in EXTENSIONS
    server = make_server(**route_to(sink))
    submit(
        server,
        ["bob@away.example"],
        mail_options=["RET=HDRS", "ENVID=abc+2B1"],
        rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;bob@away.example"],
    )
    server.wait_for(lambda: len(sink.messages) == 1, "the message to arrive")
    message = sink.messages[0]
    assert "RET=HDRS" in message.mail_line and "ENVID=abc+2B1" in message.mail_line
    assert "NOTIFY=SUCCESS,FAILURE" in message.rcpt_lines[0]
    assert "ORCPT=rfc822;bob@away.example" in message.rcpt_lines[0]


def test_success_is_reported_when_the_next_server_sends_no_reports(make_server):
    with Receiver(extensions=("PIPELINING",)) as sink:
        server = make_server(**route_to(sink))
        submit(server, ["bob@away.example"], rcpt_options=["NOTIFY=SUCCESS"])
        server.wait_for(lambda: len(inbox(server)) == 1, "the report to arrive")
        assert b"Action: relayed" in inbox(server)[0]


def test_never_is_never(make_server):
    with Receiver(script={"RCPT": ["550 5.1.1 No such user"]}) as sink:
        server = make_server(**route_to(sink))
        submit(server, ["bob@away.example"], rcpt_options=["NOTIFY=NEVER"])
        server.wait_for(lambda: "status=bounced" in server.log, "the bounce")
        server.wait_for(lambda: waiting(server) == 0, "the queue to be empty")
        assert inbox(server) == []
