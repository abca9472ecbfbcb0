"""The signature of a submission set through the door (IHE ITI DSG, PDSM4DMP): demanded, verified, stored, never shown; and who may feed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.client.feeding import from_cda
from carnet.demo.documents import LAB_REPORT, level_3
from carnet.demo.people import BIOLOGIST, HOSPITAL_DOCTOR, LABORATORY, OTHER_GP
from carnet.metadata import INVISIBLE_PATIENT, AvailabilityStatus
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import quoted

APPROVED = AvailabilityStatus.APPROVED
SIGNATURE = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"


def changed_entry(submission, index=0, **values):
    entries = list(submission.entries)
    entries[index] = replace(entries[index], **values)
    return replace(submission, entries=tuple(entries))


# --- the signature ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "slots"),
    [
        ("FindDocuments", lambda r, e, s: [("$XDSDocumentEntryPatientId", r.cx), STATUS]),
        ("FindDocuments", lambda r, e, s: [("$XDSDocumentEntryPatientId", r.cx), STATUS, SIGNATURES]),
        ("GetAll", lambda r, e, s: [("$patientId", r.cx), STATUS, *SETS_AND_FOLDERS]),
        ("GetSubmissionSetAndContents", lambda r, e, s: [("$XDSSubmissionSetUniqueId", f"'{s.unique_id}'")]),
        ("GetDocuments", lambda r, e, s: [("$XDSDocumentEntryUniqueId", quoted(e.unique_id))]),
        ("GetDocumentsAndAssociations", lambda r, e, s: [("$XDSDocumentEntryUniqueId", quoted(e.unique_id))]),
    ],
    ids=["find", "find by class", "all", "set and contents", "by uniqueId", "with associations"],
)
@pytest.mark.parametrize("refs", [False, True], ids=["metadata", "references"])
def test_the_signature_of_a_set_is_stored_and_never_listed(record, query, slots, refs):
    made = record.submission(record.document(title="Signé"))
    assert record.send(made).status is ResponseStatus.SUCCESS
    signature = next(entry for entry in made.entries if entry.is_signature)
    stored = record.house.rows("SELECT entry_uuid FROM document_entry WHERE unique_id = ?", signature.unique_id)
    assert len(stored) == 1
    answer = record.ask(query, slots(record, signature, made.submission_set), refs=refs)
    assert not answer.errors
    assert signature.unique_id not in {entry.unique_id for entry in answer.entries}
    assert stored[0][0] not in answer.object_refs
    assert stored[0][0] not in {end for one in answer.associations for end in (one.source, one.target)}


STATUS = ("$XDSDocumentEntryStatus", quoted(APPROVED.value))
SIGNATURES = ("$XDSDocumentEntryClassCode", quoted(f"{SIGNATURE}^^URN"))
SETS_AND_FOLDERS = (
    ("$XDSSubmissionSetStatus", quoted(APPROVED.value)),
    ("$XDSFolderStatus", quoted(APPROVED.value)),
)


def test_the_signature_of_a_set_is_not_retrieved(record):
    made = record.submission(record.document())
    record.send(made)
    signature = next(entry for entry in made.entries if entry.is_signature)
    answer, given = record.read(signature.unique_id)
    assert [item.code for item in answer.errors] == ["XDSDocumentUniqueIdError"]
    assert given == ()


def test_an_unsigned_set_is_refused(record, codes):
    before = record.house.stored()
    made = record.submission(record.document(), signed=False)
    assert codes(record.send(made)) == ["CarnetSubmissionSignatureInvalid"]
    assert record.house.stored() == before


def test_a_set_signed_by_another_is_refused(record, codes):
    made = record.submission(record.document(), signed=False)
    assert codes(record.send(record.sign(made, HOSPITAL_DOCTOR))) == ["CarnetSubmissionSignatureInvalid"]


def test_a_structures_set_is_sealed_by_the_structure_and_not_signed_by_a_card(record, codes):
    made = record.submission(record.document(author=BIOLOGIST), by=LABORATORY, signed=False)
    assert codes(record.send(record.sign(made, BIOLOGIST), LABORATORY)) == ["CarnetSubmissionSignatureInvalid"]


def test_a_document_changed_after_the_signature_is_refused(record, codes):
    made = record.submission(record.document(title="Avant"))
    changed = made.documents[0].content.replace(b"Avant", b"Apr?s")
    documents = (replace(made.documents[0], content=changed), *made.documents[1:])
    made = changed_entry(replace(made, documents=documents), title="Apr?s")
    assert codes(record.send(made)) == ["CarnetSubmissionSignatureInvalid"]


def test_a_document_added_after_the_signature_is_refused(record, codes):
    signed = record.submission(record.document(number=1))
    more = record.submission(record.document(number=2), signed=False)
    links = [one for one in more.associations if one.target == "Document02"]
    made = replace(
        signed,
        entries=(*signed.entries, *more.entries),
        documents=(*signed.documents, *more.documents),
        associations=(*signed.associations, *(replace(one, entry_uuid="late") for one in links)),
    )
    assert codes(record.send(made)) == ["CarnetSubmissionSignatureInvalid"]


# --- who feeds --------------------------------------------------------------------------------------------------------


def test_feeding_needs_no_authorisation(record, codes):
    """The laboratory's software and any doctor may put documents in (R1111-47 CSP)."""
    for sender, author in ((LABORATORY, BIOLOGIST), (OTHER_GP, OTHER_GP)):
        sent = record.document(author=author, title=f"De {sender.identifier}")
        assert not codes(record.send(record.submission(sent, by=sender), sender))
    assert len(record.titles()) == 2


def test_a_structured_report_goes_in_as_well(record, codes):
    content = level_3(record.draft(type=LAB_REPORT, title="Bilan", author=BIOLOGIST))
    assert not codes(record.send(record.submission(from_cda(content), by=LABORATORY), LABORATORY))
    assert record.titles() == ["Bilan"]


def test_a_document_hidden_from_the_patient_goes_in_and_professionals_find_it(house, codes):
    record = house.new_record(HOSPITAL_DOCTOR)
    record.add(title="Avant l'annonce", masks=[INVISIBLE_PATIENT])
    assert record.titles(by=HOSPITAL_DOCTOR) == ["Avant l'annonce"]
