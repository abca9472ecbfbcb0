"""Reading for the search gives way to whoever asks for something: a document costs more processor time than many requests."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from carnet.server import reading_documents

DOCUMENTS = 5


class Reading:
    """A worker that was told of some documents; its requests come as soon as the first of them is read."""

    def __init__(self, monkeypatch, *, comes_after=1):
        self.fresh = list(range(DOCUMENTS))
        self.comes_after = comes_after
        self.begun = []
        self.gate = SimpleNamespace(platform=SimpleNamespace(fresh=self.fresh))
        monkeypatch.setattr(reading_documents, "fill_fresh", self.fill)
        monkeypatch.setattr(reading_documents, "BETWEEN", 0.0)

    async def fill(self, gate, count):
        for _ in range(min(count, len(gate.platform.fresh))):
            self.begun.append(gate.platform.fresh.pop(0))
        await asyncio.sleep(0)
        return 0

    def in_progress(self):
        return 16 if len(self.begun) >= self.comes_after else 0

    def read(self, rounds=15):
        """What is begun of them while the loop goes round so often: fewer times than it takes to wait in vain."""

        async def some():
            task = asyncio.ensure_future(reading_documents.keep_reading(self.gate, self.in_progress))
            for _ in range(rounds):
                await asyncio.sleep(0)
            task.cancel()

        asyncio.run(some())
        return self.begun


def test_no_further_document_is_begun_once_requests_are_in_progress(monkeypatch):
    assert Reading(monkeypatch).read() == [0]


def test_while_it_is_calm_one_is_read_after_the_other(monkeypatch):
    assert Reading(monkeypatch, comes_after=DOCUMENTS + 1).read() == list(range(DOCUMENTS))


async def all_of_a_round(gate, _in_progress):
    await reading_documents.fill_fresh(gate, reading_documents.IN_A_ROUND)


def test_control_a_round_that_looks_only_when_it_begins_reads_on_beside_them(monkeypatch):
    monkeypatch.setattr(reading_documents, "_read_some", all_of_a_round)
    with pytest.raises(AssertionError):
        test_no_further_document_is_begun_once_requests_are_in_progress(monkeypatch)
