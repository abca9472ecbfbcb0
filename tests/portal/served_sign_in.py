"""The space and the demonstration's identity provider served over loopback, for a real browser; both in one thread of their own."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass, field

import uvicorn
from sign_in_house import SignInHouse

PATIENCE = 60


def listening():
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    found.listen(64)
    return found


@dataclass
class Served:
    """`address` is the space's; nobody else has its ports, for they are bound before anybody is told."""

    home: object
    settings: dict
    kind: type = SignInHouse
    house: object = field(init=False)
    failure: BaseException | None = None

    def __post_init__(self):
        self.sockets = [listening(), listening()]
        space, provider = (one.getsockname()[1] for one in self.sockets)
        self.address, self.issuer = f"http://localhost:{space}", f"http://127.0.0.1:{provider}"
        self.ready, self.servers = threading.Event(), []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.ready.wait(PATIENCE)
        if self.failure is not None:
            raise self.failure

    def _run(self):
        try:
            self.house = self.kind(self.home, self.settings, address=self.address, issuer=self.issuer)
            asyncio.run(self._serve())
            self.house.close()
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            self.failure = error
            self.ready.set()

    async def _serve(self):
        apps = (self.house.app, self.house.idp_app)
        self.servers = [
            uvicorn.Server(uvicorn.Config(app, log_level="warning", log_config=None, lifespan="off")) for app in apps
        ]
        self.loop = asyncio.get_running_loop()
        works = [one.serve(sockets=[at]) for one, at in zip(self.servers, self.sockets, strict=True)]
        self.loop.call_soon(self.ready.set)
        await asyncio.gather(*works)

    def ask(self, work):
        """Runs something of the house in its own thread."""

        async def asked():
            return work(self.house)

        return asyncio.run_coroutine_threadsafe(asked(), self.loop).result(PATIENCE)

    def close(self):
        for one in self.servers:
            one.should_exit = True
        self.thread.join(PATIENCE)
        for one in self.sockets:
            one.close()
