"""Fixtures of the tests of mail going out."""

import contextlib
import smtplib
import sqlite3

import pytest

from conversation import GUARD_SECONDS
from dns_server import DnsServer
from ports import Place
from receiver import Receiver
from server import DOMAIN, Certificate


@pytest.fixture
def sink():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def nobody():
    """A port at which nobody listens, unless a Receiver is made there."""
    with contextlib.closing(Place()) as dead:
        yield dead


# Options of "queue": tries again soon, keeps nothing open.
QUICK = {"retry_first": "200ms", "retry_max": "1s", "idle_connection": "100ms"}


def queued(server):
    """The recipients in the queue, by the store itself."""
    store = sqlite3.connect(f"file:{server.data_dir}/mail.db?mode=ro", GUARD_SECONDS, uri=True)
    with contextlib.closing(store):
        return [recipient for (recipient,) in store.execute("SELECT recipient FROM queue")]


def waiting(server):
    """How many these are."""
    return len(queued(server))


def route_to(receiver, domains="*", **more):
    """Settings that send all mail to one server, and try again soon."""
    route = {"domains": [domains], "host": receiver.address, "port": receiver.port, **more}
    return {"queue": {**QUICK, "routes": [route]}}


def submit(server, recipients, text="Subject: hello\r\n\r\nhow are you\r\n", sender="alice",
           mail_options=(), rcpt_options=()):
    """Sends by submission as alice; the reply's text."""
    with smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=GUARD_SECONDS) as client:
        client.starttls(context=server.tls)
        client.login(sender, server.passwords[sender])
        address = f"{sender}@example.org"
        if b"From:" not in (text if isinstance(text, bytes) else text.encode()):
            head = f"From: {address}\r\n"
            text = head.encode() + text if isinstance(text, bytes) else head + text
        return client.sendmail(address, recipients, text, mail_options, rcpt_options)


@pytest.fixture
def dns(tmp_path):
    """example.net, signed, whose mail server is this machine."""
    server = DnsServer(tmp_path / "dns")
    zone = server.zone("example.net", signed=True)
    zone.set("@", "MX", "10 mx").set("mx", "A", "127.0.0.1")
    server.zone("example.com").set("@", "MX", "10 mx").set("mx", "A", "127.0.0.1")
    yield server
    server.stop()


@pytest.fixture
def certify(tmp_path):
    """certify("mx.example.net"): a self-signed certificate of that name."""
    return lambda host: Certificate(tmp_path, name=host, hosts=(host,))


@pytest.fixture
def our_dns(tmp_path):
    """The domain of the server's accounts, empty."""
    server = DnsServer(tmp_path / "dns")
    server.zone(DOMAIN)
    yield server.start()
    server.stop()
