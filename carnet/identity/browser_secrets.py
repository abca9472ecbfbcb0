"""What a browser holds: opaque random tokens, of which only a hash is kept, and what signs the forms of a session."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

BYTES = 32
_FORM = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def new_token() -> str:
    """256 random bits for a cookie, 43 characters."""
    return secrets.token_urlsafe(BYTES)


def is_token(text: str) -> bool:
    """Whether a text has the form of a token; any other is not looked for."""
    return _FORM.fullmatch(text) is not None


def digest(token: str) -> bytes:
    """What is kept of a token: SHA-256, for a value of 256 random bits needs no salt and no slowness."""
    return hashlib.sha256(token.encode()).digest()


def form_key(token: str) -> bytes:
    """The secret by which the forms of a session are signed: made from its cookie, so that it ends with it, and does not tell it."""
    return hmac.digest(token.encode(), b"carnet form v1", hashlib.sha256)
