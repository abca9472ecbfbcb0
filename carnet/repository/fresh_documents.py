"""The documents of which something is to be read soon, as this process knows: just put in, or asked for in vain. Kept in memory alone.

What is lost with the process is found by the next who asks for it, or by the walk of `carnet documents index`.
"""

from __future__ import annotations

import threading

MOST = 50_000
"""Documents that are remembered; beyond, the oldest are forgotten."""


class FreshDocuments:
    """A queue of (patient_key, uniqueId), each once, in the order in which they came. Safe with several threads."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, str], None] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, patient_key: int, unique_id: str) -> None:
        """Remembers one."""
        with self._lock:
            self._waiting[patient_key, unique_id] = None
            while len(self._waiting) > MOST:
                del self._waiting[next(iter(self._waiting))]

    def take(self, count: int) -> list[tuple[int, list[str]]]:
        """At most `count` documents of the patients who wait longest, by patient; they are remembered no more."""
        with self._lock:
            taken = list(self._waiting)[:count]
            for one in taken:
                del self._waiting[one]
        found: dict[int, list[str]] = {}
        for patient_key, unique_id in taken:
            found.setdefault(patient_key, []).append(unique_id)
        return list(found.items())
