"""Accepting connections: as many as a worker may have, shared evenly with the other workers of the same socket.

Every worker accepts from one listening socket, so that one that is busy, or stands still, takes none that another could serve. Left to the
library, whoever wakes first empties the whole queue: of 16 connections that came at once one of two workers took 13 on average, and often all.
Here a worker accepts one at a time, and more only while others are left waiting; the more it has the longer it waits before the next
(docs/decisions/0023-overload.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from carnet.config import Settings
from carnet.server.admission import Admission
from carnet.server.operation import Operation
from carnet.server.peers import MutualTlsProtocol
from carnet.server.turning_away import TurningAway

HANDSHAKE_SECONDS = 10.0
"""How long a TLS handshake may take."""
GOODBYE_SECONDS = 1.0
"""How long the peer may take to answer the end of TLS before the connection is cut."""
AT_ONCE, HANDSHAKES_AT_ONCE = 64, 16
"""Connections that are accepted in one round of the loop, at most; fewer where each then costs a handshake."""
FEW = 8
"""Connections in a row after each of which a worker beside others accepts one more at once."""
LONG_HANDSHAKE = 1.0
"""Seconds after which a handshake may be ended when there is no room for another connection."""
BETWEEN_LINES = 10.0
"""Seconds between two lines of the log that say that nothing can be accepted."""
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
        self._loop = asyncio.get_running_loop()
        self._shaking_hands: dict[asyncio.Task[None], float] = {}
        self._in_a_row = 0
        self._told = -math.inf
        self._accepting = self._loop.create_task(self._accept())

    def close(self) -> None:
        """Accepts no more; what was accepted goes on."""
        self._accepting.cancel()

    async def wait_closed(self) -> None:
        """Waits for the end of accepting, and ends what has not shaken hands: a loop with half a connection cannot be closed."""
        left = [self._accepting, *self._shaking_hands]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _accept(self) -> None:
        while True:
            await self._wait_for_room()
            try:
                if not self._accept_who_waits():
                    connection, _ = await self._loop.sock_accept(self._listening)
                    self._begin(connection)
            except ConnectionAbortedError:
                continue
            except OSError:  # no file descriptor left
                self._tell()
                self._server.close_one_that_is_idle()
                await asyncio.sleep(_NO_ROOM_LEFT)

    def _accept_who_waits(self) -> bool:
        """Takes some of those who wait, in one round of the loop; False when nobody did.

        One a round would be as many as there are turns, refusals among them. Beside other workers it is one as long as few come at once, so
        that these are shared.
        """
        most = AT_ONCE if self._server.config.ssl is None else HANDSHAKES_AT_ONCE
        for number in range(min(most, 1 + self._in_a_row // FEW) if self._server.shares else most):
            if number and not self._has_room():
                break
            try:
                connection, _ = self._listening.accept()
            except BlockingIOError:
                self._in_a_row = 0
                return number > 0
            connection.settimeout(0.0)
            self._begin(connection)
            self._in_a_row += 1
        return True

    def _begin(self, connection: socket.socket) -> None:
        task = self._loop.create_task(self._connect(connection))
        self._shaking_hands[task] = self._loop.time()
        task.add_done_callback(lambda done: self._connected(done, connection))

    def _connected(self, task: asyncio.Task[None], connection: socket.socket) -> None:
        self._shaking_hands.pop(task, None)
        if task.cancelled():  # before it began, perhaps: then nobody else has it
            connection.close()

    def _tell(self) -> None:
        """To the log, not more often than every ten seconds: the disk must not fill with it too."""
        if self._loop.time() - self._told >= BETWEEN_LINES:
            self._told = self._loop.time()
            _LOG.exception("a connection could not be accepted")

    async def _wait_for_room(self) -> None:
        while not self._has_room():  # noqa: ASYNC110 - peers decide
            await asyncio.sleep(_NO_ROOM_LEFT)
        await asyncio.sleep(min(LONGEST_PAUSE, PAUSE_FOR_EACH * self._taken()) if self._server.shares else 0)

    def _has_room(self) -> bool:
        return self._taken() < self._server.most or self._server.close_one_that_is_idle() or self._end_a_handshake()

    def _end_a_handshake(self) -> bool:
        """Ends the handshake that has lasted longest, where it is long: who connects and says nothing does not keep others out."""
        task = next(iter(self._shaking_hands), None)
        if task is None or self._loop.time() - self._shaking_hands[task] < LONG_HANDSHAKE:
            return False
        del self._shaking_hands[task]
        task.cancel()
        return True

    def _taken(self) -> int:
        return len(self._server.server_state.connections) + len(self._shaking_hands)

    async def _connect(self, connection: socket.socket) -> None:
        context = self._server.config.ssl
        limits = (
            {"ssl_handshake_timeout": HANDSHAKE_SECONDS, "ssl_shutdown_timeout": GOODBYE_SECONDS} if context else {}
        )
        with contextlib.suppress(OSError, asyncio.TimeoutError):  # a peer that speaks no TLS, or goes: its own affair
            await self._loop.connect_accepted_socket(self._server.protocol, connection, ssl=context, **limits)


class Server(uvicorn.Server):
    """uvicorn's server, accepting by a Listener, and stopping in three steps: not ready, no new connection, nothing more in progress."""

    def __init__(
        self,
        configuration: uvicorn.Config,
        settings: Settings,
        operation: Operation,
        admission: Admission,
        away: TurningAway | None = None,
    ) -> None:
        super().__init__(configuration)
        self.most, self.shares = settings.maximum_connections, settings.workers > 1
        self._settings, self._operation, self._admission, self._away = settings, operation, admission, away

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
            config=config, server_state=state, app_state=self.lifespan.state, settings=self._settings, away=self._away
        )

    def close_one_that_is_idle(self) -> bool:
        """Closes a connection from which nothing was let in; False when there is none.

        Those without certificate before others, and of these the one that was silent longest.
        """
        found = [one for one in self.server_state.connections if isinstance(one, MutualTlsProtocol) and one.gives_way]
        if not found:
            return False
        min(found, key=lambda one: (one.client_certificate is not None, one.used)).transport.close()
        return True
