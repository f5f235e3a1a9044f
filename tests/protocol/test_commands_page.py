"""docs/commands.md: printed from the tables, and true."""

import pathlib
import subprocess

from server import SOURCE


def test_the_page_is_what_the_tables_say(build):
    printed = subprocess.run([build.ctl, "commands"], capture_output=True, text=True, check=True).stdout
    assert printed == pathlib.Path(SOURCE, "docs/commands.md").read_text(encoding="utf-8")
