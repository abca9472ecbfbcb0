"""ITI-18 Registry Stored Query (TD3.1): ITI TF-2 §3.18."""

from __future__ import annotations

from typing import Any

from carnet.document_query import ReturnType
from carnet.errors import CarnetError, MalformedMessage
from carnet.platform import Platform
from carnet.record.act import Act, failed
from carnet.record.gate import Gate
from carnet.record.search import search
from carnet.soap.exchange import OUTCOMES, Reply, Request, errors_or_raise
from carnet.soap.query_parameters import stored_query
from carnet.soap.registry_answers import adhoc_query_response, status_for
from carnet.soap.xop import document_contents


async def handle(_platform: Platform, gate: Gate, request: Request) -> Reply:
    """Answers one stored query: metadata (LeafClass) or references (ObjectRef) of what this requester may see."""
    return_type, act = _asked(request)
    try:
        result = await gate.perform(request.requester, act)
    except CarnetError as error:
        items = errors_or_raise(error, "iti18")
        return Reply(adhoc_query_response(errors=items), outcome=OUTCOMES[status_for(items)])
    if return_type is ReturnType.LEAF_CLASS:
        return Reply(adhoc_query_response(result.objects))
    return Reply(adhoc_query_response(object_refs=result.references))


def _asked(request: Request) -> tuple[ReturnType, Act[Any]]:
    try:
        if document_contents(request.envelope.root, request.message.parts):
            raise MalformedMessage("A query carries no document.")
        asked = stored_query(request.envelope.body_element)
    except CarnetError as error:
        return ReturnType.OBJECT_REF, failed("iti18", error)
    return asked.return_type, search(asked.query, asked.return_type)
