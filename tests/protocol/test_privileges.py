"""Started as root: the ports first, then the service user for good. These tests need root."""

import pathlib
import pwd
import shutil
import subprocess
import tempfile

import pytest

from server import Certificate, Server

USER = "nobody"


@pytest.fixture
def open_directory():
    """A place that another user may enter; those of tmp_path are root's alone."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="mailserver-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def dropped(open_directory, build):
    """A daemon started by root to run as USER, whose key only root can read; one of tls.more, too."""
    mine = Certificate(open_directory)
    other = Certificate(open_directory, "other", ("mail.example.net",))
    more = [{"certificate": str(other.certificate), "private_key": str(other.private_key)}]
    for key in (mine.private_key, other.private_key):
        key.chmod(0o600)
    for certificate in (mine.certificate, other.certificate):
        certificate.chmod(0o644)
    server = Server(open_directory, build, mine, conf={"user": USER, "tls": {"more": more}})
    server.prepare_accounts()
    server.start()
    yield server
    server.stop()


def status_of(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value.split()
    raise KeyError(name)


def test_it_has_the_service_user_s_rights_and_no_way_back(dropped):
    user = pwd.getpwnam(USER)
    assert status_of(dropped.pid, "Uid") == [str(user.pw_uid)] * 4
    assert status_of(dropped.pid, "Gid") == [str(user.pw_gid)] * 4
    assert status_of(dropped.pid, "CapEff") == ["0" * 16]
    assert dropped.data_dir.stat().st_uid == user.pw_uid
    dropped.deliver("alice", "plain.eml")
    assert dropped.count("alice") == 1


def test_every_key_that_it_cannot_read_again_is_named_in_a_warning(dropped):
    for name in ("cert-key.pem", "other-key.pem"):
        dropped.wait_log(rf"warn tls key=\S*/{name} unreadable-by={USER}: .*LoadCredential=")
    assert "certificate=" not in "".join(
        line for line in dropped.log.splitlines() if "unreadable-by" in line
    )


def run_daemon(server, *words):
    words = [server.build.daemon, *words, "-c", str(server.conf_path)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, env=server.env)


def test_the_test_of_the_configuration_warns_of_them_too(dropped):
    done = run_daemon(dropped, "-t")
    assert done.returncode == 0 and "is good" in done.stdout
    assert f"cert-key.pem unreadable-by={USER}" in done.stderr, done.stderr


def test_the_test_of_the_configuration_warns_of_a_user_that_does_not_exist(make_server):
    done = run_daemon(make_server(start=False, user="nobody-of-that-name"), "-t")
    assert done.returncode == 0 and "useradd --system" in done.stderr, done.stderr


def test_a_data_directory_of_another_user_is_named_with_the_fix(open_directory, build):
    server = Server(open_directory, build, Certificate(open_directory), conf={"user": USER})
    server.data_dir.mkdir(mode=0o755, exist_ok=True)
    done = run_daemon(server)
    assert done.returncode == 1, done.stderr
    assert f"all of {server.data_dir} must belong to" in done.stderr, done.stderr
