"""The example dialogues of RFC 4731, 5032 and 5161: extended searches, messages by age, ENABLE."""

import pytest

from imap_answer import ask
from rfc_example import example, fill, mail

JONES = {"from": "Jones <jones@example.net>"}
SMITH = {"from": "Smith <smith@example.net>"}


@pytest.fixture
def talk(server):
    with server.imap(server.new_account()) as talk:
        yield talk


@example("4731 3.1", "A282 A283 A284 A285 A286")
def test_searches_that_return_what_is_asked_for(talk):
    flags = {2: r"\Seen \Flagged", 3: r"\Seen \Flagged", 10: r"\Flagged", 11: r"\Flagged \Deleted"}
    senders = {3: SMITH}
    fill(talk, "INBOX", [(flags.get(n, r"\Seen" if n < 4 else ""), mail(**senders.get(n, JONES))) for n in range(1, 13)])
    ask(talk, "SELECT INBOX")
    talk.says(
        """
        C: A282 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
        S: * ESEARCH (TAG "A282") MIN 2 COUNT 3
        S: A282 OK SEARCH completed
        C: A283 SEARCH RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
        S: * ESEARCH (TAG "A283") ALL 2,10:11
        S: A283 OK SEARCH completed
        C: A284 SEARCH RETURN (MIN) UNSEEN
        S: * ESEARCH (TAG "A284") MIN 4
        S: A284 OK SEARCH completed
        C: A285 UID SEARCH RETURN (MIN MAX) 1:5000
        S: * ESEARCH (TAG "A285") UID MIN 1 MAX 12
        S: A285 OK SEARCH completed
        C: A286 SEARCH RETURN (COUNT) DELETED
        S: * ESEARCH (TAG "A286") COUNT 1
        S: A286 OK SEARCH completed
        """
    )


@example("4731 3.2", "a1 a2 a3 a4")
def test_the_modseq_of_a_search_is_that_of_what_it_returns(talk):
    """Of the first, of the last, of the later changed of both, and of all that were counted."""
    fill(talk, "INBOX", [mail() for _ in range(5)])
    ask(talk, "SELECT INBOX")
    modseqs = {}
    for number in (4, 2, 3):
        ask(talk, rf"STORE {number} +FLAGS.SILENT (\Draft)")
        modseqs[number] = int(ask(talk, f"FETCH {number} (MODSEQ)").fetched[number]["MODSEQ"][0])
    least = min(modseqs.values())
    keys = rf'MODSEQ "/flags/\\draft" all {least}'
    talk.says(
        f"""
        C: a1 SEARCH RETURN (MIN) {keys}
        S: * ESEARCH (TAG "a1") MIN 2 MODSEQ {modseqs[2]}
        S: a1 OK SEARCH completed
        C: a2 SEARCH RETURN (MAX) {keys}
        S: * ESEARCH (TAG "a2") MAX 4 MODSEQ {modseqs[4]}
        S: a2 OK SEARCH completed
        C: a3 SEARCH RETURN (MIN MAX) {keys}
        S: * ESEARCH (TAG "a3") MIN 2 MAX 4 MODSEQ {modseqs[2]}
        S: a3 OK SEARCH completed
        C: a4 SEARCH RETURN (MIN COUNT) {keys}
        S: * ESEARCH (TAG "a4") MIN 2 COUNT 3 MODSEQ {modseqs[3]}
        S: a4 OK SEARCH completed
        """
    )


@example("5032 4", "a1", "The RFC's answer has the tag before the asterisk.")
def test_unseen_messages_of_the_last_three_days(talk):
    old = '"01-Jan-2020 10:00:00 +0000"'
    for flags, date in (("()", ""), ("()", old), (r"(\Seen)", ""), ("()", "")):
        octets = mail()
        head = " ".join(word for word in ("a APPEND INBOX", flags, date) if word)
        talk.send(f"{head} {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n").until("a OK ...")
    ask(talk, "SELECT INBOX")
    talk.says(
        """
        C: a1 SEARCH UNSEEN YOUNGER 259200
        S: * SEARCH 1 4
        S: a1 OK SEARCH completed
        """
    )


@example("5161 3.1", "t1 t2 t3 a1")
def test_what_is_enabled_changes_no_capability(talk):
    """CONDSTORE may be enabled here, X-GOOD-IDEA not; in the RFC's example it is the other way round."""
    talk.says(
        """
        C: t1 CAPABILITY
        S: * CAPABILITY <first>...
        S: t1 OK ...
        C: t2 ENABLE CONDSTORE X-GOOD-IDEA
        S: * ENABLED CONDSTORE
        S: t2 OK ...
        C: t3 CAPABILITY
        S: * CAPABILITY ...
        S: t3 OK ...
        C: a1 ENABLE CONDSTORE
        S: ...ENABLED...
        S: a1 OK ...
        """
    )
    told = [line for line in talk.seen if line.startswith("S: * CAPABILITY ")]
    assert len(told) == 2 and told[0] == told[1]
