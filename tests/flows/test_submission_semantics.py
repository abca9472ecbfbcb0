"""Submission and relationships through the door (ITI TF-2 §3.41 and §3.42, ITI TF-3 §4.2, the NIST tests of the registry).

What the registry does with one rule is tested beside it; here each rule is asked of the running exchange, and what stays stored is counted.
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from carnet.demo.people import MEDECIN_TRAITANT
from carnet.metadata import (
    MASQUE_PS,
    AssociationType,
    AvailabilityStatus,
    Code,
    Document,
    PatientIdentifier,
)
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.messages import provide_and_register_request, quoted
from carnet.soap.operations import BY_TRANSACTION

APPROVED = AvailabilityStatus.APPROVED
RPLC, APND = AssociationType.RPLC, AssociationType.APND


def new_uuid():
    return f"urn:uuid:{uuid.uuid4()}"


# --- one set, its members, all or nothing -----------------------------------------------------------------------------


def test_a_document_goes_in_is_found_and_comes_back_byte_for_byte(record):
    sent = record.document(title="Lettre")
    entry = record.put(sent)
    assert (entry.unique_id, entry.title, entry.version, entry.status) == (
        sent.entry.unique_id,
        "Lettre",
        1,
        APPROVED,
    )
    assert entry.logical_id == entry.entry_uuid != "Document01"
    assert entry.repository_unique_id == record.house.repository
    answer, (document,) = record.read(entry.unique_id)
    assert (document.content, document.mime_type) == (sent.content, "text/xml")
    assert answer.status is ResponseStatus.SUCCESS


@pytest.mark.parametrize(
    "title",
    [
        'L\'été, "Noël" & <b>ça</b> ]]>',
        "血液検査 🩸 e\u0301te\u0301 \u202eabc",
        "&amp; &#233; %C3%A9 \\u00e9",
        "'; DROP TABLE document_entry; --",
        "a" * 128,
    ],
    ids=["marks", "scripts", "escapes", "SQL", "long"],
)
def test_a_title_comes_back_letter_for_letter_and_is_found_by_it(record, title):
    entry = record.add(title=title)
    assert entry.title == title
    slots = [("$XDSDocumentEntryPatientId", record.cx), ("$XDSDocumentEntryStatus", quoted(APPROVED.value))]
    found = record.ask("FindDocumentsByTitle", [*slots, ("$XDSDocumentEntryTitle", quoted(title.replace("%", "_")))])
    assert [one.title for one in found.entries] == [title]


def test_the_exchange_computes_hash_and_size_of_the_bytes_as_sent(record):
    sent = record.document()
    assert (sent.entry.hash, sent.entry.size) == ("", None)
    entry = record.put(sent)
    assert entry.hash == hashlib.sha1(sent.content, usedforsecurity=False).hexdigest()
    assert entry.size == len(sent.content)


def test_a_right_hash_and_size_are_welcome_in_either_case_of_letters(record):
    sent = record.document()
    digest = hashlib.sha1(sent.content, usedforsecurity=False).hexdigest()
    right = replace(sent, entry=replace(sent.entry, hash=digest.upper(), size=len(sent.content)))
    assert record.put(right).hash == digest


@pytest.mark.parametrize(
    "lie",
    [{"hash": "0" * 40}, {"size": 1}, {"size": 0}, {"repository_unique_id": "1.2.3"}],
    ids=["hash", "size", "size nought", "repository"],
)
def test_a_lie_about_the_bytes_is_refused_and_nothing_is_stored(record, codes, lie):
    before = record.house.stored()
    assert codes(record.send(record.submission(record.document(entry=lie)))) == ["XDSRepositoryMetadataError"]
    assert record.house.stored() == before


def test_a_message_without_a_submission_set_is_refused(record):
    before = record.house.stored()
    cut = re.compile(rb"<rim:RegistryPackage .*?</rim:RegistryPackage>", re.DOTALL)
    reply = record.send_raw(record.submission(record.document()), lambda body: cut.sub(b"", body))
    assert reply.codes == ["XDSRepositoryMetadataError"]
    assert record.house.stored() == before


def test_a_message_with_two_submission_sets_is_refused(record):
    before = record.house.stored()
    one = re.compile(rb"<rim:RegistryPackage .*?</rim:RegistryPackage>", re.DOTALL)

    def doubled(body):
        found = one.search(body)[0]
        second = found.replace(b"SubmissionSet01", b"SubmissionSet02")
        return body.replace(found, found + second)

    reply = record.send_raw(record.submission(record.document()), doubled)
    assert reply.codes == ["XDSRepositoryMetadataError"]
    assert record.house.stored() == before


def test_a_document_that_is_not_a_member_of_the_set_is_refused(record, codes):
    before = record.house.stored()

    def orphaned(made):
        return replace(made, associations=made.associations[1:])

    sent = [record.document(number=1), record.document(number=2)]
    assert codes(record.send(record.submission(*sent, change=orphaned))) == ["XDSRepositoryMetadataError"]
    assert record.house.stored() == before


def test_a_folder_that_is_not_a_member_of_the_set_is_refused(record, codes):
    folder = record.folder()
    made = record.submission(record.document(), change=lambda made: replace(made, folders=(folder,)))
    assert codes(record.send(made)) == ["XDSRepositoryMetadataError"]


def test_an_association_that_names_nothing_of_the_message_is_refused(record, codes, tie):
    made = record.submission(record.document(), links=[tie(APND, "Document01", "Document77")])
    assert codes(record.send(made)) == ["UnresolvedReferenceException"]


def test_an_association_to_an_object_that_nobody_registered_is_refused(record, codes, tie):
    made = record.submission(record.document(), links=[tie(APND, "Document01", new_uuid())])
    assert codes(record.send(made)) == ["UnresolvedReferenceException"]


def test_of_several_documents_one_bad_one_keeps_all_out(record, codes):
    before = record.house.stored()
    good = [record.document(number=number) for number in (1, 2)]
    bad = record.document(number=3, entry={"hash": "1" * 40})
    assert codes(record.send(record.submission(*good, bad))) == ["XDSRepositoryMetadataError"]
    assert record.house.stored() == before
    assert record.titles() == []


def test_a_defect_that_only_the_registry_sees_keeps_all_out_bytes_included(record, codes, tie):
    """The first documents of the message are appended to the store before the act fails: the rollback takes them back."""
    before = record.house.stored()
    sent = [record.document(number=number, size=60_000) for number in (1, 2)]
    made = record.submission(*sent, links=[tie(RPLC, "Document02", new_uuid())])
    assert codes(record.send(made)) == ["UnresolvedReferenceException"]
    assert record.house.stored() == before


def test_a_set_holds_as_many_documents_as_the_setting_says(record, codes):
    limit = record.house.stage.settings.maximum_documents
    sent = [record.document(number=number) for number in range(1, limit + 2)]
    body, parts = provide_and_register_request(record.submission(*sent))
    assert record.house.call(MEDECIN_TRAITANT, record.identifier, "iti41", body, parts).codes == ["Sender"]
    body, parts = provide_and_register_request(record.submission(*sent[:limit]))
    assert record.house.call(MEDECIN_TRAITANT, record.identifier, "iti41", body, parts).codes == []


def test_several_defects_are_all_told_at_once(record, codes):
    bad = [record.document(number=number, entry={"type_code": Code("11488-4", "9.9.9")}) for number in (1, 2)]
    answer = record.send(record.submission(*bad))
    assert codes(answer) == ["XDSRepositoryMetadataError", "XDSRepositoryMetadataError"]
    assert {item.location for item in answer.errors} == {one.entry.unique_id for one in bad}


# --- patients ---------------------------------------------------------------------------------------------------------


def test_an_entry_of_another_patient_than_the_sets_is_refused(record, other_record, codes):
    stranger = other_record.document(number=2)
    made = record.submission(record.document(), stranger)
    assert codes(record.send(made)) == ["XDSPatientIdDoesNotMatch"]
    assert other_record.titles() == []


def test_a_folder_of_another_patient_than_the_sets_is_refused(record, other_record, codes):
    made = record.submission(record.document(), folders=[other_record.folder()])
    assert codes(record.send(made)) == ["XDSPatientIdDoesNotMatch"]


def test_a_set_of_another_patient_than_the_assertions_is_refused(record, other_record):
    before = record.house.stored()
    body_of_another = other_record.submission(other_record.document())
    reply = record.send_raw(body_of_another)
    assert reply.codes == ["XDSPatientIdDoesNotMatch"]
    assert record.house.stored() == before


def test_a_document_about_another_person_than_its_metadata_is_refused(record, other_record, codes):
    about_another = other_record.document(entry={"patient_id": record.identifier})
    assert codes(record.send(record.submission(about_another))) == ["XDSPatientIdDoesNotMatch"]


def test_a_patient_without_a_record_is_unknown(house, codes):
    house.new_patient()
    record = house.new_record()
    nobody = replace(record, patient=house.new_patient())
    assert codes(nobody.send(nobody.submission(nobody.document()))) == ["XDSUnknownPatientId"]


def test_an_identifier_of_nobody_is_unknown_in_the_same_words(house, record, codes):
    stranger = house.new_patient()
    nobody = replace(stranger, identifier=PatientIdentifier("100019999999968", "1.2.250.1.213.1.4.10"))
    without_record = replace(record, patient=house.new_patient())
    absent = replace(record, patient=nobody)
    answers = [one.send(one.submission(one.document())) for one in (without_record, absent)]
    assert codes(answers[0]) == codes(answers[1]) == ["XDSUnknownPatientId"]
    assert answers[0].errors[0].context == answers[1].errors[0].context


# --- identifiers ------------------------------------------------------------------------------------------------------


def test_a_unique_id_twice_in_one_message_is_refused(record, codes):
    sent = record.document()
    twin = replace(sent, entry=replace(sent.entry, entry_uuid="Document02"))
    assert codes(record.send(record.submission(sent, twin))) == ["XDSRepositoryDuplicateUniqueIdInMessage"]


def test_a_symbolic_id_twice_in_one_message_is_refused(record, codes):
    made = record.submission(record.document(number=1), record.document(number=1))
    assert "XDSRepositoryDuplicateUniqueIdInMessage" in codes(record.send(made))


def test_the_unique_id_of_a_set_is_used_once(record, codes):
    first = record.submission(record.document())
    assert not codes(record.send(first))

    def borrowed(made):
        return replace(made, submission_set=replace(made.submission_set, unique_id=first.submission_set.unique_id))

    answer = record.send(record.submission(record.document(), change=borrowed))
    assert codes(answer) == ["XDSDuplicateUniqueIdInRegistry"]
    assert answer.errors[0].location == first.submission_set.unique_id


def test_the_unique_id_of_a_folder_is_used_once(record, codes, holds):
    folder = record.folder()
    record.put(record.document(), folders=[folder], links=[holds("Folder01", "Document01")])
    again = record.submission(record.document(), folders=[folder])
    assert codes(record.send(again)) == ["XDSDuplicateUniqueIdInRegistry"]


def test_an_identifier_of_another_patient_is_taken_too(record, other_record, codes):
    folder = other_record.folder()
    other_record.put(other_record.document(), folders=[folder])
    made = record.submission(record.document(), folders=[replace(folder, patient_id=record.identifier)])
    assert codes(record.send(made)) == ["XDSDuplicateUniqueIdInRegistry"]


def test_a_document_that_is_registered_may_come_again_with_the_same_bytes(record):
    sent = record.document(title="Deux fois")
    first = record.put(sent)
    second = record.put(sent)
    assert first.entry_uuid != second.entry_uuid
    assert record.titles() == ["Deux fois", "Deux fois"]
    stored = record.house.rows("SELECT count(*) FROM stored_document WHERE unique_id = ?", sent.entry.unique_id)
    assert stored == [(1,)]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [(b"Version A", b"Version B", "XDSNonIdenticalHash"), (b"Version A", b"Version AA", "XDSNonIdenticalSize")],
    ids=["same size", "another size"],
)
def test_a_document_that_is_registered_may_not_come_again_with_other_bytes(record, codes, old, new, code):
    sent = record.document(title="Version A")
    record.put(sent)
    before = record.house.stored()
    content = sent.content.replace(old, new)
    other = replace(sent, content=content, entry=replace(sent.entry, title=new.decode()))
    assert codes(record.send(record.submission(other))) == [code]
    assert record.house.stored() == before
    assert record.read(sent.entry.unique_id)[1][0].content == sent.content


def test_a_uuid_that_the_sender_assigned_is_kept(record):
    own = new_uuid()
    sent = record.document(entry={"entry_uuid": own})
    assert record.put(sent).entry_uuid == own


def test_a_uuid_that_is_registered_is_not_taken_again(record, other_record, codes):
    own = new_uuid()
    record.put(record.document(entry={"entry_uuid": own}))
    for one in (record, other_record):
        made = one.submission(one.document(entry={"entry_uuid": own}))
        assert codes(one.send(made)) == ["XDSDuplicateUniqueIdInRegistry"]


# --- documents and entries --------------------------------------------------------------------------------------------


def test_an_entry_without_its_document_is_refused(record, codes):
    made = record.submission(record.document(number=1), record.document(number=2))
    lacking = replace(made, documents=made.documents[1:])
    before = record.house.stored()
    assert codes(record.send(lacking)) == ["XDSMissingDocument"]
    assert record.house.stored() == before


def test_a_document_without_its_entry_is_refused(record, codes):
    made = record.submission(record.document())
    extra = replace(made, documents=(*made.documents, Document("Document02", b"<a/>")))
    before = record.house.stored()
    assert codes(record.send(extra)) == ["XDSMissingDocumentMetadata"]
    assert record.house.stored() == before


def test_a_document_in_base64_in_place_is_the_same_as_one_attached(record):
    sent = record.document(title="En place")
    made = record.submission(sent)
    contents = {document.entry_id: document.content for document in made.documents}
    include = re.compile(rb'(<xdsb:Document id="([^"]+)">)<xop:Include [^>]*/>')

    def in_place(body):
        return include.sub(lambda found: found[1] + base64.encodebytes(contents[found[2].decode()]), body)

    body, _ = provide_and_register_request(made)
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti41", in_place(body))
    assert reply.answer.status is ResponseStatus.SUCCESS
    assert record.read(sent.entry.unique_id)[1][0].content == sent.content


# --- the same submission again ----------------------------------------------------------------------------------------


def test_the_same_submission_sent_again_is_harmless(record, codes):
    made = record.submission(record.document(number=1), record.document(number=2), folders=[record.folder()])
    assert not codes(record.send(made))
    before = record.house.stored()
    assert record.send(made).status is ResponseStatus.SUCCESS
    assert record.house.stored() == before
    assert record.last_line("iti41")["detail"] == "submitted again"


def at_once(record, submissions):
    """What six threads are told that send submissions at the same moment."""
    service = record.service()
    with ThreadPoolExecutor(len(submissions)) as pool:
        return list(pool.map(service.submit, submissions))


def test_the_same_submission_sent_by_six_threads_at_once_is_stored_once(record):
    made = record.submission(record.document(title="Une fois"))
    answers = at_once(record, [made] * 6)
    assert {answer.status for answer in answers} == {ResponseStatus.SUCCESS}
    assert record.titles() == ["Une fois"]


def test_of_six_replacements_sent_at_once_one_is_made(record, codes):
    old = record.add()
    answers = at_once(record, [record.replacement(old, title=f"Suite {number}")[1] for number in range(6)])
    told = sorted(codes(answer) for answer in answers)
    assert told == [[], *[["XDSRegistryDeprecatedDocumentError"]] * 5]
    assert len(record.titles()) == 1


def test_of_six_documents_of_one_unique_id_sent_at_once_one_is_stored(record, codes):
    first = record.document(title="Version 0")
    made = []
    for number in range(6):
        content = first.content.replace(b"Version 0", b"Version %d" % number)
        made.append(
            record.submission(replace(first, content=content, entry=replace(first.entry, title=f"Version {number}")))
        )
    told = sorted(codes(answer) for answer in at_once(record, made))
    assert told == [[], *[["XDSNonIdenticalHash"]] * 5]
    (title,) = record.titles()
    assert title.encode() in record.read(first.entry.unique_id)[1][0].content


def test_a_replacement_sent_again_is_harmless(record, codes):
    old = record.add()
    _, made = record.replacement(old)
    assert not codes(record.send(made))
    before = record.house.stored()
    assert record.send(made).status is ResponseStatus.SUCCESS
    assert record.house.stored() == before


def test_a_second_submission_that_adds_a_mask_is_not_the_same(record, codes):
    sent = record.document()
    made = record.submission(sent)
    record.send(made)
    masked = replace(sent, entry=record.document(masks=[MASQUE_PS]).entry)
    masked = replace(sent, entry=replace(sent.entry, confidentiality_codes=masked.entry.confidentiality_codes))
    again = record.submission(masked, change=lambda new: replace(new, submission_set=made.submission_set))
    assert codes(record.send(again)) == ["XDSDuplicateUniqueIdInRegistry"]


def test_a_submission_in_mtom_is_answered_in_mtom_refused_or_not(record):
    """ITI TF-2 §3.41.4.2.2: the response too, though it carries nothing binary."""
    accepted, refused = record.submission(record.document()), record.submission(record.document(number=2))
    for submission, edit in ((accepted, None), (refused, lambda body: body.replace(b"urn:oasis", b"urn:other"))):
        reply = record.send_raw(submission, edit)
        assert reply.headers["content-type"].startswith('multipart/related; type="application/xop+xml"')
    assert reply.codes


def test_a_submission_in_a_plain_envelope_is_answered_plainly(record):
    sent = record.document()
    body, ((_, _, content),) = provide_and_register_request(record.submission(sent, signed=False))
    inline = re.sub(rb"<xop:Include[^>]*/>", base64.b64encode(content), body)
    who = MEDECIN_TRAITANT
    action = BY_TRANSACTION["iti41"].action
    _, envelope = record.house.message(who, record.identifier, "iti57", inline, action=action)
    reply = record.house.post("iti41", "application/soap+xml; charset=UTF-8", envelope, by=who)
    assert reply.headers["content-type"].startswith("application/soap+xml")
    assert reply.codes == ["CarnetSubmissionSignatureInvalid"]
