"""The rules of the patient's side as plain tables, written from the law; nothing here comes from carnet.authorization."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, replace

from carnet.metadata import AvailabilityStatus

ACTORS = ("holder", "first_representative", "second_representative", "protection", "carer", "minor")
FOR_ANOTHER = set(ACTORS) - {"holder", "minor"}

# right | holder, 1st and 2nd representative, protection, carer, minor | on documents | states beside open and activated
# y yes, n no, o what the patient's side added, s yes without the lines of secret connections
TABLE = """
see                             | y y y y y n | D |
add                             | y y y y y n |   |
replace                         | o o o o o n | D |
mask                            | y y y y y n | D |
unmask                          | y y y y y n | D |
delete                          | o o o o o n | D |
manage professionals            | y y y y n n |   |
choices                         | y y y y n n |   |
trail                           | y s s s s n |   | suspended closed
export                          | y y y y n n |   | suspended closed
close                           | y y y y n n |   | suspended
object                          | y y y y n n |   | only informed
manage carers                   | y y y y n n |   |
invite the second representative | n y n n n n |   |
change contact data             | y y y y n n |   |
write the health profile        | y y y y y n |   |
share the emergency card        | y y y y n n |   |
keep an act secret              | n n n n n y |   |
accept the terms for the holder | n y y y n n |   | only informed opposed open closed
"""
# masks of a document: hidden from the holder, hidden from those who act for the holder
HIDES = {
    "": (False, False),
    "MASQUE_PS": (False, False),
    "MASQUE_PSOCIAL": (False, False),
    "DEMASQUE_NOMMEMENT": (False, False),
    "INVISIBLE_PATIENT": (True, True),
    "MASQUE_PS INVISIBLE_PATIENT": (True, True),
    "INVISIBLE_REPRESENTANTS_LEGAUX": (False, True),
    "MASQUE_PS INVISIBLE_REPRESENTANTS_LEGAUX": (False, True),
    "MASQUE_PS MASQUE_PSOCIAL DEMASQUE_NOMMEMENT INVISIBLE_PATIENT": (True, True),
    "MASQUE_PT": (False, True),
    "SOMETHING_NEW": (False, True),
}
STATES = ("open", "activated", "informed", "opposed", "suspended", "closed", "destroyed", "")


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    cells: dict[str, str]
    on_documents: bool
    states: frozenset[str]


def _rows() -> dict[str, Row]:
    rows = {}
    for line in TABLE.strip().splitlines():
        name, cells, documents, states = (part.strip() for part in line.split("|"))
        usual = set() if states.startswith("only") else {"open", "activated"}
        allowed = frozenset(usual | set(states.removeprefix("only").split()))
        rows[name] = Row(dict(zip(ACTORS, cells.split(), strict=True)), documents == "D", allowed)
    return rows


ROWS = _rows()


@dataclass(frozen=True)
class PatientQuestion:
    """One drawn situation."""

    actor: str
    right: str
    state: str
    in_force: bool
    masks: str
    added_by_patient: bool
    is_signature: bool
    deleted: bool


def refusing(q: PatientQuestion, *, with_document: bool) -> frozenset[str]:
    """The reasons that refuse, by name; none allows."""
    row, acting = ROWS[q.right], q.actor in FOR_ANOTHER
    cell = row.cells[q.actor]
    from_holder, from_others = HIDES[q.masks]
    reasons = {
        "record-not-open": q.state not in row.states,
        "not-acting-for-the-holder": acting and not q.in_force,
        "patient-right": cell == "n",
    }
    if with_document:
        reasons |= {
            "invisible-to-patient": from_holder,
            "invisible-to-representatives": q.actor != "holder" and from_others and not _waits_alone(q.masks),
            "no-document-of-care": q.is_signature or q.deleted,
            "not-added-by-the-patient-side": cell == "o" and not q.added_by_patient,
            "not-on-documents": not row.on_documents,
        }
    return frozenset(name for name, refuses in reasons.items() if refuses)


def _waits_alone(masks: str) -> bool:
    """Whether a document is hidden because it waits to be announced, which has a name of its own."""
    return "INVISIBLE_PATIENT" in masks.split()


def sees_line(q: PatientQuestion, *, secret: bool) -> bool:
    """Whether the actor is shown a line of the trail."""
    trail = replace(q, right="trail")
    return not refusing(trail, with_document=False) and (not secret or ROWS["trail"].cells[q.actor] == "y")


def patient_questions(count: int, seed: int) -> list[PatientQuestion]:
    """Situations in which most things are in order; every actor meets every right again and again."""
    chance = random.Random(seed)
    rounds = itertools.cycle(itertools.product(ACTORS, ROWS))
    return [_draw(chance, *next(rounds)) for _ in range(count)]


def _draw(chance: random.Random, actor: str, right: str) -> PatientQuestion:
    def rarely(usual, others):
        return chance.choice(others) if chance.randrange(4) == 0 else usual

    yes, no = True, False
    return PatientQuestion(
        actor=actor,
        right=right,
        state=rarely("activated", STATES),
        in_force=rarely(yes, [no]),
        masks=rarely("", sorted(HIDES)),
        added_by_patient=chance.random() < 0.6,
        is_signature=chance.randrange(10) == 0,
        deleted=chance.randrange(10) == 0,
    )


STATUS = {True: AvailabilityStatus.DELETED, False: AvailabilityStatus.APPROVED}
