"""The example dialogues of RFC 6203, 7377 and 8970: fuzzy searches, of several mailboxes, and previews."""

import pytest

from imap_answer import ask
from rfc_example import example, fill, mail, make, renumber, rev2


@pytest.fixture
def talk(server):
    with server.imap(server.new_account()) as talk:
        yield talk


# ---- RFC 6203 ----

FUZZY = [
    mail("at noon", subject="IMAP break"),
    mail("hello, world", subject="greetings"),
    mail("helo, is it me", subject="work", **{"from": "user@example.com"}),
    mail("again", subject="IMAP is broken, it breaks"),
    mail("nothing of that", subject="the work", **{"from": "other@example.net"}),
    mail("heloo", subject="helo helo"),
]


@example("6203 3", "A1 A2")
@example("6203 4", "B1")
@example("6203 6", "C1 C2 C3")
def test_fuzzy_searches_and_how_well_they_match(talk):
    fill(talk, "INBOX", FUZZY)
    ask(talk, "SELECT INBOX")
    talk.says(
        """
        C: A1 SEARCH FUZZY (SUBJECT "IMAP break")
        S: * SEARCH 1 4
        S: A1 OK SEARCH completed
        C: A2 SEARCH FUZZY SUBJECT work FROM user@example.com
        S: * SEARCH 3
        S: A2 OK SEARCH completed
        C: B1 SEARCH RETURN (RELEVANCY ALL) FUZZY TEXT "Helo"
        S: * ESEARCH (TAG "B1") ALL 2:3,6 RELEVANCY (<two> <three> <six>)
        S: B1 OK SEARCH completed
        C: C1 SORT (RELEVANCY) UTF-8 FUZZY SUBJECT "Helo"
        S: * SORT 6
        S: C1 OK SORT completed
        C: C2 SORT RETURN (RELEVANCY ALL) (RELEVANCY) UTF-8 FUZZY TEXT "Helo"
        S: * ESEARCH (TAG "C2") ALL 6,3,2 RELEVANCY (<six> <three> <two>)
        S: C2 OK SORT completed
        C: C3 SORT RETURN (PARTIAL 1:10) (RELEVANCY) UTF-8 FUZZY TEXT "World"
        S: * ESEARCH (TAG "C3") PARTIAL (1:10 2...)
        S: C3 OK SORT completed
        """
    )
    scores = [int(talk.words[name]) for name in ("two", "three", "six")]
    assert 1 <= scores[0] < scores[1] <= scores[2] == 100


# ---- RFC 7377 ----


@example("7377 2", "tag1 tag1")
def test_a_window_that_moves_over_messages(talk):
    """UIDs are told with and without UID: RFC 7377 2.1."""
    senders = {"from": "frobozz@example.net"}
    fill(talk, "INBOX", [mail(), mail(**senders)] + [mail()] * 98 + [mail(**senders)] * 2)
    ask(talk, "SELECT INBOX")
    talk.says(
        """
        C: tag1 UID ESEARCH FROM "frobozz" 1:100
        S: * ESEARCH (TAG "tag1" MAILBOX INBOX UIDVALIDITY <validity>) UID ALL 2
        S: tag1 OK ...
        C: tag1 UID ESEARCH FROM "frobozz" 101:200
        S: * ESEARCH (TAG "tag1" MAILBOX INBOX UIDVALIDITY <validity>) UID ALL 101:102
        S: tag1 OK ...
        C: tag2 ESEARCH FROM "frobozz" 201:300
        S: tag2 OK ...
        """
    )


@example("7377 3", "tag1 tag2")
def test_two_searches_of_several_mailboxes_at_a_time(talk):
    """Ours answers one after the other."""
    make(talk, "folder1", "folder2", "folder2/banana", "folder2/peach", "folder2/salmon")
    seen, chad = r"\Seen", mail(subject="chad")
    fill(talk, "folder1", [("", chad), (seen, mail()), ("", mail()), (seen, chad)])
    fill(talk, "folder2", [(seen, mail())])
    fill(talk, "folder2/banana", [("", mail()), (seen, mail()), ("", mail())])
    fill(talk, "folder2/peach", [("", mail())])
    fill(talk, "folder2/salmon", [(seen, chad), (seen, chad)])
    talk.says(
        """
        C: tag1 ESEARCH IN (mailboxes "folder1" subtree "folder2") unseen
        C: tag2 ESEARCH IN (mailboxes "folder1" subtree-one "folder2") subject "chad"
        S* * ESEARCH (TAG "tag1" MAILBOX folder1 UIDVALIDITY <one>) UID ALL 1,3
        S* * ESEARCH (TAG "tag1" MAILBOX folder2/banana UIDVALIDITY <banana>) UID ALL 1,3
        S* * ESEARCH (TAG "tag1" MAILBOX folder2/peach UIDVALIDITY <peach>) UID ALL 1
        S: tag1 OK ...
        S* * ESEARCH (TAG "tag2" MAILBOX folder1 UIDVALIDITY <one>) UID ALL 1,4
        S* * ESEARCH (TAG "tag2" MAILBOX folder2/salmon UIDVALIDITY <salmon>) UID ALL 1:2
        S: tag2 OK ...
        """
    )


