"""An archive that is sent while it is made: whole, as its list of digests says, and never in memory as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import tracemalloc
import zipfile

from carnet.portal.export_archive import BUNDLE, sent

AT = 1_790_000_000_000_000
DOCUMENTS, SIZE = 5_000, 40_000


def course(content):
    async def documents(archive):
        for number in range(DOCUMENTS):
            yield archive.add(f"documents/{number:05}.xml", content)
            archive.keep_resource({"resourceType": "DocumentReference", "id": str(number), "title": "x" * 3_000})
        for chunk in archive.bundle():
            yield chunk

    return documents


def run(step, taking):
    async def walk():
        async for chunk in sent(AT, (step,), contextlib.nullcontext()):
            taking(chunk)

    asyncio.run(walk())


def test_five_thousand_documents_pass_without_being_held():
    passed = [0]

    def count(chunk):
        passed[0] += len(chunk)

    tracemalloc.start()
    run(course(os.urandom(SIZE) + bytes(SIZE)), count)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert passed[0] > DOCUMENTS * SIZE
    assert peak < 30_000_000


def test_a_bundle_of_many_is_one_json_and_an_empty_one_too():
    for step in (course(b"x"), _nothing):
        chunks = []
        run(step, chunks.append)
        with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
            assert archive.testzip() is None
            found = json.loads(archive.read(BUNDLE))
        assert [one["resource"]["id"] for one in found["entry"]] == [
            str(number) for number in range(len(found["entry"]))
        ]


async def _nothing(archive):
    for chunk in archive.bundle():
        yield chunk
