"""Mail servers of others, as Debian has them: Postfix and Exim, unpacked and not installed.

    with Postfix(Place(), "127.0.0.2", port, certificate, relay=server.ports["smtp"]) as postfix:
        postfix.arrived()          # what its user "bob" got, with CRLF

script/test unpacks them into build/tools. Each lives in a directory and on an
address of its own, and sends on to our server what is not for its own domain.
Both change users, so that they need root; the users stand in a copy of
/etc/passwd that libnss_wrapper shows to them alone.
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))

import processes  # noqa: E402
from programs import TOOLS  # noqa: E402

GUARD_SECONDS = 60
SIZE_LIMIT = 2_000_000
UTF8_USER = "b\u00e4r"
# Numbers that nobody has: Postfix wants a user and a group for itself alone.
USERS = {"postfix": 64101, "postdrop": 64102, "Debian-exim": 64103}

POSTFIX_CONF = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = {tools}/usr/sbin
daemon_directory = {tools}/usr/lib/postfix/sbin
meta_directory = {home}
shlib_directory = no
mail_owner = postfix
setgid_group = postdrop
import_environment = MAIL_CONFIG LD_LIBRARY_PATH LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
maillog_file = {home}/log
maillog_file_prefixes = {home}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.postfix.example
mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{relay}
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = postfix.example
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{ bob@postfix.example=bob/, {utf8}@postfix.example=utf8/ }}
virtual_uid_maps = static:64101
virtual_gid_maps = static:64101
virtual_mailbox_limit = 0
message_size_limit = {limit}
smtputf8_enable = yes
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = encrypt
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_tls_security_level = may
smtp_dns_support_level = disabled
"""

POSTFIX_SERVICES = """
{address}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

EXIM_CONF = """
exim_path = {home}/exim4
spool_directory = {home}/spool
log_file_path = {home}/%slog
log_selector = +pipelining +tls_cipher +received_recipients
primary_hostname = mx.exim.example
local_interfaces = {address}
daemon_smtp_ports = {port}
smtp_accept_max_per_host = 50
keep_environment = ^LD_ : ^NSS_WRAPPER_
tls_certificate = {certificate}
tls_privatekey = {key}
tls_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
message_size_limit = {limit}
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_mail = may_mail
acl_smtp_rcpt = may_rcpt
begin acl
may_mail:
  require encrypted = *
  accept
may_rcpt:
  require verify = recipient
  accept
begin routers
ours:
  driver = accept
  domains = exim.example
  local_parts = lsearch;{home}/users
  transport = mailbox
unknown:
  driver = redirect
  domains = exim.example
  allow_fail
  data = :fail: No such user
others:
  driver = manualroute
  route_list = * 127.0.0.1
  transport = on
begin transports
mailbox:
  driver = appendfile
  maildir_format
  directory = {home}/mail/$local_part_data
  create_directory
  user = Debian-exim
  group = Debian-exim
on:
  driver = smtp
  port = {relay}
  allow_localhost
begin retry
* * F,1h,1s
"""


class Mta:
    """What both have in common: a directory, a process, a log, mail that came."""

    tools = pathlib.Path()

    def __init__(self, address, port, certificate, relay):
        self.address, self.port = address, port
        # Not pytest's, whose directories only root can enter.
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="mta-"))
        self.home.chmod(0o755)
        self.settings = {
            "home": self.home, "tools": self.tools, "address": address, "port": port,
            "relay": relay, "limit": SIZE_LIMIT, "utf8": UTF8_USER,
            "certificate": self._copy(certificate.certificate),
            "key": self._copy(certificate.private_key),
        }
        self.process = None
        self.env = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LD_LIBRARY_PATH": str(self.tools / "usr" / "lib" / "postfix"),
            "LD_PRELOAD": "libnss_wrapper.so",
            "NSS_WRAPPER_PASSWD": self._users("passwd", "{name}:x:{id}:{id}::/:/bin/false"),
            "NSS_WRAPPER_GROUP": self._users("group", "{name}:x:{id}:"),
        }

    def _copy(self, file):
        """Exim reads its key after it has given up root's rights."""
        path = self.home / file.name
        path.write_bytes(file.read_bytes())
        os.chown(path, USERS["Debian-exim"], -1)
        path.chmod(0o600)
        return path

    def _users(self, name, form):
        lines = pathlib.Path("/etc", name).read_text().splitlines()
        lines = [line for line in lines if line.split(":")[0] not in USERS]
        lines += [form.format(name=user, id=number) for user, number in USERS.items()]
        path = self.home / name
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    def directory(self, name, mode, user=0, group=0):
        path = self.home / name
        path.mkdir()
        os.chown(path, user, group)
        path.chmod(mode)
        return path

    def write(self, name, template):
        path = self.home / name
        path.write_text(template.format(**self.settings))
        return path

    def __enter__(self):
        try:
            self.prepare()
            with (self.home / "output").open("wb") as output:
                self.process = subprocess.Popen(
                    self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                    env=self.env, cwd=self.home, start_new_session=True)
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception):
        self.stop()

    def _wait_until_it_listens(self):
        give_up = time.monotonic() + GUARD_SECONDS
        while True:
            try:
                socket.create_connection((self.address, self.port), GUARD_SECONDS).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > give_up:
                    raise AssertionError(f"it does not start\n{self.log}") from None
                time.sleep(0.02)

    def stop(self):
        processes.end(self.process)
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def log(self):
        """All that it said of itself."""
        files = [self.home / name for name in ("output", "log", "mainlog", "paniclog", "rejectlog")]
        return "".join(f.read_text("utf-8", "backslashreplace") for f in files if f.exists())

    def arrived(self, user="bob"):
        """The user's messages, with CRLF; the trace that the server put before them is in them."""
        files = sorted((self.home / "mail" / user / "new").glob("*"))
        return [file.read_bytes().replace(b"\n", b"\r\n") for file in files]


class Postfix(Mta):
    domain = "postfix.example"
    tools = TOOLS / "postfix"
    utf8_directory = "utf8"
    chunked = "bdat="

    def prepare(self):
        self.write("main.cf", POSTFIX_CONF)
        self.write("master.cf", POSTFIX_SERVICES)
        owner, drop = USERS["postfix"], USERS["postdrop"]
        self.directory("data", 0o700, owner)
        self.directory("mail", 0o700, owner)
        self.directory("queue", 0o755)
        for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
                     "private", "saved", "trace"):
            self.directory(f"queue/{name}", 0o700, owner)
        self.directory("queue/pid", 0o755)
        self.directory("queue/public", 0o710, owner, drop)
        self.directory("queue/maildrop", 0o730, owner, drop)

    def command(self):
        return [self.tools / "usr/lib/postfix/sbin/master", "-c", self.home, "-d"]


class Exim(Mta):
    domain = "exim.example"
    tools = TOOLS / "exim4-daemon-light"
    utf8_directory = UTF8_USER
    chunked = " K "

    def prepare(self):
        owner = USERS["Debian-exim"]
        os.chown(self.home, owner, owner)
        self.write("users", "bob: bob\n{utf8}: {utf8}\n")
        self.write("exim.conf", EXIM_CONF)
        # Not set-uid: the linker would not heed LD_PRELOAD.
        shutil.copyfile(self.tools / "usr/sbin/exim4", self.home / "exim4")
        (self.home / "exim4").chmod(0o755)
        self.directory("spool", 0o700, owner, owner)
        self.directory("mail", 0o700, owner, owner)

    def command(self):
        return [self.home / "exim4", "-C", self.home / "exim.conf", "-bdf"]
