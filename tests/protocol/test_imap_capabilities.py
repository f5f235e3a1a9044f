"""Every capability that is told has a transcript that uses it: nothing is offered that no test has tried."""

import re

from imap_answer import ask
from server import SOURCE

# What using it looks like in a script of these tests. Of "NAME=value" the NAME, unless the whole is here.
USES = {
    "APPENDLIMIT": r"APPENDLIMIT=",
    "AUTH": r"AUTHENTICATE (PLAIN|LOGIN|SCRAM)|authenticate",
    "BINARY": r"BINARY\.PEEK\[",
    "CHILDREN": r"\\HasChildren",
    "COMPRESS": r"COMPRESS DEFLATE",
    "CONDSTORE": r"UNCHANGEDSINCE \d|UNCHANGEDSINCE \{",
    "CONTEXT=SEARCH": r"SEARCH RETURN \(UPDATE",
    "CONTEXT=SORT": r"SORT RETURN \(UPDATE",
    "CREATE-SPECIAL-USE": r"CREATE \S+ \(USE \(",
    "ENABLE": r"ENABLE [A-Z]",
    "ESEARCH": r"SEARCH RETURN \(",
    "ESORT": r"SORT RETURN \(",
    "I18NLEVEL": r"CHARSET UTF-8",
    "ID": r"C: \S+ ID \(",
    "IDLE": r"C: \S+ IDLE",
    "IMAP4rev1": r"\* SEARCH \d",
    "IMAP4rev2": r"ENABLE IMAP4rev2",
    "INPROGRESS": r"\[INPROGRESS",
    "LIST-EXTENDED": r"LIST \((SUBSCRIBED|REMOTE|RECURSIVEMATCH|SPECIAL-USE)",
    "LIST-STATUS": r"RETURN \(STATUS \(",
    "LITERAL+": r"\+\}",
    "LOGINDISABLED": r"LOGINDISABLED",
    "MOVE": r"C: \S+ MOVE \d",
    "MULTIAPPEND": r"APPENDUID <validity> 1:\d",
    "MULTISEARCH": r"ESEARCH IN \(",
    "NAMESPACE": r"C: \S+ NAMESPACE",
    "OBJECTID": r"EMAILID",
    "PARTIAL": r"\(PARTIAL -?\d",
    "PREVIEW": r"PREVIEW \(LAZY\)",
    "QRESYNC": r"\(QRESYNC \(",
    "QUOTA": r"GETQUOTA ",
    "QUOTA=RES-MAILBOX": r"MAILBOX \d+ \d+",
    "QUOTA=RES-MESSAGE": r"MESSAGE \d+ \d+",
    "QUOTA=RES-STORAGE": r"STORAGE \d+ \d+",
    "REPLACE": r"UID REPLACE",
    "SASL-IR": r"AUTHENTICATE PLAIN [{\w]",
    "SAVEDATE": r"SAVEDSINCE",
    "SAVELIMIT": r"SAVELIMIT=",
    "SEARCH=FUZZY": r"FUZZY",
    "SEARCHRES": r"RETURN \(SAVE\)",
    "SORT": r"C: \S+ SORT \(",
    "SORT=DISPLAY": r"DISPLAYFROM",
    "SPECIAL-USE": r"\\Junk",
    "STARTTLS": r"STARTTLS",
    "STATUS=SIZE": r"STATUS \S+ \([^)]*\bSIZE\b",
    "THREAD=ORDEREDSUBJECT": r"THREAD ORDEREDSUBJECT",
    "THREAD=REFERENCES": r"THREAD REFERENCES",
    "THREAD=REFS": r"THREAD REFS",
    "UIDONLY": r"UIDFETCH",
    "UIDPLUS": r"UID EXPUNGE",
    "UNAUTHENTICATE": r"UNAUTHENTICATE",
    "UNSELECT": r"UNSELECT",
    "UTF8": r"ENABLE UTF8=ACCEPT",
    "WITHIN": r"YOUNGER \d",
}


def test_every_capability_is_used_by_a_transcript(server):
    texts = [
        path.read_text()
        for path in sorted((SOURCE / "tests" / "protocol").glob("test_imap_*.py"))
        if path.name != "test_imap_capabilities.py"
    ]
    told = set()
    with server.connect("imap") as clear, server.connect("imaps") as stranger, server.imap("alice") as alice:
        for talk in (clear, stranger):
            talk.expect("* OK ...")
        for talk in (clear, stranger, alice):
            told |= set(ask(talk, "CAPABILITY").untagged[0][1:])
    for capability in sorted(told):
        use = USES.get(capability) or USES.get(capability.partition("=")[0])
        assert use, f"{capability} is not in the table"
        assert any(re.search(use, text) for text in texts), f"{capability}: no {use}"
    names = told | {word.partition("=")[0] for word in told}
    assert set(USES) <= names, "in the table, and told no more"
