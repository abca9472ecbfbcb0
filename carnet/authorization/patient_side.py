"""What the patient's side may do with a record: the holder, those who act for the holder, and the minor whose acts are kept secret.

Pure: facts in, decision out. What a representation is worth at a moment is consent's to say (`in_force`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from carnet.authorization.decision import Decision, permit, refuse
from carnet.authorization.facts import DocumentFacts
from carnet.authorization.rules import OPEN_STATES
from carnet.metadata import (
    INVISIBLE_PATIENT,
    MASQUE_PS,
    UNMASKED_BY_NAME,
    AvailabilityStatus,
)


class Actor(StrEnum):
    """Who acts. `protection` is the person in charge of an adult's protection with representation relating to the person."""

    HOLDER = "holder"
    FIRST_REPRESENTATIVE = "first_representative"
    SECOND_REPRESENTATIVE = "second_representative"
    PROTECTION = "protection"
    CARER = "carer"
    MINOR = "minor"
    """The holder before majority: the representatives exercise the rights (L1111-13-1 CSP)."""


class PatientRight(StrEnum):
    """What can be done on the patient's side."""

    SEE = "see"
    ADD = "add"
    REPLACE = "replace"
    MASK = "mask"
    UNMASK = "unmask"
    DELETE = "delete"
    PROFESSIONALS = "manage professionals"
    CHOICES = "choices"
    TRAIL = "trail"
    EXPORT = "export"
    CLOSE = "close"
    OBJECT = "object"
    CARERS = "manage carers"
    REPRESENTATIVES = "invite the second representative"
    CONTACT = "change contact data"
    PROFILE = "write the health profile"
    CARD = "share the emergency card"
    KEEP_SECRET = "keep an act secret"  # noqa: S105 - no password
    ACTIVATE = "accept the terms for the holder"


class Cell(StrEnum):
    """The value of a cell."""

    NO = "n"
    YES = "y"
    OWN_SIDE = "o"
    """Only what the patient's side added (rules of the holder on documents: never a professional's, the insurer's, the service's)."""
    NOT_SECRET = "s"  # noqa: S105 - no password
    """Without the lines of secret connections."""


def _row(values: str) -> Mapping[Actor, Cell]:
    return dict(zip(Actor, map(Cell, values.split()), strict=True))


CELLS: Mapping[PatientRight, Mapping[Actor, Cell]] = {
    # holder, first representative, second representative, protection, carer, minor
    PatientRight.SEE: _row("y y y y y n"),
    PatientRight.ADD: _row("y y y y y n"),
    PatientRight.REPLACE: _row("o o o o o n"),
    PatientRight.MASK: _row("y y y y y n"),  # R1111-49 CSP
    PatientRight.UNMASK: _row("y y y y y n"),
    PatientRight.DELETE: _row("o o o o o n"),
    PatientRight.PROFESSIONALS: _row("y y y y n n"),  # L1111-19 CSP. INFERRED: not by a carer
    PatientRight.CHOICES: _row("y y y y n n"),  # L1111-17 I CSP. INFERRED: not by a carer
    PatientRight.TRAIL: _row("y s s s s n"),  # R1111-43 CSP; INFERRED: a secret connection stays secret in the trail
    PatientRight.EXPORT: _row("y y y y n n"),  # a carer does not download
    PatientRight.CLOSE: _row("y y y y n n"),  # R1111-36 CSP; a carer does not close
    PatientRight.OBJECT: _row("y y y y n n"),  # R1111-28, L1111-14 CSP
    PatientRight.CARERS: _row("y y y y n n"),  # a carer does not share with other carers
    PatientRight.REPRESENTATIVES: _row("n y n n n n"),
    PatientRight.CONTACT: _row("y y y y n n"),  # a carer does not change contact data
    PatientRight.PROFILE: _row("y y y y y n"),  # rules §1.4: a carer adds, changes and deletes data
    PatientRight.CARD: _row(
        "y y y y n n"
    ),  # INFERRED: what any finder reads is decided like the choices on emergencies
    PatientRight.KEEP_SECRET: _row("n n n n n y"),  # R1111-33, R1111-50 CSP
    PatientRight.ACTIVATE: _row("n y y y n n"),  # L1111-13-1 CSP: the holder does so by signing in
}

STATES: Mapping[PatientRight, frozenset[str]] = {
    # What is left where a record is not open; INFERRED: who looked and a copy can be asked for as long as it exists.
    PatientRight.TRAIL: frozenset({"open", "activated", "suspended", "closed"}),
    PatientRight.EXPORT: frozenset({"open", "activated", "suspended", "closed"}),
    PatientRight.CLOSE: frozenset({"open", "activated", "suspended"}),
    PatientRight.OBJECT: frozenset({"informed"}),
    PatientRight.ACTIVATE: frozenset({"informed", "opposed", "open", "closed"}),
}

