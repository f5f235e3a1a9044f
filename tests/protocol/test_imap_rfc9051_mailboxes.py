"""RFC 9051's examples of 6.3 (after login) but for LIST."""

from imap_answer import ask
from rfc_example import bare, example, fill, mail, make, remove, renumber, rev2
from test_imap_rfc9051_list import shows

SELECTED = r"* FLAGS (\Answered \Flagged \Deleted \Seen \Draft...)"

# ---- ENABLE ----


@example("6.3.1", "t1 t2 t3 a1", differs="X-GOOD-IDEA is not here to be enabled")
def test_enable_of_what_is_not_there_enables_the_rest(server):
    with server.imap("alice") as talk:
        before = talk.says("C: t1 CAPABILITY").expect("* CAPABILITY ...")
        assert " CONDSTORE " in before and "X-GOOD-IDEA" not in before
        talk.says(
            """
            S: t1 OK ...
            C: t2 ENABLE CONDSTORE X-GOOD-IDEA
            S: * ENABLED CONDSTORE
            S: t2 OK ...
            """
        )
        talk.says("C: t3 CAPABILITY").expect(before)
        talk.says(
            """
            S: t3 OK ...
            C: a1 ENABLE CONDSTORE
            S: * ENABLED CONDSTORE
            S: a1 OK ...
            """
        )


# ---- SELECT and EXAMINE ----


@example("6.3.2", "A142")
@example("6.3.2", "A142 A143")
def test_select_and_select_again(server):
    with rev2(server) as talk:
        fill(talk, "INBOX", [mail()] * 172)
        fill(talk, "Drafts", [mail()] * 5)
        talk.says(
            rf"""
            C: A142 SELECT INBOX
            S* * 172 EXISTS
            S* * OK [UIDVALIDITY <inbox>] ...
            S* * OK [UIDNEXT 173] ...
            S* * OK [MAILBOXID (...)] ...
            S* * OK [HIGHESTMODSEQ <highest_173>] ...
            S* {SELECTED}
            S* * OK [PERMANENTFLAGS (...\Deleted ...\Seen ...\*)] ...
            S* * LIST () "/" INBOX
            S: A142 OK [READ-WRITE] ...
            C: un UNSELECT
            S: un OK ...
            C: A142 SELECT INBOX
            S* * 172 EXISTS
            S* * OK [UIDVALIDITY <inbox>] ...
            S* * OK [UIDNEXT 173] ...
            S* * OK [MAILBOXID (...)] ...
            S* * OK [HIGHESTMODSEQ <highest_173>] ...
            S* {SELECTED}
            S* * OK [PERMANENTFLAGS (...\Deleted ...\Seen ...\*)] ...
            S* * LIST () "/" INBOX
            S: A142 OK [READ-WRITE] ...
            C: A143 SELECT Drafts
            S: * OK [CLOSED] ...
            S* * 5 EXISTS
            S* * OK [UIDVALIDITY <drafts>] ...
            S* * OK [UIDNEXT 6] ...
            S* * OK [MAILBOXID (...)] ...
            S* * OK [HIGHESTMODSEQ <highest_6>] ...
            S* * LIST (...) "/" Drafts
            S* {SELECTED}
            S* * OK [PERMANENTFLAGS (...\Deleted ...\Seen ...\*)] ...
            S: A143 OK [READ-WRITE] ...
            """
        )


@example("6.3.3", "A932")
def test_examine(server):
    with rev2(server) as talk:
        make(talk, "blurdybloop")
        fill(talk, "blurdybloop", [mail()] * 17)
        talk.says(
            rf"""
            C: A932 EXAMINE blurdybloop
            S* * 17 EXISTS
            S* * OK [UIDVALIDITY <validity>] ...
            S* * OK [UIDNEXT 18] ...
            S* * OK [MAILBOXID (...)] ...
            S* * OK [HIGHESTMODSEQ <highest_18>] ...
            S* * LIST () "/" blurdybloop
            S* {SELECTED}
            S* * OK [PERMANENTFLAGS ()] ...
            S: A932 OK [READ-ONLY] ...
            """
        )


