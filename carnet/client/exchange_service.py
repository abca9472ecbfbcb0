"""The XDS transactions as care software calls them, over HTTPS with a client certificate and a VIHF for each call."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

from carnet.client.caller import Caller
from carnet.client.vihf import security_header
from carnet.clock import Clock, system_clock
from carnet.document_query import ReturnType
from carnet.errors import CarnetError, ConfigurationError
from carnet.metadata import PatientIdentifier, Submission
from carnet.requester import AccessMode
from carnet.soap import mtom
from carnet.soap.answer_parse import QueryAnswer, RegistryAnswer, query_answer, registry_answer, soap_fault
from carnet.soap.document_set import DocumentRequest, RetrievedDocument, retrieve_request, retrieved_documents
from carnet.soap.envelope import Envelope, parse, write_request
from carnet.soap.messages import adhoc_query_request, provide_and_register_request, update_request
from carnet.soap.mtom import Message
from carnet.soap.operations import BY_TRANSACTION

BASE_PATH = "/si-dmp-server/v2/services"
MAXIMUM_PARTS = 1024


class CallFailed(CarnetError):
    """The service did not answer, answered with a SOAP fault, or not in the protocol; the message says which."""


@dataclass(slots=True)
class ExchangeService:
    """One service address seen by one caller. Use it as a context manager; it keeps its connections."""

    address: str
    caller: Caller
    authorities: str
    """PEM file or directory of the authorities that the server's certificate must come from."""
    purpose: AccessMode = AccessMode.NORMAL
    reason: str = ""
    base_path: str = BASE_PATH
    clock: Clock = system_clock
    recorder: list[tuple[str, bytes, bytes]] | None = None
    """When a list, each (transaction, request, answer) is appended to it: for the documentation's recorded messages."""
    _http: httpx.Client | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        """Opens the connection pool. Raises ConfigurationError when a certificate cannot be read."""
        try:
            context = ssl.create_default_context(cafile=self.authorities)
            context.load_cert_chain(*self.caller.connection_files)
        except OSError as error:
            raise ConfigurationError(f"The caller's or the authority's certificate cannot be read: {error}.") from error
        self._http = httpx.Client(verify=context, timeout=120, trust_env=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection pool."""
        if self._http is not None:
            self._http.close()

    def submit(self, submission: Submission) -> RegistryAnswer:
        """ITI-41: puts documents in."""
        body, parts = provide_and_register_request(submission)
        patient = submission.submission_set.patient_id
        _, envelope = self.call("iti41", patient, body, parts)
        return registry_answer(envelope)

    def search(
        self,
        patient: PatientIdentifier,
        query: str,
        parameters: Iterable[tuple[str, Sequence[str]]],
        *,
        return_type: ReturnType = ReturnType.LEAF_CLASS,
    ) -> QueryAnswer:
        """ITI-18: `query` is the stored query's UUID, `parameters` its slots with values already quoted, repeated ones meaning AND."""
        body = adhoc_query_request(query, return_type, parameters)
        _, envelope = self.call("iti18", patient, body)
        return query_answer(envelope)

    def retrieve(
        self, patient: PatientIdentifier, wanted: Iterable[DocumentRequest]
    ) -> tuple[RegistryAnswer, tuple[RetrievedDocument, ...]]:
        """ITI-43: reads documents."""
        message, envelope = self.call("iti43", patient, retrieve_request(wanted))
        return registry_answer(envelope), retrieved_documents(envelope, message.parts)

    def update(self, submission: Submission) -> RegistryAnswer:
        """ITI-57: changes visibility or status."""
        _, envelope = self.call("iti57", submission.submission_set.patient_id, update_request(submission))
        return registry_answer(envelope)

    def request(
        self,
        transaction: str,
        patient: PatientIdentifier | None,
        body: bytes,
        parts: Sequence[tuple[str, str, bytes]] = (),
    ) -> tuple[str, bytes]:
        """A complete HTTP request of a transaction: its Content-Type and its bytes."""
        action = BY_TRANSACTION[transaction].action
        assertion = self.caller.assertion(patient, self.clock(), purpose=self.purpose, reason=self.reason)
        envelope = write_request(action, f"urn:uuid:{uuid.uuid4()}", body, security=security_header(assertion))
        if parts or transaction in {"iti41", "iti43"}:
            content_type, chunks = mtom.write(envelope, parts, uuid.uuid4().hex, action=action)
            return content_type, b"".join(chunks)
        return f'application/soap+xml; charset=UTF-8; action="{action}"', envelope

    def url(self, transaction: str) -> str:
        """Where a transaction is offered."""
        return f"{self.address.rstrip('/')}{self.base_path}/{BY_TRANSACTION[transaction].service}"

    def call(
        self,
        transaction: str,
        patient: PatientIdentifier | None,
        body: bytes,
        parts: Sequence[tuple[str, str, bytes]] = (),
    ) -> tuple[Message, Envelope]:
        """Calls a transaction and returns its answer, taken apart. Raises CallFailed for a fault or no answer."""
        if self._http is None:
            raise CallFailed("The service is not open: use it as a context manager.")
        content_type, content = self.request(transaction, patient, body, parts)
        try:
            answer = self._http.post(self.url(transaction), content=content, headers={"content-type": content_type})
        except httpx.HTTPError as error:
            raise CallFailed(f"The service at {self.address} could not be called: {error}.") from error
        if self.recorder is not None:
            self.recorder.append((transaction, content, answer.content))
        if "xml" not in answer.headers.get("content-type", "") and "multipart" not in answer.headers.get(
            "content-type", ""
        ):
            raise CallFailed(f"The service answered with status {answer.status_code} and no SOAP message.")
        message = mtom.split(answer.headers["content-type"], answer.content, maximum_parts=MAXIMUM_PARTS)
        envelope = parse(message.root, addressing=False)
        fault = soap_fault(envelope)
        if fault is not None:
            raise CallFailed(f"{fault.subcode or fault.code}: {fault.reason}")
        return message, envelope
