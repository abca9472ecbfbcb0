"""The trail as its patient reads it: a sentence a line, French first and English. Pure: lines in, sentences out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from carnet.audit.act_words import Words, words_of
from carnet.audit.actors import HOLDERS, ActorType, actor_type, role_words
from carnet.clock import to_datetime
from carnet.errors import ConfigurationError

Language = Literal["fr", "en"]
EMERGENCY_MODES = frozenset({"bris_de_glace", "centre_15"})

_MONTHS = (
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
)
_DAYS = (
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
)
_MODES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "normal": ("en accès normal", "in normal access"),
        "bris_de_glace": ("en urgence (bris de glace)", "in an emergency (break-glass)"),
        "centre_15": ("en urgence (centre 15)", "in an emergency (emergency call centre)"),
    }
)
_ENDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "refused": ("cela lui a été refusé", "this was refused"),
        "failed": ("cela n'a pas abouti", "this did not succeed"),
    }
)
_RECORD = {True: ("votre dossier", "your record"), False: ("ce dossier", "this record")}
_UNREADABLE = (
    "La ligne {seq} de l'historique ne peut pas être affichée : elle ne correspond pas à sa preuve.",
    "Line {seq} of the trail cannot be shown: it does not agree with its proof.",
)


class Viewer(StrEnum):
    """Who reads: the person themselves, a legal representative, to whom secret connections are not shown (rules §1.3), or a professional (TD0.9)."""

    HOLDER = "holder"
    REPRESENTATIVE = "representative"
    PROFESSIONAL = "professional"


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show. Empty: everything. `since` (included) and `until` (excluded) in microseconds UTC; `document` a uniqueId."""

    actors: frozenset[ActorType] = frozenset()
    since: int | None = None
    until: int | None = None
    document: str = ""
    emergencies: bool = False

    def lets(self, line: Mapping[str, Any]) -> bool:
        """Whether a line passes. One that does not hold always does: it must not be possible to hide it."""
        if line["problem"]:
            return True
        return (
            (not self.actors or actor_type(line["requester_role"]) in self.actors)
            and (self.since is None or line["at"] >= self.since)
            and (self.until is None or line["at"] < self.until)
            and (not self.document or self.document in line["objects"])
            and (not self.emergencies or line["mode"] in EMERGENCY_MODES)
        )


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, in which language, and what may not be told.

    `hidden` are uniqueIds of documents that this viewer may not know of: they are left out, and so is a line about nothing but documents of
    `withheld`. `names` are those of structures and professionals, by identifier.
    """

    viewer: Viewer = Viewer.HOLDER
    language: Language = "fr"
    hidden: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def column(self) -> int:
        """Which of two words."""
        return int(self.language == "en")


def shown(lines: Iterable[Mapping[str, Any]], reader: Reader, chosen: Filter) -> Iterator[Mapping[str, Any]]:
    """The lines (as `read_trail` gives them) that this viewer sees and asked for, without the identifiers that they may not know.

    To a representative lines are numbered anew: a number that is left out would tell of what was done in secret.
    """
    place = 0
    for line in lines:
        if not line["problem"] and _kept_secret(line, reader):
            continue
        told = {**line, "objects": tuple(one for one in line.get("objects", ()) if one not in reader.hidden)}
        if chosen.lets(told):
            place += 1
            yield told | {"seq": place} if reader.viewer is Viewer.REPRESENTATIVE else told


def _kept_secret(line: Mapping[str, Any], reader: Reader) -> bool:
    """A secret connection, for representatives, or a line about nothing but documents whose every use is withheld."""
    if reader.viewer is Viewer.REPRESENTATIVE and line["secret"]:
        return True
    return bool(line["objects"]) and reader.withheld.issuperset(line["objects"])


def sentence(line: Mapping[str, Any], reader: Reader) -> str:
    """One line of the trail as a sentence: when, who, from which structure, what, in which mode, and how it ended."""
    if line["problem"]:
        return _UNREADABLE[reader.column].format(seq=line["seq"])
    words = words_of(line["action"]) or _unknown(line["action"])
    act = _done(line, words, reader) if line["outcome"] == "done" else _tried(line, words, reader)
    mode = _MODES.get(line["mode"], (line["mode"], line["mode"]))[reader.column]
    parts = [act, mode, *_secret(line, reader), *_reason(line, reader)]
    told = ", ".join(part for part in parts if part)
    if line["outcome"] != "done":
        told += (" ; ", "; ")[reader.column] + _ends(line, reader)
    return f"{written_moment(line['at'], reader.language)}, {told}.{_about(line, words, reader)}"


def written_moment(at: int, language: Language) -> str:
    """A moment in Paris with the date written out: `Le dimanche 22 novembre 2026 à 11 h 15`, `On Sunday 22 November 2026 at 11:15`.

    In the hour that comes twice in October, the offset is said. Raises ConfigurationError on a machine without time zones.
    """
    moment = to_datetime(at).astimezone(paris())
    column = int(language == "en")
    day, month = _DAYS[column][moment.weekday()], _MONTHS[column][moment.month - 1]
    if language == "en":
        return f"On {day} {moment.day} {month} {moment.year} at {moment:%H:%M}{_offset(moment)}"
    number = "1er" if moment.day == 1 else moment.day
    return f"Le {day} {number} {month} {moment.year} à {moment.hour} h {moment:%M}{_offset(moment)}"


@cache
def paris() -> ZoneInfo:
    """The time of Paris. Raises ConfigurationError on a machine without the database of time zones."""
    try:
        return ZoneInfo("Europe/Paris")
    except ZoneInfoNotFoundError as error:
        raise ConfigurationError("This machine has no database of time zones: install its package tzdata.") from error


def _offset(moment: dt.datetime) -> str:
    twice = moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
    return f" (UTC+{int((moment.utcoffset() or dt.timedelta()).total_seconds()) // 3600})" if twice else ""


def _unknown(action: str) -> Words:
    """An act that has no words yet still has its sentence."""
    return Words(
        f"effectué l'opération « {action} » sur {{record}}",
        f"effectuer l'opération « {action} » sur {{record}}",
        f"carried out the operation “{action}” on {{record}}",
        f"carry out the operation “{action}” on {{record}}",
    )


def _done(line: Mapping[str, Any], words: Words, reader: Reader) -> str:
    who, you = _who(line, reader)
    act = _filled(words[2 * reader.column], reader)
    return f"{who} {act}" if reader.language == "en" else f"{who} {'avez' if you else 'a'} {act}"


def _tried(line: Mapping[str, Any], words: Words, reader: Reader) -> str:
    who, you = _who(line, reader)
    act = _filled(words[2 * reader.column + 1], reader)
    return f"{who} tried to {act}" if reader.language == "en" else f"{who} {'avez' if you else 'a'} voulu {act}"


def _filled(text: str, reader: Reader) -> str:
    return text.replace("{record}", _RECORD[reader.viewer is Viewer.HOLDER][reader.column])


def _ends(line: Mapping[str, Any], reader: Reader) -> str:
    end = _ENDS[line["outcome"]][reader.column]
    return end.replace("lui", "vous") if _who(line, reader)[1] else end


def _who(line: Mapping[str, Any], reader: Reader) -> tuple[str, bool]:
    """The actor, and whether that is the reader."""
    role = line["requester_role"]
    if role in HOLDERS:
        if reader.viewer is Viewer.HOLDER:
            return ("vous", "you")[reader.column], True
        return ("le titulaire du dossier", "the holder of the record")[reader.column], False
    what, name = role_words(role, reader.language), _name(line, reader)
    structure = reader.names.get(line["organization_id"], "") or line["organization_name"] or line["organization_id"]
    who = (
        f"{name} ({what})"
        if name and what
        else name or what or ("un appelant non identifié", "an unidentified caller")[reader.column]
    )
    return (f"{who}, {structure}," if structure and structure != name else who), False


def _name(line: Mapping[str, Any], reader: Reader) -> str:
    """The name of a professional or a structure. Those who act for the patient, and the service, are told by what they are."""
    if actor_type(line["requester_role"]) in {ActorType.PROFESSIONAL, ActorType.FACILITY, ActorType.THIRD_PARTY}:
        return str(line["requester_name"] or reader.names.get(line["requester_id"], "") or line["requester_id"])
    return ""


def _secret(line: Mapping[str, Any], reader: Reader) -> Iterator[str]:
    if line["secret"]:
        yield ("pendant une connexion secrète", "during a secret connection")[reader.column]


def _reason(line: Mapping[str, Any], reader: Reader) -> Iterator[str]:
    if line["reason"]:
        yield (f"motif indiqué : « {line['reason']} »", f"stated reason: “{line['reason']}”")[reader.column]


def _about(line: Mapping[str, Any], words: Words, reader: Reader) -> str:
    """How many documents, or which professional or structure, the act was about."""
    objects = line["objects"]
    if not objects or not words.about:
        return ""
    if words.about == "documents":
        return (" Documents concernés : ", " Documents concerned: ")[reader.column] + f"{len(objects)}."
    named = ", ".join(reader.names.get(one, one) for one in objects)
    return (" Professionnel ou structure : ", " Professional or structure: ")[reader.column] + f"{named}."
