"""What the directory and the matrices say of the situations in which a professional may practise in the portal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

from carnet.authorization.facts import Function, RecordFacts
from carnet.authorization.functional_rights import Column, Right, column_of
from carnet.errors import AssertionInvalid
from carnet.identity.directory import Organization, Professional, confirm, organization, professional, works_in
from carnet.identity.practice_situations import Situation, StatedSituation, of_claims, of_directory
from carnet.metadata import Code
from carnet.platform import Connection, Platform
from carnet.record.functional_right import right
from carnet.requester import Authentication, CardClass, Requester, Software
from carnet.terminology.value_sets import value_set

PORTAL = Software("Carnet", version("carnet"))
"""What the portal says it is in the trace."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A situation as the page of choice shows it. `entitled`: TD0.9 is open to it; `column` is that of PDT-INF-526, None where none knows it."""

    situation: Situation
    entitled: bool
    column: Column | None
    profession: str
    specialty: str
    sector: str
    """Labels, '' where none is published."""


def requester_in(
    situation: Situation, identifier: str, name: str, *, certificate: str = "", address: str = ""
) -> Requester:
    """The requester of every act of the portal in a situation: in person, of no patient, in the normal mode."""
    return Requester(
        identifier=identifier,
        name=name,
        organization_id=situation.structure,
        sector=situation.sector,
        authentication=Authentication.DIRECT,
        card=CardClass.PROFESSIONAL,
        profession=situation.profession,
        specialty=situation.specialty,
        software=PORTAL,
        certificate=certificate,
        address=address,
        portal=True,
    )


def stated_situations(
    connection: Connection, known: Professional, stated: Iterable[StatedSituation]
) -> tuple[Situation, ...]:
    """Of the situations that claims state, those that the directory knows: person, role, structure, and the link between them."""
    found = (
        situation
        for one in stated
        for place in _places(connection, known.identifier, one.structures)
        for situation in of_claims(one, known, place)
    )
    return _confirmed(connection, known, found)


def known_situations(connection: Connection, known: Professional) -> tuple[Situation, ...]:
    """All situations of a person in the directory."""
    places = (organization(connection, one) for one in known.organizations)
    found = (situation for place in places if place is not None for situation in of_directory(known, place))
    return _confirmed(connection, known, found)


def person_in_directory(connection: Connection, identifier: str) -> Professional | None:
    """The person with that PS_IdNat, when the directory has them and they are active."""
    known = professional(connection, identifier)
    return known if known is not None and known.active else None


def practice(platform: Platform, situation: Situation, identifier: str) -> Practice:
    """What the matrix says of a situation, whatever the record."""
    roles, sectors = value_set("J65"), value_set("J61")
    requester = requester_in(situation, identifier, "")
    second = situation.specialty
    settings = platform.settings
    return Practice(
        situation,
        is_entitled(platform, requester),
        column_of(
            requester,
            RecordFacts(),
            occupational_doctors=settings.occupational_doctors,
            professions_by_role=settings.professions_by_role,
        ),
        _label(roles.display, situation.profession),
        _label(roles.display, second) if second is not None else "",
        _label(sectors.display, situation.sector),
    )


def is_entitled(platform: Platform, requester: Requester) -> bool:
    """Whether the matrix opens TD0.9 to a requester, and no rule keeps their kind out of every record."""
    record = RecordFacts()
    if right(platform, requester, record, Function.WEB_ACCESS) is Right.NO:
        return False
    return platform.engine.decide(requester, record, Function.EXISTENCE_TEST, platform.clock()).allowed


def _places(connection: Connection, person: str, structures: tuple[str, ...]) -> Iterator[Organization]:
    """The structure that one of these identifiers names and where the person works; their own office need not be in the directory."""
    for one in structures:
        if works_in(connection, person, one):
            yield organization(connection, one) or Organization(one, "", "", active=True)
            return


def _confirmed(connection: Connection, known: Professional, found: Iterable[Situation]) -> tuple[Situation, ...]:
    """Each once, of a sector of JDV_J61, and as the gate will find it at each act."""
    kept: dict[str, Situation] = {}
    for one in found:
        with contextlib.suppress(AssertionInvalid):
            confirm(connection, requester_in(one, known.identifier, ""))
            if value_set("J61").contains(one.sector.code, one.sector.system):
                kept.setdefault(one.key, one)
    return tuple(kept.values())


def _label(display: object, code: Code) -> str:
    assert callable(display)
    return str(display(code.code, code.system)) or code.code
