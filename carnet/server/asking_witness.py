"""The conversation with a witness over HTTP (C2SP tlog-witness). It waits in the background: no request of care depends on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from carnet.audit.signed_note import COSIGNATURE, read_verifier_key
from carnet.audit.witness_protocol import PATH
from carnet.errors import CarnetError, ConfigurationError, IntegrityFailure, Unavailable
from carnet.record.gate import Gate
from carnet.record.witnessing import WitnessDesk

if TYPE_CHECKING:
    import httpx

TIMEOUT = 10.0
"""Seconds."""
TRIES = 3
_LOG = logging.getLogger("carnet.witness")


def open_desk(gate: Gate, key: str) -> WitnessDesk:
    """The desk of a witness with that verifier key. Raises ConfigurationError."""
    return WitnessDesk(gate, read_verifier_key(key, COSIGNATURE))


async def ask_witness(desk: WitnessDesk, url: str) -> int | None:
    """Has the newest checkpoint signed, and keeps the signature; the size signed, None when nothing was to be asked.

    A witness that says what it signed last is asked again from there, at most twice: after a crash on either side both agree again. Raises
    Unavailable, ConfigurationError, and IntegrityFailure when the witness has signed another history than this one.
    """
    import httpx  # noqa: PLC0415 - a fifteenth of a worker's start, and most have no witness

    pending = desk.question()
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
        for _ in range(TRIES):
            if pending is None:
                return None
            answer = await _post(client, url, pending.question.written())
            if answer.status_code == HTTPStatus.OK:
                return desk.keep(pending, answer.text)
            if answer.status_code != HTTPStatus.CONFLICT:
                raise _refused(answer.status_code)
            old = _size(answer.text)
            if old == pending.question.old:
                raise IntegrityFailure(f"The witness has signed another history of the first {old} lines of the trace.")
            pending = desk.question(old)
    raise Unavailable("The witness says each time that it signed another size.")


async def _post(client: httpx.AsyncClient, url: str, body: bytes) -> httpx.Response:
    import httpx  # noqa: PLC0415 - see ask_witness

    try:
        return await client.post(url.rstrip("/") + PATH, content=body)
    except httpx.HTTPError as error:
        raise Unavailable(f"The witness does not answer: {type(error).__name__}.") from error


def _refused(status: int) -> CarnetError:
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return IntegrityFailure("The witness does not find that the trace continues what it signed.")
    if status in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}:
        return ConfigurationError(f"The witness does not watch this trace under this key (HTTP {status}).")
    return Unavailable(f"The witness cannot sign now (HTTP {status}).")


def _size(text: str) -> int:
    if not text.strip().isdecimal():
        raise Unavailable("The witness did not say which size it signed.")
    return int(text)


async def keep_asking(desk: WitnessDesk, url: str, interval: float, failed: Callable[[], None]) -> None:
    """Asks again and again; what fails is logged, counted and tried again."""
    while True:
        await asyncio.sleep(interval)
        try:
            await ask_witness(desk, url)
        except Exception:  # noqa: BLE001 - the figures and the log tell it
            failed()
            _LOG.exception("the witness has not signed")
