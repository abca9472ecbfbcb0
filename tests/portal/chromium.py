"""Debian's chromium on the space, driven in a thread of its own while the server answers in the test's."""

from __future__ import annotations

import shutil
import socket
import threading
from dataclasses import dataclass, field

import uvicorn
from playwright.sync_api import sync_playwright

PROGRAM = shutil.which("chromium")
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
PATIENCE = 60_000
"""Milliseconds that chromium may take for one step on a busy machine."""


@dataclass
class Seen:
    """What went wrong on the pages that were walked."""

    faults: list[str] = field(default_factory=list)
    walked: int = 0


class LateServer(uvicorn.Server):
    """Says when it answers, and that it is to stop."""

    def __init__(self, app) -> None:
        super().__init__(
            uvicorn.Config(app, log_level="warning", log_config=None, lifespan="off", http="httptools", loop="asyncio")
        )
        self.ready = threading.Event()

    def install_signal_handlers(self) -> None:
        """None: the test is stopped by others."""

    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        self.ready.set()


def browse(app, walk, *flags: str) -> None:
    """Serves the application while `walk(chromium, address)` runs, with more flags of chromium; raises what it raises."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = LateServer(app)
    raised = []

    def walking():
        try:
            assert server.ready.wait(60)
            with sync_playwright() as player:
                chromium = player.chromium.launch(executable_path=PROGRAM, args=[*FLAGS, *flags], timeout=PATIENCE)
                try:
                    walk(chromium, f"http://127.0.0.1:{listening.getsockname()[1]}")
                finally:
                    chromium.close()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            raised.append(error)
        finally:
            server.should_exit = True

    thread = threading.Thread(target=walking)
    thread.start()
    server.run(sockets=[listening])
    thread.join()
    if raised:
        raise raised[0]
