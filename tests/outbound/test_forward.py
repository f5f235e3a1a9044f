"""Aliases that lead to other servers: mail is sent on in our name, and reports find their way back."""

import re

import pytest
from conftest import route_to
from dkimpy_check import verified
from receiver import Receiver
from server import DOMAIN
from signing import BOTH, publish

MESSAGE = (
    b"From: Joe <joe@far.example>\r\nTo: away@example.org\r\nSubject: hi\r\n"
    b"Message-ID: <1@far.example>\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\nhello\r\n"
)
SRS = re.compile(r"SRS0=[A-Z2-7]{4}=[A-Z2-7]{2}=far\.example=joe@example\.org")


@pytest.fixture
def forwarder(make_server, sink):
    server = make_server(**route_to(sink))
    server.ctl("alias", "add", "away@example.org", "Bob@near.example")
    return server


def test_mail_is_sent_on_with_a_sender_of_ours(forwarder, sink):
    forwarder.deliver("away", MESSAGE, sender="joe@far.example")
    forwarder.wait_for(lambda: sink.messages, "the message to arrive")
    (message,) = sink.messages
    assert SRS.fullmatch(message.sender)
    assert message.recipients == ["Bob@near.example"]
    assert message.octets.startswith(b"Delivered-To: away@example.org\r\nReceived: ")
    assert message.octets.endswith(MESSAGE)


def test_an_alias_leads_here_and_elsewhere(forwarder, sink):
    user = forwarder.new_account()
    forwarder.ctl("alias", "add", "both@example.org", f"{user}@example.org", "bob@near.example")
    forwarder.deliver("both", MESSAGE, sender="joe@far.example")
    forwarder.wait_for(lambda: sink.messages, "the message to arrive")
    assert sink.messages[0].recipients == ["bob@near.example"]
    forwarder.assert_arrived(user, MESSAGE)


def test_what_comes_back_is_a_loop(forwarder, sink):
    forwarder.deliver("away", MESSAGE, sender="joe@far.example")
    forwarder.wait_for(lambda: sink.messages, "the message to arrive")
    (message,) = sink.messages
    with forwarder.smtp() as talk:
        talk.says(f"C: MAIL FROM:<{message.sender}>").expect("250 ...")
        talk.says("C: RCPT TO:<away@example.org>").expect("250 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(message.octets).expect("554 5.4.6 ...")


def test_a_report_from_there_is_passed_back(forwarder, sink):
    forwarder.deliver("away", MESSAGE, sender="joe@far.example")
    forwarder.wait_for(lambda: sink.messages, "the message to arrive")
    back = sink.messages[0].sender
    with forwarder.smtp() as talk:
        talk.says("C: MAIL FROM:<mallory@far.example>").expect("250 ...")
        talk.says(f"C: RCPT TO:<{back}>").expect("550 5.7.1 ...")
        talk.says(f"C: RSET\nS: 250 ...\nC: MAIL FROM:<>\nS: 250 ...\nC: RCPT TO:<{back}>")
        talk.expect("250 2.1.5 ...")
        talk.says(f"C: RCPT TO:<{back.replace('joe', 'jim')}>").expect("550 5.1.1 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(b"Subject: failed\r\n\r\nsorry\r\n").expect("250 ...")
    forwarder.wait_for(lambda: len(sink.messages) == 2, "the report to arrive")
    assert (sink.messages[1].sender, sink.messages[1].recipients) == ("", ["joe@far.example"])


def test_our_own_report_goes_to_the_author(make_server, our_dns):
    with Receiver(script={"RCPT": ["550 5.1.1 nobody of that name"]}) as sink:
        server = make_server(start=False, **route_to(sink))
        server.ctl("domain", "dkim", "add", DOMAIN)
        server.start()
        publish(server, our_dns)
        server.ctl("alias", "add", "away@example.org", "gone@near.example")
        server.deliver("away", MESSAGE, sender="joe@far.example")
        server.wait_for(lambda: sink.messages, "the report to arrive")
        (report,) = sink.messages
        assert (report.sender, report.recipients) == ("", ["joe@far.example"])
        assert b"multipart/report" in report.octets
        assert b"Original-Recipient: rfc822; away@example.org\r\n" in report.octets
        assert b"nobody of that name" in report.octets
        assert verified(report.octets, our_dns) == BOTH


def test_what_a_sender_wants_to_hear_is_passed_on(forwarder, sink):
    with forwarder.smtp() as talk:
        talk.says("C: MAIL FROM:<joe@far.example> RET=HDRS ENVID=a+2Bb").expect("250 ...")
        talk.says("C: RCPT TO:<away@example.org> NOTIFY=FAILURE,SUCCESS").expect("250 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(MESSAGE).expect("250 ...")
    forwarder.wait_for(lambda: sink.messages, "the message to arrive")
    (message,) = sink.messages
    assert "RET=HDRS" in message.mail_line and "ENVID=a+2Bb" in message.mail_line
    (rcpt,) = message.rcpt_lines
    assert "NOTIFY=SUCCESS,FAILURE" in rcpt and "ORCPT=rfc822;away@example.org" in rcpt
