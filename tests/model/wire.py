"""One IMAP connection of the model checker: lines out, responses in, what was said remembered.

Responses are taken apart by the parser of the transcripts (tests/protocol/imap_answer.py).
"""

import asyncio
import collections
import re

from imap_answer import Parser

GUARD_SECONDS = 60  # only a hung server is so slow
REMEMBERED_LINES = 60
LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH) (?:\[([^\]]*)\])?")


class Violation(AssertionError):
    """The server said what it must not say, or has not what it must have."""


class Closed(Exception):
    """The server ended the connection."""


class Response:
    """tag is "*", "+" or a command's; of a status `status` and `code`, else `words`."""

    def __init__(self, octets):
        self.octets, self.status, self.code, self.words = octets, None, "", []
        tag, _, rest = octets.partition(b" ")
        self.tag = tag.decode()
        if self.tag == "+":
            return
        if found := STATUS.match(rest):
            self.status, self.code = found[1].decode(), (found[2] or b"").decode()
        elif self.tag == "*":
            self.words = Parser(rest).line()
        else:
            raise Violation(f"no response has this form: {octets[:200]!r}")

    def number_and(self, name):
        """n of "* n NAME …", else None."""
        return int(self.words[0]) if len(self.words) > 1 and self.words[1] == name else None


class Wire:
    def __init__(self, clock):
        """`clock` counts events of all clients: its numbers stand before the remembered lines."""
        self.clock = clock
        self.said = collections.deque(maxlen=REMEMBERED_LINES)
        self.reader = self.writer = self.pump = None
        self.arrived = asyncio.Queue()

    async def open(self, port, context):
        self.arrived = asyncio.Queue()
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="localhost" if context else None, limit=1 << 24
        )
        self.note("--", b"connected")
        self.pump = asyncio.create_task(self._pump(self.reader, self.arrived))

    def note(self, who, octets):
        self.said.append(f"{self.clock()} {who} {octets[:300].decode('utf-8', 'backslashreplace').rstrip()}")

    def send(self, octets):
        self.note("C:", octets)
        self.writer.write(octets)

    async def receive(self, patience=None):
        """The next response; with `patience` seconds None if none has come by then. Raises Closed."""
        try:
            octets = await asyncio.wait_for(self.arrived.get(), patience or GUARD_SECONDS)
        except asyncio.TimeoutError:
            if patience:
                return None
            raise Violation("the server says nothing") from None
        if octets is None:
            self.note("--", b"closed by the server")
            raise Closed
        self.note("S:", octets)
        return Response(octets)

    def close(self, abrupt=False):
        if not self.writer:
            return
        self.note("--", b"reset" if abrupt else b"closed")
        self.pump.cancel()
        if abrupt:
            self.writer.transport.abort()
        else:
            self.writer.close()
        self.writer = None

    async def _pump(self, reader, arrived):
        octets = b""
        try:
            while line := await reader.readline():
                octets += line
                if literal := LITERAL.search(line):
                    octets += await reader.readexactly(int(literal[1]))
                else:
                    arrived.put_nowait(octets)
                    octets = b""
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        arrived.put_nowait(None)
