"""Rounds of storm and quiet: random clients, then everything they believe against what is there.

    asyncio.run(Storm(server, seed=7, clients=20).run(rounds=5, steps=20))

A client's choices follow from the seed and its number; how the server's answers interleave does
not. A Violation says what was wrong and shows the last lines of every client.
"""

import asyncio
import time

from client import FIXED, Client, Command, expand
from imap_answer import pairs
from ledger import FOREVER, FlagChange, Ledger, octets_of
from wire import GUARD_SECONDS, Closed, Violation

ROOM = {"connections": {"max_connections_per_account": 200}}  # settings of the server
POSTMEN = 2
CHANGES = 8  # made one by one in each quiet


class Control(Client):
    """Looks at the mailboxes when it is quiet; keeps what it hears."""

    def _untagged(self, response):
        self.heard.append(response)

    async def ask(self, text, literal=None):
        self.heard = []
        command = Command(text, literal=literal)
        await self.run(command)
        if command.status != "OK":
            raise Violation(f"{text}: {command.code}")
        return command

    async def connect(self):
        self.heard = []
        self.rev2 = self.uidonly = self.qresync = False
        self.level = "none"
        await super().connect()

    async def mailboxes(self):
        await self.ask('LIST "" "*"')
        return [r.words[3] if isinstance(r.words[3], str) else r.words[3].decode() for r in self.heard if r.words]

    async def status(self, name, items):
        await self.ask(f'STATUS "{name}" ({items})')
        (words,) = [r.words for r in self.heard if r.words and r.words[0] == "STATUS"]
        return {k: int(v) for k, v in pairs(words[2]).items()}

    async def look(self, name):
        """(UIDVALIDITY, {UID: (flags, octets)}), which STATUS must agree with."""
        status = await self.status(name, "MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED")
        await self.ask(f'EXAMINE "{name}"')
        codes = dict(r.code.split(" ", 1) for r in self.heard if r.status and " " in r.code)
        counts = {r.words[1]: int(r.words[0]) for r in self.heard if len(r.words) == 2 and r.words[0].isdigit()}
        await self.ask("UID FETCH 1:* (UID FLAGS BODY.PEEK[])")
        messages = {}
        for response in self.heard:
            if response.words and response.words[1] == "FETCH":
                items = pairs(response.words[2])
                flags = {f.lower() for f in items["FLAGS"]}
                messages[int(items["UID"])] = (frozenset(flags - {"\\recent"}), items["BODY[]"])
        found = {
            "MESSAGES": len(messages),
            "UNSEEN": sum("\\seen" not in f for f, _ in messages.values()),
            "DELETED": sum("\\deleted" in f for f, _ in messages.values()),
            "UIDNEXT": int(codes["UIDNEXT"]),
            "UIDVALIDITY": int(codes["UIDVALIDITY"]),
        }
        if status != found:
            raise Violation(f"STATUS of {name} says {status}, and there is {found}")
        if counts["EXISTS"] != len(messages) or max(messages, default=0) >= found["UIDNEXT"]:
            raise Violation(f"EXAMINE of {name} says {counts}, and there is {found}")
        return found["UIDVALIDITY"], messages

    async def count_recent(self):
        """While nobody is in IDLE: who is told of new mail there takes it as \\Recent at any moment."""
        for name in await self.mailboxes():
            counts = list((await self.status(name, "RECENT")).values())
            await self.ask(f'EXAMINE "{name}"')
            counts += [int(r.words[0]) for r in self.heard if len(r.words) == 2 and r.words[1] == "RECENT"]
            await self.ask("UID SEARCH RECENT")
            counts += [len(r.words) - 1 for r in self.heard if r.words and r.words[0] == "SEARCH"]
            if len(counts) != 3 or len(set(counts)) != 1:
                raise Violation(f"\\Recent of {name} by STATUS, EXAMINE and SEARCH: {counts}")
        await self.ask("UNSELECT")

    async def truth(self):
        looks = [await self.look(name) for name in await self.mailboxes()]
        await self.ask("UNSELECT")
        return dict(looks)


