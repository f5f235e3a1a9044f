"""getmail6 retrieves into a maildir by pop3s, remembering what it has seen."""

from programs import run
from server import eml


def getmail(server, directory, delete):
    """Runs it once; what lies in the maildir, oldest first."""
    maildir = directory / "maildir"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
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
type = Maildir
path = {maildir}/

[options]
delete = {delete}
read_all = false
received = false
delivered_to = false
"""
    )
    run("getmail", "--getmaildir", directory, "--rcfile", rc)
    paths = sorted((maildir / "new").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    return [path.read_bytes().replace(b"\r\n", b"\n") for path in paths]


def test_everything_arrives_once_and_is_deleted_when_asked(server, tmp_path):
    server.empty("alice")
    names = ("plain.eml", "dots.eml", "multipart.eml", "eightbit.eml")
    for name in names:
        server.deliver("alice", name)
    wanted = [eml(name).replace(b"\r\n", b"\n") for name in names]

    got = getmail(server, tmp_path, delete="false")
    assert len(got) == len(names)
    assert sorted(b for b in wanted if any(g.endswith(b) for g in got)) == sorted(wanted)
    assert server.count("alice") == len(names)

    server.deliver("alice", "nested.eml")
    assert len(getmail(server, tmp_path, delete="true")) == len(names) + 1
    assert server.count("alice") == 0
