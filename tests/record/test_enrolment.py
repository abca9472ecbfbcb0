"""An insurer's affiliation file: taken in once, from where it stopped, a bad line harming no other, territories one after the other."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from carnet.clock import DAY, from_iso
from carnet.consent.lifecycle import Event, State, history, life
from carnet.demo.people import PAT_TROIS
from carnet.errors import MalformedMessage
from carnet.exchange.smtp_relay import SmtpRelay
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patients import Traits, find
from carnet.identity.patients import traits as traits_of
from carnet.metadata import PatientIdentifier
from carnet.record import enrolment
from carnet.record.custody import Custody
from carnet.record.due import run_due
from carnet.record.enrolment import LINES_A_STEP, enrol_file
from carnet.record.intake import import_patients
from carnet.record.notice_delivery import deliver, mail_access
from carnet.record.notice_office import NoticeOffice

HEADER = (
    "ins;oid;nom_naissance;prenoms;nom_utilise;prenom_utilise;sexe;date_naissance;lieu_naissance;"
    "territoire;canal;dmp_avant_2022\n"
)


def ins_of(number):
    body = f"28405{99}{number:06d}"
    return body + key_of(body)


def person(number, territory="80", former="non", **changes):
    cells = {"ins": ins_of(number), "sex": "F", "channel": "courriel", **changes}
    return (
        f"{cells['ins']};{NIR_TEST};ESSAI;MARIE;;;{cells['sex']};1984-05-17;99350;"
        f"{territory};{cells['channel']};{former}\n"
    )


def lines_of(*persons):
    return [HEADER, *persons]


def enrol(room, lines, gate=None):
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    return enrol_file(gate or room.gate, iter(lines), digest, operator="operator:essai")


def key_of_person(room, number):
    found = find(room.connection, room.platform.keyring, PatientIdentifier(ins_of(number), NIR_TEST))
    return found.patient_key if found else None


def state(room, number):
    return life(room.connection, key_of_person(room, number)).state


def counts(enrolled):
    done = enrolled.progress
    return done.informed, done.waiting, done.unchanged


def delivered(room):
    """Every notice goes out now."""
    room.gate.administer(
        lambda connection: connection._raw.execute(
            "UPDATE notice SET delivered_at = ? WHERE delivered_at IS NULL", (room.now,)
        )
    )


def test_people_become_known_and_are_informed_with_a_notice_and_a_line_of_the_trace(room):
    ticket = room.last_ticket()
    enrolled = enrol(room, lines_of(person(901001), person(901002)))
    assert counts(enrolled) == (2, 0, 0)
    key = key_of_person(room, 901001)
    (row,) = history(room.connection, key)
    assert (row.event, row.at, row.actor, row.after) == ("inform", room.now, "operator:essai", State.INFORMED)
    assert room.rows("SELECT kind, recipient, delivered_at FROM notice WHERE patient_key = ?", key) == [
        ("enrolment-information", "patient", None)
    ]
    assert [(line["action"], line["requester_role"]) for line in room.lines_since(ticket)] == [
        ("life/inform", "enrolment")
    ] * 2
    patient = find(room.connection, room.platform.keyring, PatientIdentifier(ins_of(901001), NIR_TEST))
    found = traits_of(room.connection, key, room.platform.keyring.patient_key(patient.pseudonym))
    assert found == Traits("ESSAI", "MARIE", "F", "19840517", "99350")


def test_the_same_file_twice_changes_nothing_and_says_the_same(room):
    lines = lines_of(person(901001), person(901002, sex="X"), person(901003))
    first = enrol(room, lines)
    before, ticket = room.kept(), room.last_ticket()
    room.now += DAY
    assert enrol(room, lines) == first
    assert (room.kept(), room.last_ticket()) == (before, ticket)


def test_another_file_with_the_same_people_informs_nobody_again(room):
    enrol(room, lines_of(person(901001)))
    before = room.rows("SELECT count(*) FROM record_transition")
    assert counts(enrol(room, lines_of(person(901001), person(901001, channel="inconnu")))) == (0, 0, 2)
    assert room.rows("SELECT count(*) FROM record_transition") == before


def test_somebody_twice_in_one_file_is_informed_once(room):
    assert counts(enrol(room, lines_of(person(901001), person(901001)))) == (1, 0, 1)


@pytest.mark.parametrize(
    "bad",
    [
        person(901002, sex="X"),
        person(901002, ins="284059990100200"),
        person(901002, channel="pigeon"),
        person(901002, territory=""),
        person(901002, former="peut-être"),
        person(901002).replace("ESSAI", "ESSA\ufffd"),
        "x;y\n",
        '"' + person(901002),
    ],
)
def test_a_bad_line_is_reported_with_its_number_and_harms_no_other(room, bad):
    enrolled = enrol(room, lines_of(person(901001), bad, person(901003)))
    assert [line.number for line in enrolled.bad] == [3]
    assert ins_of(901002)[:13] not in enrolled.bad[0].reason
    assert counts(enrolled) == (2, 0, 0)
    assert (state(room, 901001), state(room, 901003)) == (State.INFORMED, State.INFORMED)


def test_an_ins_that_was_withdrawn_is_a_bad_line(room):
    enrol(room, lines_of(person(901001)))
    room.gate.administer(
        lambda connection: connection._raw.execute(
            "UPDATE patient_identifier SET until = 1 WHERE patient_key = ?", (key_of_person(room, 901001),)
        )
    )
    enrolled = enrol(room, lines_of(person(901001), person(901002)))
    assert [line.number for line in enrolled.bad] == [2]
    assert counts(enrolled) == (1, 0, 0)


def test_a_file_without_its_columns_is_refused(room):
    with pytest.raises(MalformedMessage, match="territoire"):
        enrol(room, ["ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance\n"])


def test_a_file_that_broke_off_goes_on_after_its_last_step(room):
    total = 2 * LINES_A_STEP + 100
    lines = lines_of(*(person(901000 + number) for number in range(total)))

    def broken():
        yield from lines[: LINES_A_STEP + 200]
        raise OSError("the disk broke off")

    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    with pytest.raises(OSError, match="broke off"):
        enrol_file(room.gate, broken(), digest, operator="operator:essai")
    assert room.rows("SELECT last_line, informed, finished_at FROM delivery") == [
        (LINES_A_STEP + 1, LINES_A_STEP, None)
    ]
    assert counts(enrol(room, lines)) == (total, 0, 0)
    assert room.rows("SELECT count(*) FROM record_transition WHERE event = 'inform'") == [(total,)]
    assert room.rows("SELECT count(*), count(DISTINCT patient_key) FROM notice") == [(total, total)]


KILLED = """
import hashlib, os, signal, sys
from carnet.cli.operator_gate import operator_gate
from carnet.record.enrolment import LINES_A_STEP, enrol_file
from pathlib import Path
home, file = map(Path, sys.argv[1:])
def lines():
    for number, line in enumerate(file.open(encoding="utf-8"), start=1):
        if number > 2 * LINES_A_STEP + 10:
            os.kill(os.getpid(), signal.SIGKILL)
        yield line