# ---- RFC 8970 ----

LOREM = """Lorem ipsum dolor sit amet, consectetur adipiscing elit.
Curabitur aliquam turpis et ante dictum, et pulvinar dui congue.
Maecenas hendrerit, lorem non imperdiet pellentesque, nulla
ligula nullam posuere, and so on for more than anybody wants to see of it."""


@example("8970 3.2", "A1")
def test_a_preview(talk):
    fill(talk, "INBOX", [mail("Preview text!")])
    ask(talk, "SELECT INBOX")
    talk.says(
        """
        C: A1 FETCH 1 (PREVIEW)
        S: * 1 FETCH (PREVIEW "Preview text!")
        S: A1 OK FETCH completed
        """
    )


@example("8970 5", "A1 A2")
def test_a_preview_of_no_more_than_200_characters(talk):
    """In one line: white space is told as one space, RFC 8970 3.3."""
    assert {"IMAP4rev1", "PREVIEW"} <= set(ask(talk, "CAPABILITY", tag="A1").untagged[0])
    octets = mail(LOREM.replace("\n", "\r\n"))
    fill(talk, "INBOX", [octets])
    ask(talk, "SELECT INBOX")
    answers = ask(talk, "FETCH 1 (RFC822.SIZE PREVIEW)", tag="A2")
    assert answers.status == "OK"
    assert int(answers.fetched[1]["RFC822.SIZE"]) == len(octets)
    preview = answers.fetched[1]["PREVIEW"].decode()
    assert preview == " ".join(LOREM.split())[:200]


@example("8970 5", "B1 B2")
def test_lazy_previews_are_at_hand_already(talk):
    """The RFC's server has to make some of them: ours did as the mail came."""
    fill(
        talk,
        "INBOX",
        [
            mail("Preview text for message 1.", date="Wed, 23 Sep 2020 15:03:11 +0000"),
            mail("", date="Thu, 24 Sep 2020 12:17:23 +0000"),
            mail('Message "data" from message 3.', date="Fri, 25 Sep 2020 09:13:45 +0000"),
            mail("Message 4 preview", date="Sat, 26 Sep 2020 07:11:18 +0000"),
        ],
    )
    ask(talk, "SELECT INBOX")
    told = ask(talk, "FETCH 1:4 (ENVELOPE PREVIEW (LAZY))", tag="B1").fetched
    previews = [b"Preview text for message 1.", b"", b'Message "data" from message 3.', b"Message 4 preview"]
    assert [items["PREVIEW"] for _, items in sorted(told.items())] == previews
    assert told[2]["ENVELOPE"][0] == b"Thu, 24 Sep 2020 12:17:23 +0000"
    talk.says(
        r"""
        C: B2 FETCH 3:4 (PREVIEW)
        S: * 3 FETCH (PREVIEW "Message \"data\" from message 3.")
        S: * 4 FETCH (PREVIEW "Message 4 preview")
        S: B2 OK FETCH completed
        """
    )


@example("8970 5", "C1 C2 C3 C4")
def test_previews_of_what_a_search_has_saved(server):
    with rev2(server) as talk:
        assert {"IMAP4rev1", "PREVIEW", "SEARCHRES"} <= set(ask(talk, "CAPABILITY", tag="C1").untagged[0])
        renumber(talk, "Some", [3, 8])
        fill(talk, "Some", [mail("Preview!", **{"from": "foo@x"}), mail("Other"), mail("Another preview!", **{"from": "Foo"})])
        ask(talk, "SELECT Some")
        talk.says(
            """
            C: C2 SEARCH RETURN (SAVE) FROM "FOO"
            C: C3 FETCH $ (UID PREVIEW (LAZY))
            S: C2 OK SEARCH completed
            S: * 3 FETCH (UID 9 PREVIEW "Preview!")
            S: * 5 FETCH (UID 11 PREVIEW "Another preview!")
            S: C3 OK FETCH completed
            C: C4 UID FETCH 11 (PREVIEW)
            S: * 5 FETCH (UID 11 PREVIEW "Another preview!")
            S: C4 OK FETCH completed
            """
        )
