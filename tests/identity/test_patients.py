import pytest

from carnet.database.statements import Statement
from carnet.errors import IntegrityFailure, PatientMismatch, UnknownPatient
from carnet.identity.ins import NIA, NIR, NIR_TEST
from carnet.identity.patients import Traits, find, identifiers, pseudonym_of, register, traits
from carnet.metadata import PatientIdentifier

INS = PatientIdentifier("279035121518989", NIR_TEST)
OTHER = PatientIdentifier("277076322082910", NIR_TEST)
DOMINIQUE = Traits("PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "F", "19790328", "51215")
RUTH = Traits("NESSI", "RUTH ISABELLE", "F", "19770714", "75115", used_name="DECOURCY")


def opened(connection, keyring, identifier):
    patient = find(connection, keyring, identifier)
    return traits(connection, patient.patient_key, keyring.patient_key(patient.pseudonym))


def dump(connection):
    return [
        connection.execute(Statement(f"SELECT * FROM {table} ORDER BY 1"))
        for table in ("patient", "patient_identifier")
    ]


def test_a_registered_person_is_found_by_their_ins(connection, keyring):
    key = register(connection, keyring, DOMINIQUE, INS, 1_000)
    patient = find(connection, keyring, INS)
    assert patient.patient_key == key
    assert opened(connection, keyring, INS) == DOMINIQUE


def test_an_unknown_ins_finds_nobody(connection, keyring):
    register(connection, keyring, DOMINIQUE, INS, 1_000)
    assert find(connection, keyring, OTHER) is None


def test_the_same_number_under_another_authority_is_another_identity(connection, keyring):
    register(connection, keyring, DOMINIQUE, INS, 1_000)
    assert find(connection, keyring, PatientIdentifier(INS.value, NIR)) is None


def test_two_persons_have_two_keys_and_two_pseudonyms(connection, keyring):
    first, second = register(connection, keyring, DOMINIQUE, INS, 1), register(connection, keyring, RUTH, OTHER, 1)
    assert first != second
    assert find(connection, keyring, INS).pseudonym != find(connection, keyring, OTHER).pseudonym


def test_registering_again_changes_nothing(connection, keyring):
    key = register(connection, keyring, DOMINIQUE, INS, 1_000)
    before = dump(connection)
    assert register(connection, keyring, DOMINIQUE, INS, 2_000) == key
    assert dump(connection) == before


def test_new_traits_replace_the_old_ones_under_the_same_key(connection, keyring):
    key = register(connection, keyring, DOMINIQUE, INS, 1_000)
    married = Traits("PAT-TROIS", "DOMINIQUE", "F", "19790328", "51215", "DUPRE")
    assert register(connection, keyring, married, INS, 2_000) == key
    assert opened(connection, keyring, INS) == married
    assert len(dump(connection)[0]) == 1


def test_a_new_ins_keeps_the_person_and_the_old_one_in_history(connection, keyring):
    waiting = PatientIdentifier(INS.value, NIA)
    key = register(connection, keyring, DOMINIQUE, waiting, 1_000)
    assert register(connection, keyring, DOMINIQUE, INS, 5_000, replaces=waiting) == key
    patient = find(connection, keyring, INS)
    history = identifiers(connection, key, keyring.patient_key(patient.pseudonym))
    assert [(one.identifier, one.since, one.until) for one in history] == [
        (waiting, 1_000, 5_000),
        (INS, 5_000, None),
    ]
    assert find(connection, keyring, waiting) is None


def test_replacing_again_changes_nothing(connection, keyring):
    register(connection, keyring, DOMINIQUE, OTHER, 1_000)
    register(connection, keyring, DOMINIQUE, INS, 2_000, replaces=OTHER)
    before = dump(connection)
    register(connection, keyring, DOMINIQUE, INS, 3_000, replaces=OTHER)
    assert dump(connection) == before


def test_a_new_ins_whose_former_one_is_unknown_makes_a_new_person(connection, keyring):
    register(connection, keyring, DOMINIQUE, INS, 1_000, replaces=OTHER)
    assert opened(connection, keyring, INS) == DOMINIQUE
    assert find(connection, keyring, OTHER) is None


def test_a_withdrawn_ins_is_never_given_again(connection, keyring):
    register(connection, keyring, DOMINIQUE, OTHER, 1_000)
    register(connection, keyring, DOMINIQUE, INS, 2_000, replaces=OTHER)
    before = dump(connection)
    with pytest.raises(PatientMismatch):
        register(connection, keyring, RUTH, OTHER, 3_000)
    assert dump(connection) == before


def test_an_ins_cannot_take_the_place_of_another_person_s(connection, keyring):
    register(connection, keyring, DOMINIQUE, INS, 1_000)
    register(connection, keyring, RUTH, OTHER, 1_000)
    before = dump(connection)
    with pytest.raises(PatientMismatch):
        register(connection, keyring, DOMINIQUE, INS, 2_000, replaces=OTHER)
    assert dump(connection) == before


def test_a_withdrawn_ins_cannot_be_replaced_a_second_time(connection, keyring):
    third = PatientIdentifier("124018852493334", NIR_TEST)
    register(connection, keyring, DOMINIQUE, OTHER, 1_000)
    register(connection, keyring, DOMINIQUE, INS, 2_000, replaces=OTHER)
    with pytest.raises(PatientMismatch):
        register(connection, keyring, DOMINIQUE, third, 3_000, replaces=OTHER)


def test_nothing_of_the_identity_is_in_clear(connection, keyring, tmp_path):
    register(connection, keyring, DOMINIQUE, INS, 1_000)
    stored = repr(dump(connection)).encode() + (tmp_path / "carnet.db-wal").read_bytes()
    for trace in (INS.value, INS.value[:13], "PAT-TROIS", "DOMINIQUE", "19790328"):
        assert trace.encode() not in stored


def test_one_person_s_traits_do_not_open_with_another_s_key(connection, keyring):
    key = register(connection, keyring, DOMINIQUE, INS, 1_000)
    register(connection, keyring, RUTH, OTHER, 1_000)
    stranger = keyring.patient_key(find(connection, keyring, OTHER).pseudonym)
    with pytest.raises(IntegrityFailure):
        traits(connection, key, stranger)


def test_no_traits_for_an_unknown_key(connection, keyring):
    with pytest.raises(UnknownPatient):
        traits(connection, 12, keyring.actor_key())


def test_a_person_whose_key_was_destroyed_cannot_be_registered_anew(connection, keyring):
    register(connection, keyring, DOMINIQUE, INS, 1_000)
    keyring.destroy_patient_key(find(connection, keyring, INS).pseudonym)
    before = dump(connection)
    with pytest.raises(UnknownPatient):
        register(connection, keyring, RUTH, INS, 2_000)
    with pytest.raises(UnknownPatient):
        register(connection, keyring, RUTH, OTHER, 2_000, replaces=INS)
    assert dump(connection) == before


def test_a_pseudonym_is_found_by_the_internal_key_and_outlives_the_person_s_key(connection, keyring):
    key = register(connection, keyring, DOMINIQUE, INS, 1)
    pseudonym = find(connection, keyring, INS).pseudonym
    keyring.destroy_patient_key(pseudonym)
    assert pseudonym_of(connection, key) == pseudonym
    assert pseudonym_of(connection, key + 1) is None
