#!/usr/bin/env python3
"""longest.py — the longest functions and files; fails when one is too long.

A function is counted from the first line of its head to its closing brace. It
relies on the house's format: the braces of a function stand alone in the first
column, and nothing else does.
"""

import argparse
import pathlib
import re
import subprocess
import sys

MAX_FUNCTION, MAX_FILE = 90, 800
ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = re.compile(r"(\w+)\s*\(")
NO_NAME = {"__attribute__", "PRINTF", "AUTO"}
PROSE = {".md", ".txt", ".eml", ".1", ".5", ".8", ".conf"}


def tracked():
    """Files of source text, whatever the language, tracked or about to be."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--",
         "src", "include", "tests", "script", "CMakeLists.txt"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in names:
        path = ROOT / name
        # Corpora and sample data are nobody's writing.
        if not name or not path.is_file() or "/corpus/" in name or "/data/" in name:
            continue
        if path.suffix not in PROSE:
            yield path


def head_start(lines, brace):
    """Index of the first line of the head of the function whose brace is at `brace`."""
    start = brace
    while start > 0:
        above = lines[start - 1].rstrip()
        if not above or above.startswith(("}", "#", "/*", "//")) or above.endswith("*/"):
            break
        start -= 1
    return start


def head_name(head):
    if head.lstrip().startswith("START_TEST"):
        return head[head.index("(") + 1:head.rindex(")")].strip()
    for name in NAME.findall(head):
        if name not in NO_NAME:
            return name
    return "?"


def functions(path, lines):
    """(length, name, line) of each function of a C file."""
    brace = None
    for number, line in enumerate(lines):
        if line == "{":
            brace = number
        elif line == "}" and brace is not None:
            start = head_start(lines, brace)
            yield number - start + 1, head_name(" ".join(lines[start:brace])), start + 1
            brace = None


def report(title, rows, limit, top):
    """Prints the longest; the number of those beyond the limit, which are all printed."""
    rows.sort(key=lambda row: (-row[0], row[1]))
    beyond = sum(1 for row in rows if row[0] > limit)
    print(f"{title} (at most {limit} lines):")
    for length, where in rows[:max(top, beyond)]:
        print(f"{length:6}  {where}{'  TOO LONG' if length > limit else ''}")
    return beyond


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--top", type=int, default=10, metavar="N", help="how many to show")
    top = options.parse_args().top
    all_functions, all_files = [], []
    for path in tracked():
        name = path.relative_to(ROOT)
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        all_files.append((len(lines), str(name)))
        if path.suffix in (".c", ".h"):
            all_functions += [(length, f"{name}:{line} {function}")
                              for length, function, line in functions(path, lines)]
    beyond = report("functions", all_functions, MAX_FUNCTION, top)
    beyond += report("files", all_files, MAX_FILE, top)
    return 1 if beyond or not all_functions else 0


if __name__ == "__main__":
    sys.exit(main())
