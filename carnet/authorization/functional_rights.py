"""The two published matrices of functional rights: which kind of caller may begin which act, in which access mode.

PDT-INF-526 v1.8 for cards and for the indirect mode of structures, PDT-INF-606 v1.3 for the reinforced indirect mode (AIR).
What a cell leaves open (whose document, whose authorisation) is its note, kept as the value of the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from carnet.authorization.facts import Function, RecordFacts
from carnet.authorization.roles import Kind, is_occupational, kind_of
from carnet.requester import AccessMode, Authentication, CardClass, Requester


class Column(StrEnum):
    """Who is asking, as the columns of the matrices tell them apart."""

    PS = "professional who is not a doctor"
    DOCTOR = "doctor"
    OCCUPATIONAL = "occupational doctor"
    MEDECIN_TRAITANT = "médecin traitant of the record"
    CPE = "employee's card"
    ES = "structure"
    PE = "employee of a structure, reinforced mode"


class Right(StrEnum):
    """The value of a cell. Each member but the first two is one of the published notes, by its number."""

    NO = "n"
    YES = "y"
    AUTHORISES_STRUCTURE = "1"
    """The authorisation is given to the structure."""
    SAME_STRUCTURE = "2"
    """Limited to professionals of the same structure."""
    NEW_AUTHORISATIONS = "3"
    """By date, new authorisations only."""
    IMPUTED_TO_STRUCTURE = "4"
    OWN_REFERENCE = "5"
    """Only to find the reference of one's own documents, for instance to delete one."""
    OWN_MASKED = "6"
    """Masked documents only when they are one's own."""
    IF_PATIENT_PERMITS = "7"
    OWN = "8"
    """Documents of which one is an author."""
    OWN_OF_STRUCTURE = "9"
    """Documents of which the structure is an author."""


RightsTable = Mapping[Function, Mapping[Column, Mapping[AccessMode, Right]]]

_LETTERS = {"N": AccessMode.NORMAL, "R": AccessMode.CENTRE_15, "B": AccessMode.BRIS_DE_GLACE}
# Modes of each column, in the order of its cells. INFERRED: the columns MdT, CPE and PE have one cell each, read as the normal mode;
# the column MT has no R, because its doctor regulates as any doctor (see column_of).
_MODES: Mapping[Column, str] = {
    Column.PS: "NRB",
    Column.DOCTOR: "NRB",
    Column.OCCUPATIONAL: "N",
    Column.MEDECIN_TRAITANT: "NB",
    Column.CPE: "N",
    Column.ES: "NR",
    Column.PE: "N",
}


def _cells(column: Column, values: str) -> dict[AccessMode, Right]:
    return {_LETTERS[letter]: Right(value) for letter, value in zip(_MODES[column], values, strict=True)}


def _row(columns: tuple[Column, ...], values: str) -> dict[Column, dict[AccessMode, Right]]:
    return {column: _cells(column, cells) for column, cells in zip(columns, values.split(), strict=True)}


def _526(values: str) -> dict[Column, dict[AccessMode, Right]]:
    columns = (Column.PS, Column.DOCTOR, Column.OCCUPATIONAL, Column.MEDECIN_TRAITANT, Column.CPE, Column.ES)
    return _row(columns, values)


def _606(values: str) -> dict[Column, dict[AccessMode, Right]]:
    return _row((Column.PS, Column.DOCTOR, Column.MEDECIN_TRAITANT, Column.PE), values)


# Each word is one column's cells in the order of _MODES: n no, y yes, a digit is the published note (see Right).
PDT_INF_526: RightsTable = {
    # Columns: PS Doc MdT MT CPE ES
    Function.EXISTENCE_TEST: _526("yyy yyy y yy y yy"),
    Function.ADMINISTRATIVE_DATA: _526("yyy yyy y yy y yy"),
    Function.ADD_AUTHORISATION: _526("ynn ynn n yn 1 nn"),
    Function.REMOVE_AUTHORISATION: _526("ynn ynn n yn n nn"),
    Function.STOP_BEING_MEDECIN_TRAITANT: _526("nnn nnn n yn n nn"),
    Function.PATIENT_LIST: _526("yyy yyy y yy 2 3n"),
    Function.FIND_PATIENT: _526("nyn nyn n nn n ny"),
    Function.WEB_ACCESS: _526("yyy yyy y yy y nn"),
    Function.LIST_AUTHORISED: _526("ynn ynn y yn n nn"),
    Function.FEED: _526("yyy yyy y yy n 44"),
    # INFERRED: 526 has one row for TD2.1; its case b, replacing, has the same cells, and the card of TD2.2 replaces too.
    # Whose document may be replaced is a rule of its own (author-only).
    Function.REPLACE: _526("yyy yyy y yy 4 44"),
    Function.FEED_SECRETARY: _526("nnn nnn n nn 4 nn"),
    Function.SEARCH: _526("yyy yyy y yy n nn"),
    Function.SEARCH_REFERENCES: _526("yyy yyy y yy 5 55"),
    # One row here for five of 526 with the same cells: not masked, invisible to the patient, archived, old versions, deleted.
    Function.CONSULT: _526("yyy yyy n yy n nn"),
    Function.CONSULT_MASKED: _526("677 677 n y7 n nn"),
    Function.MASK: _526("ynn ynn y yn n nn"),
    Function.UNMASK: _526("8nn 8nn 8 yn n nn"),
    Function.SHOW_TO_PATIENT: _526("ynn ynn y yn n nn"),
    Function.ARCHIVE: _526("8nn 8yy 8 yy n nn"),
    Function.DELETE: _526("888 888 8 88 9 99"),
}

