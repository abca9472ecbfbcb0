from dataclasses import replace

import pytest

from carnet import hardened_xml
from carnet.document_query import FindDocuments, ReturnType
from carnet.metadata import Association, AssociationType, Code, Document, Folder
from carnet.soap import envelope, mtom
from carnet.soap.messages import adhoc_query_request, provide_and_register_request, quoted, update_request
from carnet.soap.query_parameters import stored_query
from carnet.soap.query_table import BY_NAME
from carnet.soap.submission_parse import provide_and_register, update


def test_a_submission_goes_through_the_wire_unchanged(submission, make_entry):
    second = make_entry(entry_uuid="Document02", unique_id="1.2.250.1.999.1.2", mime_type="application/pdf")
    sent = replace(
        submission,
        entries=(*submission.entries, second),
        folders=(Folder("Folder01", "1.2.250.1.999.4", second.patient_id, (Code("F", "1.2.3", "f"),), "Suivi"),),
        documents=(*submission.documents, Document("Document02", bytes(range(256)))),
    )
    body, parts = provide_and_register_request(sent)
    assert [kind for _, kind, _ in parts] == ["text/xml", "application/pdf"]
    kind, chunks = mtom.write(envelope.write_request("urn:a", "urn:m", body), parts, "0a1b2c")
    message = mtom.split(kind, b"".join(chunks), maximum_parts=3)
    read = provide_and_register(envelope.parse(message.root), message.parts)
    assert read.submission == sent
    assert read.warnings == ()


def test_an_update_goes_through_the_wire_unchanged(submission, envelope_of):
    link = Association(
        "a2", AssociationType.HAS_MEMBER, "SubmissionSet01", "Document01", previous_version=3, propagate=False
    )
    sent = replace(submission, associations=(link,))
    assert update(envelope_of(update_request(sent)), {}).submission == replace(sent, documents=())


def test_a_document_without_entry_is_sent_as_octets(submission):
    _, parts = provide_and_register_request(replace(submission, documents=(Document("Other", b""),)))
    assert parts == [("document1@carnet", "application/octet-stream", b"")]


@pytest.mark.parametrize("name", ["%O'BRIEN%", "a,b", "('x')", ""])
def test_a_query_goes_through_the_wire_unchanged(name):
    slots = [
        ("$XDSDocumentEntryPatientId", ["'299019912345680^^^&1.2.250.1.213.1.4.10&ISO^NH'"]),
        ("$XDSDocumentEntryStatus", [quoted("urn:oasis:names:tc:ebxml-regrep:StatusType:Approved")]),
        ("$XDSDocumentEntryAuthorPerson", [quoted(name, "second")]),
    ]
    body = adhoc_query_request(BY_NAME["FindDocuments"].uuid, ReturnType.OBJECT_REF, slots, composed=False)
    read = stored_query(hardened_xml.parse(body))
    assert (read.return_type, read.composed) == (ReturnType.OBJECT_REF, False)
    assert isinstance(read.query, FindDocuments)
    assert read.query.author_persons == (name, "second")
