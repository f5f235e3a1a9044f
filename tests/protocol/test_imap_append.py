"""APPEND: RFC 9051 6.3.12, RFC 3502, RFC 4315 3, RFC 7889, RFC 6855 4."""

import pytest

from server import big_message, eml

PLAIN = eml("plain.eml")


def append(talk, tag, mailbox, octets, head="", plus="+"):
    """Sends an APPEND with a literal that does not wait."""
    talk.send(f"{tag} APPEND {mailbox} {head}{{{len(octets)}{plus}}}\r\n".encode())
    talk.send(octets + b"\r\n")
    return talk


def folder(talk, name):
    talk.says(f"C: make CREATE {name}").expect("make OK ...")
    return name


def body_of(talk, mailbox, number=1):
    """BODY[] of a message, read with EXAMINE."""
    talk.says(f"C: look EXAMINE {mailbox}").until("look OK ...")
    line = talk.says(f"C: body FETCH {number} BODY.PEEK[]").expect(f"* {number} FETCH (BODY[] {{...}}")
    octets = talk.read_octets(int(line.rpartition("{")[2].rstrip("}")))
    talk.expect(")")
    talk.says("S: body OK ...")
    talk.says("C: shut UNSELECT").until("shut OK ...")
    return octets


def test_the_message_comes_back_octet_for_octet_with_its_uid(server):
    with server.imap("alice") as talk:
        append(talk, "a", folder(talk, "Same"), PLAIN).expect("a OK [APPENDUID <validity> 1] ...")
        append(talk, "b", "Same", eml("eightbit.eml")).expect("b OK [APPENDUID <validity> 2] ...")
        assert body_of(talk, "Same") == PLAIN
        assert body_of(talk, "Same", 2) == eml("eightbit.eml")


def test_a_client_that_waits_is_told_to_go_on(server):
    with server.imap("alice") as talk:
        folder(talk, "Waiting")
        talk.says(f"C: a APPEND Waiting (\\Seen) {{{len(PLAIN)}}}").expect("+ ...")
        talk.send(PLAIN + b"\r\n")
        talk.expect("a OK [APPENDUID ...")


def test_flags_and_date_are_kept(server):
    with server.imap("alice") as talk:
        folder(talk, "Flags")
        head = '(\\Seen \\Flagged $Label) "21-Nov-1997 09:55:06 -0600" '
        append(talk, "a", "Flags", PLAIN, head).expect("a OK ...")
        talk.says("C: b SELECT Flags").until("b OK ...")
        line = talk.says("C: c FETCH 1 (FLAGS INTERNALDATE)").expect("* 1 FETCH ...")
        talk.expect("c OK ...")
        for word in ("\\Seen", "\\Flagged", "$Label", '"21-Nov-1997 15:55:06 +0000"'):
            assert word in line, line


def test_several_messages_in_one_command(server):
    with server.imap("alice") as talk:
        folder(talk, "Multi")
        size = len(PLAIN)
        talk.send(f"a APPEND Multi (\\Seen) {{{size}+}}\r\n".encode() + PLAIN)
        talk.send(f' (\\Draft) " 1-Jan-2020 00:00:00 +0000" {{{size}+}}\r\n'.encode() + PLAIN)
        talk.send(f" {{{size}+}}\r\n".encode() + PLAIN + b"\r\n")
        talk.expect("a OK [APPENDUID <validity> 1:3] ...")
        talk.says("C: b STATUS Multi (MESSAGES UNSEEN)").expect("* STATUS Multi (MESSAGES 3 UNSEEN 2)")
        talk.expect("b OK ...")


def test_several_messages_are_stored_all_or_none(server):
    with server.imap("alice") as talk:
        folder(talk, "None")
        talk.send(f"a APPEND None {{{len(PLAIN)}+}}\r\n".encode() + PLAIN)
        talk.send(b" {6+}\r\nab\0cd\n\r\n")
        talk.expect("a NO [CANNOT] ...")
        talk.says(
            """
            C: b STATUS None (MESSAGES)
            S: * STATUS None (MESSAGES 0)
            S: b OK ...
            """
        )


