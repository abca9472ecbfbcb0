"""Reading an emergency card by its code: by somebody who is not identified, decided, traced in the person's own trail, and told to them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from carnet.audit.event import AuditEvent, Outcome
from carnet.audit.journal import append as append_to_journal
from carnet.authorization.card_rules import CardFacts, decide_card
from carnet.clock import HOUR
from carnet.errors import CarnetError, Refused, TooManyTries, Unavailable, UnknownDocument, UnknownPatient
from carnet.exchange.notices import owe
from carnet.identity.patient_search import person_of as person_of_key
from carnet.identity.patients import Patient, by_key, identifiers
from carnet.identity.sign_in_attempts import count_try, forget_counts, tries
from carnet.platform import Connection
from carnet.profile.card_codes import CardCode, code_of, note_reading
from carnet.profile.emergency_card import Card
from carnet.record.gate import Gate
from carnet.record.groups import turn_of_people
from carnet.record.own_card import card_in
from carnet.record.patient_room import PatientRoom, open_room

__all__ = ["Card", "CardReading"]

FINDER = "finder"
"""Role in the trace of who reads a card by its code."""
READ = "emergency-card-read"
"""Kind of the notice that somebody did."""
COUNTED = "card"
SPAN = HOUR


@dataclass(frozen=True, slots=True)
class CardReading:
    """The desk at which codes are read, for one network address."""

    gate: Gate
    address: str

    def read(self, token: str) -> Card:
        """The card that a code shows. The reading is durable in the trace before the card is given.

        Raises UnknownDocument for what is no code, Refused for one that shows nothing any more, TooManyTries for an address from which too
        many of either came within an hour, whatever it asks for then.
        """
        platform = self.gate.platform
        turn, expected = self.gate.read(lambda found: turn_of_people(platform, found, _holder(found, token)))

        def run(connection: Connection) -> Card | CarnetError:
            now = platform.clock()
            spent = tries(connection, platform.keyring, COUNTED, self.address, span=SPAN, now=now)
            if spent >= platform.settings.sign_in_tries_address:
                return TooManyTries("too many codes that show no card came from this address")
            code = code_of(connection, token)
            if (code.patient_key if code is not None else None) != expected:
                raise Unavailable("What this code is of has just changed; try again.")
            answer = self._of_nobody(connection, now) if code is None else self._of_somebody(connection, code)
            if isinstance(answer, CarnetError):
                self._missed(connection, now)
            return answer

        answer = self.gate.administer(run, turn=turn)
        if isinstance(answer, CarnetError):
            raise answer
        return answer

    def _of_somebody(self, connection: Connection, code: CardCode) -> Card | CarnetError:
        try:
            room = _room(self.gate, connection, code)
        except UnknownPatient as error:
            return error
        answer = self.gate.attempt(lambda: _shown(room, code))
        event = self._line(room.now, answer)
        about = replace(event, patient=room.identifier.cx(), objects=(code.code_id,), detail=code.kind)
        append_to_journal(connection, about, patient_key=room.patient_key, key=room.key)
        return answer

    def _of_nobody(self, connection: Connection, now: int) -> CarnetError:
        answer = UnknownDocument("This is no code of a card.")
        key = self.gate.platform.keyring.actor_key()
        append_to_journal(connection, self._line(now, answer), patient_key=None, key=key)
        return answer

    def _line(self, now: int, answer: object) -> AuditEvent:
        rules = answer.rules if isinstance(answer, Refused) else ("card-code",)
        outcome: Outcome = "done"
        if isinstance(answer, CarnetError):
            outcome = "refused" if isinstance(answer, Refused | UnknownDocument) else "failed"
        return AuditEvent(
            action="card/read",
            outcome=outcome,
            at=now,
            requester_role=FINDER,
            address=self.address,
            rules=rules,
        )

    def _missed(self, connection: Connection, now: int) -> None:
        platform = self.gate.platform
        most = platform.settings.sign_in_tries_address
        forget_counts(connection, now - 2 * SPAN)
        count_try(connection, platform.keyring, COUNTED, self.address, maximum=most, span=SPAN, now=now)


def _holder(connection: Connection, token: str) -> Patient | None:
    code = code_of(connection, token)
    return person_of_key(connection, code.patient_key) if code is not None else None


def _room(gate: Gate, connection: Connection, code: CardCode) -> PatientRoom:
    """The room of the person's own record; what is done in it is decided by the rules of cards. Raises UnknownPatient."""
    platform = gate.platform
    patient = by_key(connection, code.patient_key)
    key = platform.keyring.patient_key(patient.pseudonym)
    known = [one for one in identifiers(connection, patient.patient_key, key) if one.until is None]
    if not known:
        raise UnknownPatient("This person has no current identifier.")
    return open_room(platform, connection, known[-1].identifier, None)


def _shown(room: PatientRoom, code: CardCode) -> Card:
    card = card_in(room)
    facts = CardFacts(
        state=room.facts.state,
        now=room.now,
        made_at=code.made_at,
        expires_at=code.expires_at,
        ended=code.ended_at is not None,
        ready=card.ready,
    )
    decision = decide_card(facts)
    if not decision.allowed:
        raise Refused("This code shows no card.", rules=decision.rules)
    note_reading(room.connection, code, now=room.now)
    owe(room.connection, room.patient_key, kind=READ, recipient="patient", cause=code.code_id, now=room.now)
    return card
