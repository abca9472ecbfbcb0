"""The witness over HTTP: one question, answered one at a time."""

from __future__ import annotations

import logging
import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from carnet.audit.witness_protocol import MAXIMUM_BYTES, PATH
from carnet.witness.judgement import Verdict, Witness

_LOG = logging.getLogger("carnet.witness")


def witness_application(witness: Witness) -> Starlette:
    """The ASGI application: POST /add-checkpoint. Who asks proves nothing but the signature of the trace on the checkpoint."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAXIMUM_BYTES:
                return Response("The request is too large.\n", 413)
        # Synchronous on purpose: one comparison, one commit and one signature at a time.
        verdict = _judged(witness, body)
        return Response(verdict.body, verdict.status, media_type=verdict.media_type)

    return Starlette(routes=[Route(PATH, add_checkpoint, methods=["POST"])])


def _judged(witness: Witness, body: bytes) -> Verdict:
    try:
        verdict = witness.answer(body)
    except Exception:  # noqa: BLE001 - nothing is signed that could not be remembered
        _LOG.exception("a checkpoint could not be judged")
        return Verdict(503, "The witness cannot remember anything now.\n")
    _LOG.info("checkpoint", extra={"status": verdict.status})
    return verdict


def serve_witness(witness: Witness, listening: socket.socket) -> None:
    """Answers on a socket until told to stop (SIGINT, SIGTERM)."""
    configuration = uvicorn.Config(
        witness_application(witness), lifespan="off", access_log=False, log_config=None, server_header=False
    )
    try:
        uvicorn.Server(configuration).run(sockets=[listening])
    finally:
        witness.memory.close()
