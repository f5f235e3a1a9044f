"""ESEARCH, the command: MULTISEARCH, RFC 7377."""

import pytest

from imap_answer import ask
from rfc_example import fill, mail, make, rev2

MAILBOXES = {
    "folder1": [("", mail("one")), ("\\Seen", mail("two", subject="chad")), ("", mail("three"))],
    "folder2": [("\\Seen", mail("four"))],
    "folder2/banana": [("", mail("five")), ("", mail("six", subject="Chad again"))],
    "folder2/peach": [("\\Seen", mail("seven"))],
    "folder2/peach/stone": [("", mail("eight", subject="chad"))],
    "folder20": [("", mail("nine", subject="chad"))],
    "Entwürfe": [("\\Draft", mail("ten"))],
}


@pytest.fixture(scope="module")
def account(shared_server):
    user = shared_server.new_account()
    with rev2(shared_server, user) as talk:
        make(talk, *(f'"{name}"' for name in MAILBOXES))
        for name, messages in MAILBOXES.items():
            fill(talk, f'"{name}"', messages)
        fill(talk, "INBOX", [("", mail("chad", subject="to all"))])
        for name in ("folder1", "folder2/peach", "nowhere"):
            assert ask(talk, f"SUBSCRIBE {name}").status == "OK"
    return user


@pytest.fixture
def talk(shared_server, account):
    with shared_server.imap(account) as talk:
        yield talk


def found(talk, command):
    """Mailbox → what stands behind UID, and the order of the mailboxes."""
    answers = ask(talk, command)
    assert answers.status == "OK", answers.text
    out = {}
    for words in answers.untagged:
        assert words[0] == "ESEARCH" and words[2] == "UID", words
        labels = dict(zip(words[1][::2], words[1][1::2]))
        assert set(labels) == {"TAG", "MAILBOX", "UIDVALIDITY"}
        assert labels["TAG"] == b"ask" and int(labels["UIDVALIDITY"]) > 0
        name = labels["MAILBOX"]
        out[name.decode() if isinstance(name, bytes) else name] = " ".join(words[3:])
    return out


CASES = [
    ("named ones", 'IN (mailboxes "folder1") UNSEEN', {"folder1": "ALL 1,3"}),
    ("several", 'IN (mailboxes ("folder1" folder2 folder20)) UNSEEN', {"folder1": "ALL 1,3", "folder20": "ALL 1"}),
    ("all below one", 'IN (subtree "folder2") UNSEEN', {"folder2/banana": "ALL 1:2", "folder2/peach/stone": "ALL 1"}),
    ("one level below one", 'IN (subtree-one "folder2") ALL',
     {"folder2": "ALL 1", "folder2/banana": "ALL 1:2", "folder2/peach": "ALL 1"}),
    ("named and below", 'IN (mailboxes "folder1" subtree-one "folder2") SUBJECT "chad"',
     {"folder1": "ALL 2", "folder2/banana": "ALL 2"}),
    ("one named twice is told once", "IN (mailboxes (folder1 folder1) subtree folder1) SEEN", {"folder1": "ALL 2"}),
    ("INBOX in any case", "IN (mailboxes inbox) ALL", {"INBOX": "ALL 1"}),
    ("where mail comes in", "IN (inboxes) ALL", {"INBOX": "ALL 1"}),
    ("those that are subscribed", "IN (subscribed) SUBJECT chad", {"folder1": "ALL 2"}),
    ("all", "IN (personal) TEXT chad",
     {"INBOX": "ALL 1", "folder1": "ALL 2", "folder2/banana": "ALL 2", "folder2/peach/stone": "ALL 1",
      "folder20": "ALL 1"}),
    ("one that is not there", "IN (mailboxes (nowhere folder2)) ALL", {"folder2": "ALL 1"}),
    ("a name in modified UTF-7", "IN (mailboxes Entw&APw-rfe) DRAFT", {"Entw&APw-rfe": "ALL 1"}),
    ("how many", "IN (subtree folder2) RETURN (COUNT) SEEN", {"folder2": "COUNT 1", "folder2/peach": "COUNT 1"}),
    ("the ends", "IN (mailboxes folder1) RETURN (MIN MAX COUNT) ALL", {"folder1": "MIN 1 MAX 3 COUNT 3"}),
    ("places of each", "IN (mailboxes folder1) RETURN (PARTIAL -1:-2) ALL", {}),
    ("message numbers of each", "IN (mailboxes (folder1 folder2)) 2:100", {"folder1": "ALL 2:3"}),
    ("UIDs of each", "IN (mailboxes (folder1 folder2/banana)) UID 2", {"folder1": "ALL 2", "folder2/banana": "ALL 2"}),
    ("the last of each", "IN (mailboxes (folder1 folder2/banana)) *", {"folder1": "ALL 3", "folder2/banana": "ALL 2"}),
    ("nothing anywhere", "IN (personal) RETURN (COUNT) KEYWORD none", {}),
    ("with a charset", "IN (mailboxes folder1) CHARSET UTF-8 BODY three", {"folder1": "ALL 3"}),
    ("any case of words", "in (MAILBOXES folder1) return (count) seen", {"folder1": "COUNT 1"}),
]


@pytest.mark.parametrize("name, keys, wanted", CASES, ids=[c[0] for c in CASES])
def test_mailboxes_are_searched(talk, name, keys, wanted):
    if "places" in name:
        talk.says(
            f"""
            C: ask ESEARCH {keys}
            S: * ESEARCH (TAG "ask" MAILBOX folder1 UIDVALIDITY <validity>) UID PARTIAL (-1:-2 2:3)
            S: ask OK ...
            """
        )
    else:
        assert found(talk, f"ESEARCH {keys}") == wanted
        ask(talk, "EXAMINE folder2")
        assert found(talk, f"ESEARCH {keys}") == wanted


