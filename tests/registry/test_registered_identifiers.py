"""UUIDs that the registry makes, and the memory of those it has seen."""

from __future__ import annotations

import uuid

from carnet.registry.registered_identifiers import canonical, is_uuid, new_uuid, patients_of, remember


def test_a_new_uuid_is_a_version_7_uuid_of_its_moment():
    made = new_uuid(1_793_620_800_000_000)
    assert is_uuid(made)
    value = uuid.UUID(made)
    assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert value.int >> 80 == 1_793_620_800_000


def test_uuids_of_one_moment_differ_and_those_of_later_moments_sort_after():
    same = {new_uuid(1_000_000) for _ in range(100)}
    assert len(same) == 100
    assert max(same) < new_uuid(2_000_000)


def test_only_a_urn_uuid_of_the_full_form_is_one():
    good = "urn:uuid:3d1f6f0a-98a5-4d0e-8f07-0f3a6f0d7c1a"
    assert is_uuid(good)
    assert is_uuid(good.upper())
    assert canonical(good.upper()) == good
    for bad in ("Document01", good[9:], good + "0", good.replace("-", ""), "urn:uuid:", "", "urn:uuid:" + "g" * 36):
        assert not is_uuid(bad)
    assert canonical("Document01") == "Document01"


def test_identifiers_are_remembered_with_their_patient_however_many(room):
    names = [f"1.2.3.{number}" for number in range(600)]
    remember(room.connection, room.holder, names)
    known = patients_of(room.connection, [*names, "9.9"])
    assert known == dict.fromkeys(names, room.patient_key)
