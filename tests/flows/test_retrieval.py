"""Reading documents through the door (ITI TF-2 §3.43; NIST 12021, 15816): byte for byte, in order, and nothing of what is damaged."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace

import pytest

from carnet.cda.formats import DICOM, KOS_FORMAT
from carnet.client.feeding import from_cda
from carnet.demo.dicom_manifest import manifest
from carnet.demo.documents import level_1, new_oid, self_presenting
from carnet.demo.payloads import MEDIA_TYPES
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.metadata import AvailabilityStatus, Code
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.document_set import DocumentRequest, retrieve_request
from carnet.soap.messages import quoted
from carnet.soap.mtom import split

XDSB = "urn:ihe:iti:xds-b:2007"


def codes_and_locations(answer):
    return [(item.code, item.location) for item in answer.errors]


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_file_of_any_kind_comes_back_byte_for_byte(record, media_type):
    sent = record.document(media_type=media_type)
    record.put(sent)
    answer, (document,) = record.read(sent.entry.unique_id)
    assert (document.content, document.mime_type) == (sent.content, "text/xml")
    assert (document.unique_id, document.repository_unique_id) == (sent.entry.unique_id, record.house.repository)
    assert answer.status is ResponseStatus.SUCCESS


def test_a_self_presenting_document_keeps_its_media_type(record):
    sent = from_cda(self_presenting(level_1(record.draft())))
    assert sent.entry.mime_type == "application/xslt+xml"
    record.put(sent)
    (document,) = record.read(sent.entry.unique_id)[1]
    assert (document.content, document.mime_type) == (sent.content, "application/xslt+xml")


def test_a_document_of_megabytes_comes_back_byte_for_byte(record):
    sent = record.document(media_type="application/pdf", size=6_000_000)
    assert len(sent.content) > 5_500_000
    record.put(sent)
    assert record.read(sent.entry.unique_id)[1][0].content == sent.content


def test_a_manifest_of_images_is_found_by_its_study_and_comes_back_byte_for_byte(record):
    study = new_oid()
    draft = record.draft(title="Scanner")
    content = manifest(draft, study)
    sent = replace(record.document(title="Scanner", unique_id=draft.unique_id), content=content)
    image = {
        "type_code": Code("IMG-KOS", "1.2.250.1.213.1.1.4.12"),
        "class_code": Code("31", "1.2.250.1.213.1.1.4.1"),
        "format_code": KOS_FORMAT,
        "mime_type": DICOM,
        "reference_ids": (f"{study}^^^&1.2.840.10008.2.6.1&ISO^urn:ihe:iti:xds:2016:studyInstanceUID",),
    }
    record.put(replace(sent, entry=replace(sent.entry, **image)))
    slots = [("$XDSDocumentEntryReferenceIdList", quoted(*image["reference_ids"]))]
    assert record.titles(*slots) == ["Scanner"]
    (document,) = record.read(draft.unique_id)[1]
    assert (document.content, document.mime_type) == (content, DICOM)


def test_several_documents_come_in_the_order_asked_for(record):
    sent = [record.document(number=number, title=f"Document {number}") for number in (1, 2, 3)]
    record.put(*sent)
    wanted = [sent[index].entry.unique_id for index in (2, 0, 1)]
    answer, documents = record.read(*wanted)
    assert [document.unique_id for document in documents] == wanted
    assert [document.content for document in documents] == [sent[index].content for index in (2, 0, 1)]
    assert answer.status is ResponseStatus.SUCCESS


def test_an_unknown_document_is_named_and_the_others_are_given(record):
    entry, unknown = record.add(), new_oid()
    answer, documents = record.read(entry.unique_id, unknown)
    assert answer.status is ResponseStatus.PARTIAL_SUCCESS
    assert codes_and_locations(answer) == [("XDSDocumentUniqueIdError", unknown)]
    assert [document.unique_id for document in documents] == [entry.unique_id]


def test_nothing_but_unknown_documents_is_a_failure(record):
    answer, documents = record.read(new_oid(), new_oid())
    assert answer.status is ResponseStatus.FAILURE
    assert [item.code for item in answer.errors] == ["XDSDocumentUniqueIdError"] * 2
    assert documents == ()


def test_another_repository_is_unknown(record):
    entry = record.add()
    answer, documents = record.read(entry.unique_id, repository="1.2.3.4")
    assert answer.status is ResponseStatus.FAILURE
    assert codes_and_locations(answer) == [("XDSUnknownRepositoryId", "1.2.3.4")]
    assert documents == ()


def test_a_document_of_another_patient_is_as_unknown_as_any(record, other_record):
    theirs = other_record.add()
    answers = [record.read(name)[0] for name in (theirs.unique_id, new_oid())]
    assert [item.code for item in answers[0].errors] == [item.code for item in answers[1].errors]
    assert answers[0].errors[0].context == answers[1].errors[0].context


@pytest.mark.parametrize("end", ["replaced", "archived", "updated"])
def test_a_document_that_is_no_longer_current_is_still_read(record, end):
    sent = record.document()
    entry = record.put(sent)
    if end == "replaced":
        assert not record.send(record.replacement(entry)[1]).errors
    elif end == "archived":
        assert not record.set_status(entry, AvailabilityStatus.ARCHIVED).errors
    else:
        assert not record.mask(entry, ["MASQUE_PS"]).errors
    assert record.read(entry.unique_id)[1][0].content == sent.content


def test_the_trace_names_the_documents_that_were_given_and_no_others(record):
    entry = record.add()
    record.read(entry.unique_id, new_oid())
    line = record.last_line("iti43")
    assert (line["outcome"], line["objects"], line["detail"]) == ("done", (entry.unique_id,), "1 of 2")
    assert line["requester_id"] == MEDECIN_TRAITANT.identifier


# --- the form of the answer -------------------------------------------------------------------------------------------


def ask(record, body, parts=()):
    return record.house.call(MEDECIN_TRAITANT, record.identifier, "iti43", body, parts)


def test_each_document_is_an_attachment_of_a_multipart_answer(record):
    sent = [record.document(number=number) for number in (1, 2)]
    record.put(*sent)
    wanted = [DocumentRequest(record.house.repository, one.entry.unique_id) for one in sent]
    reply = ask(record, retrieve_request(wanted))
    assert reply.headers["content-type"].startswith('multipart/related; type="application/xop+xml"')
    message = split(reply.headers["content-type"], reply.content, maximum_parts=9)
    assert [bytes(part.content) for part in message.parts.values()] == [one.content for one in sent]
    references = re.findall(rb'href="cid:([^"]+)"', message.root)
    assert len(references) == 2
    assert all(reference.endswith(b"@urn%3Aihe%3Aiti%3Axds-b%3A2007") for reference in references)


def test_a_failure_is_multipart_too(record):
    reply = ask(record, retrieve_request([DocumentRequest("1.2.3", new_oid())]))
    assert reply.headers["content-type"].startswith("multipart/related")
    assert reply.codes == ["XDSUnknownRepositoryId"]


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<xdsb:DocumentRequest/>",
        "<xdsb:DocumentRequest><xdsb:RepositoryUniqueId>1.2</xdsb:RepositoryUniqueId></xdsb:DocumentRequest>",
        "<xdsb:DocumentRequest><xdsb:DocumentUniqueId>1.2</xdsb:DocumentUniqueId></xdsb:DocumentRequest>",
    ],
    ids=["none", "empty", "no document", "no repository"],
)
def test_a_request_that_names_no_document_is_a_fault_in_multipart(record, inside):
    body = f'<xdsb:RetrieveDocumentSetRequest xmlns:xdsb="{XDSB}">{inside}</xdsb:RetrieveDocumentSetRequest>'
    reply = ask(record, body.encode())
    assert reply.headers["content-type"].startswith("multipart/related")
    assert reply.codes == ["Sender"]


def test_a_request_names_at_most_so_many_documents(record):
    entry = record.add()
    limit = record.house.stage.settings.maximum_documents
    one = DocumentRequest(record.house.repository, entry.unique_id)
    assert len(ask(record, retrieve_request([one] * limit)).documents) == limit
    assert ask(record, retrieve_request([one] * (limit + 1))).codes == ["Sender"]


def test_a_request_that_carries_a_document_is_a_fault(record):
    body = retrieve_request([DocumentRequest(record.house.repository, new_oid())])
    carrying = body.replace(
        b"</xdsb:RetrieveDocumentSetRequest>", b"<xdsb:Document>AAAA</xdsb:Document></xdsb:RetrieveDocumentSetRequest>"
    )
    assert ask(record, carrying).codes == ["Sender"]


def test_a_community_in_the_request_does_not_disturb(record):
    entry = record.add()
    body = retrieve_request([DocumentRequest(record.house.repository, entry.unique_id)])
    named = body.replace(
        b"<xdsb:RepositoryUniqueId>",
        b"<xdsb:HomeCommunityId>urn:oid:1.2.3</xdsb:HomeCommunityId><xdsb:RepositoryUniqueId>",
    )
    assert len(ask(record, named).documents) == 1


# --- damage -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def damaged(record, unique_id):
    """One bit of the stored document is another while this lasts."""
    ((segment, start, length),) = record.house.rows(
        'SELECT segment, "offset", length FROM stored_document WHERE unique_id = ?', unique_id
    )
    (path,) = (record.house.stage.home / "documents").rglob(segment)
    with path.open("r+b") as file:
        place = start + length // 2
        file.seek(place)
        (before,) = file.read(1)
        file.seek(place)
        file.write(bytes([before ^ 1]))
        file.flush()
        try:
            yield
        finally:
            file.seek(place)
            file.write(bytes([before]))


def test_nothing_of_a_damaged_document_is_shown_and_the_others_are_given(record):
    bad, good = record.put(record.document(number=1, size=30_000), record.document(number=2))
    with damaged(record, bad.unique_id):
        answer, documents = record.read(bad.unique_id, good.unique_id)
        alone, nothing = record.read(bad.unique_id)
    assert answer.status is ResponseStatus.PARTIAL_SUCCESS
    assert [item.code for item in answer.errors] == ["XDSRepositoryError"]
    assert [document.unique_id for document in documents] == [good.unique_id]
    assert (alone.status, nothing) == (ResponseStatus.FAILURE, ())
    assert len(record.read(bad.unique_id)[1]) == 1


def test_what_is_stored_on_disk_shows_nothing_of_a_document(record):
    word = b"Melampyre-des-pres"
    sent = record.document(title=word.decode())
    assert word in sent.content
    record.put(sent)
    home = record.house.stage.home
    files = [*(home / "documents").rglob("*.seg"), *home.glob("carnet.db*"), home / "server.log"]
    assert all(word not in file.read_bytes() for file in files)
    assert all(record.identifier.value.encode() not in file.read_bytes() for file in files)
