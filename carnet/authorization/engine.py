"""The one place that decides: facts in; verdict, deciding rules and duties out. A refusal beats any permission, silence refuses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from carnet.authorization.decision import Decision, Duty, permit, refuse
from carnet.authorization.facts import DocumentFacts, Function, RecordFacts
from carnet.authorization.functional_rights import STRUCTURE_COLUMNS, Column, column_of, right_of
from carnet.authorization.matrix import Matrices
from carnet.authorization.needs import NEEDS, PATIENT_SIDE_STARRED, Ground
from carnet.authorization.roles import matrix_role
from carnet.authorization.rules import RULES, Case, Policy, Rule, ground_to_read
from carnet.metadata import AvailabilityStatus
from carnet.requester import AccessMode, Requester

_LOG = logging.getLogger("carnet.authorization")

_NOBODY = "\x00"
"""Matches no identifier: a caller without one owns nothing."""

# R1111-48 CSP: the patient and the médecin traitant are told of an emergency access; breaking the glass is reviewed besides.
_EMERGENCY_DUTIES = {
    AccessMode.NORMAL: (),
    AccessMode.CENTRE_15: (Duty.TELL_PATIENT, Duty.TELL_MEDECIN_TRAITANT),
    AccessMode.BRIS_DE_GLACE: (Duty.TELL_PATIENT, Duty.TELL_MEDECIN_TRAITANT, Duty.EMERGENCY_REVIEW),
}
_STATUSES = {status.value: status for status in AvailabilityStatus}
_EMERGENCY_GROUNDS = {AccessMode.CENTRE_15: "centre-15", AccessMode.BRIS_DE_GLACE: "bris-de-glace"}


class Engine:
    """Answers whether a requester may do an act; every error on the way refuses.

    The keyword arguments are the choices of `rules.Policy`; `rules` is for tests that show what each rule is worth.
    """

    def __init__(
        self,
        matrices: Matrices,
        *,
        occupational_doctors: bool = False,
        professions_by_role: bool = False,
        medecin_traitant_can_be_blocked: bool = False,
        deleted_readable: bool = True,
        forbidden_structures: frozenset[str] = frozenset(),
        rules: tuple[Rule, ...] = RULES,
    ) -> None:
        self._matrices = matrices
        self._rules = rules
        self._last: Case | None = None
        self._policy = Policy(
            occupational_doctors=occupational_doctors,
            professions_by_role=professions_by_role,
            medecin_traitant_can_be_blocked=medecin_traitant_can_be_blocked,
            deleted_readable=deleted_readable,
            forbidden_structures=forbidden_structures,
        )

    def take(self, matrices: Matrices) -> None:
        """Decides by these versions of the matrix from now on; a question that was begun ends by what it began with."""
        self._matrices = matrices

    def decide(self, requester: Requester, record: RecordFacts, function: Function, at: int) -> Decision:
        """Whether the act may begin at all; what it may be done on is decided document by document. `at` in microseconds UTC."""
        return self._judge(self._case(requester, record, function, at))

    def decide_document(
        self, requester: Requester, record: RecordFacts, document: DocumentFacts, function: Function, at: int
    ) -> Decision:
        """Whether the act may be done on this document; includes all that `decide` says."""
        return self.viewer(requester, record, at, function).decision(document)

    def visible(self, requester: Requester, record: RecordFacts, document: DocumentFacts, at: int) -> bool:
        """Whether the caller may know that this document is there (TD3.1, references)."""
        return self.viewer(requester, record, at).decision(document).allowed

    def viewer(
        self, requester: Requester, record: RecordFacts, at: int, function: Function = Function.SEARCH_REFERENCES
    ) -> Viewer:
        """The same question about many documents in one request.

        By default what `visible` answers: once `decide` allowed SEARCH, it is what a list of metadata may contain.
        """
        case = self._case(requester, record, function, at)
        return Viewer(case, self._judge)

    def own(self, requester: Requester, document: DocumentFacts) -> bool:
        """Whether the caller is an author or the depositor, in person or, where it acts for its structure, through it."""
        column = self._column(requester, RecordFacts())
        return column is not None and _Identity.of(requester, column).owns(document)

    def opens_type(self, requester: Requester, type_code: str, at: int) -> bool:
        """Whether the matrix in force at a moment (microseconds UTC) opens a type of documents to the caller's role; no where there is none."""
        matrix = self._matrices.in_force(at)
        return matrix is not None and matrix.allows(matrix_role(requester), type_code)

    def _column(self, requester: Requester, record: RecordFacts) -> Column | None:
        return column_of(
            requester,
            record,
            occupational_doctors=self._policy.occupational_doctors,
            professions_by_role=self._policy.professions_by_role,
        )

    def _case(self, requester: Requester, record: RecordFacts, function: Function, at: int) -> Case | None:
        """The facts put together; None when that failed, which `_judge` refuses.

        One request asks several times: who asks, before which record and under which matrix is put together once, by identity.
        """
        try:
            last, matrix = self._last, self._matrices.in_force(at)
            if last is not None and last.requester is requester and last.record is record and last.matrix is matrix:
                return last.asking(function)
            column = self._column(requester, record)
            self._last = case = Case(
                requester=requester,
                record=record,
                function=function,
                needs=NEEDS[function],
                column=column,
                right=right_of(requester, column, function),
                role=matrix_role(requester),
                matrix=matrix,
                policy=self._policy,
            )
        except Exception as error:  # noqa: BLE001 - the answer is no; no facts in logs
            _LOG.error("the facts could not be put together: %s", type(error).__name__)
            return None
        return case

    def _judge(self, case: Case | None) -> Decision:
        if case is None:
            return refuse(("error",))
        version = case.matrix.version if case.matrix is not None else ""
        refusing = self._refusing(case)
        if refusing:
            return refuse(tuple(refusing), matrix_version=version)
        duties = _EMERGENCY_DUTIES[case.requester.mode] if case.needs.content else ()
        return permit(_grounds(case), duties=duties, matrix_version=version)

    def _refusing(self, case: Case) -> list[str]:
        """The names of the rules that refuse; a rule that fails, or does not plainly say no, refuses."""
        names = []
        for rule in self._rules:
            try:
                if rule.refuses(case) is not False:
                    names.append(rule.name)
            except Exception as error:  # noqa: BLE001 - the answer is no; no facts in logs
                _LOG.error("the rule %s failed: %s", rule.name, type(error).__name__)
                names.append(f"{rule.name}:error")
        return names


