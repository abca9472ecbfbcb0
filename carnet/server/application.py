"""The ASGI application: an explicit list of routes; limits apply before a body is read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from carnet.errors import Busy, CarnetError, MalformedMessage
from carnet.hooks.hooks_door import HooksDoor
from carnet.kill_points import reached
from carnet.platform import Platform
from carnet.portal.mounting import patient_space
from carnet.portal.patient.sign_in_setup import open_sign_in
from carnet.portal.professional.pro_mounting import professional_space
from carnet.portal.professional.pro_sign_in_setup import open_pro_sign_in
from carnet.record.forgetting import forget_the_ended
from carnet.record.gate import Gate
from carnet.server.admission import NOBODY, Admission
from carnet.server.asking_witness import keep_asking, open_desk
from carnet.server.bodies import Body, declared_length, read_body
from carnet.server.hooks_endpoint import HooksEndpoint
from carnet.server.moving_segments import keep_closing, keep_moving
from carnet.server.operation import Operation
from carnet.server.pieces import headers_of, put_together
from carnet.server.reading_documents import keep_reading
from carnet.server.shares import Metered
from carnet.server.space_turns import PRO, Portal, SpaceInTurn
from carnet.server.transport import caller_address, caller_certificate, is_gone
from carnet.server.turning_away import TurningAway
from carnet.server.urgency import LARGE, claims_urgency, in_multipart, transaction_of
from carnet.soap.door import URGENT, Answer, Call, SoapDoor

_LOG = logging.getLogger("carnet.server")
BETWEEN_FORGETTING = 5.0
"""Seconds."""
SOAP_SERVICES = ("registry", "repository", "patients", "patientsPDQ", "patientsSpecific", "habilitations")
"""The services of care software (protocols §1.1), each at its path; all behind certificate and VIHF."""


class SoapEndpoint:
    """One path of the SOAP services (protocols §1.1): reads the request within its limits, hands it to the door in its turn, sends the answer."""

    def __init__(
        self, service: str, platform: Platform, door: SoapDoor, operation: Operation, admission: Admission
    ) -> None:
        self.service = service
        self.platform = platform
        self.door = door
        self.operation = operation
        self.admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call. Every request gets an answer in the protocol and one measure."""
        began = time.perf_counter()
        answer = await self._answer(scope, receive)
        self.operation.measure(answer.transaction, answer.outcome, time.perf_counter() - began)
        with self._held(scope, answer):
            await _send(send, answer, closing=self.operation.stopping)
        reached("answer-sent")

    def _held(self, scope: Scope, answer: Answer) -> AbstractContextManager[object]:
        """Counts a large answer, until it is sent, in its client's share: one that does not read what it asked for is let in no further."""
        size = sum(map(len, answer.chunks))
        if size <= LARGE:
            return contextlib.nullcontext()
        held = Body(self.admission.bodies, caller_certificate(self.platform.settings, scope) or NOBODY)
        held.keep(size)
        return held

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        settings = self.platform.settings
        headers = dict(scope["headers"])
        content_type = headers.get(b"content-type", b"")
        said = transaction_of(content_type)
        try:
            if scope["method"] != "POST":
                raise MalformedMessage("This service answers POST requests.")
            certificate = caller_certificate(settings, scope)
            with Body(self.admission.bodies, certificate or NOBODY) as held:
                if said not in URGENT and (declared_length(headers, settings.maximum_request_bytes) or 0) > LARGE:
                    self.admission.refuse_early(certificate or NOBODY)
                body = await read_body(receive, headers, settings.maximum_request_bytes, held)
                address = caller_address(settings, scope)
                call = Call(self.service, content_type.decode("latin-1"), body, certificate, address)
                return await self._in_turn(call, said, is_gone(scope))
        except Busy as error:
            return self.door.refuse(error, transaction=said or "unknown", multipart=in_multipart(said))
        except CarnetError as error:
            return self.door.refuse(error)

    async def _in_turn(self, call: Call, said: str, gone: Callable[[], bool]) -> Answer:
        urgent = claims_urgency(self.service, said, call.body)
        async with self.admission.turn(call.certificate or NOBODY, urgent=urgent, gone=gone) as turn:
            turn.work = Metered(self.door.handle(call), beside=self.admission.shares.act)
            answer: Answer = await turn.work
            turn.true = answer.urgent
            return answer


async def _send(send: Send, answer: Answer, *, closing: bool = False) -> None:
    headers = headers_of(answer, closing=closing)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    reached("answer-begun")
    remaining = sum(map(len, answer.chunks))
    for body in put_together(answer.chunks):
        remaining -= len(body)
        await send({"type": "http.response.body", "body": body, "more_body": remaining > 0})


async def keep_sealing(gate: Gate, operation: Operation, interval: float) -> None:
    """Seals the trace again and again; a failure is logged, counted and tried again, for an unsealed line is still a line."""
    while True:
        await asyncio.sleep(interval)
        _attempt(gate.seal, operation)
        while gate.behind:
            await asyncio.sleep(0)
            _attempt(gate.seal, operation)


