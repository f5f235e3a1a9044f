"""Mail servers of the test's own, to which ours sends: a polite one, and one that misbehaves.

    with Receiver() as sink:                  # takes everything
        sink.messages[0].recipients
    with Receiver(script={"RCPT": ["451 4.7.1 later"]}) as sink: ...

A script says, for a stage, the replies of the first times it is reached; after
them (and for other stages) the polite reply is given. A reply may be bytes that
are sent as they are, None (the connection is closed), or a callable that gets
the connection's file and may return the code it has said.
"""

import contextlib
import socket
import ssl
import threading

POLITE = {
    "CONNECT": "220 sink.example.net ESMTP",
    "EHLO": None,  # made of the extensions
    "LHLO": None,
    "HELO": "250 sink.example.net",
    "STARTTLS": "220 go",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    ".": "250 2.0.0 taken",
    "RSET": "250 2.0.0 ok",
    "NOOP": "250 2.0.0 ok",
    "NOBODY": "554 5.5.1 no valid recipients",
    "QUIT": "221 2.0.0 bye",
    "AUTH": "235 2.7.0 ok",
}
EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10000000", "DSN", "ENHANCEDSTATUSCODES")


class Message:
    def __init__(self, sender):
        self.sender = sender
        self.mail_line = ""
        self.recipients = []
        self.rcpt_lines = []
        self.octets = b""
        self.tls = None
        self.connection = 0
        self.time = 0.0


class Receiver:
    def __init__(self, script=None, extensions=EXTENSIONS, address="127.0.0.1", port=0,
                 certificate=None, implicit=False, lmtp=False, dice=None, at=None):
        """`dice(stage)` may give a reply in place of the polite one; `at` is a Place to listen at."""
        self.dice = dice
        self.script = {stage: list(replies) for stage, replies in (script or {}).items()}
        self.extensions = list(extensions)
        self.lmtp = lmtp
        self.implicit = implicit
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.set_ciphers("DEFAULT@SECLEVEL=0")  # any key will do
            self.context.load_cert_chain(certificate.certificate, certificate.private_key)
            if not implicit:
                self.extensions.append("STARTTLS")
        self.taken = []
        self.connections = 0
        self.peers = set()  # addresses
        self.lines = []
        self.lock = threading.RLock()
        self.socket = at.socket if at else socket.create_server((address, port))
        self.socket.listen()
        self.address, self.port = self.socket.getsockname()[:2]
        self.open = set()
        self.threads = []
        self.closing = False

    def __enter__(self):
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self.threads.append(thread)
        return self

    def __exit__(self, *exception):
        self.closing = True
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        for thread in self.threads:
            thread.join(10)

    def forgive(self):
        """From now on it is polite."""
        with self.lock:
            self.script.clear()

    @property
    def messages(self):
        """Everything that was taken, from the moment on at which its sender could know that."""
        with self.lock:
            return self.taken

    def delivered(self):
        """(recipient, octets) of everything that was taken."""
        with self.lock:
            return [(r, m.octets) for m in self.taken for r in m.recipients]

    def _accept(self):
        while not self.closing:
            try:
                connection, peer = self.socket.accept()
            except OSError:
                continue
            with self.lock:
                self.connections += 1
                self.peers.add(peer[0])
                number = self.connections
                self.open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection, number), daemon=True)
            thread.start()
            self.threads.append(thread)

    def _serve(self, connection, number):
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.implicit:
                connection = self.context.wrap_socket(connection, server_side=True)
            _Talk(self, connection, number).run()
        except (OSError, ssl.SSLError, _Gone):
            pass
        finally:
            with self.lock:
                self.open.discard(connection)
            connection.close()

    def reply_to(self, stage):
        with self.lock:
            waiting = self.script.get(stage)
            if waiting:
                return waiting.pop(0)
            if self.dice and (reply := self.dice(stage)) is not False:
                return reply
        if stage in ("EHLO", "LHLO"):
            lines = ["sink.example.net", *self.extensions]
            return "\r\n".join(
                f"250{' ' if i == len(lines) - 1 else '-'}{line}" for i, line in enumerate(lines)
            )
        return POLITE.get(stage, "500 5.5.1 what?")


class _Gone(Exception):
    pass


class _Talk:
    def __init__(self, receiver, connection, number):
        self.receiver = receiver
        self.connection = connection
        self.file = connection.makefile("rwb")
        self.number = number
        self.message = None
        self.tls = None

    def say(self, stage):
        return self.answer(self.receiver.reply_to(stage))

    def answer(self, reply):
        """The reply's code, as an int; 0 when it was octets of its own."""
        if reply is None:
            raise _Gone
        if callable(reply):
            return reply(self.file) or 0
        if isinstance(reply, str):
            reply = reply.encode() + b"\r\n"
        self.file.write(reply)
        self.file.flush()
        return int(reply[:3]) if reply[:3].isdigit() else 0

    def run(self):
        self.say("CONNECT")
        while True:
            line = self.file.readline()
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            with self.receiver.lock:
                self.receiver.lines.append(text)
            stage = text.split(" ")[0].split(":")[0].upper()
            if stage == "RCPT" and not self.message:
                self.say("NOBODY")
                continue
            if stage == "DATA" and not (self.message and self.message.recipients):
                self.say("NOBODY")
                continue
            code = self.say(stage)
            if stage == "STARTTLS" and code == 220:
                self.file.close()
                self.connection = self.receiver.context.wrap_socket(
                    self.connection, server_side=True
                )
                self.tls = self.connection.version()
                self.file = self.connection.makefile("rwb")
            elif stage == "MAIL" and code == 250:
                self.message = Message(text[text.index("<") + 1 : text.index(">")])
                self.message.mail_line = text
            elif stage == "RCPT" and code == 250:
                self.message.recipients.append(text[text.index("<") + 1 : text.index(">")])
                self.message.rcpt_lines.append(text)
            elif stage == "DATA" and code == 354:
                self.take()
            elif stage == "RSET":
                self.message = None
            elif stage == "QUIT":
                return

    def take(self):
        octets = b""
        while True:
            line = self.file.readline()
            if not line.endswith(b"\n"):
                raise _Gone
            assert line.endswith(b"\r\n") and b"\r" not in line[:-2], line
            if line == b".\r\n":
                break
            octets += line[1:] if line.startswith(b".") else line
        message, self.message = self.message, None
        message.octets = octets
        message.tls = self.tls
        message.connection = self.number
        each = message.recipients if self.receiver.lmtp else [None]
        replies = [self.receiver.reply_to(".") for _ in each]
        # Who reads the reply finds the message. A callable may wait for others, who need the lock.
        waits = any(callable(reply) for reply in replies)
        with contextlib.nullcontext() if waits else self.receiver.lock:
            good = [r for r, reply in zip(each, replies) if self.answer(reply) == 250]
            if self.receiver.lmtp:
                message.recipients = good
            if good:
                with self.receiver.lock:
                    self.receiver.taken.append(message)
