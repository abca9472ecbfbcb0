import pytest

from carnet.errors import MalformedMessage
from carnet.identity.directory_feed import DirectoryLine, Kind, SkippedLine, parse
from carnet.identity.feed_file import BadLine

ACTIVITY = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|"
    "Libellé civilité d'exercice|Code civilité|Libellé civilité|Nom d'exercice|Prénom d'exercice|Code profession|"
    "Libellé profession|Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|"
    "Libellé type savoir-faire|Code savoir-faire|Libellé savoir-faire|Code mode exercice|Libellé mode exercice|"
    "Numéro SIRET site|Numéro SIREN site|Numéro FINESS site|Numéro FINESS établissement juridique|"
    "Identifiant technique de la structure|Raison sociale site|Enseigne commerciale site|"
    "Complément destinataire (coord. structure)|Complément point géographique (coord. structure)|"
    "Numéro Voie (coord. structure)|Indice répétition voie (coord. structure)|Code type de voie (coord. structure)|"
    "Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Mention distribution (coord. structure)|"
    "Bureau cedex (coord. structure)|Code postal (coord. structure)|Code commune (coord. structure)|"
    "Libellé commune (coord. structure)|Code pays (coord. structure)|Libellé pays (coord. structure)|"
    "Téléphone (coord. structure)|Téléphone 2 (coord. structure)|Télécopie (coord. structure)|"
    "Adresse e-mail (coord. structure)|Code Département (structure)|Libellé Département (structure)|"
    "Ancien identifiant de la structure|Autorité d'enregistrement|Code secteur d'activité|Libellé secteur d'activité|"
    "Code section tableau pharmaciens|Libellé section tableau pharmaciens|Code rôle|Libellé rôle|Code genre activité|"
    "Libellé genre activité|"
)
KNOW_HOW = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Nom d'exercice|Prénom d'exercice|Code profession|"
    "Libellé profession|Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|"
    "Libellé type savoir-faire|Code savoir-faire|Libellé savoir-faire|"
)
DIPLOMAS = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Nom d'exercice|Prénom d'exercice|"
    "Code type diplôme obtenu|Libellé type diplôme obtenu|Code diplôme obtenu|Libellé diplôme obtenu|"
    "Code type autorisation|Libellé type autorisation|Code discipline autorisation|Libellé discipline autorisation|"
)
OWN = "ps_idnat;nom;prenom;profession;categorie;savoir_faire;struct_idnat;raison_sociale;secteur"

GP = {
    "Type d'identifiant PP": "8",
    "Identifiant PP": "99970000016",
    "Identification nationale PP": "899970000016",
    "Nom d'exercice": "MONTRIEUX",
    "Prénom d'exercice": "ALIZE",
    "Code profession": "10",
    "Code catégorie professionnelle": "C",
    "Code type savoir-faire": "S",
    "Code savoir-faire": "SM54",
    "Numéro FINESS site": "990000028",
    "Raison sociale site": "CH DE VALMORTE",
    "Code secteur d'activité": "SA01",
}


def line(header, values):
    return "|".join(values.get(name, "") for name in header.split("|"))


def read(header, *values):
    return list(parse([header + "\r\n", *(line(header, one) + "\r\n" for one in values)]))


def test_a_situation_of_the_public_extract_is_read():
    assert read(ACTIVITY, GP) == [
        DirectoryLine(
            number=2,
            kind=Kind.ACTIVITY,
            person="899970000016",
            family_name="MONTRIEUX",
            given_name="ALIZE",
            profession="10",
            category="C",
            specialties=("SM54",),
            structure="1990000028",
            structure_name="CH DE VALMORTE",
            sector="SA01",
        )
    ]


