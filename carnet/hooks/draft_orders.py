"""What a CDS Hooks request says: the hook, and the orders that somebody drafts (FHIR R4 or R5 ServiceRequest), read strictly where they are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from carnet.cda.examinations import BodySite
from carnet.cda.repeated_examinations import DCM, TA_ASIP, Order
from carnet.cda.result_model import LOINC
from carnet.errors import InvalidMetadata, MalformedMessage, PatientMismatch
from carnet.metadata import Code

SNOMED_CT = "2.16.840.1.113883.6.96"
SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        # FHIR's address of a code system: its OID (HL7 Terminology)
        "http://loinc.org": LOINC,
        "http://snomed.info/sct": SNOMED_CT,
        "http://dicom.nema.org/resources/ontology/DCM": DCM,
    }
)
_OID = "urn:oid:"
_SIDES = frozenset({"7771000", "24028007", "51440002"})
"""SNOMED CT left, right, right and left."""
LONGEST_TEXT = 200
_ENDED = frozenset({"completed", "entered-in-error", "revoked"})
"""FHIR request-status."""
_PATIENT = "Patient/"


class _Coding(msgspec.Struct, frozen=True):
    system: str = ""
    code: str = ""
    display: str = ""

    def as_code(self) -> Code:
        system = SYSTEMS.get(self.system, self.system.removeprefix(_OID))
        return Code(self.code, system, self.display[:LONGEST_TEXT])


class _Concept(msgspec.Struct, frozen=True):
    coding: tuple[_Coding, ...] = ()
    text: str = ""
    concept: _Concept | None = None
    """Of a CodeableReference (R5)."""

    def whole(self) -> _Concept:
        return self.concept or self


class _Kind(msgspec.Struct, frozen=True):
    resourceType: str  # noqa: N815 - FHIR's name
    id: str = ""


class _Reference(msgspec.Struct, frozen=True):
    reference: str = ""


class _ServiceRequest(msgspec.Struct, frozen=True):
    code: _Concept = _Concept()
    bodySite: tuple[_Concept, ...] = ()  # noqa: N815
    subject: _Reference = _Reference()
    status: str = ""
    doNotPerform: bool = False  # noqa: N815

    @property
    def is_wanted(self) -> bool:
        """Whether it orders something: not what is told not to be done, nor what is ended or was never meant."""
        return not self.doNotPerform and self.status not in _ENDED


class _Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = msgspec.Raw(b"null")


class _Bundle(msgspec.Struct, frozen=True):
    entry: tuple[_Entry, ...] = ()


class _Context(msgspec.Struct, frozen=True):
    userId: str  # noqa: N815 - names of CDS Hooks
    patientId: str  # noqa: N815
    draftOrders: _Bundle  # noqa: N815
    selections: tuple[str, ...] | None = None


class HookRequest(msgspec.Struct, frozen=True):
    """A request of order-select or order-sign, as it came."""

    hook: str
    hookInstance: str  # noqa: N815
    context: _Context

    @property
    def patient_id(self) -> str:
        """FHIR id of the patient in the software that asks; nothing of ours."""
        return self.context.patientId


def read_request(body: bytes) -> HookRequest:
    """A request. Raises MalformedMessage for what is no JSON of that shape."""
    try:
        return msgspec.json.decode(body, type=HookRequest)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise MalformedMessage("The request is no CDS Hooks request with draft orders.") from error


def orders_of(request: HookRequest, *, maximum: int) -> tuple[Order, ...]:
    """The examinations among the draft orders: those selected where the hook tells which, all otherwise. Raises MalformedMessage, InvalidMetadata, PatientMismatch."""
    chosen = request.context.selections
    found = []
    for entry in request.context.draftOrders.entry:
        try:
            kind = msgspec.json.decode(entry.resource, type=_Kind)
            if kind.resourceType != "ServiceRequest" or not (chosen is None or f"ServiceRequest/{kind.id}" in chosen):
                continue
            drafted = msgspec.json.decode(entry.resource, type=_ServiceRequest)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise MalformedMessage("A draft order is no FHIR resource that can be read.") from error
        _check_subject(drafted.subject.reference, request.patient_id)
        order = _order(drafted)
        if drafted.is_wanted and order.says_something:
            found.append(order)
    if len(found) > maximum:
        raise InvalidMetadata(f"At most {maximum} draft orders can be asked about at once.")
    return tuple(found)


def _check_subject(reference: str, patient_id: str) -> None:
    """A draft order is for the patient of the request. Raises PatientMismatch for one that says that it is for another."""
    _, is_patient, named = reference.rpartition(_PATIENT)
    if is_patient and named.partition("/")[0] != patient_id.rpartition(_PATIENT)[2]:
        raise PatientMismatch("A draft order is for another patient than the request.")


def _order(request: _ServiceRequest) -> Order:
    act = request.code.whole()
    codes = [one.as_code() for one in act.coding if one.code]
    modalities = tuple(one for one in codes if one.system in {DCM, TA_ASIP})
    text = act.text or next((one.display for one in codes if one.display), "")
    return Order(
        text=text[:LONGEST_TEXT],
        codes=tuple(one for one in codes if one not in modalities),
        modalities=modalities,
        sites=tuple(_sites(request.bodySite)),
    )


def _sites(concepts: Iterable[_Concept]) -> Iterable[BodySite]:
    for concept in concepts:
        codes = [one.as_code() for one in concept.whole().coding if one.code]
        side = next((one for one in codes if one.code in _SIDES), Code(""))
        for one in codes:
            if one.code not in _SIDES:
                yield BodySite(one, side)
