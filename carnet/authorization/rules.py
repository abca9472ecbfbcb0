"""The rules, in one ordered table. Each says, from facts alone, whether it refuses. One refusal is enough; a rule that fails refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carnet.authorization.facts import DocumentFacts, Function, RecordFacts
from carnet.authorization.functional_rights import Column, Right, right_of
from carnet.authorization.matrix import Matrix
from carnet.authorization.needs import NEEDS, PATIENT_SIDE_STARRED, SEARCHES_AND_CONSULTATIONS, Ground, Needs
from carnet.authorization.roles import is_coordinating_doctor, is_forbidden
from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    UNMASKED_BY_NAME,
    AvailabilityStatus,
)
from carnet.requester import AccessMode, Requester

OPEN_STATES = frozenset({"open", "activated"})
"""A record that its holder has not activated is fed and read like any other (R1111-28, R1111-40 CSP)."""

PATIENT_SIDE_MASKS = frozenset({INVISIBLE_PATIENT, INVISIBLE_REPRESENTANTS_LEGAUX})
"""Masks that hide nothing from professionals (R1111-50, R1111-53 CSP). Any other mask hides, known or not."""

_HIDES_NOTHING = PATIENT_SIDE_MASKS | {UNMASKED_BY_NAME}

_OWN_ONLY = frozenset({Right.OWN_REFERENCE, Right.OWN, Right.OWN_OF_STRUCTURE})


@dataclass(frozen=True, slots=True)
class Policy:
    """Choices that the sources leave open; each is a setting of the engine."""

    occupational_doctors: bool = False
    professions_by_role: bool = False
    medecin_traitant_can_be_blocked: bool = False
    deleted_readable: bool = True
    forbidden_structures: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Case:
    """One question to the rules: what is asked, what it needs, under which column and with which cell of the functional matrix.

    `document` is None when the question is whether the act may begin at all; `role` is the caller's row in the matrix of types.
    """

    requester: Requester
    record: RecordFacts
    function: Function
    needs: Needs
    column: Column | None
    right: Right
    role: str
    matrix: Matrix | None
    policy: Policy
    document: DocumentFacts | None = None
    own: bool = False

    def about(self, document: DocumentFacts, *, own: bool) -> Case:
        """The same question about a document; `own` says whether it is the caller's."""
        return Case(
            self.requester,
            self.record,
            self.function,
            self.needs,
            self.column,
            self.right,
            self.role,
            self.matrix,
            self.policy,
            document,
            own,
        )

    def asking(self, function: Function) -> Case:
        """The question whether another function may begin, by the same requester before the same record."""
        return Case(
            self.requester,
            self.record,
            function,
            NEEDS[function],
            self.column,
            right_of(self.requester, self.column, function),
            self.role,
            self.matrix,
            self.policy,
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A named reason to refuse."""

    name: str
    refuses: Callable[[Case], bool]


def _forbidden_actor(case: Case) -> bool:
    return is_forbidden(case.requester, case.policy.forbidden_structures)


def _record_not_open(case: Case) -> bool:
    return case.needs.entry and case.record.state not in OPEN_STATES


def _blocked(case: Case) -> bool:
    if not (case.needs.entry and case.record.blocked):
        return False
    declared = case.record.medecin_traitant and case.column in {Column.MEDECIN_TRAITANT, Column.DOCTOR}
    return not declared or case.policy.medecin_traitant_can_be_blocked


def _feeding_opposed(case: Case) -> bool:
    return case.needs.feeds and case.record.feeding_opposed


def _functional_right(case: Case) -> bool:
    return case.right is Right.NO


def _centre_15_reserved(case: Case) -> bool:
    return case.requester.mode is AccessMode.CENTRE_15 and not case.record.regulation_centre


def _opposition_bris_de_glace(case: Case) -> bool:
    in_mode = case.requester.mode is AccessMode.BRIS_DE_GLACE
    return in_mode and case.needs.content and case.record.opposes_bris_de_glace


def _opposition_centre_15(case: Case) -> bool:
    in_mode = case.requester.mode is AccessMode.CENTRE_15
    return in_mode and case.needs.content and case.record.opposes_centre_15


def _no_authorisation(case: Case) -> bool:
    if case.needs.ground is Ground.NEVER or case.requester.mode is not AccessMode.NORMAL:
        return False
    if case.needs.ground is Ground.UNLESS_OWN and (case.document is None or case.own):
        return False
    return ground_to_read(case) == ""


def ground_to_read(case: Case) -> str:
    """On what the caller may read in the normal mode, '' for nothing."""
    if case.column is Column.MEDECIN_TRAITANT:
        return "medecin-traitant"
    if case.column is Column.OCCUPATIONAL:
        return "express-consent" if case.record.authorised_by_name else ""
    if case.record.authorisation == "valid":
        return "authorisation"
    return "care-team" if case.record.care_team and not is_coordinating_doctor(case.requester) else ""


def _matrix(case: Case) -> bool:
    if case.needs.ground is Ground.NEVER:
        return False
    if case.document is None or case.own:
        return case.matrix is None and case.needs.ground is Ground.ALWAYS
    return case.matrix is None or not case.matrix.allows(case.role, case.document.type_code)


def _masque_ps(case: Case) -> bool:
    if case.document is None or case.own or not _masked(case.document, by_default=case.record.masks_everything):
        return False
    match right_of(case.requester, case.column, Function.CONSULT_MASKED):
        case Right.YES:
            return False
        case Right.OWN_MASKED:
            return not case.record.administrator
        case Right.IF_PATIENT_PERMITS:
            return not case.record.masked_in_emergency
        case _:
            return True


def _masked(document: DocumentFacts, *, by_default: bool) -> bool:
    return not document.masks <= _HIDES_NOTHING or (by_default and UNMASKED_BY_NAME not in document.masks)


def _signature_entry(case: Case) -> bool:
    return case.document is not None and case.document.is_signature


def _deleted(case: Case) -> bool:
    if case.document is None or case.document.status is not AvailabilityStatus.DELETED:
        return False
    if case.function not in SEARCHES_AND_CONSULTATIONS or not case.policy.deleted_readable:
        return True
    return right_of(case.requester, case.column, Function.CONSULT) is Right.NO


def _author_only(case: Case) -> bool:
    if case.document is None or case.own:
        return False
    if case.function in PATIENT_SIDE_STARRED and case.document.patient_authored:
        return False
    return case.right in _OWN_ONLY or case.function is Function.REPLACE


def _patient_document(case: Case) -> bool:
    if case.document is None or not case.document.patient_authored or case.function not in PATIENT_SIDE_STARRED:
        return False
    return case.column is not Column.MEDECIN_TRAITANT


def _not_on_documents(case: Case) -> bool:
    return case.document is not None and not case.needs.document


RULES: tuple[Rule, ...] = (
    # L1111-18 CSP: insurers, banks, employers, with or without the patient's consent, for any act whatever.
    Rule("forbidden-actor", _forbidden_actor),
    # R1111-36 CSP: a suspended, closed or unopened record is neither fed nor read.
    Rule("record-not-open", _record_not_open),
    # A blocked caller does not enter, whatever the mode or the patient's word on the spot (PDSM4DMP).
    # INFERRED from rules 2.3 (sources disagree): a declared médecin traitant cannot be blocked; setting medecin_traitant_can_be_blocked.
    Rule("blocked-by-patient", _blocked),
    # R1111-47 CSP: the patient's opposition, for a legitimate reason, to what a professional or a structure puts in.
    Rule("feeding-opposed", _feeding_opposed),
    # PDT-INF-526 and 606. A caller without a column has no right.
    Rule("functional-right", _functional_right),
    # TRE_R248 centre_15 is for declared regulation centres. INFERRED: a false claim of the mode refuses every act, feeding included.
    Rule("centre-15-reserved", _centre_15_reserved),
    # L1111-17 I CSP. INFERRED: the opposition bears on the mode, even of a caller who is authorised and could use the normal one;
    # it does not stop feeding.
    Rule("opposition-bris-de-glace", _opposition_bris_de_glace),
    Rule("opposition-centre-15", _opposition_centre_15),
    # R1111-46 CSP: authorised, or deemed so as a member of the care team; L1111-16 for the médecin traitant, and for the coordinating
    # doctor of an EHPAD, who needs the resident's agreement; L1111-17 IV for occupational doctors: consent given to them by name. INFERRED: an author reads its own documents under the same authorisation, and
    # being administrator is no authorisation by itself.
    Rule("no-authorisation", _no_authorisation),
    # Order of 26 October 2023. INFERRED: it applies in an emergency too, hides from lists as well, and does not keep an author from
    # its own documents (R1111-49). No version in force: nothing is read.
    Rule("matrix", _matrix),
    # R1111-49, notes 6 and 7 of 526; the holder may mask everything by default, then unmask by name. INFERRED: the author, also in an emergency; an administrator in the normal mode alone; the
    # médecin traitant who breaks the glass is bound by note 7; an unknown mask hides like MASQUE_PS.
    Rule("masque-ps", _masque_ps),
    # JDV_J57: the submission set's signature is stored and verified, never shown.
    Rule("signature-entry", _signature_entry),
    # 526, row "deleted": as readable as any for those who consult, absent for all others. INFERRED: nothing more is done to it;
    # setting deleted_readable hides it from all.
    Rule("deleted", _deleted),
    # Notes 5, 8 and 9; replacement is the author's. INFERRED: the star lets the médecin traitant delete a patient's document.
    Rule("author-only", _author_only),
    # The star of 526 on TD3.3c and TD3.3d.
    Rule("patient-document", _patient_document),
    # An act that is not done on documents was asked about one: a mistake of the caller's code, refused.
    Rule("not-on-documents", _not_on_documents),
)
