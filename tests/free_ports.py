"""Ports for the servers that tests start: each is given once, and no worker of a parallel run is given those of another."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import socket

FIRST, END = 20_000, 32_000
"""Below the ports that the system gives to outgoing connections, so that none of them takes one while its server is down."""
_GIVEN: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on."""
    share, shares = worker()
    mine = range(FIRST + share, END, shares)
    start = random.SystemRandom().randrange(len(mine))  # other runs on this machine begin elsewhere
    for place in itertools.count(start):
        port = mine[place % len(mine)]
        if port not in _GIVEN and _is_free(port):
            _GIVEN.add(port)
            return port
        assert place < start + len(mine), "every port is taken"
    raise AssertionError


def worker() -> tuple[int, int]:
    """Which worker of a parallel run this process is, and how many there are."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return int(name.removeprefix("gw")), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        return True
    return False
