"""RFC 9051's examples of 6.3.9, LIST."""

import re

from rfc_example import bare, example, make, remove


def shows(talk, command, *wanted):
    """
    The LIST answers of a tagged command are these, in any order: a name, or
    'name (\\Attributes) rest'; with attributes, those and no other but for
    what RFC 9051 7.3.1 lets a server add, \\HasChildren and \\HasNoChildren.
    """
    tag = command.split()[0]
    talk.send_line(command)
    got = {}
    while not (line := talk.read_line().decode().rstrip("\r\n")).startswith(tag + " "):
        talk.seen.append("S: " + line)
        found = re.fullmatch(r'\* LIST \(([^)]*)\) "/" ("[^"]*"|[^ ]+)(?: (.+))?', line)
        assert found, f"{line}\n{talk}"
        got[found[2]] = (set(found[1].split()), found[3] or "")
    assert line.startswith(tag + " OK "), f"{line}\n{talk}"
    compare(got, dict(map(split, wanted)), talk)


def split(wanted):
    found = re.fullmatch(r'("[^"]*"|[^ ]+)(?: \(([^)]*)\))?(?: (.+))?', wanted)
    return found[1], (None if found[2] is None else set(found[2].split()), found[3] or "")


def compare(got, wanted, talk):
    assert set(got) == set(wanted), f"{sorted(got)}\n{talk}"
    for name, (attributes, rest) in wanted.items():
        given, more = got[name]
        assert more == rest, f"{name}: {more}\n{talk}"
        if attributes is not None:
            may = {"\\HasChildren", "\\HasNoChildren"} - attributes
            assert given - may == attributes, f"{name}: {given}\n{talk}"


def subscribe(talk, *names):
    for name in names:
        talk.says(f"C: s SUBSCRIBE {name}\nS: s OK ...")


# ---- simple ----


@example("6.3.9.8", "A101 A102 A103 A202", differs="one namespace, whose separator is /")
def test_references(server):
    with bare(server) as talk:
        make(talk, "~/Mail/foo/x", "~/Mail/meetings")
        remove(talk, "~/Mail/foo")
        shows(talk, 'A101 LIST "" ""', r'"" (\Noselect)')
        shows(talk, 'A102 LIST #news.comp.mail.misc ""', r'"" (\Noselect)')
        shows(talk, 'A103 LIST /usr/staff/jones ""', r'"" (\Noselect)')
        shows(talk, "A202 LIST ~/Mail/ %", r"~/Mail/foo (\NonExistent)", "~/Mail/meetings ()")


# ---- 1 to 6: the fruit ----

FRUIT = ["Fruit", "Fruit/Apple", "Fruit/Banana", "Tofu"]
VEGETABLES = ["Vegetable", "Vegetable/Broccoli", "Vegetable/Corn"]
SUBSCRIBED = ["INBOX", "Fruit/Banana", "Vegetable", "Vegetable/Broccoli"]
PEACH = r"Fruit/Peach (\Subscribed \NonExistent)"


def hierarchy(server):
    talk = bare(server)
    make(talk, *FRUIT, *VEGETABLES)
    subscribe(talk, *SUBSCRIBED, "Fruit/Peach")
    return talk


def with_subscriptions(names):
    return [rf"{n} (\Subscribed)" if n in SUBSCRIBED else f"{n} ()" for n in names]


@example("6.3.9.8", "A01 A02 A03")
def test_the_fruit(server):
    with hierarchy(server) as talk:
        shows(talk, 'A01 LIST "" "*"', "INBOX ()", *(f"{n} ()" for n in FRUIT + VEGETABLES))
        shows(talk, 'A02 LIST (SUBSCRIBED) "" "*"', *with_subscriptions(SUBSCRIBED), PEACH)
        shows(
            talk,
            'A03 LIST () "" "%" RETURN (CHILDREN)',
            r"INBOX (\HasNoChildren)",
            r"Fruit (\HasChildren)",
            r"Tofu (\HasNoChildren)",
            r"Vegetable (\HasChildren)",
        )


