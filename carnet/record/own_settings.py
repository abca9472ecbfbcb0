"""What the person settles about their own record: where notices go, closing it, objecting to it."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.authorization.patient_side import Actor, PatientRight, decide
from carnet.consent.choices import close_record
from carnet.consent.lifecycle import Event, life, move
from carnet.consent.opposition_proofs import one_line, write_proof
from carnet.consent.record_status import record_status
from carnet.errors import Refused
from carnet.exchange.notice_topics import ADDRESS_CHANGED, CHOOSABLE, prefer, wants_email
from carnet.exchange.notices import owe
from carnet.identity.contacts import PERSON, address_of_patient, checked_address, set_address
from carnet.identity.patients import Traits, traits
from carnet.metadata import PatientIdentifier
from carnet.record.endings import settle_after
from carnet.record.patient_room import PATIENT_SIDE, PatientDesk, PatientRoom

BY_PATIENT = "FERMETURE_DEMANDE_PATIENT"
"""The reason of a closing that the holder asked for."""


SHOWN_TO = frozenset({PatientRight.SEE, PatientRight.TRAIL, PatientRight.OBJECT})
"""Rights of which one opens the settings."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the settings show. `state` is that of the record; `may` are the rights that the person has on it now."""

    state: str
    opened_at: int | None
    closed_at: int | None
    actor: Actor
    traits: Traits
    address: str
    emails: dict[str, bool]
    may: frozenset[PatientRight]


@dataclass(frozen=True, slots=True)
class OwnSettings(PatientDesk):
    """The acts. Each that changes returns whether anything changed."""

    def sheet(self, patient: PatientIdentifier) -> Sheet:
        """What stands now; for a record in any state, since it says which."""
        return self.perform(patient, "show-settings", None, _sheet)

    def set_address(self, patient: PatientIdentifier, address: str) -> bool:
        """Writes where notices and codes go, '' for nowhere; the former address is told. Raises InvalidMetadata for what is no address."""
        checked = checked_address(address) if address else ""

        def work(room: PatientRoom) -> bool:
            if not set_address(room.connection, room.patient_key, checked, key=room.key, source=PERSON, now=room.now):
                return False
            cause = str(room.now)
            owe(
                room.connection,
                room.patient_key,
                kind=ADDRESS_CHANGED,
                recipient="patient",
                cause=cause,
                now=room.now,
            )
            return True

        return self.perform(patient, "contact", PatientRight.CONTACT, work)

    def prefer(self, patient: PatientIdentifier, topic: str, *, email: bool) -> bool:
        """Writes whether an e-mail goes out about a topic. Raises InvalidMetadata for an unknown one."""

        def work(room: PatientRoom) -> bool:
            return prefer(room.connection, room.patient_key, topic, email=email, now=room.now)

        said = f"{topic}: {'yes' if email else 'no'}"
        return self.perform(patient, "notice-preference", PatientRight.CONTACT, work, detail=said)

    def close(self, patient: PatientIdentifier) -> bool:
        """Closes the record: its content stays for ten years, and nobody reads it (R1111-36 CSP)."""

        def work(room: PatientRoom) -> bool:
            closed = close_record(room.connection, room.patient_key, BY_PATIENT, now=room.now, actor=PATIENT_SIDE)
            settle_after(room.platform, room.connection, room.patient_key, Event.CLOSE, now=room.now)
            return closed

        return self.perform(patient, "close-record", PatientRight.CLOSE, work)

    def oppose(self, patient: PatientIdentifier) -> bool:
        """Objects to the opening of a record that was announced; a signed proof is kept (R1111-28 CSP)."""

        def work(room: PatientRoom) -> bool:
            if move(room.connection, room.patient_key, Event.OPPOSE, now=room.now, actor=PATIENT_SIDE) is None:
                return False
            settle_after(room.platform, room.connection, room.patient_key, Event.OPPOSE, now=room.now)
            known = traits(room.connection, room.patient_key, room.key)
            said = one_line(f"{known.birth_given_names} {known.birth_name}")
            sign = room.platform.keyring.sign_checkpoint
            write_proof(room.connection, room.patient_key, identity=said, key=room.key, sign=sign, now=room.now)
            return True

        return self.perform(patient, "oppose", PatientRight.OBJECT, work)


def _sheet(room: PatientRoom) -> Sheet:
    may = frozenset(right for right in PatientRight if decide(room.facts, right).allowed)
    if not may & SHOWN_TO:
        raise Refused("Nothing of this record is shown to the person who asks.", rules=("patient-right",))
    found = record_status(room.connection, room.patient_key)
    return Sheet(
        state=life(room.connection, room.patient_key).state.value,
        opened_at=found.opened_at if found else None,
        closed_at=found.closed_at if found else None,
        actor=room.facts.actor,
        traits=traits(room.connection, room.patient_key, room.key),
        address=address_of_patient(room.connection, room.patient_key, room.key) if PatientRight.CONTACT in may else "",
        emails={topic: wants_email(room.connection, room.patient_key, topic) for topic in CHOOSABLE},
        may=may,
    )
