"""Where a worker looks at files: a few at once, in threads of their own, so that slow ones hold up neither each other for long nor anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from carnet.errors import Busy

T = TypeVar("T")
AT_ONCE = 2
"""Files that are looked at in the same moment; each may take `Bounds.memory`."""
MOST = 8
"""Those, and those who wait. The next is told to come back."""


class SideRoom:
    """The room of one worker."""

    def __init__(self, at_once: int = AT_ONCE, most: int = MOST) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="viewing")
        self._most, self._inside = most, 0

    async def look(self, work: Callable[[], T]) -> T:
        """What `work` gives, done aside. Raises Busy when the room is full, and what the work raises.

        Work that was begun is finished, whether or not somebody still waits for it: until then it has its place.
        """
        if self._inside >= self._most:
            raise Busy("Many documents are being looked at; try again in a moment.", retry_after=5)
        self._inside += 1
        looking = asyncio.get_running_loop().run_in_executor(self._threads, work)
        looking.add_done_callback(self._left)
        return await asyncio.shield(looking)

    def _left(self, _looking: asyncio.Future[T]) -> None:
        self._inside -= 1


ROOM = SideRoom()
