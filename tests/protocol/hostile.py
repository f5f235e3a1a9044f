"""Random sessions of a hostile peer: valid commands, mutated ones, and ends at any moment.

    ids = run_sessions(server, seed=1, count=300, users=["alice", "carol"], deleter="bob")

A session is made from its number and the seed alone, so one that did harm can
be run again: `Session(server, seed, number, …).run()`. What it sends does not depend on
what it is told, except that a handshake waits for the word that allows it.
"""

import base64
import concurrent.futures
import random
import re
import socket
import ssl
import struct

SESSIONS_AT_ONCE = 24
PATIENCE_SECONDS = 0.05  # for a reply that may never come
GO_AHEAD_SECONDS = 2  # for the word that allows a handshake, if it was asked for well
GUARD_SECONDS = 300  # for what must come: only a hung server takes so long
SERVICES = ("smtp", "smtp", "smtp", "submission", "submissions", "pop3", "pop3s", "imap", "imaps", "imaps")
NOISE = (b"\r", b"\n", b"\0", b".", b"\r\n", b"\r\n.\r\n", b"\n.\n", b"\r.\r", b" ", b"\xff", b"<", b">", b"@")
NOISE += (b"\xe2\x80\xae", b"\x1b[2J", b"%n%s", b"'", b'"', b"\\", b"=", b"*", b"\x16\x03\x01\x02\x00\x01")