# INFERRED: 606 has no column for occupational doctors, who therefore have no reinforced mode; and what it does not say of an employee
# (TD0.2, TD0.9 …) is a no.
PDT_INF_606: RightsTable = {
    # Columns: PS Doc MT PE
    Function.EXISTENCE_TEST: _606("yyy yyy yy n"),
    Function.ADMINISTRATIVE_DATA: _606("yyy yyy yy n"),
    Function.ADD_AUTHORISATION: _606("ynn ynn yn 1"),
    Function.REMOVE_AUTHORISATION: _606("ynn ynn yn n"),
    Function.STOP_BEING_MEDECIN_TRAITANT: _606("nnn nnn yn n"),
    Function.PATIENT_LIST: _606("yyy yyy yy 3"),
    Function.FIND_PATIENT: _606("nyn nyn nn n"),
    Function.WEB_ACCESS: _606("yyy yyy yy n"),  # named TD0.10 there
    Function.LIST_AUTHORISED: _606("ynn ynn yn n"),
    Function.FEED: _606("nnn nnn nn n"),
    Function.REPLACE: _606("nnn nnn nn n"),
    Function.FEED_SECRETARY: _606("nnn nnn nn n"),
    Function.SEARCH: _606("yyy yyy yy n"),
    Function.SEARCH_REFERENCES: _606("yyy yyy yy 5"),
    Function.CONSULT: _606("yyy yyy yy n"),
    Function.CONSULT_MASKED: _606("677 677 y7 n"),
    Function.MASK: _606("ynn ynn yn n"),
    Function.UNMASK: _606("8nn 8nn yn n"),
    Function.SHOW_TO_PATIENT: _606("ynn ynn yn n"),
    Function.ARCHIVE: _606("8nn 8yy yy n"),
    Function.DELETE: _606("888 888 88 9"),
}

STRUCTURE_COLUMNS = frozenset({Column.CPE, Column.ES, Column.PE})
"""Callers who act for their structure: its documents are theirs. All others are authors in person."""

_HUMANS = frozenset({Kind.DOCTOR, Kind.PROFESSIONAL, Kind.BY_ROLE, Kind.SECRETARY})


def column_of(
    requester: Requester,
    record: RecordFacts,
    *,
    occupational_doctors: bool = False,
    professions_by_role: bool = False,
) -> Column | None:
    """The caller's column; None for a caller that no column knows, which is refused everything.

    `occupational_doctors` (L1111-17 IV CSP) and `professions_by_role` (order of 26 October 2023, contested) open their columns.
    """
    kind = kind_of(requester.profession)
    column = _nominal_column(requester, kind)
    if column is not Column.PS:
        return column
    if kind is Kind.BY_ROLE and not professions_by_role:
        return None
    if kind is Kind.DOCTOR:
        return _doctor_column(requester, record, occupational_doctors=occupational_doctors)
    return Column.PS


def _nominal_column(requester: Requester, kind: Kind | None) -> Column | None:
    """The column that certificate and role give, all professionals still under PS."""
    match requester.authentication, requester.card:
        case Authentication.INDIRECT, CardClass.ORGANIZATION:
            return Column.ES if kind is not None else None
        case _ if kind not in _HUMANS:
            return None
        case Authentication.DIRECT, CardClass.EMPLOYEE:
            return Column.CPE
        case Authentication.DIRECT, CardClass.PROFESSIONAL:
            return Column.CPE if kind is Kind.SECRETARY else Column.PS
        case Authentication.REINFORCED, CardClass.ORGANIZATION:
            # INFERRED from EX-AIR-085: reading needs a professional known by a national identifier, not by one of the structure.
            return Column.PE if kind is Kind.SECRETARY or "/" in requester.identifier else Column.PS
        case _:
            return None


def _doctor_column(requester: Requester, record: RecordFacts, *, occupational_doctors: bool) -> Column | None:
    if is_occupational(requester):
        return Column.OCCUPATIONAL if occupational_doctors else None
    if record.medecin_traitant and requester.mode is not AccessMode.CENTRE_15:
        return Column.MEDECIN_TRAITANT
    return Column.DOCTOR


def right_of(requester: Requester, column: Column | None, function: Function) -> Right:
    """The cell for this caller, NO where the matrix has none."""
    matrix = PDT_INF_606 if requester.authentication is Authentication.REINFORCED else PDT_INF_526
    if column is None:
        return Right.NO
    return matrix[function].get(column, {}).get(requester.mode, Right.NO)


def feeding_function(requester: Requester) -> Function:
    """TD2.2 for an employee's card or a medical secretary in direct mode, TD2.1 for all others."""
    employee = requester.card is CardClass.EMPLOYEE or kind_of(requester.profession) is Kind.SECRETARY
    direct = requester.authentication is Authentication.DIRECT
    return Function.FEED_SECRETARY if direct and employee else Function.FEED
