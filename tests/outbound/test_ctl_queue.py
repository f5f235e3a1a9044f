"""mailserverctl queue beside a daemon that sends: what is changed takes effect at once."""

import email
import email.policy
import threading

from conftest import route_to, submit
from receiver import Receiver


def report_to(server, user):
    server.wait_for(lambda: server.count(user) == 1, "a report")
    return email.message_from_bytes(server.messages(user)[0], policy=email.policy.default)


def test_a_row_is_explained_given_up_and_reported(make_server, nobody):
    settings = route_to(nobody)
    settings["queue"]["retry_first"] = settings["queue"]["retry_max"] = "1h"
    server = make_server(**settings)
    submit(server, ["bob@away.example"])
    server.wait_for(
        lambda: "\tattempt\t" in server.ctl("queue", "show", "--domain=away.example"), "an attempt"
    )
    server.ctl("queue", "bounce", "--recipient=bob@away.example")
    report = report_to(server, "alice")
    assert report["Subject"] == "Not delivered: your message to bob@away.example"
    assert report.get_content_type() == "multipart/report"
    words = " ".join(report.get_payload(0).get_content().split())
    assert "The administrator of this server gave it up. The last attempt: " in words
    assert "Connection refused" in words
    # No attempt was made now.
    assert "Last-Attempt-Date" not in report.as_string()
    assert server.ctl("queue", "list") == ""
    # Nobody has said anything, and nothing is told as if somebody had.
    why = r"127\.0\.0\.1: Connection refused\""
    server.wait_log(r'status=deferred mx=\S* ip= tls="" why="' + why)
    server.wait_log('status=bounced mx= ip= tls="" because="an administrator gave it up" last="' + why)
    assert "reply=" not in server.log and "554" not in words


def test_a_report_without_an_attempt_names_the_server_that_spoke_last(make_server):
    with Receiver({"RCPT": ["451 4.7.1 grey"]}) as sink:
        settings = route_to(sink)
        settings["queue"]["retry_first"] = settings["queue"]["retry_max"] = "1h"
        server = make_server(**settings)
        submit(server, ["bob@away.example"])
        server.wait_log("status=deferred")
        server.ctl("queue", "bounce", "--recipient=bob@away.example")
        report = report_to(server, "alice")
        words = " ".join(report.get_payload(0).get_content().split())
        assert "gave it up. The server 127.0.0.1 said: 451 4.7.1 grey" in words
        assert "Remote-MTA: dns; 127.0.0.1" in report.as_string()
        assert "Diagnostic-Code: smtp; 451 4.7.1 grey" in report.as_string()
        assert "Last-Attempt-Date" not in report.as_string()


def test_a_row_is_tried_at_once(make_server):
    with Receiver(script={"RCPT": ["451 4.7.1 Greylisted"]}) as receiver:
        settings = route_to(receiver)
        settings["queue"]["retry_first"] = settings["queue"]["retry_max"] = "1h"
        server = make_server(**settings)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: "Greylisted" in server.ctl("queue", "show", "--domain=away.example"),
                        "an attempt")
        shown = server.ctl("queue", "show", "--domain=away.example")
        assert "Nothing is wrong" in shown and "without TLS: 451 4.7.1 Greylisted" in shown
        server.ctl("queue", "retry", "--all")
        server.wait_for(lambda: server.ctl("queue", "list") == "", "the delivery")
        assert receiver.messages[-1].recipients == ["bob@away.example"]


def test_a_row_that_is_held_waits_until_it_is_released(make_server):
    with Receiver(script={"RCPT": ["451 4.7.1 Greylisted"]}) as receiver:
        settings = route_to(receiver)
        settings["queue"]["retry_first"] = settings["queue"]["retry_max"] = "1h"
        server = make_server(**settings)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: "Greylisted" in server.ctl("queue", "show", "--domain=away.example"),
                        "an attempt")
        server.ctl("queue", "hold", "--all")
        server.ctl("queue", "retry", "--all")
        assert "\theld\t" in server.ctl("queue", "list") and not receiver.messages
        server.ctl("queue", "release", "--all")
        server.wait_for(lambda: server.ctl("queue", "list") == "", "the delivery")


def hour_long(receiver, **queue):
    settings = route_to(receiver)
    settings["queue"].update(retry_first="1h", retry_max="1h", **queue)
    return settings


