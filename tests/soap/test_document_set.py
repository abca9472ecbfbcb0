import pytest

from carnet.errors import MalformedMessage
from carnet.soap import envelope, mtom
from carnet.soap.answer_parse import registry_answer
from carnet.soap.document_set import (
    DocumentRequest,
    RetrievedDocument,
    requested_documents,
    retrieve_request,
    retrieve_response,
    retrieved_documents,
)
from carnet.soap.faults import RegistryErrorItem
from carnet.soap.registry_answers import ResponseStatus

REPOSITORY = "1.2.250.1.213.4.1.1.1.2"
ERROR = RegistryErrorItem("XDSDocumentUniqueIdError", "No such document.", "1.2.250.1.999.1.9")


def test_a_request_is_read_as_it_was_written(envelope_of):
    wanted = (DocumentRequest(REPOSITORY, "1.2.250.1.999.1.1"), DocumentRequest(REPOSITORY, "<&>"))
    assert requested_documents(envelope_of(retrieve_request(wanted)), {}) == wanted


def test_a_soap_11_request_is_read(read_message):
    found = requested_documents(envelope.parse(read_message("soap11")), {})
    assert found == (DocumentRequest(REPOSITORY, "1.2.250.1.999.1.1"),)


@pytest.mark.parametrize("wanted", [(), (DocumentRequest("", "1.2"),), (DocumentRequest(REPOSITORY, ""),)])
def test_a_request_names_documents_in_full(envelope_of, wanted):
    with pytest.raises(MalformedMessage):
        requested_documents(envelope_of(retrieve_request(wanted)), {})


def test_a_request_carries_no_document(envelope_of):
    request = envelope_of(retrieve_request([DocumentRequest(REPOSITORY, "1.2")]))
    with pytest.raises(MalformedMessage):
        requested_documents(request, {"a": mtom.Part(memoryview(b"1"), "text/xml")})


def test_an_answer_with_documents_is_read_as_it_was_written():
    documents = [
        RetrievedDocument(REPOSITORY, "1.2.250.1.999.1.1", "text/xml", b"<a/>"),
        RetrievedDocument(REPOSITORY, "1.2.250.1.999.1.2", "application/pdf", bytes(range(256))),
    ]
    names = ["1-2@urn:ihe:iti:xds-b:2007", "2-2@urn:ihe:iti:xds-b:2007"]
    body = retrieve_response(ResponseStatus.PARTIAL_SUCCESS, documents, names, [ERROR])
    assert b'href="cid:1-2@urn%3Aihe%3Aiti%3Axds-b%3A2007"' in body
    parts = [(name, item.mime_type, item.content) for name, item in zip(names, documents, strict=True)]
    kind, chunks = mtom.write(envelope.write("urn:a", "urn:b", body, "urn:c"), parts, "0a1b2c")
    message = mtom.split(kind, b"".join(chunks), maximum_parts=3)
    read = envelope.parse(message.root)
    assert retrieved_documents(read, message.parts) == tuple(documents)
    assert registry_answer(read).status is ResponseStatus.PARTIAL_SUCCESS
    assert registry_answer(read).errors == (ERROR,)


def test_an_answer_without_documents_tells_its_errors(envelope_of):
    read = envelope_of(retrieve_response(ResponseStatus.FAILURE, [], [], [ERROR]))
    assert retrieved_documents(read, {}) == ()
    assert registry_answer(read).errors == (ERROR,)