# ---- CREATE, DELETE, RENAME ----


@example("6.3.4", "A003 A004 A005", differs="a name that is normal already is kept as it is")
def test_create(server):
    with bare(server) as talk:
        talk.says(
            """
            C: A003 CREATE owatagusiam/
            S: A003 OK ...
            C: A004 CREATE owatagusiam/blurdybloop
            S: A004 OK ...
            C: A005 CREATE NonNormalized
            S: A005 OK ...
            """
        )
        shows(talk, 'A006 LIST "" *', "INBOX", "owatagusiam", "owatagusiam/blurdybloop", "NonNormalized")


@example("6.3.5", "A682 A683 A684 A685 A686 A687")
def test_delete_of_what_is_no_mailbox(server):
    with bare(server) as talk:
        make(talk, "blurdybloop", "foo/bar")
        remove(talk, "foo")
        shows(talk, 'A682 LIST "" *', "INBOX", "blurdybloop", "foo/bar")
        talk.says(
            """
            C: A683 DELETE blurdybloop
            S: A683 OK ...
            C: A684 DELETE foo
            S: A684 NO [HASCHILDREN] ...
            C: A685 DELETE foo/bar
            S: A685 OK ...
            """
        )
        # A level without a mailbox goes with the last name below it (RFC 9051 6.3.5).
        shows(talk, 'A686 LIST "" *', "INBOX")
        talk.says("C: A687 DELETE foo\nS: A687 NO [NONEXISTENT] ...")


@example("6.3.5", "A82 A83 A84 A85 A86", differs="the separator is /")
def test_delete_of_a_parent_leaves_the_children(server):
    with bare(server) as talk:
        make(talk, "blurdybloop", "foo", "foo/bar")
        shows(talk, 'A82 LIST "" *', "INBOX", "blurdybloop", "foo", "foo/bar")
        talk.says(
            """
            C: A83 DELETE blurdybloop
            S: A83 OK ...
            C: A84 DELETE foo
            S: A84 OK ...
            """
        )
        shows(talk, 'A85 LIST "" *', "INBOX", "foo/bar")
        shows(talk, 'A86 LIST "" %', "INBOX", r"foo (\NonExistent \HasChildren)")


@example("6.3.6", "A682 A683 A684 A685")
def test_rename_takes_the_children_along(server):
    with bare(server) as talk:
        make(talk, "blurdybloop", "foo/bar")
        remove(talk, "foo")
        shows(talk, 'A682 LIST "" *', "INBOX", "blurdybloop", "foo/bar")
        talk.says(
            """
            C: A683 RENAME blurdybloop sarasoop
            S: A683 OK ...
            C: A684 RENAME foo zowie
            S: A684 OK ...
            """
        )
        shows(talk, 'A685 LIST "" *', "INBOX", "sarasoop", "zowie/bar")


@example("6.3.6", "Z432 Z433 Z434", differs="the separator is /")
def test_rename_of_inbox_leaves_inbox_and_its_children(server):
    with bare(server) as talk:
        make(talk, "INBOX/bar")
        fill(talk, "INBOX", [mail()] * 2)
        shows(talk, 'Z432 LIST "" *', "INBOX", "INBOX/bar")
        talk.says("C: Z433 RENAME INBOX old-mail\nS: Z433 OK ...")
        shows(talk, 'Z434 LIST "" *', "INBOX", "INBOX/bar", "old-mail")
        talk.says(
            """
            C: st STATUS old-mail (MESSAGES)
            S: * STATUS old-mail (MESSAGES 2)
            S: st OK ...
            C: si STATUS INBOX (MESSAGES)
            S: * STATUS INBOX (MESSAGES 0)
            S: si OK ...
            """
        )


