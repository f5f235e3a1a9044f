"""Fixtures of the tests of crashes and of disks: small_disk is a tmpfs, which only root can mount."""

import os
import shutil
import subprocess

import pytest

DISK_OCTETS = 24 << 20
CONF = {"auth": {"allow_plaintext_loopback": True}, "log_level": "info"}


@pytest.fixture
def small_disk(make_server):
    """A maker of started servers, each of whose data directories is a disk of its own."""
    mounted = []

    def make(**conf):
        assert os.geteuid() == 0, "this test mounts a disk: run it as root"
        server = make_server(start=False, **CONF, **conf)
        kept = server.directory / "kept"
        server.data_dir.rename(kept)
        server.data_dir.mkdir(mode=0o700)
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_OCTETS},mode=700"]
        subprocess.run([*command, "tmpfs", server.data_dir], check=True)
        mounted.append(server)
        shutil.copytree(kept, server.data_dir, dirs_exist_ok=True)
        return server.start()

    yield make
    for server in mounted:
        server.discard()
        subprocess.run(["umount", "-l", server.data_dir], check=True)
