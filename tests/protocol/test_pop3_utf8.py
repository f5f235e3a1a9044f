"""UTF8 and LANG, and headers that are not ASCII (RFC 6856)."""

import email
import email.policy

import pytest

MESSAGE = (
    "From: Jörg Müller <joerg@example.net>\r\n"
    "To: alice@example.org\r\n"
    "Subject: Grüße aus Köln, mit\r\n"
    " äußerst langem Betreff\r\n"
    "X-Plain: nothing here\r\n"
    "\r\n"
    "Ä 8-bit body: Zwölf Boxkämpfer\r\n"
).encode()


def greeted(server, service="pop3s"):
    talk = server.connect(service)
    talk.expect("+OK ...")
    return talk


@pytest.fixture(scope="module")
def user(shared_server):
    name = shared_server.new_account()
    shared_server.deliver(name, MESSAGE)
    shared_server.deliver(name, "eightbit.eml")
    return name


def retrieve(talk, number=1):
    announced = talk.says(f"C: RETR {number}").expect("+OK <octets> octets").split()[1]
    del talk.words["octets"]
    message = talk.read_dotted()
    assert len(message) == int(announced)
    return message


# ---- UTF8 ----


def test_in_utf8_mode_a_message_comes_as_it_is(server, user):
    with server.pop3(user, utf8=True) as talk:
        assert retrieve(talk).endswith(MESSAGE)


def test_without_it_the_header_comes_in_ascii_and_says_the_same(server, user):
    with server.pop3(user) as talk:
        octets = retrieve(talk)
        talk.says("C: LIST 1").expect(f"+OK 1 {len(octets)}")
    header, body = octets.split(b"\r\n\r\n", 1)
    assert header.isascii() and all(len(line) <= 78 for line in header.split(b"\r\n"))
    assert body == MESSAGE.split(b"\r\n\r\n", 1)[1]
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert message["Subject"] == "Grüße aus Köln, mit äußerst langem Betreff"
    assert message["From"] == "Jörg Müller <joerg@example.net>"
    assert message["X-Plain"] == "nothing here"


def test_the_sizes_add_up_in_both_modes(server, user):
    for utf8 in (True, False):
        with server.pop3(user, utf8=utf8) as talk:
            sizes = [len(retrieve(talk, number)) for number in (1, 2)]
            talk.says("C: STAT").expect(f"+OK 2 {sum(sizes)}")
            talk.says("C: DELE 1").expect("+OK ...")
            talk.says("C: STAT").expect(f"+OK 1 {sizes[1]}")


def test_top_is_rewritten_too(server, user):
    with server.pop3(user) as talk:
        talk.says("C: TOP 1 0").expect("+OK ...")
        assert talk.read_dotted().isascii()


def test_a_header_that_is_ascii_is_never_touched(server, user):
    with server.pop3(user) as plain, server.pop3(user, utf8=True) as utf8:
        assert retrieve(plain, 2) == retrieve(utf8, 2)


def test_utf8_is_for_before_login(server, user):
    with server.pop3(user) as talk:
        talk.says("C: UTF8").expect("-ERR Not possible after login")


def test_utf8_takes_no_argument(server):
    with greeted(server) as talk:
        talk.says("C: UTF8 on").expect("-ERR ...")


def test_stls_ends_utf8_mode(make_server):
    server = make_server()
    name = server.new_account()
    server.deliver(name, MESSAGE)
    with greeted(server, "pop3") as talk:
        talk.says("C: UTF8").expect("+OK ...")
        talk.says("C: STLS").expect("+OK ...")
        talk.starttls()
        talk.says(f"C: USER {name}").expect("+OK ...")
        talk.says("C: PASS a password").expect("+OK ...")
        assert retrieve(talk).split(b"\r\n\r\n")[0].isascii()


# ---- LANG ----


def test_lang_alone_lists_the_languages(server):
    with greeted(server) as talk:
        talk.says(
            """
            C: LANG
            S: +OK ...
            S: en English
            S: .
            """
        )


@pytest.mark.parametrize("language", ["en", "EN", "en-GB", "*"])
def test_english_is_spoken(server, language):
    with greeted(server) as talk:
        talk.says(f"C: LANG {language}").expect("+OK en ...")


@pytest.mark.parametrize("language", ["de", "mul", "eng", "x-klingon", "en_US", "123", "-", "toolongword", "en de"])
def test_other_languages_are_not(server, language):
    with greeted(server) as talk:
        talk.says(f"C: LANG {language}").expect("-ERR ...")


def test_lang_after_login(server, user):
    with server.pop3(user) as talk:
        talk.says("C: LANG *").expect("+OK en ...")