@pytest.mark.conf(imap={"max_append_messages": 2})
def test_one_command_brings_only_so_many(fresh_server):
    one = f" {{{len(PLAIN)}+}}\r\n".encode() + PLAIN
    with fresh_server.imap("alice") as talk:
        talk.send(b"a APPEND INBOX" + one * 3 + b"\r\n").expect("a NO [MESSAGELIMIT 2] ...")
        talk.send(b"b APPEND INBOX" + one * 2 + b"\r\n").expect("b OK [APPENDUID <validity> 1:2] ...")


def test_line_feeds_become_line_ends(server):
    with server.imap("alice") as talk:
        append(talk, "a", folder(talk, "Ends"), PLAIN.replace(b"\r\n", b"\n")).expect("a OK ...")
        assert body_of(talk, "Ends") == PLAIN


def test_a_literal8_is_left_alone(server):
    octets = b"Content-Transfer-Encoding: binary\r\n\r\nline\nand \xff end"
    with server.imap("alice") as talk:
        folder(talk, "Binary")
        talk.send(f"a APPEND Binary ~{{{len(octets)}+}}\r\n".encode() + octets + b"\r\n")
        talk.expect("a OK [APPENDUID ...")
        talk.says("C: b STATUS Binary (SIZE)").expect(f"* STATUS Binary (SIZE {len(octets)})")


def test_utf8_wants_utf8_enabled(server):
    octets = eml("eightbit.eml")
    with server.imap("alice") as talk:
        folder(talk, "Utf8")
        talk.send(f"a APPEND Utf8 UTF8 (~{{{len(octets)}+}}\r\n".encode() + octets + b")\r\n")
        talk.expect("a NO [CANNOT] ...")
        talk.says("C: b ENABLE UTF8=ACCEPT").until("b OK ...")
        talk.send(f"c APPEND Utf8 UTF8 (~{{{len(octets)}+}}\r\n".encode() + octets + b")\r\n")
        talk.expect("c OK [APPENDUID <validity> 1] ...")


def test_headers_with_8bit_are_kept_from_and_for_everybody(server):
    """docs/adr/0008: programs that copy mail know nothing of UTF8=ACCEPT."""
    octets = b"Subject: h\xc3\xa9 \xff\r\nFrom: a@example.net\r\n\r\nbody\r\n"
    with server.imap("alice") as talk:
        append(talk, "a", folder(talk, "Raw"), octets).expect("a OK [APPENDUID ...")
        assert body_of(talk, "Raw") == octets
        talk.says("C: b EXAMINE Raw").until("b OK ...")
        talk.says("C: c FETCH 1 ENVELOPE").expect("* 1 FETCH (ENVELOPE (NIL {5}")
        assert talk.read_octets(5) == b"h\xc3\xa9 \xff"


def test_a_mailbox_that_is_missing_says_trycreate_before_the_message(server):
    with server.imap("alice") as talk:
        talk.says(
            """
            C: a APPEND Nowhere {310}
            S: a NO [TRYCREATE] ...
            """
        )
        append(talk, "b", "Nowhere", PLAIN).expect("b NO [TRYCREATE] ...")
        talk.says("C: c NOOP").expect("c OK ...")


@pytest.mark.conf(imap={"max_message_size": 65536})
def test_a_message_over_the_limit_is_too_big(fresh_server):
    with fresh_server.imap("alice") as talk:
        line = talk.says("C: cap CAPABILITY").expect("* CAPABILITY ...")
        assert " APPENDLIMIT=65536" in line
        talk.says(
            """
            S: cap OK ...
            C: a APPEND INBOX {65537}
            S: a NO [TOOBIG] ...
            """
        )
        append(talk, "b", "INBOX", big_message(100000)).expect("b NO [TOOBIG] ...")
        talk.says("C: c NOOP").expect("c OK ...")


def test_an_account_that_is_full_refuses(fresh_server):
    user = fresh_server.new_account()
    fresh_server.ctl("account", "quota", f"{user}@example.org", "10K")
    with fresh_server.imap(user) as talk:
        append(talk, "a", "INBOX", PLAIN).expect("a OK ...")
        talk.says("C: b APPEND INBOX {20000}").expect("b NO [OVERQUOTA] ...")
        append(talk, "c", "INBOX", big_message(20000)).expect("c NO [OVERQUOTA] ...")


def test_wrong_arguments_are_bad(server):
    with server.imap("alice") as talk:
        talk.says(
            r"""
            C: a APPEND INBOX
            S: a BAD ...
            C: b APPEND INBOX "no literal"
            S: b BAD ...
            C: c APPEND INBOX (\Recent) {5}
            S: c BAD ...
            C: d APPEND INBOX {0}
            S: d NO ...
            """
        )


