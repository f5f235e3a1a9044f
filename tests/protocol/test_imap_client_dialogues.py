"""What mail programs say when they set up an account, sync it, wait, and delete.

The lines of Thunderbird (153), neomutt (20220429) and Alpine (2.26) are those of their logs; the
others follow what their sources and the logs of other servers show. Each dialogue is played to its end on a mailbox of its own.
"""

import pytest

from server import eml

CAPABILITIES = "[CAPABILITY IMAP4rev1 ..."
HEADERS = (
    "From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To "
    "Content-Type Reply-To Received"
)


@pytest.fixture
def user(server):
    """An account with three messages, and the folders R&D and Entwürfe."""
    name = server.new_account()
    for message in ("plain.eml", "multipart.eml", "eightbit.eml"):
        server.deliver(name, message)
    with server.imap(name) as talk:
        for folder in ("R&-D", "Entw&APw-rfe"):
            talk.says(f'C: c CREATE "{folder}"').until("c OK ...")
            talk.says(f'C: c SUBSCRIBE "{folder}"').until("c OK ...")
    return name


def authenticated(server, user, tag):
    """AUTHENTICATE PLAIN without an initial response, as most programs do it."""
    talk = server.connect("imaps")
    talk.expect(f"* OK {CAPABILITIES}")
    talk.says(f"C: {tag} AUTHENTICATE PLAIN").expect("+ ")
    talk.send_line(server.auth_plain(user))
    talk.expect(f"{tag} OK {CAPABILITIES}")
    return talk


def literal_in(talk, line):
    """The octets of the literal announced by the line that matches."""
    found = talk.expect(line)
    return talk.read_octets(int(found.rpartition("{")[2].rstrip("}")))


# ---- Thunderbird ----


def thunderbird(server, user, tag):
    talk = authenticated(server, user, tag)
    talk.says(
        f"""
        C: {tag + 1} ID ("name" "Thunderbird" "version" "153.7.0")
        S: * ID ("name" "mailserver" "version" ...
        S: {tag + 1} OK ...
        C: {tag + 2} ENABLE UTF8=ACCEPT
        S: * ENABLED UTF8=ACCEPT
        S: {tag + 2} OK ...
        """
    )
    return talk


def test_thunderbird_reads_the_folders_and_the_inbox(server, user):
    with thunderbird(server, user, 46) as talk:
        talk.says(
            """
            C: 49 namespace
            S: * NAMESPACE (("" "/")) NIL NIL
            S: 49 OK ...
            C: 50 list (subscribed) "" "*" return (special-use)
            S* * LIST (\\Subscribed \\HasNoChildren) "/" INBOX
            S* * LIST (\\Subscribed \\HasNoChildren \\Archive) "/" Archive
            S* * LIST (\\Subscribed \\HasNoChildren \\Drafts) "/" Drafts
            S* * LIST (\\Subscribed \\HasNoChildren \\Junk) "/" Junk
            S* * LIST (\\Subscribed \\HasNoChildren \\Sent) "/" Sent
            S* * LIST (\\Subscribed \\HasNoChildren \\Trash) "/" Trash
            S* * LIST (\\Subscribed \\HasNoChildren) "/" "Entwürfe"
            S* * LIST (\\Subscribed \\HasNoChildren) "/" R&D
            S: 50 OK ...
            C: 51 list "" "INBOX"
            S: * LIST (\\HasNoChildren) "/" INBOX
            S: 51 OK ...
            """
        )
        talk.says('C: 52 select "INBOX"').until("52 OK [READ-WRITE] ...")
        talk.says(
            """
            C: 53 UID fetch 1:* (FLAGS)
            S: * 1 FETCH (UID 1 FLAGS (...))
            S: * 2 FETCH (UID 2 FLAGS (...))
            S: * 3 FETCH (UID 3 FLAGS (...))
            S: 53 OK ...
            """
        )
        talk.says(f"C: 54 UID fetch 1:3 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS ({HEADERS})])")
        for uid, subject in ((1, b"A plain message"), (2, b"Text, HTML and a file"), (3, b"=C3=84rger")):
            head = literal_in(talk, f"* {uid} FETCH (UID {uid} RFC822.SIZE ... FLAGS ... BODY[HEADER.FIELDS ...")
            assert subject in head
            talk.expect(")")
        talk.expect("54 OK ...")
        talk.says("C: 55 UID fetch 1 (UID RFC822.SIZE BODY.PEEK[])")
        assert literal_in(talk, "* 1 FETCH (UID 1 RFC822.SIZE ... BODY[] ...").endswith(eml("plain.eml"))
        talk.says("S: )\nS: 55 OK ...")
        peek = "BODY.PEEK[HEADER.FIELDS (Content-Type Content-Transfer-Encoding)] BODY.PEEK[TEXT]<0.2048>"
        talk.says(f"C: 56 UID fetch 1 (UID {peek})").until("56 OK ...")


