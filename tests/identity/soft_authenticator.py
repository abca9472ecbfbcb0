"""A passkey in software, that says whatever a test wants: honest until told otherwise (WebAuthn Level 3, no attestation)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class SoftAuthenticator:
    """One passkey of one site. `flags`, `origin`, `rp`, `kind` and `signs_with` can be turned against the site."""

    rp: str = "espace.example"
    origin: str = "https://espace.example"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    kind: str = ""
    user_handle: bytes | None = None
    key: object = field(default_factory=lambda: generate_private_key(SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def client_data(self, kind, challenge):
        said = {"type": self.kind or kind, "challenge": b64(challenge), "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def authenticator_data(self, more=b"", flags=0):
        head = hashlib.sha256(self.rp.encode()).digest()
        return head + bytes([self.flags | flags]) + self.count.to_bytes(4, "big") + more

    def answer(self, **response):
        texts = {name: b64(value) for name, value in response.items()}
        one = {"id": b64(self.credential), "rawId": b64(self.credential), "type": "public-key", "response": texts}
        return json.dumps({**one, "clientExtensionResults": {}})

    def create(self, challenge):
        """The answer to navigator.credentials.create."""
        public = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        more = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cbor2.dumps(cose)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self.authenticator_data(more, ATTESTED)})
        return self.answer(clientDataJSON=self.client_data("webauthn.create", challenge), attestationObject=made)

    def get(self, challenge, *, signs_with=None):
        """The answer to navigator.credentials.get."""
        said, data = self.client_data("webauthn.get", challenge), self.authenticator_data()
        signature = (signs_with or self.key).sign(data + hashlib.sha256(said).digest(), ECDSA(SHA256()))
        more = {"userHandle": self.user_handle} if self.user_handle is not None else {}
        return self.answer(clientDataJSON=said, authenticatorData=data, signature=signature, **more)
