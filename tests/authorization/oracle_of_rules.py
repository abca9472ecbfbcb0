"""The rules as plain tables, written from the law and the published matrices; nothing here comes from the engine.

A situation is drawn, the tables say which reasons refuse it, or else on which grounds it is allowed and who must be told.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import dataclass

from carnet.clock import from_iso
from carnet.metadata import AvailabilityStatus, Code
from carnet.requester import AccessMode, Authentication, CardClass

G15, R01, OTHER = "1.2.250.1.71.1.2.7", "1.2.250.1.71.4.2.5", "1.2.250.1.213.1.1.4.6"
TITLES, BY_ROLE, ACTIVITY = "1.2.250.1.213.1.6.1.109", "1.2.250.1.213.1.6.1.140", "1.2.250.1.213.1.6.1.19"
SOCIAL = "1.2.250.1.213.1.6.1.4"
CARD = (Authentication.DIRECT, CardClass.PROFESSIONAL)
EMPLOYEE = (Authentication.DIRECT, CardClass.EMPLOYEE)
SERVER = (Authentication.INDIRECT, CardClass.ORGANIZATION)
AIR = (Authentication.REINFORCED, CardClass.ORGANIZATION)
ME, MY_STRUCTURE, A_BANK = "899700000011", "1990000001", "3990000999"
NORMAL, GLASS, REGULATION = AccessMode.NORMAL, AccessMode.BRIS_DE_GLACE, AccessMode.CENTRE_15


@dataclass(frozen=True)
class Kind:
    """A kind of caller. `columns`: as a rule, where it is the médecin traitant, where it regulates. `consent`: which consent opens."""

    door: tuple[Authentication, CardClass]
    profession: Code
    specialty: Code | None
    columns: tuple[str, str, str]
    reads_as: str = ""
    switch: str = ""
    identifier: str = ME
    sector: str = "SA07"
    structure: str = MY_STRUCTURE
    consent: str = "usual"
    forbidden: bool = False
    feeds_by: str = "TD2.1"


SM26, DOC, SECRETARY = Code("SM26", R01), Code("10", G15), Code("SECRETARIAT_MEDICAL", OTHER)
PS3, NONE3, DOC3 = ("PS",) * 3, ("",) * 3, ("DOCTOR", "MEDECIN_TRAITANT", "DOCTOR")
WORK3 = ("OCCUPATIONAL",) * 3
WORK = {"reads_as": "10", "switch": "occupational_doctors", "consent": "by name"}
KINDS = {
    "doctor": Kind(CARD, DOC, SM26, DOC3, "10"),
    "nurse": Kind(CARD, Code("60", G15), None, PS3, "60"),
    "dental assistant": Kind(CARD, Code("31", G15), None, PS3),
    "occupational doctor": Kind(CARD, DOC, Code("SM25", R01), WORK3, **WORK),
    "doctor of an occupational service": Kind(CARD, DOC, SM26, WORK3, sector="SA66", **WORK),
    "doctor without a specialty": Kind(CARD, DOC, None, DOC3, "10"),
    "coordinating doctor": Kind(CARD, DOC, SM26, DOC3, "10", sector="SA17", consent="agreement"),
    "nurse of an EHPAD": Kind(CARD, Code("60", G15), None, PS3, "60", sector="SA17"),
    "insurer's doctor": Kind(CARD, DOC, SM26, DOC3, "10", sector="SA23", forbidden=True),
    "fund's doctor": Kind(CARD, DOC, SM26, DOC3, "10", sector="SA24", forbidden=True),
    "bank's doctor": Kind(CARD, DOC, SM26, DOC3, "10", structure=A_BANK, forbidden=True),
    **{
        f"occupational doctor by {code}": Kind(CARD, DOC, Code(code, R01), WORK3, **WORK)
        for code in ("SCH35", "C41", "CAPA11", "FON-29")
    },
    **{
        f"social profession, {code}": Kind(
            CARD, Code("41", SOCIAL), Code(code, ACTIVITY), PS3, code, "professions_by_role"
        )
        for code in ("GENR09", "GENR10", "GENR11", "GENR12")
    },
    "title with an activity": Kind(
        CARD, Code("71", TITLES), Code("GENR08", ACTIVITY), PS3, "GENR08", "professions_by_role"
    ),
    "secretary with an activity": Kind(
        EMPLOYEE, Code("SECRETARIAT_MEDICAL", OTHER), Code("GENR08", ACTIVITY), ("CPE",) * 3, feeds_by="TD2.2"
    ),
    "psychologist": Kind(CARD, Code("93", TITLES), None, PS3, "93", "professions_by_role"),
    "title outside the matrix": Kind(CARD, Code("71", TITLES), None, PS3, "", "professions_by_role"),
    "coordinator": Kind(CARD, Code("99", BY_ROLE), Code("GENR08", ACTIVITY), PS3, "GENR08", "professions_by_role"),
    "coordinator under another code system": Kind(
        CARD, Code("99", BY_ROLE), Code("GENR08", R01), PS3, "", "professions_by_role"
    ),
    "by role with another activity": Kind(
        CARD, Code("99", BY_ROLE), Code("SM26", ACTIVITY), PS3, "", "professions_by_role"
    ),
    "student": Kind(CARD, Code("10", "1.2.250.1.71.1.2.8"), SM26, NONE3),
    "secretary": Kind(EMPLOYEE, SECRETARY, None, ("CPE",) * 3, feeds_by="TD2.2"),
    "secretary with a professional's card": Kind(CARD, SECRETARY, None, ("CPE",) * 3, feeds_by="TD2.2"),
    "doctor with an employee's card": Kind(EMPLOYEE, DOC, SM26, ("CPE",) * 3, "10", feeds_by="TD2.2"),
    "hospital's automaton": Kind(SERVER, Code("AUTOMATE", OTHER), None, ("ES",) * 3, identifier=f"{MY_STRUCTURE}/1"),
    "hospital's doctor": Kind(SERVER, DOC, SM26, ("ES",) * 3, "10"),
    "insurer": Kind(SERVER, Code("ALIM_AM", OTHER), None, NONE3),
    "reinforced doctor": Kind(AIR, DOC, SM26, DOC3, "10"),
    "reinforced nurse": Kind(AIR, Code("60", G15), None, PS3, "60"),
    "reinforced secretary": Kind(AIR, Code("SECRETARIAT_MEDICAL", OTHER), None, ("PE",) * 3),
    "reinforced occupational doctor": Kind(AIR, DOC, Code("SM25", R01), WORK3, **WORK),
    "reinforced employee": Kind(AIR, DOC, SM26, ("PE",) * 3, "10", identifier=f"{MY_STRUCTURE}/7"),
    "reinforced automaton": Kind(AIR, Code("AUTOMATE", OTHER), None, NONE3),
    "doctor without an identifier": Kind(CARD, DOC, SM26, DOC3, "10", identifier=""),
    "card that says it is reinforced": Kind(
        (Authentication.REINFORCED, CardClass.PROFESSIONAL), DOC, SM26, NONE3, "10"
    ),
}
BY_STRUCTURE = {"CPE", "ES", "PE"}

# Whose: author persons, author institutions, depositor, depositor's structure; then whether it is mine, whether it is my structure's.
THEM, THEIRS = "899700000099", "1990000009"
WHOSE = {
    "written by me": (({ME, THEM}, {THEIRS}, THEM, THEIRS), True, False),
    "deposited by me": (({THEM}, {THEIRS}, ME, THEIRS), True, False),
    "written in my structure": (({THEM}, {MY_STRUCTURE, THEIRS}, THEM, THEIRS), False, True),
    "deposited by my structure": (({THEM}, set(), THEM, MY_STRUCTURE), False, True),
    "written by me in my structure": (({ME}, {MY_STRUCTURE}, ME, MY_STRUCTURE), True, True),
    "of others": (({THEM, ME + "9"}, {THEIRS, MY_STRUCTURE + "9"}, THEM, THEIRS), False, False),
    "of nobody": ((set(), set(), "", ""), False, False),
}

# Moment → version in force; then who reads what under each version (conftest makes these two matrices).
MOMENTS = {
    from_iso("2023-06-01T00:00:00Z"): "",
    from_iso("2025-06-01T00:00:00Z"): "first",
    from_iso("2026-06-01T00:00:00Z"): "second",
}
READS = {
    ("first", "10"): {"REPORT", "LETTER", "PLAN"},
    ("first", "60"): {"REPORT", "PLAN"},
    ("first", "93"): {"PLAN"},
    ("second", "10"): {"REPORT", "PLAN"},
    ("second", "60"): {"PLAN", "LETTER"},
    **{("second", role): {"PLAN"} for role in ("GENR08", "GENR09", "GENR10", "GENR11", "GENR12")},
}

# What each act needs: E an open record that does not block, F nobody opposed to its feeding, C content (oppositions bear, access is told),
# L a legal ground always, l one unless the document is the caller's own, D done on documents.
NEEDS = {
    "TD0.2": "",
    "TD1.3a": "E",
    "TD0.3 add": "E",
    "TD0.3 remove": "E",
    "TD0.3 stop médecin traitant": "E",
    "TD0.4": "",
    "TD0.5": "",
    "TD0.9": "EC",
    "TD1.6": "ECL",
    "TD2.1": "EF",
    "TD2.1b": "EFD",
    "TD2.2": "EF",
    "TD3.1 metadata": "ECLD",
    "TD3.1 reference": "EClD",
    "TD3.2": "ECLD",
    "TD3.2 masked": "ECLD",
    "TD3.3a mask": "EClD",
    "TD3.3a unmask": "EClD",
    "TD3.3b": "EClD",
    "TD3.3d": "EClD",
    "TD3.3c": "EClD",
}
LOOKS = {"TD3.1 metadata", "TD3.1 reference", "TD3.2", "TD3.2 masked"}
STARRED = {"TD3.3c", "TD3.3d"}
STATES = dict.fromkeys(("open", "activated"), True) | dict.fromkeys(
    ("informed", "opposed", "suspended", "closed", "destroyed", ""), False
)

# The masks of a document; hidden from professionals: by these codes, and where everything is masked by default.
MASKS = {
    "": (False, True),
    "MASQUE_PS": (True, True),
    "MASQUE_PS INVISIBLE_PATIENT": (True, True),
    "MASQUE_PSOCIAL": (True, True),
    "MASQUE_PT": (True, True),
    "INVISIBLE_PATIENT": (False, True),
    "INVISIBLE_REPRESENTANTS_LEGAUX": (False, True),
    "DEMASQUE_NOMMEMENT": (False, False),
    "DEMASQUE_NOMMEMENT INVISIBLE_REPRESENTANTS_LEGAUX": (False, False),
    "DEMASQUE_NOMMEMENT MASQUE_PS": (True, True),
    "DEMASQUE_NOMMEMENT INVISIBLE_PATIENT INVISIBLE_REPRESENTANTS_LEGAUX": (False, False),
}

# The consent that a kind of caller needs, and on which grounds it then reads; the médecin traitant needs none.
# authorised by name, authorised (person or structure), of the care team → ground
CONSENT = {
    "usual": {"named": "authorisation", "authorised": "authorisation", "team": "care-team", "": ""},
    "agreement": {"named": "authorisation", "authorised": "authorisation", "team": "", "": ""},
    "by name": {"named": "express-consent", "authorised": "", "team": "", "": ""},
}
TOLD = {
    NORMAL: (),
    REGULATION: ("tell-medecin-traitant", "tell-patient"),
    GLASS: ("emergency-review", "tell-medecin-traitant", "tell-patient"),
}
MODE_GROUND = {NORMAL: "", GLASS: "bris-de-glace", REGULATION: "centre-15"}
SWITCHES = ("occupational_doctors", "professions_by_role", "medecin_traitant_can_be_blocked", "deleted_hidden")


@dataclass(frozen=True)
class Record:
    """What stands between the record and the caller."""

    state: str
    blocked: bool
    consent: str
    """`named`, `authorised`, `team`, or '' (then `expired` may be)."""
    expired: bool
    medecin_traitant: bool
    administrator: bool
    opposes_bris_de_glace: bool
    opposes_centre_15: bool
    masked_in_emergency: bool
    feeding_opposed: bool
    masks_everything: bool
    regulation_centre: bool


@dataclass(frozen=True)
class Question:
    """One drawn situation; `kind`, `whose` and `masks` are names in the tables above."""

    kind: str
    function: str
    mode: AccessMode
    record: Record
    at: int
    switches: frozenset[str]
    whose: str
    masks: str
    type_code: str
    status: AvailabilityStatus
    is_signature: bool
    patient_authored: bool


@dataclass(frozen=True)
class Answer:
    """What refuses, or else the grounds; who must be told; under which version of the matrix."""

    refusing: frozenset[str]
    grounds: tuple[str, ...]
    told: tuple[str, ...]
    version: str


class Oracle:
    """Reads the tables, counting the rows that it reads. `cells` are the published matrices (conftest)."""

    def __init__(self, cells) -> None:
        self.cells = cells
        self.hits: Counter[tuple] = Counter()

    def answer(self, q: Question, *, with_document: bool) -> Answer:
        kind, needs, version = KINDS[q.kind], NEEDS[q.function], MOMENTS[q.at]
        column = self.column(q)
        own = (
            with_document
            and WHOSE[q.whose][2 if column in BY_STRUCTURE else 1]
            and (kind.identifier or column in BY_STRUCTURE)
        )
        ground = self.ground(q, column)
        reasons = {
            **self.before(q, kind, column, needs),
            "no-authorisation": q.mode is NORMAL
            and not ground
            and ("L" in needs or ("l" in needs and with_document and not own)),
            "matrix": self.outside_matrix(q, kind, needs, version, on_one_of_others=with_document and not own),
        }
        if with_document:
            reasons |= self.on_document(q, column, needs, own=own)
        self.note(q, column, needs, version)
        refusing = frozenset(name for name, refuses in reasons.items() if refuses)
        if refusing:
            return Answer(refusing, (), (), version)
        by_mode = MODE_GROUND[q.mode] if "C" in needs else ""
        legal = by_mode or (ground if "L" in needs.upper() else "")
        grounds = ("functional-right", *filter(None, [legal]), *(["author"] if own else []))
        return Answer(refusing, grounds, TOLD[q.mode] if "C" in needs else (), version)

    def own(self, q: Question) -> bool:
        """Whether the document is the caller's by its usual quality; a caller without a column has nothing of its own."""
        kind = KINDS[q.kind]
        column = "" if kind.switch and kind.switch not in q.switches else kind.columns[0]
        mine = WHOSE[q.whose][2 if column in BY_STRUCTURE else 1]
        return bool(column) and mine and bool(kind.identifier or column in BY_STRUCTURE)

    def column(self, q: Question) -> str:
        kind = KINDS[q.kind]
        usual, attending, regulating = kind.columns
        if kind.switch and kind.switch not in q.switches:
            return ""
        if q.mode is REGULATION:
            return regulating
        return attending if q.record.medecin_traitant else usual

    def cell(self, q: Question, function: str, column: str) -> str:
        matrix = "606" if KINDS[q.kind].door[0] is Authentication.REINFORCED else "526"
        self.hits["cell", matrix, function, column, q.mode] += 1
        return self.cells.get((matrix, function, column, q.mode), "n")

    def ground(self, q: Question, column: str) -> str:
        if column == "MEDECIN_TRAITANT":
            return "medecin-traitant"
        consent = KINDS[q.kind].consent if column in {"OCCUPATIONAL", "DOCTOR"} else "usual"
        self.hits["consent", consent, q.record.consent] += 1
        return CONSENT[consent][q.record.consent]

    def before(self, q: Question, kind: Kind, column: str, needs: str) -> dict[str, bool]:
        record = q.record
        spared = record.medecin_traitant and column in {"DOCTOR", "MEDECIN_TRAITANT"}
        spared = spared and "medecin_traitant_can_be_blocked" not in q.switches
        return {
            "forbidden-actor": kind.forbidden,
            "record-not-open": "E" in needs and not STATES[record.state],
            "blocked-by-patient": "E" in needs and record.blocked and not spared,
            "feeding-opposed": "F" in needs and record.feeding_opposed,
            "functional-right": self.cell(q, q.function, column) == "n",
            "centre-15-reserved": q.mode is REGULATION and not record.regulation_centre,
            "opposition-bris-de-glace": "C" in needs and q.mode is GLASS and record.opposes_bris_de_glace,
            "opposition-centre-15": "C" in needs and q.mode is REGULATION and record.opposes_centre_15,
        }

    def outside_matrix(self, q: Question, kind: Kind, needs: str, version: str, *, on_one_of_others: bool) -> bool:
        if "L" not in needs.upper():
            return False
        if not on_one_of_others:
            return version == "" and "L" in needs
        self.hits["reads", version, kind.reads_as] += 1
        return q.type_code not in READS.get((version, kind.reads_as), ())

    def on_document(self, q: Question, column: str, needs: str, *, own: bool) -> dict[str, bool]:
        starred = q.patient_authored and q.function in STARRED
        deleted = q.status is AvailabilityStatus.DELETED
        consults = self.cell(q, "TD3.2", column) != "n"
        shown = q.function in LOOKS and consults and "deleted_hidden" not in q.switches
        hidden = MASKS[q.masks][q.record.masks_everything]
        self.hits["masks", q.masks, q.record.masks_everything] += 1
        lifted = {
            "y": True,
            "6": q.record.administrator,
            "7": q.record.masked_in_emergency,
            "n": False,
        }[self.cell(q, "TD3.2 masked", column)]
        only_own = self.cell(q, q.function, column) in {"5", "8", "9"} or q.function == "TD2.1b"
        return {
            "masque-ps": hidden and not own and not lifted,
            "signature-entry": q.is_signature,
            "deleted": deleted and not shown,
            "author-only": only_own and not own and not starred,
            "patient-document": starred and column != "MEDECIN_TRAITANT",
            "not-on-documents": "D" not in needs,
        }

    def note(self, q: Question, column: str, needs: str, version: str) -> None:
        for name, value in (("kind", q.kind), ("needs", q.function), ("whose", q.whose), ("state", q.record.state)):
            self.hits[name, value] += 1
        self.hits["moment", version] += 1
        self.hits["told", q.mode] += 1


