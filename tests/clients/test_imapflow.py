"""ImapFlow, the library of many web mailers: what they do with an account, and how they come back."""

import json
import os
import pathlib
import subprocess

import pytest

from programs import GUARD_SECONDS, TOOLS, find
from server import eml

STEPS = pathlib.Path(__file__).parent / "imapflow" / "steps.cjs"
MODULES = TOOLS / "imapflow" / "node_modules"


class ImapFlow:
    """An account of its own, over TLS."""

    def __init__(self, server, *limits):
        self.server, self.user = server, server.new_account(*limits)
        self.options = {
            "host": "localhost",
            "port": server.ports["imaps"],
            "secure": True,
            "tls": {"ca": pathlib.Path(server.certificate.certificate).read_text()},
            "auth": {"user": f"{self.user}@example.org", "pass": server.passwords[self.user]},
        }

    def does(self, *steps, **options):
        """Connects, does the steps and leaves; returns what came of each, the connection first."""
        assert MODULES.is_dir(), "ImapFlow is not installed; script/test clients installs it"
        told = [["connect", {**self.options, **options}], *map(list, steps), ["logout"]]
        done = subprocess.run(
            [find("node"), str(STEPS)],
            input=json.dumps(told).encode(),
            capture_output=True,
            timeout=GUARD_SECONDS,
            env={**os.environ, "NODE_PATH": str(MODULES)},
        )
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line["step"] for line in lines] == [step[0] for step in told]
        return lines[:-1]


@pytest.fixture
def imapflow(server):
    return ImapFlow(server)


def results(lines):
    return [line["result"] for line in lines]


def append(path, name, *flags):
    return append_octets(path, eml(name), *flags)


def append_octets(path, octets, *flags):
    return ["append", path, octets.decode("latin1"), list(flags)]


def message(subject, body="Text", message_id="one", reply_to=None):
    """A message, or a reply to the one of that Message-ID."""
    lines = [
        "From: bob@example.org",
        f"Subject: {subject}",
        f"Message-ID: <{message_id}@example.org>",
        *([f"In-Reply-To: <{reply_to}@example.org>"] if reply_to else []),
    ]
    return "\r\n".join([*lines, "", body, ""]).encode()


def of(events, name):
    return [event for event in events if event["name"] == name]


def test_it_lists_the_folders_with_their_uses_and_counts(server, imapflow):
    server.deliver(imapflow.user, "plain.eml")
    folders = results(imapflow.does(["list", {"statusQuery": {"messages": True, "unseen": True}}]))[1]
    by_path = {folder["path"]: folder for folder in folders}
    assert by_path["INBOX"]["status"]["messages"] == 1
    assert by_path["INBOX"]["status"]["unseen"] == 1
    uses = {folder.get("specialUse"): folder["path"] for folder in folders}
    assert {"\\Sent", "\\Drafts", "\\Trash", "\\Junk"} <= set(uses)


def test_it_reads_a_folder_and_a_part_of_a_message(imapflow):
    query = {"uid": True, "envelope": True, "flags": True, "bodyStructure": True, "size": True}
    did = results(
        imapflow.does(
            ["open", "INBOX"],
            append("INBOX", "multipart.eml", "\\Flagged"),
            append("INBOX", "eightbit.eml"),
            ["fetch", "1:*", query],
            ["download", "1", "1"],
            ["download", "2"],
        )
    )
    first, second = did[4]
    assert "\\Flagged" in first["flags"] and "\\Flagged" not in second["flags"]
    assert first["size"] == len(eml("multipart.eml"))
    assert first["bodyStructure"]["type"].startswith("multipart/")
    assert second["envelope"]["subject"]
    assert did[5]["content"].strip()
    assert did[6]["content"].encode("latin1") == eml("eightbit.eml")


def test_it_flags_searches_copies_moves_and_removes(imapflow):
    did = results(
        imapflow.does(
            ["create", "Projekt/Übersicht"],
            ["open", "INBOX"],
            append("INBOX", "plain.eml"),
            append("INBOX", "dots.eml"),
            append("INBOX", "eightbit.eml"),
            ["addFlags", "1:2", ["\\Seen", "$Important"]],
            ["search", {"seen": True, "keyword": "$Important"}, {"uid": True}],
            ["search", {"or": [{"subject": "dots"}, {"subject": "Umlauten"}]}],
            ["copy", "1", "Projekt/Übersicht"],
            ["move", "2", "Projekt/Übersicht"],
            ["expunge", "1"],
            ["search", {"all": True}, {"uid": True}],
            ["status", "Projekt/Übersicht", {"messages": True, "unseen": True}],
            ["rename", "Projekt/Übersicht", "Projekt/Ende"],
            ["remove", "Projekt/Ende"],
        )
    )
    assert did[7] == [1, 2]
    assert did[8] == [2, 3]
    assert did[9]["uidMap"] == {"1": 1} and did[10]["uidMap"] == {"2": 2}
    assert did[12] == [3]
    assert (did[13]["messages"], did[13]["unseen"]) == (2, 0)


