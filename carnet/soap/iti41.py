"""ITI-41 Provide and Register Document Set-b (TD2.1, TD2.2): ITI TF-2 §3.41."""

from __future__ import annotations

import asyncio

from carnet.errors import CarnetError
from carnet.platform import Platform
from carnet.record.act import failed
from carnet.record.gate import Gate
from carnet.record.submission import PreparedSubmission, prepare_submission, submit
from carnet.soap.exchange import Reply, Request, errors_or_raise, registry_reply
from carnet.soap.faults import extra_metadata_warning
from carnet.soap.submission_parse import SubmissionRequest, provide_and_register

LARGE = 512 * 1024


async def handle(platform: Platform, gate: Gate, request: Request) -> Reply:
    """Registers one submission set with its documents: all of it, durably, or nothing."""

    def prepared() -> tuple[SubmissionRequest, PreparedSubmission]:
        asked = provide_and_register(request.envelope, request.message.parts)
        return asked, prepare_submission(platform, request.requester, asked.submission)

    warnings: tuple[str, ...] = ()
    try:
        large = sum(len(part.content) for part in request.message.parts.values()) + len(request.message.root) > LARGE
        asked, ready = await asyncio.to_thread(prepared) if large else prepared()
    except CarnetError as error:
        act = failed("iti41", error)
    else:
        act, warnings = submit(ready, request.requester), asked.warnings
    try:
        await gate.perform(request.requester, act)
    except CarnetError as error:
        return registry_reply(errors_or_raise(error, "iti41"))
    return registry_reply(tuple(extra_metadata_warning(what) for what in warnings))
