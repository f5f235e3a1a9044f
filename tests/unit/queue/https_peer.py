#!/usr/bin/env python3
"""https_peer.py DIRECTORY — an HTTPS server that answers as test_sts.c has written down.

A request for mta-sts.NAME.example.org is answered with the octets of DIRECTORY/NAME,
whatever they are; for NAME "endless" the last of them are repeated until the client has
gone, for "stall" none is sent, until then or until DIRECTORY/go-on is there.
DIRECTORY/requests holds what came.
Prints its port; ends with its standard input. The certificate is for the names
of the first line of its input; NAME "common" has one of its own, whose common
name is right and which has no other. cert.pem has both.
"""

import contextlib
import pathlib
import socketserver
import ssl
import subprocess
import sys
import threading

DIRECTORY = pathlib.Path(sys.argv[1])
LOCK = threading.Lock()
POLL_SECONDS = 0.01  # so late it notices that it is to end, or to go on
COMMON = "mta-sts.common.example.org"


def make_certificate(name, subject, *options):
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", f"/CN={subject}", *options]
    command += ["-keyout", DIRECTORY / "key.pem", "-out", DIRECTORY / name]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DIRECTORY / name, DIRECTORY / "key.pem")
    return context


def make_contexts(hosts):
    names = ",".join("DNS:" + host for host in hosts)
    context = make_certificate("names.pem", "test", "-addext", f"subjectAltName={names}")
    common = make_certificate("common.pem", COMMON)
    both = [(DIRECTORY / name).read_text() for name in ("names.pem", "common.pem")]
    (DIRECTORY / "cert.pem").write_text("".join(both))

    def choose(connection, name, _):
        if name == COMMON:
            connection.context = common

    context.sni_callback = choose
    return context


class Peer(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            with CONTEXT.wrap_socket(self.request, server_side=True) as tls:
                self.talk(tls)
        except OSError:  # the client has gone, or does not like the certificate
            pass

    def talk(self, tls):
        request = b""
        while b"\r\n\r\n" not in request:
            octets = tls.recv(4096)
            if not octets:
                return
            request += octets
        with LOCK, open(DIRECTORY / "requests", "ab") as log:
            log.write(request)
        host = request.split(b"Host: mta-sts.")[1].split(b".")[0].decode()
        answer = (DIRECTORY / host).read_bytes()
        if host == "stall":
            self.stall(tls)
            return
        tls.sendall(answer)
        while host == "endless":
            tls.sendall(b"x" * 16384)

    def stall(self, tls):
        tls.settimeout(POLL_SECONDS)
        while not (DIRECTORY / "go-on").exists():
            with contextlib.suppress(TimeoutError):
                if not tls.recv(4096):
                    return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


CONTEXT = make_contexts(sys.stdin.readline().split())
with Server(("127.0.0.1", 0), Peer) as server:
    threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()