def test_thunderbird_waits_marks_deletes_and_moves(server, user):
    with thunderbird(server, user, 91) as talk:
        talk.says('C: 94 select "INBOX"').until("94 OK ...")
        talk.says("C: 95 IDLE\nS: + ...")
        server.deliver(user, "dots.eml")
        talk.says("S: * 4 EXISTS\nS: * 4 RECENT\nC: DONE\nS: 95 OK ...")
        talk.says("C: 96 noop\nS: 96 OK ...")
        talk.says("C: 97 UID fetch 4:* (FLAGS)\nS: * 4 FETCH (UID 4 FLAGS (\\Recent))\nS: 97 OK ...")
        talk.says(
            """
            C: 98 uid store 1 +Flags (\\Seen)
            S: * 1 FETCH (UID 1 FLAGS (\\Seen...))
            S: 98 OK ...
            C: 99 uid move 1 "Trash"
            S: * OK [COPYUID <trash> 1 1] ...
            S: * 1 EXPUNGE
            S: 99 OK ...
            C: 100 uid move 2 "R&D"
            S: * OK [COPYUID <folder> 2 1] ...
            S: * 1 EXPUNGE
            S: 100 OK ...
            C: 101 noop
            S: 101 OK ...
            """
        )


def test_thunderbird_asks_for_what_changed_since(server, user):
    """With CONDSTORE it takes the flags it has not been sent for unchanged: RFC 7162 3.1.4.1."""
    with thunderbird(server, user, 41) as talk:
        talk.says('C: 44 select "INBOX" (CONDSTORE)').until("* OK [HIGHESTMODSEQ <at>] ...").until("44 OK ...")
        at = int(talk.words["at"])
        talk.says("C: 45 UID fetch 1:* (FLAGS)").until("45 OK ...")
        talk.says("C: 46 IDLE\nS: + ...")
        with server.imap(user) as other:
            other.says("C: o SELECT INBOX").until("o OK ...")
            other.says(r"C: s STORE 2 +FLAGS.SILENT (\Answered)").until("s OK ...")
            talk.says(rf"S: * 2 FETCH (UID 2 MODSEQ ({at + 1}) FLAGS (\Answered...))")
            talk.says("C: DONE\nS: 46 OK ...\nC: 47 close\nS: 47 OK ...")
            other.says(r"C: t STORE 3 +FLAGS.SILENT (\Flagged)").until("t OK ...")
        talk.says('C: 48 select "INBOX" (CONDSTORE)').until(f"* OK [HIGHESTMODSEQ {at + 2}] ...").until("48 OK ...")
        talk.says(
            rf"""
            C: 49 UID fetch 1:* (FLAGS) (CHANGEDSINCE {at + 1})
            S: * 3 FETCH (UID 3 FLAGS (\Flagged) MODSEQ ({at + 2}))
            S: 49 OK ...
            C: 50 uid store 1 +Flags (\Seen)
            S: * 1 FETCH (UID 1 MODSEQ ({at + 3}) FLAGS (\Seen))
            S: 50 OK ...
            """
        )


def test_thunderbird_asks_for_all_changes_of_a_folder_it_has_just_opened(server, user):
    """It selects without CONDSTORE first, and knows no MODSEQ at its next look: it says 0."""
    with thunderbird(server, user, 80) as talk:
        talk.says('C: 81 select "INBOX"').until("81 OK ...")
        talk.says("C: 83 UID fetch 1:* (FLAGS)").until("83 OK ...")
        talk.says("C: 87 noop\nS: 87 OK ...\nC: 89 UID fetch 1:* (FLAGS) (CHANGEDSINCE 0)")
        talk.says("S: * OK [HIGHESTMODSEQ <at>] ...")
        for n in (1, 2, 3):
            talk.expect(f"* {n} FETCH (UID {n} FLAGS (...) MODSEQ (...))")
        talk.expect("89 OK ...")


