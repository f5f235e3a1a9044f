"""Names of mailboxes: LIST, LSUB, STATUS, CREATE, DELETE, RENAME, SUBSCRIBE. RFC 9051 6.3."""

import pytest

from server import eml


@pytest.fixture
def talk(fresh_server):
    """An account of its own, logged in: INBOX and the five folders every account has."""
    with fresh_server.imap(fresh_server.new_account()) as talk:
        yield talk


def make(talk, *names):
    for name in names:
        talk.says(f"C: make CREATE {name}").expect("make OK ...")


def listed(talk, command):
    """{name: words in the brackets} of every LIST or LSUB answer."""
    out = {}
    talk.says(f"C: l {command}")
    while not (line := talk.read_line().decode().rstrip("\r\n")).startswith("l "):
        words, _, name = line.partition(") ")
        out[name.removeprefix('"/" ')] = set(words.partition("(")[2].split())
    assert line.startswith("l OK "), line
    return out


# ---- LIST ----


def test_a_new_account_has_folders_with_their_uses(talk):
    talk.says(
        r"""
        C: a LIST "" *
        S: * LIST (\HasNoChildren) "/" INBOX
        S: * LIST (\HasNoChildren \Archive) "/" Archive
        S: * LIST (\HasNoChildren \Drafts) "/" Drafts
        S: * LIST (\HasNoChildren \Junk) "/" Junk
        S: * LIST (\HasNoChildren \Sent) "/" Sent
        S: * LIST (\HasNoChildren \Trash) "/" Trash
        S: a OK ...
        C: b LIST "" ""
        S: * LIST (\Noselect) "/" ""
        S: b OK ...
        C: c LIST "" inbox
        S: * LIST (\HasNoChildren) "/" INBOX
        S: c OK ...
        """
    )


def test_wildcards_and_references(talk):
    make(talk, "Fruit/Apple/Red", "Tofu")
    assert set(listed(talk, 'LIST "" "F%"')) == {"Fruit"}
    assert set(listed(talk, 'LIST "" "Fruit/%"')) == {"Fruit/Apple"}
    assert set(listed(talk, 'LIST "Fruit/" "*"')) == {"Fruit/Apple", "Fruit/Apple/Red"}
    assert set(listed(talk, 'LIST "" "*Red"')) == {"Fruit/Apple/Red"}
    assert set(listed(talk, 'LIST "" ("Tofu" "F%" "Tof%")')) == {"Fruit", "Tofu"}
    assert listed(talk, 'LIST "" Fruit') == {"Fruit": {"\\HasChildren"}}


def test_a_level_that_is_no_mailbox_is_shown_by_a_percent(talk):
    make(talk, "Fruit/Apple")
    talk.says("C: a DELETE Fruit").expect("a OK ...")
    assert listed(talk, 'LIST "" F%') == {"Fruit": {"\\Noselect", "\\HasChildren"}}
    assert set(listed(talk, 'LIST "" F*')) == {"Fruit/Apple"}
    assert listed(talk, 'LIST "" F% RETURN (CHILDREN)') == {"Fruit": {"\\NonExistent", "\\HasChildren"}}
    talk.says(
        """
        C: b SELECT Fruit
        S: b NO [NONEXISTENT] ...
        """
    )


def test_subscribed_names_and_what_is_below(talk):
    make(talk, "Foo/Bar", "Foo/Baz", "Moo")
    for name in ("Foo/Baz", "Gone/Deep"):
        talk.says(f"C: s SUBSCRIBE {name}").expect("s OK ...")
    names = listed(talk, 'LIST (SUBSCRIBED) "" *')
    assert names["Foo/Baz"] == {"\\Subscribed", "\\HasNoChildren"}
    assert names["Gone/Deep"] == {"\\NonExistent", "\\Subscribed", "\\HasNoChildren"}
    assert "Moo" not in names and "Foo" not in names
    talk.says(
        r"""
        C: a LIST (SUBSCRIBED RECURSIVEMATCH) "" "F%"
        S: * LIST (\HasChildren) "/" Foo ("CHILDINFO" ("SUBSCRIBED"))
        S: a OK ...
        C: b LIST (SUBSCRIBED) "" "F%"
        S: b OK ...
        C: c LIST (RECURSIVEMATCH) "" "F%"
        S: c BAD ...
        C: d LIST (REMOTE RECURSIVEMATCH) "" "F%"
        S: d BAD ...
        C: e LIST (NEVER-HEARD-OF) "" *
        S: e BAD ...
        """
    )
    assert "\\Subscribed" in listed(talk, 'LIST "" Foo/* RETURN (SUBSCRIBED)')["Foo/Baz"]
    assert "\\Subscribed" not in listed(talk, 'LIST "" Foo/* RETURN (SUBSCRIBED)')["Foo/Bar"]


def test_special_uses_can_be_selected(talk):
    assert set(listed(talk, 'LIST (SPECIAL-USE) "" *')) == {"Archive", "Drafts", "Junk", "Sent", "Trash"}


def test_list_with_status(talk):
    make(talk, "Stat/Below")
    talk.says("C: d DELETE Stat").expect("d OK ...")
    talk.says(
        r"""
        C: a LIST "" ("Stat" "Stat/%" "S%") RETURN (STATUS (MESSAGES UIDNEXT))
        S: * LIST (\HasNoChildren \Sent) "/" Sent
        S: * STATUS Sent (MESSAGES 0 UIDNEXT 1)
        S: * LIST (\NonExistent \HasChildren) "/" Stat
        S: * LIST (\HasNoChildren) "/" Stat/Below
        S: * STATUS Stat/Below (MESSAGES 0 UIDNEXT 1)
        S: a OK ...
        """
    )