with operator_gate(home) as gate:
    enrol_file(gate, lines(), hashlib.sha256(file.read_bytes()).hexdigest(), operator="operator:essai")
"""


def test_a_process_killed_in_the_middle_loses_nothing_and_doubles_nothing(room, tmp_path):
    total = 3 * LINES_A_STEP
    lines = lines_of(*(person(901000 + number) for number in range(total)))
    file = tmp_path / "affiliation.csv"
    file.write_text("".join(lines), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(room.home), str(file)], env=os.environ, check=False, capture_output=True
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert room.rows("SELECT last_line, informed FROM delivery") == [(2 * LINES_A_STEP + 1, 2 * LINES_A_STEP)]
    assert counts(enrol(room, lines)) == (total, 0, 0)
    assert room.rows("SELECT event, count(*) FROM record_transition WHERE patient_key > 6 GROUP BY event") == [
        ("inform", total)
    ]


def test_territories_open_one_after_the_other(open_room):
    today = from_iso("2027-01-10T08:00:00Z")
    room = open_room(pilot_territories=("80=2027-01-01", "35=2027-02-01"))
    room.now = today
    lines = lines_of(person(901001), person(901002, "35"), person(901003, "976"))
    assert counts(enrol(room, lines)) == (1, 2, 0)
    assert (state(room, 901001), state(room, 901002)) == (State.INFORMED, State.NONE)
    assert run_due(room.gate).counts == {}
    room.now = from_iso("2027-02-01T00:00:00Z")
    assert run_due(room.gate).counts == {"inform": 1}
    assert run_due(room.gate).counts == {}
    assert (state(room, 901002), state(room, 901003)) == (State.INFORMED, State.NONE)
    assert room.rows("SELECT informed_at FROM enrolment WHERE patient_key = ?", key_of_person(room, 901002)) == [
        (room.now,)
    ]
    room = open_room(pilot_territories=("80=2027-01-01", "*=2027-02-02"))
    room.now = from_iso("2027-02-02T00:00:00Z")
    assert run_due(room.gate).counts == {"inform": 1}


@pytest.mark.parametrize("how", ["feed", "operator"])
def test_who_dies_while_waiting_is_never_informed(open_room, how):
    room = open_room(pilot_territories=("80=2099-01-01",))
    enrol(room, lines_of(person(901001), person(901002)))
    if how == "feed":
        header = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;date_deces\n"
        line = f"{ins_of(901001)};{NIR_TEST};ESSAI;MARIE;F;1984-05-17;99350;2027-01-01\n"
        assert not import_patients(room.gate, [header, line]).bad
    else:
        custody = Custody(room.gate, "operator:essai")
        assert custody.died(PatientIdentifier(ins_of(901001), NIR_TEST))
        assert not custody.died(PatientIdentifier(ins_of(901001), NIR_TEST))
    room = open_room(pilot_territories=())
    assert run_due(room.gate).counts == {"inform": 1}
    assert (state(room, 901001), state(room, 901002)) == (State.CLOSED, State.INFORMED)


def test_who_died_without_a_record_is_not_informed_by_a_later_file(room):
    header = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;date_deces\n"
    line = f"{ins_of(901001)};{NIR_TEST};ESSAI;MARIE;F;1984-05-17;99350;2027-01-01\n"
    assert not import_patients(room.gate, [header, line]).bad
    assert counts(enrol(room, lines_of(person(901001), person(901002)))) == (1, 0, 1)
    assert (state(room, 901001), state(room, 901002)) == (State.CLOSED, State.INFORMED)
    assert room.rows("SELECT count(*) FROM notice WHERE patient_key = ?", key_of_person(room, 901001)) == [(0,)]


def test_a_withdrawn_death_tells_whoever_has_a_delay_to_object_again(room):
    patient = PatientIdentifier(ins_of(901001), NIR_TEST)
    enrol(room, lines_of(person(901001)))
    custody = Custody(room.gate, "operator:essai")
    custody.died(patient)
    delivered(room)
    room.now += DAY
    custody.withdraw_death(patient)
    room.now += 60 * DAY
    assert run_due(room.gate).counts == {"notice-awaited": 1}


REPLACING = HEADER.strip() + ";ancien_ins;ancien_oid\n"


def replacing(number, former):
    return person(number).strip() + f";{ins_of(former) if former else ''};\n"


@pytest.mark.parametrize("order", [(901001,), (None, 901001)], ids=["alone", "after a line without it"])
def test_who_objected_under_a_former_ins_stays_the_same_person_who_objected(room, order):
    enrol(room, lines_of(person(901001)))
    Custody(room.gate, "operator:essai").oppose(PatientIdentifier(ins_of(901001), NIR_TEST), "Marie ESSAI")
    key, ticket = key_of_person(room, 901001), room.last_ticket()
    lines = [REPLACING, *(replacing(901002, former) for former in order)]
    assert counts(enrol(room, lines)) == (0, 0, len(order))
    assert (key_of_person(room, 901001), key_of_person(room, 901002)) == (None, key)
    assert state(room, 901002) is State.OPPOSED
    assert [line["action"] for line in room.lines_since(ticket)] == ["feed/change-of-ins"]
    assert counts(enrol(room, [*lines, replacing(901003, None)])) == (1, 0, len(order))


def test_a_former_ins_that_nobody_knows_makes_a_new_person(room):
    enrolled = enrol(room, [REPLACING, replacing(901002, 901001)])
    assert (counts(enrolled), enrolled.bad) == ((1, 0, 0), ())
    assert state(room, 901002) is State.INFORMED


def test_a_record_of_before_2022_stays_open_and_joins_the_space_after_six_weeks(room):
    ins = PAT_TROIS.identifier.value
    line = person(1, former="oui", ins=ins)
    key = find(room.connection, room.platform.keyring, PAT_TROIS.identifier).patient_key
    assert counts(enrol(room, lines_of(line))) == (1, 0, 0)
    assert life(room.connection, key).state is State.OPEN
    assert room.do(room.caller(), room.finding()).references == ()
    delivered(room)
    room.now += 42 * DAY
    assert run_due(room.gate).counts == {"sign-in-forgotten": 2}  # the counts of the hour in which was searched
    room.now += DAY
    assert run_due(room.gate).counts == {"take-over": 1}
    assert [row.event for row in history(room.connection, key)] == ["open", "announce-former", "take-over"]


def test_six_weeks_run_from_the_delivery_of_the_notice_and_never_without_it(room):
    enrol(room, lines_of(person(901001)))
    room.now += 60 * DAY
    assert run_due(room.gate).counts == {"notice-awaited": 1}
    delivered(room)
    room.now += 42 * DAY
    assert run_due(room.gate).counts == {"notice-awaited": 1}
    room.now += DAY
    assert run_due(room.gate).counts == {"delay-ends": 1}


def test_where_notices_go_out_by_other_means_the_day_of_the_file_counts(open_room):
    room = open_room(delays_wait_for_notice=False)
    enrol(room, lines_of(person(901001)))
    room.now += 43 * DAY
    assert run_due(room.gate).counts == {"delay-ends": 1}


def test_a_record_that_is_open_already_is_left_alone(room):
    line = person(1, ins=PAT_TROIS.identifier.value)
    assert counts(enrol(room, lines_of(line))) == (0, 0, 1)


def test_control_a_build_that_forgets_where_it_stopped_is_noticed(room, monkeypatch):
    """Without the last line, what was informed before is read again; the state table alone keeps people from being informed twice."""
    monkeypatch.setattr(enrolment, "begin", lambda *a, **k: replace(enrolment.Progress(), finished=False))
    lines = lines_of(person(901001))
    first = enrol(room, lines)
    assert counts(enrol(room, lines)) != counts(first)
    assert [row.event for row in history(room.connection, key_of_person(room, 901001))] == [Event.INFORM.value]


def test_six_weeks_run_from_the_e_mail_or_from_the_letter_and_from_nothing_else(open_room, mail_server):
    room = open_room(**mail_server.settings())
    header = HEADER.strip() + ";courriel\n"
    told, written = person(1).strip() + ";colibri@carnet.example\n", person(2, channel="courrier").strip() + ";\n"
    lines = [header, told, written, person(3).strip() + ";pas une adresse\n"]
    enrolled = enrol(room, lines)
    assert counts(enrolled) == (2, 0, 0)
    relay = SmtpRelay(mail_access(room.platform.settings))
    assert +deliver(room.gate, relay, operator="operator:essai") == Counter(sent=1, post=1)
    relay.close()
    assert mail_server.recipients == ["colibri@carnet.example"]
    room.now += 43 * DAY
    run_due(room.gate)
    assert (state(room, 1), state(room, 2)) == ("open", "informed")
    office = NoticeOffice(room.gate, "operator:essai")
    (letter,) = office.letters()
    office.settle(letter.notice_id, sent=True)
    room.now += 41 * DAY
    run_due(room.gate)
    assert state(room, 2) == "informed"
    room.now += 2 * DAY
    run_due(room.gate)
    assert state(room, 2) == "open"


def test_who_died_is_sent_neither_an_e_mail_nor_a_letter(open_room, mail_server):
    room = open_room(**mail_server.settings())
    told, written = person(1).strip() + ";colibri@carnet.example\n", person(2, channel="courrier").strip() + ";\n"
    enrol(room, [HEADER.strip() + ";courriel\n", told, written])
    for number in (1, 2):
        Custody(room.gate, "operator:essai").died(PatientIdentifier(ins_of(number), NIR_TEST))
    relay = SmtpRelay(mail_access(room.platform.settings))
    assert +deliver(room.gate, relay, operator="operator:essai") == Counter()
    relay.close()
    assert mail_server.recipients == []
    assert room.rows("SELECT state, answer FROM notice") == [("in_space", "deceased")] * 2
