"""What the door hands to a transaction, and what a transaction hands back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from carnet.errors import CarnetError
from carnet.requester import Requester
from carnet.soap.envelope import Envelope
from carnet.soap.faults import RegistryErrorItem, is_fault, registry_errors_for
from carnet.soap.mtom import Message
from carnet.soap.registry_answers import ResponseStatus, registry_response, status_for

OUTCOMES = {
    ResponseStatus.SUCCESS: "success",
    ResponseStatus.PARTIAL_SUCCESS: "partial",
    ResponseStatus.FAILURE: "failure",
}


@dataclass(frozen=True, slots=True)
class Request:
    """An authenticated request, taken apart."""

    envelope: Envelope
    message: Message
    requester: Requester


@dataclass(frozen=True, slots=True)
class Reply:
    """The element for the SOAP body (in pieces when it is long), the documents beside it as (Content-ID, type, bytes), and the outcome for the figures."""

    body: bytes | Sequence[bytes]
    parts: Iterable[tuple[str, str, bytes]] = ()
    outcome: str = "success"


def errors_or_raise(error: CarnetError, transaction: str) -> tuple[RegistryErrorItem, ...]:
    """The RegistryErrors of an error that the protocol answers in its response; raises the error again when it is a fault."""
    if is_fault(error):
        raise error
    return registry_errors_for(error, transaction)


def registry_reply(items: tuple[RegistryErrorItem, ...]) -> Reply:
    """The reply to ITI-41 and ITI-57: Success unless one of the items is an error."""
    status = status_for(items)
    return Reply(registry_response(status, items), outcome=OUTCOMES[status])
