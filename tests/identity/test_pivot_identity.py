"""Who the provider describes: one person by exactly their traits of birth, or nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.errors import SignInFailed
from carnet.identity.ins import NIR_TEST
from carnet.identity.patients import Traits, register
from carnet.identity.pivot_identity import Pivot, describes, person_described, read_pivot
from carnet.identity.subject_links import link, unlink
from carnet.metadata import PatientIdentifier

NOW = 1_790_000_000_000_000
CLAIMS = {
    "family_name": "Pat-Trois",
    "given_name": "Dominique Marie-Louise",
    "gender": "female",
    "birthdate": "1979-03-28",
    "birthplace": "51215",
    "birthcountry": "99100",
}
TRAITS = Traits("PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "F", "19790328", "51215", "MARTIN", "DOMI")
PIVOT = Pivot("PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "F", "19790328", "51215")


def test_claims_are_read_as_our_traits_are_kept():
    assert read_pivot(CLAIMS) == replace(PIVOT, birth_name="Pat-Trois", birth_given_names="Dominique Marie-Louise")
    assert describes(read_pivot(CLAIMS), TRAITS)


@pytest.mark.parametrize(
    ("changes", "date", "place"),
    [
        ({"birthdate": "1938-00-00"}, "1938", "51215"),
        ({"birthdate": "1938"}, "1938", "51215"),
        ({"birthdate": "1938-05-00"}, "193805", "51215"),
        ({"birthplace": "", "birthcountry": "99350"}, "19790328", "99350"),
        ({"birthplace": "2A004"}, "19790328", "2A004"),
    ],
)
def test_presumed_dates_and_places_abroad_are_read(changes, date, place):
    found = read_pivot({**CLAIMS, **changes})
    assert (found.birth_date, found.birth_place) == (date, place)


@pytest.mark.parametrize(
    "changes",
    [
        {"family_name": ""},
        {"family_name": " - "},
        {"family_name": "x" * 201},
        {"given_name": None},
        {"given_name": ["DOMINIQUE"]},
        {"gender": "other"},
        {"gender": ""},
        {"birthdate": "28/03/1979"},
        {"birthdate": "1979-03"},
        {"birthplace": ""},
        {"birthplace": "Reims"},
        {"birthcountry": ""},
        {"birthcountry": "FR"},
        {"birthcountry": "99350"},
        {"birthplace": "", "birthcountry": "51215"},
    ],
    ids=repr,
)
def test_a_trait_that_is_missing_or_not_of_its_form_is_refused(changes):
    with pytest.raises(SignInFailed):
        read_pivot({**CLAIMS, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"birth_name": "MARTIN"},  # the used name
        {"birth_name": "PAT"},
        {"birth_given_names": "DOMINIQUE"},
        {"birth_given_names": "MARIE-LOUISE DOMINIQUE"},
        {"birth_given_names": "DOMI"},
        {"sex": "M"},
        {"birth_date": "19790329"},
        {"birth_date": "1979"},
        {"birth_place": "51216"},
    ],
    ids=repr,
)
def test_each_trait_must_be_exactly_the_persons(connection, keyring, changes):
    register(connection, keyring, TRAITS, PatientIdentifier("279035121518989", NIR_TEST), NOW)
    assert person_described(connection, keyring, PIVOT, maximum=10)
    with pytest.raises(SignInFailed):
        person_described(connection, keyring, replace(PIVOT, **changes), maximum=10)


def test_two_people_who_fit_are_nobody_and_an_unknown_place_fits_nobody(connection, keyring):
    register(connection, keyring, TRAITS, PatientIdentifier("279035121518989", NIR_TEST), NOW)
    register(connection, keyring, replace(TRAITS, birth_place=""), PatientIdentifier("277076322082910", NIR_TEST), NOW)
    assert person_described(connection, keyring, PIVOT, maximum=10)
    register(connection, keyring, TRAITS, PatientIdentifier("155112A99900124", NIR_TEST), NOW)
    with pytest.raises(SignInFailed, match="2 people"):
        person_described(connection, keyring, PIVOT, maximum=10)
    with pytest.raises(SignInFailed, match="too many"):
        person_described(connection, keyring, PIVOT, maximum=1)


def test_a_subject_never_becomes_somebody_else_and_a_person_has_one(connection, keyring):
    one = register(connection, keyring, TRAITS, PatientIdentifier("279035121518989", NIR_TEST), NOW)
    two = register(connection, keyring, replace(TRAITS, sex="M"), PatientIdentifier("155112A99900124", NIR_TEST), NOW)
    at = {"issuer": "https://fcp.example", "now": NOW}
    assert link(connection, keyring, one, subject="s-1", **at)
    assert not link(connection, keyring, one, subject="s-1", **at)
    with pytest.raises(SignInFailed, match="another person"):
        link(connection, keyring, two, subject="s-1", **at)
    assert link(connection, keyring, two, subject="s-1", issuer="https://other.example", now=NOW)
    assert link(connection, keyring, one, subject="s-2", **at), "another subject of the same person takes its place"
    with pytest.raises(SignInFailed, match="another person"):
        link(connection, keyring, two, subject="s-1", **at)
    unlink(connection, one, by="test", now=NOW)
    assert link(connection, keyring, one, subject="s-2", **at)