ACTS_FOR_ANOTHER = frozenset(Actor) - {Actor.HOLDER, Actor.MINOR}
ON_DOCUMENTS = frozenset(
    {PatientRight.SEE, PatientRight.REPLACE, PatientRight.MASK, PatientRight.UNMASK, PatientRight.DELETE}
)
_HIDE_FROM_PROFESSIONALS_ALONE = frozenset({MASQUE_PS, "MASQUE_PSOCIAL", UNMASKED_BY_NAME})


@dataclass(frozen=True, slots=True)
class PatientSideFacts:
    """Who acts on whose record. `in_force`: the representation held at the moment; read only for those who act for another."""

    actor: Actor
    state: str = ""
    in_force: bool = False


@dataclass(frozen=True, slots=True)
class PatientCase:
    """One question to the rules."""

    facts: PatientSideFacts
    right: PatientRight
    document: DocumentFacts | None = None

    @property
    def cell(self) -> Cell:
        """The cell of the table."""
        return CELLS[self.right][self.facts.actor]


@dataclass(frozen=True, slots=True)
class PatientRule:
    """A named reason to refuse, with the clause that gives it."""

    name: str
    clause: str
    refuses: Callable[[PatientCase], bool]


def _not_open(case: PatientCase) -> bool:
    return case.facts.state not in STATES.get(case.right, OPEN_STATES)


def _not_acting(case: PatientCase) -> bool:
    return case.facts.actor in ACTS_FOR_ANOTHER and not case.facts.in_force


def _no_right(case: PatientCase) -> bool:
    return case.cell is Cell.NO


def _invisible_to_patient(case: PatientCase) -> bool:
    return case.document is not None and INVISIBLE_PATIENT in case.document.masks


def _invisible_to_representatives(case: PatientCase) -> bool:
    if case.document is None or case.facts.actor is Actor.HOLDER:
        return False
    return not case.document.masks <= _HIDE_FROM_PROFESSIONALS_ALONE | {INVISIBLE_PATIENT}


def _not_a_document_of_care(case: PatientCase) -> bool:
    document = case.document
    return document is not None and (document.is_signature or document.status is AvailabilityStatus.DELETED)


def _not_added_by_the_patient_side(case: PatientCase) -> bool:
    return case.document is not None and case.cell is Cell.OWN_SIDE and not case.document.patient_authored


def _not_on_documents(case: PatientCase) -> bool:
    return case.document is not None and case.right not in ON_DOCUMENTS


PATIENT_RULES: tuple[PatientRule, ...] = (
    PatientRule("record-not-open", "R1111-36 CSP", _not_open),
    PatientRule("not-acting-for-the-holder", "L1111-13-1 CSP; carers: dates and revocation", _not_acting),
    PatientRule("patient-right", "the table above", _no_right),
    # INFERRED: what waits for its announcement waits for those who act for the holder too.
    PatientRule("invisible-to-patient", "R1111-53 CSP", _invisible_to_patient),
    # INFERRED: hidden from carers as from representatives, and so is whatever carries a mask that is not known.
    PatientRule("invisible-to-representatives", "R1111-50 CSP", _invisible_to_representatives),
    PatientRule("no-document-of-care", "JDV_J57; 526 row deleted", _not_a_document_of_care),
    PatientRule("not-added-by-the-patient-side", "rules on documents by actor", _not_added_by_the_patient_side),
    PatientRule("not-on-documents", "a mistake of the caller's code", _not_on_documents),
)


def decide(
    facts: PatientSideFacts,
    right: PatientRight,
    document: DocumentFacts | None = None,
    *,
    rules: tuple[PatientRule, ...] = PATIENT_RULES,
) -> Decision:
    """Whether the patient's side may do this; on one document when it is given. A rule that fails refuses."""
    case = PatientCase(facts, right, document)
    refusing = []
    for rule in rules:
        try:
            if rule.refuses(case) is not False:
                refusing.append(rule.name)
        except Exception:  # noqa: BLE001 - the answer is no
            refusing.append(f"{rule.name}:error")
    return refuse(tuple(refusing)) if refusing else permit(("patient-right", facts.actor.value))


def sees_line(facts: PatientSideFacts, *, secret: bool) -> bool:
    """Whether a line of the trail is shown; `secret`: the act was done in a connexion secrète."""
    if not decide(facts, PatientRight.TRAIL).allowed:
        return False
    return not secret or CELLS[PatientRight.TRAIL][facts.actor] is Cell.YES
