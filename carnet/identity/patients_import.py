"""The identity feed: a UTF-8 file of semicolon-separated lines under a header, one person a line.

    ins;oid;nom_naissance;prenoms;nom_utilise;prenom_utilise;sexe;date_naissance;lieu_naissance

`nom_utilise` and `prenom_utilise` may be empty or left out. `date_naissance` is yyyy-mm-dd, or yyyymmdd, as far as it is known (`1950`,
`1950-06`). `lieu_naissance` is an INSEE code or empty. More columns may follow: `ancien_ins` and `ancien_oid`, the INS that this one replaces;
`date_deces`, a whole date, which closes the record; `courriel`, where the person is told. Other columns are not read. A bad line is noted and
the rest goes on.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.errors import CarnetError, InvalidMetadata
from carnet.identity.contacts import checked_address, set_address
from carnet.identity.feed_file import BadLine, Report, places_of
from carnet.identity.ins import check
from carnet.identity.patients import Traits, pseudonym_of, register
from carnet.metadata import PatientIdentifier

REQUIRED = ("ins", "oid", "nom_naissance", "prenoms", "sexe", "date_naissance", "lieu_naissance")
OPTIONAL = ("nom_utilise", "prenom_utilise", "ancien_ins", "ancien_oid", "date_deces", "courriel")
FEED = "identity-feed"
LINES_A_TRANSACTION = 200

_DATE = re.compile(r"([0-9]{4})(?:-?(?P<month>[0-9]{2})(?:-?(?P<day>[0-9]{2}))?)?", re.ASCII)
_PLACE = re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One person as the feed says, checked in form: `replaces` is the INS that was theirs before, `died` the day of their death."""

    number: int
    identifier: PatientIdentifier
    traits: Traits
    replaces: PatientIdentifier | None = None
    died: dt.date | None = None
    address: str = ""


def parse(lines: Iterable[str], *, test_identities: bool) -> Iterator[Row | BadLine]:
    """Reads the feed line by line; empty lines are passed over.

    Raises MalformedMessage at the first step when the header lacks a column.
    """
    numbered = enumerate(lines, start=1)
    _number, header = next(numbered, (1, ""))
    places = places_of(cells_of(header), REQUIRED)
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            cells = cells_of(line)
            found = {name: cells[places[name]].strip() for name in REQUIRED}
            found |= {name: cells[places[name]].strip() for name in OPTIONAL if name in places}
            yield _row(number, found, test_identities=test_identities)
        except (csv.Error, IndexError):
            yield BadLine(number, "The line has too few columns, or a quotation mark that nothing closes.")
        except CarnetError as error:
            yield BadLine(number, error.message)


def apply(rows: Iterable[Row | BadLine], *, take: Callable[[Row], None], commit: Callable[[], None]) -> Report:
    """Hands each person of a feed to `take`; `commit` is called every 200 lines and at the end.

    A line that `take` refuses with a CarnetError is noted; what it wrote by then is for `take` to undo.
    """
    taken = 0
    bad: list[BadLine] = []
    for row in rows:
        if isinstance(row, BadLine):
            bad.append(row)
            continue
        try:
            take(row)
        except CarnetError as error:
            bad.append(BadLine(row.number, error.message))
            continue
        taken += 1
        if taken % LINES_A_TRANSACTION == 0:
            commit()
    commit()
    return Report(taken=taken, bad=tuple(bad))


def take_in(connection: Connection, keyring: Keyring, row: Row, now: int) -> int:
    """Makes the person of one line known, or brings them up to date, and returns their internal key; twice changes nothing.

    Raises PatientMismatch for a line that contradicts what is known, UnknownPatient for a person whose key is destroyed.
    """
    patient_key = register(connection, keyring, row.traits, row.identifier, now, replaces=row.replaces)
    if row.address:
        key = keyring.patient_key(pseudonym_of(connection, patient_key) or "")
        set_address(connection, patient_key, row.address, key=key, source=FEED, now=now)
    return patient_key


def cells_of(line: str) -> list[str]:
    """The cells of one line, read alone: an unclosed quotation mark cannot swallow the next person."""
    return next(csv.reader([line.rstrip("\r\n")], delimiter=";", strict=True), [])


def _row(number: int, found: dict[str, str], *, test_identities: bool) -> Row:
    replaces = None
    if found.get("ancien_ins"):
        authority = found.get("ancien_oid") or found["oid"]
        replaces = check(found["ancien_ins"], authority, test_identities=test_identities)
    return Row(
        number=number,
        identifier=check(found["ins"], found["oid"], test_identities=test_identities),
        traits=traits_of(found),
        replaces=replaces,
        died=_death(found.get("date_deces", "")),
        address=checked_address(found["courriel"]) if found.get("courriel") else "",
    )


def _death(text: str) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidMetadata("The date of death is not written yyyy-mm-dd.") from None


def traits_of(found: Mapping[str, str]) -> Traits:
    """The traits in a line's cells, checked in form. Raises InvalidMetadata."""
    if not found["nom_naissance"] or not found["prenoms"]:
        raise InvalidMetadata("The birth name or the birth given names are empty.")
    if found["sexe"] not in {"M", "F", "I"}:
        raise InvalidMetadata("The sex is not M, F or I.")
    if found["lieu_naissance"] and not _PLACE.fullmatch(found["lieu_naissance"]):
        raise InvalidMetadata("The place of birth is not an INSEE code.")
    return Traits(
        birth_name=found["nom_naissance"],
        birth_given_names=" ".join(found["prenoms"].split()),
        sex=found["sexe"],
        birth_date=_date(found["date_naissance"]),
        birth_place=found["lieu_naissance"],
        used_name=found.get("nom_utilise", ""),
        used_given_name=found.get("prenom_utilise", ""),
    )


def _date(text: str) -> str:
    """`1979-03-28` or `19790328` as 19790328; a year or a year and month alone stay so."""
    form = _DATE.fullmatch(text)
    if form is None:
        raise InvalidMetadata("The date of birth is not written yyyy-mm-dd.")
    try:
        dt.date(int(form[1]), int(form["month"] or 1), int(form["day"] or 1))
    except ValueError:
        raise InvalidMetadata("The date of birth is not in the calendar.") from None
    return text.replace("-", "")
