"""The directory of professionals and structures, and whether it agrees with what an assertion says of its subject.

Identifiers are those of the wire: PS_IdNat for persons, Struct_IdNat for structures, prefix included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import and_, bindparam, select

from carnet.database.connection import Connection, Row
from carnet.database.statements import Statement, prepare
from carnet.database.tables import organization as organizations
from carnet.database.tables import professional as professionals
from carnet.database.tables import professional_role, professional_situation
from carnet.identity.vihf_structure import deny
from carnet.requester import Authentication, CardClass, Requester

G15 = "1.2.250.1.71.1.2.7"
"""Health professions."""
G16 = "1.2.250.1.71.1.2.8"
"""Health professions of those still in training: the same codes."""
KNOW_HOW = "1.2.250.1.71.4.2.5"
"""R01, the know-how of doctors."""
PHARMACISTS_SECTION = "1.2.250.1.71.4.2.6"
"""G05, the section of the order of pharmacists."""
STUDENT = "E"
"""The category of a role exercised in training (civil is C, military M)."""

NATIONAL_PREFIXES = frozenset("08")
"""First digit of a PS_IdNat that names a person for the whole country: 0 + ADELI, 8 + RPPS."""

STRUCTURE_OF_INTERNAL: Mapping[str, str] = MappingProxyType(
    {
        "1": "0",  # ADELI office
        "3": "1",  # FINESS
        "4": "2",  # SIREN
        "5": "3",  # SIRET
        "6": "4",  # RPPS office
    }
)
"""First digit of a PS_IdNat `structure/internal id`, and that of the same structure's Struct_IdNat."""

OFFICE_OF_PERSON: Mapping[str, tuple[str, int]] = MappingProxyType({"8": ("4", 3), "0": ("0", 2)})
"""A person's own office: the prefix that replaces theirs, and the digits of rank that follow the number (4 + RPPS + 3 digits)."""


@dataclass(frozen=True, slots=True)
class Role:
    """A profession (G15 code) that a person exercises, with one know-how or pharmacists' section, '' for none."""

    profession: str
    specialty: str
    category: str


@dataclass(frozen=True, slots=True)
class Professional:
    """A person of the directory, active or not, with all roles and the structures where they work now."""

    identifier: str
    family_name: str
    given_name: str
    active: bool
    roles: tuple[Role, ...]
    organizations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Organization:
    """A structure of the directory. `sector` is `SAxx`, '' when the directory does not say."""

    identifier: str
    name: str
    sector: str
    active: bool


_PERSON = prepare(
    select(
        professionals.c.family_name,
        professionals.c.given_name,
        professionals.c.active,
        professional_role.c.profession,
        professional_role.c.specialty,
        professional_role.c.category,
    )
    .outerjoin(professional_role, professional_role.c.professional_id == professionals.c.professional_id)
    .where(professionals.c.professional_id == bindparam("person"))
    .order_by(professional_role.c.profession, professional_role.c.specialty)
)
_PLACES_OF_WORK = prepare(
    select(professional_situation.c.organization_id)
    .where(professional_situation.c.professional_id == bindparam("person"), professional_situation.c.active == 1)
    .order_by(professional_situation.c.organization_id)
)
_STRUCTURE = prepare(
    select(organizations.c.name, organizations.c.sector, organizations.c.active).where(
        organizations.c.organization_id == bindparam("structure")
    )
)
_STRUCTURE_IS_ACTIVE = prepare(
    select(organizations.c.active).where(organizations.c.organization_id == bindparam("structure"))
)
_PERSON_AND_LINK = prepare(
    select(
        professionals.c.active,
        professional_situation.c.active,
        professional_role.c.profession,
        professional_role.c.specialty,
        professional_role.c.category,
        select(organizations.c.active)
        .where(organizations.c.organization_id == bindparam("structure"))
        .scalar_subquery(),
    )
    .outerjoin(
        professional_situation,
        and_(
            professional_situation.c.professional_id == professionals.c.professional_id,
            professional_situation.c.organization_id == bindparam("structure"),
        ),
    )
    .outerjoin(professional_role, professional_role.c.professional_id == professionals.c.professional_id)
    .where(professionals.c.professional_id == bindparam("person"))
)


def professional(connection: Connection, identifier: str) -> Professional | None:
    """The person with that PS_IdNat; None when the directory has none."""
    rows = connection.execute(_PERSON, {"person": identifier})
    if not rows:
        return None
    family, given, active = rows[0][:3]
    return Professional(
        identifier=identifier,
        family_name=family,
        given_name=given,
        active=bool(active),
        roles=tuple(Role(*row[3:]) for row in rows if row[3] is not None),
        organizations=tuple(row[0] for row in connection.execute(_PLACES_OF_WORK, {"person": identifier})),
    )


