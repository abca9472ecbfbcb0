"""Feeds taken in through the gate: a bad line harms no other, the same file twice changes nothing."""

from __future__ import annotations

import pytest

from carnet.demo.people import MEDECIN_TRAITANT, directory_feed, identity_feed
from carnet.errors import AssertionInvalid, MalformedMessage
from carnet.identity.ins import NIR_TEST, key_of
from carnet.metadata import PatientIdentifier
from carnet.record.administration import Administration
from carnet.record.intake import import_directory, import_patients

HEADER = "ins;oid;nom_naissance;prenoms;nom_utilise;prenom_utilise;sexe;date_naissance;lieu_naissance\n"


def person(number):
    """(INS, line) of somebody of a commune that does not exist."""
    body = f"2840599{number:06d}"
    ins = body + key_of(body)
    return ins, f"{ins};{NIR_TEST};ESSAI-{'A' * (number % 7 + 1)};MARIE;;;F;1984-05-17;99350\n"


def persons(room):
    return room.rows("SELECT count(*) FROM patient")[0][0]


def test_the_stage_s_own_feeds_again_change_nothing(room):
    before = room.kept()
    report = import_patients(room.gate, identity_feed().splitlines(keepends=True))
    assert (report.taken, report.bad) == (6, ())
    report = import_directory(room.gate, directory_feed().splitlines(keepends=True), source="demonstration")
    assert (report.taken, report.bad, report.deactivated) == (16, (), 0)
    assert room.kept() == before


def test_a_bad_line_is_noted_with_its_number_and_harms_no_other(room):
    (first, line), (_, wrong), (third, last) = person(901001), person(901002), person(901003)
    before = persons(room)
    bad = wrong.replace(wrong[13:15], "00", 1)
    report = import_patients(room.gate, [HEADER, line, bad, last])
    assert report.taken == 2
    assert [one.number for one in report.bad] == [3]
    assert wrong[:13] not in report.bad[0].reason
    assert persons(room) == before + 2
    office = Administration(room.gate, "operator:essai")
    assert office.open_record(PatientIdentifier(first, NIR_TEST))
    assert office.open_record(PatientIdentifier(third, NIR_TEST))


def test_a_long_feed_keeps_what_it_took_in_before_it_broke_off(room):
    before = persons(room)

    def lines():
        yield HEADER
        for number in range(901001, 901251):
            yield person(number)[1]
        raise OSError("the file broke off")

    with pytest.raises(OSError, match="broke off"):
        import_patients(room.gate, lines())
    assert persons(room) == before + 200
    assert not room.connection.in_transaction


def test_a_long_feed_lets_others_in_between_its_steps(room):
    room.connection.commands.clear()
    import_patients(room.gate, [HEADER, *(person(number)[1] for number in range(901001, 901402))])
    assert room.connection.commits >= 3


@pytest.mark.parametrize("take_in", [import_patients, lambda gate, lines: import_directory(gate, lines, source="x")])
def test_a_file_with_a_header_of_no_known_feed_is_refused_and_changes_nothing(room, take_in):
    before = room.kept()
    with pytest.raises(MalformedMessage):
        take_in(room.gate, ["a;b;c\n", "1;2;3\n"])
    assert room.kept() == before


def test_who_is_missing_from_a_complete_directory_has_left_and_is_refused(room):
    requester = room.caller(assertion=room.assertion())
    room.do(requester, room.finding())
    lines = [line for line in directory_feed().splitlines(keepends=True) if MEDECIN_TRAITANT.identifier not in line]
    report = import_directory(room.gate, lines, source="demonstration", complete=True)
    assert report.deactivated >= 1
    with pytest.raises(AssertionInvalid):
        room.do(room.caller(assertion=room.assertion()), room.finding())


def test_real_numbers_are_refused_or_taken_by_the_setting(open_room):
    room = open_room(test_identities=False)
    report = import_patients(room.gate, [HEADER, person(901001)[1]])
    assert (report.taken, len(report.bad)) == (0, 1)
