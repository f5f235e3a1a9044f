"""What all clients together did and were told: what may be in the mailboxes, and what must be.

Every message carries a token from which its octets follow. A page (Box) for each UIDVALIDITY notes
which token stands under which UID, who could have removed it, and who wrote its flags. Events are
numbered by one clock: a change is before another only when it was answered before that was sent.
"""

import collections
import hashlib
import math
import random
import re

from resync import States
from wire import Violation

TOKEN = re.compile(rb"^X-Token: (\S+)\r\n", re.M)
FOREVER = math.inf


def octets_of(token):
    """The message of a token: the same whenever it is asked for."""
    r = random.Random(token)
    size = r.choice((20, 200, 200, 2000, 2000, 9000))
    body = "".join(f"{r.getrandbits(128):032x}\r\n" for _ in range(size // 34 + 1))
    head = f"From: a@example.net\r\nX-Token: {token}\r\nSubject: {token}\r\n\r\n"
    return (head + body).encode()


def token_of(octets):
    """Whose message it is; what stands before it may only be trace fields."""
    found = TOKEN.search(octets)
    if not found or not octets.endswith(octets_of(found[1].decode())):
        raise Violation(f"content is not what was stored: {octets[:200]!r}…{octets[-100:]!r}")
    return found[1].decode()


class FlagChange:
    """kind: "set", "add", "remove", or "any" (a copy: whatever its source had)."""

    __slots__ = ("start", "end", "kind", "flags", "maybe")

    def __init__(self, start, kind, flags, maybe=False):
        self.start, self.end, self.kind, self.flags, self.maybe = start, FOREVER, kind, flags, maybe

    def value(self, flag):
        """What it makes of a flag; None: it leaves it alone."""
        if self.kind == "set":
            return flag in self.flags
        if self.kind == "any":
            return "any"
        return (self.kind == "add") if flag in self.flags else None


class Box:
    """One UIDVALIDITY."""

    def __init__(self, uidvalidity):
        self.uidvalidity = uidvalidity
        self.tokens, self.digests = {}, {}  # by UID
        self.uids = set()  # all that anyone was told of
        self.gone = {}  # UID → when somebody was first told that it is gone
        self.deleted = {}  # UID → when \Deleted was first asked for
        self.moved = set()
        self.expunges = []  # [start, end, UIDs or None for all]
        self.changes = collections.defaultdict(list)  # UID → FlagChange, since the last truth
        self.recent = {}  # UID → session
        self.left = set()  # UIDs found gone, and rightly so
        self.states = States()

    def seen(self, uid, view_opened_at=None):
        self.uids.add(uid)
        if view_opened_at is not None and self.gone.get(uid, FOREVER) < view_opened_at:
            raise Violation(f"UID {uid} is in a mailbox opened after it was told to be gone")

    def bind(self, uid, token, octets=None):
        self.seen(uid)
        if self.tokens.setdefault(uid, token) != token:
            raise Violation(f"UID {uid} of {self.uidvalidity} was {self.tokens[uid]} and is {token}")
        if octets is not None:
            digest = hashlib.sha256(octets).digest()
            if self.digests.setdefault(uid, digest) != digest:
                raise Violation(f"the octets of UID {uid} of {self.uidvalidity} changed")

    def told_gone(self, uid, now):
        self.gone.setdefault(uid, now)

    def recent_for(self, uid, session):
        owner = self.recent.setdefault(uid, session)
        if owner != session:
            raise Violation(f"UID {uid} is \\Recent for session {session} and was for {owner}")

    def change(self, uids, change, deletes):
        for uid in uids:
            self.changes[uid].append(change)
            if deletes:
                self.deleted.setdefault(uid, change.start)

    def forget_change(self, uids, change):
        for uid in uids:
            self.changes[uid].remove(change)

    def may_be_gone(self, uid):
        if uid in self.moved:
            return True
        since = self.deleted.get(uid)
        return since is not None and any(
            end > since and (uids is None or uid in uids) for _, end, uids in self.expunges
        )

    # ---- in the quiet ----

    def check_flags(self, truth):
        """Each flag is as one of the changes left it that no later one came after."""
        for uid, flags in truth.items():
            changes = self.changes.get(uid, [])
            names = set(flags).union(*(c.flags for c in changes)) if changes else ()
            for flag in names:
                self._check_flag(uid, flag, flag in flags, changes)
        self.changes.clear()
        for uid, flags in truth.items():
            settled = FlagChange(0, "set", flags)
            settled.end = 0
            self.changes[uid].append(settled)

    def _check_flag(self, uid, flag, is_set, changes):
        touching = [c for c in changes if c.value(flag) is not None]
        certain = [c for c in touching if not c.maybe and c.end < FOREVER]
        last = [c for c in touching if not any(o.start > c.end for o in certain)]
        values = {c.value(flag) for c in last}
        # Without a certain change it may be as it was when the message came.
        if certain and is_set not in values and "any" not in values:
            history = [(c.start, c.end, c.kind, sorted(c.flags)) for c in touching[-8:]]
            raise Violation(f"{flag} of UID {uid} is {is_set} after {history}")

    def check_gone(self, truth, is_doomed):
        """`is_doomed` says of a UID whether it may have had \\Deleted though nobody heard so."""
        for uid in self.uids - set(truth) - self.left:
            if not self.may_be_gone(uid) and not is_doomed(self, uid):
                raise Violation(f"UID {uid} ({self.tokens.get(uid)}) of {self.uidvalidity} disappeared")
        for uid in truth:
            if uid in self.gone:
                raise Violation(f"UID {uid} of {self.uidvalidity} was told to be gone and is there")


class Ledger:
    def __init__(self, fixed):
        """`fixed`: names of mailboxes nobody removes."""
        self.fixed, self.now = fixed, 0
        self.boxes = {}
        self.made = {}  # token → how many instances are certain
        self.delivered = set()  # by SMTP, answered 250
        self.unsure = collections.Counter()  # token → instances that may have been made
        self.copies_unsure = []  # (box, UID) of copies whose answer nobody heard
        self.links = []  # (box, UID, box, UID of its copy)
        self.origins = {}  # (UIDVALIDITY, UID) of a copy → (box, UID) that it was made from
        self.killable = set()  # tokens of removed mailboxes
        self.names = collections.defaultdict(int)  # name → when it was last made, renamed or removed

    def clock(self):
        return self.now

    def tick(self):
        self.now += 1
        return self.now

    def box(self, uidvalidity):
        return self.boxes.setdefault(uidvalidity, Box(uidvalidity))

    def created(self, uidvalidity, uid, token):
        """Said by APPENDUID or COPYUID: never said twice of one UID."""
        box = self.box(uidvalidity)
        if (uidvalidity, uid) in self.made:
            raise Violation(f"UID {uid} of {uidvalidity} was given to two messages")
        self.made[uidvalidity, uid] = token
        if token:
            box.bind(uid, token)
        box.seen(uid)

    def copied(self, box, uid, uidvalidity, target, started):
        """COPYUID: `uid` of `box` stands as `target`, too; by the time of `started`, or later."""
        to = self.box(uidvalidity)
        self.created(uidvalidity, target, box.tokens.get(uid))
        self.links.append((box, uid, to, target))
        self.origins[uidvalidity, target] = (box, uid)
        change = FlagChange(started, "any", ())
        change.end = self.now
        to.changes[target].append(change)
        if uid in box.deleted:
            to.deleted.setdefault(target, started)

    def abandoned(self, token, box, uids, where):
        """A command was said and its answer not heard: it stored `token`, or copied `uids`."""
        if token:
            self.unsure[token] += 1
        self.copies_unsure += [(box, uid, where) for uid in uids]

    # ---- in the quiet ----

    def check(self, truth):
        """`truth`: UIDVALIDITY → UID → (flags, octets) of all mailboxes."""
        for uidvalidity, messages in truth.items():
            for uid, (_, octets) in messages.items():
                self.box(uidvalidity).bind(uid, token_of(octets), octets)
        self._follow_links()
        is_doomed = self._doom()
        for uidvalidity, messages in truth.items():
            box = self.box(uidvalidity)
            box.check_gone(messages, is_doomed)
            box.check_flags({uid: flags for uid, (flags, _) in messages.items()})
        removed = [self.boxes.pop(v) for v in set(self.boxes) - set(truth)]
        for box in removed:
            self.killable.update(box.tokens.values())
        # Moved to a mailbox that is no more; nobody heard so.
        self.killable.update(b.tokens.get(u) for b, u, where in self.copies_unsure if where not in self.fixed)
        self._check_counts()
        self._check_present(truth, is_doomed)
        self._settle(truth)

    def _doom(self):
        """A copy of what had \\Deleted had it too, and so had its copies, whoever heard of them first."""
        tokens = set()  # of the copies that came unheard and may have had it; None: anybody's

        def is_doomed(box, uid):
            if (box.uidvalidity, uid) not in self.made:
                return None in tokens or (bool(tokens) and box.tokens.get(uid) in tokens | {None})
            origin = self.origins.get((box.uidvalidity, uid))
            return origin is not None and had_deleted(*origin)

        def had_deleted(box, uid):
            return uid in box.deleted or is_doomed(box, uid)

        before = None
        while before != len(tokens):
            before = len(tokens)
            tokens |= {b.tokens.get(u) for b, u, _ in self.copies_unsure if had_deleted(b, u)}
        return is_doomed

    def _follow_links(self):
        """Whoever copied may have been told so before it was known whose message it was."""
        left = None
        while left != len(self.links):
            left = len(self.links)
            for box, uid, to, target in [link for link in self.links if link[1] in link[0].tokens]:
                to.bind(target, box.tokens[uid])
            self.links = [link for link in self.links if link[1] not in link[0].tokens]
        self.links.clear()

    def _check_counts(self):
        """What nobody was told a UID for came by SMTP or from one who left before the answer."""
        loose, nameless = collections.Counter(), 0
        for box, uid, _ in self.copies_unsure:
            if uid in box.tokens:
                self.unsure[box.tokens[uid]] += 1
            else:
                nameless += 1
        for uidvalidity, box in self.boxes.items():
            for uid, token in box.tokens.items():
                if (uidvalidity, uid) not in self.made:
                    loose[token] += 1
        for token, count in loose.items():
            allowed = self.unsure[token] + (token in self.delivered)
            nameless -= max(0, count - allowed)
            if nameless < 0:
                raise Violation(f"{token} is there {count} times besides what was answered; {allowed} may be")

    def _check_present(self, truth, is_doomed):
        present = {
            token
            for uidvalidity in truth
            for uid, token in self.boxes[uidvalidity].tokens.items()
            if uid in truth[uidvalidity]
        }
        stored = {t for t in self.made.values() if t} | self.delivered
        for token in stored - present - self.killable:
            if not self._was_deleted(token, is_doomed):
                raise Violation(f"{token} was stored and is nowhere: {self._places(token)}")
            self.killable.add(token)

    def _was_deleted(self, token, is_doomed):
        places = [(b, u) for b in self.boxes.values() for u, t in b.tokens.items() if t == token]
        if any(u in b.deleted or is_doomed(b, u) for b, u in places):
            return True
        if places and all(b.tokens.get(u) != token for b, u, _ in self.copies_unsure):
            return False
        # Came and went before anyone asked for its content: it took one of the UIDs without a token.
        return any(u not in b.tokens and u in b.deleted for b in self.boxes.values() for u in b.uids)

    def _places(self, token):
        return [
            f"UID {u} of {b.uidvalidity}" + " moved" * (u in b.moved) + " left before" * (u in b.left)
            for b in self.boxes.values()
            for u, t in b.tokens.items()
            if t == token
        ] + [f"copied to {where}, unheard" for b, u, where in self.copies_unsure if b.tokens.get(u) == token]

    def _settle(self, truth):
        for uidvalidity, messages in truth.items():
            box = self.boxes[uidvalidity]
            for uid, token in box.tokens.items():
                if (uidvalidity, uid) not in self.made:
                    self.made[uidvalidity, uid] = token
                    self.delivered.discard(token)
                    if uid not in messages:
                        self.killable.add(token)
            box.left |= box.uids - set(messages)
            box.deleted = {u: self.now for u, (flags, _) in messages.items() if "\\deleted" in flags}
            box.moved.clear()
            box.expunges.clear()
        self.unsure.clear()
        self.origins.clear()
        self.copies_unsure.clear()
