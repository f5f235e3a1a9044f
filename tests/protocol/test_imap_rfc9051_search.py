"""RFC 9051's examples of 6.4.4, SEARCH and what it saves."""

import pytest

from imap_answer import ask
from rfc_example import example, mail, rev2

SMITH = "Smith <smith@example.net>"
ERIC = "Eric <eric@example.net>"


def dated(date, sender="Jones <jones@example.net>", text="hello", flags="\\Flagged"):
    """A message with an INTERNALDATE."""
    return date, flags, mail(text, **{"from": sender})


def put(talk, messages, mailbox="INBOX"):
    for date, flags, octets in messages:
        head = f'({flags}) "{date} 12:00:00 +0000" {{{len(octets)}+}}\r\n'
        talk.send(f"put APPEND {mailbox} {head}".encode() + octets + b"\r\n")
        talk.expect("put OK ...")


@pytest.fixture
def talk(server):
    with rev2(server) as talk:
        yield talk


@pytest.fixture
def flagged(talk):
    """2, 10 and 11 are flagged, not from Smith, and from after 1 February 1994."""
    messages = [dated("02-Feb-1994", flags="")] * 12
    messages[1] = messages[9] = messages[10] = dated("02-Feb-1994")
    messages[3] = dated("02-Feb-1994", sender=SMITH)
    messages[4] = dated("31-Jan-1994")
    put(talk, messages)
    ask(talk, "SELECT INBOX")
    return talk


@example("6.4.4", "A282 A283")
def test_what_is_returned_is_chosen(flagged):
    flagged.says(
        """
        C: A282 SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
        S: * ESEARCH (TAG "A282") MIN 2 COUNT 3
        S: A282 OK ...
        C: A283 SEARCH RETURN () FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"
        S: * ESEARCH (TAG "A283") ALL 2,10:11
        S: A283 OK ...
        """
    )


@example("6.4.4", "A284 A285")
def test_nothing_found_and_a_literal(talk):
    holiday = mail("отпуск", **{"content-type": "text/plain; charset=utf-8"}).decode().encode()
    put(talk, [dated("02-Feb-1994")] * 42 + [("02-Feb-1994", "", holiday)])
    talk.says(
        """
        C: s SELECT INBOX
        """
    ).until("s OK ...")
    talk.says(
        """
        C: A284 SEARCH TEXT "string not in mailbox"
        S: * ESEARCH (TAG "A284")
        S: A284 OK ...
        C: A285 SEARCH CHARSET UTF-8 TEXT {12}
        S: + ...
        C: отпуск
        S: * ESEARCH (TAG "A285") ALL 43
        S: A285 OK ...
        """
    )


@example("6.4.4", "A284 A285 A286", differs="the UIDs are smaller")
def test_min_max_and_count(talk):
    put(talk, [dated("02-Feb-1994", flags="\\Seen")] * 6 + [dated("02-Feb-1994")] * 20)
    ask(talk, "SELECT INBOX")
    ask(talk, r"STORE 1:6 +FLAGS.SILENT \Deleted")
    ask(talk, "EXPUNGE")
    ask(talk, r"STORE 1:3 +FLAGS.SILENT \Seen")
    ask(talk, r"STORE 1:15 +FLAGS.SILENT \Deleted")
    talk.says(
        """
        C: A284 SEARCH RETURN (MIN) UNSEEN
        S: * ESEARCH (TAG "A284") MIN 4
        S: A284 OK ...
        C: A285 UID SEARCH RETURN (MIN MAX) 1:5000
        S: * ESEARCH (TAG "A285") UID MIN 7 MAX 26
        S: A285 OK ...
        C: A286 SEARCH RETURN (COUNT) DELETED
        S: * ESEARCH (TAG "A286") COUNT 15
        S: A286 OK ...
        """
    )


# ---- 6.4.4.4: SAVE ----

HEADERS = "(UID INTERNALDATE FLAGS BODY.PEEK[HEADER])"
WANTED = 'FLAGGED SINCE 1-Feb-1994 NOT FROM "Smith"'


