"""The client's half of SCRAM (RFC 5802, RFC 7677), for conversations that log in with it."""

import base64
import hashlib
import hmac


def b64(octets):
    return base64.b64encode(octets).decode()


class ScramClient:
    """first() → the server's challenge → final(challenge) → verified(challenge)."""

    NONCE = "mailserver/test-nonce"

    def __init__(self, user, password, digest="sha256", plus=None, binding=b"", could=False):
        """`plus` names the channel binding of a -PLUS mechanism: "tls-unique"; `could`: none was offered."""
        self.user, self.password, self.digest = user, password, digest
        self.gs2 = f"p={plus},," if plus else "y,," if could else "n,,"
        self.cbind = b64(self.gs2.encode() + binding)
        self.proof_of_server = None

    def first(self):
        return b64(f"{self.gs2}{self._bare()}".encode())

    def final(self, challenge):
        server_first = base64.b64decode(challenge).decode()
        words = dict(word.split("=", 1) for word in server_first.split(","))
        assert words["r"].startswith(self.NONCE) and len(words["r"]) > len(self.NONCE)
        without_proof = f"c={self.cbind},r={words['r']}"
        signed = f"{self._bare()},{server_first},{without_proof}".encode()
        salted = hashlib.pbkdf2_hmac(
            self.digest, self.password.encode(), base64.b64decode(words["s"]), int(words["i"])
        )
        key = self._hmac(salted, b"Client Key")
        signature = self._hmac(hashlib.new(self.digest, key).digest(), signed)
        proof = bytes(a ^ b for a, b in zip(key, signature))
        self.proof_of_server = self._hmac(self._hmac(salted, b"Server Key"), signed)
        return b64(f"{without_proof},p={b64(proof)}".encode())

    def verified(self, challenge):
        return base64.b64decode(challenge) == b"v=" + b64(self.proof_of_server).encode()

    def _bare(self):
        return f"n={self.user},r={self.NONCE}"

    def _hmac(self, key, text):
        return hmac.new(key, text, self.digest).digest()
