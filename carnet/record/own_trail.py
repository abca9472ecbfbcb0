"""The trail and the notices of a record as its space shows them: decided by the table of the patient's side, traced, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carnet.audit.actors import ActorType, actor_type
from carnet.audit.sentences import EMERGENCY_MODES, Filter, Language, Reader, Viewer, sentence, shown
from carnet.audit.stored_lines import Line
from carnet.audit.trail import opened, outlines, read_trail_since
from carnet.authorization.patient_side import Actor, PatientRight, decide, sees_line
from carnet.errors import Refused
from carnet.exchange.notices import notices_of_patient
from carnet.metadata import PatientIdentifier
from carnet.record.notice_office import shown as shown_notice
from carnet.record.patient_room import PatientDesk, PatientRoom
from carnet.record.trail_export import export_trail
from carnet.record.trail_view import reader_of

WHO: Mapping[str, frozenset[ActorType]] = {
    # what the page offers, and the kinds of actor of rules §2.7
    "others": frozenset(ActorType) - {ActorType.PATIENT},
    "professionals": frozenset({ActorType.PROFESSIONAL, ActorType.FACILITY}),
    "mine": frozenset({ActorType.PATIENT}),
    "service": frozenset({ActorType.SUPPORT, ActorType.SYSTEM, ActorType.ENROLMENT, ActorType.THIRD_PARTY}),
    "all": frozenset(),
}
READING = frozenset(
    {
        *("iti18", "iti43"),
        *(
            "pro/list-documents",
            "pro/search-documents",
            "pro/show-document",
            "pro/read-document",
            "pro/export-documents",
        ),
    }
)
"""Acts by which somebody learnt what is in the record."""


@dataclass(frozen=True, slots=True)
class ToldLine:
    """One line as it is shown. `who` is '' for whom the record cannot block: nobody known, or no professional.

    `ticket` is the line's place in the whole trace, which is for nobody's eyes: it would tell how much the service is used.
    """

    at: int
    sentence: str
    emergency: bool
    refused: bool
    who: str
    actor: str
    """Who acted and as what, for grouping alone; never shown."""
    ticket: int


@dataclass(frozen=True, slots=True)
class ToldTrail:
    """The lines of one page, newest first, without emergencies, which stand apart, all of them.

    `matching` counts the others; None for who acts for another, whose lines are opened one page at a time, as what was done in secret is only
    known of an open line: `more` says whether older ones follow.
    """

    emergencies: tuple[ToldLine, ...]
    lines: tuple[ToldLine, ...]
    matching: int | None
    more: bool = False
    manages: bool = False
    """Whether the person who asks may let in or block those who acted."""


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """One notice; `at` in microseconds UTC."""

    at: int
    french: str
    english: str


@dataclass(frozen=True, slots=True)
class OwnTrail(PatientDesk):
    """The acts. A representative is shown nothing of secret connections, whichever way they ask."""

    def told(
        self, patient: PatientIdentifier, language: Language, *, who: str = "others", offset: int = 0, limit: int = 30
    ) -> ToldTrail:
        """The lines about `who` (WHO) in sentences."""
        chosen = Filter(actors=WHO[who])

        def work(room: PatientRoom) -> ToldTrail:
            if room.facts.actor is Actor.HOLDER:
                return _page(room, language, chosen, offset, limit)
            return _page_for_another(room, language, chosen, offset, limit)

        return self.perform(patient, "read-trail", PatientRight.TRAIL, work)

    def notices(self, patient: PatientIdentifier) -> tuple[ToldNotice, ...]:
        """What the record has to tell the person, the newest first."""
        return self.perform(patient, "notice-list", PatientRight.TRAIL, told_notices)

    def export(self, patient: PatientIdentifier) -> bytes:
        """The whole trail as a file that proves itself.

        Raises Refused for who acts for another: nothing is left out of it, not what was done in secret (R1111-33 CSP).
        """

        def work(room: PatientRoom) -> bool:
            if room.facts.actor is not Actor.HOLDER:
                raise Refused("The whole trail is for the holder alone.", rules=("whole-trail-for-the-holder",))
            return True

        self.perform(patient, "ask-for-trail", PatientRight.EXPORT, work)
        return export_trail(self.gate, patient, operator=self.operator, by_holder=True)


def told_notices(room: PatientRoom) -> tuple[ToldNotice, ...]:
    """The notices that the person who acts may be told, the newest first."""
    found = notices_of_patient(room.connection, room.patient_key)
    seen = (shown_notice(one) for one in found if sees_line(room.facts, secret=bool(one.secret)))
    return tuple(ToldNotice(one.notice.due_at, one.french, one.english) for one in seen)[::-1]


def looked(room: PatientRoom, since: int) -> tuple[int, int]:
    """How many lines since a moment tell of a professional or structure that read, and how many of an emergency."""
    chosen = Filter(actors=WHO["professionals"], since=since)
    fresh = read_trail_since(room.connection, room.patient_key, room.key, since)
    lines, _reader = visible_lines(room, "fr", chosen, fresh)
    read = [line for line in lines if not line["problem"] and line["outcome"] == "done"]
    emergencies = sum(line["mode"] in EMERGENCY_MODES for line in read)
    return sum(line["action"] in READING for line in read), emergencies


def visible_lines(
    room: PatientRoom, language: Language, chosen: Filter, lines: list[dict[str, Any]]
) -> tuple[list[Mapping[str, Any]], Reader]:
    """Those of some lines that the person who acts may see, and who reads them, for sentences."""
    viewer = Viewer.HOLDER if room.facts.actor is Actor.HOLDER else Viewer.REPRESENTATIVE
    reader = reader_of(room.platform, room.connection, room.identifier, lines, language=language, viewer=viewer)
    return list(shown(lines, reader, chosen)), reader


def _page(room: PatientRoom, language: Language, chosen: Filter, offset: int, limit: int) -> ToldTrail:
    """What the holder sees of one page: nothing is left out for them, so only the lines that are shown are opened."""
    found = [(line, clear) for line, clear in outlines(room.connection, room.patient_key) if chosen.lets(clear)]
    urgent = [line for line, clear in found if not clear["problem"] and clear["mode"] in EMERGENCY_MODES]
    others = [line for line, clear in found if clear["problem"] or clear["mode"] not in EMERGENCY_MODES]
    wanted = [*reversed(urgent), *others[::-1][offset : offset + limit]]
    lines, reader = visible_lines(room, language, chosen, [opened(line, room.key) for line in wanted])
    told = tuple(_told(lines, reader))
    more = offset + limit < len(others)
    return ToldTrail(told[: len(urgent)], told[len(urgent) :], len(others), more, _manages(room))


def _page_for_another(room: PatientRoom, language: Language, chosen: Filter, offset: int, limit: int) -> ToldTrail:
    """The same for who acts for another: lines are opened from the newest on, until the page is full and one more is found."""
    found = [(line, clear) for line, clear in outlines(room.connection, room.patient_key) if chosen.lets(clear)]
    found.reverse()
    urgent = [line for line, clear in found if not clear["problem"] and clear["mode"] in EMERGENCY_MODES]
    others = [line for line, clear in found if clear["problem"] or clear["mode"] not in EMERGENCY_MODES]
    emergencies, reader = visible_lines(room, language, chosen, [opened(line, room.key) for line in urgent])
    told = tuple(_told(emergencies, reader))
    seen = list(_seen(room, reader, chosen, others, offset + limit + 1))
    page, reader = visible_lines(room, language, chosen, seen[offset : offset + limit])
    return ToldTrail(told, tuple(_told(page, reader)), None, len(seen) > offset + limit, _manages(room))


def _seen(
    room: PatientRoom, reader: Reader, chosen: Filter, lines: Sequence[Line], enough: int
) -> Iterator[dict[str, Any]]:
    """The first lines that the person who acts may see, opened one after the other: `enough` of them, or all there are."""
    found = 0
    for line in lines:
        if found == enough:
            return
        clear = opened(line, room.key)
        if any(shown((clear,), reader, chosen)):
            found += 1
            yield clear


def _manages(room: PatientRoom) -> bool:
    return decide(room.facts, PatientRight.PROFESSIONALS).allowed


def _told(lines: Iterable[Mapping[str, Any]], reader: Reader) -> Iterable[ToldLine]:
    for line in lines:
        told = sentence(line, reader)
        if line["problem"]:
            yield ToldLine(line["at"], told, emergency=False, refused=False, who="", actor="", ticket=0)
            continue
        professional = actor_type(line["requester_role"]) is ActorType.PROFESSIONAL and bool(line["requester_id"])
        yield ToldLine(
            line["at"],
            told,
            emergency=line["mode"] in EMERGENCY_MODES,
            refused=line["outcome"] != "done",
            who=line["requester_id"] if professional else "",
            actor=f"{line['requester_role']} {line['requester_id']}",
            ticket=line["ticket"],
        )
