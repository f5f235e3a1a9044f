"""A mailserver of its own for a test: made in a temporary directory, started, asked, stopped.

    server = Server(directory, Build.find(), conf={"smtp": {"max_recipients": 5}})
    server.start()
    with server.pop3("alice") as alice: ...
    server.stop()          # fails when the exit status or a sanitizer says so

Every service listens on 127.0.0.1 on a port of the kernel's choice. The domain
is example.org; alice and bob have the passwords of PASSWORDS.
"""

import base64
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

from conversation import GUARD_SECONDS, Conversation

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DOMAIN = "example.org"
HOSTNAME = "mail.example.org"
PASSWORDS = {"alice": "wonderland", "bob": "builder's tea"}
SERVICES = ("smtp", "submission", "submissions", "pop3", "pop3s", "imap", "imaps")
IMPLICIT_TLS = ("submissions", "pop3s", "imaps")
# What a sanitizer or an assertion leaves on stderr.
COMPLAINTS = re.compile(
    r"(ERROR|WARNING): \w+Sanitizer|runtime error: |Assertion .* failed|SUMMARY: \w+Sanitizer"
)


class ServerFailed(AssertionError):
    """The daemon or mailserverctl did not do what it had to; the text holds its output."""


class Build:
    """Where the programs are: $MAILSERVER_BUILD, or the first build that has them."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory).resolve()
        self.daemon = self.directory / "mailserver"
        self.ctl = self.directory / "mailserverctl"

    @classmethod
    def find(cls, *presets):
        """The build of the first preset that is there, $MAILSERVER_BUILD before all."""
        chosen = os.environ.get("MAILSERVER_BUILD")
        places = [chosen] if chosen else []
        places += [SOURCE / "build" / p for p in presets or ("asan", "debug", "release")]
        for place in places:
            build = cls(place)
            if build.daemon.exists() and build.ctl.exists():
                return build
        raise ServerFailed("no mailserver in " + ", ".join(str(p) for p in places))


class Certificate:
    """A self-signed P-256 certificate for HOSTNAME, localhost and 127.0.0.1."""

    def __init__(self, directory, name="cert", hosts=(HOSTNAME, "localhost")):
        self.certificate = directory / f"{name}.pem"
        self.private_key = directory / f"{name}-key.pem"
        names = ",".join([f"DNS:{h}" for h in hosts] + ["IP:127.0.0.1"])
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"]
        command += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", f"/CN={hosts[0]}"]
        command += ["-addext", f"subjectAltName={names}"]
        command += ["-keyout", self.private_key, "-out", self.certificate]
        subprocess.run(command, check=True, capture_output=True)

    def client_context(self):
        """Trusts this certificate and nothing else, and checks the host's name."""
        return ssl.create_default_context(cafile=str(self.certificate))


def conf_text(settings, indent=""):
    """A nested dict as libconfig text."""
    lines = []
    for name, value in settings.items():
        if isinstance(value, dict):
            inner = conf_text(value, indent + "  ")
            lines.append(f"{indent}{name} = {{\n{inner}{indent}}};\n")
        else:
            lines.append(f"{indent}{name} = {_conf_value(value)};\n")
    return "".join(lines)


def _conf_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 2**31 else f"{value}L"
    if isinstance(value, (list, tuple)):
        groups = any(isinstance(v, dict) for v in value)
        items = ["{ " + conf_text(v).replace("\n", " ") + "}" if groups else _conf_value(v) for v in value]
        return ("( %s )" if groups else "[ %s ]") % ", ".join(items)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def merged(base, over):
    """`base` with `over` laid over it, group by group."""
    out = dict(base)
    for name, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(name), dict)
        out[name] = merged(out[name], value) if both else value
    return out


