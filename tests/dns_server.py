"""A name server of a test's own, with zones that it signs: Knot DNS on a loopback port.

    dns = DnsServer(directory)
    dns.zone("example.org", signed=True).set("@", "MX", "10 mx", "20 mx2.example.net.")
    dns.zone("example.net").set("mx2", "A", "192.0.2.2")
    dns.start()
    server = make_server(resolver=dns.conf)
    dns.zones["example.org"].set("@", "MX", "10 other").spoil("@", "MX")
    dns.publish()          # after changes; they count from here on
    dns.stop()

Nothing is kept in caches: every TTL is 0 unless it is given. A zone that is
signed has its key in the trust anchor, so that what it says is secure; one that
is not is insecure. `.test` is an empty zone inside the resolver: take example.org.
"""

import pathlib
import socket
import subprocess
import time

import processes

GUARD_SECONDS = 60
ATTEMPTS = 20


class DnsFailed(AssertionError):
    """The name server or its tools did not do what they had to; the text holds their output."""


class Zone:
    def __init__(self, name, signed, ttl):
        self.name, self.signed, self.ttl = name, signed, ttl
        self.serial = 0
        self.failing = False
        self.spoiled = set()
        self.records = {}
        self.clear()

    def clear(self):
        """As it was when it was new."""
        self.records.clear()
        return self.mend().set("@", "NS", "ns").set("ns", "A", "127.0.0.1")

    def set(self, owner, kind, *values):
        """These records and no others of that kind; none: there are none. Names end with a dot, or
        lie in the zone."""
        self.records[owner, kind] = list(values)
        return self

    def text(self, owner, value):
        """A TXT record of this one string, in pieces of 255 octets."""
        pieces = [value[i:i + 255] for i in range(0, len(value), 255)] or [""]
        escaped = [p.replace("\\", "\\\\").replace('"', '\\"') for p in pieces]
        return self.set(owner, "TXT", " ".join(f'"{p}"' for p in escaped))

    def spoil(self, owner, *kinds):
        """The signatures of these records are wrong from now on: bogus."""
        assert self.signed
        self.spoiled |= {(self.absolute(owner), kind) for kind in kinds}
        return self

    def mend(self):
        self.spoiled.clear()
        return self

    def fail(self, failing=True):
        """The server answers SERVFAIL for all of the zone."""
        self.failing = failing
        return self

    def absolute(self, owner):
        if owner == "@":
            return self.name + "."
        return owner if owner.endswith(".") else f"{owner}.{self.name}."

    def zone_file(self):
        self.serial += 1
        lines = [f"$ORIGIN {self.name}.", f"$TTL {self.ttl}"]
        lines.append(f"@ SOA ns hostmaster {self.serial} 3600 600 86400 {self.ttl}")
        for (owner, kind), values in self.records.items():
            lines += [f"{owner} {kind} {value}" for value in values]
        return "\n".join(lines) + "\n"

    def spoil_signatures(self, text):
        """The signed zone with another signature under what was spoiled: its first four digits."""
        lines = text.splitlines()
        for i, line in enumerate(lines):
            words = line.split()
            if len(words) > 4 and words[2] == "RRSIG" and (words[0], words[3]) in self.spoiled:
                signature = words[-1]
                other = "AAAA" if signature[:4] != "AAAA" else "BBBB"
                lines[i] = line.replace(signature, other + signature[4:])
        return "\n".join(lines) + "\n"


