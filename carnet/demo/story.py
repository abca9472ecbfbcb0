"""What the patient decides and what it does, after the journey: a doctor is blocked, a notice waits, and the trail proves it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from carnet.audit.export_verification import verify_export
from carnet.clock import system_clock
from carnet.consent.acting_links import Representation
from carnet.demo.health_profiles import declare_profiles
from carnet.demo.journey import PATIENT, Journey, JourneyFailed
from carnet.demo.measurements import measure
from carnet.demo.payloads import pdf
from carnet.demo.people import (
    HOSPITAL_DOCTOR,
    LANTERNE,
    MEDECIN_TRAITANT,
    MIRABELLE,
    NESSI,
    OTHER_GP,
    DemoProfessional,
)
from carnet.demo.stage import OPERATOR
from carnet.record.custody import Custody
from carnet.record.delegations import Delegations
from carnet.record.emergency_control import EmergencyControl
from carnet.record.explanation import Asked, explain
from carnet.record.gate import Gate
from carnet.record.notice_office import NoticeOffice
from carnet.record.own_additions import OwnAdditions, make
from carnet.record.own_drafts import About, NewPiece, OwnDrafts
from carnet.record.own_reports import OwnReports, Wrong
from carnet.record.patient_acts import PatientActs
from carnet.record.report_office import ReportOffice
from carnet.record.trail_export import export_trail, trace_key
from carnet.record.trail_view import told_trail
from carnet.soap.document_set import DocumentRequest
from carnet.viewing.taking_in import preview, taken_in

SHOWN = 3
"""Sentences of the trail that are printed."""


@dataclass(slots=True)
class Story:
    """The patient's side of the demonstration, by an operator's gate on the home of a journey that was walked."""

    journey: Journey
    gate: Gate
    say: Callable[[str], None]

    def tell(self) -> None:
        """Takes every step. Raises JourneyFailed at the first that does not end as it must."""
        for name, step in (
            ("blocked", self.block),
            ("explained", self.explain),
            ("told", self.notice),
            ("to review", self.review),
            ("measured", self.measured),
            ("added", self.add),
            ("trail", self.trail),
            ("export", self.export),
            ("family", self.family),
            ("profiles", self.profiles),
            ("reported", self.report),
        ):
            self.say(f"{name}: {step()}")

    def block(self) -> str:
        """The patient blocks the hospital doctor, who read before: from then on nothing opens, not even breaking the glass."""
        if not self._reads(HOSPITAL_DOCTOR):
            raise JourneyFailed("blocked: the hospital doctor could not read before")
        PatientActs(self.gate, OPERATOR).block(PATIENT, HOSPITAL_DOCTOR.identifier)
        if self._reads(HOSPITAL_DOCTOR):
            raise JourneyFailed("blocked: the hospital doctor still reads")
        return f"{HOSPITAL_DOCTOR.name} by the patient, and refused at once"

    def explain(self) -> str:
        """Why that doctor cannot read, and could a moment before."""
        document = self._document()
        now = explain(self.gate, Asked(PATIENT, HOSPITAL_DOCTOR.identifier, document), operator=OPERATOR)
        if now.decision.allowed or "blocked-by-patient" not in now.decision.rules:
            raise JourneyFailed(f"explained: {', '.join(now.decision.rules)}")
        before = next(tie.since for tie in now.ties if tie.kind.value == "blocked") - 1
        then = explain(self.gate, Asked(PATIENT, HOSPITAL_DOCTOR.identifier, document, before), operator=OPERATOR)
        if not then.decision.allowed:
            raise JourneyFailed(f"explained: before the block, {', '.join(then.decision.rules)}")
        said = dict(zip(now.decision.rules, now.said, strict=True))
        return said["blocked-by-patient"][0]

    def notice(self) -> str:
        """The emergency is told to the patient."""
        shown = NoticeOffice(self.gate, OPERATOR).of_patient(self.journey.sent[0].entry.patient_id)
        emergencies = [one for one in shown if one.notice.kind == "emergency-access-bris_de_glace"]
        if len(emergencies) != 1:
            raise JourneyFailed(f"told: {len(emergencies)} notices of the emergency")
        return emergencies[0].french

    def review(self) -> str:
        """And it waits for somebody who judges whether it was justified."""
        waiting = [
            one for one in EmergencyControl(self.gate, OPERATOR).waiting() if one.requester == OTHER_GP.identifier
        ]
        if len(waiting) != 1:
            raise JourneyFailed(f"to review: {len(waiting)} reviews of the emergency")
        hours = (waiting[0].due_at - system_clock()) // 3_600_000_000
        return f"the emergency of {OTHER_GP.name}, within {hours + 1} hours"

    def measured(self) -> str:
        """The patient notes what she measures at home, and a mother the growth of her child."""
        return f"{measure(self.gate, OPERATOR)} readings at home, with their targets, and a child's growth"

    def add(self) -> str:
        """The patient adds a paper of their own, by the acts of the space; whoever may read finds it as any other document."""
        desk = OwnDrafts(self.gate, OPERATOR)
        draft_id = desk.begin(PATIENT, About())
        (paper,) = taken_in(pdf("Laboratoire de ville, prelevement du 12/03/2025 : glycemie 0,92 g/L"))
        new = NewPiece(paper.kind, paper.pages, paper.content, preview("pdf", 0, paper.content).content)
        desk.add(PATIENT, draft_id, [new])
        desk.keep_whole(PATIENT, draft_id, new, "laboratoire glycemie 12/03/2025")
        about = desk.show(PATIENT, draft_id).about
        said = msgspec.structs.replace(about, title="Prise de sang de mars", described=True)
        desk.describe(PATIENT, draft_id, said)
        acts = OwnAdditions(self.gate, OPERATOR)
        unique_id = acts.add(PATIENT, make(self.gate.platform, acts.basis(PATIENT, draft_id)))
        wanted = DocumentRequest(self.journey.stage.settings.repository_unique_id, unique_id)
        with self.journey.service(MEDECIN_TRAITANT.identifier) as service:
            answer, given = service.retrieve(PATIENT, [wanted])
        if answer.errors or not given:
            raise JourneyFailed("added: the attending doctor does not read what the patient added")
        return f"a paper of the patient's, as {said.type}; {MEDECIN_TRAITANT.name} reads it"

    def trail(self) -> str:
        """The patient reads who did what, in sentences."""
        lines = told_trail(self.gate, PATIENT, operator=OPERATOR)
        done = [sentence for line, sentence in lines if line["requester_id"] in _PEOPLE]
        if not any("bloqué" in sentence for _, sentence in lines):
            raise JourneyFailed("trail: the block is not told")
        return "\n".join([f"{len(lines)} lines, of which", *(f"    {sentence}" for sentence in done[-SHOWN:])])

    def export(self) -> str:
        """The whole trail as one file that proves itself: one changed byte is found."""
        self.gate.seal()
        data = export_trail(self.gate, PATIENT, operator=OPERATOR)
        key = trace_key(self.gate)
        path = self.journey.stage.home / "trail-export.jsonl"
        path.write_bytes(data)
        middle = len(data) // 2
        damaged = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        if not verify_export(data, key=key).intact or verify_export(damaged, key=key).intact:
            raise JourneyFailed("export: the file does not prove itself")
        return f"{path.name}, {len(data) // 1024} KB, proved without the service; with one byte changed it is refused"

    def profiles(self) -> str:
        """What people declare of their health, and the emergency cards made of it."""
        return declare_profiles(self.gate)

    def family(self) -> str:
        """A mother represents her child; somebody is asked to be the patient's carer, where the settings let carers in."""
        desk = Delegations(self.gate, OPERATOR)
        desk.declare(MIRABELLE.identifier, NESSI.identifier, Representation.FIRST_REPRESENTATIVE)
        mother = (
            f"{NESSI.traits.used_given_name.title()} represents {MIRABELLE.traits.birth_given_names.split()[0].title()}"
        )
        if not self.gate.platform.settings.carers:
            return mother
        Custody(self.gate, OPERATOR).activate(LANTERNE.identifier)
        if not desk.invite(PATIENT, LANTERNE.identifier, Representation.CARER):
            raise JourneyFailed("family: the carer could not be invited")
        return f"{mother}; {LANTERNE.traits.birth_given_names.split()[0].title()} is asked to be the patient's carer"

    def report(self) -> str:
        """The patient reports an error in a document: it waits in the queue of the author's structure."""
        desk = OwnReports(self.gate, OPERATOR)
        report_id = desk.report_document(PATIENT, self._document(), Wrong("missing", "Il manque le second feuillet."))
        waiting = [one for one in ReportOffice(self.gate, OPERATOR).waiting() if one.report_id == report_id]
        if len(waiting) != 1:
            raise JourneyFailed("reported: the report is in no queue")
        return f"an error in a document, to {waiting[0].structure}"

    def _document(self) -> str:
        return next(one.entry.unique_id for one in self.journey.sent if one.entry.patient_id == PATIENT)

    def _reads(self, person: DemoProfessional) -> bool:
        wanted = DocumentRequest(self.journey.stage.settings.repository_unique_id, self._document())
        with self.journey.service(person.identifier) as service:
            answer, given = service.retrieve(PATIENT, [wanted])
        return bool(given) and not answer.errors


_PEOPLE = frozenset({HOSPITAL_DOCTOR.identifier, OTHER_GP.identifier})
