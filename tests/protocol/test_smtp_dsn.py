"""Reports that a sender asks for, or does not want: RFC 3461."""

import email
import email.policy

import pytest

MESSAGE = b"From: alice@example.org\r\nSubject: look\r\nMessage-ID: <x@example.org>\r\n\r\nsecret\r\n"


def send(talk, rcpt, mail="", sender="alice@example.org"):
    talk.says(
        f"""
        C: MAIL FROM:<{sender}>{mail}
        S: 250 2.1.0 ...
        C: RCPT TO:{rcpt}
        S: 250 2.1.5 ...
        C: DATA
        S: 354 ...
        """
    ).send_data(MESSAGE).expect("250 2.0.0 ...")


def reports(server, user):
    """The reports in the user's INBOX, read by Python."""
    read = [email.message_from_bytes(m, policy=email.policy.default) for m in server.messages(user)]
    return [m for m in read if m.get_content_type() == "multipart/report"]


def fields(part):
    """message/delivery-status: of the message, and of each recipient."""
    return [dict(block.items()) for block in part.get_payload()]


@pytest.mark.parametrize("service", ["smtp", "submission"])
def test_the_extension_is_offered(server, service):
    with server.smtp(service) as talk:
        assert "250-DSN" in str(talk)


@pytest.mark.parametrize(
    "params,reply",
    [
        (" RET=FULL ENVID=QQ314+2B159", "250 2.1.0 ..."),
        (" ret=hdrs SIZE=10", "250 2.1.0 ..."),
        (" RET=SOME", "501 5.5.4 ..."),
        (" RET", "501 5.5.4 ..."),
        (" ENVID=", "501 5.5.4 ..."),
        (" ENVID=a+2", "501 5.5.4 ..."),
        (" ENVID=a+0Ab", "501 5.5.4 ..."),
        (" ENVID=" + "x" * 95, "501 5.5.4 ..."),
        (" RET=FULL RET=HDRS", "501 5.5.4 ..."),
        (" NOTIFY=NEVER", "555 5.5.4 ..."),
    ],
)
def test_parameters_of_mail(server, params, reply):
    with server.smtp() as talk:
        talk.says(f"C: MAIL FROM:<a@example.net>{params}").expect(reply)


@pytest.mark.parametrize(
    "params,reply",
    [
        (" NOTIFY=NEVER", "250 2.1.5 ..."),
        (" NOTIFY=SUCCESS,delay,FAILURE ORCPT=rfc822;b+2Bx@example.org", "250 2.1.5 ..."),
        (" NOTIFY=NEVER,SUCCESS", "501 5.5.4 ..."),
        (" NOTIFY=", "501 5.5.4 ..."),
        (" NOTIFY=SUCCESS,", "501 5.5.4 ..."),
        (" ORCPT=bob@example.org", "501 5.5.4 ..."),
        (" ORCPT=rfc822;a+", "501 5.5.4 ..."),
        (" ORCPT=rfc822;a=b", "501 5.5.4 ..."),
        (" ORCPT=utf-8;bäb@example.org", "501 5.5.4 ..."),
        (" RET=FULL", "555 5.5.4 ..."),
    ],
)
def test_parameters_of_rcpt(server, params, reply):
    with server.smtp() as talk:
        talk.says("C: MAIL FROM:<a@example.net>").expect("250 ...")
        talk.says(f"C: RCPT TO:<bob@example.org>{params}").expect(reply)


def test_who_asked_hears_that_it_has_arrived(server):
    sender, reader = server.new_account(), server.new_account()
    with server.submission(sender) as talk:
        talk.says(f"C: MAIL FROM:<{sender}@example.org> RET=FULL ENVID=an+20id").expect("250 ...")
        talk.says(
            f"C: RCPT TO:<{reader}@example.org> NOTIFY=SUCCESS ORCPT=rfc822;r+2Bx@example.org"
        ).expect("250 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(MESSAGE.replace(b"alice", sender.encode())).expect("250 ...")
    assert server.count(reader) == 1
    (report,) = reports(server, sender)
    words, status, original = report.iter_parts()
    of_message, of_recipient = fields(status)
    assert report["To"] == f"{sender}@example.org"
    assert report["Return-Path"] == "<>"
    assert report["Auto-Submitted"].startswith("auto-")
    assert of_message["Original-Envelope-Id"] == "an id"
    assert of_recipient["Final-Recipient"] == f"rfc822; {reader}@example.org"
    assert of_recipient["Original-Recipient"] == "rfc822; r+x@example.org"
    assert of_recipient["Action"] == "delivered"
    assert of_recipient["Status"].startswith("2.")
    assert "secret" not in report.as_string()
    assert "<x@example.org>" in original.as_string()
    assert f"{reader}@example.org" in words.get_content()


@pytest.mark.parametrize("notify", ["", " NOTIFY=NEVER", " NOTIFY=FAILURE,DELAY"])
def test_who_did_not_ask_hears_nothing(server, notify):
    sender = server.new_account()
    with server.smtp() as talk:
        send(talk, f"<bob@example.org>{notify}", sender=f"{sender}@example.org")
    assert server.count(sender) == 0


def test_nobody_is_told_nothing(server):
    sender = server.new_account()
    before = server.count("alice")
    with server.smtp() as talk:
        send(talk, f"<{sender}@example.org> NOTIFY=SUCCESS", sender="")
    assert server.count(sender) == 1
    assert server.count("alice") == before


def test_recipients_of_one_message_share_a_report(server):
    sender, one, two = (server.new_account() for _ in range(3))
    with server.smtp() as talk:
        talk.says(f"C: MAIL FROM:<{sender}@example.org>").expect("250 ...")
        for reader in (one, two):
            talk.says(f"C: RCPT TO:<{reader}@example.org> NOTIFY=SUCCESS").expect("250 ...")
        talk.says("C: RCPT TO:<bob@example.org> NOTIFY=NEVER").expect("250 ...")
        talk.says("C: DATA").expect("354 ...")
        talk.send_data(MESSAGE).expect("250 ...")
    (report,) = reports(server, sender)
    _, status, _ = report.iter_parts()
    assert [r["Final-Recipient"] for r in fields(status)[1:]] == [
        f"rfc822; {one}@example.org",
        f"rfc822; {two}@example.org",
    ]


def test_strangers_are_told_so_often_and_accounts_always(make_server):
    """The sender of mail from elsewhere may be forged: RFC 3461 has no word on that."""
    server = make_server(delivery={"max_success_reports_per_hour": 2})
    for _ in range(4):
        with server.smtp() as talk:
            send(talk, "<bob@example.org> NOTIFY=SUCCESS", sender="alice@example.org")
    assert server.count("bob") == 4
    assert len(reports(server, "alice")) == 2
    assert "notify=success ignored" in server.log
    with server.submission("alice") as talk:
        send(talk, "<bob@example.org> NOTIFY=SUCCESS")
    assert len(reports(server, "alice")) == 3
