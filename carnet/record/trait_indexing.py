"""Filling the index of traits for people who are not in it, or in an older form: after a migration (`carnet index-traits`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carnet.errors import IntegrityFailure, UnknownPatient
from carnet.identity.patients import read_traits
from carnet.identity.trait_index import behind, erase, write_anew
from carnet.platform import Connection, Platform
from carnet.record.gate import Gate
from carnet.record.operator_line import write_operator_line

PAGE = 200
ACTION = "administration/index-traits"


@dataclass(slots=True)
class Indexed:
    """How many people were put in the index, and the internal keys of those whose traits cannot be opened: no search finds them."""

    people: int = 0
    unreadable: tuple[int, ...] = ()


def index_traits(gate: Gate, *, operator: str) -> Indexed:
    """Puts everybody in the index who is missing, by steps: a run that was cut short goes on with the next. Traced when it did anything."""
    done = Indexed()

    def work(connection: Connection, commit: Callable[[], None]) -> None:
        while page := behind(connection, limit=PAGE):
            for row in page:
                _index(gate.platform, connection, row, done)
            commit()
        if done.people or done.unreadable:
            detail = f"{done.people} people, {len(done.unreadable)} unreadable"
            write_operator_line(gate.platform, connection, ACTION, operator=operator, detail=detail)

    gate.administer_in_steps(work)
    return done


def _index(platform: Platform, connection: Connection, row: tuple[int, str, bytes], done: Indexed) -> None:
    patient_key, pseudonym, sealed = row
    try:
        known = read_traits(sealed, platform.keyring.patient_key(pseudonym))
    except UnknownPatient:
        erase(connection, patient_key)
        return
    except IntegrityFailure:
        erase(connection, patient_key)
        done.unreadable += (patient_key,)
        return
    write_anew(connection, platform.keyring, patient_key, known.names, known.birth_date)
    done.people += 1
