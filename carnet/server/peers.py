"""One connection's protocol: what a peer may send and leave unread, how much of it and for how long.

Trailers are not headers: a proxy that replaces Client-Cert and X-Forwarded-For in the head passes trailers on as they came, so they are dropped.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from carnet.config import Settings
from carnet.errors import MalformedMessage
from carnet.server.transport import TLS_EXTENSION
from carnet.server.turning_away import Held, TurningAway

MAXIMUM_HEAD = 64 * 1024
"""Bytes of a request before its body; so many, and as many as the body has, may be framing in the body: sizes of chunks, and trailers."""
MAXIMUM_HEADERS = 128
IN_LINE = 8
"""Requests that a connection may send before the one before them is answered."""
OURSELVES_LATE = 0.1
"""Seconds by which the event loop may be late for a peer's deadline to count."""
WHOLE_ANSWER = 10
"""How many times the seconds for a body the reading of a whole answer may take."""
_QUIET = logging.getLogger("carnet.peers")
"""Where the library tells what peers did wrong: no line for it, a stranger must not fill the log."""
_QUIET.setLevel(logging.ERROR)


class MutualTlsProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with the peer's certificate (DER) put into each request's scope, and an end to every waiting for the peer."""

    client_certificate: bytes | None = None

    def __init__(self, *arguments: Any, settings: Settings, away: TurningAway | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.logger = _QUIET
        self._settings, self._away = settings, away
        self._held: Held | None = None
        self._hearing = self._changed = False
        self._within: float | None = None
        self._in_message = self._in_head = False
        self._heads = self._framing = self._body = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._unread_since: float | None = None
        self.used = 0.0
        """When the peer was last heard, on the loop's clock."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Reads the certificate once a connection."""
        super().connection_made(transport)
        channel = transport.get_extra_info("ssl_object")
        self.client_certificate = channel.getpeercert(binary_form=True) if channel is not None else None
        self.used = self.loop.time()
        self._expect_within(self._settings.maximum_head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the deadlines, and what it was hearing."""
        if self._held is not None:
            self._held.let_go()
            self._held = None
        self._expect_within(None)
        self._expect_reading(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser; a head, or framing, that does not end is cut off."""
        self.used = self.loop.time()
        heads, body, in_body = self._heads, self._body, self._in_message and not self._in_head
        self._hearing = True
        super().data_received(data)
        self._hearing = False
        if self._changed:
            self._changed = False
            self._expect_within(self._within)
        if self._heads > heads:
            self._framing = 0
            return
        self._framing += len(data) - max(0, self._body - body)
        if self._framing > MAXIMUM_HEAD + self._body:
            self.transport.abort()
        elif not in_body and self._deadline is None:
            self._expect_within(self._settings.maximum_head_seconds)

    def on_message_begin(self) -> None:
        """Starts a request's scope."""
        if len(self.pipeline) >= IN_LINE:
            self._cut_off()
        super().on_message_begin()
        self._in_message = self._in_head = True
        self._body = 0
        self._expect_within(self._settings.maximum_head_seconds)
        extension: dict[object, object] = {
            "client_certificate": self.client_certificate,
            "gone": self.transport.is_closing,
        }
        self.scope["extensions"] = {TLS_EXTENSION: extension}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header; what comes after the body is none."""
        if not self._in_head:
            return
        if len(self.headers) >= MAXIMUM_HEADERS:
            self._cut_off()
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there; the body has its own time."""
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAXIMUM_HEAD:
            self._cut_off()
        self._in_head, self._heads = False, self._heads + 1
        self._expect_within(self._settings.maximum_body_seconds)
        self._held = self._to_be_refused()
        if self._held is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Counts it."""
        self._body += len(body)
        if self._held is not None and self._held.take(body):
            return
        if self._held is not None:  # the endpoint says that there is no room for it
            self._begin(self._held.let_go())
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Nothing more is expected of the peer until it begins another request."""
        self._in_message = False
        self._expect_within(None)
        if self._held is None or not self._refuse(self._held):
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer that is the last is to be read in time: closing waits for that."""
        self._unread_since = None
        super().on_response_complete()
        if self.transport.is_closing():
            self._expect_reading(self._settings.maximum_body_seconds)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection that was not used again; what is still unread then is not waited for long."""
        super().timeout_keep_alive_handler()
        self._expect_reading(self._settings.maximum_body_seconds)

    def pause_writing(self) -> None:
        """The peer does not read as fast as is written: it has some time to go on, and some in all."""
        super().pause_writing()
        now, seconds = self.loop.time(), self._settings.maximum_body_seconds
        self._unread_since = now if self._unread_since is None else self._unread_since
        self._expect_reading(min(seconds, max(0.0, self._unread_since + WHOLE_ANSWER * seconds - now)))

    def resume_writing(self) -> None:
        """It read."""
        self._expect_reading(None)
        super().resume_writing()

    def shutdown(self) -> None:
        """What is being heard is answered like everything whose head was there in time."""
        if self._held is not None:
            self._begin(self._held.let_go())
        super().shutdown()

    def _to_be_refused(self) -> Held | None:
        """The request whose head was just read, if it is one that is refused without beginning it: alone on its connection, which it keeps."""
        if self._away is None or not self._away.begins:
            return None
        alone = (self.cycle is None or self.cycle.response_complete) and not self.pipeline
        kept = self.parser.get_http_version() == "1.1" and self.parser.should_keep_alive()
        if not alone or not kept or self.flow.write_paused or self.parser.should_upgrade():
            return None
        return self._away.held(self.scope, self.parser.get_method(), self.url)

    def _refuse(self, held: Held) -> bool:
        """Tells the peer to come back; False when the request is begun after all."""
        body = held.let_go()
        refusal = self._away.refusal(held, body) if self._away is not None else None
        if refusal is None:
            self._begin(body)
            return False
        self._held = None
        headers, content = refusal
        lines = [b"%b: %b\r\n" % header for header in (*self.server_state.default_headers, *headers)]
        self.transport.write(b"".join((STATUS_LINE[503], *lines, b"\r\n", content)))
        self.on_response_complete()
        return True

    def _begin(self, body: bytes) -> None:
        """Begins a request that was held, with what came of its body."""
        self._held = None
        super().on_headers_complete()
        if body:
            super().on_body(body)

    @property
    def idle(self) -> bool:
        """Whether neither side is in the middle of something."""
        return not self._in_message and (self.cycle is None or self.cycle.response_complete)

    @property
    def gives_way(self) -> bool:
        """Whether nothing that was let in is lost when it is closed: nothing came, or no more than a part of a head."""
        nothing_asked = self.cycle is None or self.cycle.response_complete
        return nothing_asked and (self._in_head or not self._in_message) and not self.transport.is_closing()

    def _cut_off(self) -> None:
        """Ends the connection and, by the error, the parser's work."""
        self.transport.abort()
        raise MalformedMessage("More than a peer may send.")

    def _expect_within(self, seconds: float | None) -> None:
        if self._hearing:  # a request that comes whole needs no timer
            self._within, self._changed = seconds, True
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = None
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._too_slow, self.loop.time() + seconds, seconds)

    def _expect_reading(self, seconds: float | None) -> None:
        if self._unread is not None:
            self._unread.cancel()
        self._unread = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)

    def _too_slow(self, due: float, seconds: float) -> None:
        """Cuts the peer off, unless it was this worker that stood still: then what the peer sent may wait to be read."""
        if self.loop.time() - due > OURSELVES_LATE:
            self._expect_within(seconds)
        else:
            self.transport.abort()
