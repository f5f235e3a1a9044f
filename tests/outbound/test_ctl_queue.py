"""mailserverctl queue beside a daemon that sends: what is changed takes effect at once."""

import email
import email.policy

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
    assert server.ctl("queue", "list") == ""


def test_a_row_is_tried_at_once(make_server):
    with Receiver(script={"RCPT": ["451 4.7.1 Greylisted"]}) as receiver:
        settings = route_to(receiver)
        settings["queue"]["retry_first"] = settings["queue"]["retry_max"] = "1h"
        server = make_server(**settings)
        submit(server, ["bob@away.example"])
        server.wait_for(lambda: "Greylisted" in server.ctl("queue", "show", "--domain=away.example"),
                        "an attempt")
        assert "Nothing is wrong" in server.ctl("queue", "show", "--domain=away.example")
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
