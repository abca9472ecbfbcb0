"""Why a professional could, or could not, read a document at a moment: the verdict again, from the rows that held then."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.audit.event import AuditEvent
from carnet.audit.journal import append as append_to_journal
from carnet.authorization.decision import Decision, refuse
from carnet.authorization.facts import Function
from carnet.authorization.roles import G15
from carnet.clock import to_iso
from carnet.consent.care_links import Tie, ties
from carnet.consent.choices import choices_at
from carnet.consent.standing import standing
from carnet.errors import UnknownPatient, UnresolvedReference
from carnet.identity.directory import Professional, organization, professional
from carnet.metadata import Code, PatientIdentifier
from carnet.platform import Connection, Platform
from carnet.record.facts import facts_of_entry
from carnet.record.gate import Gate
from carnet.record.operator_desk import administer_known
from carnet.record.operator_line import known_patient
from carnet.record.rule_sentences import Sentences, sentences
from carnet.record.scope import UNKNOWN, facts_of
from carnet.registry.holder import Holder
from carnet.registry.past_masks import entry_at
from carnet.requester import AccessMode, Authentication, CardClass, Requester

KNOW_HOW = "1.2.250.1.71.4.2.5"
SECTORS = "1.2.250.1.71.4.2.4"


@dataclass(frozen=True, slots=True)
class Asked:
    """The question. `structure` '' takes the one where the professional works, when the directory names one alone; `at` None is now."""

    patient: PatientIdentifier
    professional: str
    document: str
    at: int | None = None
    mode: AccessMode = AccessMode.NORMAL
    structure: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer: the decision, its sentences (French, English), and what held at that moment."""

    at: int
    decision: Decision
    said: tuple[Sentences, ...]
    state: str
    masks: str
    ties: tuple[Tie, ...]
    choices: tuple[tuple[str, str, int], ...]


def explain(gate: Gate, asked: Asked, *, operator: str) -> Explanation:
    """Judges again and traces that it was asked. Raises UnknownPatient, UnresolvedReference for a professional whom no directory knows.

    The professional's role is today's directory's; the record's state and the document's status are as far as history is kept.
    """
    platform = gate.platform

    def work(connection: Connection) -> Explanation:
        known = known_patient(platform, connection, asked.patient)
        now = platform.clock()
        key = platform.keyring.patient_key(known.pseudonym)
        holder = Holder(known.patient_key, key, asked.professional, asked.structure, now, asked.patient.cx())
        found = _explained(platform, connection, asked, holder)
        event = AuditEvent(
            action="administration/explain",
            outcome="done",
            at=now,
            requester_id=operator,
            requester_role="operator",
            patient=asked.patient.cx(),
            objects=(asked.document, asked.professional),
            rules=found.decision.rules,
            matrix_version=found.decision.matrix_version,
            detail=f"{asked.mode.value} {to_iso(found.at)}",
        )
        append_to_journal(connection, event, patient_key=known.patient_key, key=key)
        return found

    return administer_known(gate, operator, "administration/explain", (asked.patient,), work)


def _explained(platform: Platform, connection: Connection, asked: Asked, holder: Holder) -> Explanation:
    at = holder.now if asked.at is None else asked.at
    requester = _requester(connection, asked)
    parties = {"professional": requester.identifier, "organization": requester.organization_id}
    found = standing(connection, holder.patient_key, **parties, now=at)
    if found is None:
        raise UnknownPatient(UNKNOWN)
    record = facts_of(found, regulation_centre=requester.organization_id in platform.settings.regulation_centres)
    entry = entry_at(connection, holder, asked.document, at=at)
    if entry is None:
        decision = refuse(("document-not-there",))
    else:
        document = facts_of_entry(entry, asked.patient.value)
        decision = platform.engine.decide_document(requester, record, document, Function.CONSULT, at)
    held = ties(connection, holder.patient_key, now=at)
    return Explanation(
        at,
        decision,
        sentences(decision.rules, allowed=decision.allowed),
        found.state,
        entry.masks if entry is not None else "",
        tuple(one for one in held if one.party in set(parties.values()) - {""}),
        choices_at(connection, holder.patient_key, now=at),
    )


def _requester(connection: Connection, asked: Asked) -> Requester:
    """The professional as a card would present him or her."""
    person = professional(connection, asked.professional)
    if person is None or not person.roles:
        raise UnresolvedReference("No professional of the directory has this identifier.", subject=asked.professional)
    place = organization(connection, _place(asked, person))
    specialty = person.roles[0].specialty
    return Requester(
        identifier=person.identifier,
        name=f"{person.given_name} {person.family_name}",
        organization_id=place.identifier if place else "",
        sector=Code(place.sector if place else "", SECTORS),
        authentication=Authentication.DIRECT,
        card=CardClass.PROFESSIONAL,
        profession=Code(person.roles[0].profession, G15),
        specialty=Code(specialty, KNOW_HOW) if specialty else None,
        mode=asked.mode,
        patient=asked.patient,
    )


def _place(asked: Asked, person: Professional) -> str:
    if asked.structure or len(person.organizations) != 1:
        return asked.structure
    return person.organizations[0]
