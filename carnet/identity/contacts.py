"""Where people are told: e-mail addresses of patients, sealed under each person's key, and professional ones of the directory.

A patient's row is ended, never changed. What the person said by themselves is not replaced by a feed.
"""

from __future__ import annotations

import csv
import re
import secrets
from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from carnet.crypto.envelope import PatientKey
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import patient_contact, professional, professional_contact
from carnet.errors import InvalidMetadata
from carnet.identity.feed_file import BadLine, Report, normalized, places_of

PERSON = "person"
"""The source of an address that the patient gave; any other is the name of a feed."""
MAXIMUM_LENGTH = 254
LINES_A_TRANSACTION = 1_000
COLUMNS = (
    ("identification nationale pp", "adresse bal"),  # the national directory's extract of secure mail boxes
    ("identifiant", "adresse"),  # the small CSV
)

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?P<domain>[A-Za-z0-9.-]{1,190})", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_MINE = (patient_contact.c.patient_key == bindparam("of_patient"), patient_contact.c.until.is_(None))
_CURRENT = prepare(
    select(
        patient_contact.c.contact_id,
        patient_contact.c.sealed_address,
        patient_contact.c.source,
        patient_contact.c.since,
    ).where(*_MINE)
)
_FORMER = prepare(
    select(patient_contact.c.contact_id, patient_contact.c.sealed_address, patient_contact.c.since)
    .where(patient_contact.c.patient_key == bindparam("of_patient"), patient_contact.c.until.is_not(None))
    .order_by(patient_contact.c.until.desc())
    .limit(1)
)
_END = prepare(update(patient_contact).where(*_MINE).values(until=bindparam("moment")))
_ADD = prepare(
    insert(patient_contact).values(
        {name: bindparam(name) for name in ("patient_key", "contact_id", "sealed_address", "source", "since")}
    )
)
_OF_PROFESSIONAL = prepare(
    select(professional_contact.c.address).where(professional_contact.c.professional_id == bindparam("person"))
)
_KNOWN = prepare(select(professional.c.active).where(professional.c.professional_id == bindparam("person")))
_UPSERT = insert(professional_contact).values({c.name: bindparam(c.name) for c in professional_contact.c})
_KEEP = prepare(
    _UPSERT.on_conflict_do_update(
        index_elements=["professional_id"],
        set_={name: _UPSERT.excluded[name] for name in ("address", "source", "updated_at")},
    )
)


def checked_address(text: str) -> str:
    """An e-mail address that can stand in a header and on an SMTP command line as it is. Raises InvalidMetadata."""
    found = _ADDRESS.fullmatch(text.strip())
    local = text.strip().partition("@")[0]
    wrong = found is None or len(found[0]) > MAXIMUM_LENGTH or local[:1] == "." or local[-1:] == "." or ".." in local
    if wrong or found is None or not all(_LABEL.fullmatch(label) for label in found["domain"].split(".")):
        raise InvalidMetadata("This is not an e-mail address that mail servers take.")
    return found[0]


def set_address(
    connection: Connection, patient_key: int, address: str, *, key: PatientKey, source: str, now: int
) -> bool:
    """Writes the address of a patient, checked by then; '' ends it. False when it stood so, or the person gave another than a feed says."""
    rows = connection.execute(_CURRENT, {"of_patient": patient_key})
    if not rows and not address:
        return False
    if rows:
        contact_id, sealed, stated_by, _since = rows[0]
        if stated_by == PERSON != source or _opened(key, contact_id, sealed) == address:
            return False
        connection.execute(_END, {"of_patient": patient_key, "moment": now})
    if address:
        contact_id = secrets.token_hex(12)
        sealed = key.seal(address.encode(), _context(contact_id))
        row = {"contact_id": contact_id, "sealed_address": sealed, "source": source, "since": now}
        connection.execute(_ADD, {"patient_key": patient_key, **row})
    return True


def address_of_patient(connection: Connection, patient_key: int, key: PatientKey) -> str:
    """The patient's current address, '' for none. Raises IntegrityFailure for another key."""
    rows = connection.execute(_CURRENT, {"of_patient": patient_key})
    return _opened(key, rows[0][0], rows[0][1]) if rows else ""


def address_since(connection: Connection, patient_key: int) -> int:
    """When the patient's current address was given (microseconds UTC), 0 for none."""
    rows = connection.execute(_CURRENT, {"of_patient": patient_key})
    return int(rows[0][3]) if rows else 0


def former_address(connection: Connection, patient_key: int, key: PatientKey) -> tuple[str, int]:
    """The address that the patient had before the current one, or before it was ended, and since when; ('', 0) for none."""
    rows = connection.execute(_FORMER, {"of_patient": patient_key})
    return (_opened(key, rows[0][0], rows[0][1]), int(rows[0][2])) if rows else ("", 0)


def address_of_professional(connection: Connection, identifier: str) -> str:
    """The professional address of a PS_IdNat, '' when the directory has none."""
    rows = connection.execute(_OF_PROFESSIONAL, {"person": identifier})
    return str(rows[0][0]) if rows else ""


def import_addresses(
    connection: Connection, lines: Iterable[str], now: int, *, source: str, commit: Callable[[], None]
) -> Report:
    """Takes in professional addresses: the national extract (pipes) or `identifiant;adresse`. Of two addresses the last one stays.

    Lines of people whom the directory does not know are passed over; a bad one is noted. Raises MalformedMessage for another header.
    """
    taken = skipped = 0
    bad: list[BadLine] = []
    for number, identifier, text in _pairs(lines):
        if not connection.execute(_KNOWN, {"person": identifier}):
            skipped += 1
            continue
        try:
            row = {"professional_id": identifier, "address": checked_address(text), "source": source, "updated_at": now}
        except InvalidMetadata as error:
            bad.append(BadLine(number, error.message))
            continue
        connection.execute(_KEEP, row)
        taken += 1
        if taken % LINES_A_TRANSACTION == 0:
            commit()
    commit()
    return Report(taken=taken, skipped=skipped, bad=tuple(bad))


def _pairs(lines: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    numbered = enumerate(lines, start=1)
    _number, header = next(numbered, (1, ""))
    delimiter = "|" if "|" in header else ";"
    names = {normalized(name) for name in _cells(header, delimiter)}
    columns = next((pair for pair in COLUMNS if set(pair) <= names), COLUMNS[-1])
    places = places_of(_cells(header, delimiter), columns)
    for number, line in numbered:
        cells = _cells(line, delimiter)
        if len(cells) > max(places[name] for name in columns):
            yield number, cells[places[columns[0]]].strip(), cells[places[columns[1]]].strip()


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])


def _opened(key: PatientKey, contact_id: str, sealed: bytes) -> str:
    return key.open(sealed, _context(contact_id)).decode()


def _context(contact_id: str) -> str:
    return f"contact|{contact_id}"