def test_thunderbird_comes_back_and_counts_what_is_left(server, user):
    """By the MODSEQ it knew: more messages are there than it thinks, or fewer, so it asks for all their flags."""
    with thunderbird(server, user, 40) as talk:
        talk.says('C: 43 select "INBOX"').until("* OK [HIGHESTMODSEQ <at>] ...").until("43 OK ...")
        talk.says("C: 44 UID fetch 1:* (FLAGS)").until("44 OK ...")
        at = int(talk.words["at"])
    with server.imap(user) as other:
        other.says("C: o SELECT INBOX").until("o OK ...")
        other.says(r"C: s STORE 3 +FLAGS.SILENT (\Flagged)").until("s OK ...")
        other.says(r"C: d STORE 1 +FLAGS.SILENT (\Deleted)").until("d OK ...")
        other.says("C: e EXPUNGE").until("e OK ...")
    server.deliver(user, "dots.eml")
    with thunderbird(server, user, 4) as talk:
        talk.says('C: 7 select "INBOX"').until("* OK [HIGHESTMODSEQ <now>] ...").until("7 OK ...")
        talk.says(
            rf"""
            C: 8 getquotaroot "INBOX"
            S: * QUOTAROOT INBOX ""
            S: * QUOTA "" (MAILBOX 8 10000)
            S: 8 OK GETQUOTAROOT completed
            C: 9 UID fetch 1:* (FLAGS) (CHANGEDSINCE {at})
            S: * OK [HIGHESTMODSEQ <now>] ...
            S: * 2 FETCH (UID 3 FLAGS (\Flagged) MODSEQ ({at + 1}))
            S: * 3 FETCH (UID 4 FLAGS (\Recent) MODSEQ (<now>))
            S: 9 OK FETCH completed
            C: 10 UID fetch 1:* (FLAGS)
            S: * 1 FETCH (UID 2 FLAGS ())
            S: * 2 FETCH (UID 3 FLAGS (\Flagged))
            S: * 3 FETCH (UID 4 FLAGS (\Recent))
            S: 10 OK FETCH completed
            """
        )
        assert int(talk.words["now"]) > at + 1


def test_thunderbird_keeps_what_it_has_sent(server, user):
    message = b"From: alice@example.org\r\nSubject: Gr\xc3\xbc\xc3\x9fe\r\n\r\nHello Bob.\r\n"
    with thunderbird(server, user, 52) as talk:
        talk.send(f'54 append "Sent" (\\Seen) UTF8 (~{{{len(message)}+}}\r\n'.encode())
        talk.send(message + b")\r\n")
        talk.expect("54 OK [APPENDUID ...")
        talk.says('C: 73 select "Sent"').until("73 OK ...")
        talk.says("C: 76 UID fetch 1 (UID RFC822.SIZE BODY.PEEK[])")
        assert literal_in(talk, "* 1 FETCH (UID 1 RFC822.SIZE ... BODY[] ...") == message
        talk.says("S: )\nS: 76 OK ...")


def test_thunderbird_makes_a_folder_and_throws_it_away(server, user):
    with thunderbird(server, user, 75) as talk:
        talk.says(
            """
            C: 78 create "Tom & Jerry"
            S: 78 OK ...
            C: 79 subscribe "Tom & Jerry"
            S: 79 OK ...
            C: 80 list "" "Tom & Jerry"
            S: * LIST (\\HasNoChildren) "/" "Tom & Jerry"
            S: 80 OK ...
            """
        )
        talk.says('C: 55 select "Tom & Jerry"').until("55 OK ...")
        talk.says(
            """
            C: 57 list (subscribed) "" "Tom & Jerry/*" return (special-use)
            S: 57 OK ...
            C: 58 close
            S: 58 OK ...
            C: 59 rename "Tom & Jerry" "Trash/Tom & Jerry"
            S: 59 OK ...
            C: 60 subscribe "Trash/Tom & Jerry"
            S: 60 OK ...
            C: 61 unsubscribe "Tom & Jerry"
            S: 61 OK ...
            C: 62 list "" "Trash/*"
            S: * LIST (\\HasNoChildren) "/" "Trash/Tom & Jerry"
            S: 62 OK ...
            """
        )


# ---- K-9 ----


