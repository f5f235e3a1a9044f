"""Logging in to the server that a route names: RFC 4954."""

import base64
import hashlib
import hmac

import pytest
from authority import Authority
from conftest import route_to, submit, waiting
from receiver import EXTENSIONS, Receiver

PASSWORD = "correct horse, battery"


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


class ScramServer:
    """The server's half of SCRAM-SHA-256 (RFC 5802), for a Receiver's script."""

    def __init__(self, iterations, password=PASSWORD):
        self.iterations, self.password = iterations, password
        self.receiver = None

    def __call__(self, file):
        bare = base64.b64decode(self.receiver.lines[-1].split(" ")[2]).decode().removeprefix("n,,")
        nonce = bare.split("r=", 1)[1] + "server"
        first = f"r={nonce},s={b64('salt of it')},i={self.iterations}"
        self._say(file, f"334 {b64(first)}")
        answer = file.readline().strip()
        if answer == b"*":
            return self._say(file, "501 5.7.0 as you like")
        without_proof, proof = base64.b64decode(answer).decode().rsplit(",p=", 1)
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), b"salt of it", self.iterations)
        signed = f"{bare},{first},{without_proof}".encode()
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        if bytes(a ^ b for a, b in zip(key, signature)) != base64.b64decode(proof):
            return self._say(file, "535 5.7.8 wrong")
        verifier = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        self._say(file, f"334 {b64(b'v=' + b64(verifier).encode())}")
        file.readline()
        return self._say(file, "235 2.7.0 welcome")

    @staticmethod
    def _say(file, line):
        file.write(line.encode() + b"\r\n")
        file.flush()


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return str(path)


def talk(make_server, certificate, password_file, scram, mechanisms="SCRAM-SHA-256 PLAIN",
         queue={}, **more):
    receiver = Receiver({"AUTH": [scram] if scram else []}, [*EXTENSIONS, f"AUTH {mechanisms}"],
                        certificate=certificate)
    if scram:
        scram.receiver = receiver
    conf = route_to(receiver, host="localhost", username="us", password_file=password_file)
    conf["queue"].update({"ca_file": str(certificate.certificate), **queue})
    server = make_server(**{**conf, **more})
    submit(server, ["bob@away.example"])
    return receiver, server


@pytest.mark.parametrize("iterations", [4096, 300000])
def test_scram_of_any_strength_is_done(make_server, certificate, password_file, iterations):
    receiver, server = talk(make_server, certificate, password_file, ScramServer(iterations))
    with receiver:
        server.wait_for(lambda: receiver.messages, "the message to arrive")
    assert not any(line.startswith("AUTH PLAIN") for line in receiver.lines)
    assert PASSWORD not in server.log


def test_scram_beyond_the_limit_makes_way_for_another(make_server, certificate, password_file):
    receiver, server = talk(make_server, certificate, password_file, ScramServer(4097),
                            outbound={"smtp": {"max_scram_iterations": 4096}})
    with receiver:
        server.wait_for(lambda: receiver.messages, "the message to arrive")
    assert f"AUTH PLAIN {b64(chr(0) + 'us' + chr(0) + PASSWORD)}" in receiver.lines


def test_a_wrong_password_defers(make_server, certificate, password_file):
    receiver, server = talk(make_server, certificate, password_file, ScramServer(5000, "another"),
                            mechanisms="SCRAM-SHA-256")
    with receiver:
        line = server.wait_log("status=deferred.*").group(0)
        assert "5.7.8 wrong" in line and "status=bounced" not in server.log
        assert waiting(server) == 1


@pytest.mark.parametrize("mechanisms, begins", [("PLAIN", "AUTH PLAIN "), ("LOGIN", "AUTH LOGIN")])
def test_other_ways_are_taken_where_there_is_no_scram(make_server, certificate, password_file, mechanisms, begins):
    steps = []

    def login(file):
        if begins.strip() == "AUTH LOGIN":
            for prompt in ("Username:", "Password:"):
                ScramServer._say(file, f"334 {b64(prompt)}")
                steps.append(base64.b64decode(file.readline()).decode())
        ScramServer._say(file, "235 2.7.0 welcome")

    login.receiver = None
    receiver, server = talk(make_server, certificate, password_file, login, mechanisms)
    with receiver:
        server.wait_for(lambda: receiver.messages, "the message to arrive")
    assert any(line.startswith(begins) for line in receiver.lines)
    assert steps in ([], ["us", PASSWORD])


def test_a_stranger_with_a_certificate_of_its_own_gets_no_password(
    make_server, certificate, password_file, tmp_path
):
    nobody = Authority(tmp_path, "nobody")
    receiver, server = talk(make_server, certificate, password_file, None, "PLAIN LOGIN",
                            queue={"ca_file": str(nobody.pem)})
    with receiver:
        assert "certificate" in server.wait_log("status=deferred.*").group(0)
    assert not any(line.startswith("AUTH") for line in receiver.lines)
