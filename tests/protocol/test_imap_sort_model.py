"""SORT and THREAD of mail at random, compared with a plain reading of RFC 5256.

The model does what the text of section 3 says, step by step and without haste.
"""

import random

import pytest

from imap_answer import ask
from rfc_example import fill, mail

ROUNDS, MESSAGES = 8, 30
SUBJECTS = ["alpha", "beta", "gamma", "delta", ""]


class Message:
    def __init__(self, dice, uid, ids):
        self.uid = uid
        self.id = dice.choice(ids) if dice.random() < 0.9 else None
        self.refs = [dice.choice(ids) for _ in range(dice.choice([0, 0, 1, 1, 2, 3, 4]))]
        self.base = dice.choice(SUBJECTS)
        self.reply = dice.random() < 0.4
        self.day = dice.randrange(1, 15)
        self.sender = f"{dice.choice('abcde')}{dice.randrange(3)}"

    def octets(self):
        fields = {"subject": ("Re: " if self.reply else "") + self.base, "from": f"{self.sender}@x",
                  "date": f"{self.day} Mar 2000 12:00:00 +0000"}
        if self.id:
            fields["message-id"] = f"<{self.id}@x>"
        if self.refs:
            fields["references"] = " ".join(f"<{ref}@x>" for ref in self.refs)
        return mail("text " * (self.uid % 4), **fields)

    @property
    def when(self):
        return self.day, self.uid


class Node:
    def __init__(self, message=None):
        self.message, self.parent, self.children = message, None, []

    def is_above(self, other):
        while other:
            if other is self:
                return True
            other = other.parent
        return False

    def adopt(self, child):
        child.parent = self
        self.children.append(child)

    def leave(self):
        self.parent.children.remove(self)
        self.parent = None

    @property
    def first(self):
        """What a dummy goes by."""
        return self.message or self.children[0].first

    def text(self):
        if not self.message:
            inside = "".join(child.text() for child in self.children)
            return f"({inside})"
        words, node = [str(self.message.uid)], self
        while len(node.children) == 1:
            node = node.children[0]
            words.append(str(node.message.uid))
        return f"({' '.join(words)}{' ' if node.children else ''}{''.join(c.text() for c in node.children)})"


def linked(messages):
    """Step 1."""
    table, nodes = {}, []

    def node_of(name):
        if name not in table:
            table[name] = Node()
            nodes.append(table[name])
        return table[name]

    for message in messages:
        own = node_of(message.id) if message.id else None
        if not own or own.message:
            own = Node()
            nodes.append(own)
        own.message = message
        last = None
        for name in message.refs:
            node = node_of(name)
            if last and not node.parent and not node.is_above(last):
                last.adopt(node)
            last = node
        if own.parent and own.parent is not last:
            own.leave()
        if last and not own.parent and not own.is_above(last):
            last.adopt(own)
    return nodes


def pruned(nodes, top):
    """Step 3 for one set of siblings."""
    out = []
    for node in nodes:
        node.children = pruned(node.children, False)
        if node.message or (top and len(node.children) > 1):
            out.append(node)
        else:
            out += node.children
    return out


def sort_all(nodes):
    for node in nodes:
        sort_all(node.children)
    nodes.sort(key=lambda node: node.first.when)


def merged(roots):
    """Step 5."""
    table = {}
    for root in roots:
        subject = root.first.base
        known = table.get(subject)
        if subject and (not known or (known.message and (
                not root.message or (known.message.reply and not root.message.reply)))):
            table[subject] = root
    out = list(roots)
    for root in roots:
        subject = root.first.base
        known = table.get(subject)
        if not subject or known is root or root not in out:
            continue
        out.remove(root)
        if not known.message and not root.message:
            known.children += root.children
        elif not known.message or (root.message and root.message.reply and not known.message.reply):
            known.children.append(root)
        else:
            dummy = Node()
            dummy.children = [known, root]
            out[out.index(known)] = table[subject] = dummy
    return out


def references(messages):
    roots = pruned([node for node in linked(messages) if not node.parent], True)
    for root in roots:
        if not root.message:
            root.children.sort(key=lambda node: node.first.when)
    roots.sort(key=lambda node: node.first.when)
    roots = merged(roots)
    sort_all(roots)
    return "".join(root.text() for root in roots)


def ordered_subject(messages):
    threads = {}
    for message in sorted(messages, key=lambda m: m.when):
        threads.setdefault(message.base, []).append(message.uid)
    out = ""
    for first, *rest in threads.values():
        if len(rest) == 1:
            out += f"({first} {rest[0]})"
        else:
            out += f"({first}{' ' if rest else ''}{''.join(f'({uid})' for uid in rest)})"
    return out


@pytest.fixture(scope="module", params=range(ROUNDS))
def mailbox(request, shared_server):
    """A mailbox of one round, and its messages; each thread of ids is more or less entangled."""
    dice = random.Random(5256 + request.param)
    ids = [f"id{n}" for n in range(dice.choice([6, 15, 40]))]
    messages = [Message(dice, uid, ids) for uid in range(1, MESSAGES + 1)]
    with shared_server.imap(shared_server.new_account()) as talk:
        fill(talk, "INBOX", [message.octets() for message in messages])
        ask(talk, "EXAMINE INBOX")
        yield talk, messages


def test_threads_are_those_of_the_model(mailbox):
    talk, messages = mailbox
    for algorithm, model in (("REFERENCES", references), ("ORDEREDSUBJECT", ordered_subject)):
        talk.send_line(f"a UID THREAD {algorithm} UTF-8 ALL")
        line = talk.expect("* THREAD ...")
        talk.expect("a OK ...")
        assert line == "* THREAD " + model(messages)


KEYS = {
    "SUBJECT": lambda m: m.base.upper(),
    "FROM": lambda m: m.sender.upper(),
    "DATE": lambda m: m.day,
    "SIZE": lambda m: len(m.octets()),
    "CC": lambda m: "",
}


def test_orders_are_those_of_the_model(mailbox):
    talk, messages = mailbox
    dice = random.Random(len(messages[0].octets()))
    for _ in range(10):
        criteria = [(dice.random() < 0.5, name) for name in dice.sample(sorted(KEYS), dice.randrange(1, 4))]
        # Equals stay as they are, under `reverse` too.
        wanted = messages
        for reverse, name in reversed(criteria):
            wanted = sorted(wanted, key=KEYS[name], reverse=reverse)
        said = " ".join(("REVERSE " if reverse else "") + name for reverse, name in criteria)
        talk.send_line(f"a UID SORT ({said}) UTF-8 ALL")
        line = talk.expect("* SORT ...")
        talk.expect("a OK ...")
        assert line == "* SORT " + " ".join(str(m.uid) for m in wanted), said

