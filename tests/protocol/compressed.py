"""The client's side of COMPRESS=DEFLATE (RFC 4978), in place of a Conversation's socket."""

import zlib

READ_OCTETS = 65536


class CompressedSocket:
    """Sends and receives raw DEFLATE; `sent` and `received` count the octets of both kinds."""

    def __init__(self, sock, level=6):
        self._sock = sock
        self._deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self.received, self.inflated = 0, 0

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def sendall(self, octets):
        self._sock.sendall(self._deflate.compress(octets) + self._deflate.flush(zlib.Z_SYNC_FLUSH))

    def recv(self, count):
        """Some text; b"" at the end of the connection only."""
        while octets := self._sock.recv(count):
            self.received += len(octets)
            if text := self._inflate.decompress(octets):
                self.inflated += len(text)
                return text
        return b""

    def wait_for_end(self):
        """Until the server's stream has ended, in which nothing more is said; the octets behind it."""
        while not self.ended_well:
            octets = self._sock.recv(READ_OCTETS)
            assert octets, "the end of the connection, and not of the stream"
            text = self._inflate.decompress(octets)
            assert not text, text
        return self._inflate.unused_data

    @property
    def ended_well(self):
        """The server has ended its stream, and did not only close."""
        return self._inflate.eof

    def finish(self):
        """Ends our stream: nothing more will be said."""
        self._sock.sendall(self._deflate.flush(zlib.Z_FINISH))

    @property
    def raw(self):
        return self._sock


def compress(talk, tag="z"):
    """Says COMPRESS in a session that is logged in; from here on all is compressed."""
    talk.says(f"C: {tag} COMPRESS DEFLATE").until(f"{tag} OK ...")
    assert not talk.pending(), "nothing in the clear follows the reply"
    talk.sock = CompressedSocket(talk.sock)
    return talk
