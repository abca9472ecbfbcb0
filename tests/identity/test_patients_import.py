import pytest

from carnet.database.statements import Statement
from carnet.errors import MalformedMessage
from carnet.identity import patients_import
from carnet.identity.feed_file import BadLine
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patients import Traits, find, traits
from carnet.identity.patients_import import LINES_A_TRANSACTION, Row, parse, take_in
from carnet.metadata import PatientIdentifier

HEADER = "ins;oid;nom_naissance;prenoms;nom_utilise;prenom_utilise;sexe;date_naissance;lieu_naissance"
DOMINIQUE = f"279035121518989;{NIR_TEST};PAT-TROIS;DOMINIQUE MARIE-LOUISE;;;F;1979-03-28;51215"
RUTH = f"277076322082910;{NIR_TEST};NESSI;RUTH ISABELLE;DECOURCY;RUTH;F;19770714;75115"


def read(*lines, header=HEADER, test_identities=True):
    return list(parse([header + "\n", *(line + "\n" for line in lines)], test_identities=test_identities))


def persons(count):
    for n in range(count):
        body = f"1850751999{n:03d}"
        yield f"{body}{key_of(body)};{NIR_TEST};FICTIF;PERSONNE {n};;;M;1985-07;"


def test_a_line_is_a_person():
    assert read(DOMINIQUE, RUTH) == [
        Row(
            2,
            PatientIdentifier("279035121518989", NIR_TEST),
            Traits("PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "F", "19790328", "51215"),
        ),
        Row(
            3,
            PatientIdentifier("277076322082910", NIR_TEST),
            Traits("NESSI", "RUTH ISABELLE", "F", "19770714", "75115", "DECOURCY", "RUTH"),
        ),
    ]


def test_columns_are_found_by_name_whatever_their_order_case_and_byte_order_mark():
    header = "\ufeffOID;INS;Prenoms;NOM_NAISSANCE;sexe;date_naissance;lieu_naissance;remarque"
    (row,) = read(f"{NIR_TEST};279035121518989;DOMINIQUE;PAT-TROIS;F;1979-03-28;51215;x", header=header)
    assert row.traits == Traits("PAT-TROIS", "DOMINIQUE", "F", "19790328", "51215")


def test_a_header_without_a_needed_column_stops_the_feed():
    with pytest.raises(MalformedMessage, match="sexe"):
        read(DOMINIQUE, header=HEADER.replace(";sexe", ""))


def test_an_empty_file_has_no_header():
    with pytest.raises(MalformedMessage):
        list(parse([], test_identities=True))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (DOMINIQUE.replace("518989", "518988"), "control key"),
        (DOMINIQUE.replace(NIR_TEST, "1.2.3"), "authority"),
        (DOMINIQUE.replace("PAT-TROIS", ""), "birth name"),
        (DOMINIQUE.replace(";F;", ";X;"), "sex"),
        (DOMINIQUE.replace("1979-03-28", "28/03/1979"), "yyyy-mm-dd"),
        (DOMINIQUE.replace("1979-03-28", "1979-02-30"), "calendar"),
        (DOMINIQUE.replace(";51215", ";Dompremy"), "INSEE"),
        ("279035121518989;" + NIR_TEST, "too few columns"),
        (DOMINIQUE.replace("PAT-TROIS", '"PAT-TROIS'), "quotation mark"),
    ],
)
def test_a_bad_line_is_noted_and_the_rest_goes_on(line, reason):
    bad, good = read(line, RUTH)
    assert isinstance(bad, BadLine)
    assert bad.number == 2
    assert reason in bad.reason
    assert good.number == 3


@pytest.mark.parametrize("text", ["279035121518988", "PAT-TROIS", "28/03/1979"])
def test_a_note_does_not_repeat_identity(text):
    lines = [DOMINIQUE.replace("518989", "518988"), DOMINIQUE.replace("1979-03-28", "28/03/1979")]
    assert all(text not in bad.reason for bad in read(*lines))


def test_test_identities_are_bad_lines_where_they_are_not_admitted():
    (bad,) = read(DOMINIQUE, test_identities=False)
    assert "test identity" in bad.reason


@pytest.mark.parametrize(("written", "kept"), [("1979", "1979"), ("1979-03", "197903"), ("197903", "197903")])
def test_a_date_known_in_part_stays_in_part(written, kept):
    (row,) = read(DOMINIQUE.replace("1979-03-28", written))
    assert row.traits.birth_date == kept


def test_empty_lines_are_passed_over():
    assert [row.number for row in read("", DOMINIQUE, "   ", RUTH)] == [3, 5]


def apply(connection, keyring, rows, now, *, commit):
    return patients_import.apply(rows, take=lambda row: take_in(connection, keyring, row, now), commit=commit)


def test_the_feed_makes_persons_known_and_twice_changes_nothing(connection, keyring):
    commits = []
    report = apply(connection, keyring, read(DOMINIQUE, "x", RUTH), 1_000, commit=lambda: commits.append(1))
    assert (report.taken, [bad.number for bad in report.bad], len(commits)) == (2, [3], 1)
    patient = find(connection, keyring, PatientIdentifier("277076322082910", NIR_TEST))
    assert traits(connection, patient.patient_key, keyring.patient_key(patient.pseudonym)).used_name == "DECOURCY"
    before = connection.execute(Statement("SELECT * FROM patient ORDER BY 1"))
    assert apply(connection, keyring, read(DOMINIQUE, RUTH), 2_000, commit=lambda: None).taken == 2
    assert connection.execute(Statement("SELECT * FROM patient ORDER BY 1")) == before


def test_a_feed_gives_a_new_ins_in_place_of_the_former_one(connection, keyring):
    apply(connection, keyring, read(RUTH), 1_000, commit=lambda: None)
    header = HEADER + ";ancien_ins;ancien_oid"
    moved = read(RUTH.replace("277076322082910", "279035121518989") + f";277076322082910;{NIR_TEST}", header=header)
    before = find(connection, keyring, PatientIdentifier("277076322082910", NIR_TEST))
    assert apply(connection, keyring, moved, 2_000, commit=lambda: None).taken == 1
    assert find(connection, keyring, PatientIdentifier("279035121518989", NIR_TEST)) == before
    assert find(connection, keyring, PatientIdentifier("277076322082910", NIR_TEST)) is None


def test_a_line_that_contradicts_what_is_known_is_noted(connection, keyring):
    header = HEADER + ";ancien_ins"
    apply(connection, keyring, read(RUTH), 1_000, commit=lambda: None)
    apply(connection, keyring, read(DOMINIQUE + ";277076322082910", header=header), 2_000, commit=lambda: None)
    report = apply(connection, keyring, read(RUTH), 3_000, commit=lambda: None)
    assert report.taken == 0
    assert "withdrawn" in report.bad[0].reason


def test_a_long_feed_is_committed_in_parts(connection, keyring):
    commits = []
    rows = read(*persons(LINES_A_TRANSACTION + 1))
    connection.control("BEGIN")

    def commit():
        connection.control("COMMIT")
        commits.append(connection.execute(Statement("SELECT count(*) FROM patient"))[0][0])
        connection.control("BEGIN")

    report = apply(connection, keyring, rows, 1_000, commit=commit)
    connection.control("COMMIT")
    assert report.taken == LINES_A_TRANSACTION + 1
    assert commits == [LINES_A_TRANSACTION, LINES_A_TRANSACTION + 1]
