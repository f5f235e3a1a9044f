"""Each command in each state, and with an argument too few or too many: RFC 9051 3, 6, 9.

What is allowed where is read from docs/commands.md, which is printed from the
server's own table; how each command is said is the table below.
"""

import pytest

from compressed import CompressedSocket
from imap_answer import ask
from server import SOURCE

# When docs/commands.md says a command may be given → the states.
WHEN = {
    "always": {"greeted", "logged in", "selected"},
    "before login": {"greeted"},
    "after login": {"logged in", "selected"},
    "after login, no mailbox open": {"logged in"},
    "mailbox open": {"selected"},
}
STATES = ("greeted", "logged in", "selected")

# A command that is well-formed in all it may be followed by; "uid " where the UID form has another.
SAID = {
    "APPEND": "INBOX {2+}\r\nx\n",
    "AUTHENTICATE": "PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=",
    "CANCELUPDATE": "\"none\"",
    "CAPABILITY": "",
    "CHECK": "",
    "CLOSE": "",
    "COMPRESS": "DEFLATE",
    "COPY": "1 INBOX",
    "CREATE": "Made",
    "DELETE": "Nothing",
    "ENABLE": "IMAP4rev2",
    "ESEARCH": "IN (personal) ALL",
    "EXAMINE": "INBOX",
    "EXPUNGE": "",
    "UID EXPUNGE": "1",
    "FETCH": "1 FLAGS",
    "GETQUOTA": '""',
    "GETQUOTAROOT": "INBOX",
    "ID": "NIL",
    "IDLE": "",
    "LIST": '"" *',
    "LOGIN": "alice wonderland",
    "LOGOUT": "",
    "LSUB": '"" *',
    "MOVE": "1 Archive",
    "NAMESPACE": "",
    "NOOP": "",
    "RENAME": "Nothing Nowhere",
    "REPLACE": "1 INBOX {2+}\r\nx\n",
    "SEARCH": "ALL",
    "SELECT": "INBOX",
    "SETQUOTA": '"" (STORAGE 1)',
    "SORT": "(DATE) UTF-8 ALL",
    "STARTTLS": "",
    "STATUS": "INBOX (MESSAGES)",
    "STORE": "1 FLAGS ()",
    "SUBSCRIBE": "INBOX",
    "THREAD": "REFS UTF-8 ALL",
    "UNAUTHENTICATE": "",
    "UNSELECT": "",
    "UNSUBSCRIBE": "INBOX",
}
# What is said of these is a list that may be longer.
OPEN_END = {"ENABLE"}
# The last of these may be left out.
OPTIONAL_LAST = {"AUTHENTICATE"}


def documented():
    """{command, UID forms too: states} of docs/commands.md."""
    text = (SOURCE / "docs" / "commands.md").read_text()
    rows = text.partition("## IMAP")[2].partition("###")[0].splitlines()
    out = {}
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) != 6 or cells[0] in ("Command", "---"):
            continue
        out[cells[0]] = WHEN[cells[2]]
        if cells[1] == "yes":
            out["UID " + cells[0]] = WHEN[cells[2]]
    return out


ALLOWED = documented()


def words(command):
    """The command with its arguments."""
    arguments = SAID.get(command, SAID.get(command.removeprefix("UID ")))
    return f"{command} {arguments}" if arguments else command


def in_state(server, state):
    """A connection in it; greeted ones are without TLS, so that STARTTLS is possible."""
    if state == "greeted":
        talk = server.connect("imap")
        talk.expect("* OK [CAPABILITY ...")
        return talk
    user = server.new_account()
    server.deliver(user, "plain.eml")
    talk = server.imap(user)
    if state == "selected":
        assert ask(talk, "SELECT INBOX").status == "OK"
    return talk


@pytest.fixture(scope="module")
def shared_server(module_servers):
    """One that lets clients log in without TLS."""
    return module_servers(auth={"allow_plaintext_loopback": True}, imap={"max_errors": 100})


def lives(talk):
    talk.says("C: alive NOOP").until("alive OK ...")


def is_in(talk, state):
    """It answers as it does in that state and in no other."""
    inside = ask(talk, "CHECK").status == "OK"
    assert inside == (state == "selected"), talk
    assert (ask(talk, "NAMESPACE").status == "OK") == (state != "greeted"), talk


def test_the_table_has_every_command():
    assert {name.removeprefix("UID ") for name in ALLOWED} == {n.removeprefix("UID ") for n in SAID}


@pytest.mark.parametrize("state", STATES)
def test_what_is_not_possible_in_a_state_is_bad_and_changes_nothing(server, state):
    with in_state(server, state) as talk:
        for command in sorted(ALLOWED):
            if state not in ALLOWED[command]:
                answers = ask(talk, words(command))
                assert answers.status == "BAD", f"{command}\n{talk}"
                assert not answers.untagged, f"{command}\n{talk}"
                lives(talk)
        is_in(talk, state)


@pytest.mark.parametrize("command", sorted(ALLOWED))
def test_what_is_possible_in_a_state_is_answered(server, command):
    for state in sorted(ALLOWED[command]):
        with in_state(server, state) as talk:
            talk.send_line(f"do {words(command)}")
            if command == "IDLE":
                talk.until("+ ...").says("C: DONE")
            talk.until("do <status> ...")
            # Nothing is wrong with it; what it names need not be there.
            assert talk.words["status"] in ("OK", "NO"), talk
            if command == "STARTTLS":
                talk.starttls()
            if command == "COMPRESS":
                talk.sock = CompressedSocket(talk.sock)
            if command == "LOGOUT":
                talk.closes()
            else:
                lives(talk)


def misspelled(command):
    """The command without its arguments, without the last of them, and with one more."""
    said = words(command)
    arguments = said.removeprefix(command).split()
    if arguments:
        yield command
        yield command + " "
    if len(arguments) > 1 and command not in OPTIONAL_LAST:
        yield said.rpartition(" ")[0]
    if command not in OPEN_END:
        yield said + " more"
        yield said + " (more"


@pytest.mark.parametrize("command", sorted(ALLOWED))
def test_arguments_too_few_and_too_many_are_bad(server, command):
    state = sorted(ALLOWED[command])[0]
    with in_state(server, state) as talk:
        for said in misspelled(command):
            talk.send_line(f"do {said}")
            talk.until("do <status> ...")
            assert talk.words.pop("status") == "BAD", f"{said}\n{talk}"
            lives(talk)
        is_in(talk, state)


def test_what_is_no_command_is_bad(server):
    with in_state(server, "selected") as talk:
        for said in ("", " ", "NOTHING", "UID", "UID NOOP", "UID ", "UID UID FETCH 1 UID", "FETCHX 1 UID"):
            assert ask(talk, said).status == "BAD", talk
        for line in (" ", "(a NOOP", "* NOOP", "+ NOOP", "a%b NOOP", '"a" NOOP', "{1"):
            talk.send_line(line)
            talk.expect("* BAD ...")
        for tag in ("a.1", "A#[x]", "0", "tag:x", "NOOP"):
            assert ask(talk, "NOOP", tag).status == "OK", talk
        is_in(talk, "selected")


def test_commands_behind_logout_are_not_carried_out(server):
    with in_state(server, "logged in") as talk:
        talk.send(b"a LOGOUT\r\nb CREATE After\r\n")
        talk.expect("* BYE ...")
        talk.expect("a OK ...")
        talk.closes()
    with server.imap(f"user{len(server.passwords) - 1}") as talk:
        assert ask(talk, "STATUS After (MESSAGES)").status == "NO"
