"""Who acts for a patient: declared, invited, accepted, refused, ended by either side; each decided by the table of the patient's side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from carnet.authorization.patient_side import PatientRight
from carnet.consent import representatives
from carnet.consent.acting_links import OF_A_MINOR, Acting, Representation, acting_for
from carnet.consent.majority import end_after
from carnet.consent.standing import current_standing
from carnet.errors import Refused, UnknownPatient
from carnet.exchange.notices import owe
from carnet.identity.patients import by_key, identifiers, pseudonym_of
from carnet.metadata import PatientIdentifier
from carnet.record.operator_line import known_patient
from carnet.record.patient_room import PatientDesk, PatientRoom, majority_of

ACTIVE = "activated"
"""A carer has a space of his or her own, and uses it."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """One link as it is shown: who (INS), as what, in what state, from when to when (microseconds UTC)."""

    acting: str
    kind: str
    state: str
    in_force: bool
    starts_at: int
    ends_at: int | None


@dataclass(frozen=True, slots=True)
class Delegations(PatientDesk):
    """The acts on representatives and carers. Each returns whether anything changed, but `listed`."""

    def declare(self, patient: PatientIdentifier, other: PatientIdentifier, kind: Representation) -> bool:
        """Writes a first legal representative (of a minor) or a person in charge of protection (of an adult), on the operator's word.

        The insurer's file or the court says who they are: nobody on the patient's side does. Raises Refused for the wrong age.
        """

        def work(room: PatientRoom) -> bool:
            person = known_patient(room.platform, room.connection, other)
            if _is_minor(room) is not (kind in OF_A_MINOR):
                raise Refused("A minor has legal representatives, an adult a person in charge of protection.")
            return representatives.declare(
                room.connection,
                room.patient_key,
                person.patient_key,
                kind,
                source=self.operator,
                now=room.now,
                majority=_majority(room),
            )

        name = f"declare-{kind.value.replace('_', '-')}"
        return self.perform(patient, name, None, work, objects=(other.value,), others=(other,))

    def invite(
        self,
        patient: PatientIdentifier,
        other: PatientIdentifier,
        kind: Representation,
        *,
        starts_at: int | None = None,
        ends_at: int | None = None,
    ) -> bool:
        """Invites a second legal representative or a carer, who answers within `carer_invitation_days`.

        Raises Refused while the setting `carers` is off, for a carer without an active space, and beyond the limits.
        """
        right = PatientRight.CARERS if kind is Representation.CARER else PatientRight.REPRESENTATIVES

        def work(room: PatientRoom) -> bool:
            person = known_patient(room.platform, room.connection, other)
            _check_invitation(room, person.patient_key, kind)
            invited = representatives.invite(
                room.connection,
                room.patient_key,
                person.patient_key,
                kind,
                answer_by=end_after(room.now, room.platform.settings.carer_invitation_days),
                source=room.facts.actor.value,
                now=room.now,
                starts_at=starts_at,
                ends_at=ends_at,
                majority=_majority(room),
                majority_of_another=partial(_majority_of_another, room),
            )
            return invited and _tell(room, person.patient_key, "invited")

        name = f"invite-{kind.value.replace('_', '-')}"
        return self.perform(patient, name, right, work, objects=(other.value,), others=(other,))

    def answer(self, patient: PatientIdentifier, *, accepted: bool) -> bool:
        """The answer of the person who acts to the invitation to act for the patient.

        Raises Refused for the acceptance of an invitation made before the patient came of age, once that has happened.
        """

        def work(room: PatientRoom) -> bool:
            answered = representatives.answer(
                room.connection,
                room.patient_key,
                room.acting.patient_key,
                accepted=accepted,
                now=room.now,
                majority=_majority(room),
            )
            return answered and _tell(room, room.patient_key, "accepted" if accepted else "refused")

        return self.perform(patient, "accept-invitation" if accepted else "refuse-invitation", None, work)

    def give_up(self, patient: PatientIdentifier) -> bool:
        """The person who acts for the patient stops doing so."""

        def work(room: PatientRoom) -> bool:
            acting = room.acting.patient_key
            ended = representatives.revoke(room.connection, room.patient_key, acting, by="representative", now=room.now)
            return ended and _tell(room, room.patient_key, "ended")

        return self.perform(patient, "give-up-acting", None, work)

    def revoke(self, patient: PatientIdentifier, other: PatientIdentifier) -> bool:
        """The holder's side takes a carer's delegation or invitation back, or a link that majority ended.

        Raises Refused for a legal representative who acts.
        """

        def work(room: PatientRoom) -> bool:
            person = known_patient(room.platform, room.connection, other)
            majority = _majority(room)
            links = [
                one
                for one in acting_for(room.connection, room.patient_key, now=room.now)
                if one.acting_key == person.patient_key and not one.lapsed(room.now, majority=majority)
            ]
            if any(one.kind is not Representation.CARER for one in links):
                raise Refused("A legal representative is ended by the insurer, the court or majority.")
            ended = representatives.revoke(
                room.connection, room.patient_key, person.patient_key, by="holder", now=room.now
            )
            return ended and _tell(room, person.patient_key, "ended")

        return self.perform(patient, "revoke-carer", PatientRight.CARERS, work, objects=(other.value,), others=(other,))

    def listed(self, patient: PatientIdentifier) -> tuple[Delegation, ...]:
        """Who acts, or was asked to act, for the patient, the oldest first; links that majority ended are there, not in force."""
        return self.perform(patient, "list-representatives", PatientRight.CARERS, _listed)


def _tell(room: PatientRoom, whom: int, what: str) -> bool:
    """Writes the notice to the other side, which names nobody; always True."""
    cause = f"{room.patient_key}|{room.acting.patient_key}"
    owe(room.connection, whom, kind=f"representation-{what}", recipient="patient", cause=cause, now=room.now)
    return True


def _majority(room: PatientRoom) -> int | None:
    return majority_of(room.connection, room.patient, room.key)


def _majority_of_another(room: PatientRoom, patient_key: int) -> int | None:
    """The majority of somebody else for whom the invited person acts, read with that person's own key; None when it is destroyed."""
    other = by_key(room.connection, patient_key)
    try:
        return majority_of(room.connection, other, room.platform.keyring.patient_key(other.pseudonym))
    except UnknownPatient:
        return None


