"""`carnet documents`, against a protocol double of S3."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from carnet.client.feeding import from_cda, submission_of
from carnet.clock import DAY, system_clock
from carnet.config import load
from carnet.demo.documents import Draft, level_1
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.platform import build
from carnet.record.gate import Gate
from carnet.record.submission import prepare_submission, submit
from carnet.repository.segments import prepare
from carnet.requester import Authentication, CardClass, Requester
from carnet.soap.ebrim_render import EbrimRenderer
from tests.damage import altered


@pytest.fixture
def segment(home):
    """A closed segment with a document in it; its name."""
    platform = build(load(home, {}), EbrimRenderer())
    platform.segments.append(prepare(b"a document"), bytes(32), "1.2")
    platform.segments.sync()
    (name,) = platform.segments.segments()
    platform.close()
    return name


@pytest.fixture
def with_store(home, s3_settings):
    lines = [f"{name} = {value!r}".replace("'", '"') for name, value in s3_settings.items()]
    with (home / "carnet.toml").open("a") as file:
        file.write("\n".join(["", *lines, "documents_local_bytes = 0", ""]))


def put_in(stage, home):
    """A letter, put in by a professional, and forgotten by the process that took it."""
    platform = build(replace(load(home, {}), submission_signature_required=False), EbrimRenderer())
    who = MEDECIN_TRAITANT
    requester = Requester(
        identifier=who.identifier,
        name=who.name,
        organization_id=who.organization.identifier,
        sector=who.organization.sector,
        authentication=Authentication.DIRECT,
        card=CardClass.PROFESSIONAL,
        profession=who.profession,
        specialty=who.specialty,
        patient=PAT_TROIS.identifier,
        certificate="c" * 64,
    )
    sent = from_cda(level_1(Draft(system_clock() - DAY), media_type="text/plain"))
    made = submission_of((sent,), stage.callers[who.identifier], system_clock(), signed=False)
    Gate(platform).perform_now(requester, submit(prepare_submission(platform, requester, made), requester))
    platform.close()


def counts(text):
    """What `status` says, by its words."""
    rows = [re.split(r"\s{2,}", line.strip()) for line in text.splitlines()]
    return {row[0]: row[1] for row in rows}


def test_upload_needs_a_store(refused, segment):
    said = refused("documents", "upload", "--home", "HOME")
    assert said == "Set documents_url first: there is no object store to upload to."


def test_a_segment_is_uploaded_and_its_way_is_told(run, segment, with_store, s3):
    assert counts(run("documents", "status", "--home", "HOME").out)["files here"] == "1"
    said = run("documents", "upload", "--home", "HOME")
    assert (said.status, said.out) == (0, "6 steps done.\n")
    assert list(s3.objects) == [f"segments/{segment}"]
    told = counts(run("documents", "status", "--home", "HOME").out)
    assert (told["confirmed byte by byte"], told["files here"], told["object store"]) == ("1", "0", "set")


def test_a_store_that_is_away_is_an_exit_status_and_nothing_is_lost(run, segment, with_store, s3, home):
    s3.faults = lambda method, key: "503"
    said = run("documents", "upload", "--home", "HOME")
    assert said.status == 1
    assert segment in said.err
    assert (home / "documents" / segment).exists()


def test_scrub_finds_damage_and_says_so_until_it_is_mended(run, segment, home):
    assert "1 segments compared, of 0" in run("documents", "scrub", "--home", "HOME", "--all").out
    file = home / "documents" / segment
    whole = file.read_bytes()
    file.write_bytes(altered(whole))
    said = run("documents", "scrub", "--home", "HOME", "--all")
    assert said.status == 1
    assert segment in said.err
    assert run("documents", "status", "--home", "HOME").status == 1
    file.write_bytes(whole)
    assert run("documents", "scrub", "--home", "HOME", "--all").status == 0
    assert run("documents", "status", "--home", "HOME").status == 0


def test_reclaim_removes_nothing_that_was_just_written(run, segment, home):
    run("documents", "scrub", "--home", "HOME", "--all")
    said = run("documents", "reclaim", "--home", "HOME", "--living", "50")
    assert (said.status, said.out) == (0, "0 documents copied out, 0 segments removed.\n")
    assert (home / "documents" / segment).exists()


def test_documents_of_before_are_read_for_the_search_once(run, first_stage, home):
    put_in(first_stage, home)
    assert run("documents", "index", "--home", "HOME").out == "1 documents looked at, 1 read.\n"
    assert run("documents", "index", "--home", "HOME").out == "1 documents looked at, 0 read.\n"
    assert run("documents", "index", "--home", "HOME", "--again").out == "1 documents looked at, 0 read.\n"
