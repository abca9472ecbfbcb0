"""From documents on disk to submission sets, and from registered entries to the updates of TD3.3."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.client.feeding import author_of, from_cda, mask_update, new_oid, status_update, submission_of
from carnet.clock import DAY, system_clock, to_dtm
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT, NESSI, PAT_TROIS
from carnet.errors import CarnetError
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS, AssociationType, AvailabilityStatus
from carnet.registry.consistency import check_submission, check_update

NOW = system_clock()


@pytest.fixture
def caller(first_stage):
    return first_stage.callers[MEDECIN_TRAITANT.identifier]


def sent(number=1, **about):
    content = documents.level_1(Draft(NOW - DAY, **about), media_type="text/plain")
    return from_cda(content, number=number)


def test_a_document_s_metadata_are_those_of_its_header(caller):
    one = sent(title="Compte rendu de visite")
    assert one.entry.patient_id == PAT_TROIS.identifier
    assert one.entry.title == "Compte rendu de visite"
    assert one.entry.authors[0].person_id == MEDECIN_TRAITANT.identifier
    assert (one.entry.hash, one.entry.size) == ("", None)


def test_a_patient_and_masks_may_be_said_beside_the_document():
    content = documents.level_1(Draft(NOW - DAY), media_type="text/plain")
    one = from_cda(content, patient=NESSI.identifier, masks=(MASQUE_PS,))
    assert one.entry.patient_id == NESSI.identifier
    assert one.entry.masks == {MASQUE_PS}


@pytest.mark.parametrize("content", [b"", b"not XML", b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>"])
def test_what_is_no_cda_is_refused(content):
    with pytest.raises(CarnetError):
        from_cda(content)


def test_a_set_holds_each_of_its_documents_once(caller):
    made = submission_of([sent(1), sent(2)], caller, NOW, signed=False, title="Deux lettres")
    assert made.submission_set.title == "Deux lettres"
    assert made.submission_set.submission_time == to_dtm(NOW)
    members = [one.target for one in made.associations if one.type is AssociationType.HAS_MEMBER]
    assert members == [entry.entry_uuid for entry in made.entries] == ["Document01", "Document02"]
    assert [document.entry_id for document in made.documents] == members


def test_a_signed_set_is_one_that_the_registry_accepts(caller):
    made = submission_of([sent()], caller, NOW)
    assert [entry.is_signature for entry in made.entries] == [False, True]
    digests = tuple(replace(entry, hash="0" * 40, size=1) for entry in made.entries)
    check_submission(replace(made, entries=digests))


def test_a_replacement_links_the_submitted_to_the_registered(caller):
    one, old = sent(), "urn:uuid:0d5c7aa2-0000-4000-8000-000000000001"
    made = submission_of([one], caller, NOW, replaces={one.entry.entry_uuid: old}, signed=False)
    (link,) = [link for link in made.associations if link.type is AssociationType.RPLC]
    assert (link.source, link.target) == (one.entry.entry_uuid, old)


def test_the_author_of_a_set_is_its_sender(first_stage, caller):
    author = author_of(caller)
    assert author.person_id == MEDECIN_TRAITANT.identifier
    assert author.person.split("^")[1:3] == [MEDECIN_TRAITANT.family_name, MEDECIN_TRAITANT.given_name]
    assert author.institution_ids == (MEDECIN_TRAITANT.organization.identifier,)
    machine = author_of(first_stage.callers[LABORATORY.identifier])
    assert machine.institution_ids == (LABORATORY.identifier,)


def registered(**changes):
    uuid = "urn:uuid:0d5c7aa2-0000-4000-8000-000000000002"
    return replace(sent().entry, entry_uuid=uuid, logical_id=uuid, version=3, hash="0" * 40, size=9, **changes)


def test_an_update_of_masks_says_the_present_version_and_exactly_the_masks_wanted(caller):
    entry = registered()
    masked = mask_update(entry, [MASQUE_PS], caller, NOW)
    check_update(masked)
    (after,) = masked.entries
    assert after.masks == {MASQUE_PS}
    assert after.logical_id == entry.logical_id != after.entry_uuid
    assert masked.associations[0].previous_version == 3
    again = mask_update(replace(after, version=4), [INVISIBLE_PATIENT], caller, NOW)
    assert again.entries[0].masks == {INVISIBLE_PATIENT}
    plain = [code for code in entry.confidentiality_codes if code.code == "N"]
    shown = mask_update(replace(after, version=4), [], caller, NOW).entries[0]
    assert list(shown.confidentiality_codes) == plain


def test_an_update_of_status_names_the_former_and_the_new(caller):
    entry = registered()
    made = status_update(entry, AvailabilityStatus.ARCHIVED, caller, NOW)
    check_update(made)
    (link,) = made.associations
    assert (link.original_status, link.new_status) == (AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED)
    assert link.target == entry.entry_uuid
    assert made.entries == ()


def test_every_set_has_an_identifier_of_its_own():
    names = {new_oid() for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith("2.25.") and len(name) <= 64 for name in names)