def test_the_modseq_is_that_of_what_is_returned(shared_server):
    """RFC 7162 3.1.10, as SEARCH has it: of the least alone, where that is all that is told."""
    with shared_server.imap(shared_server.new_account()) as talk:
        fill(talk, "INBOX", [mail(), mail(), mail()])
        modseqs = {}
        for options in ("MIN", "MAX", "MIN MAX", "MIN COUNT", "PARTIAL 1:2"):
            answers = ask(talk, f"ESEARCH IN (inboxes) RETURN ({options}) MODSEQ 1")
            (words,) = [words for words in answers.untagged if words[0] == "ESEARCH"]
            assert words[-2] == "MODSEQ"
            modseqs[options] = int(words[-1])
        assert modseqs["MIN"] < modseqs["PARTIAL 1:2"] < modseqs["MAX"]
        assert modseqs["MAX"] == modseqs["MIN MAX"] == modseqs["MIN COUNT"]


def test_the_selected_one_is_searched_as_it_is_known(talk, shared_server, account):
    ask(talk, "SELECT folder20")
    assert found(talk, "ESEARCH ALL") == {"folder20": "ALL 1"}
    assert found(talk, "UID ESEARCH RETURN (MIN) ALL") == {"folder20": "MIN 1"}
    assert found(talk, "ESEARCH IN (selected mailboxes folder2) ALL") == {"folder20": "ALL 1", "folder2": "ALL 1"}
    talk.says(
        """
        C: a ESEARCH RETURN (SAVE) ALL
        S: a OK ...
        C: b SEARCH $
        S: * SEARCH 1
        S: b OK ...
        C: c ESEARCH IN (selected) RETURN (SAVE COUNT) SEEN
        S: c OK ...
        C: d SEARCH $
        S: * SEARCH
        S: d OK ...
        """
    )


def test_results_of_the_selected_one_stand_for_nothing_elsewhere(talk):
    ask(talk, "SELECT folder1")
    ask(talk, "SEARCH RETURN (SAVE) SEEN")
    assert found(talk, "ESEARCH IN (selected mailboxes folder2/banana) $") == {"folder1": "ALL 2"}


def test_pipelined_searches_are_told_apart_by_their_tags(talk):
    talk.send(b'tag1 ESEARCH IN (mailboxes "folder1" subtree "folder2") UNSEEN\r\n'
              b'tag2 ESEARCH IN (mailboxes "folder1" subtree-one "folder2") SUBJECT "chad"\r\n')
    talk.says(
        """
        S: * ESEARCH (TAG "tag1" MAILBOX folder1 UIDVALIDITY <one>) UID ALL 1,3
        S: * ESEARCH (TAG "tag1" MAILBOX folder2/banana UIDVALIDITY <two>) UID ALL 1:2
        S: * ESEARCH (TAG "tag1" MAILBOX folder2/peach/stone UIDVALIDITY <three>) UID ALL 1
        S: tag1 OK ...
        S: * ESEARCH (TAG "tag2" MAILBOX folder1 UIDVALIDITY <one>) UID ALL 2
        S: * ESEARCH (TAG "tag2" MAILBOX folder2/banana UIDVALIDITY <two>) UID ALL 2
        S: tag2 OK ...
        """
    )


WRONG = [
    ("nothing is selected", "ESEARCH ALL"),
    ("nor here", "ESEARCH IN (selected personal) ALL"),
    ("no sources", "ESEARCH IN () ALL"),
    ("an unknown source", "ESEARCH IN (selected-delayed) ALL"),
    ("mailboxes without names", "ESEARCH IN (mailboxes) ALL"),
    ("an empty list of names", "ESEARCH IN (mailboxes ()) ALL"),
    ("an open list", "ESEARCH IN (personal ALL"),
    ("SAVE of others", "ESEARCH IN (personal) RETURN (SAVE) ALL"),
    ("no keys", "ESEARCH IN (personal)"),
    ("nothing", "ESEARCH"),
    ("options in front of sources", "ESEARCH RETURN (ALL) IN (personal) ALL"),
]


@pytest.mark.parametrize("name, command", WRONG, ids=[w[0] for w in WRONG])
def test_what_is_no_search_is_refused(talk, name, command):
    assert ask(talk, command).status == "BAD"


def test_save_beside_the_selected_one_is_refused(talk):
    ask(talk, "SELECT folder1")
    assert ask(talk, "ESEARCH IN (selected mailboxes folder2) RETURN (SAVE) ALL").status == "BAD"
    assert ask(talk, "ESEARCH IN (personal) CHARSET X-NONE ALL").text.startswith("[BADCHARSET")


def test_a_client_of_utf8_has_named_its_charset(talk):
    """RFC 6855 3."""
    ask(talk, "ENABLE UTF8=ACCEPT")
    assert ask(talk, "ESEARCH IN (personal) CHARSET UTF-8 SUBJECT chad").status == "BAD"
    assert ask(talk, "ESEARCH IN (personal) SUBJECT chad").status == "OK"


def test_a_client_of_utf8_is_told_names_in_utf8(shared_server, account):
    with rev2(shared_server, account) as talk:
        assert found(talk, 'ESEARCH IN (mailboxes "Entwürfe") DRAFT') == {"Entwürfe": "ALL 1"}
        assert "MULTISEARCH" in ask(talk, "CAPABILITY").untagged[0]