def leave_and_be_changed(server, imapflow):
    """Four messages are seen, then others remove 1, flag 3 and add 5; the mailbox as it was."""
    names = ("plain.eml", "dots.eml", "multipart.eml", "from-bob.eml")
    steps = [append("INBOX", name) for name in names]
    did = results(imapflow.does(*steps, ["open", "INBOX"], qresync=True))
    assert "QRESYNC" in did[0]["enabled"]
    with server.imap(imapflow.user) as other:
        other.says("C: o SELECT INBOX").until("o OK ...")
        other.says(r"C: f STORE 3 +FLAGS (\Flagged)").until("f OK ...")
        other.says(r"C: d STORE 1 +FLAGS (\Deleted)").until("d OK ...")
        other.says("C: e EXPUNGE").until("e OK ...")
    server.deliver(imapflow.user, "plain.eml")
    return did[-1]


def test_it_comes_back_and_is_told_what_others_did(server, imapflow):
    """QRESYNC: RFC 7162 3.2."""
    before = leave_and_be_changed(server, imapflow)
    known = {"changedSince": before["highestModseq"], "uidValidity": before["uidValidity"]}
    did = imapflow.does(
        ["open", "INBOX", known],
        ["expunge", "2", {"uid": True}],
        ["fetch", "1:*", {"uid": True, "flags": True}, {"uid": True, **known}],
        qresync=True,
    )
    opened, expunged, fetched = did[1:]
    assert opened["result"]["qresync"] is True
    assert opened["result"]["exists"] == 4
    assert int(opened["result"]["highestModseq"]) > int(before["highestModseq"])
    gone = [(event["uid"], event["earlier"]) for event in of(opened["events"], "expunge")]
    assert gone == [(1, True)]
    changed = {event["uid"]: event["flags"] for event in of(opened["events"], "flags")}
    assert set(changed) == {3, 5} and "\\Flagged" in changed[3]
    gone = [(event["uid"], event["earlier"]) for event in of(expunged["events"], "expunge")]
    assert gone == [(2, False)]
    assert {told["uid"] for told in fetched["result"]} == {3, 5}


def test_it_is_told_nothing_of_a_mailbox_that_is_another_now(server, imapflow):
    before = leave_and_be_changed(server, imapflow)
    other = str(int(before["uidValidity"]) + 1)
    known = {"changedSince": before["highestModseq"], "uidValidity": other}
    opened = imapflow.does(["open", "INBOX", known], qresync=True)[1]
    assert opened["result"]["qresync"] is False
    assert of(opened["events"], "expunge") == of(opened["events"], "flags") == []


@pytest.mark.parametrize("compressed", [True, False])
def test_it_reads_much_text_by_few_octets_where_it_compresses(imapflow, compressed):
    """COMPRESS=DEFLATE: RFC 4978. It asks for it unless told otherwise."""
    octets = message("Much", body="The same line, a thousand times.\r\n" * 1000)
    steps = [["open", "INBOX"], append_octets("INBOX", octets), ["fetch", "1", {"source": True}]]
    did = results(imapflow.does(*steps, ["received"], disableCompression=not compressed))
    assert did[3][0]["source"].encode("latin1") == octets
    assert did[4]["unpacked"] > len(octets)
    assert (did[4]["octets"] < len(octets)) == compressed


def test_it_shows_the_quota_and_hears_that_it_is_used_up(server):
    """QUOTA: RFC 9208; OVERQUOTA of APPEND."""
    imapflow = ImapFlow(server, "--quota=1M", "--max-messages=2")
    did = results(
        imapflow.does(
            append("INBOX", "multipart.eml"),
            ["quota", "INBOX"],
            append("INBOX", "plain.eml"),
            ["refused", *append("INBOX", "dots.eml")],
            ["quota", "INBOX"],
        )
    )
    storage = did[2]["storage"]
    assert storage["limit"] == 1 << 20
    assert len(eml("multipart.eml")) <= storage["usage"] < len(eml("multipart.eml")) + 1024
    assert (did[2]["message"]["usage"], did[2]["message"]["limit"]) == (1, 2)
    assert did[2]["mailbox"]["usage"] == 6
    assert did[4] == "OVERQUOTA"
    assert did[5]["message"]["status"] == "100%"


def test_it_knows_mailboxes_messages_and_threads_by_names_that_stay(imapflow):
    """OBJECTID: RFC 8474."""
    query = {"uid": True, "threadId": True}
    did = results(
        imapflow.does(
            ["create", "Before"],
            append_octets("INBOX", message("Question")),
            append_octets("INBOX", message("Re: Question", message_id="two", reply_to="one")),
            append_octets("INBOX", message("Something else", message_id="three")),
            ["open", "INBOX"],
            ["fetch", "1:*", query],
            ["copy", "2", "Before"],
            ["open", "Before"],
            ["fetch", "1:*", query],
            ["rename", "Before", "After"],
            ["open", "After"],
        )
    )
    question, reply, other = did[6]
    assert len({told["emailId"] for told in did[6]}) == 3
    assert question["threadId"] == reply["threadId"] != other["threadId"]
    assert [(told["emailId"], told["threadId"]) for told in did[9]] == [
        (reply["emailId"], reply["threadId"])
    ]
    assert did[8]["mailboxId"] == did[11]["mailboxId"] != did[5]["mailboxId"]
    found = results(
        imapflow.does(
            ["open", "INBOX"],
            ["search", {"emailId": other["emailId"]}],
            ["search", {"threadId": question["threadId"]}],
        )
    )
    assert found[2:] == [[3], [1, 2]]
