"""A client that changes its own mailboxes without a pause and knows what they must hold.

It has an account to itself, so its model is exact: after a crash the mailboxes
are as they were after the last command that was answered OK, or as the command
that was not answered would have left them; never in between.
"""

import copy
import random
import re
import threading

from imap_answer import ask, take
from senders import Client, message


class Worker(Client):
    def __init__(self, server, user, seed):
        super().__init__(server, None)
        self.server, self.user = server, user
        self.random = random.Random(seed)
        self.dying = threading.Event()  # set before the server is killed
        self.before = read(server, user)
        self.after = None  # what the command under way leads to; None: no command is

    def work(self):
        try:
            with self.server.imap(self.user, service="imap", tls=False) as talk:
                self.change_until_killed(talk)
        except AssertionError:
            if not self.dying.is_set():
                raise

    def change_until_killed(self, talk):
        while not self.stopped.is_set():
            mailbox = self.random.choice(sorted(self.before))
            if ask(talk, f"SELECT {mailbox}").status != "OK":
                raise AssertionError(f"{mailbox} is gone\n{talk}")
            for _ in range(self.random.randrange(1, 6)):
                self.change(talk, mailbox)
            self.rename(talk)

    def change(self, talk, mailbox):
        uids = self.some(mailbox)
        if not uids or self.random.random() < 0.3:
            self.append(talk, mailbox)
        else:
            kind = self.random.choice((self.copy, self.move, self.store, self.expunge))
            kind(talk, mailbox, uids)

    def some(self, mailbox):
        there = sorted(self.before[mailbox])
        return self.random.sample(there, min(len(there), self.random.randrange(1, 6)))

    def do(self, after, talk, command):
        """Says it; once it is answered the model is `after`, which the answer may complete."""
        self.after = after
        talk.send(b"do " + command)
        answers = take(talk, "do")
        assert answers.status == "OK", f"{command[:80]}: {answers.text}"
        return answers

    def done(self):
        self.before, self.after = self.after, None

    # ---- the changes ----

    def append(self, talk, mailbox):
        number = self.random.randrange(1 << 40)
        octets = message(number, self.random.choice((500, 2000, 300_000)))
        flags = frozenset(self.random.sample(("\\Seen", "\\Flagged", "$Work"), 2))
        after = copy.deepcopy(self.before)
        after[mailbox]["new"] = (number, flags)
        command = f"APPEND {mailbox} ({' '.join(sorted(flags))}) {{{len(octets)}+}}\r\n".encode()
        answers = self.do(after, talk, command + octets + b"\r\n")
        uid = int(re.match(r"\[APPENDUID \d+ (\d+)\]", answers.text)[1])
        after[mailbox][uid] = after[mailbox].pop("new")
        self.done()

    def copy(self, talk, mailbox, uids):
        self.transfer(talk, "COPY", mailbox, uids)

    def move(self, talk, mailbox, uids):
        self.transfer(talk, "MOVE", mailbox, uids)

    def transfer(self, talk, verb, mailbox, uids):
        target = self.random.choice(sorted(set(self.before) - {mailbox}))
        after = copy.deepcopy(self.before)
        for uid in uids:
            after[target]["copy", uid] = after[mailbox][uid]
            if verb == "MOVE":
                del after[mailbox][uid]
        answers = self.do(after, talk, f"UID {verb} {as_set(uids)} {target}\r\n".encode())
        code = [words[1] for words in answers.untagged if words[0] == "OK"] + [answers.text]
        found = re.match(r"\[COPYUID \d+ (\S+) (\S+)\]", code[0])
        for old, new in zip(numbers(found[1]), numbers(found[2])):
            after[target][new] = after[target].pop(("copy", old))
        self.done()

    def store(self, talk, mailbox, uids):
        flag = self.random.choice(("\\Seen", "\\Answered", "$Work"))
        after = copy.deepcopy(self.before)
        for uid in uids:
            number, flags = after[mailbox][uid]
            after[mailbox][uid] = (number, flags | {flag})
        self.do(after, talk, f"UID STORE {as_set(uids)} +FLAGS ({flag})\r\n".encode())
        self.done()

    def expunge(self, talk, mailbox, uids):
        marked = copy.deepcopy(self.before)
        for uid in uids:
            number, flags = marked[mailbox][uid]
            marked[mailbox][uid] = (number, flags | {"\\Deleted"})
        self.do(marked, talk, f"UID STORE {as_set(uids)} +FLAGS.SILENT (\\Deleted)\r\n".encode())
        self.done()
        after = copy.deepcopy(self.before)
        for uid in uids:
            del after[mailbox][uid]
        self.do(after, talk, f"UID EXPUNGE {as_set(uids)}\r\n".encode())
        self.done()

    def rename(self, talk):
        (old,) = set(self.before) - {"INBOX"}
        new = "Play" if old == "Work" else "Work"
        after = copy.deepcopy(self.before)
        after[new] = after.pop(old)
        self.do(after, talk, f"RENAME {old} {new}\r\n".encode())
        self.done()

    # ---- after the crash ----

    def verify(self):
        found = read(self.server, self.user)
        if found == self.before:
            return
        assert self.after is not None, f"{self.user}: {found}\nis not\n{self.before}"
        outcome, wanted = without_uids(found), without_uids(self.after)
        told = f"{self.user}: {found}\nis neither\n{self.before}\nnor\n{self.after}"
        assert outcome == wanted or outcome == without_uids(self.before), told


def as_set(uids):
    return ",".join(str(uid) for uid in sorted(uids))


def numbers(text):
    for part in text.split(","):
        first, _, last = part.partition(":")
        yield from range(int(first), int(last or first) + 1)


def without_uids(model):
    return {name: sorted((n, sorted(f)) for n, f in held.values()) for name, held in model.items()}


def read(server, user):
    """{mailbox: {uid: (X-Number, flags)}} of INBOX and whatever else is no folder of every account."""
    with server.imap(user, service="imap", tls=False) as talk:
        listed = ask(talk, 'LIST "" *').untagged
        names = {name if isinstance(name, str) else name.decode() for *_, name in listed}
        names -= {"Archive", "Drafts", "Junk", "Sent", "Trash"}
        return {name: read_mailbox(talk, name) for name in names}


def read_mailbox(talk, name):
    assert ask(talk, f"EXAMINE {name}").status == "OK"
    out = {}
    answers = ask(talk, "UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (X-Number)])")
    for values in answers.fetched.values():
        number = int(re.search(rb"\d+", values["BODY[HEADER.FIELDS (X-Number)]"])[0])
        out[int(values["UID"])] = (number, frozenset(values["FLAGS"]) - {"\\Recent"})
    return out