@example("6.4.4.4", "A282 A283")
@example("6.4.4.4", "A282 A283")
def test_the_headers_of_what_was_found(flagged):
    flagged.says(f"C: A282 SEARCH RETURN (SAVE) {WANTED}\nS: A282 OK ...\nC: A283 FETCH $ {HEADERS}")
    headers_follow(flagged)
    flagged.says(f"C: A282 SEARCH RETURN (SAVE) {WANTED}\nC: A283 FETCH $ {HEADERS}\nS: A282 OK ...")
    headers_follow(flagged)


def headers_follow(talk):
    for number in (2, 10, 11):
        line = talk.expect(f"* {number} FETCH (UID {number} ... BODY[HEADER] ...")
        talk.read_octets(int(line.rpartition("{")[2].rstrip("}")))
        talk.expect(")")
    talk.expect("A283 OK ...")


@example("6.4.4.4", "A300 A301 A301")
def test_what_was_found_is_searched(talk):
    put(talk, [dated("02-Jan-2004", text="x" * 5000)] * 3 + [dated("02-Jan-2003")])
    put(talk, [dated("02-Jan-2004", sender=SMITH), dated("02-Jan-2004"), dated("03-Jan-2004")])
    ask(talk, "SELECT INBOX")
    talk.says(
        """
        C: A300 SEARCH RETURN (SAVE) SINCE 1-Jan-2004 NOT FROM "Smith"
        S: A300 OK ...
        C: A301 UID SEARCH UID $ SMALLER 4096
        S: * ESEARCH (TAG "A301") UID ALL 6:7
        S: A301 OK ...
        C: A301 UID SEARCH $ SMALLER 4096
        S: * ESEARCH (TAG "A301") UID ALL 6:7
        S: A301 OK ...
        """
    )


@example("6.4.4.4", "P282 P283", differs="no message has the number 3000; those are asked for by 5:7")
def test_what_was_found_beside_other_numbers(talk):
    mother = dated("02-Feb-1994", text="мать")
    put(talk, [mother, mother, dated("02-Feb-1994"), dated("02-Feb-1994", sender=SMITH)])
    from_smith = dated("02-Feb-1994", sender=SMITH, text="мать")
    put(talk, [from_smith, dated("02-Feb-1993"), from_smith, from_smith])
    ask(talk, "SELECT INBOX")
    talk.says(
        """
        C: P282 SEARCH RETURN (SAVE) SINCE 1-Feb-1994 NOT FROM "Smith"
        S: P282 OK ...
        C: P283 SEARCH CHARSET UTF-8 (OR $ 1,5:7) TEXT {8+}
        C: мать
        S: * ESEARCH (TAG "P283") ALL 1:2,5,7
        S: P283 OK ...
        """
    )


@example("6.4.4.4", "B282 B283", differs="KOI8-R is known: an unknown one is asked for as well")
def test_a_search_that_fails_saves_nothing(flagged):
    flagged.says(
        """
        C: B282 SEARCH RETURN (SAVE) SINCE 1-Feb-1994 NOT FROM "Smith"
        S: B282 OK ...
        C: B283 SEARCH RETURN (SAVE) CHARSET KOI8-R (OR $ 1,3:4) TEXT {4+}
        C: XXXX
        S: B283 OK ...
        C: B282 SEARCH RETURN (SAVE) SINCE 1-Feb-1994 NOT FROM "Smith"
        S: B282 OK ...
        C: B283 SEARCH RETURN (SAVE) CHARSET KOI8-NONE (OR $ 1,3:4) TEXT {4+}
        C: XXXX
        S: B283 NO [BADCHARSET ...] ...
        C: f FETCH $ UID
        S: f OK ...
        """
    )


@example("6.4.4.4", "E282 E283")
def test_nothing_saved_is_no_mistake(flagged):
    flagged.says(
        """
        C: c CREATE "Other Messages"
        S: c OK ...
        C: E282 SEARCH RETURN (SAVE) SINCE 28-Oct-2006 NOT FROM "Eric"
        C: E283 COPY $ "Other Messages"
        S: E282 OK ...
        S: E283 OK <first>...
        C: n STATUS "Other Messages" (MESSAGES)
        S: * STATUS "Other Messages" (MESSAGES 0)
        S: n OK ...
        """
    )
    assert flagged.words["first"] != "[COPYUID"