def _is_minor(room: PatientRoom) -> bool:
    majority = _majority(room)
    return majority is not None and room.now < majority


def _check_invitation(room: PatientRoom, acting_key: int, kind: Representation) -> None:
    if kind is not Representation.CARER:
        if not _is_minor(room):
            raise Refused("An adult has no legal representative of this kind.", rules=("second-representative",))
        return
    if not room.platform.settings.carers:
        raise Refused("Carers are not open here.", rules=("carers-not-open",))
    found = current_standing(room.connection, acting_key, professional="", organization="", now=room.now)
    if found is None or found.state != ACTIVE:
        raise Refused("A carer has an active space of his or her own.", rules=("carer-without-space",))


def _listed(room: PatientRoom) -> tuple[Delegation, ...]:
    majority = _majority(room)
    links = acting_for(room.connection, room.patient_key, now=room.now)
    return tuple(_shown(room, one, majority) for one in links)


def _shown(room: PatientRoom, one: Acting, majority: int | None) -> Delegation:
    return Delegation(
        _ins_of(room, one.acting_key),
        one.kind.value,
        one.state.value,
        one.in_force(room.now, majority=majority),
        one.starts_at,
        one.ends_at,
    )


def _ins_of(room: PatientRoom, patient_key: int) -> str:
    """The current INS of another person, opened with that person's own key; '' when that key is destroyed: the link is shown all the same."""
    pseudonym = pseudonym_of(room.connection, patient_key) or ""
    try:
        key = room.platform.keyring.patient_key(pseudonym)
    except UnknownPatient:
        return ""
    known = identifiers(room.connection, patient_key, key)
    return known[-1].identifier.value if known else ""
