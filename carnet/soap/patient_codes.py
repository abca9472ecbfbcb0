"""What the patient services tell of an error: a code and a sentence, in acknowledgementDetail (HL7 v3) or in status and context.

Codes of the DMP where one is known, Carnet's own for the rest: the list of the integration guide was not found.
"""

from __future__ import annotations

from carnet import errors
from carnet.errors import CarnetError
from carnet.soap.faults import DMP_CODES, is_fault
from carnet.soap.faults import OWN_CODES as OWN_CODES_OF_ALL

OK = "DMPOk"
OWN_CODES: dict[type[CarnetError], str] = OWN_CODES_OF_ALL | {
    errors.CarnetError: "CarnetError",
    errors.UnknownPatient: "CarnetUnknownPatient",
    errors.PatientMismatch: "CarnetPatientMismatch",
    errors.InvalidMetadata: "CarnetInvalidRequest",
    errors.TooManyResults: "CarnetTooManyResults",
}
_OUR_STATE = (errors.Unavailable, errors.IntegrityFailure, errors.ConfigurationError)


def code_or_raise(error: CarnetError) -> str:
    """The code of an error that the answer tells; raises the error again when it is a SOAP fault: the message, its sender, or our state."""
    if is_fault(error) or isinstance(error, _OUR_STATE):
        raise error
    for kind in type(error).__mro__:
        code = DMP_CODES.get(kind) or OWN_CODES.get(kind)
        if code is not None:
            return code
    raise error