def k9(server, user):
    talk = authenticated(server, user, 1)
    talk.says(
        """
        C: 2 ID ("name" "K-9 Mail" "version" "12.0")
        S: * ID ("name" "mailserver" "version" ...
        S: 2 OK ...
        C: 3 ENABLE UTF8=ACCEPT
        S: * ENABLED
        S: 3 OK ...
        C: 4 NAMESPACE
        S: * NAMESPACE (("" "/")) NIL NIL
        S: 4 OK ...
        """
    )
    return talk


def test_k9_sets_up_and_syncs(server, user):
    with k9(server, user) as talk:
        talk.says(
            """
            C: 5 LIST "" * RETURN (SPECIAL-USE)
            S* * LIST (\\HasNoChildren) "/" INBOX
            S* * LIST (\\HasNoChildren \\Archive) "/" Archive
            S* * LIST (\\HasNoChildren \\Drafts) "/" Drafts
            S* * LIST (\\HasNoChildren \\Junk) "/" Junk
            S* * LIST (\\HasNoChildren \\Sent) "/" Sent
            S* * LIST (\\HasNoChildren \\Trash) "/" Trash
            S* * LIST (\\HasNoChildren) "/" Entw&APw-rfe
            S* * LIST (\\HasNoChildren) "/" R&-D
            S: 5 OK ...
            C: 6 STATUS "R&-D" (UIDVALIDITY)
            S: * STATUS R&-D (UIDVALIDITY <validity>)
            S: 6 OK ...
            """
        )
        talk.says('C: 7 EXAMINE "INBOX"').until("7 OK [READ-ONLY] ...")
        talk.says(
            """
            C: 8 UID SEARCH 1:3 NOT DELETED
            S: * SEARCH 1 2 3
            S: 8 OK ...
            """
        )
        fields = (
            "date subject from content-type to cc reply-to message-id references in-reply-to "
            "list-unsubscribe sender X-K9mail-Identity Chat-Version"
        )
        talk.says(f"C: 9 UID FETCH 1,2,3 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({fields})])")
        for _ in range(3):
            assert b"Subject: " in literal_in(talk, "* ... FETCH (UID ...")
            talk.expect(")")
        talk.expect("9 OK ...")
        talk.says("C: 10 UID FETCH 2 (UID BODYSTRUCTURE)").until("10 OK ...")
        talk.says("C: 11 UID FETCH 2 (UID BODY.PEEK[1.1])").until("11 OK ...")
        talk.says("C: 12 UID FETCH 1 (UID BODY.PEEK[]<0.32768>)").until("12 OK ...")


@pytest.mark.parametrize("moves", [True, False], ids=["MOVE", "COPY, STORE and EXPUNGE"])
def test_k9_waits_marks_and_deletes(server, user, moves):
    with k9(server, user) as talk:
        talk.says('C: 5 SELECT "INBOX"').until("5 OK [READ-WRITE] ...")
        talk.says("C: 6 IDLE\nS: + ...")
        server.deliver(user, "dots.eml")
        talk.says("S: * 4 EXISTS\nS: * 4 RECENT\nC: DONE\nS: 6 OK ...")
        talk.says("C: 7 UID SEARCH *:*\nS: * SEARCH 4\nS: 7 OK ...")
        talk.says("C: 8 UID STORE 4 +FLAGS.SILENT (\\Seen)\nS: 8 OK ...")
        if moves:
            talk.says(
                """
                C: 9 UID MOVE 2,4 "Trash"
                S: * OK [COPYUID <trash> 2,4 1:2] ...
                S: * 4 EXPUNGE
                S: * 2 EXPUNGE
                S: 9 OK ...
                """
            )
        else:
            talk.says(
                """
                C: 9 UID COPY 2,4 "Trash"
                S: 9 OK [COPYUID <trash> 2,4 1:2] ...
                C: 10 UID STORE 2,4 +FLAGS.SILENT (\\Deleted)
                S: 10 OK ...
                C: 11 UID EXPUNGE 2,4
                S* * 4 EXPUNGE
                S* * 2 EXPUNGE
                S: 11 OK ...
                """
            )
        talk.says('C: 12 STATUS "Trash" (MESSAGES)\nS: * STATUS Trash (MESSAGES 2)\nS: 12 OK ...')


def test_k9_saves_a_draft_with_a_literal_it_waits_for(server, user):
    message = b"Subject: half\r\nX-K9mail-Identity: !l=0\r\n\r\nnot done\r\n"
    with k9(server, user) as talk:
        talk.says(f'C: 5 APPEND "Drafts" (\\Seen \\Draft) {{{len(message)}}}\nS: + ...')
        talk.send(message + b"\r\n")
        talk.expect("5 OK [APPENDUID ...")


