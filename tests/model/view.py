"""What one client believes of its mailbox, built from what it is told and from nothing else."""

from resync import Highest
from wire import Violation


class Message:
    __slots__ = ("uid", "flags", "modseq", "recent", "told")

    def __init__(self):
        self.uid = self.flags = self.modseq = None  # not told yet
        self.recent = False
        self.told = False  # flags, in the answer to the command at hand


class View:
    """Messages by number; of those that were only counted the UIDs come later."""

    def __init__(self, box_of, rev2, opened_at):
        """`box_of` finds the ledger's page for a UIDVALIDITY."""
        self.box_of, self.rev2, self.opened_at = box_of, rev2, opened_at
        self.messages, self.box, self.uidnext, self.recent = [], None, None, None
        self.read_only = False
        self.highest = Highest()

    # ---- SELECT says ----

    def uidvalidity(self, value):
        self.box = self.box_of(value)

    # ---- numbers ----

    def exists(self, count):
        if count < len(self.messages):
            raise Violation(f"EXISTS fell from {len(self.messages)} to {count}")
        while len(self.messages) < count:
            self.messages.append(Message())

    def told_recent(self, count):
        if self.rev2:
            raise Violation("RECENT was told after ENABLE IMAP4rev2")
        if count > len(self.messages):
            raise Violation(f"{count} RECENT of {len(self.messages)} messages")
        self.recent = count

    def at(self, number):
        if not 1 <= number <= len(self.messages):
            raise Violation(f"message {number} of {len(self.messages)}")
        return self.messages[number - 1]

    def expunge(self, number, now):
        message = self.at(number)
        del self.messages[number - 1]
        if message.uid and self.box:
            self.box.told_gone(message.uid, now)
        return message

    def vanish(self, uid, now):
        """VANISHED: of a message whose UID was not told the number is not known either."""
        self.box.told_gone(uid, now)
        for number, message in enumerate(self.messages, 1):
            if message.uid == uid:
                return self.expunge(number, now)
        above = next((i for i, m in enumerate(self.messages) if m.uid and m.uid > uid), len(self.messages))
        below = max((i + 1 for i, m in enumerate(self.messages[:above]) if m.uid), default=0)
        if below == above:
            raise Violation(f"UID {uid} vanished, and was none of {[m.uid for m in self.messages]}")
        for message in self.messages[below:above]:
            message.flags = None
        return self.expunge(above, now)

    def resume(self, memory, earlier):
        """SELECT QRESYNC has said what is gone: what is left of the memory are the first messages."""
        left = sorted(set(memory.messages) - earlier)
        if len(left) > len(self.messages):
            raise Violation(f"{len(self.messages)} messages are there, and of {left} none was told to be gone")
        for number, uid in enumerate(left, 1):
            self._uid(number, self.at(number), uid)
            self.at(number).flags, self.at(number).modseq = memory.messages[uid]

    def known(self):
        return [m for m in self.messages if m.uid]

    def all_known(self):
        return all(m.uid and m.flags is not None for m in self.messages)

    def number_of(self, message):
        return self.messages.index(message) + 1

    # ---- FETCH ----

    def fetched(self, number, items, session):
        message = self.at(number)
        if "UID" in items:
            self._uid(number, message, int(items["UID"]))
        if "FLAGS" in items:
            self._flags(message, items["FLAGS"], session)
        if "MODSEQ" in items:
            self._modseq(message, int(items["MODSEQ"][0]), "FLAGS" in items)
        return message

    def _modseq(self, message, modseq, has_flags):
        if message.modseq and modseq < message.modseq:
            raise Violation(f"UID {message.uid} had MODSEQ {message.modseq} and now has {modseq}")
        message.modseq = modseq
        self.highest.seen(modseq)
        if has_flags and message.uid:
            self.box.states.told(message.uid, modseq, message.flags)

    def _uid(self, number, message, uid):
        if message.uid == uid:
            return
        if message.uid:
            raise Violation(f"message {number} had UID {message.uid} and now has {uid}")
        below = [m.uid for m in self.messages[: number - 1] if m.uid]
        above = [m.uid for m in self.messages[number:] if m.uid]
        if (below and below[-1] >= uid) or (above and above[0] <= uid):
            raise Violation(f"UID {uid} of message {number} is not between its neighbours'")
        self.box.seen(uid, self.opened_at)
        message.uid = uid

    def _flags(self, message, flags, session):
        flags = {f.lower() for f in flags}
        message.recent = "\\recent" in flags
        if message.recent and self.rev2:
            raise Violation("\\Recent was told after ENABLE IMAP4rev2")
        if message.recent and message.uid and not self.read_only:
            self.box.recent_for(message.uid, session)
        message.flags = frozenset(flags - {"\\recent"})
        message.told = True

    def answered(self):
        """The command at hand has its tagged answer."""
        for message in self.messages:
            message.told = False
        self.highest.answered()

    # ---- against the truth ----

    def compare(self, truth):
        """`truth`: UID → flags. What was never told cannot be wrong; returns whether all was told."""
        uids = sorted(truth)
        if len(uids) != len(self.messages):
            told = [m.uid for m in self.messages]
            raise Violation(f"{len(self.messages)} messages were told, {len(uids)} are there: {told} {uids}")
        for number, (uid, message) in enumerate(zip(uids, self.messages), 1):
            if message.uid not in (None, uid):
                raise Violation(f"message {number} is UID {uid} and was told to be {message.uid}")
            if message.flags is not None and message.flags != truth[uid]:
                raise Violation(
                    f"UID {uid} has {sorted(truth[uid])} and was told to have {sorted(message.flags)}"
                )
        return self.all_known()

    def agrees(self, truth):
        try:
            self.compare(truth)
        except Violation:
            return False
        return True


class UidView(View):
    """Messages that have no numbers (RFC 9586): those that were only counted stand last, wherever they are."""

    def place(self, uid):
        """The place of a message that UIDFETCH names."""
        places = [m.uid for m in self.messages]
        if uid in places:
            return places.index(uid) + 1
        if not places or places[-1] is not None:
            raise Violation(f"UIDFETCH of {uid}, which is none of {places}")
        message = self.messages.pop()
        at = sum(1 for known in places if known and known < uid)
        self.messages.insert(at, message)
        return at + 1

    def vanish(self, uid, now):
        return super().expunge(self.place(uid), now)

    def compare(self, truth):
        if self.all_known():
            return super().compare(truth)
        if len(truth) != len(self.messages):
            raise Violation(f"{len(self.messages)} messages were told, {len(truth)} are there")
        for message in self.known():
            if message.flags is not None and message.flags != truth.get(message.uid):
                raise Violation(f"UID {message.uid} was told to have {message.flags}: {truth.get(message.uid)}")
        return False
