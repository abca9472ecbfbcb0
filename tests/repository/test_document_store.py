"""Opening the places of documents by the settings, and reading from them beside the event loop."""

from __future__ import annotations

import asyncio
import random
import threading
from dataclasses import replace

import pytest

from carnet.clock import system_clock
from carnet.config import Settings, load
from carnet.errors import Busy, ConfigurationError, IntegrityFailure, OutOfResources
from carnet.repository.document_store import open_places, read_credentials
from carnet.repository.far_frames import WAITING
from carnet.repository.segments import prepare


def settings(tmp_path, **changes):
    return replace(Settings(home=tmp_path), **changes)


@pytest.mark.parametrize(
    ("changes", "environ", "expected"),
    [
        ({"documents_key_id": "a", "documents_secret_file": "secret"}, {"AWS_ACCESS_KEY_ID": "no"}, ("a", "hush")),
        ({}, {"AWS_ACCESS_KEY_ID": "b", "AWS_SECRET_ACCESS_KEY": "loud"}, ("b", "loud")),
        ({"documents_key_id": "a"}, {}, None),
        ({"documents_key_id": "a", "documents_secret_file": "empty"}, {}, None),
        ({}, {"AWS_ACCESS_KEY_ID": "b"}, None),
    ],
)
def test_credentials_come_from_the_settings_or_the_environment(tmp_path, changes, environ, expected):
    (tmp_path / "secret").write_text("hush\nand more\n")
    (tmp_path / "empty").write_text("")
    if expected is None:
        with pytest.raises(ConfigurationError):
            read_credentials(settings(tmp_path, **changes), environ)
        return
    found = read_credentials(settings(tmp_path, **changes), environ)
    assert (found.key_id, found.secret) == expected
    assert expected[1] not in repr(found)


def test_a_replica_that_is_not_mounted_or_on_the_same_disk_is_refused(tmp_path):
    about = {"unsealed_documents": "replicated", "documents_replica": "second"}
    with pytest.raises(ConfigurationError, match="mounted"):
        open_places(settings(tmp_path, **about), "w0", system_clock)
    (tmp_path / "second").mkdir()
    open_places(settings(tmp_path, **about), "w0", system_clock).segments.close()
    with pytest.raises(ConfigurationError, match="same disk"):
        open_places(settings(tmp_path, **about, environment="production"), "w0", system_clock)


@pytest.mark.parametrize(
    "lines",
    [
        'unsealed_documents = "somewhere"',
        'unsealed_documents = "written_through"',
        'unsealed_documents = "replicated"',
        'environment = "production"\ntest_identities = false\ndocuments_url = "s3+http://s3.example/b"',
        "documents_connections = 0",
        "documents_timeout = 0",
        "documents_cache_bytes = -1",
    ],
)
def test_settings_that_cannot_be_meant_are_refused(tmp_path, lines):
    (tmp_path / "carnet.toml").write_text(lines)
    with pytest.raises(ConfigurationError):
        load(tmp_path, {})


@pytest.fixture
def far(tmp_path, s3, s3_settings):
    """Places of a machine whose one document is in the store alone; (segments, what to read)."""
    chosen = settings(tmp_path, **{**s3_settings, "documents_timeout": 60.0, "documents_connections": 2})
    places = open_places(chosen, "w0", system_clock)
    content, key = random.Random(1).randbytes(5_000), bytes(32)
    ready = prepare(content)
    place = places.segments.append(ready, key, "1.2")
    places.segments.sync()
    file = tmp_path / "documents" / place.segment
    s3.objects[f"segments/{place.segment}"] = file.read_bytes()
    file.unlink()
    yield places.segments, (place, key, "1.2"), {"size": ready.size, "sha256": ready.sha256}, content
    places.segments.close()


def test_a_far_document_is_fetched_by_range_once_and_then_kept(far, s3):
    segments, what, digest, content = far
    assert asyncio.run(segments.fetch(*what, **digest)) == content
    asked = len(s3.calls)
    assert asyncio.run(segments.fetch(*what, **digest)) == content
    assert segments.read(*what, **digest) == content
    assert len(s3.calls) == asked


def test_the_event_loop_goes_on_while_a_document_is_fetched(far, s3):
    segments, what, digest, content = far
    held = threading.Event()
    s3.faults = lambda method, key: held.wait(60) and None

    async def both():
        fetched = asyncio.create_task(segments.fetch(*what, **digest))
        for _ in range(20):
            await asyncio.sleep(0.005)
        assert not fetched.done()
        held.set()
        return await fetched

    assert asyncio.run(both()) == content


def test_no_more_readings_wait_than_there_is_patience_for(far, s3):
    segments, what, digest, content = far
    held = threading.Event()
    s3.faults = lambda method, key: held.wait(60) and None

    async def many():
        fetches = [asyncio.create_task(segments.fetch(*what, **digest)) for _ in range(2 * (WAITING + 1) + 3)]
        await asyncio.sleep(0.05)
        held.set()
        return await asyncio.gather(*fetches, return_exceptions=True)

    answers = asyncio.run(many())
    assert sum(isinstance(answer, Busy) for answer in answers) == 3
    assert sum(answer == content for answer in answers) == 2 * (WAITING + 1)


@pytest.mark.parametrize(
    ("fault", "error"), [("503", OutOfResources), ("truncated", OutOfResources), ("wrong", IntegrityFailure)]
)
def test_what_the_store_gives_wrongly_is_a_typed_error_and_is_not_kept(far, s3, fault, error, caplog):
    segments, what, digest, content = far
    s3.faults = lambda method, key: fault
    with pytest.raises(error):
        asyncio.run(segments.fetch(*what, **digest))
    assert ("a stored document is damaged" in caplog.text) == (error is IntegrityFailure)
    s3.faults = lambda method, key: None
    assert asyncio.run(segments.fetch(*what, **digest)) == content
