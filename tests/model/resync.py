"""What a client that knows QRESYNC keeps of a mailbox, and the MODSEQs of the ledger: RFC 7162.

A client believes by its HIGHESTMODSEQ that all up to it was told (RFC 7162 6). It takes that along
when it leaves, in the middle of a command too, and asks for no more than what came later when it
is back: had it been told too little, or too large a MODSEQ, it would believe something wrong from
then on, and the comparisons with the truth would show it.
"""

from wire import Violation

LEVELS = ("none", "none", "condstore", "qresync", "qresync", "uidonly")  # the last with QRESYNC


class Highest:
    """HIGHESTMODSEQ as RFC 7162 6 has clients compute it."""

    def __init__(self):
        self.value, self._code, self._seen = None, None, 0

    def code(self, value):
        if value < 1:
            raise Violation(f"HIGHESTMODSEQ {value}")
        self._code = value

    def seen(self, modseq):
        self._seen = max(self._seen, modseq)

    def answered(self):
        if self._code is not None:
            self.value = self._code
        elif self.value is not None:
            self.value = max(self.value, self._seen)
        self._code, self._seen = None, 0


class Memory:
    """A mailbox as it was when all of it was known."""

    def __init__(self, view):
        self.uidvalidity, self.highest = view.box.uidvalidity, view.highest.value
        self.messages = {m.uid: (m.flags, m.modseq) for m in view.messages}

    def parameter(self, random, numbers=True):
        """Of SELECT; what may be left out is left out now and then. `numbers`: it may name some."""
        uids, parts = sorted(self.messages), [str(self.uidvalidity), str(self.highest)]
        if uids and random.random() < 0.5:
            parts.append(random.choice((f"1:{uids[-1]}", compact(uids))))
        if uids and numbers and random.random() < 0.5:
            places = sorted(random.sample(range(len(uids)), min(len(uids), 5)))
            parts.append(f"({','.join(str(p + 1) for p in places)} {','.join(str(uids[p]) for p in places)})")
        return f" (QRESYNC ({' '.join(parts)}))"


def compact(uids):
    """1,2,3,7 as 1:3,7."""
    runs = []
    for uid in uids:
        if runs and runs[-1][1] == uid - 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in runs)


class States:
    """The flags of each message by its MODSEQs, as anybody was told."""

    def __init__(self):
        self.flags = {}  # UID → MODSEQ → flags

    def told(self, uid, modseq, flags):
        known = self.flags.setdefault(uid, {}).setdefault(modseq, flags)
        if known != flags:
            raise Violation(f"UID {uid} with MODSEQ {modseq} has {sorted(flags)}, and had {sorted(known)}")
