"""Fixtures of the black-box tests: tests/protocol, tests/clients, tests/crash.

    server          one daemon a test module shares, with alice and bob
    fresh_server    one for this test alone
    make_server     a factory: make_server(smtp={"max_recipients": 5}), make_server(wrap=[…])

`@pytest.mark.conf(smtp={"max_recipients": 5})` on a test lays settings over
those of its fresh_server. In a module that shares a server, a test that counts
messages takes an account of its own (server.new_account()) or empties the one
it uses (server.empty("alice")).
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "protocol"))

from server import Build, Certificate, Server  # noqa: E402

LOG_TAIL_OCTETS = 8192
# Files whose tests take longest; begun last, one of them would keep the others waiting.
LONG = ("search_index", "imap_states", "ctl", "hostile_floods", "hostile_sessions", "run", "imap_mbsync",
        "imapflow", "kill9", "kill9_imap", "slow_imap", "backlog", "many", "fair")


def pytest_configure(config):
    config.addinivalue_line("markers", "conf(**settings): settings of this test's fresh_server")


def pytest_collection_modifyitems(items):
    """Long files first; else the order stays as it is."""
    items.sort(key=lambda item: item.path.stem.removeprefix("test_") not in LONG)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what its servers logged."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        servers = {id(v): v for v in item.funcargs.values() if isinstance(v, Server)}
        for server in servers.values():
            report.sections.append((f"log of the server ({server.state})", server.log[-LOG_TAIL_OCTETS:]))


@pytest.fixture(scope="session")
def build():
    return Build.find()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def template(tmp_path_factory, build, certificate):
    """A data directory with the accounts in it: hashing passwords takes time."""
    maker = Server(tmp_path_factory.mktemp("template"), build, certificate)
    maker.prepare_accounts()
    return maker.data_dir


def factory(tmp_path_factory, build, certificate, template):
    """Yields a maker of started servers; at the end stops, and so checks, all of them."""
    made = []

    def make(start=True, build=build, wrap=(), args=(), env=None, **conf):
        directory = tmp_path_factory.mktemp("server")
        how = {"wrap": wrap, "args": args, "env": env or {}}
        server = Server(directory, build, certificate, template, conf, **how)
        made.append(server)
        return server.start() if start else server

    yield make
    try:
        for server in made:
            server.stop()
    finally:
        for server in made:
            server.discard()


@pytest.fixture
def make_server(tmp_path_factory, build, certificate, template):
    yield from factory(tmp_path_factory, build, certificate, template)


@pytest.fixture
def fresh_server(request, make_server):
    settings = {}
    for mark in request.node.iter_markers("conf"):
        settings.update(mark.kwargs)
    return make_server(**settings)


@pytest.fixture(scope="module")
def module_servers(tmp_path_factory, build, certificate, template):
    yield from factory(tmp_path_factory, build, certificate, template)


@pytest.fixture(scope="module")
def shared_server(module_servers):
    return module_servers()


@pytest.fixture
def server(shared_server):
    """The module's server; started again if the test before left it stopped."""
    return shared_server.ensure_started()
