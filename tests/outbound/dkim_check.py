"""Verifies DKIM signatures (RFC 6376, RFC 8463) with openssl: nothing of our own signs and checks."""

import base64
import hashlib
import re
import subprocess


def _relaxed_field(name, value):
    """RFC 6376 3.4.2."""
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip()
    return name.strip().lower() + b":" + value + b"\r\n"


def _relaxed_body(body):
    """RFC 6376 3.4.4."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _fields(header):
    """(name, value) from the top."""
    found = re.findall(rb"([^:\r\n]+):((?:[^\r\n]*\r\n[ \t])*[^\r\n]*)\r\n", header)
    return [(name, value) for name, value in found]


def _tags(value):
    flat = re.sub(rb"[ \t\r\n]", b"", value).decode()
    return dict(tag.split("=", 1) for tag in flat.split(";") if tag)


def _signed(fields, tags, value):
    """RFC 6376 3.7: the fields of h=, from below, then the signature without its b=."""
    out, left = b"", {}
    for name in tags["h"].lower().split(":"):
        rest = left.setdefault(name, [f for f in fields if f[0].strip().lower().decode() == name])
        if rest:
            out += _relaxed_field(*rest.pop())
    bare = re.sub(rb"(;\s*b\s*=)[^;]*", rb"\1", b";" + value)[1:]
    return out + _relaxed_field(b"dkim-signature", bare)[:-2]


def _verify(directory, algorithm, public_key, octets, signature):
    key, sig, data = (directory / name for name in ("key.pem", "signature", "octets"))
    key.write_text(public_key)
    sig.write_bytes(signature)
    if algorithm == "rsa-sha256":
        data.write_bytes(octets)
        command = ["dgst", "-sha256", "-verify", key, "-signature", sig, data]
    else:
        data.write_bytes(hashlib.sha256(octets).digest())
        command = ["pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", data, "-sigfile", sig]
    return subprocess.run(["openssl", *command], capture_output=True, check=False).returncode == 0


def verified(message, public_keys, directory):
    """[(selector, algorithm)] of the signatures that hold; public_keys: {selector: PEM}."""
    header, _, body = message.partition(b"\r\n\r\n")
    fields = _fields(header + b"\r\n")
    others = [f for f in fields if f[0].lower() != b"dkim-signature"]
    good = []
    for name, value in fields:
        if name.lower() != b"dkim-signature":
            continue
        tags = _tags(value)
        hashed = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
        if (tags["c"], tags["bh"]) != ("relaxed/relaxed", hashed):
            continue
        octets = _signed(others, tags, value)
        key = public_keys[tags["s"]]
        if _verify(directory, tags["a"], key, octets, base64.b64decode(tags["b"])):
            good.append((tags["s"], tags["a"], tags["d"]))
    return good
