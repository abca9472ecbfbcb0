"""The emergency card as its space shows and shares it: what stands on it, the codes that open it, what responders may read besides."""

from __future__ import annotations

from dataclasses import dataclass, field

from carnet.authorization.patient_side import PatientRight, decide
from carnet.clock import DAY, MINUTE
from carnet.consent.choices import Choice
from carnet.consent.standing import current_standing
from carnet.errors import InvalidMetadata
from carnet.metadata import PatientIdentifier
from carnet.profile.card_codes import KINDS, MOST, PRINT, SCREEN, CardCode, code_of, end_code, living_codes, make_code
from carnet.profile.emergency_card import BIRTH, NAME, Card, CardLine, Known, candidates, card_of, chosen
from carnet.record.gate import Gate
from carnet.record.own_profile import choose_for_card, items_of, known_of
from carnet.record.patient_room import PatientDesk, PatientRoom

EMERGENCY_CHOICES = (Choice.OPPOSES_BRIS_DE_GLACE, Choice.OPPOSES_CENTRE_15, Choice.MASKED_IN_EMERGENCY)


@dataclass(frozen=True, slots=True)
class CardDesk:
    """The page of the card: the card as it stands, all that could stand on it, what was chosen, the codes that live, the choices by name.

    `shares`: the person who asks may choose, make codes and end them. `printed`: a code for paper can be made here.
    """

    card: Card
    known: Known
    candidates: tuple[CardLine, ...]
    chosen: frozenset[str]
    codes: tuple[CardCode, ...]
    choices: dict[str, bool]
    shares: bool
    printed: bool


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A code that was just made: what it holds is said once, and kept nowhere. `expires_at` in microseconds UTC."""

    token: str = field(repr=False)
    kind: str
    expires_at: int
    card: Card


@dataclass(frozen=True, slots=True)
class OwnCard(PatientDesk):
    """The acts."""

    def desk(self, patient: PatientIdentifier) -> CardDesk:
        """All that the page shows."""
        return self.perform(patient, "show-card", PatientRight.SEE, _desk)

    def card(self, patient: PatientIdentifier) -> Card:
        """The card alone, to be shown or printed. Raises InvalidMetadata while it says too little."""
        return self.perform(patient, "show-card", PatientRight.SEE, _ready)

    def keep(self, patient: PatientIdentifier) -> Card:
        """The card, for a device that keeps it. Raises InvalidMetadata while it says too little."""
        return self.perform(patient, "keep-card", PatientRight.SEE, _ready)

    def choose(self, patient: PatientIdentifier, shown: frozenset[str]) -> bool:
        """Writes what stands on the card, of what could; False when it stood so already."""

        def work(room: PatientRoom) -> bool:
            offered = {one.item_id for one in candidates(items_of(room), known_of(room))} | {NAME, BIRTH}
            return choose_for_card(room, shown & offered)

        return self.perform(patient, "choose-card", PatientRight.CARD, work)

    def make_code(self, patient: PatientIdentifier, kind: str) -> MadeCode:
        """Makes a code by which whoever has it reads the card for a while.

        Raises InvalidMetadata for an unknown kind, while the card says too little, and when as many codes live as may.
        """

        def work(room: PatientRoom) -> MadeCode:
            card = _ready(room)
            if kind not in KINDS or (kind == PRINT and not room.platform.settings.card_print_days):
                raise InvalidMetadata("There is no code of this kind.", subject="kind")
            if len(living_codes(room.connection, room.patient_key, now=room.now)) >= MOST:
                raise InvalidMetadata("As many codes live as may.", subject="codes")
            until = room.now + _lifetime(room, kind)
            by = room.facts.actor.value
            token = make_code(room.connection, room.patient_key, kind, by=by, now=room.now, expires_at=until)
            made = code_of(room.connection, token)
            assert made is not None
            room.touched.append(made.code_id)
            return MadeCode(token, kind, until, card)

        return self.perform(patient, "make-card-code", PatientRight.CARD, work)

    def end_code(self, patient: PatientIdentifier, code_id: str) -> bool:
        """Ends a code; False when it is ended, or of another card."""

        def work(room: PatientRoom) -> bool:
            by = room.facts.actor.value
            return end_code(room.connection, room.patient_key, code_id, by=by, now=room.now)

        return self.perform(patient, "end-card-code", PatientRight.CARD, work, objects=(code_id,))


def card_in(room: PatientRoom) -> Card:
    """The card as it stands."""
    return card_of(items_of(room), known_of(room))


def opaque(gate: Gate, what: str, text: str) -> str:
    """A name, for what a device keeps, from which nobody can tell or guess the text: 32 hexadecimal digits, the same each time."""
    return gate.platform.keyring.blind_index(f"kept card|{what}|{text}".encode()).hex()[:32]


def _lifetime(room: PatientRoom, kind: str) -> int:
    settings = room.platform.settings
    return settings.card_code_minutes * MINUTE if kind == SCREEN else settings.card_print_days * DAY


def _ready(room: PatientRoom) -> Card:
    card = card_in(room)
    if not card.ready:
        raise InvalidMetadata("The card says too little to be of use.", subject="card")
    return card


def _desk(room: PatientRoom) -> CardDesk:
    items, known = items_of(room), known_of(room)
    standing = current_standing(room.connection, room.patient_key, professional="", organization="", now=room.now)
    assert standing is not None
    return CardDesk(
        card=card_of(items, known),
        known=known,
        candidates=candidates(items, known),
        chosen=chosen(items),
        codes=living_codes(room.connection, room.patient_key, now=room.now),
        choices={one.value: bool(getattr(standing, one.value)) for one in EMERGENCY_CHOICES},
        shares=decide(room.facts, PatientRight.CARD).allowed,
        printed=bool(room.platform.settings.card_print_days),
    )
