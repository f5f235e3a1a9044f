"""Certificates of every kind, made by openssl: of an authority of the test's own, good and bad.

    authority = Authority(directory, "root")
    web = authority.certificate("web", ["mx.example.org"], end="20200101000000Z")
    web.certificate, web.private_key         # paths of PEM files: the chain, the key
"""

import subprocess

CONF = """
[ca]
default_ca = own
[own]
database = {d}/index
new_certs_dir = {d}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
"""
START, END = "20200101000000Z", "20491231235959Z"


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """One that signs; its own certificate is its own, or that of `above`."""

    def __init__(self, directory, name, above=None):
        self.directory = directory / name
        self.directory.mkdir()
        self.name, self.above = name, above
        (self.directory / "index").write_text("")
        (self.directory / "conf").write_text(CONF.format(d=self.directory))
        self.key = self._key("ca", "EC")
        self.pem = self.directory / "ca.pem"
        (above or self)._sign(self, self.pem, name, self.key,
                              "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")

    def _key(self, name, kind):
        path = self.directory / f"{name}.key"
        option = "ec_paramgen_curve:prime256v1" if kind == "EC" else f"rsa_keygen_bits:{kind}"
        algorithm = "EC" if kind == "EC" else "RSA"
        openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", path)
        return path

    def _sign(self, owner, path, name, key, extensions, start=START, end=END):
        request, extra = path.with_suffix(".csr"), path.with_suffix(".ext")
        extra.write_text(extensions)
        openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", request)
        own = ["-selfsign"] if owner is self and path == self.pem else ["-cert", self.pem]
        openssl("ca", "-batch", "-notext", "-config", self.directory / "conf", "-keyfile", self.key,
                *own, "-in", request, "-out", path, "-extfile", extra,
                "-startdate", start, "-enddate", end)

    def certificate(self, name, hosts, chain=None, kind="EC", common_name=None, **dates):
        """For these hosts; `chain` are the authorities that are sent with it, by default those between
        it and the root, and the root."""
        key = self._key(name, kind)
        path = self.directory / f"{name}.pem"
        names = ",".join(f"DNS:{host}" for host in hosts)
        extensions = "basicConstraints=CA:FALSE\n" + (f"subjectAltName={names}\n" if hosts else "")
        self._sign(None, path, common_name or name, key, extensions, **dates)
        sent = self.line() if chain is None else chain
        full = self.directory / f"{name}-chain.pem"
        full.write_text(path.read_text() + "".join(a.pem.read_text() for a in sent))
        return Issued(full, key, path)

    def line(self):
        return [self, *(self.above.line() if self.above else [])]


class Issued:
    """As server.Certificate: what a Receiver wants."""

    def __init__(self, certificate, private_key, alone):
        self.certificate, self.private_key, self.alone = certificate, private_key, alone