@pytest.fixture
def junk(talk):
    """2 and 3 are junk; 3 and 4 are from Eric and of 2006."""
    put(talk, [dated("01-Oct-2006", flags=""), dated("01-Oct-2006", flags="$Junk")])
    put(talk, [dated("29-Oct-2006", ERIC, flags="$Junk"), dated("29-Oct-2006", ERIC, flags="")])
    ask(talk, "SELECT INBOX")
    return talk


@example("6.4.4.4", "F282 F283 F284")
def test_junk_is_copied_and_marked(junk):
    junk.says(
        r"""
        C: F282 SEARCH RETURN (SAVE) KEYWORD $Junk
        C: F283 COPY $ "Junk"
        C: F284 STORE $ +FLAGS.Silent (\Deleted)
        S: F282 OK ...
        S: F283 OK [COPYUID <validity> 2:3 1:2] ...
        S: F284 OK ...
        C: d SEARCH DELETED
        S: * ESEARCH (TAG "d") ALL 2:3
        S: d OK ...
        """
    )


@example("6.4.4.4", "G282 G283")
def test_two_searches_in_one_go(junk):
    junk.says(
        """
        C: G282 SEARCH RETURN (SAVE) KEYWORD $Junk
        C: G283 SEARCH RETURN (ALL) SINCE 28-Oct-2006 FROM "Eric"
        S: G282 OK ...
        S: * ESEARCH (TAG "G283") ALL 3:4
        S: G283 OK ...
        """
    )
    assert saved(junk) == [2, 3]


@example("6.4.4.4", "H282 H283")
def test_what_is_saved_last_stays(junk):
    junk.says(
        """
        C: H282 SEARCH RETURN (SAVE) KEYWORD $Junk
        C: H283 SEARCH RETURN (SAVE) SINCE 28-Oct-2006 FROM "Eric"
        S: H282 OK ...
        S: H283 OK ...
        """
    )
    assert saved(junk) == [3, 4]


def saved(talk):
    return sorted(ask(talk, "FETCH $ UID").fetched)


@example("6.4.4.4", "C282 C283 C284 C285 C286 C286", differs="C282's answer names its own tag")
def test_what_is_returned_and_what_is_saved(talk):
    there = [2, *range(10, 16), 21]
    put(talk, [dated("13-Feb-2006", ERIC if n in there else SMITH) for n in range(1, 23)])
    ask(talk, "SELECT INBOX")
    key = 'SINCE 12-Feb-2006 NOT FROM "Smith"'
    talk.says(f'C: C282 SEARCH RETURN (ALL) {key}\nS: * ESEARCH (TAG "C282") ALL 2,10:15,21\nS: C282 OK ...')
    assert saved(talk) == []
    talk.says(f"C: C283 SEARCH RETURN (ALL SAVE) {key}")
    talk.says('S: * ESEARCH (TAG "C283") ALL 2,10:15,21\nS: C283 OK ...')
    assert saved(talk) == there
    talk.says(f'C: C284 SEARCH RETURN (SAVE MIN) {key}\nS: * ESEARCH (TAG "C284") MIN 2\nS: C284 OK ...')
    assert saved(talk) == [2]
    talk.says(f"C: C285 SEARCH RETURN (MAX SAVE MIN) {key}")
    talk.says('S: * ESEARCH (TAG "C285") MIN 2 MAX 21\nS: C285 OK ...')
    assert saved(talk) == [2, 21]
    talk.says(f"C: C286 SEARCH RETURN (MAX SAVE MIN COUNT) {key}")
    talk.says('S: * ESEARCH (TAG "C286") MIN 2 MAX 21 COUNT 8\nS: C286 OK ...')
    assert saved(talk) == there
    talk.says(f"C: C286 SEARCH RETURN (ALL SAVE MIN) {key}")
    talk.says('S: * ESEARCH (TAG "C286") MIN 2 ALL 2,10:15,21\nS: C286 OK ...')
    assert saved(talk) == there