@example("6.3.9.8", "A04 A05 A06", differs="no mailbox is on another server")
def test_the_fruit_with_what_is_elsewhere(server):
    with hierarchy(server) as talk:
        shows(
            talk,
            'A04 LIST (REMOTE) "" "%" RETURN (CHILDREN)',
            r"INBOX (\HasNoChildren)",
            r"Fruit (\HasChildren)",
            r"Tofu (\HasNoChildren)",
            r"Vegetable (\HasChildren)",
        )
        shows(talk, 'A05 LIST (REMOTE SUBSCRIBED) "" "*"', *with_subscriptions(SUBSCRIBED), PEACH)
        names = with_subscriptions(["INBOX", *FRUIT, *VEGETABLES])
        shows(talk, 'A06 LIST (REMOTE) "" "*" RETURN (SUBSCRIBED)', *names)


# ---- 7 and 8: CHILDINFO ----

CHILDINFO = '("CHILDINFO" ("SUBSCRIBED"))'


@example("6.3.9.8", "C01 CA3 C02 C04")
def test_a_child_that_is_subscribed(server):
    with bare(server) as talk:
        make(talk, "Foo", "Foo/Bar", "Foo/Baz", "Moo")
        shows(talk, 'C01 LIST "" "*"', "INBOX ()", "Foo ()", "Foo/Bar ()", "Foo/Baz ()", "Moo ()")
        shows(
            talk,
            'CA3 LIST "" "%" RETURN (CHILDREN)',
            r"INBOX (\HasNoChildren)",
            r"Foo (\HasChildren)",
            r"Moo (\HasNoChildren)",
        )
        subscribe(talk, "Foo/Baz")
        shows(talk, 'C02 LIST (SUBSCRIBED) "" "*"', r"Foo/Baz (\Subscribed)")
        shows(talk, 'C03 LIST (SUBSCRIBED) "" "%"')
        shows(talk, 'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"', f"Foo () {CHILDINFO}")


@example("6.3.9.8", "C04 C04 C04")
def test_a_parent_that_is_subscribed_or_not_there(server):
    with bare(server) as talk:
        make(talk, "Foo", "Foo/Baz", "Moo")
        subscribe(talk, "Foo", "Foo/Baz")
        # The RFC shows the answer twice, with \HasChildren and without.
        shows(talk, 'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"', rf"Foo (\Subscribed) {CHILDINFO}")
        shows(
            talk,
            'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)',
            rf"Foo (\Subscribed \HasChildren) {CHILDINFO}",
        )
        talk.says("C: u UNSUBSCRIBE Foo\nS: u OK ...")
        remove(talk, "Foo")
        shows(talk, 'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"', rf"Foo (\NonExistent) {CHILDINFO}")


@example("6.3.9.8", "C04")
def test_children_none_of_which_is_subscribed(server):
    with bare(server) as talk:
        make(talk, "Foo", "Foo/Bar", "Foo/Baz", "Moo")
        shows(talk, 'C03 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"')
        subscribe(talk, "Foo", "Moo")
        shows(
            talk,
            'C04 LIST (SUBSCRIBED RECURSIVEMATCH) "" "%" RETURN (CHILDREN)',
            r"Foo (\HasChildren \Subscribed)",
            r"Moo (\HasNoChildren \Subscribed)",
        )


BELOW = ["foo2/bar1", "foo2/bar2", "baz2/bar2", "baz2/bar22", "baz2/bar222", "eps2", "eps2/mamba"]


