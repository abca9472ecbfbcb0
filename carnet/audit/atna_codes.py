"""How each act is coded in an audit message: a literal table (DICOM PS3.16 CID 400 and 401, IHE ITI TF-2 security considerations)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Coded(NamedTuple):
    """A code, its system and its words."""

    code: str
    system: str
    text: str


class EventCodes(NamedTuple):
    """EventID, EventActionCode (C, R, U, D, E), EventTypeCode, and whether documents leave us (then we are the source)."""

    event: Coded
    action: str
    kind: Coded
    outgoing: bool = False


def _dcm(code: str, text: str) -> Coded:
    return Coded(code, "DCM", text)


def _iti(number: int, text: str) -> Coded:
    return Coded(f"ITI-{number}", "IHE Transactions", text)


def _dmp(code: str, text: str) -> Coded:
    return Coded(code, "DMP", text)


LOG_USED = _dcm("110101", "Audit Log Used")
EXPORT = _dcm("110106", "Export")
IMPORT = _dcm("110107", "Import")
PATIENT_RECORD = _dcm("110110", "Patient Record")
QUERY = _dcm("110112", "Query")
ALERT = _dcm("110113", "Security Alert")
AUTHENTICATION = _dcm("110114", "User Authentication")

_SEEN = {
    "see-results": "Test results",
    "see-result-history": "A test result over time",
    "see-medicines": "Medicines",
    "see-vaccinations": "Vaccinations",
    "see-imaging": "Imaging examinations",
    "pro/summary": "Summary of a record",
    "pro/results": "Comparison of test results",
    "pro/result-history": "A test result over time",
    "pro/timeline": "Timeline of a record",
}
EVENTS: Mapping[str, EventCodes] = MappingProxyType(
    {
        "iti18": EventCodes(QUERY, "E", _iti(18, "Registry Stored Query")),  # ITI TF-2 §3.18.5.1.2, the registry's side
        "iti41": EventCodes(
            IMPORT, "C", _iti(41, "Provide and Register Document Set-b")
        ),  # §3.41.5.1.2, the repository's
        "iti43": EventCodes(
            EXPORT, "R", _iti(43, "Retrieve Document Set"), outgoing=True
        ),  # §3.43.6.1.2, the repository's
        "iti57": EventCodes(IMPORT, "U", _iti(57, "Update Document Set")),  # metadata update supplement §3.57.5.1
        "td0.2": EventCodes(QUERY, "E", _dmp("TD0.2", "Existence of a record")),
        "td0.3": EventCodes(PATIENT_RECORD, "U", _dmp("TD0.3", "Declaration of an authorisation")),
        "td0.4": EventCodes(QUERY, "E", _dmp("TD0.4", "List of patients")),
        "td0.5": EventCodes(QUERY, "E", _dmp("TD0.5", "Search without INS")),
        "td0.9": EventCodes(PATIENT_RECORD, "R", _dmp("TD0.9", "Web access")),
        "pro/identity-search": EventCodes(QUERY, "E", Coded("identity-search", "Carnet", "Search by every trait")),
        "pro/access-history": EventCodes(LOG_USED, "R", Coded("access-history", "Carnet", "History of accesses")),
        "pro/journal": EventCodes(LOG_USED, "R", Coded("journal", "Carnet", "Journal of one's own accesses")),
        "pro/recent-records": EventCodes(QUERY, "E", Coded("recent-records", "Carnet", "List of recent records")),
        "pro/examinations-done": EventCodes(
            QUERY, "E", Coded("examinations-done", "Carnet", "Examinations already done")
        ),
        "td1.1": EventCodes(PATIENT_RECORD, "C", _dmp("TD1.1", "Creation of a record")),
        "td1.2": EventCodes(PATIENT_RECORD, "U", _dmp("TD1.2", "Reactivation of a record")),
        "td1.3a": EventCodes(PATIENT_RECORD, "R", _dmp("TD1.3a", "Administrative data")),
        "td1.3b": EventCodes(PATIENT_RECORD, "U", _dmp("TD1.3b", "Change of administrative data")),
        "td1.4": EventCodes(PATIENT_RECORD, "U", _dmp("TD1.4", "Closing of a record")),
        "td1.5": EventCodes(PATIENT_RECORD, "U", _dmp("TD1.5", "Access to the portal")),
        "td1.6": EventCodes(PATIENT_RECORD, "R", _dmp("TD1.6", "Authorised and blocked professionals")),
        "read-trail": EventCodes(LOG_USED, "R", Coded("read-trail", "Carnet", "Reading of a trail")),
        "export-trail": EventCodes(LOG_USED, "R", Coded("export-trail", "Carnet", "Export of a trail"), outgoing=True),
        "open-record": EventCodes(PATIENT_RECORD, "C", Coded("open-record", "Carnet", "Opening of a record")),
        "list-documents": EventCodes(QUERY, "E", Coded("list-documents", "Carnet", "List of documents")),
        **{name: EventCodes(PATIENT_RECORD, "R", Coded(name, "Carnet", words)) for name, words in _SEEN.items()},
        "search-documents": EventCodes(QUERY, "E", Coded("search-documents", "Carnet", "Search in documents")),
        "explain": EventCodes(LOG_USED, "R", Coded("explain", "Carnet", "Explanation of a decision")),
    }
)
"""By the whole action, or by its name without the family."""

LOGIN = EventCodes(AUTHENTICATION, "E", _dcm("110122", "Login"))
"""A caller who could not be identified: the trace has a line only of those who were refused."""
BROKEN = EventCodes(ALERT, "E", _dcm("110135", "Object Security Attributes Changed"))
"""A line of the trace that does not match its hash."""

OUTCOMES: Mapping[str, str] = MappingProxyType({"done": "0", "refused": "4", "failed": "8"})
"""EventOutcomeIndicator: success, minor failure, serious failure (DICOM PS3.15 A.5.2)."""


def codes_of(action: str, rules: tuple[str, ...]) -> EventCodes:
    """The codes of an act. One that the table has not is a change of the patient's record, under its own name."""
    if "authentication" in rules:
        return LOGIN
    name = action.rpartition("/")[2]
    found = EVENTS.get(action) or EVENTS.get(name)
    return found or EventCodes(PATIENT_RECORD, "U", Coded(name, "Carnet", action))
