"""The ASGI application: an explicit list of routes; limits apply before a body is read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from carnet.errors import CarnetError, MalformedMessage, TooLarge
from carnet.platform import Platform
from carnet.record.gate import Gate
from carnet.server.asking_witness import keep_asking, open_desk
from carnet.server.operation import Operation
from carnet.server.pieces import put_together
from carnet.server.transport import caller_address, caller_certificate
from carnet.soap.door import Answer, Call, SoapDoor

_LOG = logging.getLogger("carnet.server")
SOAP_SERVICES = ("registry", "repository", "patients", "patientsPDQ", "patientsSpecific", "habilitations")
"""The services of care software (protocols §1.1), each at its path; all behind certificate and VIHF."""


class SoapEndpoint:
    """One path of the SOAP services (protocols §1.1): reads the request within its limits, hands it to the door, sends the answer."""

    def __init__(self, service: str, platform: Platform, door: SoapDoor, operation: Operation) -> None:
        self.service = service
        self.platform = platform
        self.door = door
        self.operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call. Every request gets an answer in the protocol and one measure."""
        began = time.perf_counter()
        answer = await self._answer(scope, receive)
        await _send(send, answer)
        self.operation.measure(answer.transaction, answer.outcome, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        settings = self.platform.settings
        headers = dict(scope["headers"])
        try:
            if scope["method"] != "POST":
                raise MalformedMessage("This service answers POST requests.")
            certificate = caller_certificate(settings, scope)
            body = await read_body(receive, headers, settings.maximum_request_bytes)
        except CarnetError as error:
            return self.door.refuse(error)
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        return await self.door.handle(
            Call(self.service, content_type, body, certificate, caller_address(settings, scope))
        )


async def read_body(receive: Receive, headers: dict[bytes, bytes], limit: int) -> bytes:
    """The whole body, refused with TooLarge as soon as it is known to pass `limit` bytes; a broken one is a MalformedMessage."""
    declared = headers.get(b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"The request is larger than {limit} bytes.")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise MalformedMessage("Compressed requests are not accepted.")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedMessage("The connection was closed before the request was complete.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The request is larger than {limit} bytes.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _send(send: Send, answer: Answer) -> None:
    headers = [
        (b"content-type", answer.content_type.encode("latin-1")),
        (b"content-length", str(sum(len(chunk) for chunk in answer.chunks)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if answer.retry_after:
        headers.append((b"retry-after", str(answer.retry_after).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    remaining = sum(map(len, answer.chunks))
    for body in put_together(answer.chunks):
        remaining -= len(body)
        await send({"type": "http.response.body", "body": body, "more_body": remaining > 0})


async def keep_sealing(gate: Gate, operation: Operation, interval: float) -> None:
    """Seals the trace again and again; a failure is logged, counted and tried again, for an unsealed line is still a line."""
    while True:
        await asyncio.sleep(interval)
        _attempt(gate.seal, operation)


def _attempt(work: Callable[[], object], operation: Operation) -> None:
    """Seals, or reads what was sealed; a worker starts, goes on and stops whatever that met."""
    try:
        work()
    except Exception:  # noqa: BLE001 - the figures and the log tell it
        operation.sealing_failed()
        _LOG.exception("the trace could not be sealed")


def _in_background(gate: Gate, operation: Operation, interval: float) -> Iterator[Coroutine[Any, Any, None]]:
    """What the sealing worker does beside answering."""
    settings = gate.platform.settings
    yield keep_sealing(gate, operation, interval)
    if settings.witness_url:
        desk = open_desk(gate, settings.witness_key)
        _attempt(desk.warm, operation)
        yield keep_asking(desk, settings.witness_url, settings.witness_interval, operation.witness_failed)


def application(platform: Platform, *, sealer: bool = True) -> Starlette:
    """The whole application of one worker. One worker alone seals the trace (`sealer`)."""
    gate = Gate(platform)
    operation = Operation(platform, gate)
    door = SoapDoor(platform, gate)
    base = platform.settings.base_path

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        interval = platform.settings.audit_seal_interval
        if sealer:
            _attempt(gate.warm, operation)
        tasks = [asyncio.create_task(work) for work in _in_background(gate, operation, interval)] if sealer else []
        try:
            yield {}
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            if sealer:
                _attempt(gate.seal, operation)
            platform.close()

    served = Starlette(
        routes=[
            *(Route(f"{base}/{name}", SoapEndpoint(name, platform, door, operation)) for name in SOAP_SERVICES),
            Route("/health/live", operation.live, methods=["GET"]),
            Route("/health/ready", operation.ready, methods=["GET"]),
            Route("/metrics", operation.metrics, methods=["GET"]),
        ],
        lifespan=lifespan,
    )
    served.router.redirect_slashes = False  # a redirection would name the host that the caller claims
    return served
