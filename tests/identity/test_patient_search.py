"""Matching people by exact traits."""

from __future__ import annotations

import pytest

from carnet.demo.people import GIROUETTE, LANTERNE, NESSI, PAT_TROIS
from carnet.identity.patient_search import Criteria, matches


@pytest.mark.parametrize(
    ("criteria", "person", "expected"),
    [
        (Criteria(name="nessi"), NESSI, True),
        (Criteria(name="Decourcy"), NESSI, True),
        (Criteria(name="NESS"), NESSI, False),
        (Criteria(name="pat trois", given_name="marie-louise"), PAT_TROIS, True),
        (Criteria(name="PAT-TROIS", given_name="Dominique Marie Louise"), PAT_TROIS, True),
        (Criteria(name="PAT-TROIS", given_name="LOUISE"), PAT_TROIS, False),
        (Criteria(name="LANTERNE", given_name="Félix"), LANTERNE, True),
        (Criteria(name="LANTERNE", birth_date="19551103", sex="M"), LANTERNE, True),
        (Criteria(name="LANTERNE", birth_date="1955"), LANTERNE, False),
        (Criteria(name="GIROUETTE", birth_date="1938"), GIROUETTE, True),
        (Criteria(name="GIROUETTE", birth_date="19380101"), GIROUETTE, False),
        (Criteria(), NESSI, False),
    ],
)
def test_each_criterion_must_be_exactly_the_person_s(criteria, person, expected):
    assert matches(criteria, person.traits) is expected
