"""ITI-43 Retrieve Document Set (TD3.2): ITI TF-2 §3.43. Answers are MTOM, each document a part, read whole and checked before it leaves."""

from __future__ import annotations

import secrets

from carnet.errors import CarnetError, TooLarge
from carnet.platform import Platform
from carnet.record.act import Act, failed
from carnet.record.gate import Gate
from carnet.record.retrieval import Located, Wanted, fetch, retrieve
from carnet.soap.document_set import RetrievedDocument, requested_documents, retrieve_response
from carnet.soap.exchange import OUTCOMES, Reply, Request, errors_or_raise
from carnet.soap.faults import RegistryErrorItem
from carnet.soap.registry_answers import status_for


async def handle(platform: Platform, gate: Gate, request: Request) -> Reply:
    """Gives each document that the requester may read; for the others an error each, the same for absent and hidden."""
    try:
        answers = await gate.perform(request.requester, _asked(platform, request))
    except CarnetError as error:
        return _reply([], list(errors_or_raise(error, "iti43")))
    documents: list[RetrievedDocument] = []
    errors: list[RegistryErrorItem] = []
    for answer in answers:
        try:
            documents.append(await _read(platform, answer))
        except CarnetError as error:
            errors.extend(errors_or_raise(error, "iti43"))
    return _reply(documents, errors)


def _asked(platform: Platform, request: Request) -> Act[tuple[Located | CarnetError, ...]]:
    try:
        asked = requested_documents(request.envelope, request.message.parts)
        if len(asked) > platform.settings.maximum_documents:
            raise TooLarge(f"At most {platform.settings.maximum_documents} documents are given at once.")
    except CarnetError as error:
        return failed("iti43", error)
    return retrieve(tuple(Wanted(item.repository_unique_id, item.unique_id) for item in asked))


def _reply(documents: list[RetrievedDocument], errors: list[RegistryErrorItem]) -> Reply:
    status = status_for(errors, found=bool(documents))
    names = [f"{number}.{secrets.token_hex(8)}@urn:ihe:iti:xds-b:2007" for number, _ in enumerate(documents, start=1)]
    body = retrieve_response(status, documents, names, errors)
    parts = [(name, item.mime_type, item.content) for name, item in zip(names, documents, strict=True)]
    return Reply(body, parts, OUTCOMES[status])


async def _read(platform: Platform, answer: Located | CarnetError) -> RetrievedDocument:
    if isinstance(answer, CarnetError):
        raise answer
    wanted = answer.wanted
    content = await fetch(platform, answer)
    return RetrievedDocument(wanted.repository_unique_id, wanted.document_unique_id, answer.mime_type, content)
