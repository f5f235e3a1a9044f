"""Verifies DKIM signatures by OpenDKIM's library, which script/test unpacks into build/tools."""

import ctypes

from dkimpy_check import text_of
from mta import TOOLS

ALGORITHMS = {0: "rsa-sha1", 1: "rsa-sha256", 2: "ed25519-sha256"}
FOUND, NOT_FOUND = 0, 3  # DKIM_CBSTAT
PASSED, BODY_MATCHES = 4, 0  # DKIM_SIGFLAG, DKIM_SIGBH

POINTER = ctypes.c_void_p
KEY_LOOKUP = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, POINTER, POINTER, ctypes.c_size_t)


def load():
    (path,) = (TOOLS / "libopendkim11").rglob("libopendkim.so.11")
    library = ctypes.CDLL(str(path))
    for name in ("dkim_init", "dkim_verify"):
        getattr(library, name).restype = POINTER
    for name in ("dkim_sig_getdomain", "dkim_sig_getselector"):
        getattr(library, name).restype = ctypes.c_char_p
    return library


def key_lookup(library, server):
    """Asks the name server of a test for the key of a signature."""
    text = text_of(server)

    def look(_, signature, out, size):
        signature = POINTER(signature)
        selector, domain = library.dkim_sig_getselector(signature), library.dkim_sig_getdomain(signature)
        key = text(selector + b"._domainkey." + domain + b".")
        if key is None or len(key) >= size:
            return NOT_FOUND
        ctypes.memmove(out, key + b"\0", len(key) + 1)
        return FOUND

    return KEY_LOOKUP(look)


def holds(library, message, signature):
    return (library.dkim_sig_process(message, signature) == 0
            and library.dkim_sig_getflags(signature) & PASSED
            and library.dkim_sig_getbh(signature) == BODY_MATCHES)


def signatures(library, message):
    """[(algorithm, domain)] of those that hold, sorted."""
    first, count, good = ctypes.POINTER(POINTER)(), ctypes.c_int(), []
    library.dkim_getsiglist(message, ctypes.byref(first), ctypes.byref(count))
    for i in range(count.value):
        signature, algorithm = POINTER(first[i]), ctypes.c_int()
        if holds(library, message, signature):
            library.dkim_sig_getsignalg(signature, ctypes.byref(algorithm))
            good.append((ALGORITHMS[algorithm.value], library.dkim_sig_getdomain(signature).decode()))
    return sorted(good)


def verified(octets, server):
    library, status = load(), ctypes.c_int()
    handle = POINTER(library.dkim_init(None, None))
    lookup = key_lookup(library, server)  # lives as long as it may be called
    library.dkim_set_key_lookup(handle, lookup)
    message = POINTER(library.dkim_verify(handle, b"test", None, ctypes.byref(status)))
    try:
        library.dkim_chunk(message, octets, ctypes.c_size_t(len(octets)))
        library.dkim_chunk(message, None, ctypes.c_size_t(0))
        library.dkim_eom(message, None)
        return signatures(library, message)
    finally:
        library.dkim_free(message)
        library.dkim_close(handle)
