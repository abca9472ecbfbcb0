"""CDS Hooks over HTTP: its requests are read within our limits and wait in their client's line, as those of the SOAP services do."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from carnet.errors import CarnetError
from carnet.hooks.hooks_door import MEDIA_TYPE, HookAnswer, HookCall, HooksDoor, discovery, refuse
from carnet.platform import Platform
from carnet.server.admission import NOBODY, Admission
from carnet.server.bodies import Body, read_body
from carnet.server.operation import Operation
from carnet.server.shares import Metered
from carnet.server.transport import caller_address, caller_certificate, is_gone

LARGEST = 1024 * 1024
"""Bytes of a request: draft orders, and whatever software sends beside them."""
NAME = "cds-hooks"
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


class HooksEndpoint:
    """The discovery page and the services of one worker."""

    def __init__(self, platform: Platform, door: HooksDoor, operation: Operation, admission: Admission) -> None:
        self.platform = platform
        self.door = door
        self.operation = operation
        self.admission = admission

    async def discover(self, _request: Request) -> Response:
        """`GET /cds-services`."""
        return Response(discovery(), media_type=MEDIA_TYPE, headers=_HEADERS)

    async def call(self, request: Request) -> Response:
        """`POST /cds-services/{service}`. Every request gets an answer and one measure."""
        return await self._answered(request, self.door.handle)

    async def feedback(self, request: Request) -> Response:
        """`POST /cds-services/{service}/feedback`. The same; the outcomes of cards are counted, and nothing else of them is kept."""
        return await self._answered(request, self._counted)

    async def _counted(self, call: HookCall) -> HookAnswer:
        answer, outcomes = self.door.feedback(call)
        for outcome, count in outcomes.items():
            self.operation.hook_feedback.labels(call.service, outcome).inc(count)
        return answer

    async def _answered(self, request: Request, handle: Callable[[HookCall], Awaitable[HookAnswer]]) -> Response:
        began = time.perf_counter()
        try:
            answer = await self._in_turn(request, handle)
        except CarnetError as error:
            answer = refuse(error)
        self.operation.measure(NAME, answer.outcome, time.perf_counter() - began)
        headers = {**_HEADERS, **({"retry-after": str(answer.retry_after)} if answer.retry_after else {})}
        return Response(answer.body, answer.status, headers, MEDIA_TYPE)

    async def _in_turn(self, request: Request, handle: Callable[[HookCall], Awaitable[HookAnswer]]) -> HookAnswer:
        scope, settings = request.scope, self.platform.settings
        certificate = caller_certificate(settings, scope)
        client = certificate or NOBODY
        with Body(self.admission.bodies, client) as held:
            body = await read_body(
                request.receive, dict(scope["headers"]), min(LARGEST, settings.maximum_request_bytes), held
            )
            call = HookCall(
                service=request.path_params["service"],
                media_type=request.headers.get("content-type", "").partition(";")[0].strip().lower(),
                authorization=request.headers.get("authorization", ""),
                body=body,
                certificate=certificate,
                address=caller_address(settings, scope),
            )
            async with self.admission.turn(client, urgent=False, gone=is_gone(scope)) as turn:
                turn.work = Metered(handle(call), beside=self.admission.shares.act)
                answer: HookAnswer = await turn.work
                return answer
