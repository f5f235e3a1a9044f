"""One random client of the model checker: it says what mail programs say and checks every answer.

A client pipelines up to four commands; the server answers them in order, so the oldest is the one
a response belongs to. Message numbers are used only where no EXPUNGE can come before the server
reads them (RFC 9051 5.5).
"""

import random

from ledger import FOREVER, FlagChange, octets_of, token_of
from imap_answer import pairs
from resync import LEVELS, Memory
from view import UidView, View
from wire import Closed, Violation, Wire

FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$Forwarded", "$Junk", "Later", "work-1", "work-2")
FIXED = ("INBOX", "Work")  # never removed
MOVABLE = ("Churn", "Churn/a", "Other")
CROWDED = 120  # messages from which more are deleted than made
PATIENCE_SECONDS = 0.03  # how long IDLE listens in the storm; nothing is concluded from it
# What may be refused because another client was faster.
RACES = ("TRYCREATE", "NONEXISTENT", "ALREADYEXISTS", "EXPUNGEISSUED", "CANNOT", "INUSE", "HASCHILDREN", "MODIFIED")


class Command:
    def __init__(self, text, numbers=False, literal=None, done=None):
        """`numbers`: no EXPUNGE may be told in it; `done(command)` is called with its status and code."""
        self.text, self.numbers, self.literal, self.done = text, numbers, literal, done
        self.tag, self.start, self.status, self.code = None, 0, None, ""
        self.token, self.flags = None, frozenset()  # what it stores
        self.copied = (None, (), None)  # from which box what UIDs where
        self.memory = None  # of SELECT: what it knew; None again when that is part of the view
        self.earlier, self.fetched = set(), False  # VANISHED (EARLIER); FETCH has been told in it


