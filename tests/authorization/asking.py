"""Puts the oracle's questions to an engine, whatever modules it was made of, and says where the two differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from oracle_of_rules import A_BANK, KINDS, STARRED, WHOSE, Answer, Oracle, Question
from oracle_of_the_patient_side import STATUS, PatientQuestion

from carnet.authorization.facts import DocumentFacts, Function, RecordFacts
from carnet.clock import from_iso
from carnet.metadata import AvailabilityStatus, Code
from carnet.requester import Requester


@dataclass(frozen=True)
class Prepared:
    """A question in the words of the engine, made once for all the engines that are asked it."""

    question: Question
    requester: Requester
    record: RecordFacts
    document: DocumentFacts
    function: Function
    columns: tuple[Any, ...]
    expected: tuple[Answer, Answer]
    own: bool


def prepare(question: Question, oracle: Oracle) -> Prepared:
    """A question with what the oracle answers, before and on the document."""
    expected = (oracle.answer(question, with_document=False), oracle.answer(question, with_document=True))
    q, kind, told = question, KINDS[question.kind], question.record
    valid = told.consent in {"named", "authorised"}
    record = RecordFacts(
        state=told.state,
        blocked=told.blocked,
        authorisation="valid" if valid else "expired" if told.expired else "none",
        medecin_traitant=told.medecin_traitant,
        administrator=told.administrator,
        opposes_bris_de_glace=told.opposes_bris_de_glace,
        opposes_centre_15=told.opposes_centre_15,
        masked_in_emergency=told.masked_in_emergency,
        care_team=told.consent == "team",
        authorised_by_name=told.consent == "named",
        feeding_opposed=told.feeding_opposed,
        masks_everything=told.masks_everything,
        regulation_centre=told.regulation_centre,
    )
    persons, institutions, depositor, structure = WHOSE[q.whose][0]
    document = DocumentFacts(
        type_code=q.type_code,
        masks=frozenset(q.masks.split()),
        status=q.status,
        author_persons=frozenset(persons),
        author_institutions=frozenset(institutions),
        depositor=depositor,
        depositor_organization=structure,
        is_signature=q.is_signature,
        patient_authored=q.patient_authored,
    )
    requester = Requester(
        identifier=kind.identifier,
        name="ALPHA Camille",
        organization_id=kind.structure,
        sector=Code(kind.sector, "1.2.250.1.71.4.2.4"),
        authentication=kind.door[0],
        card=kind.door[1],
        profession=kind.profession,
        specialty=kind.specialty,
        mode=q.mode,
    )
    texts = (" ".join(sorted(persons)), " ".join(sorted(institutions)))
    columns = (q.type_code, q.masks, q.status.value, *texts, depositor, structure, int(q.is_signature))
    return Prepared(q, requester, record, document, Function(q.function), columns, expected, oracle.own(q))


@dataclass
class Engines:
    """The engines of one build, one for each way to set the switches. `modules` maps names to modules of carnet.authorization."""

    modules: Any
    matrices: Any
    rules: Any = None

    def __post_init__(self) -> None:
        self._made: dict[frozenset[str], Any] = {}

    def of(self, switches: frozenset[str]) -> Any:
        engine = self._made.get(switches)
        if engine is None:
            named = {} if self.rules is None else {"rules": self.rules}
            engine = self._made[switches] = self.modules["engine"].Engine(
                self.matrices,
                occupational_doctors="occupational_doctors" in switches,
                professions_by_role="professions_by_role" in switches,
                medecin_traitant_can_be_blocked="medecin_traitant_can_be_blocked" in switches,
                deleted_readable="deleted_hidden" not in switches,
                forbidden_structures=frozenset({A_BANK}),
                **named,
            )
        return engine

    def agrees(self, prepared: Prepared) -> bool:
        """Whether verdicts, reasons, grounds, duties, version and the fast path say what the oracle says."""
        p, engine = prepared, self.of(prepared.question.switches)
        begins = engine.decide(p.requester, p.record, p.function, p.question.at)
        done = engine.decide_document(p.requester, p.record, p.document, p.function, p.question.at)
        sees = engine.viewer(p.requester, p.record, p.question.at, p.function).sees(*p.columns)
        knows = engine.visible(p.requester, p.record, p.document, p.question.at)
        return (
            _same(begins, p.expected[0])
            and _same(done, p.expected[1])
            and sees is (done.allowed and p.question.function not in STARRED)
            and (knows is done.allowed or p.function is not Function.SEARCH_REFERENCES)
            and engine.own(p.requester, p.document) is p.own
            and self.modules["functional_rights"].feeding_function(p.requester).value == KINDS[p.question.kind].feeds_by
        )


def _same(decision: Any, answer: Answer) -> bool:
    if decision.matrix_version != answer.version or decision.allowed is not (not answer.refusing):
        return False
    if not decision.allowed:
        return len(decision.rules) == len(answer.refusing) and set(decision.rules) == answer.refusing
    return tuple(decision.rules) == answer.grounds and tuple(sorted(decision.duties)) == answer.told


def patient_side_agrees(
    module: Any, q: PatientQuestion, expected: tuple[frozenset[str], ...], lines: tuple[bool, ...]
) -> bool:
    """The same for the patient's side: the reasons without and with a document, and the lines of the trail."""
    facts = module.PatientSideFacts(module.Actor(q.actor), q.state, q.in_force)
    right = module.PatientRight(q.right)
    document = DocumentFacts(
        type_code="REPORT",
        masks=frozenset(q.masks.split()),
        status=STATUS[q.deleted],
        is_signature=q.is_signature,
        patient_authored=q.added_by_patient,
    )
    for decision, reasons in zip(
        (module.decide(facts, right), module.decide(facts, right, document)), expected, strict=True
    ):
        if decision.allowed is not (not reasons) or (reasons and set(decision.rules) != reasons):
            return False
        if decision.allowed and decision.rules != ("patient-right", q.actor):
            return False
    return tuple(module.sees_line(facts, secret=secret) for secret in (False, True)) == lines


