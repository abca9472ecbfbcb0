"""The form of an affiliation file: its columns by name, its words, and where to go on."""

from __future__ import annotations

import pytest

from carnet.errors import MalformedMessage
from carnet.identity.affiliation import Affiliated, parse_affiliation
from carnet.identity.feed_file import BadLine
from carnet.identity.ins import NIR_TEST
from carnet.identity.patients import Traits
from carnet.metadata import PatientIdentifier

HEADER = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;territoire;canal;dmp_avant_2022"
LINE = f"279035121518989;{NIR_TEST};PAT-TROIS;DOMINIQUE;F;1979-03-28;51215;80;courriel;non"


def read(*lines, header=HEADER, after=0, test_identities=True):
    text = [f"{line}\n" for line in (header, *lines)]
    return list(parse_affiliation(text, test_identities=test_identities, after=after))


def test_a_line_is_an_affiliated_person():
    assert read(LINE) == [
        Affiliated(
            2,
            PatientIdentifier("279035121518989", NIR_TEST),
            Traits("PAT-TROIS", "DOMINIQUE", "F", "19790328", "51215"),
            "80",
            "email",
            former_record=False,
        )
    ]


@pytest.mark.parametrize(("word", "channel"), [("courriel", "email"), ("courrier", "post"), ("inconnu", "unknown")])
def test_channels_are_french_words(word, channel):
    (row,) = read(LINE.replace("courriel", word))
    assert row.channel == channel


def test_columns_are_found_by_name_and_others_are_not_read():
    names, cells = HEADER.split(";"), LINE.split(";")
    header = ";".join(["remarque", *reversed(names), "prenom_utilise"])
    (row,) = read(";".join(["x", *reversed(cells), "DOM"]), header=header)
    assert (row.territory, row.traits.used_given_name) == ("80", "DOM")


def test_reading_goes_on_after_a_line():
    lines = [LINE, "", "x", LINE]
    assert [row.number for row in read(*lines)] == [2, 4, 5]
    assert [row.number for row in read(*lines, after=1)] == [2, 4, 5]
    assert [row.number for row in read(*lines, after=2)] == [4, 5]
    assert [row.number for row in read(*lines, after=4)] == [5]
    assert read(*lines, after=5) == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (";80;", ";;", "territory"),
        (";80;", ";8 0;", "territory"),
        ("courriel", "e-mail", "channel"),
        (";non", ";no", "oui or non"),
        (";F;", ";X;", "sex"),
        ("279035121518989", "279035121518988", "key"),
        ("DOMINIQUE", "DOMINIQU\ufffd", "UTF-8"),
        (";courriel;non", "", "columns"),
    ],
)
def test_a_bad_line_says_why_without_repeating_it(old, new, reason):
    (row,) = read(LINE.replace(old, new))
    assert isinstance(row, BadLine)
    assert reason in row.reason
    assert "PAT-TROIS" not in row.reason


def test_test_identities_are_taken_by_the_setting():
    assert isinstance(read(LINE, test_identities=False)[0], BadLine)


@pytest.mark.parametrize("name", HEADER.split(";"))
def test_a_header_without_a_column_stops_the_file(name):
    with pytest.raises(MalformedMessage, match=name):
        read(header=HEADER.replace(name, "autre"))