class DnsServer:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.trust_anchor = self.directory / "anchor"
        self.zones = {}
        self.port = 0
        self.process = None
        for name in ("zones", "keys", "db", "run"):
            (self.directory / name).mkdir(parents=True)
        # One that nobody asks for: without any the resolver would not validate.
        self.zone("anchor.invalid", signed=True)

    def zone(self, name, signed=False, ttl=0):
        """A new zone; published by start or publish."""
        self.zones[name] = Zone(name, signed, ttl)
        return self.zones[name]

    @property
    def conf(self):
        """The settings of the group "resolver" that lead here."""
        return {"servers": [f"127.0.0.1@{self.port}"], "trust_anchor": str(self.trust_anchor)}

    @property
    def conf_text(self):
        return (f'resolver = {{ servers = ["127.0.0.1@{self.port}"]; '
                f'trust_anchor = "{self.trust_anchor}"; }};\n')

    # ---- zones ----

    def _run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=GUARD_SECONDS)
        if done.returncode:
            raise DnsFailed(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _write_signing_conf(self):
        lines = [f"database:\n    storage: {self.directory}/keys"]
        lines.append("policy:\n  - id: test\n    algorithm: ecdsap256sha256")
        lines.append("    single-type-signing: on\nzone:")
        for zone in self.zones.values():
            lines.append(f"  - domain: {zone.name}\n    storage: {self.directory}/zones")
            lines.append(f"    file: {zone.name}.unsigned")
            lines.append("    dnssec-signing: on\n    dnssec-policy: test")
        path = self.directory / "sign.conf"
        path.write_text("\n".join(lines) + "\n")
        return path

    def _write_zone(self, zone, signing):
        zones = self.directory / "zones"
        served = zones / zone.name
        served.unlink(missing_ok=True)
        if zone.failing:
            return
        if not zone.signed:
            served.write_text(zone.zone_file())
            return
        (zones / f"{zone.name}.unsigned").write_text(zone.zone_file())
        signed = self.directory / "signed"
        signed.mkdir(exist_ok=True)
        self._run("kzonesign", "-c", signing, "-o", signed, zone.name)
        (done,) = signed.iterdir()
        served.write_text(zone.spoil_signatures(done.read_text()))
        done.unlink()

    def _write_zones(self):
        signing = self._write_signing_conf()
        anchors = []
        for zone in self.zones.values():
            self._write_zone(zone, signing)
            if zone.signed and not zone.failing:
                zone.anchor = self._run("keymgr", "-c", signing, zone.name, "ds")
            anchors.append(getattr(zone, "anchor", ""))
        self.trust_anchor.write_text("".join(anchors).replace(" DS ", " IN DS "))

    # ---- the server ----

    def _write_conf(self):
        lines = [f"server:\n    rundir: {self.directory}/run\n    listen: 127.0.0.1@{self.port}"]
        lines.append("    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1")
        lines.append("log:\n  - target: stderr\n    any: info")
        lines.append(f"database:\n    storage: {self.directory}/db\nzone:")
        for name in self.zones:
            lines.append(f"  - domain: {name}\n    storage: {self.directory}/zones\n    file: {name}")
            lines.append("    zonefile-load: whole\n    journal-content: none\n    zonefile-sync: -1")
        self._conf = self.directory / "knot.conf"
        self._conf.write_text("\n".join(lines) + "\n")

    @property
    def log(self):
        path = self.directory / "log"
        return path.read_text("utf-8", "backslashreplace") if path.exists() else ""

    def _control(self, *words):
        return subprocess.run(["knotc", "-c", self._conf, "-b", *words], capture_output=True,
                              text=True, timeout=GUARD_SECONDS)

    def _starts(self):
        """Is it there, on the chosen port? False: it ended, since the port was taken."""
        with (self.directory / "log").open("wb") as log:
            self.process = subprocess.Popen(["knotd", "-c", self._conf], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        give_up = time.monotonic() + GUARD_SECONDS
        while self.process.poll() is None:
            if self._control("status").returncode == 0:
                return True
            if time.monotonic() > give_up:
                raise DnsFailed(f"the name server does not start\n{self.log}")
            time.sleep(0.01)
        return False

    def start(self):
        """Ports for UDP and TCP at once the kernel does not choose; a taken one is tried anew."""
        self._write_zones()
        for _ in range(ATTEMPTS):
            self.port = _free_port()
            self._write_conf()
            if self._starts() and f"127.0.0.1@{self.port}" in self.log and "cannot bind" not in self.log:
                self.publish()
                return self
            self.stop()
        raise DnsFailed(f"the name server does not start\n{self.log}")

    def publish(self):
        """Signs and serves the zones as they are now."""
        self._write_zones()
        self._write_conf()
        self._control("reload")
        for zone in self.zones.values():
            done = self._control("zone-reload", zone.name)
            if (done.returncode == 0) == zone.failing:
                raise DnsFailed(f"{zone.name}: {done.stdout}{done.stderr}\n{self.log}")

    def stop(self):
        processes.end(self.process)
        self.process = None


def _free_port():
    """One that neither UDP nor TCP has on 127.0.0.1, for now."""
    for _ in range(ATTEMPTS):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return tcp.getsockname()[1]
    raise DnsFailed("no port is free")
