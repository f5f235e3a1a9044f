"""docs/commands.md: printed from the tables, and true."""

import pathlib
import re
import subprocess

from server import SOURCE

IMAP = pathlib.Path(SOURCE, "src/imap")


def test_the_page_is_what_the_tables_say(build):
    printed = subprocess.run([build.ctl, "commands"], capture_output=True, text=True, check=True).stdout
    assert printed == pathlib.Path(SOURCE, "docs/commands.md").read_text(encoding="utf-8")


def test_every_code_that_is_given_is_on_the_page():
    """And none is that the page says is never given."""
    page = pathlib.Path(SOURCE, "docs/commands.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([A-Z-]+) \| [^|]*\| ([^|]*) \|$", page.partition("### Response codes of IMAP")[2], re.M))
    given = set()
    for source in IMAP.glob("*.c"):
        if source.name == "code_table.c":
            continue
        text = source.read_text(encoding="utf-8")
        given |= set(re.findall(r'IMAP_(?:OK|NO|BAD),\s+"([A-Z-]+)[" ]', text))
        given |= set(re.findall(r'imap_bye\(\w+, "([A-Z-]+)"', text))
        given |= set(re.findall(r"(?:OK|NO|BAD) \[([A-Z-]+)[\] ]", text))
        given |= set(re.findall(r'\[ERR_\w+\] = \{ ?"([A-Z-]+)"', text))
    assert {"TRYCREATE", "CLOSED", "UNAVAILABLE", "CORRUPTION", "PERMANENTFLAGS"} <= given
    assert not given - set(rows), given - set(rows)
    assert not {code for code in given if rows[code].startswith("never")}