@pytest.mark.parametrize(
    ("numbers", "structure"),
    [
        ({"Numéro FINESS site": "2A0000014", "Numéro SIRET site": "99900000000011"}, "12A0000014"),
        ({"Numéro FINESS site": "", "Numéro SIRET site": "99900000000011"}, "399900000000011"),
        (
            {
                "Numéro FINESS site": "",
                "Ancien identifiant de la structure": "499970000016001",
                "Identifiant technique de la structure": "R10100000000001",
            },
            "499970000016001",
        ),
        (
            {
                "Numéro FINESS site": "",
                "Ancien identifiant de la structure": "10B0127189",
                "Identifiant technique de la structure": "10B0127189",
            },
            "10B0127189",
        ),
        ({"Numéro FINESS site": ""}, ""),
    ],
)
def test_a_structure_is_named_by_finess_then_siret_then_office_then_technical_number(numbers, structure):
    (found,) = read(ACTIVITY, GP | numbers)
    assert found.structure == structure


def test_an_adeli_number_gets_its_prefix_when_the_national_form_is_missing():
    without = {"Type d'identifiant PP": "0", "Identifiant PP": "012600631", "Identification nationale PP": ""}
    (found,) = read(ACTIVITY, GP | without)
    assert found.person == "0012600631"


def test_a_pharmacist_s_section_stands_with_the_know_how():
    section = {"Code profession": "21", "Code savoir-faire": "", "Code section tableau pharmaciens": "A"}
    (found,) = read(ACTIVITY, GP | section)
    assert found.specialties == ("A",)


def test_columns_are_found_by_name_in_any_order_with_other_apostrophes_and_a_byte_order_mark():
    header = "\ufeff" + "|".join(reversed(ACTIVITY.replace("'", "\u2019").upper().rstrip("|").split("|")))
    values = {name.replace("'", "\u2019").upper(): value for name, value in GP.items()}
    text = "|".join(values.get(name.removeprefix("\ufeff"), "") for name in header.split("|"))
    (found,) = parse([header, text])
    assert (found.person, found.structure, found.sector) == ("899970000016", "1990000028", "SA01")


def test_optional_columns_may_be_missing():
    short = "Type d'identifiant PP|Identifiant PP|Nom d'exercice|Prénom d'exercice|Code profession|Numéro FINESS site"
    (found,) = read(short, GP)
    assert (found.person, found.category, found.specialties) == ("899970000016", "C", ())


def test_the_know_how_file_tells_no_structure():
    (found,) = read(KNOW_HOW, GP)
    assert (found.kind, found.specialties, found.structure) == (Kind.KNOW_HOW, ("SM54",), "")


def test_the_diplomas_file_has_nothing_for_the_directory():
    assert read(DIPLOMAS, GP, GP) == [SkippedLine(2), SkippedLine(3)]


def test_a_header_of_another_file_stops_the_import():
    with pytest.raises(MalformedMessage):
        list(parse(["a|b|c", "1|2|3"]))
    with pytest.raises(MalformedMessage):
        list(parse([]))


def test_a_bad_line_is_noted_and_the_rest_goes_on():
    good = line(ACTIVITY, GP)
    found = list(parse([ACTIVITY, "8|999", good.replace("8|99970000016|899970000016", "8||?"), "", good]))
    assert [type(one) for one in found] == [BadLine, BadLine, DirectoryLine]
    assert [one.number for one in found] == [2, 3, 5]


def test_a_person_without_profession_is_a_bad_line():
    (bad,) = read(ACTIVITY, GP | {"Code profession": ""})
    assert "no profession" in bad.reason


def test_our_own_file_has_persons_structures_or_both():
    both, structure, person = parse(
        [
            OWN,
            "899970000016;MONTRIEUX;ALIZE;10;C;SM54;1990000028;CH DE VALMORTE;SA01",
            ";;;;;;1990000051;SAMU 99;SA01",
            '899970000024;SAULNIER;BASTIEN;10;C;"SM26";;;',
        ]
    )
    assert (both.person, both.structure, both.specialties) == ("899970000016", "1990000028", ("SM54",))
    assert (structure.person, structure.structure, structure.structure_name) == ("", "1990000051", "SAMU 99")
    assert (person.person, person.structure, person.specialties) == ("899970000024", "", ("SM26",))


def test_our_own_file_s_bad_lines_are_noted():
    found = list(parse([OWN, "899970000016;MONT", ';;;;;;"1990000051;SAMU;SA01', ";;;;;;;;"]))
    assert [(one.number, type(one)) for one in found] == [(2, BadLine), (3, BadLine), (4, SkippedLine)]
