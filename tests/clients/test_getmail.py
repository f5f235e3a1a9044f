"""getmail6 retrieves by pop3s and remembers what it has seen."""

from programs import deliver_into, delivered_into, run
from server import eml


def getmail(server, directory, delete):
    """Runs it once; all that it has ever handed on to its delivery program, oldest first."""
    inbox = directory / "inbox"
    inbox.mkdir(exist_ok=True)
    rc = directory / "getmailrc"
    rc.write_text(
        f"""
[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = {server.ports["pop3s"]}
username = alice@example.org
password = {server.passwords["alice"]}
ca_certs = {server.certificate.certificate}

[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "{deliver_into(inbox)}")
allow_root_commands = true

[options]
delete = {delete}
read_all = false
received = false
delivered_to = false
"""
    )
    run("getmail", "--getmaildir", directory, "--rcfile", rc)
    return [octets.replace(b"\r\n", b"\n") for octets in delivered_into(inbox)]


def test_everything_arrives_once_and_is_deleted_when_asked(server, tmp_path):
    server.empty("alice")
    names = ("plain.eml", "dots.eml", "multipart.eml", "eightbit.eml")
    for name in names:
        server.deliver("alice", name)
    wanted = [eml(name).replace(b"\r\n", b"\n") for name in names]

    got = getmail(server, tmp_path, delete="false")
    assert len(got) == len(names)
    for octets, ending in zip(got, wanted):
        assert octets.endswith(ending)
    assert server.count("alice") == len(names)

    server.deliver("alice", "nested.eml")
    assert len(getmail(server, tmp_path, delete="true")) == len(names) + 1
    assert server.count("alice") == 0
