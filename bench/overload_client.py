"""Care software that does not wait: every request at its own moment, over TLS or through a proxy, on connections kept or new each time.

What is told of each request separates three times: how late this process itself was to send it, how long its connection took, and how long the
answer took from the moment at which the request was due. The first says whether a run means anything: a client that is late measures itself.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

_CERTIFICATE = re.compile(rb"Client-Cert: ([^\r]*)\r\n")
_BUFFER = 4 * 1024 * 1024
Files = tuple[str, str]
"""A certificate with its chain and its key, both PEM files."""
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
CLOSED = "usual"
"""The kind of what is asked for at the peak, each by one who waited for the answer before it."""
LIMIT = 60.0
"""Seconds after which a request counts as never answered."""


@dataclass(slots=True)
class Heard:
    """One answer: when its request was due, how many seconds after that it came, and what it was. Status 0: none came."""

    kind: str
    due: float
    seconds: float
    status: int
    retry_after: bool = False
    success: bool = False
    late: float = 0.0
    """Seconds after it was due at which it was begun: this process's own delay."""
    connecting: float = 0.0
    """Seconds until a new connection was there, its TLS handshake included; 0 on one that was kept."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How care software is connected."""

    name: str
    tls: bool = False
    keeps: bool = False
    resumes: bool = False
    elliptic: bool = False
    """Whether the server's certificate is of an elliptic curve (P-256) instead of RSA."""


PROXY = Shape("through a proxy, connections kept", keeps=True)
KEPT = Shape("TLS, connections kept", tls=True, keeps=True)
RESUMED = Shape("TLS, a new connection each time, its session resumed", tls=True, resumes=True)
NEW = Shape("TLS, a new connection and handshake each time", tls=True)
NEW_ELLIPTIC = Shape(
    "TLS, a new connection and handshake each time, an ECDSA certificate of the server", tls=True, elliptic=True
)
PROXY_NEW = Shape("through a proxy, a new connection each time")
SHAPES = {
    "proxy": PROXY,
    "proxy-new": PROXY_NEW,
    "kept": KEPT,
    "resumed": RESUMED,
    "new": NEW,
    "new-ecdsa": NEW_ELLIPTIC,
}


class Resuming(ssl.SSLContext):
    """A context that offers the last session that it was given."""

    offered: ssl.SSLSession | None = None

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """As the library's, with the session."""
        return super().wrap_bio(*arguments, **{**named, "session": self.offered})


@dataclass(slots=True)
class Client:
    """Connections to one server. `files` has the certificate's files by the value of Client-Cert that stands for it in a request."""

    port: int
    shape: Shape = PROXY
    files: dict[bytes, Files] = field(default_factory=dict)
    authorities: str = ""
    heard: list[Heard] = field(default_factory=list)
    resumed: int = 0
    _free: dict[bytes, list[Connection]] = field(default_factory=lambda: defaultdict(list))
    _contexts: dict[bytes, Resuming] = field(default_factory=dict)

    async def ask(self, kind: str, request: bytes, due: float) -> Heard:
        """Sends one request on a connection that is free, or a new one."""
        found = Heard(kind, due, 0.0, 0, late=time.perf_counter() - due)
        self.heard.append(found)
        try:
            async with asyncio.timeout(LIMIT):
                await self._exchange(request, found)
        except (OSError, EOFError, TimeoutError):
            found.status = 0
        found.seconds = time.perf_counter() - due
        return found

    async def text(self, request: bytes) -> str:
        """The body of one answer, on a connection of its own."""
        reader, writer = await self._connect(b"")
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        writer.close()
        return body.decode()

    async def _exchange(self, request: bytes, found: Heard) -> None:
        who = named[1] if (named := _CERTIFICATE.search(request[:8192])) else b""
        if self.shape.tls and who:
            request = _CERTIFICATE.sub(b"", request, count=1)
        free = self._free[who]
        began = time.perf_counter()
        reader, writer = free.pop() if free else await self._connect(who)
        found.connecting = time.perf_counter() - began if not self.shape.keeps else 0.0
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        found.status = int(head.split(b" ", 2)[1])
        found.retry_after, found.success = b"retry-after" in head, b"ResponseStatusType:Success" in body
        if self.shape.keeps:
            free.append((reader, writer))
        else:
            self._end(who, writer)

    async def _connect(self, who: bytes) -> Connection:
        if not self.shape.tls:
            return await asyncio.open_connection("127.0.0.1", self.port, limit=_BUFFER)
        return await asyncio.open_connection("127.0.0.1", self.port, limit=_BUFFER, ssl=self._context(who))

    def _context(self, who: bytes) -> Resuming:
        if who not in self._contexts:
            context = self._contexts[who] = Resuming(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(self.authorities)
            if who:
                context.load_cert_chain(*self.files[who])
        return self._contexts[who]

    def _end(self, who: bytes, writer: asyncio.StreamWriter) -> None:
        channel = writer.get_extra_info("ssl_object")
        if channel is not None and self.shape.resumes:
            self.resumed += bool(channel.session_reused)
            self._contexts[who].offered = channel.session
        writer.close()


async def closed_loop(
    client: Client, requests: list[bytes], seconds: float, beside: Sequence[Stream] = (), clients: int = 16
) -> float:
    """Successes a second of so many who wait for their answers; `beside` them comes what comes at its own pace."""
    began, left = time.perf_counter(), iter(requests)
    others = asyncio.ensure_future(open_loop(client, beside))

    async def one() -> None:
        for request in left:
            now = time.perf_counter()
            if now - began > seconds:
                return
            await client.ask(CLOSED, request, now)

    await asyncio.gather(*(one() for _ in range(clients)))
    took = time.perf_counter() - began
    await others
    return sum(one.success for one in client.heard if one.kind == CLOSED) / took


Stream = tuple[str, list[bytes], float]
"""A kind, its requests, and how many of them a second."""


async def open_loop(client: Client, streams: Sequence[Stream]) -> list[Heard]:
    """Everything at its own pace, whatever becomes of it."""
    began = time.perf_counter() + 0.1
    await asyncio.gather(*(_paced(client.ask, kind, requests, began, pace) for kind, requests, pace in streams))
    for one in client.heard:
        one.due -= began
    return client.heard


async def _paced(
    ask: Callable[[str, bytes, float], Awaitable[Heard]], kind: str, requests: list[bytes], began: float, pace: float
) -> None:
    under_way = []
    for number, request in enumerate(requests):
        due = began + number / pace
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        under_way.append(asyncio.ensure_future(ask(kind, request, due)))
    await asyncio.gather(*under_way)


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and longest, in milliseconds."""
    ordered = sorted(seconds) or [0.0]
    last = len(ordered) - 1
    named = {"p50_ms": last // 2, "p99_ms": round(last * 0.99), "longest_ms": last}
    return {name: round(ordered[place] * 1_000, 1) for name, place in named.items()}
