"""The CDS Hooks door (2.0): discovery, and the services that tell what was already done before it is ordered again.

Who asks is told as at the SOAP door: by the client certificate, and by a VIHF in the Authorization header (`Bearer`, base64url of the
assertion, as IHE IUA has it for SAML tokens). The patient is the one of the assertion; `patientId` names one of the software's own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from carnet import hardened_xml
from carnet.errors import (
    Busy,
    CarnetError,
    CertificateMissing,
    MalformedMessage,
    PatientMismatch,
    Unauthenticated,
    Unavailable,
    UnsupportedOperation,
)
from carnet.hooks.card_feedback import outcomes_in
from carnet.hooks.cards import cards_of
from carnet.hooks.draft_orders import HookRequest, orders_of, read_request
from carnet.hooks.outcome import outcome_of
from carnet.identity import vihf
from carnet.identity.certificate_kind import HolderCertificate
from carnet.identity.certificates import Purpose
from carnet.identity.ins import numbers_in
from carnet.identity.vihf_rules import VihfRules
from carnet.identity.vihf_structure import REFUSAL, deny
from carnet.platform import Platform
from carnet.record.done_examinations import MOST, NAME, DoneExaminations, done_examinations
from carnet.record.extract_filling import fill
from carnet.record.gate import Attempt, Gate
from carnet.requester import Requester
from carnet.terminology.value_sets import value_set

T = TypeVar("T")
_LOG = logging.getLogger("carnet.hooks")
SERVICES: dict[str, str] = {
    # id of the service: its hook
    "examens-deja-faits": "order-select",
    "examens-deja-faits-signature": "order-sign",
}
_TITLE = "Examens déjà au dossier"
_DESCRIPTION = "Montre les examens identiques ou équivalents déjà faits ou demandés, d'après les documents que le demandeur peut lire."
PATIENCE = 1.5
"""Seconds after which no further document is begun to be read while software waits."""
MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class HookCall:
    """One HTTP request: the service's id, what was sent, the peer's certificate (DER) and address. `media_type` has no parameters."""

    service: str
    media_type: str
    authorization: str
    body: bytes
    certificate: bytes | None
    address: str


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """One HTTP answer."""

    status: int
    body: bytes
    outcome: str
    retry_after: int = 0


def discovery() -> bytes:
    """What `GET /cds-services` answers: no service needs a prefetch, the record is here."""
    services = [
        {"id": name, "hook": hook, "title": _TITLE, "description": _DESCRIPTION} for name, hook in SERVICES.items()
    ]
    return json.dumps({"services": services}, ensure_ascii=False).encode()


class HooksDoor:
    """Answers the calls of one worker."""

    def __init__(self, platform: Platform, gate: Gate) -> None:
        self.platform = platform
        self.gate = gate
        self.rules = VihfRules(
            platform.settings, platform.certificates, roles=value_set("J65").contains, sectors=value_set("J61").contains
        )

    async def handle(self, call: HookCall) -> HookAnswer:
        """Answers one call; never raises for what the caller did."""
        try:
            requester = self._authenticate(call, self._who)
            request = _asked(call)
            _check_patient(request, requester)
            body = json.dumps({"cards": await self._cards(requester, request)}, ensure_ascii=False).encode()
        except Exception as error:  # noqa: BLE001 - every path ends in an answer
            return _failed(error)
        return HookAnswer(200, body, "success")

    def feedback(self, call: HookCall) -> tuple[HookAnswer, Counter[str]]:
        """Answers what software tells of cards that were seen (2.0, Feedback): how many had which outcome is all that is taken.

        A system tells it, later and of several patients at once: the connection's certificate is asked for, and no assertion.
        """
        try:
            self._authenticate(call, self._system)
            _require_service(call)
            outcomes = outcomes_in(call.body)
        except Exception as error:  # noqa: BLE001 - every path ends in an answer
            return _failed(error), Counter()
        return HookAnswer(200, b"{}", "success"), outcomes

    async def _cards(self, requester: Requester, request: HookRequest) -> list[dict[str, Any]]:
        orders = orders_of(request, maximum=MOST)
        if not orders:
            return []
        days = self.platform.settings.repeat_days
        act = done_examinations(orders, days)
        found: DoneExaminations = await self.gate.perform(requester, act)
        if found.missing.unique_ids and await fill(self.gate, found.missing, seconds=PATIENCE):
            found = await self.gate.perform(_again(requester), act)
        return cards_of(found, days)

    def _authenticate(self, call: HookCall, who: Callable[[HookCall], T]) -> T:
        try:
            return who(call)
        except Unauthenticated as error:
            reason = "; ".join([type(error).__name__, *getattr(error, "__notes__", ())])
            _LOG.info("refused a caller", extra={"transaction": NAME, "reason": reason})
            if call.certificate is not None:
                self.gate.note(Attempt(NAME, call.address, hashlib.sha256(call.certificate).hexdigest(), reason))
            raise

    def _system(self, call: HookCall) -> HolderCertificate:
        if not call.certificate:
            raise CertificateMissing(REFUSAL)
        return self.platform.certificates.check(call.certificate, purpose=Purpose.CONNECTION)

    def _who(self, call: HookCall) -> Requester:
        try:
            holder = self._system(call)
            assertion = hardened_xml.parse(_assertion(call.authorization), what="assertion")
            return vihf.verify(assertion, holder, self.rules, self.platform.clock(), address=call.address)
        except Unauthenticated:
            raise
        except Exception as error:
            raise deny(f"the verification itself failed: {type(error).__name__}") from error


def _again(requester: Requester) -> Requester:
    """The caller once more within one call: under the assertion that this call has used up, and asked of the directory anew."""
    use = requester.assertion
    return requester if use is None else replace(requester, assertion=replace(use, reusable=True))


def refuse(error: BaseException, *, reference: str = "") -> HookAnswer:
    """The answer to what went wrong."""
    status, body = outcome_of(error, reference=reference)
    retry_after = 0
    if isinstance(error, Unavailable):
        retry_after = error.retry_after if isinstance(error, Busy) else 1
    return HookAnswer(status, body, "refused" if status < 500 else "error", retry_after)


def _failed(error: Exception) -> HookAnswer:
    if isinstance(error, CarnetError):
        return refuse(error)
    reference = secrets.token_hex(6)
    _LOG.error("a request failed", exc_info=error, extra={"reference": reference})
    return refuse(error, reference=reference)


def _require_service(call: HookCall) -> str:
    """The hook of the service that is called. Raises UnsupportedOperation, MalformedMessage for what is sent as anything but JSON."""
    hook = SERVICES.get(call.service)
    if hook is None:
        raise UnsupportedOperation("There is no such service.")
    if call.media_type != MEDIA_TYPE:
        raise MalformedMessage(f"A request is sent as {MEDIA_TYPE}.")
    return hook


def _asked(call: HookCall) -> HookRequest:
    hook = _require_service(call)
    request = read_request(call.body)
    if request.hook != hook:
        raise UnsupportedOperation(f"This service is for the hook {hook}.")
    return request


def _check_patient(request: HookRequest, requester: Requester) -> None:
    """An identifier of the software's own says nothing here; an INS must be that of the assertion."""
    ours = {requester.patient.value} if requester.patient is not None else set()
    if numbers_in(request.patient_id) - ours:
        raise PatientMismatch("The request's patient is not the one that the assertion targets.")


def _assertion(authorization: str) -> bytes:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise deny("the request carries no assertion")
    text = token.strip()
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise deny("the assertion is not base64url") from error