class Client:
    def __init__(self, number, seed, ledger, server, user, home):
        """`home` is the mailbox it selects, None: any."""
        self.number, self.ledger, self.server, self.user, self.home = number, ledger, server, user, home
        self.random = random.Random(f"{seed}.{number}")
        self.wire = Wire(ledger.clock)
        self.rev2 = self.random.random() < 0.4
        self.level = self.random.choice(LEVELS)
        self.uidonly = self.level == "uidonly"
        self.qresync = self.uidonly or self.level == "qresync"
        self.memories = {}  # by name of the mailbox
        self.session, self.sessions, self.tags, self.tokens = None, 0, 0, 0
        self.view, self.name, self.queue, self.idling = None, None, [], False
        self.commands = 0

    # ---- life ----

    async def connect(self):
        self.sessions += 1
        self.session = f"{self.number}.{self.sessions}"
        self.view, self.queue, self.idling = None, [], False
        await self.wire.open(self.server.ports["imaps"], self.server.tls)
        await self.wire.receive()
        await self.run(Command(f'LOGIN {self.user} "{self.server.passwords[self.user]}"'))
        if self.rev2:
            await self.run(Command("ENABLE IMAP4rev2"))
        if self.level != "none":
            await self.run(Command("ENABLE QRESYNC UIDONLY" if self.uidonly else f"ENABLE {self.level.upper()}"))

    def leave(self, abrupt=False):
        self.wire.close(abrupt)
        self.view, self.queue, self.idling = None, [], False

    async def ensure_selected(self):
        while self.view is None:
            if not self.wire.writer:
                await self.connect()
            await self.select()

    async def select(self, name=None, how=None):
        name = name or self.home or self.random.choice(FIXED + MOVABLE)
        how = how or self.random.choice(("SELECT",) * 4 + ("EXAMINE",))
        self.name, self.read_only = name, how == "EXAMINE"
        memory = self.memories.get(name) if self.random.random() < 0.9 else None
        command = Command(f'{how} "{name}"' + (memory.parameter(self.random, not self.uidonly) if memory else ""))
        command.memory = memory
        await self.run(command)
        if command.status != "OK":
            self.view = None
            if name in FIXED:
                raise Violation(f"{how} {name}: {command.code}")
            return
        if self.view is None or self.view.box is None or self.view.uidnext is None:
            raise Violation(f"{how} said too little")
        if not memory or memory.uidvalidity != self.view.box.uidvalidity:
            await self.run(self.fetch_all())
        elif not self.view.all_known():
            first = max((m.uid for m in self.view.known()), default=0) + 1
            await self.run(Command(f"UID FETCH {first}:* (FLAGS)"))

    # ---- saying and hearing ----

    async def run(self, *commands):
        """Pipelines the commands and takes their answers."""
        for command in commands:
            await self._say(command)
        while self.queue:
            await self.hear()

    async def _say(self, command):
        self.tags += 1
        self.commands += 1
        command.tag, command.start = f"t{self.tags}", self.ledger.tick()
        self.queue.append(command)
        octets = f"{command.tag} {command.text}".encode()
        if command.literal is not None:
            octets += b" {%d+}\r\n" % len(command.literal) + command.literal
        self.wire.send(octets + b"\r\n")

    async def hear(self, patience=None):
        response = await self.wire.receive(patience)
        if response is None:
            return False
        self.ledger.tick()
        if response.tag == "*":
            self._untagged(response)
        elif response.tag != "+":
            self._tagged(response)
        return True

    def _tagged(self, response):
        if not self.queue or response.tag != self.queue[0].tag:
            raise Violation(f"{response.tag} was answered out of its turn")
        self._resume(self.queue[0])
        command = self.queue.pop(0)
        command.status, code = response.status, response.code
        if self.view and code.startswith("HIGHESTMODSEQ "):
            self._highest(int(code.split(" ")[1]))
            code = ""
        command.code = code or command.code
        if response.status == "BAD":
            raise Violation(f"{command.text[:200]}: {response.octets[:200]!r}")
        race = response.code.split(" ")[0] in RACES
        if response.status == "NO" and not race:
            raise Violation(f"{command.text[:200]}: {response.octets[:200]!r}")
        if command.done:
            command.done(command)
        if self.view:
            self.view.answered()
            self._remember()

    def _remember(self):
        """What it would take along if it left now."""
        view = self.view
        if self.qresync and view.box and view.highest.value and view.all_known():
            self.memories[self.name] = Memory(view)

    def _resume(self, command):
        """All of VANISHED (EARLIER) has been told."""
        memory, command.memory = command.memory, None
        if memory and self.view and self.view.box:
            if memory.uidvalidity == self.view.box.uidvalidity:
                self.view.resume(memory, command.earlier)
            elif command.earlier:
                raise Violation("VANISHED (EARLIER) of another UIDVALIDITY")

    def _untagged(self, response):
        if response.status:
            self._status(response)
            return
        number = None
        if (number := response.number_and("EXISTS")) is not None:
            self._exists(number)
        elif (number := response.number_and("RECENT")) is not None:
            self._need_view().told_recent(number)
        elif (number := response.number_and("EXPUNGE")) is not None:
            self._expunge(number)
        elif (number := response.number_and("FETCH")) is not None:
            if self.uidonly:
                raise Violation("FETCH after ENABLE UIDONLY: RFC 9586 3")
            self._fetch(number, pairs(response.words[2]))
        elif (uid := response.number_and("UIDFETCH")) is not None:
            if not self.uidonly:
                raise Violation("UIDFETCH was told to one who never asked")
            self._uidfetch(uid, pairs(response.words[2]))
        elif response.words[0] == "VANISHED":
            self._vanished(response.words[1:])

    def _vanished(self, words):
        if not self.qresync or not self.queue:
            raise Violation(f"VANISHED at level {self.level}, {len(self.queue)} commands in progress")
        command = self.queue[0]
        if words[0] == ["EARLIER"]:
            self._vanished_earlier(command, expand(words[1]))
            return
        if command.numbers:
            raise Violation(f"VANISHED during {command.text}: RFC 7162 3.2.10.2")
        self._resume(command)
        for uid in expand(words[0]):
            self._need_view().vanish(uid, self.ledger.now)

    def _vanished_earlier(self, command, uids):
        if command.fetched or not ("QRESYNC" in command.text or "VANISHED" in command.text):
            raise Violation(f"VANISHED (EARLIER) behind FETCH, or in {command.text}")
        present = {m.uid for m in self.view.known()} & set(uids)
        if present:
            raise Violation(f"{present} vanished earlier and are there")
        command.earlier.update(uids)

    def _highest(self, value):
        self._need_view().highest.code(value)

    def _status(self, response):
        name, _, value = response.code.partition(" ")
        if response.status == "BYE":
            if self.name in FIXED or "removed" not in response.octets.decode():
                raise Violation(f"goodbye: {response.octets!r}")
            raise Closed
        if name == "CLOSED":
            self.view = None
        elif name == "UNSEEN" and self.uidonly:
            raise Violation("UNSEEN names a message by its number: RFC 9586 3")
        elif name == "UIDVALIDITY":
            self.view.uidvalidity(int(value))
            self._check_uidvalidity(int(value))
        elif name == "UIDNEXT":
            self.view.uidnext = int(value)
        elif name == "HIGHESTMODSEQ":
            if self.level == "none" and not self.queue[0].text.startswith(("SELECT", "EXAMINE")):
                raise Violation("HIGHESTMODSEQ was told to one who never asked")
            self._highest(int(value))
        elif name == "COPYUID":
            self.queue[0].code = response.code

    def _check_uidvalidity(self, value):
        """Changes only when somebody made, renamed or removed a mailbox of that name."""
        known = self.ledger.names
        if known[self.name] >= self.queue[0].start:
            return
        before, seen_at = known.get(("seen", self.name), (value, 0))
        if before != value and known[self.name] < seen_at:
            raise Violation(f"UIDVALIDITY of {self.name} was {before} and is {value}")
        known["seen", self.name] = (value, self.queue[0].start)

    def _need_view(self):
        if self.view is None:
            raise Violation("a response about a mailbox, and none is selected")
        return self.view

    def _exists(self, count):
        if self.view is None and self.queue and self.queue[0].text.startswith(("SELECT", "EXAMINE")):
            self.view = (UidView if self.uidonly else View)(self.ledger.box, self.rev2, self.queue[0].start)
            self.view.read_only = self.read_only
        elif self.queue:
            self._resume(self.queue[0])
        self._need_view().exists(count)

    def _expunge(self, number):
        if not self.queue:
            raise Violation("EXPUNGE without a command in progress")
        if self.qresync:
            raise Violation("EXPUNGE after ENABLE QRESYNC: RFC 7162 3.2.10.2")
        if self.queue[0].numbers:
            raise Violation(f"EXPUNGE during {self.queue[0].text}: RFC 9051 7.5.1")
        self._need_view().expunge(number, self.ledger.now)

    def _uidfetch(self, uid, items):
        if self.queue:
            self._resume(self.queue[0])
        if items.get("UID", str(uid)) != str(uid):
            raise Violation(f"UIDFETCH of {uid} says UID {items['UID']}")
        self._fetch(self._need_view().place(uid), {**items, "UID": str(uid)})

    def _fetch(self, number, items):
        if self.queue:
            self._resume(self.queue[0])
            self.queue[0].fetched = True
        asked = self.queue and "FETCH" in self.queue[0].text
        if not asked and self.level != "none" and not {"UID", "MODSEQ"} <= set(items):
            raise Violation(f"a FETCH nobody asked for, with {set(items)} only: RFC 7162 3.2.4")
        if self.level == "none" and "MODSEQ" in items:
            raise Violation("MODSEQ was told to one who never asked")
        message = self._need_view().fetched(number, items, self.session)
        for name, value in items.items():
            if name == "BODY[]":
                token = token_of(value)
                if message.uid:
                    self.view.box.bind(message.uid, token, value)

    # ---- IDLE ----

    async def idle(self):
        await self._say(Command("IDLE"))
        self.idling = True

    async def done(self):
        self.idling = False
        self.wire.send(b"DONE\r\n")
        while self.queue:
            await self.hear()

    # ---- commands ----

    def fetch_all(self, by_uid=False):
        if by_uid or self.uidonly or not self.view.messages or self.random.random() < 0.5:
            return Command("UID FETCH 1:* (FLAGS)")
        return Command("FETCH 1:* (UID FLAGS)", numbers=True)

    def some(self, most=6):
        """Messages whose UIDs are known."""
        known = self.view.known()
        return self.random.sample(known, min(len(known), self.random.randint(1, most)))

    def name_set(self, messages, by_uid):
        numbers = [m.uid if by_uid else self.view.number_of(m) for m in messages]
        return ",".join(str(n) for n in numbers)

    def store(self, by_uid, flags=None, kind=None):
        messages = self.some()
        kind = kind or self.random.choice(("add", "add", "remove", "set"))
        if flags is None:
            flags = self.random.sample(FLAGS, self.random.randint(0 if kind == "set" else 1, 3))
            if kind == "set" and self.random.random() < 0.1:
                flags.append("\\Deleted")
        silent = ".SILENT" if self.random.random() < 0.4 else ""
        sign = {"set": "", "add": "+", "remove": "-"}[kind]
        lower = frozenset(f.lower() for f in flags)
        uids, box = [m.uid for m in messages], self.view.box
        change = FlagChange(self.ledger.now + 1, kind, lower)
        box.change(uids, change, "\\deleted" in lower and kind != "remove")
        since = self._condition(messages)

        def done(command):
            change.end = self.ledger.now
            refused = self._modified(command, messages, since)
            if command.status != "OK" and not refused and "EXPUNGEISSUED" not in command.code:
                box.forget_change(uids, change)
                return
            for message in messages:
                if message.uid in refused:
                    box.forget_change([message.uid], change)
                    continue
                if silent:
                    self._silently(message, kind, lower)

        prefix = "UID STORE" if by_uid else "STORE"
        modifier = f" (UNCHANGEDSINCE {since})" if since else ""
        text = f"{prefix} {self.name_set(messages, by_uid)}{modifier} {sign}FLAGS{silent} ({' '.join(flags)})"
        return Command(text, numbers=not by_uid, done=done)

    def claim(self, message):
        """Changes the message, unless somebody has since it was told of it."""
        flag, box = "claim", self.view.box
        kind = "remove" if flag in message.flags else "add"
        change = FlagChange(self.ledger.now + 1, kind, {flag})
        box.change([message.uid], change, False)
        since = message.modseq

        def done(command):
            change.end = self.ledger.now
            if self._modified(command, [message], since):
                box.forget_change([message.uid], change)

        sign = "+" if kind == "add" else "-"
        return Command(f"UID STORE {message.uid} (UNCHANGEDSINCE {since}) {sign}FLAGS ({flag})", done=done)

    def _condition(self, messages):
        """A MODSEQ for UNCHANGEDSINCE, or None."""
        known = [m.modseq for m in messages if m.modseq]
        if self.level == "none" or not known or self.random.random() < 0.5:
            return None
        return max(1, self.random.choice((max(known), min(known), min(known) - 1)))

    def _modified(self, command, messages, since):
        """The UIDs of MODIFIED; each was told with what it has now, if it is there."""
        if not command.code.startswith("MODIFIED "):
            return set()
        by_uid = command.text.startswith("UID")
        named = set(expand(command.code.split(" ")[1]))
        refused = [m for m in messages if (m.uid if by_uid else self._number(m)) in named]
        if not since or len(refused) != len(named):
            raise Violation(f"{command.text}: {command.code}")
        for message in refused:
            if message.told and message.modseq <= since or not message.told and command.status == "OK":
                raise Violation(f"UID {message.uid} with MODSEQ {message.modseq} is MODIFIED since {since}")
        return {m.uid for m in refused}

    def _number(self, message):
        return self.view.number_of(message) if message in self.view.messages else None

    @staticmethod
    def _silently(message, kind, flags):
        """What was told meanwhile is of later than the change: RFC 9051 6.4.6."""
        if message.flags is not None and not message.told:
            message.flags = {
                "set": flags, "add": message.flags | flags, "remove": message.flags - flags,
            }[kind]

    def fetch(self, by_uid):
        messages = self.some(3)
        item = self.random.choice(("FLAGS", "(UID FLAGS)", "(UID BODY.PEEK[])", "(UID BODY.PEEK[])", "(UID BODY[])"))
        if "BODY[]" in item:
            for message in messages:
                seen = FlagChange(self.ledger.now + 1, "add", {"\\seen"}, maybe=True)
                self.view.box.change([message.uid], seen, False)
        prefix = "UID FETCH" if by_uid else "FETCH"
        return Command(f"{prefix} {self.name_set(messages, by_uid)} {item}", numbers=not by_uid)

    def changed(self, by_uid):
        """What changed since its HIGHESTMODSEQ, or since long ago."""
        since = self.view.highest.value if self.random.random() < 0.7 else 1
        if self.qresync and (by_uid or self.random.random() < 0.5):
            return Command(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since} VANISHED)")
        if self.random.random() < 0.5:
            return Command(f"UID SEARCH MODSEQ {since}")
        prefix = "UID FETCH" if by_uid else "FETCH"
        return Command(f"{prefix} 1:* (UID FLAGS) (CHANGEDSINCE {since})", numbers=not by_uid)

    def search(self, by_uid):
        key = self.random.choice(("ALL", "UNSEEN", "DELETED", "FLAGGED", "KEYWORD Later", "NOT SEEN UID 1:*"))
        return Command(("UID SEARCH " if by_uid else "SEARCH ") + key, numbers=not by_uid)

    def copy(self, by_uid, move):
        messages = self.some(4)
        where = self.random.choice(("INBOX", "Work", "Work", "Churn", "Other"))
        uids, source = [m.uid for m in messages], self.view.box
        if move:
            source.moved.update(uids)

        def done(command):
            if command.status == "OK" and command.code.startswith("COPYUID"):
                self._copied(command, source, uids)
            elif command.status == "OK" and command.code:
                raise Violation(f"{command.text}: {command.code}")
            if command.status != "OK" and where in FIXED and "TRYCREATE" in command.code:
                raise Violation(f"{command.text}: {command.code}")

        prefix = ("UID " if by_uid else "") + ("MOVE" if move else "COPY")
        command = Command(f"{prefix} {self.name_set(messages, by_uid)} {where}", done=done)
        command.copied = (source, uids, where)
        return command

    def _copied(self, command, source, asked):
        _, uidvalidity, sources, targets = command.code.split(" ")
        sources, targets = expand(sources), expand(targets)
        if len(sources) != len(targets) or not set(sources) <= set(asked):
            raise Violation(f"{command.text}: {command.code}")
        for uid, target in zip(sources, targets):
            self.ledger.copied(source, uid, int(uidvalidity), target, command.start)

    def expunge(self):
        box = self.view.box
        uids = None
        text = "EXPUNGE"
        if self.random.random() < 0.4 and self.view.known():
            uids = {m.uid for m in self.some(8)}
            text = "UID EXPUNGE " + ",".join(str(u) for u in sorted(uids))
        return self._expunging(text, box, uids)

    def _expunging(self, text, box, uids=None):
        entry = [self.ledger.now + 1, FOREVER, uids]
        box.expunges.append(entry)

        def done(command):
            entry[1] = self.ledger.now
            if text == "CLOSE":
                self.view = None

        return Command(text, done=done)

    def close(self):
        if self.read_only:
            return Command("UNSELECT", done=lambda _: setattr(self, "view", None))
        return self._expunging("CLOSE", self.view.box)

    def new_token(self):
        self.tokens += 1
        return f"c{self.number}-{self.tokens}"

    def append(self, where=None):
        where = where or self.random.choice(("INBOX", "INBOX", "Work", "Churn", "Other"))
        token = self.new_token()
        flags = self.random.sample(FLAGS, self.random.randint(0, 2))
        lower = frozenset(f.lower() for f in flags)

        def done(command):
            if command.status != "OK":
                return
            name, uidvalidity, uid = command.code.split(" ")
            if name != "APPENDUID":
                raise Violation(f"APPEND: {command.code}")
            self.ledger.created(int(uidvalidity), int(uid), token)
            change = FlagChange(command.start, "set", lower, maybe=False)
            change.end = command.start + 0.5  # it is there before anybody can change it
            self.ledger.box(int(uidvalidity)).changes[int(uid)].insert(0, change)

        command = Command(f'APPEND "{where}" ({" ".join(flags)})', literal=octets_of(token), done=done)
        command.token, command.flags = token, lower
        return command

    def folders(self):
        """CREATE, DELETE or RENAME."""
        name, other = self.random.sample(MOVABLE, 2)
        kind = self.random.choice(("CREATE", "CREATE", "CREATE", "DELETE", "RENAME"))
        names = [name, other] if kind == "RENAME" else [name]
        # Those below are taken along; until the answer is there any time may be the time.
        touched = [m for m in MOVABLE if any(m == n or m.startswith(n + "/") for n in names)] + (
            list(MOVABLE) if kind == "RENAME" else []
        )
        for each in touched:
            self.ledger.names[each] = FOREVER

        def done(command):
            for each in touched:
                self.ledger.names[each] = self.ledger.now

        return Command(" ".join([kind] + [f'"{n}"' for n in names]), done=done)

    # ---- what comes next ----

    def batch(self):
        """Commands to be sent at once; after one that may bring EXPUNGE no numbers are used."""
        commands, by_uid = [], self.uidonly or self.random.random() < 0.5
        for _ in range(self.random.choice((1, 1, 1, 2, 4))):
            command = self._next(by_uid)
            commands.append(command)
            by_uid = by_uid or not command.numbers
            # No mailbox may be selected after these.
            if command.text.startswith(("CLOSE", "UNSELECT", "DELETE")):
                break
        return commands

    def _next(self, by_uid):
        chance = self.random.random()
        crowded = len(self.view.messages) > CROWDED
        if self.view.messages and not self.view.known():
            return self.fetch_all(by_uid)
        if not self.view.messages:
            return self.append() if chance < 0.5 else Command("NOOP")
        if self.read_only:
            return self.fetch(by_uid) if chance < 0.5 else self.search(by_uid) if chance < 0.9 else self.close()
        if chance < (0.25 if crowded else 0.08):
            return self.store(by_uid, ["\\Deleted"], self.random.choice(("add", "add", "add", "remove")))
        if chance < (0.40 if crowded else 0.16):
            return self.expunge()
        if chance < (0.42 if crowded else 0.26):
            return self.append()
        if chance < (0.44 if crowded else 0.32):
            return self.copy(by_uid, move=self.random.random() < 0.5)
        choices = (self.store, self.store, self.store, self.fetch, self.fetch, self.search)
        if chance < 0.85:
            return self.random.choice(choices)(by_uid)
        if chance < 0.89 and self.level != "none":
            return self.changed(by_uid)
        if chance < 0.93:
            return Command(self.random.choice(("NOOP", "NOOP", "CHECK")))
        if chance < 0.95:
            return self.close()
        if chance < 0.97:
            return self.folders()
        return self.fetch_all(by_uid)

    async def step(self):
        """One thing a client does."""
        try:
            await self.ensure_selected()
            chance = self.random.random()
            if chance < 0.08:
                await self._listen()
            elif chance < 0.10:
                await self.select()
            elif chance < 0.13:
                await self.vanish()
            else:
                await self.run(*self.batch())
                if self.view and not self.view.all_known() and self.random.random() < 0.5:
                    await self.run(self.fetch_all())
        except Closed:
            self._removed()

    async def _listen(self):
        await self.idle()
        while await self.hear(PATIENCE_SECONDS):
            pass
        await self.done()

    async def vanish(self):
        """Leaves in the middle; what it had said may be done or not."""
        for command in self.batch():
            await self._say(command)
        try:
            for _ in range(self.random.randrange(4)):
                if self.queue:
                    await self.hear()
        except Closed:
            self._removed()
            return
        self._abandon()
        if self.view and self.random.random() < 0.7:
            self._remember()  # in the middle of a command: the HIGHESTMODSEQ is that of the last answer
        self.leave(abrupt=self.random.random() < 0.7)

    def go(self):
        """Leaves, and remembers; nothing was asked for."""
        self._remember()
        self.leave(abrupt=self.random.random() < 0.5)

    def _abandon(self):
        for command in self.queue:
            self.ledger.abandoned(command.token, *command.copied)

    def _removed(self):
        """Goodbye: the selected mailbox was removed."""
        if self.name in FIXED:
            raise Violation("the server closed the connection")
        self._abandon()
        self.leave()


def expand(uid_set):
    out = []
    for part in uid_set.split(","):
        first, _, last = part.partition(":")
        first, last = int(first), int(last or first)
        out += range(min(first, last), max(first, last) + 1)
    return out