@example("6.3.9.8", "D01 D02 D03 D03", differs="CHILDINFO that is redundant is left out: 6.3.9.6")
def test_childinfo_whether_or_not_the_child_matches(server):
    with bare(server) as talk:
        make(talk, "foo2", "baz2", *BELOW, "qux2/bar2")
        remove(talk, "qux2")
        there = ["INBOX", "foo2", "baz2", *BELOW, "qux2/bar2"]
        shows(talk, 'D01 LIST "" "*"', *(f"{n} ()" for n in there))
        subscribe(talk, *BELOW, "qux2/bar2")
        subscribed = [rf"{n} (\Subscribed)" for n in [*BELOW, "qux2/bar2"]]
        shows(talk, 'D02 LIST (SUBSCRIBED) "" "*"', *subscribed)
        eps = rf"eps2 (\Subscribed) {CHILDINFO}"
        # Not of baz2 and qux2: all that is below them is told itself (RFC 9051 6.3.9.6).
        shows(
            talk,
            'D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"',
            f"foo2 () {CHILDINFO}",
            *(rf"{n} (\Subscribed)" for n in ("foo2/bar2", "baz2/bar2", "baz2/bar22", "baz2/bar222")),
            eps,
            r"qux2/bar2 (\Subscribed)",
        )
        shows(
            talk,
            'D03 LIST (RECURSIVEMATCH SUBSCRIBED) "" "*"',
            eps,
            *(line for line in subscribed if not line.startswith("eps2 ")),
        )


# ---- 9 and 10 ----


@example("6.3.9.8", "a1 a2 a3")
def test_a_child_that_is_subscribed_and_not_there(server):
    with bare(server) as talk:
        make(talk, "foo")
        subscribe(talk, "foo/bar")
        shows(talk, 'a1 LIST "" ("foo")', "foo ()")
        shows(talk, 'a2 LIST (SUBSCRIBED) "" "foo/*"', r"foo/bar (\Subscribed \NonExistent)")
        shows(
            talk,
            'a3 LIST (SUBSCRIBED RECURSIVEMATCH) "" foo RETURN (CHILDREN)',
            rf"foo (\HasNoChildren) {CHILDINFO}",
        )


@example("6.3.9.8", "a1 a2 a3 a3.1", differs="no mailbox is on another server")
def test_levels_that_are_no_mailboxes(server):
    with bare(server) as talk:
        make(talk, "music/rock", "also/jazz")
        remove(talk, "music", "also")
        missing = [r"music (\NonExistent \HasChildren)", r"also (\NonExistent \HasChildren)"]
        shows(talk, 'a1 LIST (REMOTE) "" *', "INBOX ()", "music/rock ()", "also/jazz ()")
        shows(talk, 'a2 LIST () "" %', "INBOX ()", *missing)
        shows(talk, 'a3 LIST (REMOTE) "" %', "INBOX ()", *missing)
        shows(talk, 'a3.1 LIST "" (% music/rock)', "INBOX ()", "music/rock ()", *missing)


# ---- 11: STATUS ----


@example("6.3.9.8", "A01 A02")
def test_list_with_status(server):
    with bare(server) as talk:
        make(talk, "foo", "foo/baz", "bar/x")
        remove(talk, "bar")
        talk.says(
            r"""
            C: A01 LIST "" % RETURN (STATUS (MESSAGES UNSEEN))
            S* * LIST (...) "/" INBOX
            S* * STATUS INBOX (MESSAGES 0 UNSEEN 0)
            S* * LIST (...) "/" foo
            S* * STATUS foo (MESSAGES 0 UNSEEN 0)
            S* * LIST (\NonExistent...) "/" bar
            S: A01 OK ...
            """
        )
        subscribe(talk, "INBOX", "foo/baz")
        talk.says(
            r"""
            C: A02 LIST (SUBSCRIBED RECURSIVEMATCH) "" % RETURN (STATUS (MESSAGES))
            S* * LIST (\Subscribed...) "/" INBOX
            S* * STATUS INBOX (MESSAGES 0)
            S* * LIST (...) "/" foo ("CHILDINFO" ("SUBSCRIBED"))
            S: A02 OK ...
            """
        )
