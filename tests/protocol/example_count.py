"""Counts that no example of an RFC is left out: the tests that say to play them, and what they send.

    PLAYERS = players(*modules("test_imap_rfc9051_*.py"))
"""

import collections
import importlib
import inspect
import pathlib
import re


def players(*modules):
    """Each of their tests that plays examples."""
    return [t for m in modules for t in vars(m).values() if inspect.isfunction(t) and hasattr(t, "examples")]


def modules(pattern, but=()):
    """Those beside this one, without `but`."""
    paths = sorted(pathlib.Path(__file__).parent.glob(pattern))
    return [importlib.import_module(path.stem) for path in paths if path.stem not in but]


def assert_all_are_played(section, tags, tests, not_played=""):
    """`tags`: the section's, each as often as it has it; of these some need not be played."""
    played = collections.Counter(not_played.split())
    for test in tests:
        for where, some, _ in test.examples:
            if where == section:
                played.update(some)
    assert played == collections.Counter(tags.split())


def assert_sends_its_commands(test):
    source = inspect.getsource(test).partition("def ")[2]
    for _, tags, _ in test.examples:
        for tag in tags:
            assert re.search(rf"""["' ]{re.escape(tag)}["' ]""", source), tag