class Session:
    def __init__(self, server, seed, number, users, deleter):
        """`users` get mail and lose none; `deleter` deletes by POP3."""
        self.server, self.users, self.deleter = server, users, deleter
        self.random = random.Random(f"{seed}.{number}")
        self.service = self.random.choice(SERVICES)
        self.mutation = self.random.choice((0, 0, 0, 0.02, 0.1, 0.4))
        self.stored, self.text = [], b""

    # ---- what is said ----

    def chance(self, probability):
        return self.random.random() < probability

    def mutate(self, octets):
        r, out = self.random, bytearray(octets)
        if r.random() >= self.mutation:
            return bytes(out)
        for _ in range(r.choice((1, 1, 1, 2, 5))):
            at = r.randrange(len(out) + 1)
            kind = r.randrange(5)
            if kind == 0 and out:
                del out[at : at + r.choice((1, 1, 2, 10))]
            elif kind == 1 and at < len(out):
                out[at] ^= 1 << r.randrange(8)
            elif kind == 2:
                out[at:at] = out[max(0, at - 9) : at] * r.choice((1, 2, 300))
            elif kind == 3:
                out[at:at] = r.choice(NOISE)
            else:
                out[at:at] = r.choice((b"A", b" ", b"(", b"<", b"=")) * r.choice((70, 600, 3000, 13000))
        return bytes(out)

    def words(self, *choices):
        return self.random.choice(choices)

    def address(self):
        user = self.random.choice(self.users)
        if self.chance(0.7):
            return f"<{user}@example.org>"
        local = self.words(user, user, user, f'"{user}"', f"{user}+x", "nobody", "postmaster", '"a b"', "ä")
        domain = self.words("example.org", "example.org", "EXAMPLE.org", "[127.0.0.1]", "example.net", "")
        return self.words("<%s>", "<%s>", "<%s>", "<@a,@b:%s>", "%s", " <%s>") % (
            f"{local}@{domain}" if domain else local
        )

    def message(self):
        r = self.random
        head = f"From: {r.choice(self.users)}@example.org\r\nSubject: {r.random()}\r\n"
        head += self.words("", "Bcc: x@y\r\n", "Content-Type: multipart/mixed; boundary=b\r\n", " odd\r\n")
        lines = (b"\r\n", b".\r\n", b"..\r\n", b"--b\r\n", b"text\r\n", b"\xc3\xa4\r\n", b"a\n.\n", b"\r.\r", b"x" * 999)
        body = b"".join(r.choice(lines) for _ in range(r.randrange(30)))
        return self.mutate(head.encode() + b"\r\n" + body * self.words(1, 1, 1, 1, 200, 3000) + b"\r\n")

    def auth(self):
        user, r = self.random.choice(self.users), self.random
        password = self.server.passwords[user] if self.chance(0.7) else "wrong"
        plain = base64.b64encode(f"\0{user}\0{password}".encode())
        name = base64.b64encode(user.encode())
        secret = base64.b64encode(password.encode())
        scram = base64.b64encode(f"n,,n={user},r={r.random()}".encode())
        return self.words(
            [b"AUTH PLAIN " + plain],
            [b"AUTH PLAIN", plain],
            [b"AUTH PLAIN", b"*"],
            [b"AUTH LOGIN " + name, secret],
            [b"AUTH LOGIN", name, secret],
            [b"AUTH SCRAM-SHA-256", scram, base64.b64encode(b"c=biws,r=x,p=AAAA")],
            [b"AUTH SCRAM-SHA-1-PLUS", scram, b"*"],
            [b"AUTH", b"AUTH =", b"AUTH PLAIN ="],
        )

    def smtp_commands(self):
        """One time through what a client may say; each element is sent as it is."""
        r, out = self.random, []
        mail = f"MAIL FROM:{self.words('<>', self.address())}"
        mail += self.words("", "", " SIZE=100", " BODY=8BITMIME SMTPUTF8", " SIZE=99999999999999999999")
        out.append(mail.encode())
        out += [b"RCPT TO:" + self.address().encode() for _ in range(r.choice((1, 1, 2, 5)))]
        message = self.message()
        if self.chance(0.5):
            stuffed = re.sub(rb"(\A|\r\n)\.", rb"\1..", message)
            out += [b"DATA", [stuffed + b".\r\n"]]
        else:
            while message:
                chunk, message = message[: (n := r.choice((1, 7, 100, 5000, 10**6)))], message[n:]
                last = b"" if message or self.chance(0.2) else b" LAST"
                out.append([b"BDAT %d%s\r\n" % (len(chunk), last) + chunk])
        extra = (b"RSET", b"NOOP", b"HELP MAIL", b"VRFY x", b"EHLO again", b"QUIT", b"ETRN x", b"GET / HTTP/1.1", b"DATA")
        for _ in range(r.choice((0, 0, 1, 3))):
            out.insert(r.randrange(len(out) + 1), r.choice(extra))
        return out

    def smtp(self):
        out = [b"EHLO " + self.words(b"client.example.net", b"[127.0.0.1]", b"x" * 300)]
        if self.service != "submissions" and self.chance(0.5):
            out += [b"STARTTLS", None, b"EHLO client"]
        if self.service != "smtp" or self.chance(0.1):
            out += self.auth()
        for _ in range(self.random.choice((1, 1, 2, 4))):
            out += self.smtp_commands()
        return out + self.words([], [b"QUIT"], [b"STARTTLS"])

    def pop3(self):
        """QUIT only for the deleter: what others have marked must still be there."""
        r, out = self.random, []
        if self.service == "pop3" and self.chance(0.9):
            out += [b"STLS", None]
        user = r.choice((self.users[0], self.deleter))
        if self.chance(0.3):
            out += self.auth()
            user = None
        else:
            out += [b"USER " + user.encode(), b"PASS " + self.server.passwords[user].encode()]
        one = (b"STAT", b"LIST", b"UIDL", b"LIST 1", b"UIDL 2", b"RETR 1", b"RETR 2", b"TOP 1 3", b"DELE 1", b"DELE 2")
        one += (b"RSET", b"NOOP", b"CAPA", b"UTF8", b"LANG *", b"RETR 4294967296", b"DELE 0", b"TOP 1 -1", b"STLS", b"AUTH")
        out += [r.choice(one) for _ in range(r.choice((1, 5, 40)))]
        return out + ([b"QUIT"] if user == self.deleter and self.chance(0.6) else [])

    def mailbox(self):
        names = ("INBOX", "inbox", "Sent", "Drafts", "a", "a/b", "a/b/c", '"a b"', "&AOQ-", "{1}\r\na", "{3+}\r\na/b", '""')
        return self.words(*names, "*", "%", "Nobody", "a//b", "x" * 300, "Trash", "INBOX/x", '"\\"')

    def numbers(self):
        return self.words("1", "1", "1:*", "*", "1:3,2", "4:2", "*:4294967295", "1,1,1", "0", "99", "1:*,2:*")

    def items(self):
        one = ("FLAGS", "UID", "ENVELOPE", "BODYSTRUCTURE", "BODY", "INTERNALDATE", "RFC822.SIZE", "BODY[]", "PREVIEW")
        one += ("BODY.PEEK[]<0.10>", "BODY[HEADER.FIELDS (Subject X)]", "BODY[1.MIME]", "BODY[1.1.1]")
        one += ("BODY[TEXT]<5.4294967295>", "BODY[]<0.1>")
        one += ("RFC822", "BINARY[1]", "BINARY.SIZE[1]", "MODSEQ", "EMAILID", "THREADID", "ALL", "FULL", "SAVEDATE")
        some = [self.random.choice(one) for _ in range(self.random.choice((1, 1, 2, 6)))]
        return some[0] if len(some) == 1 else f"({' '.join(some)})"

    def keys(self, depth=3):
        r = self.random
        simple = ("ALL", "UNSEEN", "SEEN", "DELETED", "NOT SEEN", "TEXT x", 'SUBJECT "0."', "BODY {1}\r\nx", "LARGER 10")
        simple += ("SINCE 1-Jan-2000", "UID 1:*", "1:*", "HEADER X y", "KEYWORD $Junk", "SENTBEFORE 2-Feb-2030")
        simple += ("$", "OLDER 5")
        if depth and r.random() < 0.5:
            one, two = self.keys(depth - 1), self.keys(depth - 1)
            return self.words(f"OR {one} {two}", f"({one} {two})", f"NOT {one}", f"{one} {two}")
        return r.choice(simple)

    def append(self):
        message = self.message().replace(b"\0", b"")
        flags, plus = self.words("", "(\\Seen) ", "(\\Seen k $x) "), self.words("", "+", "+")
        head = f"APPEND {self.mailbox()} {flags}{{{len(message)}{plus}}}\r\n".encode()
        return [head + message]

    def imap_harm(self):
        """What no client means well with."""
        n = self.random.choice((2, 50, 5000))
        return self.words(
            f"SEARCH {'(' * n}ALL{')' * n}",
            f"SEARCH {'NOT ' * n}ALL",
            f"SEARCH {'OR TEXT a ' * n}ALL",
            f"FETCH {'1:*,' * n}1 UID",
            f"UID FETCH {','.join(str(i) for i in range(2 * n, 1, -2))} FLAGS",
            f"UID STORE 1:4294967295 +FLAGS.SILENT ({' '.join(f'k{i}' for i in range(n))})",
            f"FETCH 1 ({' '.join(['BODY.PEEK[]'] * n)})",
            f"FETCH 1 BODY[{'.'.join('1' * n)}.MIME]",
            "FETCH 1:* BODY.PEEK[]<4294967295.4294967295>",
            f'LIST "" {"*%" * n}',
            f'LIST "" {"*a%" * n}',
            f"CREATE {'/'.join('d' * n)}",
            f"SELECT {{{n}+}}\r\n{{{n}+}}\r\nx",
            f"LOGIN {{{2**64 - 1 if n > 50 else 2**32}+}}\r\nx",
            "SELECT {-1}",
            "APPEND INBOX {18446744073709551616}",
            "APPEND INBOX" + " {1+}\r\nx" * n,
            "\r\n".join(["NOOP", *(f"p{i} STORE 1:* +FLAGS (k{i % 9})" for i in range(n // 10))]),
            "COPY 1:* INBOX",
        ).encode()

    def imap_command(self):
        if self.chance(0.1):
            return self.imap_harm()
        uid, box, other = self.words("", "", "UID "), self.mailbox(), self.mailbox()
        flags = self.words("\\Seen", "\\Deleted", "(\\Deleted $Junk)", "k", "(a b c d e)", "\\Recent", "()")
        return self.words(
            f"SELECT {box}",
            "SELECT INBOX",
            f"EXAMINE {box}",
            f"{uid}FETCH {self.numbers()} {self.items()}",
            f"{uid}FETCH {self.numbers()} {self.items()}",
            f"{uid}STORE {self.numbers()} {self.words('+', '-', '')}FLAGS{self.words('', '.SILENT')} {flags}",
            f"{uid}SEARCH {self.words('', 'RETURN (ALL COUNT) ', 'RETURN (SAVE) ', 'CHARSET UTF-8 ')}{self.keys()}",
            f"{uid}COPY {self.numbers()} {box}",
            f"{uid}MOVE {self.numbers()} {box}",
            f"LIST {other} {box}",
            f'LIST (SUBSCRIBED) "" (* {box}) RETURN (CHILDREN STATUS (MESSAGES SIZE))',
            f"STATUS {box} (MESSAGES UIDNEXT UNSEEN SIZE)",
            f"CREATE {box}",
            f"DELETE {box}",
            f"RENAME {box} {other}",
            f"SUBSCRIBE {box}",
            f"LSUB {other} {box}",
            "EXPUNGE",
            "UID EXPUNGE 1:*",
            "CLOSE",
            "UNSELECT",
            "NOOP",
            "CHECK",
            "IDLE\r\nDONE",
            "IDLE",
            "NAMESPACE",
            'ID ("name" NIL)',
            "ENABLE IMAP4rev2 UTF8=ACCEPT",
            "STARTTLS",
            "LOGOUT",
            "CAPABILITY",
            "X",
        ).encode()

    def imap(self):
        """As the deleter: nobody else's mail may move."""
        user, r = self.deleter, self.random
        out = [b"a STARTTLS", None] if self.service == "imap" and self.chance(0.9) else []
        plain = base64.b64encode(f"\0{user}\0{self.server.passwords[user]}".encode())
        login = b"b AUTHENTICATE PLAIN " + plain
        out.append(self.words(login, login, b"b AUTHENTICATE PLAIN\r\n" + plain, b"b LOGIN x {1+}\r\ny"))
        out += [login] * self.chance(0.5) + [b"c SELECT INBOX"]
        for number in range(r.choice((1, 3, 10, 30))):
            command = [self.append()[0] + b"\r\n"] if self.chance(0.1) else self.imap_command()
            tag = b"t%d " % number
            out.append([tag + command[0]] if isinstance(command, list) else tag + command)
        return out

    def script(self):
        kind = self.service.removesuffix("s") if self.service != "submissions" else "smtp"
        makers = {"smtp": self.smtp, "submission": self.smtp, "pop3": self.pop3, "imap": self.imap}
        out = []
        for item in makers[kind]():
            if isinstance(item, bytes):
                item = self.mutate(item + b"\r\n")
            out.append(item[0] if isinstance(item, list) else item)
        return out

    # ---- how it is said ----

    def run(self):
        """The ids of the messages that the server says it has stored."""
        try:
            with socket.create_connection(("127.0.0.1", self.server.ports[self.service])) as self.sock:
                self.talk()
        except (OSError, ssl.SSLError, ValueError):
            pass  # the server may hang up on such a client
        return re.findall(rb"^250 2\.0\.0 Stored as (\w+)", self.text, re.MULTILINE)

    def talk(self):
        self.sock.settimeout(GUARD_SECONDS)
        if self.service in ("submissions", "pop3s", "imaps"):
            if self.chance(0.05):
                self.sock.sendall(b"EHLO not.tls\r\n" * 3)
            self.start_tls()
        script, pipelined = self.script(), self.chance(0.4)
        if self.chance(0.3):
            script = script[: self.random.randrange(len(script) + 1)]
        waiting = b""
        for item in script:
            if item is None:
                self.send(waiting)
                waiting = b""
                self.listen(GO_AHEAD_SECONDS)
                self.start_tls()
            elif pipelined:
                waiting += item
            else:
                self.send(item)
                if self.chance(0.8):
                    self.listen(PATIENCE_SECONDS)
        self.send(waiting)
        self.leave()

    def send(self, octets):
        if self.chance(0.05):
            octets = octets[: self.random.randrange(len(octets) + 1)]
        pieces = self.random.choice((1, 1, 1, 2, 5, 20))
        cuts = sorted(self.random.randrange(len(octets) + 1) for _ in range(pieces - 1))
        for start, end in zip([0, *cuts], [*cuts, len(octets)]):
            self.sock.sendall(octets[start:end])

    def start_tls(self):
        if self.chance(0.03):
            self.sock.sendall(self.random.randbytes(60))
        self.sock = self.server.tls.wrap_socket(self.sock, server_hostname="127.0.0.1")

    def listen(self, patience):
        self.sock.settimeout(patience)
        try:
            while octets := self.sock.recv(65536):
                self.text += octets
                if octets.endswith(b"\n"):
                    break
        except TimeoutError:
            pass
        self.sock.settimeout(GUARD_SECONDS)

    def leave(self):
        how = self.random.randrange(5)
        if how == 0:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif how < 3:
            # All that it has said is answered, however long that takes. Of TCP alone: an
            # SSLSocket's own method would leave it without its keys.
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            self.listen_to_the_end()
        elif how == 3:
            self.listen(PATIENCE_SECONDS * 4)
        else:
            self.sock.settimeout(PATIENCE_SECONDS * 4)
            self.listen_to_the_end()
        self.sock.close()

    def listen_to_the_end(self):
        while octets := self.sock.recv(65536):
            self.text += octets


def numbers_of(server):
    """`mailserverctl status`, name → value."""
    return dict(line.split("\t") for line in server.ctl("status").splitlines())


def resident(server):
    """Octets of memory that the daemon holds."""
    with open(f"/proc/{server.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024


def run_sessions(server, seed, count, users, deleter):
    """Many at once; the ids of all messages that were acknowledged."""
    with concurrent.futures.ThreadPoolExecutor(SESSIONS_AT_ONCE) as pool:
        sessions = [pool.submit(Session(server, seed, n, users, deleter).run) for n in range(count)]
        return [mail_id for s in sessions for mail_id in s.result()]
