"""Which transaction a message asks for: by the element in its body, with the action string as a check.

Care software writes the action in several ways, so an unknown action is accepted; the action of another transaction is not, for a
message must not be one thing to whoever routes it and another to whoever reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from carnet.errors import MalformedMessage, UnsupportedOperation
from carnet.soap.envelope import Envelope
from carnet.soap.hl7v3 import reason_of
from carnet.soap.namespaces import (
    ADHOC_QUERY_REQUEST,
    PROVIDE_AND_REGISTER_REQUEST,
    RETRIEVE_REQUEST,
    SUBMIT_OBJECTS_REQUEST,
)
from carnet.soap.patient_operations import OTHER_ACTIONS, PATIENT_OPERATIONS, PatientOperation


@dataclass(frozen=True, slots=True)
class Operation:
    """A transaction of the XDS services: its name here, its service, the element of its request and its two wsa:Actions."""

    transaction: str
    service: str
    element: str
    action: str
    response_action: str


OPERATIONS = (
    Operation(  # ITI TF-2 §3.18.7.1; the DMP's TD3.1
        "iti18",
        "registry",
        ADHOC_QUERY_REQUEST,
        "urn:ihe:iti:2007:RegistryStoredQuery",
        "urn:ihe:iti:2007:RegistryStoredQueryResponse",
    ),
    Operation(  # ITI TF-2 §3.41.6.1; TD2.1, TD2.2
        "iti41",
        "repository",
        PROVIDE_AND_REGISTER_REQUEST,
        "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
        "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
    ),
    Operation(  # ITI TF-2 §3.43.6.1; TD3.2
        "iti43",
        "repository",
        RETRIEVE_REQUEST,
        "urn:ihe:iti:2007:RetrieveDocumentSet",
        "urn:ihe:iti:2007:RetrieveDocumentSetResponse",
    ),
    Operation(  # metadata update supplement §3.57; TD3.3; the hyphen is the DMP's
        "iti57",
        "registry",
        SUBMIT_OBJECTS_REQUEST,
        "urn:ihe:iti:2010:UpdateDocumentSet",
        "urn:ihe:iti:2010:UpdateDocumentSet-Response",
    ),
)

AnyOperation = Operation | PatientOperation
BY_TRANSACTION: dict[str, AnyOperation] = {one.transaction: one for one in (*OPERATIONS, *PATIENT_OPERATIONS)}
_BY_ELEMENT: dict[str, tuple[AnyOperation, ...]] = {
    element: tuple(one for one in BY_TRANSACTION.values() if one.element == element)
    for element in {one.element for one in BY_TRANSACTION.values()}
}
_ELEMENT_OF_ACTION = (
    {operation.action: operation.element for operation in BY_TRANSACTION.values()}
    | OTHER_ACTIONS
    | {
        # as the official sample client writes them
        "urn:ihe:iti:xds-b:2007:RegistryStoredQuery-b": ADHOC_QUERY_REQUEST,
        "urn:ihe:iti:xds-b:2007:ProvideAndRegisterDocumentSet-b": PROVIDE_AND_REGISTER_REQUEST,
        "urn:ihe:iti:xds-b:2007:RetrieveDocumentSet-b": RETRIEVE_REQUEST,
        "urn:ihe:iti:xds-b:2007:UpdateDocumentSet-b": SUBMIT_OBJECTS_REQUEST,
    }
)


def operation_of(envelope: Envelope) -> AnyOperation:
    """The transaction of a request: by its element, and by its reasonCode where an element carries several.

    Raises UnsupportedOperation when the body's element or its reason is none of ours, MalformedMessage when wsa:Action is another
    transaction's.
    """
    element = envelope.body_element.tag
    operations = _BY_ELEMENT.get(element, ())
    if not operations:
        raise UnsupportedOperation("The element in the SOAP body is not a request of this service.")
    if _ELEMENT_OF_ACTION.get(envelope.action, element) != element:
        raise MalformedMessage("wsa:Action and the element in the SOAP body belong to different transactions.")
    if len(operations) == 1:
        return operations[0]
    reason = reason_of(envelope.body_element)
    for operation in operations:
        if isinstance(operation, PatientOperation) and operation.reason == reason:
            return operation
    raise UnsupportedOperation("The reasonCode of the control act is not one of this request.")
