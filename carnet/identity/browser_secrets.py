"""What a browser holds: opaque random tokens, of which only a hash is kept, and what proves that a form came from our own page."""

from __future__ import annotations

import base64
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


def form_token(token: str) -> str:
    """What forms of the browser that holds a cookie's token carry: made from it, so that it changes with it, and does not tell it."""
    made = hmac.new(token.encode(), b"carnet form v1", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def came_from_our_page(token: str, given: str) -> bool:
    """Whether a form carries what the page of this browser had; compared in constant time."""
    return is_token(token) and hmac.compare_digest(form_token(token).encode(), given.encode("utf-8", "surrogatepass"))
