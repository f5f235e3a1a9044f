"""A server under load: where it listens, and what the kernel knows about it."""

import dataclasses
import os
import pathlib
import re

TICKS = os.sysconf("SC_CLK_TCK")
# sink: not a service, but where it sends mail for elsewhere: outbound.py.
SERVICES = ("smtp", "submission", "pop3", "imap", "imaps", "sink")


@dataclasses.dataclass
class Target:
    name: str
    host: str
    ports: dict
    user: str
    password: str
    root_pids: list
    cgroup: str = ""  # a cpuacct group that holds all its processes
    set_options: object = None  # ours: lays options over its own, and returns when they hold
    settle: object = None  # ours: returns when what it does in the background is done

    @classmethod
    def parse(cls, text):
        """NAME,key=value,… or a file with a key=value on each line."""
        if os.path.isfile(text):
            words = pathlib.Path(text).read_text().split("\n")
        else:
            words = ("name=" + text).split(",")
        fields = dict(word.strip().split("=", 1) for word in words if "=" in word)
        return cls(
            fields["name"],
            fields.get("host", "127.0.0.1"),
            {service: int(fields[service]) for service in SERVICES if service in fields},
            fields.get("user", "u%d@bench.test"),
            fields.get("password", fields.get("pass", "secret")),
            [int(pid) for pid in fields.get("pid", "").split("+") if pid],
            fields.get("cgroup", ""),
        )

    @property
    def is_known(self):
        return bool(self.root_pids or self.cgroup)

    def pids(self):
        """Its processes that are alive."""
        if self.cgroup:
            return [int(pid) for pid in pathlib.Path(self.cgroup, "cgroup.procs").read_text().split()]
        return family(self.root_pids)

    def cpu_seconds(self):
        """Of children that have ended only what was waited for counts, unless it has a cgroup."""
        if self.cgroup:
            return int(pathlib.Path(self.cgroup, "cpuacct.usage").read_text()) / 1e9
        total = 0
        for pid in self.pids():
            fields = read_proc(pid, "stat").rpartition(")")[2].split()
            total += sum(int(ticks) for ticks in fields[11:15])
        return total / TICKS

    def memory_kib(self):
        """Proportional: what processes share counts once."""
        return sum(
            int(found[1])
            for pid in self.pids()
            if (found := re.search(r"^Pss:\s+(\d+)", read_proc(pid, "smaps_rollup"), re.M))
        )


def family(pids):
    """The processes and all below them."""
    out = []
    for pid in pids:
        children = read_proc(pid, f"task/{pid}/children").split()
        out += [pid, *family([int(child) for child in children])]
    return out


def read_proc(pid, name):
    """Nothing for a process that has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