@example("6.3.6", "1001 1002 1003")
def test_rename_and_the_subscription_after_it(server):
    with bare(server) as talk:
        make(talk, "X")
        talk.says(
            """
            C: sub SUBSCRIBE X
            S: sub OK ...
            C: 1001 RENAME X Y
            C: 1002 SUBSCRIBE Y
            C: 1003 UNSUBSCRIBE X
            S: 1001 OK ...
            S: 1002 OK ...
            S: 1003 OK ...
            """
        )
        shows(talk, 'l LIST (SUBSCRIBED) "" *', r"Y (\Subscribed)")


@example("6.3.7", "A002")
@example("6.3.8", "A002")
def test_subscribe_and_unsubscribe(server):
    with bare(server) as talk:
        talk.says("C: A002 SUBSCRIBE #news.comp.mail.mime\nS: A002 OK ...")
        shows(talk, 'l LIST (SUBSCRIBED) "" *', r"#news.comp.mail.mime (\Subscribed \NonExistent)")
        talk.says("C: A002 UNSUBSCRIBE #news.comp.mail.mime\nS: A002 OK ...")
        shows(talk, 'l LIST (SUBSCRIBED) "" *')


# ---- NAMESPACE and STATUS ----


@example("6.3.10", "A001")
def test_the_one_namespace(server):
    with bare(server) as talk:
        talk.says('C: A001 NAMESPACE\nS: * NAMESPACE (("" "/")) NIL NIL\nS: A001 OK ...')


@example("6.3.10", "A001 A002", differs="one namespace without a prefix; what looks like one is a name")
@example("6.3.10", "A001 A002 A003 A004 A005 A006", differs="one namespace; uses are given by CREATE")
def test_what_looks_like_a_namespace_is_a_name(server):
    with bare(server) as talk:
        talk.says(
            """
            C: A001 NAMESPACE
            S: * NAMESPACE (("" "/")) NIL NIL
            S: A001 OK ...
            C: A002 CREATE "INBOX.Sent Mail"
            S: A002 OK ...
            C: A001 NAMESPACE
            S: * NAMESPACE (("" "/")) NIL NIL
            S: A001 OK ...
            C: A002 LIST (SPECIAL-USE) "" "*"
            S: A002 OK ...
            C: A003 LIST (SPECIAL-USE) "#mh/" "*"
            S: A003 OK ...
            C: A004 CREATE "Sent Mail"
            S: A004 OK ...
            C: A005 CREATE "Delete Items"
            S: A005 OK ...
            C: A006 CREATE "#mh/Deleted Items"
            S: A006 OK ...
            """
        )
        names = ['"INBOX.Sent Mail"', '"Sent Mail"', '"Delete Items"', "#mh", '"#mh/Deleted Items"']
        shows(talk, 'l LIST "" *', "INBOX", *names)


@example("6.3.10", "A001 A002", differs="no other users' mailboxes are shown")
@example("6.3.10", "A001 A002 A003", differs="no other users' mailboxes are shown")
@example("6.3.10", "A001 A002", differs="no other users' mailboxes are shown")
def test_other_users_are_not_shown(server):
    with bare(server) as talk:
        talk.says(
            """
            C: A001 NAMESPACE
            S: * NAMESPACE (("" "/")) NIL NIL
            S: A001 OK ...
            C: A002 LIST "" "Other Users/%"
            S: A002 OK ...
            C: A001 NAMESPACE
            S: * NAMESPACE (("" "/")) NIL NIL
            S: A001 OK ...
            C: A002 LIST "" "#Users/%"
            S: A002 OK ...
            C: A003 LIST "" "#Users/Mike/%"
            S: A003 OK ...
            C: A001 NAMESPACE
            S: * NAMESPACE (("" "/")) NIL NIL
            S: A001 OK ...
            C: A002 LIST "" "~mark/%"
            S: A002 OK ...
            """
        )


@example("6.3.11", "A042")
def test_status(server):
    with renumber(rev2(server), "blurdybloop", range(200, 431)) as talk:
        talk.says(
            """
            C: A042 STATUS blurdybloop (UIDNEXT MESSAGES)
            S: * STATUS blurdybloop (<first> <one> <second> <two>)
            S: A042 OK ...
            """
        )
        got = {talk.words["first"]: talk.words["one"], talk.words["second"]: talk.words["two"]}
        assert got == {"MESSAGES": "231", "UIDNEXT": "431"}