# ---- LSUB ----


def test_lsub_tells_uses_and_levels(talk):
    make(talk, "News/Comp")
    talk.says("C: s SUBSCRIBE News/Comp").expect("s OK ...")
    names = listed(talk, 'LSUB "" %')
    assert names["Sent"] == {"\\HasNoChildren", "\\Sent"}
    assert names["News"] == {"\\Noselect", "\\HasChildren"}
    assert listed(talk, 'LSUB "" News*') == {"News/Comp": {"\\HasNoChildren"}}
    talk.says("C: u UNSUBSCRIBE News/Comp").expect("u OK ...")
    assert listed(talk, 'LSUB "" News*') == {}
    talk.says("C: v UNSUBSCRIBE Never/There").expect("v OK ...")


# ---- CREATE, DELETE, RENAME ----


def test_create_makes_the_levels_above(talk):
    make(talk, "One/Two/Three/")
    assert set(listed(talk, 'LIST "" One*')) == {"One", "One/Two", "One/Two/Three"}
    talk.says(
        """
        C: a CREATE One/Two
        S: a NO [ALREADYEXISTS] ...
        C: b CREATE inbox
        S: b NO [ALREADYEXISTS] ...
        C: c CREATE a//b
        S: c NO [CANNOT] ...
        C: d CREATE ""
        S: d NO [CANNOT] ...
        """
    )


def test_create_with_a_use(talk):
    talk.says(
        r"""
        C: a CREATE MySent (USE (\Sent))
        S: a OK ...
        C: b CREATE Everything (USE (\All))
        S: b NO [USEATTR] ...
        C: c CREATE Odd (COLOUR (red))
        S: c BAD ...
        C: d LIST "" MySent
        S: * LIST (\HasNoChildren \Sent) "/" MySent
        S: d OK ...
        """
    )


def test_delete(talk):
    make(talk, "Bin")
    talk.says(
        """
        C: a DELETE Bin
        S: a OK ...
        C: b DELETE Bin
        S: b NO [NONEXISTENT] ...
        C: c DELETE inbox
        S: c NO [CANNOT] ...
        """
    )


def test_a_session_may_delete_what_it_has_selected(talk):
    make(talk, "Bin")
    talk.says("C: a SELECT Bin").until("a OK ...")
    talk.says(
        """
        C: b DELETE Bin
        S: * OK [CLOSED] ...
        S: b OK ...
        C: c FETCH 1 FLAGS
        S: c BAD ...
        """
    )


def test_rename_takes_what_is_below_along(talk):
    make(talk, "Old/Below")
    talk.says("C: a RENAME Old New/Place").expect("a OK ...")
    assert set(listed(talk, 'LIST "" New*')) == {"New", "New/Place", "New/Place/Below"}
    assert listed(talk, 'LIST "" Old*') == {}
    talk.says(
        """
        C: b RENAME Old Elsewhere
        S: b NO [NONEXISTENT] ...
        C: c RENAME New Sent
        S: c NO [ALREADYEXISTS] ...
        C: d RENAME New New/Inside/Itself
        S: d NO [CANNOT] ...
        """
    )
    assert set(listed(talk, 'LIST "" New*')) == {"New", "New/Place", "New/Place/Below"}


def test_rename_of_inbox_moves_its_messages(talk):
    octets = eml("plain.eml")
    talk.send(f"a APPEND INBOX {{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
    talk.says(
        """
        S: a OK ...
        C: b RENAME inbox Kept
        S: b OK ...
        C: c STATUS Kept (MESSAGES)
        S: * STATUS Kept (MESSAGES 1)
        S: c OK ...
        C: d STATUS INBOX (MESSAGES)
        S: * STATUS INBOX (MESSAGES 0)
        S: d OK ...
        """
    )


# ---- names ----


def test_names_are_modified_utf7_until_utf8_is_enabled(talk):
    make(talk, "Entw&APw-rfe")
    assert "Entw&APw-rfe" in listed(talk, 'LIST "" E*')
    talk.says("C: a ENABLE IMAP4rev2").until("a OK ...")
    assert '"Entw\u00fcrfe"' in listed(talk, 'LIST "" E*')


# ---- STATUS, NAMESPACE ----


def test_status_counts(talk):
    octets = eml("plain.eml")
    for flags in ("", "(\\Seen) ", "(\\Deleted) "):
        talk.send(f"a APPEND Junk {flags}{{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
        talk.expect("a OK ...")
    talk.says(
        f"""
        C: b STATUS Junk (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE)
        S: * STATUS Junk (MESSAGES 3 RECENT 3 UIDNEXT 4 UIDVALIDITY <v> UNSEEN 2 DELETED 1 SIZE {3 * len(octets)})
        S: b OK ...
        C: c STATUS Nowhere (MESSAGES)
        S: c NO [NONEXISTENT] ...
        C: d STATUS Junk ()
        S: d BAD ...
        C: e STATUS Junk (COLOUR)
        S: e BAD ...
        C: f NAMESPACE
        S: * NAMESPACE (("" "/")) NIL NIL
        S: f OK ...
        """
    )
