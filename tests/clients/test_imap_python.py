"""Python's own imaplib, as many small programs use it."""

import imaplib
import ssl
import time

import pytest

from server import big_message, eml

ALICE = ("alice@example.org", "wonderland")


@pytest.fixture(params=["imap", "imaps"])
def mail(server, request):
    port = server.ports[request.param]
    if request.param == "imaps":
        mail = imaplib.IMAP4_SSL("localhost", port, ssl_context=server.tls, timeout=60)
    else:
        mail = imaplib.IMAP4("localhost", port, timeout=60)
        assert mail.starttls(server.tls)[0] == "OK"
        assert isinstance(mail.sock, ssl.SSLSocket)
    mail.login(*ALICE)
    yield mail
    mail.logout()


@pytest.fixture
def folder(mail):
    name = f"Python-{time.monotonic_ns()}"
    assert mail.create(name)[0] == "OK"
    return name


def test_append_search_fetch_store_expunge(mail, folder):
    stamp = imaplib.Time2Internaldate(0)
    for octets, flags in ((eml("plain.eml"), "(\\Seen)"), (eml("eightbit.eml"), None)):
        assert mail.append(folder, flags, stamp, octets)[0] == "OK"
    assert mail.select(folder) == ("OK", [b"2"])
    assert mail.search(None, "UNSEEN") == ("OK", [b"2"])
    assert mail.search("UTF-8", "SUBJECT", b'"Umlauten"') == ("OK", [b"2"])
    assert mail.fetch("1", "(BODY[])")[1][0][1] == eml("plain.eml")
    assert imaplib.ParseFlags(mail.fetch("1", "(FLAGS)")[1][0]) >= (b"\\Seen",)
    assert mail.store("1:2", "+FLAGS", "\\Deleted")[0] == "OK"
    assert mail.expunge()[0] == "OK"
    assert mail.search(None, "ALL") == ("OK", [b""])
    assert mail.close()[0] == "OK"


def test_copy_by_uid_and_status(mail, folder):
    message = big_message(400_000)
    assert mail.append(folder, None, None, message)[0] == "OK"
    assert mail.select(folder, readonly=True)[0] == "OK"
    assert mail.uid("COPY", "1", "Archive")[0] == "OK"
    answer = mail.status("Archive", "(MESSAGES UIDNEXT UNSEEN)")[1][0]
    assert answer.startswith(b"Archive (MESSAGES "), answer
    assert b"RFC822.SIZE 400000" in mail.uid("FETCH", "1", "(RFC822.SIZE)")[1][0]
    assert mail.unselect()[0] == "OK"


def test_names(mail, folder):
    assert mail.rename(folder, folder + "/Below")[0] == "NO"
    assert mail.rename(folder, folder + "-2")[0] == "OK"
    assert mail.subscribe(folder + "-2")[0] == "OK"
    assert any((folder + "-2").encode() in line for line in mail.lsub()[1])
    assert any(b"\\Drafts" in line for line in mail.list()[1])
    assert mail.namespace() == ("OK", [b'(("" "/")) NIL NIL'])
    assert mail.delete(folder + "-2")[0] == "OK"
    assert mail.select(folder)[0] == "NO"


def test_what_is_missing_raises_no_alarm(mail):
    assert mail.append("Nowhere", None, None, b"Subject: x\r\n\r\n")[0] == "NO"
    with pytest.raises(imaplib.IMAP4.error):
        mail.search(None, "NONSENSE")
    assert mail.noop()[0] == "OK"