@dataclass(frozen=True, slots=True)
class _Identity:
    """The identifier by which documents are a caller's own: its own or its structure's."""

    identifier: str
    as_structure: bool

    @classmethod
    def of(cls, requester: Requester, column: Column | None) -> _Identity:
        as_structure = column in STRUCTURE_COLUMNS
        identifier = requester.organization_id if as_structure else requester.identifier
        return cls(identifier or _NOBODY, as_structure)

    def owns(self, document: DocumentFacts) -> bool:
        """Author or depositor, in person or as a structure (R1111-49 CSP, notes 5, 8 and 9 of 526)."""
        if self.as_structure:
            return self.identifier in document.author_institutions or self.identifier == document.depositor_organization
        return self.identifier in document.author_persons or self.identifier == document.depositor


_STRANGER = _Identity(_NOBODY, as_structure=False)


def _grounds(case: Case) -> tuple[str, ...]:
    """Why an act that nothing refuses is allowed, for the trace."""
    grounds = ["functional-right"]
    if case.needs.content and case.requester.mode in _EMERGENCY_GROUNDS:
        grounds.append(_EMERGENCY_GROUNDS[case.requester.mode])
    elif case.needs.ground is not Ground.NEVER and (ground := ground_to_read(case)):
        grounds.append(ground)
    if case.own:
        grounds.append("author")
    return tuple(grounds)


class Viewer:
    """One requester before one record, asked about many documents: the rules run once for each class of documents alike.

    Two documents are alike when type, masks, status, signature and being one's own are the same: all that the rules read in a search
    or a consultation. It lives as long as one request, never longer: facts change.
    """

    __slots__ = ("_as_structure", "_case", "_identity", "_judge", "_known", "_me")

    def __init__(self, case: Case | None, judge: Callable[[Case | None], Decision]) -> None:
        self._case = case
        self._judge = judge
        self._identity = _Identity.of(case.requester, case.column) if case is not None else _STRANGER
        self._me = self._identity.identifier
        self._as_structure = self._identity.as_structure
        self._known: dict[tuple[str, str, str, bool, int], bool] = {}

    def sees(  # noqa: PLR0917 - the columns of a row, hundreds of times a request
        self,
        type_code: str,
        masks_text: str,
        status: str,
        author_persons_text: str,
        author_institutions_text: str,
        depositor: str,
        depositor_organization: str,
        is_signature: int,
    ) -> bool:
        """The verdict from the columns of document_entry as they stand; the three texts are blank-separated.

        Always no for deletion and archiving, which hang on who wrote the document: ask `decision`.
        """
        me = self._me
        if self._as_structure:
            own = me == depositor_organization or (
                me in author_institutions_text and me in author_institutions_text.split(" ")
            )
        else:
            own = me == depositor or (me in author_persons_text and me in author_persons_text.split(" "))
        alike = (type_code, masks_text, status, own, is_signature)
        known = self._known.get(alike)
        if known is None:
            known = self._known[alike] = self._first_of(type_code, masks_text, status, own, is_signature)
        return known

    def decision(self, document: DocumentFacts) -> Decision:
        """The whole verdict on one document."""
        case = self._case
        return self._judge(case and case.about(document, own=self._identity.owns(document)))

    def _first_of(self, type_code: str, masks_text: str, status: str, own: bool, is_signature: int) -> bool:
        case = self._case
        if case is None or case.function in PATIENT_SIDE_STARRED or status not in _STATUSES:
            return False
        document = DocumentFacts(
            type_code=type_code,
            masks=frozenset(masks_text.split()),
            status=_STATUSES[status],
            is_signature=bool(is_signature),
        )
        return self._judge(case.about(document, own=own)).allowed
