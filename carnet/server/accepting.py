"""Accepting connections: as many as a worker may have, shared evenly with the other workers of the same socket.

Every worker accepts from one listening socket, so that one that is busy, or stands still, takes none that another could serve. Left to the
library, whoever wakes first empties the whole queue: of 16 connections that came at once one of two workers took 13 on average, and often all.
Here a worker accepts one at a time, and the more it has the longer it waits before the next (docs/decisions/0023-overload.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from carnet.config import Settings
from carnet.server.admission import Admission
from carnet.server.operation import Operation
from carnet.server.transport import MutualTlsProtocol

HANDSHAKE_SECONDS = 10.0
"""How long a TLS handshake may take."""
GOODBYE_SECONDS = 1.0
"""How long the peer may take to answer the end of TLS before the connection is cut."""
PAUSE_FOR_EACH, LONGEST_PAUSE = 0.000_2, 0.002
"""Seconds before the next connection is accepted: for each that the worker has, and at most."""
_NO_ROOM_LEFT = 0.05
_LOG = logging.getLogger("carnet.server")


class Listener:
    """One worker's end of a listening socket."""

    def __init__(self, server: Server, listening: socket.socket) -> None:
        listening.settimeout(0.0)
        self._server = server
        self._listening = listening
        self._shaking_hands: set[asyncio.Task[Any]] = set()
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    def close(self) -> None:
        """Accepts no more; what was accepted goes on."""
        self._accepting.cancel()

    async def wait_closed(self) -> None:
        """Waits for the end of accepting."""
        with contextlib.suppress(asyncio.CancelledError):
            await self._accepting

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wait_for_room()
            try:
                connection, _ = await loop.sock_accept(self._listening)
            except OSError:  # no file descriptor left, or a peer that went again
                _LOG.exception("a connection could not be accepted")
                await asyncio.sleep(_NO_ROOM_LEFT)
                continue
            task = loop.create_task(self._connect(connection))
            self._shaking_hands.add(task)
            task.add_done_callback(self._shaking_hands.discard)

    async def _wait_for_room(self) -> None:
        server = self._server
        while self._taken() >= server.most and not server.close_one_that_is_idle():  # noqa: ASYNC110 - peers decide
            await asyncio.sleep(_NO_ROOM_LEFT)
        if server.shares:
            await asyncio.sleep(min(LONGEST_PAUSE, PAUSE_FOR_EACH * self._taken()))

    def _taken(self) -> int:
        return len(self._server.server_state.connections) + len(self._shaking_hands)

    async def _connect(self, connection: socket.socket) -> None:
        loop, context = asyncio.get_running_loop(), self._server.config.ssl
        limits = (
            {"ssl_handshake_timeout": HANDSHAKE_SECONDS, "ssl_shutdown_timeout": GOODBYE_SECONDS} if context else {}
        )
        with contextlib.suppress(OSError, asyncio.TimeoutError):  # a peer that speaks no TLS, or goes: its own affair
            await loop.connect_accepted_socket(self._server.protocol, connection, ssl=context, **limits)


class Server(uvicorn.Server):
    """uvicorn's server, accepting by a Listener, and stopping in three steps: not ready, no new connection, nothing more in progress."""

    def __init__(
        self, configuration: uvicorn.Config, settings: Settings, operation: Operation, admission: Admission
    ) -> None:
        super().__init__(configuration)
        self.most, self.shares = settings.maximum_connections, settings.workers > 1
        self._settings, self._operation, self._admission = settings, operation, admission

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts the application, then accepts from these sockets."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise SystemExit(uvicorn.config.STARTUP_FAILURE)
        self.servers: Any = [Listener(self, one) for one in sockets or []]
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Says first that it is not ready; what was let in is finished within `stop_seconds`, what still waits near their end refused."""
        self._operation.stopping = True
        await asyncio.sleep(self._settings.stop_notice_seconds)
        loop = asyncio.get_running_loop()
        over = loop.call_later(self._settings.stop_seconds * 0.8, self._admission.refuse_all)
        try:
            await super().shutdown(sockets)
        finally:
            over.cancel()

    @property
    def protocol(self) -> Callable[[], asyncio.Protocol]:
        """Makes the protocol of one connection."""
        config, state = self.config, self.server_state
        return lambda: MutualTlsProtocol(
            config=config, server_state=state, app_state=self.lifespan.state, settings=self._settings
        )

    def close_one_that_is_idle(self) -> bool:
        """Closes a connection that nobody uses at this moment; False when there is none."""
        for one in self.server_state.connections:
            if isinstance(one, MutualTlsProtocol) and one.idle and not one.transport.is_closing():
                one.transport.close()
                return True
        return False