def corners_hold(modules: Any, matrices: Any, doctor: Requester) -> bool:
    """What questions of the usual form cannot show: nothing is open by default, and facts that make no sense refuse in an orderly way."""
    engine = modules["engine"].Engine(matrices)
    policy, column_of = modules["rules"].Policy(), modules["functional_rights"].column_of
    at_work = replace(doctor, specialty=Code("SM25", "1.2.250.1.71.4.2.5"))
    by_role = replace(doctor, profession=Code("93", "1.2.250.1.213.1.6.1.109"))
    nonsense = replace(doctor, profession=None)  # type: ignore[arg-type]
    record = RecordFacts(state="open", authorisation="valid", blocked=True, medecin_traitant=True)
    deleted = DocumentFacts(type_code="PLAN", status=AvailabilityStatus.DELETED)
    open_record = RecordFacts(state="open", authorisation="valid", authorised_by_name=True)
    columns = ("PLAN", "", "no status", "", "", "", "", 0)
    viewer = engine.viewer(nonsense, open_record, NOW)
    side = modules["patient_side"]
    return (
        not any(engine.decide(one, open_record, Function.SEARCH, NOW).allowed for one in (at_work, by_role, nonsense))
        and engine.decide(nonsense, open_record, Function.SEARCH, NOW).rules == ("error",)
        and column_of(at_work, open_record) is None
        and column_of(by_role, open_record) is None
        and engine.decide(doctor, record, Function.SEARCH, NOW).allowed
        and engine.decide_document(doctor, open_record, deleted, Function.CONSULT, NOW).allowed
        and (policy.occupational_doctors, policy.professions_by_role) == (False, False)
        and (policy.medecin_traitant_can_be_blocked, policy.deleted_readable) == (False, True)
        and not policy.forbidden_structures
        and not engine.viewer(doctor, open_record, NOW).sees(*columns)
        and engine.opens_type(doctor, "PLAN", NOW)
        and not engine.opens_type(doctor, "unknown", NOW)
        and not engine.opens_type(doctor, "PLAN", 0)
        and not viewer.sees("PLAN", "", AvailabilityStatus.APPROVED.value, *columns[3:])
        and not side.decide(side.PatientSideFacts(side.Actor.CARER, "open"), side.PatientRight.SEE).allowed
        and not side.decide(side.PatientSideFacts(side.Actor.HOLDER), side.PatientRight.SEE).allowed
        and each_from_its_own_facts(engine, doctor)
    )


def each_from_its_own_facts(engine: Any, doctor: Requester) -> bool:
    """Whether a question is answered from its own facts when the one before had all but one of them: another caller, record or matrix."""
    nurse = replace(doctor, profession=Code("60", "1.2.250.1.71.1.2.7"), specialty=None)
    attending = RecordFacts(state="open", authorisation="valid", medecin_traitant=True)
    closed, stop = replace(attending, state="closed"), Function.STOP_BEING_MEDECIN_TRAITANT
    return (
        engine.decide(doctor, attending, stop, NOW).allowed
        and not engine.decide(nurse, attending, stop, NOW).allowed
        and engine.decide(doctor, attending, stop, NOW).allowed
        and not engine.decide(doctor, closed, stop, NOW).allowed
        and engine.decide(doctor, attending, Function.CONSULT, NOW).allowed
        and not engine.decide(doctor, attending, Function.CONSULT, 0).allowed
    )


NOW = from_iso("2026-11-22T10:00:00Z")
