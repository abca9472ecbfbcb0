"""The SOAP door: from the bytes of a request to the bytes of an answer. It authenticates and translates; acts and the gate do the rest.

Every path ends in an answer of the protocol: a response, or a SOAP fault whose wording tells a stranger nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from carnet.errors import Busy, CarnetError, Unauthenticated, Unavailable, UnsupportedOperation
from carnet.kill_points import reached
from carnet.platform import Platform
from carnet.record.gate import Attempt, Gate
from carnet.requester import AccessMode, Requester
from carnet.soap import authorizations, iti18, iti41, iti43, iti57, mtom, patient_records, patients_specific
from carnet.soap import envelope as soap_envelope
from carnet.soap.envelope import Envelope
from carnet.soap.exchange import Reply, Request
from carnet.soap.faults import fault_for, is_fault
from carnet.soap.mtom import Message
from carnet.soap.operations import BY_TRANSACTION, AnyOperation, operation_of
from carnet.soap.security import VihfRules, authenticate
from carnet.terminology.value_sets import value_set

_LOG = logging.getLogger("carnet.soap")
SOAP_TYPE = "application/soap+xml; charset=UTF-8"
LARGE = 512 * 1024
"""Requests of more bytes than this are read beside the event loop, so that they do not hold up the small ones."""

Handler = Callable[[Platform, Gate, Request], Awaitable[Reply]]
HANDLERS: dict[str, Handler] = {
    "iti18": iti18.handle,
    "iti41": iti41.handle,
    "iti43": iti43.handle,
    "iti57": iti57.handle,
    "td0.2": patient_records.test_existence,
    "td0.3": authorizations.set_authorization,
    "td0.4": patients_specific.list_patients,
    "td0.5": patient_records.find,
    "td1.1": patient_records.create_record,
    "td1.2": patient_records.reactivate_record,
    "td1.3a": patient_records.read_administrative_data,
    "td1.3b": patient_records.change_administrative_data,
    "td1.4": patient_records.close_record,
    "td1.5a": patients_specific.create_patient_access,
    "td1.5b": patients_specific.update_one_time_password,
    "td1.5d": patients_specific.update_patient_access,
    "td1.6": authorizations.list_authorizations,
}
ALWAYS_MULTIPART = frozenset({"iti43"})
"""Transactions whose answers are MTOM even when they are faults (protocols §5)."""
URGENT = frozenset({"iti57", "td0.3"})
"""Transactions by which documents are masked and people blocked: they must not wait behind reads."""
MULTIPART_WHEN_ASKED_SO = frozenset({"iti41"})
"""MTOM too (ITI TF-2 §3.41.4.2.2), unless the request came as a plain envelope, which is a lenience of ours."""


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request: the service (last segment of the path), what was sent, the peer's certificate (DER) and address."""

    service: str
    content_type: str
    body: bytes
    certificate: bytes | None
    address: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, with what the operator's figures say of it.

    `urgent` is whether it was to an identified caller who masked, blocked, or came in an emergency.
    """

    status: int
    content_type: str
    chunks: list[bytes]
    transaction: str
    outcome: str
    retry_after: int = 0
    urgent: bool = False


class SoapDoor:
    """Answers the calls of one worker."""

    def __init__(self, platform: Platform, gate: Gate) -> None:
        self.platform = platform
        self.gate = gate
        self.rules = VihfRules(
            platform.settings, platform.certificates, roles=value_set("J65").contains, sectors=value_set("J61").contains
        )

    async def handle(self, call: Call) -> Answer:
        """Answers one call; never raises for what the caller did."""
        transaction, relates_to, multipart, urgent = "unknown", "", False, False
        try:
            message, envelope = await self._aside(call, self._read, call)
            reached("request-read")
            relates_to = envelope.message_id
            operation = operation_of(envelope)
            transaction = operation.transaction
            multipart = _in_multipart(transaction, message)
            handler = _handler_of(transaction, call.service)
            requester = self._authenticate(call, envelope, transaction)
            urgent = transaction in URGENT or requester.mode is not AccessMode.NORMAL
            request = Request(envelope, message, requester)
            reply = await handler(self.platform, self.gate, request)
            answer = _answer(operation, reply, relates_to, multipart=multipart)
        except CarnetError as error:
            answer = self.refuse(error, transaction=transaction, relates_to=relates_to, multipart=multipart)
        except Exception as error:  # noqa: BLE001 - every path ends in an answer
            reference = secrets.token_hex(6)
            _LOG.exception("a request failed", extra={"reference": reference, "transaction": transaction})
            answer = self.refuse(
                error, transaction=transaction, relates_to=relates_to, reference=reference, multipart=multipart
            )
        return replace(answer, urgent=True) if urgent else answer

    def refuse(
        self,
        error: BaseException,
        *,
        transaction: str = "unknown",
        relates_to: str = "",
        reference: str = "",
        multipart: bool = False,
    ) -> Answer:
        """The SOAP fault of an error, in MTOM where the answer would have been."""
        status, body = fault_for(error, relates_to=relates_to, message_id=new_message_id(), reference=reference)
        outcome = "fault" if isinstance(error, CarnetError) and is_fault(error) else "error"
        retry_after = 0
        if isinstance(error, Unavailable):
            retry_after = error.retry_after if isinstance(error, Busy) else 1
        if multipart:
            content_type, chunks = mtom.write(body, (), secrets.token_hex(16))
            return Answer(status, content_type, chunks, transaction, outcome, retry_after)
        return Answer(status, SOAP_TYPE, [body], transaction, outcome, retry_after)

    async def _aside(
        self, call: Call, work: Callable[[Call], tuple[Message, Envelope]], argument: Call
    ) -> tuple[Message, Envelope]:
        return await asyncio.to_thread(work, argument) if len(call.body) > LARGE else work(argument)

    def _read(self, call: Call) -> tuple[Message, Envelope]:
        message = mtom.split(call.content_type, call.body, maximum_parts=self.platform.settings.maximum_parts)
        return message, soap_envelope.parse(message.root)

    def _authenticate(self, call: Call, envelope: Envelope, transaction: str) -> Requester:
        try:
            return authenticate(envelope.root, call.certificate, call.address, self.rules, self.platform.clock())
        except Unauthenticated as error:
            reason = "; ".join([type(error).__name__, *getattr(error, "__notes__", ())])
            _LOG.info("refused a caller", extra={"transaction": transaction, "reason": reason})
            if call.certificate is not None:
                fingerprint = hashlib.sha256(call.certificate).hexdigest()
                self.gate.note(Attempt(transaction, call.address, fingerprint, reason))
            raise


def _handler_of(transaction: str, service: str) -> Handler:
    if BY_TRANSACTION[transaction].service != service:
        raise UnsupportedOperation("This request belongs to another service.")
    return HANDLERS[transaction]


def new_message_id() -> str:
    """A wsa:MessageID of our own."""
    return f"urn:uuid:{uuid.uuid4()}"


def _in_multipart(transaction: str, message: Message) -> bool:
    return transaction in ALWAYS_MULTIPART or (transaction in MULTIPART_WHEN_ASKED_SO and message.multipart)


def _answer(operation: AnyOperation, reply: Reply, relates_to: str, *, multipart: bool) -> Answer:
    pieces = soap_envelope.write_in_pieces(operation.response_action, relates_to, reply.body, new_message_id())
    if multipart:
        content_type, chunks = mtom.write(b"".join(pieces), reply.parts, secrets.token_hex(16))
    else:
        content_type, chunks = SOAP_TYPE, pieces
    return Answer(200, content_type, chunks, operation.transaction, reply.outcome)
