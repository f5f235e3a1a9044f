"""The control socket, spoken to by something that is not mailserverctl."""

import contextlib
import json
import socket

import pytest

from conversation import GUARD_SECONDS


def ask(server, octets):
    """All that the daemon answers; b"" too when it hangs up without a word."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(GUARD_SECONDS)
        sock.connect(str(server.data_dir / "control.sock"))
        answer = b""
        try:
            sock.sendall(octets)
            while received := sock.recv(65536):
                answer += received
        except (BrokenPipeError, ConnectionResetError):
            pass
        return answer


def request(group, name=None, **args):
    whole = {"group": group, "args": args} | ({"name": name} if name else {})
    return json.dumps(whole).encode() + b"\n"


@pytest.mark.parametrize(
    "octets",
    [
        b"\n",
        b"status\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'{"group": 1}\n',
        b'{"group": "status\\u0000"}\n',
        b'{"group": "\xff"}\n',
        b"[" * 60000 + b"\n",
        b"\0" * 1000 + b"\n",
        b"x" * 70000,
        b'{"group": "session", "name": "kill"}\n',
        b'{"group": "session", "name": "kill", "args": null}\n',
        b'{"group": "session", "name": "kill", "args": ["ID"]}\n',
        request("session", "kill", ID=1),
        request("session", "kill", ID=["a", "b"]),
        request("session", "show"),
        request("account", "add", ACCOUNT="x@example.org"),
        request("account", "add", ACCOUNT="x@example.org", verifiers={}),
        request("account", "passwd", ACCOUNT="alice@example.org"),
        request("account", "remove"),
        request("alias", "add", ADDRESS="a@example.org", TARGET=[1, 2]),
        request("alias", "add", ADDRESS="a@example.org", TARGET="alice@example.org"),
        request("config", "show"),
        request("no", "such"),
    ],
    ids=lambda octets: repr(octets[:40]),
)
def test_what_is_no_request_is_refused_and_nothing_happens(server, octets):
    with server.smtp() as talk:  # there is a session that could be shown or killed
        answer = ask(server, octets)
        assert answer == b"" or json.loads(answer)["error"] == "syntax", answer
        talk.says("C: NOOP").expect("250 ...")
    assert [a.split("\t")[:2] for a in server.ctl("account", "list").splitlines()] == [
        ["alice@example.org", "active"],
        ["bob@example.org", "active"],
    ]
    assert server.ctl("alias", "list") == ""
    assert server.count("alice") == 0


def test_one_that_leaves_before_its_answer_does_no_harm(server):
    for octets in (b"", b'{"gro', request("account", "list"), request("check")):
        for _ in range(30):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(server.data_dir / "control.sock"))
                # Only so many are heard at one time, until the loop has seen that they are gone.
                with contextlib.suppress(BrokenPipeError):
                    sock.sendall(octets)
    server.wait_for(lambda: server.ctl("status", check=False).returncode == 0, "to answer again")


def test_the_socket_is_for_the_servers_own_user(server):
    path = server.data_dir / "control.sock"
    assert path.stat().st_mode & 0o777 == 0o600
    assert server.data_dir.stat().st_mode & 0o077 == 0
