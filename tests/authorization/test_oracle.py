"""The engine against an oracle written from the standard as plain tables, which shares nothing with rules and engine.

The oracle says for each caller its column, for each document whose it is, for each act what it needs; then it reads the published cell.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carnet.authorization.engine import Engine
from carnet.authorization.facts import DocumentFacts, Function, RecordFacts
from carnet.authorization.rules import RULES
from carnet.clock import from_iso
from carnet.metadata import AvailabilityStatus, Code
from carnet.requester import AccessMode, Authentication, CardClass

G15, R01, OTHER = "1.2.250.1.71.1.2.7", "1.2.250.1.71.4.2.5", "1.2.250.1.213.1.1.4.6"
TITLES, BY_ROLE, ACTIVITY = "1.2.250.1.213.1.6.1.109", "1.2.250.1.213.1.6.1.140", "1.2.250.1.213.1.6.1.19"
CARD = (Authentication.DIRECT, CardClass.PROFESSIONAL)
EMPLOYEE = (Authentication.DIRECT, CardClass.EMPLOYEE)
SERVER = (Authentication.INDIRECT, CardClass.ORGANIZATION)
AIR = (Authentication.REINFORCED, CardClass.ORGANIZATION)
ME, MY_STRUCTURE = "899700000011", "1990000001"


@dataclass(frozen=True)
class Kind:
    """A kind of caller and the column that the oracle gives it: as a rule, where it is the médecin traitant, where it regulates."""

    door: tuple[Authentication, CardClass]
    profession: Code
    specialty: Code | None
    columns: tuple[str, str, str]
    reads_as: str = ""
    switch: str = ""
    identifier: str = ME


SM26 = Code("SM26", R01)
PS3, NONE3 = ("PS", "PS", "PS"), ("", "", "")
KINDS = {
    "doctor": Kind(CARD, Code("10", G15), SM26, ("DOCTOR", "MEDECIN_TRAITANT", "DOCTOR"), "10"),
    "nurse": Kind(CARD, Code("60", G15), None, PS3, "60"),
    "dental assistant": Kind(CARD, Code("31", G15), None, PS3),
    "occupational doctor": Kind(
        CARD, Code("10", G15), Code("SM25", R01), ("OCCUPATIONAL",) * 3, "10", "occupational_doctors"
    ),
    "psychologist": Kind(CARD, Code("93", TITLES), None, PS3, "93", "professions_by_role"),
    "coordinator": Kind(CARD, Code("99", BY_ROLE), Code("GENR08", ACTIVITY), PS3, "GENR08", "professions_by_role"),
    "student": Kind(CARD, Code("10", "1.2.250.1.71.1.2.8"), SM26, NONE3),
    "secretary": Kind(EMPLOYEE, Code("SECRETARIAT_MEDICAL", OTHER), None, ("CPE",) * 3),
    "secretary with a professional's card": Kind(CARD, Code("SECRETARIAT_MEDICAL", OTHER), None, ("CPE",) * 3),
    "doctor with an employee's card": Kind(EMPLOYEE, Code("10", G15), SM26, ("CPE",) * 3, "10"),
    "hospital's automaton": Kind(SERVER, Code("AUTOMATE", OTHER), None, ("ES",) * 3, identifier=f"{MY_STRUCTURE}/1"),
    "hospital's doctor": Kind(SERVER, Code("10", G15), SM26, ("ES",) * 3, "10"),
    "insurer": Kind(SERVER, Code("ALIM_AM", OTHER), None, NONE3),
    "reinforced doctor": Kind(AIR, Code("10", G15), SM26, ("DOCTOR", "MEDECIN_TRAITANT", "DOCTOR"), "10"),
    "reinforced nurse": Kind(AIR, Code("60", G15), None, PS3, "60"),
    "reinforced occupational doctor": Kind(
        AIR, Code("10", G15), Code("SM25", R01), ("OCCUPATIONAL",) * 3, "10", "occupational_doctors"
    ),
    "reinforced employee": Kind(AIR, Code("10", G15), SM26, ("PE",) * 3, "10", identifier=f"{MY_STRUCTURE}/7"),
    "reinforced automaton": Kind(AIR, Code("AUTOMATE", OTHER), None, NONE3),
}
BY_STRUCTURE = {"CPE", "ES", "PE"}

# Whose: author persons, author institutions, depositor, depositor's structure; then whether it is mine, whether it is my structure's.
WHOSE = {
    "written by me": (({ME, "899700000099"}, {"1990000009"}, "899700000099", "1990000009"), True, False),
    "deposited by me": (({"899700000099"}, {"1990000009"}, ME, "1990000009"), True, False),
    "written in my structure": (({"899700000099"}, {MY_STRUCTURE}, "899700000099", "1990000009"), False, True),
    "deposited by my structure": (({"899700000099"}, set(), "899700000099", MY_STRUCTURE), False, True),
    "written by me in my structure": (({ME}, {MY_STRUCTURE}, ME, MY_STRUCTURE), True, True),
    "of others": (({"899700000099", ME + "9"}, {"1990000009"}, "899700000099", "1990000009"), False, False),
    "of nobody": ((set(), set(), "", ""), False, False),
}

# Moment → version in force; then who reads what under each version.
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
    ("second", "GENR08"): {"PLAN"},
}

# What each act needs: E an open record that does not block, C content (oppositions bear), L a legal ground always, l one unless the
# document is the caller's own, D done on documents.
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
    "TD2.1": "E",
    "TD2.1b": "ED",
    "TD2.2": "E",
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
HIDES_FROM_PROFESSIONALS = {
    "MASQUE_PS": True,
    "MASQUE_PSOCIAL": True,
    "INVISIBLE_PATIENT": False,
    "INVISIBLE_REPRESENTANTS_LEGAUX": False,
}
STATES = {
    "open": True,
    "activated": True,
    "informed": False,
    "opposed": False,
    "suspended": False,
    "closed": False,
    "": False,
}


@dataclass(frozen=True)
class Question:
    """One drawn situation; `whose` and `kind` are names in the tables above."""

    kind: str
    mode: AccessMode
    record: RecordFacts
    at: int
    switches: frozenset[str]
    whose: str
    document: DocumentFacts


def oracle(question: Question, function: str, cells, *, with_document: bool) -> bool:
    kind, record, document = KINDS[question.kind], question.record, question.document
    switched_off = kind.switch and kind.switch not in question.switches
    column = "" if switched_off else _column(kind, question)
    matrix = "606" if kind.door is AIR else "526"
    cell = cells.get((matrix, function, column, question.mode), "n")
    needs = NEEDS[function]
    _, my_own, my_structure_s = WHOSE[question.whose]
    own = with_document and (my_structure_s if column in BY_STRUCTURE else my_own)
    attending = record.medecin_traitant and column in {"DOCTOR", "MEDECIN_TRAITANT"}
    normal = question.mode is AccessMode.NORMAL
    must = [
        cell != "n",
        question.mode is not AccessMode.CENTRE_15 or record.regulation_centre,
        with_document <= ("D" in needs),
    ]
    if "E" in needs:
        must.append(STATES[record.state])
        must.append(not record.blocked or (attending and "medecin_traitant_can_be_blocked" not in question.switches))
    if "C" in needs:
        must.append(not (question.mode is AccessMode.BRIS_DE_GLACE and record.opposes_bris_de_glace))
        must.append(not (question.mode is AccessMode.CENTRE_15 and record.opposes_centre_15))
    may_read = not normal or column == "MEDECIN_TRAITANT" or record.authorisation == "valid"
    if "L" in needs:
        must += [may_read, MOMENTS[question.at] != ""] if not with_document or own else [may_read]
    if with_document:
        must += _on_document(document, function, cell, needs, own=own, may_read=may_read)
        must += [_mask_lifted(question, column, cells, matrix, own=own)]
        if "L" in needs.upper() and not own:
            must.append(document.type_code in READS.get((MOMENTS[question.at], kind.reads_as), ()))
        if document.patient_authored and function in {"TD3.3c", "TD3.3d"}:
            must.append(column == "MEDECIN_TRAITANT")
        if document.status is AvailabilityStatus.DELETED:
            consults = cells.get((matrix, "TD3.2", column, question.mode), "n") != "n"
            must.append(function in LOOKS and consults and "deleted_hidden" not in question.switches)
    return all(must)


def _column(kind: Kind, question: Question) -> str:
    usual, attending, regulating = kind.columns
    if question.mode is AccessMode.CENTRE_15:
        return regulating
    return attending if question.record.medecin_traitant else usual


def _on_document(document, function, cell, needs, *, own, may_read):
    starred = document.patient_authored and function in {"TD3.3c", "TD3.3d"}
    return [
        not document.is_signature,
        own or cell not in {"5", "8", "9"} or starred,
        own or function != "TD2.1b",
        "l" not in needs or own or may_read,
    ]


def _mask_lifted(question: Question, column: str, cells, matrix: str, *, own: bool) -> bool:
    if own or not any(HIDES_FROM_PROFESSIONALS[mask] for mask in question.document.masks):
        return True
    note = cells.get((matrix, "TD3.2 masked", column, question.mode), "n")
    record = question.record
    return {"y": True, "6": record.administrator, "7": record.masked_in_emergency, "n": False}[note]


def draw(chance: random.Random) -> Question:
    """A situation in which most things are in order, so that single reasons to refuse are met alone."""

    def rarely(usual, others, odds=5):
        return chance.choice(others) if chance.randrange(odds) == 0 else usual

    yes, no = True, False
    whose = chance.choice(sorted(WHOSE))
    persons, institutions, depositor, structure = WHOSE[whose][0]
    record = RecordFacts(
        state=rarely("activated", sorted(STATES)),
        blocked=rarely(no, [yes]),
        authorisation=rarely("valid", ["none", "expired"], 3),
        medecin_traitant=chance.random() < 0.3,
        administrator=chance.random() < 0.3,
        opposes_bris_de_glace=rarely(no, [yes]),
        opposes_centre_15=rarely(no, [yes]),
        masked_in_emergency=chance.random() < 0.5,
        regulation_centre=rarely(yes, [no]),
    )
    document = DocumentFacts(
        type_code=chance.choice(["REPORT", "LETTER", "PLAN", "PLAN", "NOVEL"]),
        masks=frozenset(
            rarely(
                "", ["MASQUE_PS", "MASQUE_PS INVISIBLE_PATIENT", "MASQUE_PSOCIAL", "INVISIBLE_REPRESENTANTS_LEGAUX"], 2
            ).split()
        ),
        status=rarely(AvailabilityStatus.APPROVED, list(AvailabilityStatus), 3),
        author_persons=frozenset(persons),
        author_institutions=frozenset(institutions),
        depositor=depositor,
        depositor_organization=structure,
        is_signature=rarely(no, [yes]),
        patient_authored=rarely(no, [yes]),
    )
    switches = ("occupational_doctors", "professions_by_role", "medecin_traitant_can_be_blocked", "deleted_hidden")
    return Question(
        kind=chance.choice(sorted(KINDS)),
        mode=chance.choice([AccessMode.NORMAL, AccessMode.NORMAL, AccessMode.BRIS_DE_GLACE, AccessMode.CENTRE_15]),
        record=record,
        at=rarely(max(MOMENTS), sorted(MOMENTS), 3),
        switches=frozenset(name for name in switches if chance.random() < 0.5),
        whose=whose,
        document=document,
    )


@pytest.fixture(scope="module")
def asked(caller, matrices):
    """Asks the engine (with some rules) a drawn question for one act, before and on the document."""

    def ask(question: Question, function: Function, rules=RULES) -> tuple[bool, bool]:
        kind, switches = KINDS[question.kind], question.switches
        engine = Engine(
            matrices,
            occupational_doctors="occupational_doctors" in switches,
            professions_by_role="professions_by_role" in switches,
            medecin_traitant_can_be_blocked="medecin_traitant_can_be_blocked" in switches,
            deleted_readable="deleted_hidden" not in switches,
            rules=rules,
        )
        requester = caller(
            identifier=kind.identifier,
            organization_id=MY_STRUCTURE,
            authentication=kind.door[0],
            card=kind.door[1],
            profession=kind.profession,
            specialty=kind.specialty,
            mode=question.mode,
        )
        begins = engine.decide(requester, question.record, function, question.at)
        done = engine.decide_document(requester, question.record, question.document, function, question.at)
        assert engine.own(requester, question.document) or "author" not in done.rules
        return begins.allowed, done.allowed

    return ask


def agree(question: Question, function: Function, cells, asked, rules=RULES) -> bool:
    begins = oracle(question, function.value, cells, with_document=False)
    done = oracle(question, function.value, cells, with_document=True)
    return asked(question, function, rules) == (begins, done)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chance=st.randoms(use_true_random=False))
def test_the_engine_and_the_oracle_never_disagree(chance, published, asked):
    question = draw(chance)
    for function in Function:
        assert agree(question, function, published, asked), (question, function)


def test_over_three_thousand_situations_every_act_is_both_allowed_and_refused(published, asked):
    chance = random.Random(20231026)
    verdicts: Counter[tuple[Function, bool, bool]] = Counter()
    for number in range(3_000):
        question, function = draw(chance), list(Function)[number % len(Function)]
        begins, done = asked(question, function)
        assert begins == oracle(question, function.value, published, with_document=False), (question, function)
        assert done == oracle(question, function.value, published, with_document=True), (question, function)
        verdicts[function, False, begins] += 1
        verdicts[function, True, done] += 1
    for function in Function:
        assert verdicts[function, False, True], function
        assert verdicts[function, False, False], function
        assert bool(verdicts[function, True, True]) is ("D" in NEEDS[function.value]), function
        assert verdicts[function, True, False], function


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
def test_an_engine_without_one_of_its_rules_is_found_out(name, published, asked):
    without = tuple(rule for rule in RULES if rule.name != name)
    assert len(without) == len(RULES) - 1
    chance = random.Random(len(name))
    questions = (draw(chance) for _ in range(1_000))
    found = any(
        not agree(question, function, published, asked, without) for question in questions for function in Function
    )
    assert found, f"nothing shows that the rule {name} matters"
