"""Who may read a record, as professionals declare and see it: TD0.3 (one's own authorisation, médecin traitant) and TD1.6 (the list)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from carnet.authorization.facts import Function
from carnet.authorization.functional_rights import Right
from carnet.authorization.roles import Kind, is_occupational, kind_of
from carnet.clock import DAY
from carnet.consent.care_links import (
    BY_SOFTWARE,
    HIDDEN_FROM_REPRESENTATIVES,
    Link,
    authorise,
    declare_medecin_traitant,
    end_authorisation,
    end_medecin_traitant,
    join_team,
    leave_team,
)
from carnet.consent.majority import end_after
from carnet.consent.parties import LETS_IN, Tie, ever_tied, ties_of
from carnet.errors import Refused
from carnet.exchange.notices import owe
from carnet.identity.directory import organization, professional
from carnet.record.act import Act
from carnet.record.existence import known_record
from carnet.record.functional_right import right
from carnet.record.scope import Scope
from carnet.requester import Requester

DECLARED = "access-medecin-traitant-declared"
"""The notice by which the patient learns who became médecin traitant, since that opens what is masked (L1111-16 CSP)."""


class Declaration(StrEnum):
    """What TD0.3 can ask for: `action` and `role` of setAuthorization (KIT)."""

    AUTHORISE = "AJOUT"
    END = "SUPPRESSION"
    DECLARE_MEDECIN_TRAITANT = "AJOUT MEDECIN_TRAITANT"
    STOP_BEING_MEDECIN_TRAITANT = "SUPPRESSION MEDECIN_TRAITANT"


class ListMode(StrEnum):
    """`mode` of listAuthorizationByPatient (TD1.6)."""

    ACTIVE = "ACTIVE"
    BLOCKED = "INTERDITE"
    ALL = "TOUTE"


@dataclass(frozen=True, slots=True)
class ListedParty:
    """A professional or a structure of TD1.6. `since` in microseconds UTC; names are '' for a party whom the directory does not know.

    For a structure `family_name` is its name and there is no profession.
    """

    identifier: str
    is_structure: bool
    family_name: str
    given_name: str
    profession: str
    specialty: str
    since: int
    blocked: bool
    medecin_traitant: bool
    until: int | None = None
    """When the last of what lets it in ends, None for a block and where there is no end."""


def declare(declaration: Declaration) -> Act[bool]:
    """The act of TD0.3; whether it changed anything. Doing it again changes nothing and is no error."""
    return Act("td0.3", partial(_declare, declaration=declaration))


def join_care_team() -> Act[int]:
    """TD0.3 of who takes part in the care: deemed authorised for `care_team_days`, the patient being told and not objecting (R1111-46 CSP).

    Returns when the place in the team ends, in microseconds UTC. INFERRED: the right to add one's authorisation is what it needs.
    """
    return Act("td0.3", _join)


def leave_care() -> Act[bool]:
    """TD0.3 of who takes part no more: it ends one's authorisation and one's place in the team; whether there was either."""
    return Act("td0.3", _leave)


def list_parties(mode: ListMode) -> Act[tuple[ListedParty, ...]]:
    """The act of TD1.6, for one who may read the record."""
    return Act("td1.6", partial(_list, mode=mode))


def _declare(scope: Scope, *, declaration: Declaration) -> bool:
    known_record(scope)
    function, change = _DECLARATIONS[declaration]
    if declaration is Declaration.STOP_BEING_MEDECIN_TRAITANT and _was_medecin_traitant(scope):
        function = (
            Function.REMOVE_AUTHORISATION
        )  # said twice: the matrix gives the row to the médecin traitant, and there is nothing left
    scope.require(function)
    party = _party(scope, function)
    changed = change(scope, party)
    scope.touched.append(party)
    scope.detail = declaration.value if changed else f"{declaration.value}: nothing changed"
    return changed


def _join(scope: Scope) -> int:
    known_record(scope)
    scope.require(Function.ADD_AUTHORISATION)
    party = _party(scope, Function.ADD_AUTHORISATION)
    until = end_after(scope.now, scope.platform.settings.care_team_days)
    source = _source(scope.requester)
    changed = join_team(scope.connection, scope.patient.patient_key, party, until=until, source=source, now=scope.now)
    scope.touched.append(party)
    scope.detail = "AJOUT EQUIPE_DE_SOINS" if changed else "AJOUT EQUIPE_DE_SOINS: nothing changed"
    return until


def _leave(scope: Scope) -> bool:
    known_record(scope)
    scope.require(Function.REMOVE_AUTHORISATION)
    party = _party(scope, Function.REMOVE_AUTHORISATION)
    ended = (_end(scope, party), leave_team(scope.connection, scope.patient.patient_key, party, now=scope.now))
    scope.touched.append(party)
    scope.detail = Declaration.END.value if any(ended) else f"{Declaration.END.value}: nothing changed"
    return any(ended)


def _party(scope: Scope, function: Function) -> str:
    """Who is authorised: the person, or the structure for whom note 1 of 526 says so."""
    cell = right(scope.platform, scope.requester, scope.record, function)
    for_structure = cell is Right.AUTHORISES_STRUCTURE
    return scope.requester.organization_id if for_structure else scope.requester.identifier


def _was_medecin_traitant(scope: Scope) -> bool:
    former = ever_tied(scope.connection, scope.patient.patient_key, Link.MEDECIN_TRAITANT, scope.requester.identifier)
    return former and not scope.record.medecin_traitant


def _authorise(scope: Scope, party: str) -> bool:
    """Until the end that the setting gives; an authorisation that still holds is left as it is."""
    ties = ties_of(scope.connection, scope.patient.patient_key, now=scope.now)
    if any(tie.party == party and tie.kind == Link.AUTHORISED for tie in ties):
        return False
    until = scope.now + scope.platform.settings.authorisation_days * DAY
    source = _source(scope.requester)
    return authorise(scope.connection, scope.patient.patient_key, party, until=until, source=source, now=scope.now)


def _source(requester: Requester) -> str:
    return f"{BY_SOFTWARE} {requester.identifier}{f' {HIDDEN_FROM_REPRESENTATIVES}' if requester.secret_connection else ''}"


def _end(scope: Scope, party: str) -> bool:
    return end_authorisation(scope.connection, scope.patient.patient_key, party, now=scope.now)


def _declare_medecin_traitant(scope: Scope, party: str) -> bool:
    requester = scope.requester
    if kind_of(requester.profession) is not Kind.DOCTOR or is_occupational(requester) or party != requester.identifier:
        raise Refused("Only a doctor can be médecin traitant.", rules=("doctor-only",))
    if not scope.platform.settings.medecin_traitant_by_software:
        raise Refused("The médecin traitant is declared to the insurer.", rules=("insurer-declares",))
    source = _source(requester)
    patient_key = scope.patient.patient_key
    if not declare_medecin_traitant(scope.connection, patient_key, party, source=source, now=scope.now):
        return False
    secret = requester.secret_connection
    owe(scope.connection, patient_key, kind=DECLARED, recipient="patient", cause=party, now=scope.now, secret=secret)
    return True


def _stop_being_medecin_traitant(scope: Scope, party: str) -> bool:
    return end_medecin_traitant(scope.connection, scope.patient.patient_key, party, now=scope.now)


_DECLARATIONS: Mapping[Declaration, tuple[Function, Callable[[Scope, str], bool]]] = {
    Declaration.AUTHORISE: (Function.ADD_AUTHORISATION, _authorise),
    Declaration.END: (Function.REMOVE_AUTHORISATION, _end),
    # INFERRED: 526 has no row for declaring oneself; it is the right to add, kept to doctors (L162-5-3 CSS).
    Declaration.DECLARE_MEDECIN_TRAITANT: (Function.ADD_AUTHORISATION, _declare_medecin_traitant),
    Declaration.STOP_BEING_MEDECIN_TRAITANT: (Function.STOP_BEING_MEDECIN_TRAITANT, _stop_being_medecin_traitant),
}


def _list(scope: Scope, *, mode: ListMode) -> tuple[ListedParty, ...]:
    known_record(scope)
    scope.require(Function.LIST_AUTHORISED)
    ties = [
        tie
        for tie in ties_of(scope.connection, scope.patient.patient_key, now=scope.now)
        if tie.kind in LETS_IN or tie.kind == Link.BLOCKED
    ]
    parties = tuple(dict.fromkeys(tie.party for tie in ties))
    listed = [_listed(scope, [tie for tie in ties if tie.party == party]) for party in parties]
    wanted = {ListMode.ACTIVE: {False}, ListMode.BLOCKED: {True}, ListMode.ALL: {False, True}}[mode]
    found = tuple(one for one in listed if one.blocked in wanted)
    scope.detail = f"{mode.value} {len(found)}"
    return found


def _listed(scope: Scope, ties: list[Tie]) -> ListedParty:
    """One party by its links, of which there is one at least; a block counts before all others but the declared médecin traitant's."""
    party, kinds = ties[0].party, {tie.kind for tie in ties}
    person = professional(scope.connection, party)
    structure = organization(scope.connection, party) if person is None else None
    role = max(person.roles, key=lambda one: bool(one.specialty)) if person is not None and person.roles else None
    stands = Link.MEDECIN_TRAITANT.value in kinds and not scope.platform.settings.medecin_traitant_can_be_blocked
    blocked = Link.BLOCKED.value in kinds and not stands
    return ListedParty(
        identifier=party,
        is_structure=structure is not None,
        family_name=person.family_name if person is not None else structure.name if structure is not None else "",
        given_name=person.given_name if person is not None else "",
        profession=role.profession if role is not None else "",
        specialty=role.specialty if role is not None else "",
        since=max(tie.since for tie in ties if blocked == (tie.kind == Link.BLOCKED)),
        blocked=blocked,
        medecin_traitant=Link.MEDECIN_TRAITANT.value in kinds,
        until=None if blocked else _until(ties),
    )


def _until(ties: list[Tie]) -> int | None:
    ends = [tie.expires_at for tie in ties if tie.kind in LETS_IN]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None