# ---- Outlook ----


def outlook(server, user):
    talk = server.connect("imaps")
    talk.expect(f"* OK {CAPABILITIES}")
    talk.says("C: 7k2m CAPABILITY\nS: * CAPABILITY ...\nS: 7k2m OK ...")
    talk.says(f'C: n3wq LOGIN "{user}" "{server.passwords[user]}"').expect(f"n3wq OK {CAPABILITIES}")
    return talk


def test_outlook_sets_up_by_lsub_and_finds_its_folders(server, user):
    with outlook(server, user) as talk:
        talk.says(
            """
            C: a0b1 LIST "" ""
            S: * LIST (\\Noselect) "/" ""
            S: a0b1 OK ...
            C: a0b2 LSUB "" "*"
            S* * LSUB (\\HasNoChildren) "/" INBOX
            S* * LSUB (\\HasNoChildren \\Archive) "/" Archive
            S* * LSUB (\\HasNoChildren \\Drafts) "/" Drafts
            S* * LSUB (\\HasNoChildren \\Junk) "/" Junk
            S* * LSUB (\\HasNoChildren \\Sent) "/" Sent
            S* * LSUB (\\HasNoChildren \\Trash) "/" Trash
            S* * LSUB (\\HasNoChildren) "/" Entw&APw-rfe
            S* * LSUB (\\HasNoChildren) "/" R&-D
            S: a0b2 OK ...
            C: a0b3 CREATE "Sent Items"
            S: a0b3 OK ...
            C: a0b4 SUBSCRIBE "Sent Items"
            S: a0b4 OK ...
            C: a0b5 LSUB "" "Sent Items"
            S: * LSUB (\\HasNoChildren) "/" "Sent Items"
            S: a0b5 OK ...
            """
        )


def test_outlook_syncs_waits_and_deletes(server, user):
    with outlook(server, user) as talk:
        talk.says('C: c1 SELECT "INBOX"').until("c1 OK [READ-WRITE] ...")
        talk.says("C: c2 UID FETCH 1:* (UID FLAGS)").until("c2 OK ...")
        talk.says("C: c3 UID FETCH 1:3 (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER] INTERNALDATE)").until("c3 OK ...")
        talk.says("C: c4 UID FETCH 2 (UID FLAGS BODY.PEEK[])").until("c4 OK ...")
        talk.says("C: c5 UID STORE 2 +FLAGS (\\Seen)\nS: * 2 FETCH (UID 2 FLAGS (\\Seen...))\nS: c5 OK ...")
        talk.says("C: c6 IDLE\nS: + ...")
        server.deliver(user, "dots.eml")
        talk.says("S: * 4 EXISTS\nS: * 4 RECENT\nC: DONE\nS: c6 OK ...")
        talk.says(
            """
            C: c7 UID COPY 2 "Trash"
            S: c7 OK [COPYUID ...
            C: c8 UID STORE 2 +FLAGS (\\Deleted)
            S: * 2 FETCH (UID 2 FLAGS (\\Deleted \\Seen...))
            S: c8 OK ...
            C: c9 EXPUNGE
            S: * 2 EXPUNGE
            S: c9 OK ...
            C: d1 LOGOUT
            S: * BYE ...
            S: d1 OK ...
            """
        )
        talk.closes()


# ---- Apple Mail ----


def test_an_iphone_asks_two_things_at_a_time(server, user):
    with authenticated(server, user, "A1") as talk:
        talk.says('C: A2 ID ("name" "iPhone Mail" "version" "22C161" "os" "iOS" "os-version" "18.2.1 (22C161)")')
        talk.until("A2 OK ...")
        talk.send(b'A3 NAMESPACE\r\nA4 LIST "" "*" RETURN (SPECIAL-USE)\r\n')
        talk.says('S: * NAMESPACE (("" "/")) NIL NIL\nS: A3 OK ...\nS: * LIST ...').until("A4 OK ...")
        talk.says('C: A5 SELECT "INBOX"').until("A5 OK [READ-WRITE] ...")
        talk.says("C: A6 UID SEARCH 1:* NOT DELETED\nS: * SEARCH 1 2 3\nS: A6 OK ...")
        fields = "BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id in-reply-to references x-priority)]"
        talk.says(f"C: A7 UID FETCH 1:3 (INTERNALDATE UID RFC822.SIZE FLAGS {fields})").until("A7 OK ...")
        talk.says("C: A8 UID FETCH 2 (BODYSTRUCTURE BODY.PEEK[1.1.MIME] BODY.PEEK[1.1])").until("A8 OK ...")
        talk.says("C: A9 IDLE\nS: + ...\nC: DONE\nS: A9 OK ...")
        talk.send(b'\r\nB41 UID MOVE 2 "Trash"\r\n')
        talk.says("S: * OK [COPYUID ...\nS: * 2 EXPUNGE\nS: B41 OK ...")


