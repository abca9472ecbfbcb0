"""Which records are open to me (TD0.4): by the date of the authorisation, or by the date of the last document that I may know of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from carnet.authorization.facts import Function, RecordFacts
from carnet.authorization.functional_rights import Right
from carnet.consent.parties import records_of
from carnet.document_query import FindDocuments
from carnet.errors import InvalidMetadata, Refused, TooManyResults, UnknownPatient
from carnet.identity.directory import works_in
from carnet.identity.patient_search import person_of
from carnet.identity.patients import Traits, identifiers, traits
from carnet.metadata import AvailabilityStatus, PatientIdentifier
from carnet.record.act import Act
from carnet.record.functional_right import right
from carnet.record.population import PopulationScope, open_population
from carnet.record.scope import Scope
from carnet.record.search import visible
from carnet.registry.last_registration import last_registration
from carnet.registry.queries import find


class ListedBy(StrEnum):
    """`dateType` of patientList: what `startDate` is compared with."""

    AUTHORISATION = "LASTAUTORIZATION"
    DOCUMENT = "LASTDOC"


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """A record of TD0.4. Moments in microseconds UTC; the last two are of documents that the requester may know of, None without any."""

    identifier: PatientIdentifier
    traits: Traits
    medecin_traitant: bool
    authorised_at: int
    last_update: int | None
    last_addition: int | None


ALL_RECORDS = 2**31 - 1
"""No limit, as the databases take it."""
TOO_MANY = "More records are found than may be listed; ask from a later startDate."


def patient_list(by: ListedBy, since: int, owner: str = "") -> Act[tuple[ListedRecord, ...]]:
    """The act of TD0.4. `since` in microseconds UTC; `owner` (psOwnerId, PS_IdNat) is whose list an employee's card asks for.

    Raises Refused beyond notes 2 and 3 of 526, TooManyResults beyond `maximum_listed_patients`; by the authorisation, records
    that are not shown (closed, blocked) count too.
    """
    run = partial(_list, by=by, since=since, owner=owner)
    return Act("td0.4", run, Function.PATIENT_LIST, open_population, across=True)


def _list(scope: PopulationScope, *, by: ListedBy, since: int, owner: str) -> tuple[ListedRecord, ...]:
    party = _party(scope, by, owner)
    found = []
    for listed in _listed(scope, by, since, party):
        found.append(listed)
        if len(found) > scope.platform.settings.maximum_listed_patients:
            raise TooManyResults(TOO_MANY)
    scope.detail = f"{by.value} {len(found)}"
    scope.touched.append(party)
    return tuple(found)


def _party(scope: PopulationScope, by: ListedBy, owner: str) -> str:
    """Whose authorisations are listed: the person's own, a colleague's of the same structure (note 2), or the structure's (note 3)."""
    requester = scope.requester
    record = RecordFacts(regulation_centre=scope.regulation_centre)
    cell = right(scope.platform, requester, record, Function.PATIENT_LIST)
    if cell is Right.SAME_STRUCTURE:
        if not owner:
            raise InvalidMetadata("An employee's card names in psOwnerId whose list it asks for.", subject="psOwnerId")
        if not works_in(scope.connection, owner, requester.organization_id):
            raise Refused("The list is of professionals of the same structure.", rules=("same-structure",))
        return owner
    party = requester.organization_id if cell is Right.NEW_AUTHORISATIONS else requester.identifier
    if owner not in {"", party}:
        raise Refused("One's own list alone can be asked for.", rules=("own-list",))
    if cell is Right.NEW_AUTHORISATIONS and by is not ListedBy.AUTHORISATION:
        raise Refused("A structure is told of new authorisations only.", rules=("new-authorisations-only",))
    return party


def _listed(scope: PopulationScope, by: ListedBy, since: int, party: str) -> Iterator[ListedRecord]:
    """The records one by one, each noted as shown. By documents, every record of the party is looked into."""
    maximum = scope.platform.settings.maximum_listed_patients
    limit = maximum + 1 if by is ListedBy.AUTHORISATION else ALL_RECORDS
    begin = since if by is ListedBy.AUTHORISATION else 0
    ties = records_of(scope.connection, party, since=begin, now=scope.now, limit=limit)
    if by is ListedBy.AUTHORISATION and len(ties) == limit:
        # The limit may have left some out: whatever is passed over below, the list would not be whole.
        raise TooManyResults(TOO_MANY)
    for patient_key, authorised_at in ties:
        if by is ListedBy.DOCUMENT and (last_registration(scope.connection, patient_key) or -1) < since:
            continue
        room = _room(scope, patient_key, party)
        if room is None:
            continue
        identifier = identifiers(scope.connection, patient_key, room.key)[-1].identifier
        last_update, last_addition = _activity(room, identifier)
        if by is ListedBy.DOCUMENT and (last_update is None or last_update < since):
            continue
        scope.show(room, identifier)
        known = traits(scope.connection, patient_key, room.key)
        yield ListedRecord(identifier, known, room.record.medecin_traitant, authorised_at, last_update, last_addition)


def _room(scope: PopulationScope, patient_key: int, party: str) -> Scope | None:
    person = person_of(scope.connection, patient_key)
    if person is None:
        return None
    try:
        return scope.enter(person, professional="" if party == scope.requester.organization_id else party)
    except UnknownPatient:
        return None


def _activity(room: Scope, identifier: PatientIdentifier) -> tuple[int | None, int | None]:
    """When the newest version and the newest document came, among those that the requester may know of: the hidden leave no date."""
    query = FindDocuments((identifier,), tuple(AvailabilityStatus))
    entries = visible(room, find(room.connection, room.holder, query)).entries
    updates = [entry.registered_at for entry in entries]
    additions = [entry.registered_at for entry in entries if entry.version == 1]
    return max(updates, default=None), max(additions, default=None)