def store_one(talk, mailbox):
    append(talk, "first", folder(talk, mailbox), PLAIN).expect("first OK ...")


def test_where_the_last_message_went_the_next_is_taken_without_a_look(server):
    """What has changed meanwhile is said of the message, and before the next one."""
    with server.imap("alice") as talk, server.imap("alice") as other:
        store_one(talk, "Going")
        other.says("C: a DELETE Going").expect("a OK ...")
        talk.says(f"C: a APPEND Going {{{len(PLAIN)}}}").expect("+ ...")
        talk.send(PLAIN + b"\r\n").expect("a NO [TRYCREATE] ...")
        talk.says(f"C: b APPEND Going {{{len(PLAIN)}}}").expect("b NO [TRYCREATE] ...")


@pytest.mark.parametrize("octets, mailbox", [(65537, "Leaving"), (310, "leaving")], ids=["large", "another"])
def test_a_look_comes_before_what_is_large_or_goes_elsewhere(server, octets, mailbox):
    with server.imap("alice") as talk, server.imap("alice") as other:
        store_one(talk, "Leaving")
        other.says("C: a DELETE Leaving").expect("a OK ...")
        talk.says(f"C: a APPEND {mailbox} {{{octets}}}").expect("a NO [TRYCREATE] ...")


def test_what_is_known_of_one_account_is_not_believed_of_another(server):
    with server.imap("alice") as talk:
        store_one(talk, "Mine")
        talk.says("C: a UNAUTHENTICATE").expect("a OK ...")
        talk.says(f"C: b AUTHENTICATE PLAIN {server.auth_plain('bob')}").expect("b OK ...")
        talk.says(f"C: c APPEND Mine {{{len(PLAIN)}}}").expect("c NO [TRYCREATE] ...")


@pytest.mark.conf(store={"small_message": 0})
def test_a_small_message_may_go_by_a_worker(fresh_server):
    with fresh_server.imap("alice") as talk:
        append(talk, "a", "INBOX", PLAIN).expect("a OK [APPENDUID <validity> 1] ...")
        talk.send(b"b APPEND INBOX ~{5+}\r\n\r\na\0b\r\n").expect("b NO [UNKNOWN-CTE] ...")


def test_a_large_message_goes_through_a_file(server):
    message = big_message(3_000_000)
    with server.imap("alice") as talk:
        append(talk, "a", folder(talk, "Large"), message).expect("a OK [APPENDUID ...")
        assert body_of(talk, "Large") == message


def test_an_append_to_the_selected_mailbox_is_told(server):
    with server.imap("alice") as talk:
        folder(talk, "Here")
        talk.says("C: s SELECT Here").until("s OK ...")
        append(talk, "a", "Here", PLAIN)
        talk.says(
            """
            S: * 1 EXISTS
            S: * 1 RECENT
            S: a OK [APPENDUID ...
            """
        )


def test_a_client_that_leaves_in_the_middle_leaves_nothing(server):
    with server.imap("alice") as talk:
        folder(talk, "Half")
        talk.send(b"a APPEND Half {100000+}\r\nSubject: half\r\n\r\n" + b"x" * 50000)
    with server.imap("alice") as talk:
        talk.says("C: a STATUS Half (MESSAGES)").expect("* STATUS Half (MESSAGES 0)")


# What waits beyond the ceiling of the input hides that the client has gone: the first is small.
LEAVING = [("imap append check", 1000, 0), ("imap append prepare", 400_000, 0), ("imap append", 400_000, 1)]


@pytest.mark.parametrize("task, octets, stored", LEAVING)
def test_a_client_may_leave_during_any_task(make_server, task, octets, stored):
    """What had been committed stays; what had not leaves nothing."""
    server = make_server(args=["--hold", task])
    with server.imap("alice") as talk:
        append(talk, "a", "INBOX", big_message(octets))
        server.wait_log(rf'held class="?{task}"?\n')
        talk.abort()
    server.wait_log("imap end=dropped")
    server.release()
    with server.imap("alice") as talk:
        talk.says("C: a STATUS INBOX (MESSAGES)").expect(f"* STATUS INBOX (MESSAGES {stored})")
