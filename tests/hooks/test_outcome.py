import json

import pytest

from carnet import errors
from carnet.errors import CarnetError
from carnet.hooks.outcome import OUTCOMES, outcome_of

EVERY = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, CarnetError)]


@pytest.mark.parametrize("kind", EVERY)
def test_every_error_has_a_status_and_tells_its_sentence(kind):
    error = kind(()) if kind is errors.Several else kind("A sentence.")
    status, body = outcome_of(error)
    (issue,) = json.loads(body)["issue"]
    assert (status, issue["code"]) in OUTCOMES.values()
    assert issue["diagnostics"] == str(error)


def test_an_error_of_ours_tells_nothing_but_its_reference():
    status, body = outcome_of(ValueError("inside"), reference="abc")
    assert status == 500
    assert b"inside" not in body
    assert b"abc" in body
