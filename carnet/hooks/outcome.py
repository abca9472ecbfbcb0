"""From the classes of carnet.errors to HTTP status and the code of an OperationOutcome (FHIR R4 issue-type): the one place where this door knows them."""

from __future__ import annotations

import json

from carnet import errors
from carnet.errors import CarnetError

OUTCOMES: dict[type[CarnetError], tuple[int, str]] = {
    # class: (HTTP status, issue type); a class that is not here is told as the nearest one above it
    errors.CarnetError: (500, "exception"),
    errors.MalformedMessage: (400, "structure"),
    errors.TooLarge: (413, "too-long"),
    errors.UnsupportedOperation: (404, "not-supported"),
    errors.Unauthenticated: (401, "login"),
    errors.Refused: (403, "forbidden"),
    errors.OverBudget: (429, "throttled"),
    errors.UnknownPatient: (404, "not-found"),
    errors.PatientMismatch: (403, "forbidden"),
    errors.InvalidMetadata: (422, "business-rule"),
    errors.Unavailable: (503, "transient"),
    errors.Busy: (503, "throttled"),
}


def outcome_of(error: BaseException, *, reference: str = "") -> tuple[int, bytes]:
    """HTTP status and body of an error; what is no CarnetError tells nothing of itself but the reference that the log has too."""
    known = type(error) if isinstance(error, CarnetError) else CarnetError
    status, code = next(OUTCOMES[one] for one in known.__mro__ if one in OUTCOMES)
    text = str(error) if isinstance(error, CarnetError) else f"The request failed ({reference})."
    issue = {"severity": "error", "code": code, "diagnostics": text}
    return status, json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()
