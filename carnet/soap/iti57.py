"""ITI-57 Update Document Set (TD3.3a to TD3.3d): IHE metadata update supplement §3.57."""

from __future__ import annotations

from carnet.errors import CarnetError
from carnet.platform import Platform
from carnet.record.act import failed
from carnet.record.gate import Gate
from carnet.record.visibility import update as update_visibility
from carnet.soap.exchange import Reply, Request, errors_or_raise, registry_reply
from carnet.soap.faults import extra_metadata_warning
from carnet.soap.submission_parse import update


async def handle(_platform: Platform, gate: Gate, request: Request) -> Reply:
    """Makes every change of one update, or none."""
    warnings: tuple[str, ...] = ()
    try:
        asked = update(request.envelope, request.message.parts)
    except CarnetError as error:
        act = failed("iti57", error)
    else:
        act, warnings = update_visibility(asked.submission), asked.warnings
    try:
        await gate.perform(request.requester, act)
    except CarnetError as error:
        return registry_reply(errors_or_raise(error, "iti57"))
    return registry_reply(tuple(extra_metadata_warning(what) for what in warnings))
