"""curl lists, reads, searches, stores and uploads by imap with STARTTLS and by imaps."""

import pytest

from programs import octets_from, run
from server import SOURCE, eml
from test_curl import ALICE, url

SERVICES = pytest.mark.parametrize("service", ["imap", "imaps"])


def curl(server, service, path="", *words):
    where = url(server, service, service, path)
    return octets_from("curl", *where, "--ssl-reqd", "--user", ALICE, *words).decode()


@SERVICES
@pytest.mark.parametrize("login", [(), ("--sasl-ir",), ("--login-options", "AUTH=*")])
def test_folders_are_listed(server, service, login):
    lines = curl(server, service, "", *login).splitlines()
    assert '* LIST (\\HasNoChildren) "/" INBOX' in lines
    assert '* LIST (\\HasNoChildren \\Sent) "/" Sent' in lines


@SERVICES
@pytest.mark.parametrize("message", ["plain.eml", "multipart.eml", "eightbit.eml"])
def test_a_message_is_read_by_its_uid(server, service, message):
    server.empty("alice")
    server.deliver("alice", message)
    stored = server.messages("alice")[-1]
    uid = curl(server, service, "INBOX", "-X", "UID SEARCH ALL").split()[-1]
    where = url(server, service, service, f"INBOX/;UID={uid}")
    assert octets_from("curl", *where, "--ssl-reqd", "--user", ALICE) == stored
    assert "Subject:" in curl(server, service, f"INBOX/;UID={uid}/;SECTION=HEADER")


@SERVICES
def test_an_upload_is_found_by_a_search(server, service):
    name = f"Uploads-{service}"
    curl(server, service, "", "-X", f"CREATE {name}")
    where = url(server, service, service, name)
    file = SOURCE / "tests" / "data" / "multipart.eml"
    # The file's lines end with LF, and so does what curl sends.
    run("curl", *where, "--ssl-reqd", "--user", ALICE, "--upload-file", file)
    assert curl(server, service, f"{name}?SUBJECT%20HTML").split() == ["*", "SEARCH", "1"]
    where = url(server, service, service, f"{name}/;UID=1")
    got = octets_from("curl", *where, "--user", ALICE, "--ssl-reqd")
    assert got == eml("multipart.eml")


@SERVICES
def test_flags_are_stored_and_searched(server, service):
    server.empty("alice")
    server.deliver("alice", "plain.eml")
    curl(server, service, "INBOX", "-X", "STORE 1 +FLAGS (\\Flagged)")
    assert curl(server, service, "INBOX?FLAGGED").split() == ["*", "SEARCH", "1"]
    assert curl(server, service, "INBOX?UNFLAGGED").split() == ["*", "SEARCH"]
