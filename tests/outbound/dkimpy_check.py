"""Verifies DKIM signatures as a stranger does: by dkimpy, with the keys that the DNS has."""

import dkim
import dns.exception
import dns.resolver
from dns_server import GUARD_SECONDS

SIGNATURE = b"dkim-signature"


def text_of(server):
    """Asks the name server of a test, as dkimpy wants to be answered."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port

    def text(name, **_):
        try:
            (answer,) = resolver.resolve(name.decode(), "TXT", lifetime=GUARD_SECONDS)
        except (dns.exception.DNSException, ValueError):
            return None
        return b"".join(answer.strings)

    return text


def verified(message, server):
    """[(algorithm, domain)] of the signatures that hold, sorted; both kinds must be understood."""
    good = []
    count = message.partition(b"\r\n\r\n")[0].lower().count(b"\n" + SIGNATURE + b":")
    count += message.lower().startswith(SIGNATURE + b":")
    for index in range(count):
        checked = dkim.DKIM(message, minkey=1024)
        try:
            if checked.verify(idx=index, dnsfunc=text_of(server)):
                fields = checked.signature_fields
                good.append((fields[b"a"].decode(), fields[b"d"].decode()))
        except dkim.DKIMException:
            pass
    return sorted(good)