async def keep_forgetting(gate: Gate) -> None:
    """Lets go, in every worker, of what is kept in memory of records that were closed or destroyed, by whichever process."""
    while True:
        await asyncio.sleep(BETWEEN_FORGETTING)
        try:
            forget_the_ended(gate)
            gate.platform.segments.let_go()
        except Exception:  # noqa: BLE001 - the log tells it, and the next turn tries again
            _LOG.exception("the memory of ended records could not be looked through")


def _attempt(work: Callable[[], object], operation: Operation) -> None:
    """Seals, or reads what was sealed; a worker starts, goes on and stops whatever that met."""
    try:
        work()
    except Exception:  # noqa: BLE001 - the figures and the log tell it
        operation.sealing_failed()
        _LOG.exception("the trace could not be sealed")


def _in_every_worker(gate: Gate, operation: Operation) -> Iterator[Coroutine[Any, Any, None]]:
    """What each worker does beside answering."""
    settings = gate.platform.settings
    yield keep_forgetting(gate)
    yield keep_reading(gate, gate.line.on_the_way)
    yield operation.keep_time()
    if settings.documents_url:
        yield keep_closing(gate, settings.documents_upload_interval)


def _in_background(gate: Gate, operation: Operation, interval: float) -> Iterator[Coroutine[Any, Any, None]]:
    """What the sealing worker does beside answering, more than the others."""
    settings = gate.platform.settings
    yield keep_sealing(gate, operation, interval)
    if settings.documents_url:
        yield keep_moving(gate, settings.documents_upload_interval)
    if settings.witness_url:
        desk = open_desk(gate, settings.witness_key)
        _attempt(desk.warm, operation)
        yield keep_asking(desk, settings.witness_url, settings.witness_interval, operation.witness_failed)


def _portal(gate: Gate, admission: Admission, operation: Operation) -> Portal:
    """Both spaces of the portal under admission, dressed with the same files."""
    settings = gate.platform.settings
    address_of, certificate_of = partial(caller_address, settings), partial(caller_certificate, settings)
    patient = patient_space(gate, open_sign_in(gate, address_of))
    callers = open_pro_sign_in(gate, address_of, certificate_of)
    professional = professional_space(gate, callers, patient.state.space.assets)
    return Portal(
        SpaceInTurn(patient, admission, operation, gate.line.stir),
        SpaceInTurn(professional, admission, operation, gate.line.stir, PRO),
    )


class Application(Starlette):
    """The routes of one worker, with the SOAP services before them: these answer every error themselves and need nothing of what is in between."""

    def __init__(self, routes: list[Route], **named: Any) -> None:
        super().__init__(routes=routes, **named)
        self._services = {one.path: one.endpoint for one in routes if isinstance(one.endpoint, SoapEndpoint)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""
        service = self._services.get(scope["path"]) if scope["type"] == "http" else None
        await (service or super().__call__)(scope, receive, send)


def application(platform: Platform, *, sealer: bool = True) -> Application:
    """The whole application of one worker. One worker of a server seals the trace (`sealer`); its `state` has what a server needs to stop it."""
    gate = Gate(platform)
    operation = Operation(platform, gate)
    admission = Admission(platform.settings, shed=operation.refused, freed=gate.line.stir)
    gate.line.run = admission.shares.sharing(gate.line.run)
    pages = _portal(gate, admission, operation)
    gate.line.on_the_way, gate.line.one_begins = (
        lambda: admission.on_the_way - pages.in_progress,
        lambda: admission.one_begins,
    )
    door = SoapDoor(platform, gate)
    hooks = HooksEndpoint(platform, HooksDoor(platform, gate), operation, admission)
    base = platform.settings.base_path

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        interval = platform.settings.audit_seal_interval
        if sealer:
            _attempt(gate.warm, operation)
        works = [*_in_every_worker(gate, operation), *(_in_background(gate, operation, interval) if sealer else ())]
        tasks = [asyncio.create_task(work) for work in works]
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

    served = Application(
        routes=[
            *(
                Route(f"{base}/{name}", SoapEndpoint(name, platform, door, operation, admission))
                for name in SOAP_SERVICES
            ),
            Route("/cds-services", hooks.discover, methods=["GET"]),
            Route("/cds-services/{service}", hooks.call, methods=["POST"]),
            Route("/cds-services/{service}/feedback", hooks.feedback, methods=["POST"]),
            Route("/health/live", operation.live, methods=["GET"]),
            Route("/health/ready", operation.ready, methods=["GET"]),
            Route("/metrics", operation.metrics, methods=["GET"]),
        ],
        lifespan=lifespan,
    )
    served.state.operation, served.state.admission = operation, admission
    served.state.away = TurningAway(platform.settings, SOAP_SERVICES, admission, operation, door)
    served.router.default = pages
    served.router.redirect_slashes = False  # a redirection would name the host that the caller claims
    return served