def questions(count: int, seed: int) -> list[Question]:
    """Situations in which most things are in order; every kind of caller, act and mode comes round, médecin traitant or not."""
    chance = random.Random(seed)
    modes = (NORMAL, GLASS, REGULATION)
    rounds = itertools.cycle(itertools.product(sorted(KINDS), sorted(NEEDS), modes, (False, True)))
    return [_draw(chance, *next(rounds)) for _ in range(count)]


def _draw(chance: random.Random, kind: str, function: str, mode: AccessMode, attending: bool) -> Question:
    def rarely(usual, others, odds=6):
        return chance.choice(others) if chance.randrange(odds) == 0 else usual

    yes, no = True, False
    return Question(
        kind=kind,
        function=function,
        mode=mode,
        record=Record(
            state=rarely("activated", sorted(STATES)),
            blocked=rarely(no, [yes]),
            consent=chance.choice(["named", "authorised", "team", ""]),
            expired=chance.random() < 0.5,
            medecin_traitant=attending,
            administrator=chance.random() < 0.3,
            opposes_bris_de_glace=rarely(no, [yes]),
            opposes_centre_15=rarely(no, [yes]),
            masked_in_emergency=chance.random() < 0.5,
            feeding_opposed=rarely(no, [yes]),
            masks_everything=rarely(no, [yes], 4),
            regulation_centre=rarely(yes, [no]),
        ),
        at=rarely(chance.choice(sorted(MOMENTS)[1:]), sorted(MOMENTS)[:1]),
        switches=frozenset(name for name in SWITCHES if chance.random() < 0.5),
        whose=chance.choice(sorted(WHOSE)),
        masks=rarely("", sorted(MASKS), 2),
        type_code=chance.choice(["REPORT", "LETTER", "PLAN", "PLAN", "NOVEL"]),
        status=rarely(AvailabilityStatus.APPROVED, list(AvailabilityStatus), 3),
        is_signature=rarely(no, [yes], 10),
        patient_authored=rarely(no, [yes]),
    )
