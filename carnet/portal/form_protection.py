"""Forms are sent by our own pages alone: the browser says where a form comes from, and each form carries a token.

The token is bound to the session and to the record that the page showed: a form of another tab, made for another record, does nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from carnet.errors import MalformedMessage, TooLarge

FIELD = "jeton"
MAXIMUM_FORM = 64 * 1024
MAXIMUM_FIELDS = 200
_MASK = 16


class ForeignForm(Exception):
    """A form that does not come from a page of ours, or comes from an earlier session."""


class OtherRecord(Exception):
    """A form that was made for another record than the one that is open now."""


def token(key: bytes, record: str) -> str:
    """A token for the forms of one page; another one each time, so that compression tells nothing of it. `key` is the session's."""
    mask = secrets.token_bytes(_MASK)
    return urlsafe_b64encode(mask + _mixed(mask, _proof(key, "")) + _mixed(mask, _proof(key, record))).decode()


def check(key: bytes, record: str, given: str) -> None:
    """Raises ForeignForm, or OtherRecord when the form is of this session and of another record."""
    try:
        raw = urlsafe_b64decode(given)
    except (NotBase64, ValueError):
        raw = b""
    mask, of_session, of_record = raw[:_MASK], raw[_MASK : 2 * _MASK], raw[2 * _MASK :]
    if len(raw) != 3 * _MASK or not hmac.compare_digest(_mixed(mask, of_session), _proof(key, "")):
        raise ForeignForm("This form does not come from the page that is open.")
    if not hmac.compare_digest(_mixed(mask, of_record), _proof(key, record)):
        raise OtherRecord("This form was made for another record.")


def check_origin(request: Request) -> None:
    """Raises ForeignForm unless the browser says that the form comes from the same place as the page. No browser's silence passes."""
    origin = request.headers.get("origin", "")
    if origin:
        same = urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    else:
        same = request.headers.get("sec-fetch-site", "") == "same-origin"
    if not same:
        raise ForeignForm("This form does not come from here.")


async def form_fields(request: Request) -> dict[str, str]:
    """The fields of a form (application/x-www-form-urlencoded); a field that comes twice counts by its last value.

    Raises MalformedMessage and TooLarge.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise MalformedMessage("This is no form.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_FORM:
            raise TooLarge("This form is too long.")
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=MAXIMUM_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise MalformedMessage("This form cannot be read.") from error
    return dict(pairs)


def _proof(key: bytes, record: str) -> bytes:
    return hmac.new(key, f"form|{record}".encode(), hashlib.sha256).digest()[:_MASK]


def _mixed(mask: bytes, value: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, value, strict=False))