class Storm:
    def __init__(self, server, seed, clients=20, user=None):
        """A quarter of the clients roams other mailboxes than INBOX."""
        self.server, self.seed, self.ledger = server, seed, Ledger(FIXED)
        self.user = user or server.new_account()
        roaming = max(2, clients // 4)
        homes = ["INBOX"] * clients + [None] * roaming
        make = lambda number, home, of=Client: of(number, seed, self.ledger, server, self.user, home)  # noqa: E731
        self.clients = [make(i + 1, home) for i, home in enumerate(homes)]
        self.away = []  # clients that will be back
        self.control = make(0, "INBOX", Control)
        self.letters = 0

    # ---- the whole ----

    async def run(self, rounds=1, steps=20, until=None):
        """`until`: no round begins after this time (time.monotonic)."""
        done = 0
        try:
            await self.control.connect()
            await self.control.ask("CREATE Work")
            while done < rounds and (until is None or time.monotonic() < until):
                await self._round(steps)
                done += 1
        except Exception as failure:
            raise Violation(f"seed {self.seed}, round {done + 1}: {failure!r}\n{self.dialogues()}") from failure
        finally:
            for client in [*self.clients, *self.away, self.control]:
                client.leave()
        return done

    def dialogues(self):
        return "\n".join(
            f"---- client {c.number}, {'IMAP4rev2' if c.rev2 else 'IMAP4rev1'}, {c.name}\n" + "\n".join(c.wire.said)
            for c in [*self.clients, *self.away, self.control]
        )

    async def _round(self, steps):
        await together([self._work(c, steps) for c in self.clients] + [self._post(steps) for _ in range(POSTMEN)])
        await self._compare()
        self._some_leave()
        await self._exactly()
        await self._come_back()
        await self._compare()
        await self._one_wins()
        await self._compare()
        await together([c.done() for c in self.clients if c.idling])

    # ---- storm ----

    async def _work(self, client, steps):
        try:
            for _ in range(steps):
                await client.step()
            if client.qresync and client.view and client.random.random() < 0.5:
                await client.vanish()
            await self._selected(client)
            if client.random.random() < 0.6:
                await client.idle()
        except Violation as violation:
            raise Violation(f"client {client.number}: {violation}") from violation

    async def _selected(self, client):
        """Others may remove what it selects while it does."""
        while client.view is None:
            try:
                await client.ensure_selected()
            except Closed:
                client._removed()

    async def _post(self, count):
        """Mail by SMTP."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.ports["smtp"])

        async def says(octets, wanted):
            writer.write(octets)
            while (line := await reader.readline())[3:4] == b"-":
                pass
            if not line.startswith(wanted):
                raise Violation(f"SMTP: {line!r}")

        await says(b"", b"220")
        await says(b"EHLO client.example.net\r\n", b"250")
        for _ in range(count):
            self.letters += 1
            token = f"smtp-{self.letters}"
            await says(b"MAIL FROM:<sender@example.net>\r\n", b"250")
            await says(f"RCPT TO:<{self.user}@example.org>\r\n".encode(), b"250")
            await says(b"DATA\r\n", b"354")
            self.ledger.unsure[token] += 1
            await says(octets_of(token) + b".\r\n", b"250")
            self.ledger.unsure[token] -= 1
            self.ledger.delivered.add(token)
        writer.close()

    def _some_leave(self):
        """Some who know QRESYNC, to come back when much has happened."""
        gone = [c for c in self.clients[1:] if c.qresync and c.random.random() < 0.5]
        for client in gone:
            client.go()
        self.away, self.clients = gone, [c for c in self.clients if c not in gone]

    async def _come_back(self):
        await together([self._selected(c) for c in self.away])
        self.away, self.clients = [], sorted([*self.clients, *self.away], key=lambda c: c.number)

    # ---- quiet ----

    async def _still(self):
        """Who left in the middle is forgotten, and what they had asked for is done or dropped."""
        wanted = 1 + sum(c.wire.writer is not None for c in self.clients)
        give_up = time.monotonic() + GUARD_SECONDS
        while (found := await asyncio.to_thread(self._count_sessions)) > wanted:
            if time.monotonic() > give_up:
                raise Violation(f"{found} sessions, and {wanted} clients")
        await self.control.ask("CREATE Barrier")
        await self.control.ask("DELETE Barrier")

    def _count_sessions(self):
        lines = self.server.ctl("session", "list").splitlines()
        return sum("imap" in line and self.user in line for line in lines)

    async def _compare(self):
        await self._still()
        self.ledger.tick()
        truth = await self.control.truth()
        self.ledger.check(truth)
        await together([self._agree(c, truth) for c in self.clients])
        await self.control.count_recent()

    async def _agree(self, client, truth):
        """An idle client is told without asking; another after NOOP. Both then ask for all."""
        try:
            uidvalidity = client.view.box.uidvalidity
            flags = {uid: flags for uid, (flags, _) in truth.get(uidvalidity, {}).items()}
            if client.idling:
                await self._pushed(client, flags)
                await client.done()
            await client.run(Command("NOOP"))
            if uidvalidity not in truth:
                raise Violation("its mailbox was removed, and it was not told")
            client.view.compare(flags)
            await client.run(client.fetch_all())
            if not client.view.compare(flags):
                raise Violation("FETCH of all leaves something out")
        except Closed:
            if uidvalidity in truth:
                raise Violation(f"client {client.number}: closed") from None
            client._removed()
            await self._selected(client)
        except Violation as violation:
            raise Violation(f"client {client.number}: {violation}") from violation

    async def _pushed(self, client, flags):
        give_up = time.monotonic() + GUARD_SECONDS
        while not client.view.agrees(flags):
            await client.hear(1)
            if time.monotonic() > give_up:
                client.view.compare(flags)

    # ---- one at a time ----

    async def _exactly(self):
        """Nobody else does anything: what must come of it is known to the last flag."""
        await together([c.idle() for c in self.clients if c.number % 2])
        control, ledger = self.control, self.ledger
        await self._one_by_one()
        await self._still()
        before = await control.truth()
        await self._post(3)
        await self._all_are_told()
        await control.ask("SELECT INBOX")
        inbox = next(int(r.code.split()[1]) for r in control.heard if r.code.startswith("UIDVALIDITY"))
        uids = sorted(before[inbox])[:3]
        copied = None
        if uids:
            copied = await control.ask(f"UID COPY {uids[0]}:{uids[-1]} Work")
            control.name = "INBOX"
            control._copied(copied, ledger.box(inbox), uids)
        entry = [ledger.tick(), FOREVER, None]
        ledger.box(inbox).expunges.append(entry)
        await control.ask("EXPUNGE")
        entry[1] = ledger.tick()
        await control.ask("UNSELECT")
        self._check_exactly(before, await control.truth(), inbox, copied)

    async def _one_by_one(self):
        """Each change alone is told to who idles; and to who changes the same message in silence."""
        control = self.control
        inbox, messages = await self._look()
        flags = {uid: set(f) for uid, (f, _) in messages.items()}
        await control.ask("SELECT INBOX")
        for _ in range(CHANGES):
            if not flags or control.random.random() < 0.3:
                command = control.append("INBOX")
                await control.run(command)
                uid = int(command.code.split(" ")[2])
                flags[uid] = set(command.flags)
            else:
                uid = control.random.choice(sorted(flags))
                await self._store(control, inbox, uid, flags, "\\flagged")
                await self._silently(uid, flags)
            await together([self._pushed(c, flags) for c in self.clients if c.idling and c.name == "INBOX"])
        await self._two_at_once(inbox, flags)
        await control.ask("UNSELECT")

    async def _two_at_once(self, inbox, flags):
        """The second change comes while the first is read; and both while somebody selects."""
        idlers = [c for c in self.clients if c.idling and c.name == "INBOX"]
        others = [c for c in self.clients if not c.idling and c.name == "INBOX"]
        # UIDs a client was not told of are not there for it.
        await together([c.run(Command("NOOP")) for c in others[-1:]])
        for client in others[:CHANGES]:
            works = [self._store(self.control, inbox, uid, flags, "\\draft") for uid in sorted(flags)[:1]]
            works += [self._store(c, inbox, uid, flags, "\\seen") for c in others[-1:] for uid in sorted(flags)[-1:]
                      if c is not client and not c.read_only]
            await together(works + [client.select("INBOX", "SELECT")])
            await client.run(Command("NOOP"))
            client.view.compare({uid: frozenset(f) for uid, f in flags.items()})
            await together([self._pushed(c, flags) for c in idlers])

    async def _store(self, client, inbox, uid, flags, flag, silent=""):
        kind = "remove" if flag in flags[uid] else "add"
        change = FlagChange(self.ledger.tick(), kind, {flag})
        self.ledger.box(inbox).changes[uid].append(change)
        command = Command(f"UID STORE {uid} {'+' if kind == 'add' else '-'}FLAGS{silent} ({flag})")
        await client.run(command)
        change.end = self.ledger.tick()
        if command.status != "OK":
            raise Violation(f"{command.text}: {command.code}")
        flags[uid] ^= {flag}

    async def _silently(self, uid, flags):
        """Clients that were not told of the last change make one of their own that is not told to them."""
        for client in self.clients:
            if client.idling or client.name != "INBOX" or client.read_only:
                continue
            message = next((m for m in client.view.messages if m.uid == uid), None)
            if message:
                had = message.flags
                await self._store(client, client.view.box.uidvalidity, uid, flags, "\\answered", ".SILENT")
                if message.flags == had:
                    message.flags = had ^ {"\\answered"}
                await client.run(Command("NOOP"))
                if message.flags != flags[uid]:
                    raise Violation(f"client {client.number}: believes UID {uid} has {message.flags}, not {flags[uid]}")
                return

    async def _all_are_told(self):
        """Who idles is told of the new mail; it is \\Recent for exactly one who may have that."""
        inbox = [c for c in self.clients if c.name == "INBOX"]
        told = {}
        for client in inbox:
            if not client.idling:
                await client.run(Command("NOOP"))
        _, messages = await self._look()
        for client in inbox:
            while client.idling and len(client.view.messages) < len(messages):
                await client.hear()
            if client.idling:
                await client.done()
            await client.run(client.fetch_all())
            for message in client.view.messages:
                if message.recent and not client.view.read_only:
                    told.setdefault(message.uid, []).append(client.number)
        may = [c.number for c in inbox if not c.rev2 and not c.view.read_only]
        for uid in sorted(messages)[-3:]:
            owner = inbox[0].view.box.recent.get(uid)
            if may and owner is None:
                raise Violation(f"UID {uid} is \\Recent for nobody of {may}")

    async def _one_wins(self):
        """Of many who change a message if nobody has since, at the same time, one does: RFC 7162 3.1.3."""
        rivals = [c for c in self.clients if c.name == "INBOX" and c.level != "none" and not c.read_only]
        known = {m.uid: m.modseq for c in rivals for m in c.view.messages if m.modseq}
        if not rivals or not known:
            return
        uid = rivals[0].random.choice(sorted(known))
        # What came without a change was perhaps never told with its MODSEQ: it is asked for now.
        await together([c.run(Command(f"UID FETCH {uid} (FLAGS MODSEQ)")) for c in rivals])
        rivals = [(c, next((m for m in c.view.messages if m.uid == uid), None)) for c in rivals]
        stores = [c.claim(m) for c, m in rivals if m]
        await together([c.run(s) for (c, m), s in zip([r for r in rivals if r[1]], stores)])
        winners = [s for s in stores if s.status == "OK" and not s.code]
        if stores and len(winners) != 1:
            raise Violation(f"{len(winners)} of {len(stores)} changed UID {uid} since the same MODSEQ")

    async def _look(self):
        await self._still()  # what was taken as \Recent is kept behind
        found = await self.control.look("INBOX")
        await self.control.ask("UNSELECT")
        return found

    def _check_exactly(self, before, after, inbox, copied):
        deleted = {u for u, (flags, _) in before[inbox].items() if "\\deleted" in flags}
        left = set(before[inbox]) - deleted
        if not left <= set(after[inbox]) or deleted & set(after[inbox]):
            raise Violation(f"EXPUNGE of {sorted(deleted)} left {sorted(after[inbox])}")
        for uid in left:
            if before[inbox][uid] != after[inbox][uid]:
                raise Violation(f"UID {uid} changed by itself")
        if copied:
            _, work, sources, targets = copied.code.split(" ")
            for source, target in zip(*map(expand, (sources, targets))):
                if before[inbox][source] != after[int(work)][target]:
                    raise Violation(f"the copy {target} of {source} is not the same")


async def together(works):
    """All of them; the first that fails ends the others."""
    tasks = [asyncio.create_task(w) for w in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
