"""The floor: what the same server could do at best with the same bytes, knowing nothing of SOAP, XML, signatures, rules or keys.

POST keeps the body (one append) and four rows, as durably as the product: fdatasync, then a commit in WAL mode with synchronous FULL,
then the answer; whoever waits at the same moment shares both. GET answers the bytes of a file. Run as `python -m bench.floor`.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import sqlite3
import sys
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import uvicorn

BATCH = 64
SEGMENT = 128 * 1024 * 1024
COLUMNS = 40
"""Of a document's row, with a text of a kilobyte beside them."""
JSON = "x" * 1_000
TABLES = ("submission_set", "association", "audit")
SUCCESS = b'<rs:RegistryResponse status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/>' + b" " * 700
"""About as long as the product's answer."""


class Store:
    """One append-only file at a time, and four tables."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._number, self._handle, self._size = 0, -1, SEGMENT
        self._raw = sqlite3.connect(directory / "floor.db", isolation_level=None)
        self._raw.execute("PRAGMA journal_mode=WAL")
        self._raw.execute("PRAGMA synchronous=FULL")
        columns = ", ".join(f"c{number} TEXT" for number in range(COLUMNS))
        self._raw.execute(f"CREATE TABLE entry (id TEXT PRIMARY KEY, patient INTEGER, {columns}, json TEXT)")
        self._raw.execute("CREATE INDEX entry_patient ON entry (patient, c0)")
        for name in TABLES:
            self._raw.execute(f"CREATE TABLE {name} (id TEXT PRIMARY KEY, a TEXT, b TEXT, c TEXT, d TEXT)")
        self._entry = f"INSERT INTO entry VALUES ({', '.join('?' * (COLUMNS + 3))})"

    def keep(self, bodies: list[bytes]) -> None:
        """Keeps a batch durably."""
        self._raw.execute("BEGIN IMMEDIATE")
        for body in bodies:
            self._append(body)
            name = str(uuid.uuid4())
            self._raw.execute(self._entry, (name, 1, *("some value" for _ in range(COLUMNS)), JSON))
            for table in TABLES:
                self._raw.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?)", (name, name, "b", "c", "d"))
        os.fdatasync(self._handle)
        self._raw.execute("COMMIT")

    def _append(self, body: bytes) -> None:
        if self._size + len(body) > SEGMENT:
            self._next_file()
        os.write(self._handle, body)
        self._size += len(body)

    def _next_file(self) -> None:
        """Begins another file; the former one is of no use to anybody."""
        if self._handle >= 0:
            os.close(self._handle)
            (self._directory / f"{self._number}.seg").unlink()
        self._number += 1
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
        self._handle, self._size = os.open(self._directory / f"{self._number}.seg", flags, 0o600), 0


class Floor:
    """The application, in plain ASGI."""

    def __init__(self, directory: Path, store: Store) -> None:
        self._directory = directory
        self._store = store
        self._answers: dict[str, bytes] = {}
        self._queue: deque[tuple[bytes, asyncio.Future[None]]] = deque()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "POST":
            await self._keep(await _body(receive))
            answer = SUCCESS
        else:
            answer = self._answer(scope["path"].rpartition("/")[2])
        headers = [(b"content-type", b"application/soap+xml"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, name: str) -> bytes:
        if name not in self._answers:
            path = self._directory / f"{name}.answer"
            self._answers[name] = path.read_bytes() if path.exists() else b""
        return self._answers[name]

    async def _keep(self, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[None] = loop.create_future()
        if not self._queue:
            loop.call_soon(self._drain)
        self._queue.append((body, kept))
        await kept

    def _drain(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]
        if self._queue:
            asyncio.get_running_loop().call_soon(self._drain)
        self._store.keep([body for body, _ in batch])
        for _, kept in batch:
            if not kept.done():
                kept.set_result(None)


async def _body(receive: Any) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def main(directory: str, port: str, processes: str = "1") -> None:
    """Serves until told to stop; several processes share the port, each with its own files."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", int(port)))
    listening.listen(1024)
    if processes == "1":
        serve(Path(directory), 0, listening)
        return
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=serve, args=(Path(directory), n, listening)) for n in range(int(processes))]
    for worker in workers:
        worker.start()
    # uvicorn dies of the signal that stops it: whoever starts the workers must not be one of them.
    signal.signal(signal.SIGTERM, lambda *_: [worker.terminate() for worker in workers])
    for worker in workers:
        worker.join()


def serve(directory: Path, number: int, listening: socket.socket) -> None:
    """One process: answers are in `directory`, what it keeps in a folder of its own."""
    own = directory / f"process-{number}"
    own.mkdir(exist_ok=True)
    floor = Floor(directory, Store(own))
    configuration = uvicorn.Config(
        floor,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_level="error",
        server_header=False,
        proxy_headers=False,
    )
    uvicorn.Server(configuration).run(sockets=[listening])


if __name__ == "__main__":
    main(*sys.argv[1:])
