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

    def __init__(self, server):
        self.server, self.user = server, server.new_account()
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
    return ["append", path, eml(name).decode("latin1"), list(flags)]


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