class Server:
    def __init__(self, directory, build=None, certificate=None, template=None, conf=None, **start):
        """
        `template` is a data directory to start from (see prepare_accounts);
        `start` says how it is started: `wrap` goes before the command line
        (["strace", "-f", …]), `args` after it (["--hold", "imap copy"]), `env` is
        laid over the environment.
        """
        self.directory = pathlib.Path(directory)
        self.build = build or Build.find()
        self.certificate = certificate or Certificate(self.directory)
        self.tls = self.certificate.client_context()
        self.data_dir = self.directory / "data"
        self.conf_path = self.directory / "mailserver.conf"
        self.log_path = self.directory / "log"
        self.wrap = list(start.get("wrap", ()))
        self.args = list(start.get("args", ()))
        self.env = {**os.environ, **self._sanitizer_options(), **start.get("env", {})}
        self.process = None
        self.passwords = dict(PASSWORDS)
        self.ports = {}
        self.settings = {}
        if template:
            shutil.copytree(template, self.data_dir)
        self.configure(conf or {})

    def _sanitizer_options(self):
        """Leak detection stops the process with ptrace: it and strace exclude each other."""
        leaks = 0 if self.wrap else 1
        return {"ASAN_OPTIONS": f"detect_leaks={leaks}", "UBSAN_OPTIONS": "print_stacktrace=1"}

    # ---- configuration and accounts ----

    def configure(self, conf):
        """Lays `conf` over the settings and writes mailserver.conf; the daemon is not told."""
        base = self.settings or {
            "hostname": HOSTNAME,
            "data_dir": str(self.data_dir),
            "user": pwd.getpwuid(os.geteuid()).pw_name,
            "log_level": "debug",
            "tls": {
                "certificate": str(self.certificate.certificate),
                "private_key": str(self.certificate.private_key),
            },
            "listen": {name: {"port": 0, "address": "127.0.0.1"} for name in SERVICES},
            # On the busiest machine no command is announced but where a test wants it.
            "imap": {"progress_interval": "1h"},
        }
        self.settings = merged(base, conf)
        self.conf_path.write_text(conf_text(self.settings))

    def ctl(self, *words, stdin=None, check=True):
        """Runs mailserverctl; its standard output, or with check=False the whole result."""
        command = [self.build.ctl, "-c", self.conf_path, *words]
        done = subprocess.run(
            command,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=GUARD_SECONDS,
            env=self.env,
        )
        if COMPLAINTS.search(done.stderr):
            raise ServerFailed(f"mailserverctl {' '.join(words)}:\n{done.stderr}")
        if check and done.returncode:
            raise ServerFailed(
                f"mailserverctl {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done.stdout if check else done

    def add_account(self, name, password, *options):
        """`name` as alice or alice@example.net."""
        address = name if "@" in name else f"{name}@{DOMAIN}"
        self.ctl("account", "add", address, "--password-stdin", *options, stdin=password + "\n")
        self.passwords[name] = password
        return address

    def new_account(self, *options):
        """An account that no other test uses; its local part, which is its login name."""
        name = f"user{len(self.passwords)}"
        self.add_account(name, "a password", *options)
        return name

    def prepare_accounts(self):
        """The domain and the accounts of PASSWORDS, in a store that no daemon has open."""
        self.ctl("domain", "add", DOMAIN)
        for name, password in PASSWORDS.items():
            self.add_account(name, password)

    # ---- life ----

    def start(self, wait=True):
        """Returns when it is ready, or at once; raises with the log when it ends before."""
        ports = self.data_dir / "ports"
        ports.unlink(missing_ok=True)
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.wrap, self.build.daemon, "-c", self.conf_path, *self.args],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                start_new_session=True,
            )
        if not wait:
            return self
        self.wait_for(lambda: re.search(r"\bready version=", self.log_since_start()), "to be ready")
        self.ports = {}
        for line in ports.read_text().splitlines():
            service, _, port = line.split()
            self.ports.setdefault(service, int(port))
        return self

    def wait_for(self, condition, what):
        """Until `condition()` is true; fails if the daemon ends, or never gets there."""
        give_up = time.monotonic() + GUARD_SECONDS
        while True:
            # Looked at first: what an ended daemon has said is all there when `condition` looks.
            ended = self.process.poll() is not None
            if result := condition():
                return result
            if ended:
                raise ServerFailed(f"exit {self.process.returncode}, waiting for it {what}\n{self.log}")
            if time.monotonic() > give_up:
                raise ServerFailed(f"waited too long for it {what}\n{self.log}")
            time.sleep(0.005)

    @property
    def pid(self):
        """The daemon's own process, below whatever `wrap` put before it."""
        pid = self.process.pid
        for _ in self.wrap[:1]:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            pid = int(children[0])
        return pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def state(self):
        """For people."""
        if self.process is None:
            return "stopped"
        return "running" if self.running else f"ended by itself: exit {self.process.returncode}"

    def ensure_started(self):
        """Starts it if it was stopped; fails if it has ended by itself."""
        if self.process is None:
            return self.start()
        if not self.running:
            raise ServerFailed(f"it has ended by itself: exit {self._reap()}\n{self.log}")
        return self

    def send_signal(self, number):
        """Nothing if it has ended: its number may be another's by now."""
        if self.wrap:
            os.kill(self.pid, number)
        else:
            self.process.send_signal(number)

    def release(self):
        """Lets go of what args=["--hold", CLASS] keeps back (debug builds)."""
        self.send_signal(signal.SIGUSR2)

    def stop(self, number=signal.SIGTERM):
        """Asks it to end, and fails if it does not end well."""
        if self.process is None:
            return
        if self.running:
            self.send_signal(number)
        status = self._reap()
        if status != 0:
            raise ServerFailed(f"exit status {status}\n{self.log}")
        self.check_log()

    def restart(self):
        self.stop()
        return self.start()

    def kill9(self):
        """Ends it as a power cut would end the process: no goodbye, no flush of our own."""
        self.send_signal(signal.SIGKILL)
        self._reap()
        self.check_log()

    def discard(self):
        """After a failed test: ends it whatever its state."""
        if self.running:
            with contextlib.suppress(ProcessLookupError, FileNotFoundError, IndexError):
                self.send_signal(signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            self.process.kill()
            self.process.wait()
        self.process = None

    def _reap(self):
        try:
            return self.process.wait(GUARD_SECONDS)
        except subprocess.TimeoutExpired:
            self.discard()
            raise ServerFailed(f"it does not end\n{self.log}") from None
        finally:
            self.process = None

    # ---- the log ----

    @property
    def log(self):
        """All it ever wrote to stderr."""
        return self.log_path.read_text("utf-8", "backslashreplace") if self.log_path.exists() else ""

    def log_since_start(self):
        """Whole lines; one may be just on its way."""
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            octets = log.read()
        return octets[: octets.rfind(b"\n") + 1].decode("utf-8", "backslashreplace")

    def wait_log(self, pattern):
        """The match of `pattern` in the log since the last start, once it is there."""
        return self.wait_for(lambda: re.search(pattern, self.log_since_start()), f"to log {pattern}")

    def check_log(self):
        """Fails if a sanitizer or an assertion has spoken."""
        if found := COMPLAINTS.search(self.log):
            raise ServerFailed(self.log[max(0, found.start() - 200) :])

    # ---- talking to it ----

    def connect(self, service, tls=None, guard=GUARD_SECONDS):
        """
        A Conversation with nothing said yet, not even the greeting read. `tls`
        None does what the service wants; True and False force it.
        """
        sock = socket.create_connection(("127.0.0.1", self.ports[service]), guard)
        talk = Conversation(sock, tls=self.tls, guard=guard)
        if tls is True or (tls is None and service in IMPLICIT_TLS):
            talk.starttls()
        return talk

    def smtp(self, service="smtp", tls=False):
        """Greeted, EHLO said; with tls=True after STARTTLS and EHLO again."""
        talk = self.connect(service)
        talk.expect("220 ...")
        talk.says("C: EHLO client.example.net").until("250 ...")
        if tls and service not in IMPLICIT_TLS:
            talk.says("C: STARTTLS").until("220 ...").starttls()
            talk.says("C: EHLO client.example.net").until("250 ...")
        return talk

    def submission(self, user, service="submissions"):
        """Under TLS and logged in by AUTH PLAIN: ready for MAIL."""
        talk = self.smtp(service, tls=True)
        talk.says(f"C: AUTH PLAIN {self.auth_plain(user)}").until("235 ...")
        return talk

    def pop3(self, user, service="pop3s", password=None, tls=True, utf8=False):
        """Logged in by USER and PASS, under TLS unless told otherwise: in the TRANSACTION state."""
        talk = self.connect(service)
        talk.expect("+OK ...")
        if tls and service not in IMPLICIT_TLS:
            talk.says("C: STLS").until("+OK ...").starttls()
        if utf8:
            talk.says("C: UTF8").until("+OK ...")
        talk.says(f"C: USER {user}").until("+OK ...")
        talk.says(f"C: PASS {password or self.passwords[user]}").until("+OK ...")
        return talk

    def imap(self, user, service="imaps", password=None, tls=True):
        """Logged in by LOGIN, under TLS unless told otherwise: in the AUTHENTICATED state."""
        talk = self.connect(service)
        talk.expect("* OK [CAPABILITY ...")
        if tls and service not in IMPLICIT_TLS:
            talk.says("C: tls STARTTLS").until("tls OK ...").starttls()
        word = (password or self.passwords[user]).replace("\\", "\\\\").replace('"', '\\"')
        talk.says(f'C: login LOGIN {user} "{word}"').until("login OK [CAPABILITY ...")
        return talk

    def auth_plain(self, user, password=None, authzid=""):
        """The initial response of AUTH PLAIN (RFC 4616)."""
        words = (authzid, user, self.passwords[user] if password is None else password)
        return base64.b64encode("\0".join(words).encode()).decode()

    # ---- mail ----

    def deliver(self, user, message, sender="sender@example.net", talk=None):
        """A message (octets, or a name in tests/data) to `user` by port 25; the last reply's text."""
        octets = eml(message) if isinstance(message, str) else message
        recipient = user if "@" in user else f"{user}@{DOMAIN}"
        with contextlib.ExitStack() as stack:
            talk = talk or stack.enter_context(self.smtp())
            talk.says(
                f"""
                C: MAIL FROM:<{sender}>
                S: 250 ...
                C: RCPT TO:<{recipient}>
                S: 250 ...
                C: DATA
                S: 354 ...
                """
            )
            return talk.send_data(octets).expect("250 ...")

    def messages(self, user):
        """Every message in the user's INBOX, octet for octet, oldest first."""
        # Without UTF8, headers with more than ASCII come rewritten (RFC 6856 3).
        with self.pop3(user, utf8=True) as talk:
            return fetch_all(talk)

    def count(self, user):
        """How many messages the user's INBOX holds."""
        with self.pop3(user) as talk:
            return int(talk.says("C: STAT").expect("+OK ...").split()[1])

    def empty(self, user):
        """Deletes every message of the user's INBOX."""
        with self.pop3(user) as talk:
            talk.says("C: STAT")
            for number in range(int(talk.expect("+OK ...").split()[1])):
                talk.says(f"C: DELE {number + 1}").expect("+OK ...")
            talk.says("C: QUIT").expect("+OK ...")

    def assert_arrived(self, user, octets):
        """The user's INBOX holds one message that ends in exactly `octets`, our trace before it."""
        found = [m for m in self.messages(user) if m.endswith(octets)]
        assert len(found) == 1, f"{len(found)} of {self.count(user)} messages end in what was sent"
        trace = found[0][: -len(octets)]
        assert trace.startswith(b"Return-Path: <"), trace
        assert b"\r\nReceived: " in trace, trace
        return found[0]


def fetch_all(talk):
    """RETR of every message of a POP3 session in its TRANSACTION state."""
    talk.says("C: STAT")
    count = int(talk.expect("+OK ...").split()[1])
    out = []
    for number in range(1, count + 1):
        talk.says(f"C: RETR {number}").expect("+OK ...")
        out.append(talk.read_dotted())
    return out


def eml(name):
    """A message of tests/data as octets; the files have LF, mail has CRLF."""
    octets = (SOURCE / "tests" / "data" / name).read_bytes()
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def big_message(octets, subject="a large one"):
    """A text message of exactly so many octets, no two lines alike."""
    head = (
        f"From: Sender <sender@example.net>\r\nTo: alice@{DOMAIN}\r\n"
        f"Subject: {subject}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        f"Message-ID: <{subject.replace(' ', '.')}.{octets}@example.net>\r\n\r\n"
    ).encode()
    line = b"%010d " + b"the quick brown fox jumps over the lazy dog" + b"\r\n"
    width = len(line % 0)
    lines = (octets - len(head)) // width
    body = b"".join(line % i for i in range(lines))
    rest = octets - len(head) - len(body)
    if rest < 2:
        return head + body[: -width] + b"x" * (width + rest - 2) + b"\r\n"
    return head + body + b"x" * (rest - 2) + b"\r\n"
