"""Asking an identity provider over HTTPS: no redirect is followed, an answer has a size, a time and a type, and a failure is Unavailable."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from carnet.errors import SignInFailed, Unavailable

if TYPE_CHECKING:
    import httpx

LONGEST_ANSWER = 64 * 1024
SECONDS = 5.0
AWAY = "The identity provider does not answer; sign in another way, or try again later."


@dataclass(slots=True)
class Fetcher:
    """The one way by which a provider is asked. `authorities` is a PEM file of the roots of its certificate, '' for the machine's own."""

    authorities: str = ""
    transport: httpx.AsyncBaseTransport | None = None
    _context: ssl.SSLContext | None = field(default=None, repr=False)

    async def get(
        self, url: str, *, bearer: str = "", kinds: frozenset[str] = frozenset({"application/json"})
    ) -> bytes:
        """The body of a 200 answer of one of these types. Raises Unavailable."""
        headers = {"accept": ", ".join(sorted(kinds))} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
        return await self._ask("GET", url, headers, None, kinds)

    async def post(self, url: str, form: Mapping[str, str]) -> bytes:
        """The same of a form that is sent. Raises SignInFailed where the provider refuses what was sent (4xx)."""
        return await self._ask(
            "POST", url, {"accept": "application/json"}, dict(form), frozenset({"application/json", ""})
        )

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], form: dict[str, str] | None, kinds: frozenset[str]
    ) -> bytes:
        import httpx  # noqa: PLC0415 - a fifteenth of a worker's start, and nobody may sign in

        try:
            async with self._opened() as client, client.stream(method, url, headers=headers, data=form) as answer:
                body = await _read(answer)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise Unavailable(AWAY) from error
        if 400 <= answer.status_code < 500 and answer.status_code != 429:
            raise SignInFailed(f"the identity provider refused what was sent: {answer.status_code}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status_code != 200 or (kind not in kinds):
            raise Unavailable(AWAY)
        return body

    def _opened(self) -> httpx.AsyncClient:
        """A client for one question: people sign in too rarely for a connection to be kept, and none is left open at the end."""
        import httpx  # noqa: PLC0415 - see _ask

        if self._context is None:
            self._context = ssl.create_default_context(cafile=self.authorities or None)
        return httpx.AsyncClient(
            verify=self._context, timeout=SECONDS, follow_redirects=False, trust_env=False, transport=self.transport
        )


async def _read(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > LONGEST_ANSWER:
            raise Unavailable("The identity provider's answer is too long.")
    return bytes(body)


def json_object(body: bytes) -> dict[str, Any]:
    """The object of an answer. Raises Unavailable for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unavailable("The identity provider's answer cannot be read.") from error
    if not isinstance(value, dict):
        raise Unavailable("The identity provider's answer cannot be read.")
    return value


def origin(url: str) -> str:
    """Scheme, host and port of an address in lower case, '' for one that is no plain address of the web."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.username is not None or parts.fragment:
        return ""
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port not in {None, usual} else "")
