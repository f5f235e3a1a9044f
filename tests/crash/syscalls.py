"""What a daemon promised and what it had on disk by then, read from its system calls.

`record(…)` is the strace command line to run the daemon under; `parse` turns
what it wrote into events; `broken_promises` finds the replies that were sent
before the disk had what they promise:

  commit   after the last octet of the command was read, the store's write-ahead
           log was written, and was synced after its last write, before the reply
           (the log of search.db promises nothing: that index can be made anew);
  names    a file that got its name meanwhile had been synced before it got it,
           and the directory was synced before the reply.

A promise is SMTP's 250 after the end of a message, POP3's +OK to QUIT in a
session that said DELE, and whatever IMAP answers to a command that changes
mailboxes, untagged or tagged OK. One client talks at a time: with several, the log may
be written again, for the others, before the reply goes out.
"""

import dataclasses
import re

READS = ("read", "recvfrom", "recvmsg", "readv")
WRITES = ("write", "writev", "sendto", "sendmsg", "pwrite64", "pwritev")
SYNCS = ("fsync", "fdatasync")
NAMING = ("link", "linkat", "rename", "renameat", "renameat2")
CHANGES = "APPEND|COPY|MOVE|STORE|EXPUNGE|CLOSE|CREATE|DELETE|RENAME|SUBSCRIBE|UNSUBSCRIBE"
STRING_OCTETS = 70000  # more than is ever read from a socket at once


def record(path):
    calls = ",".join(READS + WRITES + SYNCS + NAMING)
    words = ["strace", "-f", "-y", "-x", "-s", str(STRING_OCTETS), "-e", f"trace={calls}"]
    return [*words, "-e", "signal=none", "-o", str(path)]


@dataclasses.dataclass
class Event:
    """One call: it began at line `begin` of the trace and was over at line `end`."""

    begin: int
    end: int
    call: str
    arguments: str
    result: int

    @property
    def fd(self):
        found = re.match(r"(\d+)<", self.arguments)
        return int(found[1]) if found else None

    @property
    def file(self):
        """What its descriptor is open on: a path or "socket:[…]"."""
        found = re.match(r"\d+<([^>]*)>", self.arguments)
        return found[1].removesuffix(" (deleted)") if found else ""

    @property
    def octets(self):
        """The octets of its first string: those read or written."""
        found = re.search(r'"((?:[^"\\]|\\.)*)"', self.arguments)
        return unescaped(found[1]) if found else b""

    @property
    def paths(self):
        """The strings of its arguments as they are: the names of linkat and rename."""
        return re.findall(r'"([^"]*)"', self.arguments)


def unescaped(text):
    """A string as strace -x prints it."""
    simple = {"n": b"\n", "r": b"\r", "t": b"\t", "v": b"\v", "f": b"\f", '"': b'"', "\\": b"\\"}
    out = bytearray()
    for part in re.findall(r"\\x[0-9a-f]{2}|\\.|[^\\]+", text, re.S):
        if part.startswith("\\x"):
            out.append(int(part[2:], 16))
        elif part.startswith("\\"):
            out += simple[part[1]]
        else:
            out += part.encode()
    return bytes(out)


def parse(text):
    """Events in the order in which they ended."""
    events, unfinished = [], {}
    for at, line in enumerate(text.splitlines()):
        pid, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            unfinished[pid] = (at, rest.removesuffix("<unfinished ...>").strip())
            continue
        begin = at
        if resumed := re.match(r"<\.\.\. (\w+) resumed>", rest):
            begin, head = unfinished.pop(pid)
            rest = head + " " + rest[resumed.end() :]
        if called := re.match(r"(\w+)\((.*)\)\s+= (-?\d+)", rest, re.S):
            events.append(Event(begin, at, called[1], called[2], int(called[3])))
    return events


def promises(events):
    """(read, reply) for each promise: the last read of the client before the reply that promises."""
    last_read, said, waiting = {}, {}, {}
    for event in events:
        socket = event.file
        if not socket.startswith("socket:") or event.result <= 0:
            continue
        if event.call in READS:
            said[socket] = said.get(socket, b"") + event.octets
            last_read[socket] = event
            ends = (ends_a_message, ends_a_session, changes_a_mailbox)
            if any(end(said[socket]) for end in ends):
                waiting[socket] = event
        elif socket in waiting and not event.octets.startswith(b"+ "):
            if re.match(rb"250 |\+OK|\* |\w+ OK ", event.octets):
                yield waiting[socket], event
            del waiting[socket]
            said[socket] = b""


def ends_a_message(said):
    if said.endswith(b"\r\n.\r\n") and re.search(rb"(?im)^DATA\r\n", said):
        return True
    chunk = re.search(rb"(?i)BDAT (\d+) LAST\r\n", said)
    return bool(chunk) and len(said) >= chunk.end() + int(chunk[1])


def ends_a_session(said):
    return said.endswith(b"QUIT\r\n") and b"DELE " in said


def changes_a_mailbox(said):
    command = rf"(?im)^\w+ (?:UID )?(?:{CHANGES})(?: .*)?\r$".encode()
    return said.endswith(b"\r\n") and bool(re.search(command, said))


def broken_promises(events):
    """A sentence for each promise that the disk did not yet keep."""
    out, count = [], 0
    for read, reply in promises(events):
        count += 1
        between = [e for e in events if read.end < e.end < reply.begin and e.result >= 0]
        out += log_not_synced(reply, between) + names_not_synced(reply, between, events)
    if not count:
        out.append("the trace holds no promise at all")
    return out


def log_not_synced(reply, between):
    written = [e for e in between if e.call in WRITES and e.file.endswith("/mail.db-wal")]
    if not written:
        return [f"line {reply.begin}: a promise, and nothing was written to the log for it"]
    last = written[-1]
    if synced(last.file, last.end, between):
        return []
    return [f"line {reply.begin}: a promise, and the log's write at line {last.end} is not synced"]


def names_not_synced(reply, between, events):
    out = []
    for event in between:
        if event.call not in NAMING:
            continue
        target = target_of(event)
        if not synced(target.rpartition("/")[0], event.end, between):
            out.append(f"line {reply.begin}: a promise, and the name {target} is not synced")
        if not octets_synced_before(event, events):
            out.append(f"line {event.begin}: {target} got its name before its octets were synced")
    return out


def target_of(event):
    """The whole new name: linkat(old directory, "old", 9</new/directory>, "new", flags)."""
    name = event.paths[-1]
    directory = re.findall(r"<([^>]*)>, \"[^\"]*\"", event.arguments)
    return name if name.startswith("/") or not directory else f"{directory[-1]}/{name}"


def source_of(event, before):
    """What gets the name; an unnamed file is linked as /proc/self/fd/N."""
    name = event.paths[0]
    if numbered := re.fullmatch(r"/proc/self/fd/(\d+)", name):
        return next((e.file for e in reversed(before) if e.fd == int(numbered[1])), "")
    directory = re.match(r"\w*<([^>]*)>", event.arguments)
    return name if name.startswith("/") or not directory else f"{directory[1]}/{name}"


def octets_synced_before(event, events):
    before = [e for e in events if e.end < event.begin and e.result >= 0]
    source = source_of(event, before)
    written = [e for e in before if e.file == source and e.call in WRITES]
    return not written or synced(source, written[-1].end, before)


def synced(path, since, events):
    """A sync of `path` began after line `since` and succeeded."""
    return any(
        e.call in SYNCS and e.result == 0 and e.begin > since and e.file == path for e in events
    )
