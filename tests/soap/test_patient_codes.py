"""The codes that the patient services tell: each error has one, or is a SOAP fault."""

from __future__ import annotations

import inspect

import pytest

from carnet import errors
from carnet.errors import CarnetError
from carnet.soap.faults import DMP_CODES
from carnet.soap.patient_answers import AUTHORISATION_CODES
from carnet.soap.patient_codes import OWN_CODES, code_or_raise

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, CarnetError)]
FAULTS = (
    errors.MalformedMessage,
    errors.UnsupportedOperation,
    errors.Unauthenticated,
    errors.Unavailable,
    errors.IntegrityFailure,
    errors.ConfigurationError,
)


def make(kind):
    return kind((errors.Refused("no"),)) if kind is errors.Several else kind("A sentence.")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_or_is_a_fault(kind):
    error = make(kind)
    if issubclass(kind, FAULTS):
        with pytest.raises(kind):
            code_or_raise(error)
    else:
        assert code_or_raise(error).startswith(("DMP", "Carnet"))


def test_the_codes_of_the_dmp_and_our_own_stay_apart():
    assert all(code.startswith("DMP") for code in DMP_CODES.values())
    assert all(code.startswith("Carnet") for code in OWN_CODES.values())
    assert code_or_raise(errors.RecordExists("x")) == "DMPFound"
    assert code_or_raise(errors.RecordClosed("x")) == "DMPClosed"
    assert code_or_raise(errors.Refused("x")) == "DMPAccessDeniedByRightsService"


def test_each_authorisation_status_has_a_code_of_its_own():
    assert len(set(AUTHORISATION_CODES.values())) == len(AUTHORISATION_CODES) == 4
    assert AUTHORISATION_CODES["valid"] == "VALIDE"
