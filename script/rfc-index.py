#!/usr/bin/env python3
"""rfc-index.py — writes docs/rfc.md: which file implements which section of which standard.

Made from the citations in src/ and include/, in the one form `RFC 5321 4.1.1.3`;
further sections may follow (`RFC 5321 4.4, 6.3 and 4.5.2`), and the rows of the
command tables say it as .rfc = "5321 4.1.1.3". --check compares instead of
writing, and fails when the page is out of date.
"""

import argparse
import collections
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/rfc.md"
SECTION = r"(?:\d+|[A-Z](?=\.))(?:\.\d+)*"
CITATION = re.compile(rf"(?:RFCs? |\.rfc = \")({SECTION}(?:(?:,? and | |, |-){SECTION})*)")
NUMBER = re.compile(rf"(^| and | |, |-)({SECTION})")
# A citation may be broken over two lines of a comment.
LINE_BREAK = re.compile(r"\n[ \t]*(?:\*(?!/)|//)?[ \t]*")
OLDEST = 768
TITLES = {
    1035: "Domain names",
    1123: "Requirements for Internet hosts",
    1428: "From 8-bit to MIME",
    1652: "8BITMIME",
    1870: "SMTP SIZE",
    1939: "POP3",
    1951: "DEFLATE",
    2034: "ENHANCEDSTATUSCODES",
    2045: "MIME 1: bodies",
    2046: "MIME 2: media types",
    2047: "MIME 3: encoded words",
    2142: "Mailbox names for common services",
    2177: "IMAP IDLE",
    2183: "Content-Disposition",
    2231: "MIME parameter values",
    2449: "POP3 CAPA and response codes",
    2595: "TLS for POP3 (STLS)",
    2920: "SMTP PIPELINING",
    2971: "IMAP ID",
    3030: "SMTP CHUNKING and BINARYMIME",
    3206: "POP3 SYS and AUTH codes",
    3207: "SMTP STARTTLS",
    3282: "Content-Language",
    3461: "SMTP DSN",
    3463: "Enhanced status codes",
    3464: "Delivery status notifications",
    3501: "IMAP4rev1",
    3502: "IMAP MULTIAPPEND",
    3516: "IMAP BINARY",
    3629: "UTF-8",
    3848: "SMTP transmission types",
    4013: "SASLprep",
    4291: "IPv6 addresses",
    4315: "IMAP UIDPLUS",
    4422: "SASL",
    4616: "SASL PLAIN",
    4647: "Language tags",
    4648: "Base64",
    4731: "IMAP ESEARCH",
    4954: "SMTP AUTH",
    4959: "IMAP SASL-IR",
    4978: "IMAP COMPRESS",
    5032: "IMAP WITHIN",
    5034: "POP3 AUTH",
    5051: "Unicode casemap collation",
    5161: "IMAP ENABLE",
    5182: "IMAP SEARCHRES",
    5256: "IMAP SORT and THREAD",
    5258: "IMAP LIST-EXTENDED",
    5267: "IMAP CONTEXT and ESORT",
    5321: "SMTP",
    5322: "Internet message format",
    5802: "SASL SCRAM",
    5819: "IMAP LIST-STATUS",
    5890: "Internationalised domain names",
    5929: "Channel bindings for TLS",
    5957: "IMAP SORT=DISPLAY",
    6066: "TLS extensions",
    6125: "Service identity in certificates",
    6154: "IMAP SPECIAL-USE",
    6186: "Locating mail services",
    6203: "IMAP SEARCH=FUZZY",
    6409: "Message submission",
    6531: "SMTPUTF8",
    6532: "Internationalised headers",
    6838: "Media type names",
    6851: "IMAP MOVE",
    6855: "IMAP UTF8=ACCEPT",
    6856: "POP3 UTF8 and LANG",
    7162: "IMAP CONDSTORE and QRESYNC",
    7377: "IMAP MULTISEARCH",
    7627: "TLS extended master secret",
    7677: "SCRAM-SHA-256",
    7888: "IMAP LITERAL+",
    7889: "IMAP APPENDLIMIT",
    8314: "TLS for clients",
    8437: "IMAP UNAUTHENTICATE",
    8446: "TLS 1.3",
    8474: "IMAP OBJECTID",
    8508: "IMAP REPLACE",
    8514: "IMAP SAVEDATE",
    8970: "IMAP PREVIEW",
    9051: "IMAP4rev2",
    9106: "Argon2",
    9208: "IMAP QUOTA",
    9266: "Channel bindings for TLS 1.3",
    9394: "IMAP PARTIAL",
    9422: "SMTP LIMITS",
    9585: "IMAP INPROGRESS",
    9586: "IMAP UIDONLY",
    9738: "IMAP MESSAGELIMIT and SAVELIMIT",
}
HEAD = """# Standards in the code

Which file speaks for which section, made by `script/rfc-index.py` from the citations in the sources.
"""


def citations(text):
    """(RFC, section or "") of each citation in a text."""
    for run in CITATION.findall(LINE_BREAK.sub(" ", text)):
        rfc, bare = None, False
        for mark, number in NUMBER.findall(run):
            if number.isdigit() and int(number) >= OLDEST:
                if bare:
                    yield rfc, ""
                rfc, bare = int(number), True
            elif rfc and is_section(mark, number):
                yield rfc, number
                bare = False
        if bare:
            yield rfc, ""


def is_section(mark, number):
    """Not the number of a reply or of something that is counted."""
    first = number.split(".")[0]
    if first.isdigit() and int(first) > 99:
        return False
    return "." in number or "and" not in mark


def section_key(section):
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part)
            for part in section.split(".")]


def gather():
    """{RFC: {section: {path}}}"""
    found = collections.defaultdict(lambda: collections.defaultdict(set))
    for top in ("include", "src"):
        for path in sorted((ROOT / top).glob("**/*.[ch]")):
            for rfc, section in citations(path.read_text(encoding="utf-8")):
                found[rfc][section].add(path.relative_to(ROOT))
    return found


def link(path):
    name = "/".join(path.parts[2:] if path.parts[0] == "include" else path.parts[1:])
    return f"[{name}]({os.path.relpath(ROOT / path, PAGE.parent)})"


def page():
    lines = [HEAD]
    for rfc, sections in sorted(gather().items()):
        title = f" · {TITLES[rfc]}" if rfc in TITLES else ""
        lines.append(f"## RFC {rfc}{title}\n")
        for section in sorted(sections, key=section_key):
            files = ", ".join(link(path) for path in sorted(sections[section]))
            lines.append(f"- {section or 'as a whole'}: {files}")
        lines.append("")
    return "\n".join(lines)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--check", action="store_true", help="fail when docs/rfc.md is stale")
    text = page()
    if not options.parse_args().check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/rfc.md is out of date; run script/rfc-index.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
