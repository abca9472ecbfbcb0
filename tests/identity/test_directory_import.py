import pytest

from carnet.database.statements import Statement
from carnet.demo.people import ORGANIZATIONS, PROFESSIONALS, directory_feed
from carnet.errors import MalformedMessage
from carnet.identity.directory import Role, organization, professional
from carnet.identity.directory_feed import DirectoryLine, Kind, parse
from carnet.identity.directory_import import COLLAPSE_FROM, LINES_A_TRANSACTION, apply

PERSON, OTHER = "899970000016", "899970000024"
HOSPITAL, OFFICE = "1990000028", "499970000016001"


def activity(person=PERSON, structure=HOSPITAL, profession="10", specialties=("SM54",), category="C"):
    return DirectoryLine(
        2, Kind.ACTIVITY, person, "NOM", "PRENOM", profession, category, tuple(specialties), structure, "NAME", "SA01"
    )


def know_how(person=PERSON, profession="10", specialties=("SM04",)):
    return DirectoryLine(2, Kind.KNOW_HOW, person, "NOM", "PRENOM", profession, "C", tuple(specialties))


def take_in(connection, lines, now, *, complete=False, source="extract"):
    return apply(connection, lines, now, source=source, commit=lambda: None, complete=complete)


def dump(connection):
    return [
        connection.execute(Statement(f"SELECT * FROM {table} ORDER BY 1, 2, 3"))
        for table in ("professional", "professional_role", "organization", "professional_situation")
    ]


def test_people_and_structures_become_known(connection):
    report = apply(connection, parse(directory_feed().splitlines()), 1_000, source="demo", commit=lambda: None)
    places = sum(1 + len(one.other_organizations) for one in PROFESSIONALS)
    assert (report.taken, report.bad) == (len(ORGANIZATIONS) + places, ())
    for one in PROFESSIONALS:
        found = professional(connection, one.identifier)
        assert (found.family_name, found.active) == (one.family_name, True)
        assert set(found.organizations) == {place.identifier for place in (one.organization, *one.other_organizations)}
        specialties = {"", one.specialty.code} if one.specialty else {""}
        assert {role.specialty for role in found.roles} == specialties
    for one in ORGANIZATIONS:
        assert organization(connection, one.identifier).sector == one.sector.code


def test_the_same_feed_twice_changes_nothing(connection):
    lines = [activity(), activity(structure=OFFICE), know_how()]
    take_in(connection, lines, 1_000, complete=True)
    before = dump(connection)
    take_in(connection, lines, 1_000, complete=True)
    assert dump(connection) == before


def test_a_feed_that_is_not_complete_only_adds(connection):
    take_in(connection, [activity(), activity(person=OTHER)], 1_000)
    report = take_in(connection, [activity(structure=OFFICE, specialties=("SM26",))], 2_000)
    assert report.deactivated == 0
    found = professional(connection, PERSON)
    assert found.organizations == (HOSPITAL, OFFICE)
    assert {role.specialty for role in found.roles} == {"", "SM54", "SM26"}
    assert professional(connection, OTHER).active


def test_a_complete_feed_ends_the_situations_and_professions_it_does_not_repeat(connection):
    take_in(connection, [activity(), activity(structure=OFFICE, profession="21", specialties=("A",))], 1_000)
    take_in(connection, [activity()], 2_000, complete=True)
    found = professional(connection, PERSON)
    assert found.organizations == (HOSPITAL,)
    assert found.roles == (Role("10", "", "C"), Role("10", "SM54", "C"))


def test_a_person_s_lines_need_not_follow_each_other(connection):
    take_in(connection, [activity(structure=OFFICE)], 1_000)
    crowd = [activity(person=f"8{n:011d}", structure="") for n in range(LINES_A_TRANSACTION)]
    take_in(connection, [activity(), *crowd, activity(structure="399900000000011")], 2_000, complete=True)
    assert professional(connection, PERSON).organizations == (HOSPITAL, "399900000000011")


def test_a_complete_feed_makes_inactive_whom_it_does_not_name(connection):
    take_in(connection, [activity(), activity(person=OTHER, structure=OFFICE)], 1_000)
    report = take_in(connection, [activity()], 2_000, complete=True)
    assert report.deactivated == 2
    assert not professional(connection, OTHER).active
    assert not organization(connection, OFFICE).active
    assert professional(connection, PERSON).active
    take_in(connection, [activity(person=OTHER, structure=OFFICE)], 3_000)
    assert professional(connection, OTHER).active
    assert organization(connection, OFFICE).active


def test_a_complete_feed_leaves_other_sources_alone(connection):
    take_in(connection, [activity(person=OTHER, structure=OFFICE)], 1_000, source="own")
    take_in(connection, [activity()], 2_000, complete=True)
    assert professional(connection, OTHER).active
    assert organization(connection, OFFICE).active


def test_a_truncated_feed_that_calls_itself_complete_makes_nobody_inactive(connection):
    count = COLLAPSE_FROM + 10
    crowd = [activity(person=f"8{n:011d}") for n in range(count)]
    take_in(connection, crowd, 1_000)
    with pytest.raises(MalformedMessage, match="complete"):
        take_in(connection, crowd[: count // 2], 2_000, complete=True)
    assert professional(connection, crowd[-1].person).active
    report = take_in(connection, crowd[: count - 10], 3_000, complete=True)
    assert report.deactivated == 10


def test_the_know_how_file_adds_to_those_who_are_known_and_makes_nobody_known(connection):
    take_in(connection, [activity(specialties=())], 1_000)
    take_in(connection, [know_how(), know_how(person=OTHER)], 1_000)
    assert professional(connection, PERSON).roles == (Role("10", "", "C"), Role("10", "SM04", "C"))
    assert professional(connection, OTHER) is None


def test_a_complete_know_how_file_withdraws_what_it_does_not_repeat_and_makes_nobody_inactive(connection):
    take_in(connection, [activity(), activity(person=OTHER)], 1_000)
    report = take_in(connection, [know_how(), know_how(specialties=("SM26",))], 2_000, complete=True)
    assert report.deactivated == 0
    assert {role.specialty for role in professional(connection, PERSON).roles} == {"", "SM04", "SM26"}
    assert {role.specialty for role in professional(connection, OTHER).roles} == {"", "SM54"}


def test_who_exercises_a_profession_is_no_longer_in_training_for_it(connection):
    take_in(connection, [activity(category="E", specialties=())], 1_000)
    take_in(connection, [activity(specialties=())], 2_000)
    assert professional(connection, PERSON).roles == (Role("10", "", "C"),)
    take_in(connection, [activity(category="E", specialties=())], 3_000)
    assert professional(connection, PERSON).roles == (Role("10", "", "C"),)


def test_a_long_feed_is_committed_in_parts_without_cutting_a_person_in_two(connection):
    crowd = [activity(person=f"8{n:011d}", structure="") for n in range(LINES_A_TRANSACTION - 1)]
    commits = []

    def commit():
        commits.append(connection.execute(Statement("SELECT count(*) FROM professional_situation"))[0][0])

    lines = [*crowd, activity(), activity(structure=OFFICE), activity(person=OTHER)]
    apply(connection, lines, 1_000, source="extract", commit=commit)
    assert commits == [2, 3]


def test_bad_and_skipped_lines_are_counted(connection):
    feed = ["ps_idnat;nom;prenom;profession;struct_idnat", ";;;;", "x;;;;", f"{PERSON};A;B;10;{HOSPITAL}"]
    report = take_in(connection, parse(feed), 1_000)
    assert (report.taken, report.skipped) == (1, 1)
    assert [bad.number for bad in report.bad] == [3]