def organization(connection: Connection, identifier: str) -> Organization | None:
    """The structure with that Struct_IdNat; None when the directory has none."""
    rows = connection.execute(_STRUCTURE, {"structure": identifier})
    return Organization(identifier, rows[0][0], rows[0][1], bool(rows[0][2])) if rows else None


def works_in(connection: Connection, person: str, structure: str) -> bool:
    """Whether an active person of the directory works in a structure now, or it is their own office."""
    known = professional(connection, person)
    if known is None or not known.active:
        return False
    return structure in known.organizations or _is_own_office(person, structure)


def foresee(connection: Connection, requester: Requester) -> None:
    """Says that `confirm` comes, in this transaction, which does not change the directory."""
    connection.foresee(*_asked(requester), unchanging=True)


def _asked(requester: Requester) -> tuple[Statement, dict[str, str]]:
    structure = {"structure": requester.organization_id}
    if not _is_national(requester.identifier):
        return _STRUCTURE_IS_ACTIVE, structure
    return _PERSON_AND_LINK, {"person": requester.identifier, **structure}


def confirm(connection: Connection, requester: Requester) -> None:
    """Checks an assertion's subject against the directory, as it is in this transaction: one statement, nothing cached.

    Raises AssertionInvalid. Its message is that of every bad assertion; its note, for the log, says what disagrees.

    A person with a national identifier must be known and active and exercise the profession and the specialty stated. With a card
    (direct mode) they must also be linked to the structure, or the structure be their own office. Somebody known only to a structure
    (`structure/internal id`) must be of the structure stated, and may not be a health professional where the person's own card speaks,
    in direct and reinforced mode. The structure must be known and active; an own office need not be known.
    """
    identifier, structure = requester.identifier, requester.organization_id
    own = _is_own_office(identifier, structure)
    rows = connection.execute(*_asked(requester))
    if not _is_national(identifier):
        _confirm_structure(rows, own_office=own)
        _confirm_internal(requester)
        return
    if rows:
        _confirm_structure([row[5:] for row in rows[:1] if row[5] is not None], own_office=own)
    if not rows or not rows[0][0]:
        raise deny("directory: the NameID is unknown in the directory, or inactive")
    if requester.authentication is Authentication.DIRECT and not own and not rows[0][1]:
        raise deny("directory: the professional and the structure are not linked")
    _confirm_role(requester, rows)


def _confirm_structure(rows: list[Row], *, own_office: bool) -> None:
    if rows and not rows[0][0]:
        raise deny("directory: the structure is inactive")
    if not rows and not own_office:
        raise deny("directory: the structure is unknown in the directory")


def _confirm_internal(requester: Requester) -> None:
    head = requester.identifier.partition("/")[0]
    if not head or requester.organization_id not in {head, STRUCTURE_OF_INTERNAL.get(head[0], "") + head[1:]}:
        raise deny("directory: the NameID belongs to another structure than the one stated")
    personal = requester.authentication is not Authentication.INDIRECT
    health_profession = requester.profession.system in {G15, G16}
    if personal and (health_profession or requester.card is CardClass.PROFESSIONAL):
        raise deny("directory: a health professional is not named by a national identifier")


def _confirm_role(requester: Requester, rows: list[Row]) -> None:
    profession, specialty = requester.profession, requester.specialty
    student = profession.system == G16
    theirs = {row[3] for row in rows if row[2] == profession.code and (row[4] == STUDENT) == student}
    if not theirs:
        raise deny("directory: the profession is not one of the professional's")
    checked = specialty is not None and specialty.system in {KNOW_HOW, PHARMACISTS_SECTION}
    if specialty is not None and checked and specialty.code not in theirs:
        raise deny("directory: the specialty is not one of the professional's")


def _is_national(identifier: str) -> bool:
    return identifier[:1] in NATIONAL_PREFIXES and "/" not in identifier


def _is_own_office(person: str, structure: str) -> bool:
    prefix, rank = OFFICE_OF_PERSON.get(person[:1], ("", 0))
    number = prefix + person[1:]
    own = bool(prefix) and _is_national(person) and structure.startswith(number)
    return own and len(structure) == len(number) + rank and structure.isascii() and structure[len(number) :].isdigit()
