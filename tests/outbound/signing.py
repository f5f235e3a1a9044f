"""DKIM keys of the tests' own, in the store of a server and in the DNS."""

import sqlite3
import subprocess

from conftest import route_to
from server import DOMAIN

BOTH = [("ed25519-sha256", DOMAIN), ("rsa-sha256", DOMAIN)]

RSA = (0, ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
ED25519 = (1, ["ED25519"])


def openssl(*words, stdin=None):
    return subprocess.run(
        ["openssl", *words], input=stdin, text=True, capture_output=True, check=True
    ).stdout


def generate(kind):
    """(algorithm, private PEM, public PEM), made by openssl."""
    algorithm, options = kind
    private = openssl("genpkey", "-algorithm", *options)
    return algorithm, private, openssl("pkey", "-pubout", stdin=private)


def signing_server(make_server, sink, keys, **conf):
    """A server that sends to the sink and signs with these: {selector: as from generate}."""
    server = make_server(start=False, **route_to(sink), **conf)
    with sqlite3.connect(server.data_dir / "mail.db") as store:
        for selector, (algorithm, private, _) in keys.items():
            store.execute(
                "INSERT INTO dkim_key (domain, selector, algorithm, pem, state, created_us, retired_us)"
                " VALUES (?, ?, ?, ?, 1, 0, 0)",
                (DOMAIN, selector, algorithm, private),
            )
    store.close()
    return server.start()


def publish(server, dns):
    """What mailserverctl says that has to be published."""
    for line in server.ctl("domain", "dns", DOMAIN).splitlines():
        name, kind, value = line.split("\t")
        if kind == "TXT" and "._domainkey." in name:
            dns.zones[DOMAIN].set(name, kind, value)
    dns.publish()
