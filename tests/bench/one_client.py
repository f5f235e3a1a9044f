"""One IMAP client with a mailbox of many messages: how long each command takes."""

import socket
import time

HEADERS = "FROM TO CC SUBJECT DATE MESSAGE-ID REFERENCES CONTENT-TYPE"
ENVELOPES = "FETCH 1:* (FLAGS UID RFC822.SIZE ENVELOPE)"
HEADER_FIELDS = f"UID FETCH 1:* (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS ({HEADERS})])"
TAIL = 4096  # octets in which the tagged line of an answer fits, with all capabilities


class Client:
    """Reads no more of an answer than its end."""

    def __init__(self, target, user):
        self.sock = socket.create_connection((target.host, target.ports["imap"]), 120)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.room = memoryview(bytearray(1 << 20))
        self.sock.recv(4096)
        self.do(f'LOGIN "{user}" "{target.password}"')

    def do(self, command):
        """Milliseconds, and the octets of the answer."""
        began = time.monotonic()
        self.sock.sendall(f"a {command}\r\n".encode())
        tail, octets = b"", 0
        while True:
            n = self.sock.recv_into(self.room)
            if n == 0:
                raise ConnectionError(f"{command}: the server has closed the connection")
            octets += n
            tail = (tail + bytes(self.room[max(0, n - TAIL) : n]))[-TAIL:]
            last = tail[:-2].rpartition(b"\r\n")[2]
            if tail.endswith(b"\r\n") and last.startswith(b"a "):
                break
        if not last.startswith(b"a OK"):
            raise RuntimeError(f"{command}: {last.decode()}")
        return 1e3 * (time.monotonic() - began), octets

    def close(self):
        self.do("LOGOUT")
        self.sock.close()


class Times:
    def __init__(self, client):
        self.client = client
        self.seen = {}
        self.octets = {}

    def do(self, name, command, times=1):
        for _ in range(times):
            ms, self.octets[name] = self.client.do(command)
            self.seen.setdefault(name, []).append(ms)

    def result(self):
        """The best of each: noise only adds. Of what is named "first" there is one."""
        return {name: min(ms) for name, ms in self.seen.items()}


def look(times):
    times.do("select", "SELECT INBOX")
    times.do("envelope_first", ENVELOPES)
    times.do("envelope", ENVELOPES, 8)
    times.do("headers_first", HEADER_FIELDS)
    times.do("headers", HEADER_FIELDS, 8)
    times.do("flags", "FETCH 1:* (UID FLAGS)", 20)
    times.do("bodies", "FETCH 1:* (UID BODY.PEEK[])", 5)
    times.do("search_from", 'UID SEARCH FROM "number 4711"', 3)
    times.do("search_body", "UID SEARCH BODY xylophone", 3)
    # Too short for an index of ours: all mail is looked through.
    times.do("search_scan", "UID SEARCH BODY qz", 3)


def change(times):
    for _ in range(5):
        times.do("store", "STORE 1:* +FLAGS (\\Flagged)")
        times.do("store", "STORE 1:* -FLAGS (\\Flagged)")
    boxes = ["bench1", "bench2", "bench3"]
    for box in boxes:
        times.client.do(f"CREATE {box}")
        times.do("copy", f"COPY 1:* {box}")
    times.client.do("CREATE bench4")
    for source, to in (("bench1", "bench4"), ("bench4", "bench1"), ("bench1", "bench4")):
        times.client.do(f"SELECT {source}")
        times.do("move", f"MOVE 1:* {to}")
    for box in ("bench2", "bench3", "bench4"):
        times.client.do(f"SELECT {box}")
        times.do("silent", "STORE 1:* +FLAGS.SILENT (\\Flagged)")
        times.do("silent", "STORE 1:* +FLAGS.SILENT (\\Deleted)")
        times.do("expunge", "EXPUNGE")
    times.client.do("SELECT INBOX")
    for box in (*boxes, "bench4"):
        times.client.do(f"DELETE {box}")


def empty(target, user):
    client = Client(target, user)
    client.do("SELECT INBOX")
    client.do("UID STORE 1:4294967295 +FLAGS.SILENT (\\Deleted)")
    client.do("EXPUNGE")
    client.close()


def measure(target, user):
    """Milliseconds of each command, and bodies_mb: MB/s."""
    times = Times(Client(target, user))
    look(times)
    for _ in range(2):  # a server may know the mailbox that a connection has selected already
        times.client.close()
        times.client = Client(target, user)
        times.do("select", "SELECT INBOX")
    change(times)
    times.client.close()
    out = times.result()
    out["bodies_mb"] = times.octets["bodies"] / 1e3 / out["bodies"]
    return out