# ---- APPEND ----


def meeting(host, address):
    return (
        "Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)\r\n"
        f"From: Fred Foobar <foobar@{host}>\r\n"
        "Subject: afternoon meeting\r\n"
        f"To: {address}\r\n"
        f"Message-Id: <B27397-0100000@{host}>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n"
        "Hello Joe, do you think we can meet at 3:30 tomorrow?\r\n\r\n"
    ).encode()


@example("6.3.12", "A003")
def test_append_with_a_literal_that_waits(server):
    # The RFC's example counts one line end less than it shows.
    message = meeting("Blurdybloop.example", "mooch@owatagu.siam.edu.example")
    with rev2(server) as talk:
        make(talk, "saved-messages")
        talk.says(f"C: A003 APPEND saved-messages (\\Seen) {{{len(message)}}}").expect("+ ...")
        talk.send(message + b"\r\n").expect("A003 OK [APPENDUID <validity> 1] ...")


@example("6.3.12", "A003 A004 A005 A006 A007", differs="UIDs stay in every mailbox")
def test_append_copy_and_their_uids(server):
    message = meeting("example.com", "mooch@example.com")
    with renumber(rev2(server), "saved-messages", [300, 304, 319, 320]) as talk:
        make(talk, "meeting", "funny")
        fill(talk, "meeting", [mail()] * 5)
        talk.says(f"C: A003 APPEND saved-messages (\\Seen) {{{len(message)}+}}").send(message + b"\r\n")
        talk.until("A003 OK [APPENDUID <saved> 321] ...")
        talk.says(
            """
            C: A004 COPY 2:4 meeting
            S: A004 OK [COPYUID <meeting> 304,319:320 6:8] ...
            C: A005 UID COPY 305:310 meeting
            S: A005 OK <text>...
            C: A006 COPY 2 funny
            S: A006 OK [COPYUID <funny> 304 1] ...
            C: A007 SELECT funny
            """
        )
        assert talk.words["text"] != "[COPYUID"
        talk.until("* 1 EXISTS").until("* OK [UIDVALIDITY <funny>] ...").until("* OK [UIDNEXT 2] ...")
        talk.until('* LIST () "/" funny').expect("A007 OK [READ-WRITE] ...")


# ---- IDLE ----


@example("6.3.13", "A001 A002 A003 A004 A005 A006")
def test_idle_tells_at_once_and_fetch_tells_no_expunge(server):
    user = server.new_account()
    with rev2(server, user) as talk, rev2(server, user) as other:
        fill(talk, "INBOX", [mail()] * 3)
        talk.says("C: A001 SELECT INBOX").until("* 3 EXISTS").until("A001 OK [READ-WRITE] ...")
        ask(other, "SELECT INBOX")
        talk.says("C: A002 IDLE\nS: + ...")
        fill(other, "INBOX", [mail()])
        talk.says("S: * 4 EXISTS\nC: DONE\nS: A002 OK ...")
        expunge(other, 2)
        talk.says(
            """
            C: A003 FETCH 4 ALL
            S: * 4 FETCH (...)
            S: A003 OK ...
            C: A004 IDLE
            S: + ...
            S: * 2 EXPUNGE
            """
        )
        expunge(other, 2)
        talk.until("* 2 EXPUNGE")
        fill(other, "INBOX", [mail()])
        talk.says(
            """
            S: * 3 EXISTS
            C: DONE
            S: A004 OK ...
            C: A005 FETCH 3 ALL
            S: * 3 FETCH (...)
            S: A005 OK ...
            C: A006 IDLE
            S: + ...
            """
        )


def expunge(talk, number):
    ask(talk, rf"STORE {number} +FLAGS.SILENT \Deleted")
    assert number in ask(talk, "EXPUNGE").numbers("EXPUNGE")