# ---- neomutt, Alpine ----


def test_neomutt_reads_by_number_and_deletes_by_copying(server, user):
    with authenticated(server, user, "a0000") as talk:
        talk.send(b'a0002 ENABLE UTF8=ACCEPT\r\na0003 LIST "" ""\r\n')
        talk.says("S: * ENABLED UTF8=ACCEPT\nS: a0002 OK ...")
        talk.says('S: * LIST (\\Noselect) "/" ""\nS: a0003 OK ...')
        talk.says('C: a0004 SELECT "INBOX"').until("a0004 OK ...")
        fields = "DATE FROM SENDER SUBJECT TO CC MESSAGE-ID REFERENCES CONTENT-TYPE LINES LIST-POST X-LABEL"
        talk.says(f"C: a0005 FETCH 1:3 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({fields})])")
        for number in (1, 2, 3):
            assert b"Subject: " in literal_in(talk, f"* {number} FETCH (UID {number} FLAGS ...")
            talk.expect(")")
        talk.says("S: a0005 OK ...\nC: a0006 IDLE\nS: + ...")
        talk.send(b'DONE\r\na0007 STATUS "Drafts" (UIDNEXT UIDVALIDITY UNSEEN RECENT MESSAGES)\r\n')
        talk.says("S: a0006 OK ...\nS: * STATUS Drafts (...)\nS: a0007 OK ...")
        talk.says('C: a0010 UID COPY 2 "R&D"\nS: a0010 OK [COPYUID ...')
        talk.says('C: a0013 UID COPY 1 "Trash"\nS: a0013 OK [COPYUID ...')
        talk.says("C: a0015 UID STORE 1:2 +FLAGS.SILENT (\\Deleted)\nS: a0015 OK ...")
        talk.says("C: a0018 EXPUNGE\nS* * 2 EXPUNGE\nS* * 1 EXPUNGE\nS: a0018 OK ...")


def test_alpine_asks_for_envelopes_and_parts_of_parts(server, user):
    server.deliver(user, "nested.eml")
    with authenticated(server, user, "00000000") as talk:
        talk.says('C: 00000001 ID ("name" "alpine" "version" "2.26")').until("00000001 OK ...")
        talk.says("C: 00000002 SELECT INBOX").until("00000002 OK ...")
        talk.says("C: 00000003 SEARCH UNANSWERED UNDELETED UNSEEN\nS: * SEARCH 1 2 3 4\nS: 00000003 OK ...")
        fields = "BODY.PEEK[HEADER.FIELDS (Newsgroups Content-MD5 resent-to List-Help Followup-To References)]"
        talk.says(f"C: 00000005 FETCH 1:4 (UID ENVELOPE {fields} INTERNALDATE RFC822.SIZE FLAGS)")
        for number in (1, 2, 3, 4):
            assert literal_in(talk, f"* {number} FETCH (UID {number} ENVELOPE (...) BODY[...") == b"\r\n"
            talk.expect(" INTERNALDATE ...")
        talk.expect("00000005 OK ...")
        talk.says("C: 00000006 FETCH 4 (BODYSTRUCTURE FLAGS)").until("00000006 OK ...")
        talk.says("C: 0000000c FETCH 4 BODY.PEEK[2.HEADER]").until("0000000c OK ...")
        talk.says("C: 0000000d FETCH 4 BODY[2.1]").until("0000000d OK ...")
        talk.says("C: 0000000e STORE 4 +Flags (\\SEEN)\nS: * 4 FETCH (...)\nS: 0000000e OK ...")
        talk.says("C: 00000010 STORE 4 +Flags (\\DELETED)\nS: * 4 FETCH (...)\nS: 00000010 OK ...")
        talk.says("C: 00000015 EXPUNGE\nS: * 4 EXPUNGE\nS: 00000015 OK ...")
        talk.says("C: 00000016 LOGOUT\nS: * BYE ...\nS: 00000016 OK ...").closes()
