"""What an IMAP server answers, taken apart: RFC 9051 9.

    answers = ask(talk, "FETCH 1:2 (UID BODY[])")
    answers.status       "OK"
    answers.text         "FETCH completed"
    answers.fetched[1]   {"UID": "7", "BODY[]": b"..."}

Strings, quoted or literal, are octets; atoms and numbers are text; NIL is None;
a list is a list. The octets of a literal are counted, not looked at.
"""

import re

ATOM_END = b" ()\r\n"


class Answers:
    def __init__(self, untagged, status, text):
        self.untagged, self.status, self.text = untagged, status, text

    @property
    def fetched(self):
        """Message number → item → value, of all FETCH responses; later ones over earlier ones."""
        out = {}
        for words in self.untagged:
            if len(words) == 3 and words[1] == "FETCH":
                out.setdefault(int(words[0]), {}).update(pairs(words[2]))
        return out

    def numbers(self, name):
        """The numbers of all "* n NAME", in order."""
        return [int(w[0]) for w in self.untagged if len(w) == 2 and w[1] == name]


def pairs(words):
    assert len(words) % 2 == 0, words
    return dict(zip(words[::2], words[1::2]))


def ask(talk, command, tag="ask"):
    """Says the command and reads all up to its tagged reply."""
    talk.send_line(f"{tag} {command}")
    return take(talk, tag)


def take(talk, tag):
    untagged = []
    while True:
        octets = read_response(talk)
        talk.seen.append("S: " + repr(octets[:200]))
        if octets.startswith(tag.encode() + b" "):
            status, _, text = octets[len(tag) + 1 :].decode().rstrip("\r\n").partition(" ")
            return Answers(untagged, status, text)
        assert octets.startswith(b"* "), f"{octets!r}\n{talk}"
        if re.match(rb"\* (OK|NO|BAD|BYE|PREAUTH) ", octets):
            untagged.append(octets[2:].decode().split(maxsplit=1))
        else:
            untagged.append(Parser(octets[2:]).line())


def read_response(talk):
    """One response with its literals, its last CRLF too."""
    octets = b""
    while True:
        line = talk.read_line()
        assert line.endswith(b"\r\n"), f"{octets + line!r}\n{talk}"
        octets += line
        literal = re.search(rb"\{(\d+)\}\r\n\Z", line)
        if not literal:
            return octets
        count = int(literal[1])
        body = talk.read_octets(count)
        assert len(body) == count, f"{len(body)} of {count} octets of a literal came\n{talk}"
        octets += body


class Parser:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def line(self):
        words = self.words(b"\r")
        assert self.octets[self.at :] == b"\r\n", self.octets[self.at :]
        return words

    def words(self, end):
        out = []
        while self.octets[self.at : self.at + 1] != end:
            # Lists of addresses and of bodies have nothing between them.
            if out and self.octets[self.at : self.at + 1] == b" ":
                self.at += 1
            out.append(self.word())
        return out

    def word(self):
        first = self.octets[self.at : self.at + 1]
        if first == b"(":
            self.at += 1
            out = self.words(b")")
            self.at += 1
            return out
        if first == b'"':
            return self.quoted()
        if literal := re.compile(rb"~?\{(\d+)\}\r\n").match(self.octets, self.at):
            self.at = literal.end() + int(literal[1])
            return self.octets[literal.end() : self.at]
        return self.atom()

    def quoted(self):
        found = re.compile(rb'"((?:[^"\\\r\n]|\\["\\])*)"').match(self.octets, self.at)
        assert found, self.octets[self.at :]
        self.at = found.end()
        return re.sub(rb"\\(.)", rb"\1", found[1])

    def atom(self):
        """With what stands in its brackets: BODY[HEADER.FIELDS (FROM TO)]<0>."""
        start, depth = self.at, 0
        while depth or self.octets[self.at] not in ATOM_END:
            depth += {ord("["): 1, ord("]"): -1}.get(self.octets[self.at], 0)
            self.at += 1
        assert self.at > start, self.octets[self.at :]
        atom = self.octets[start : self.at].decode()
        return None if atom == "NIL" else atom
