"""A conversation with a line server, written down the way the RFCs write it.

    C: text     send the line (CRLF added)
    S: text     the next line must match
    S* text     one of the next lines must match, in any order
    ...         anything to the end of the line
    <name>      capture one word the first time, require the same word after

A line that does not match fails with the whole conversation so far. Lines that
begin with none of the three marks are a mistake in the script, not a comment.

Every wait has a guard, long enough that only a hung server reaches it: no test
passes or fails by the clock.
"""

import re
import socket
import ssl
import struct

GUARD_SECONDS = 300
READ_OCTETS = 65536


class Mismatch(AssertionError):
    """The server said something else; the text is the whole conversation."""


class Conversation:
    def __init__(self, sock, host="127.0.0.1", tls=None, guard=GUARD_SECONDS):
        """`tls` is the ssl.SSLContext that starttls() will use; `host` the name it checks."""
        self.sock, self.host, self.tls = sock, host, tls
        self.seen, self.words = [], {}
        self.split = False  # True: every octet goes out alone
        self._input = bytearray()
        self._eof = False
        sock.settimeout(guard)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- the language ----

    def says(self, script):
        """Plays the script; returns self, so that calls can be chained."""
        anyorder = []
        for raw in script.strip().splitlines():
            kind, _, text = raw.strip().partition(" ")
            if kind != "S*":
                self._take_anyorder(anyorder)
            if kind == "C:":
                self.send_line(text)
            elif kind == "S:":
                self.expect(text)
            elif kind == "S*":
                anyorder.append(text)
            elif kind:
                raise ValueError(f"no C:, S: or S* at the start of: {raw.strip()}")
        self._take_anyorder(anyorder)
        return self

    def expect(self, wanted):
        """The next line must match; returns it, without its CRLF."""
        line = self._read_noted()
        return line if self._match(line, wanted) else self._fail(wanted)

    def until(self, wanted):
        """Reads past whatever comes until the line `wanted`."""
        while not self._match(line := self._read_noted(), wanted):
            if line is None:
                self._fail(wanted)
        return self

    def closes(self):
        """The server must have nothing more to say and close the connection."""
        line = self._read_noted()
        if line is not None:
            self._fail("the end of the connection")
        return self

    # ---- lines and octets ----

    def send(self, octets):
        """Sends octets as they are; one segment each when `split` is set."""
        if self.split:
            for i in range(len(octets)):
                self.sock.sendall(octets[i : i + 1])
        else:
            self.sock.sendall(octets)
        return self

    def send_line(self, text):
        self.seen.append("C: " + text)
        return self.send(text.encode() + b"\r\n")

    def send_data(self, octets):
        """Sends a message the way DATA wants it: dots stuffed, ended by a line with a dot."""
        self.seen.append(f"C: ({len(octets)} octets of message)")
        end = b".\r\n" if octets.endswith(b"\r\n") or not octets else b"\r\n.\r\n"
        return self.send(re.sub(rb"(\A|\r\n)\.", rb"\1..", octets) + end)

    def send_chunk(self, octets):
        """Sends octets and notes only how many: BDAT."""
        self.seen.append(f"C: ({len(octets)} octets)")
        return self.send(octets)

    def finish_sending(self):
        """Half-closes: the server sees the end of input and may still answer."""
        self.seen.append("C: <end of input>")
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def read_line(self):
        """One line with its end, as octets; b"" at the end of the connection."""
        while (at := self._input.find(b"\n")) < 0 and self._fill():
            pass
        return self._take(at + 1 if at >= 0 else len(self._input))

    def read_octets(self, count):
        """Exactly `count` octets, or all there are before the end of the connection."""
        while len(self._input) < count and self._fill():
            pass
        return self._take(count)

    def read_dotted(self):
        """The rest of a multi-line POP3 answer, dots unstuffed, without its last line (RFC 1939 3)."""
        octets = self._take(self._wait_for_dot())
        self._take(len(b".\r\n"))
        self.seen.append(f"S: ({len(octets)} octets and a line with a dot)")
        return re.sub(rb"(\A|\r\n)\.", rb"\1", octets)

    def read_lines(self):
        """The same as a list of text lines: UIDL, LIST, CAPA."""
        return self.read_dotted().decode("utf-8", "backslashreplace").splitlines()

    def pending(self):
        """Octets that have arrived and that nobody has read; waits for none."""
        guard = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            while octets := self.sock.recv(READ_OCTETS):
                self._input += octets
            self._eof = True
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        finally:
            self.sock.settimeout(guard)
        return bytes(self._input)

    # ---- TLS and the end ----

    def starttls(self):
        """Shakes hands on the connection as it is; the command and its reply have been said."""
        if self._input:
            self._fail("nothing between the reply to STARTTLS and the handshake")
        self.sock = self.tls.wrap_socket(self.sock, server_hostname=self.host)
        self.seen.append(f"-- {self.sock.version()}")
        return self

    def close(self):
        self.sock.close()

    def abort(self):
        """Drops the connection by a reset, as a machine that lost its power would."""
        raw = struct.pack("ii", 1, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, raw)
        self.sock.close()

    def __str__(self):
        return "\n".join(self.seen)

    # ---- inside ----

    def _fill(self):
        if self._eof:
            return False
        try:
            octets = self.sock.recv(READ_OCTETS)
        except TimeoutError:
            self.seen.append("-- the server says nothing and does not close")
            self._fail("any answer")
        except (ConnectionResetError, BrokenPipeError):
            octets = b""
        self._input += octets
        self._eof = not octets
        return bool(octets)

    def _take(self, count):
        octets = bytes(self._input[:count])
        del self._input[:count]
        return octets

    def _wait_for_dot(self):
        looked_at = 0
        while not self._input.startswith(b".\r\n"):
            at = self._input.find(b"\r\n.\r\n", looked_at)
            if at >= 0:
                return at + 2
            looked_at = max(0, len(self._input) - 4)
            if not self._fill():
                self._fail("a line with a single dot")
        return 0

    def _read_noted(self):
        """Text without its CRLF; a line that ends otherwise keeps its end; None at the end."""
        octets = self.read_line()
        if not octets:
            self.seen.append("S: <closed>")
            return None
        text = octets.decode("utf-8", "backslashreplace")
        self.seen.append("S: " + (text[:-2] if text.endswith("\r\n") else repr(text)))
        return text[:-2] if text.endswith("\r\n") else text

    def _pattern(self, text):
        out, named = [], set()
        for part in re.split(r"(<\w+>|\.\.\.)", text):
            word = part[1:-1]
            if part == "...":
                out.append(r".*")
            elif not re.fullmatch(r"<\w+>", part):
                out.append(re.escape(part))
            elif word in self.words:
                out.append(re.escape(self.words[word]))
            elif word in named:
                out.append(f"(?P={word})")
            else:
                named.add(word)
                out.append(rf"(?P<{word}>[^\s\])]+)")
        return re.compile("".join(out))

    def _match(self, line, wanted):
        if line is None:
            return False
        found = self._pattern(wanted).fullmatch(line)
        if found:
            self.words.update(found.groupdict())
        return bool(found)

    def _take_anyorder(self, wanted):
        while wanted:
            line = self._read_noted()
            hit = next((w for w in wanted if self._match(line, w)), None)
            if hit is None:
                self._fail(" or ".join(wanted))
            wanted.remove(hit)

    def _fail(self, wanted):
        raise Mismatch("\n".join(self.seen) + f"\n   wanted: {wanted}")
