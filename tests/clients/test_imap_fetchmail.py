"""fetchmail fetches by IMAP: everything, what is new only, from folders, and expunges it."""

import pytest

from imap_answer import ask
from programs import deliver_into, delivered_into, run
from server import eml
from test_fetchmail import as_unix

STARTTLS = "no ssl sslproto 'TLS1.2+'"


class Fetched:
    """An account of its own and the directory fetchmail delivers into."""

    def __init__(self, server, directory, service, ssl):
        self.server, self.user, self.directory = server, server.new_account(), directory
        self.service, self.ssl = service, ssl
        self.inbox = directory / "inbox"
        self.inbox.mkdir()

    def fetch(self, how="no keep fetchall", status=0):
        """Runs it once; all messages it has handed on so far, oldest first."""
        rc = self.directory / "fetchmailrc"
        rc.write_text(
            f"""
            set no bouncemail
            set invisible
            poll localhost protocol imap port {self.server.ports[self.service]}
              user "{self.user}@example.org" password "{self.server.passwords[self.user]}"
              {self.ssl} sslcertck sslcertfile "{self.server.certificate.certificate}"
              {how} no rewrite
              mda "{deliver_into(self.inbox)}"
            """
        )
        rc.chmod(0o600)
        home = {"FETCHMAILHOME": str(self.directory), "HOME": str(self.directory)}
        run("fetchmail", "-f", rc, "--nodetach", "--nosyslog", "-v", env=home, status=status)
        return delivered_into(self.inbox)

    def deliver(self, *names):
        with self.server.smtp() as talk:
            for name in names:
                self.server.deliver(self.user, name, talk=talk)

    def flags(self, mailbox="INBOX"):
        """The flags of each message there."""
        with self.server.imap(self.user) as talk:
            ask(talk, f"EXAMINE {mailbox}")
            values = ask(talk, "FETCH 1:* FLAGS").fetched
            return [set(v["FLAGS"]) - {"\\Recent"} for _, v in sorted(values.items())]


@pytest.fixture(params=[("imaps", "ssl"), ("imap", STARTTLS)], ids=["imaps", "STARTTLS"])
def fetched(server, tmp_path, request):
    return Fetched(server, tmp_path, *request.param)


def test_everything_arrives_and_is_expunged(fetched):
    names = ("plain.eml", "dots.eml", "multipart.eml", "nested.eml", "eightbit.eml")
    fetched.deliver(*names)
    got = fetched.fetch()
    assert len(got) == len(names)
    for octets, name in zip(got, names):
        assert octets.endswith(as_unix(eml(name)))
    assert fetched.flags() == []


def test_what_is_kept_is_seen_and_not_fetched_twice(fetched):
    fetched.deliver("plain.eml")
    assert len(fetched.fetch("keep")) == 1
    assert fetched.flags() == [{"\\Seen"}]
    fetched.deliver("dots.eml")
    got = fetched.fetch("keep")
    assert len(got) == 2
    assert got[1].endswith(as_unix(eml("dots.eml")))
    assert fetched.flags() == [{"\\Seen"}] * 2
    assert len(fetched.fetch("keep", status=1)) == 2


def test_folders_are_fetched_too(fetched):
    fetched.deliver("plain.eml", "multipart.eml")
    with fetched.server.imap(fetched.user) as talk:
        ask(talk, "CREATE Lists/One")
        ask(talk, "SELECT INBOX")
        assert ask(talk, "MOVE 1 Lists/One").status == "OK"
    got = fetched.fetch('folder "Lists/One","INBOX" no keep fetchall')
    assert [octets.endswith(as_unix(eml("plain.eml"))) for octets in got] == [True, False]
    assert got[1].endswith(as_unix(eml("multipart.eml")))
    assert fetched.flags() == fetched.flags("Lists/One") == []
