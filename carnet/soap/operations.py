"""Which transaction a message asks for: by the element in its body, with the action string as a check.

Care software writes the action in several ways, so an unknown action is accepted; the action of another transaction is not, for a
message must not be one thing to whoever routes it and another to whoever reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from carnet.errors import MalformedMessage, UnsupportedOperation
from carnet.soap.envelope import Envelope
from carnet.soap.namespaces import (
    ADHOC_QUERY_REQUEST,
    PROVIDE_AND_REGISTER_REQUEST,
    RETRIEVE_REQUEST,
    SUBMIT_OBJECTS_REQUEST,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A transaction of the XDS services: its name here, the element of its request and its two wsa:Actions."""

    transaction: str
    element: str
    action: str
    response_action: str


OPERATIONS = (
    Operation(  # ITI TF-2 §3.18.7.1; the DMP's TD3.1
        "iti18",
        ADHOC_QUERY_REQUEST,
        "urn:ihe:iti:2007:RegistryStoredQuery",
        "urn:ihe:iti:2007:RegistryStoredQueryResponse",
    ),
    Operation(  # ITI TF-2 §3.41.6.1; TD2.1, TD2.2
        "iti41",
        PROVIDE_AND_REGISTER_REQUEST,
        "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
        "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
    ),
    Operation(  # ITI TF-2 §3.43.6.1; TD3.2
        "iti43",
        RETRIEVE_REQUEST,
        "urn:ihe:iti:2007:RetrieveDocumentSet",
        "urn:ihe:iti:2007:RetrieveDocumentSetResponse",
    ),
    Operation(  # metadata update supplement §3.57; TD3.3; the hyphen is the DMP's
        "iti57",
        SUBMIT_OBJECTS_REQUEST,
        "urn:ihe:iti:2010:UpdateDocumentSet",
        "urn:ihe:iti:2010:UpdateDocumentSet-Response",
    ),
)

_BY_ELEMENT = {operation.element: operation for operation in OPERATIONS}
BY_TRANSACTION = {operation.transaction: operation for operation in OPERATIONS}

_TRANSACTION_OF_ACTION = {operation.action: operation.transaction for operation in OPERATIONS} | {
    # as the official sample client writes them
    "urn:ihe:iti:xds-b:2007:RegistryStoredQuery-b": "iti18",
    "urn:ihe:iti:xds-b:2007:ProvideAndRegisterDocumentSet-b": "iti41",
    "urn:ihe:iti:xds-b:2007:RetrieveDocumentSet-b": "iti43",
    "urn:ihe:iti:xds-b:2007:UpdateDocumentSet-b": "iti57",
}


def operation_of(envelope: Envelope) -> Operation:
    """The transaction of a request.

    Raises UnsupportedOperation when the body's element is none of ours, MalformedMessage when wsa:Action is another transaction's.
    """
    operation = _BY_ELEMENT.get(envelope.body_element.tag)
    if operation is None:
        raise UnsupportedOperation("The element in the SOAP body is not a request of this service.")
    if _TRANSACTION_OF_ACTION.get(envelope.action, operation.transaction) != operation.transaction:
        raise MalformedMessage("wsa:Action and the element in the SOAP body belong to different transactions.")
    return operation
