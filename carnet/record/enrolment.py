"""Taking in an insurer's affiliation file: people become known, are informed of their right to object, or wait for their territory.

A file is known by its content. It is taken in by steps, each durable with the number of its last line: begun again it goes on from there,
and once finished it changes nothing any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Literal

from carnet.clock import to_datetime
from carnet.consent import enrolments
from carnet.consent.lifecycle import Event, State, life
from carnet.errors import CarnetError, PatientMismatch
from carnet.exchange.deliveries import Progress, begin, keep, leave_out, left_out
from carnet.identity.affiliation import Affiliated, parse_affiliation
from carnet.identity.contacts import set_address
from carnet.identity.feed_file import BadLine
from carnet.identity.patients import Patient, by_key, find, register, register_new
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.gate import Gate
from carnet.record.intake import carry_over
from carnet.record.life import Actor, Person, happen

KIND = "affiliation"
LINES_A_STEP = 200
EVERYWHERE_ELSE = "*"
"""In the setting pilot_territories: every territory that is not named."""
Became = Literal["informed", "waiting", "unchanged"]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of a whole file: people informed, people who wait for their territory, people known before, lines left out."""

    progress: Progress
    bad: tuple[BadLine, ...]


def enrol_file(gate: Gate, lines: Iterable[str], digest: str, *, operator: str) -> Enrolled:
    """Takes in an affiliation file from where it stopped. `digest` is the SHA-256 of its content, hexadecimal.

    Raises MalformedMessage for a header that lacks a column; what was kept before an error stays.
    """
    by = Actor(operator, "enrolment")
    return gate.administer_in_steps(
        lambda connection, commit: _take_in(_Intake(gate, connection, digest, by), lines, commit)
    )


def opens_on(platform: Platform, territory: str, now: int) -> bool:
    """Whether the people of a territory are informed at this moment: from its day on, or at once where no territory is a pilot."""
    days = dict(item.split("=", 1) for item in platform.settings.pilot_territories)
    day = days.get(territory, days.get(EVERYWHERE_ELSE))
    return not days or (day is not None and dt.date.fromisoformat(day) <= to_datetime(now).date())


def informing(state: State, *, former_record: bool) -> Event | None:
    """What telling somebody of the right to object amounts to; None for whoever has a record that this does not concern.

    An open record of before 2022 stays open meanwhile (R1111-40 CSP).
    """
    if state is State.NONE:
        return Event.INFORM
    return Event.ANNOUNCE_FORMER if former_record and state in {State.OPEN, State.ACTIVATED} else None


@dataclass(frozen=True, slots=True)
class _Intake:
    gate: Gate
    connection: Connection
    digest: str
    by: Actor

    @property
    def platform(self) -> Platform:
        return self.gate.platform

    def keep(self, progress: Progress) -> None:
        keep(self.connection, self.digest, progress, now=self.platform.clock())


def _take_in(intake: _Intake, lines: Iterable[str], commit: Callable[[], None]) -> Enrolled:
    connection, digest = intake.connection, intake.digest
    progress = begin(connection, digest, KIND, now=intake.platform.clock())
    commit()
    if not progress.finished:
        tests = intake.platform.settings.test_identities
        for step in _steps(parse_affiliation(lines, test_identities=tests, after=progress.last_line)):
            progress = _step(intake, step, progress)
            intake.keep(progress)
            commit()
        progress = replace(progress, finished=True)
        intake.keep(progress)
    return Enrolled(progress, tuple(BadLine(*row) for row in left_out(connection, digest)))


def _steps(rows: Iterator[Affiliated | BadLine]) -> Iterator[list[Affiliated | BadLine]]:
    while step := list(islice(rows, LINES_A_STEP)):
        yield step


def _step(intake: _Intake, step: list[Affiliated | BadLine], progress: Progress) -> Progress:
    platform, now = intake.platform, intake.platform.clock()
    good = [row for row in step if isinstance(row, Affiliated)]
    bad = [(row.number, row.reason) for row in step if isinstance(row, BadLine)]
    former = {row.identifier: row.replaces for row in good if row.replaces is not None}
    people = {row.identifier: row.traits for row in good if row.identifier not in former}
    known, keys = register_new(intake.connection, platform.keyring, people, now)
    counts: dict[Became, int] = {"informed": 0, "waiting": 0, "unchanged": 0}
    for row in good:
        one = replace(row, replaces=former.get(row.identifier))
        work = partial(_one, platform, row=one, patient=known.get(row.identifier), keys=keys, by=intake.by, now=now)
        try:
            counts[intake.gate.apart(work)] += 1
        except CarnetError as error:
            bad.append((row.number, error.message))
    leave_out(intake.connection, intake.digest, bad)
    return replace(
        progress,
        last_line=step[-1].number,
        informed=progress.informed + counts["informed"],
        waiting=progress.waiting + counts["waiting"],
        unchanged=progress.unchanged + counts["unchanged"],
    )


def _one(
    platform: Platform,
    connection: Connection,
    *,
    row: Affiliated,
    patient: Patient | None,
    keys: Mapping[str, PatientKey],
    by: Actor,
    now: int,
) -> Became:
    if row.replaces is not None:
        patient = _under_new_ins(platform, connection, row, row.replaces, by=by, now=now)
    if patient is None:
        raise PatientMismatch("This INS was withdrawn from somebody: it is not given again.")
    state = life(connection, patient.patient_key).state
    event = informing(state, former_record=row.former_record)
    informed = opens_on(platform, row.territory, now)
    if event is None or not enrolments.enrol(
        connection,
        patient.patient_key,
        territory=row.territory,
        channel=row.channel,
        former_record=row.former_record,
        now=now,
        informed=informed,
    ):
        return "unchanged"
    key = keys.get(patient.pseudonym) or platform.keyring.patient_key(patient.pseudonym)
    if row.address:
        set_address(connection, patient.patient_key, row.address, key=key, source=by.identifier, now=now)
    if not informed:
        return "waiting"
    happen(connection, Person(patient, key, row.identifier.cx()), event, by=by, now=now)
    return "informed"


def _under_new_ins(
    platform: Platform, connection: Connection, row: Affiliated, replaces: PatientIdentifier, *, by: Actor, now: int
) -> Patient:
    """Whoever the former INS knows goes on under the new one, with what they chose; never a second person."""
    keyring = platform.keyring
    moves = find(connection, keyring, replaces) is not None and find(connection, keyring, row.identifier) is None
    patient_key = register(connection, keyring, row.traits, row.identifier, now, replaces=replaces)
    if moves:
        carry_over(platform, connection, patient_key, row.identifier, replaces=replaces, by=by, now=now)
    return by_key(connection, patient_key)