class Pause:
    """A reply that waits until the test has done something."""

    def __init__(self, reply):
        self.reply, self.reached, self.over = reply, threading.Event(), threading.Event()

    def __call__(self, file):
        self.reached.set()
        self.over.wait(60)
        file.write(self.reply)
        file.flush()
        return int(self.reply[:3])

    def meanwhile(self, do):
        assert self.reached.wait(60)
        do()
        self.over.set()


def test_a_row_that_is_given_up_while_it_is_tried_is_reported_then(make_server):
    pause = Pause(b"451 4.7.1 Greylisted\r\n")
    with Receiver(script={"RCPT": [pause]}) as receiver:
        server = make_server(**hour_long(receiver))
        submit(server, ["bob@away.example"])
        pause.meanwhile(lambda: server.ctl("queue", "bounce", "--all"))
        report = report_to(server, "alice")
        assert report["Subject"] == "Not delivered: your message to bob@away.example"
        words = " ".join(report.get_payload(0).get_content().split())
        assert "The administrator of this server gave it up. The server 127.0.0.1 said:" in words
        assert "451 4.7.1 Greylisted" in words
        assert server.ctl("queue", "list") == "" and not receiver.messages


def test_a_row_that_is_given_up_before_its_turn_is_not_tried(make_server):
    pause = Pause(b"451 4.7.1 Greylisted\r\n")
    with Receiver(script={"RCPT": [pause]}) as receiver:
        server = make_server(**hour_long(receiver, max_connections=1))
        submit(server, ["bob@away.example"])
        submit(server, ["carol@away.example"])
        pause.meanwhile(lambda: server.ctl("queue", "bounce", "--recipient=carol@away.example"))
        report = report_to(server, "alice")
        assert report["Subject"] == "Not delivered: your message to carol@away.example"
        assert not [line for line in receiver.lines if "carol" in line]


def test_a_row_that_is_removed_while_it_is_sent_does_not_arrive_in_part(make_server):
    pause = Pause(b"354 go on\r\n")
    with Receiver(script={"DATA": [pause]}) as receiver:
        server = make_server(**hour_long(receiver))
        submit(server, ["bob@away.example"], "Subject: long\r\n\r\n" + "how are you\r\n" * 50000)
        pause.meanwhile(lambda: server.ctl("queue", "remove", "--all", "--yes"))
        server.wait_log("could not be read here")
        assert server.ctl("queue", "list") == ""
        assert not receiver.messages and server.count("alice") == 0


def test_a_row_that_is_removed_while_it_is_refused_is_not_reported(make_server):
    pause = Pause(b"550 5.1.1 No such user\r\n")
    with Receiver(script={"RCPT": [pause, "451 4.7.1 Greylisted"]}) as receiver:
        server = make_server(**hour_long(receiver))
        submit(server, ["bob@away.example", "carol@away.example"])
        pause.meanwhile(lambda: server.ctl("queue", "remove", "--recipient=bob@away.example", "--yes"))
        server.wait_log("to=<carol@away.example> status=deferred")
        assert server.count("alice") == 0
        assert "bob@" not in server.ctl("queue", "list")


def test_a_row_that_is_held_while_it_is_tried_stays_held(make_server):
    pause = Pause(b"451 4.7.1 Greylisted\r\n")
    with Receiver(script={"RCPT": [pause]}) as receiver:
        server = make_server(**hour_long(receiver))
        submit(server, ["bob@away.example"])
        pause.meanwhile(lambda: server.ctl("queue", "hold", "--all"))
        server.wait_log("to=<bob@away.example> status=deferred")
        assert "\theld\t" in server.ctl("queue", "list")
        server.ctl("queue", "release", "--all")
        server.wait_for(lambda: server.ctl("queue", "list") == "", "the delivery")


def test_words_of_strangers_do_not_reach_a_terminal(make_server):
    words = b"451 4.7.1 \x1b[2J\x1b]0;owned\x07 \xe2\x80\xaegpj.exe \xc2\x9b31m\r\n"
    with Receiver(script={"RCPT": [words]}) as receiver:
        server = make_server(**hour_long(receiver))
        address = "\u202egpj\u2066\u009b.b\u00f6b@away.example"
        submit(server, [address], mail_options=["SMTPUTF8"])
        server.wait_log("status=deferred")
        shown = server.ctl("queue", "show", "--domain=away.example") + server.ctl("queue", "list")
        assert "\x1b" not in server.log and "\u202e" not in server.log
        assert "\\x1b[2J" in shown and "\\xe2\\x80\\xaegpj" in shown
        for c in shown:
            assert c in "\t\n" or c.isprintable()
