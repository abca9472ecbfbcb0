"""Two workers on one home, every door by which something of a record is learnt, and every change after which it must not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from carnet.audit.sentences import Viewer
from carnet.clock import SECOND
from carnet.consent.acting_links import Representation
from carnet.consent.choices import Choice
from carnet.demo.people import HOSPITAL_DOCTOR, LANTERNE, MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS, REGULATOR
from carnet.document_query import ReturnType
from carnet.errors import CarnetError, VersionMismatch
from carnet.exchange.notices import owe
from carnet.identity.patient_search import Criteria
from carnet.metadata import INVISIBLE_REPRESENTANTS_LEGAUX, AvailabilityStatus
from carnet.record.administration import Administration
from carnet.record.candidates import find_candidates
from carnet.record.care_team import Declaration, ListMode, declare, list_parties
from carnet.record.delegations import Delegations
from carnet.record.existence import administrative_data, existence_test
from carnet.record.explanation import Asked, explain
from carnet.record.gate import Gate
from carnet.record.notice_office import NoticeOffice
from carnet.record.patient_acts import PatientActs
from carnet.record.patient_list import ListedBy, patient_list
from carnet.record.retrieval import Located, read
from carnet.record.trail_export import export_trail
from carnet.record.trail_view import told_trail
from carnet.requester import AccessMode

INS, PARTY = PAT_TROIS.identifier, HOSPITAL_DOCTOR.identifier
OPERATOR = "operator:test"
READINGS_OF_THE_TRAIL = ("administration/export-trail", "administration/read-trail")


@dataclass
class Known:
    """The document; its entryUUID and version change with each update."""

    unique_id: str
    registered: Any

    def now(self, room):
        """The entryUUID, version and status that stand."""
        query = (
            "SELECT entry_uuid, version, status FROM document_entry WHERE unique_id = ? ORDER BY version DESC LIMIT 1"
        )
        return room.rows(query, self.unique_id)[0]

    def entry_uuid_now(self, room):
        return self.now(room)[0]

    def entry_now(self, room):
        """The entry as an update names it."""
        entry_uuid, version, status = self.now(room)
        status = next(one for one in AvailabilityStatus if status in {one.value, one.name})
        return replace(self.registered, entry_uuid=entry_uuid, version=version, status=status)


@dataclass
class Two:
    """Two workers on one home: the first is asked, the second writes what the patient decides."""

    room: Any
    reader: Gate
    writer: Gate
    entry: Any
    renews: bool = True
    """Whether another document is put in from time to time, so that no document has hundreds of versions."""
    newest: int = 0
    lines: int = 0

    def __post_init__(self):
        Delegations(self.writer, OPERATOR).declare(INS, NESSI.identifier, Representation.PROTECTION)
        self.owe_a_notice()

    def note(self):
        """What stands before a play: when the document last changed, how many lines of acts the trail has."""
        self.room.now += SECOND
        (self.newest,) = self.room.rows(
            "SELECT max(registered_at) FROM document_entry WHERE unique_id = ?", self.entry.unique_id
        )[0]
        rows = self.room.rows(
            "SELECT entry FROM audit_event WHERE patient_key ="
            " (SELECT patient_key FROM document_entry WHERE unique_id = ? LIMIT 1)",
            self.entry.unique_id,
        )
        self.lines = sum(json.loads(entry)["action"] not in READINGS_OF_THE_TRAIL for (entry,) in rows)

    # --- what is read: whether anything of the document, or of the record as it was, shows ------------------------

    def _ask(self, act, who=HOSPITAL_DOCTOR, **about):
        try:
            return self.reader.perform_now(self.room.caller(who, **about), act)
        except CarnetError as error:
            return error

    def answers(self, act, who=HOSPITAL_DOCTOR, **about):
        """Whether the act is done at all."""
        return not isinstance(self._ask(act, who, **about), CarnetError)

    def lists(self, return_type, who=HOSPITAL_DOCTOR, **about):
        answer = self._ask(self.room.finding(return_type=return_type, unique_ids=()), who, **about)
        return not isinstance(answer, CarnetError) and self.entry.entry_uuid_now(self.room) in answer.references

    def lists_in_an_emergency(self):
        about = {"mode": AccessMode.BRIS_DE_GLACE, "reason": "INCONSCIENT: trouvé au sol, ne répond pas"}
        answer = self._ask(self.room.finding(return_type=ReturnType.OBJECT_REF), OTHER_GP, **about)
        return not isinstance(answer, CarnetError) and self.entry.entry_uuid_now(self.room) in answer.references

    def renders(self):
        """Whether metadata show the document as it was before it was archived."""
        both = (AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED)
        answer = self._ask(self.room.finding(*both))
        rendered = dict(zip(answer.references, answer.objects, strict=True))[self.entry.entry_uuid_now(self.room)]
        return AvailabilityStatus.APPROVED.value.encode() in rendered

    def retrieves(self):
        answer = self._ask(self.room.retrieving(self.entry.unique_id))
        if isinstance(answer, CarnetError) or not isinstance(answer[0], Located):
            return False
        worker = self.reader.platform.connection.worker
        if worker is not None:
            worker.point("decrypt")
        return bool(read(self.reader.platform, answer[0]))

    def updates(self):
        """An update that names a version which is not there is answered otherwise for a document that is known."""
        stale = replace(self.entry.registered, version=1_000_000)
        return isinstance(self._ask(self.room.mask(stale, by=HOSPITAL_DOCTOR)), VersionMismatch)

    def tells_of_an_authorisation(self):
        answer = self._ask(existence_test(INS))
        return not isinstance(answer, CarnetError) and answer.active and answer.authorisation == "valid"

    def lists_patients(self, by):
        """Whether the record is there; by the document, whether with the date of this one."""
        answer = self._ask(patient_list(by, 0))
        mine = [] if isinstance(answer, CarnetError) else [one for one in answer if one.identifier == INS]
        return any(by is ListedBy.AUTHORISATION or one.last_update == self.newest for one in mine)

    def finds_the_person(self):
        criteria = Criteria(name="PAT-TROIS", birth_date="19790328")
        answer = self._ask(find_candidates(criteria), REGULATOR, mode=AccessMode.CENTRE_15)
        return not isinstance(answer, CarnetError) and INS in {one.identifier for one in answer}

    def lists_professionals(self):
        answer = self._ask(list_parties(ListMode.ACTIVE))
        return not isinstance(answer, CarnetError) and PARTY in {one.identifier for one in answer}

    def explains(self):
        return explain(self.reader, Asked(INS, PARTY, self.entry.unique_id), operator=OPERATOR).decision.allowed

    def exports_the_former_trail(self):
        """Whether an exported trail lacks the line of what was done."""
        lines = [json.loads(line) for line in export_trail(self.reader, INS, operator=OPERATOR).splitlines()]
        actions = [line["entry"]["action"] for line in lines if "entry" in line]
        return sum(action not in READINGS_OF_THE_TRAIL for action in actions) == self.lines

    def tells_the_former_trail(self):
        """The same of the trail in sentences."""
        lines = [line for line, _ in told_trail(self.reader, INS, operator=OPERATOR)]
        return sum(line["action"] not in READINGS_OF_THE_TRAIL for line in lines) == self.lines

    def names_the_document_to_representatives(self):
        told = told_trail(self.reader, INS, operator=OPERATOR, viewer=Viewer.REPRESENTATIVE)
        return any(self.entry.unique_id in line["objects"] for line, _ in told)

    def shows_notices(self):
        return bool(NoticeOffice(self.reader, OPERATOR).of_medecin_traitant(MEDECIN_TRAITANT.identifier))

    def shows_to_the_person_in_charge(self):
        try:
            listed = PatientActs(self.reader, OPERATOR, NESSI.identifier).documents(INS)
        except CarnetError:
            return False
        return self.entry.unique_id in {one.unique_id for one in listed}

    # --- what is decided, and what takes it back --------------------------------------------------------------------

    @property
    def acts(self):
        return PatientActs(self.writer, OPERATOR)

    @property
    def administration(self):
        return Administration(self.writer, OPERATOR)

    def by_software(self, act):
        """An act of the médecin traitant's software, at the other worker."""
        return bool(self.writer.perform_now(self.room.caller(), act))

    def gives_masks(self, *masks):
        return self.by_software(self.room.mask(self.entry.entry_now(self.room), masks=masks))

    def gives_status(self, status):
        return self.by_software(self.room.status(self.entry.entry_now(self.room), status))

    def protects(self, person):
        return Delegations(self.writer, OPERATOR).declare(INS, person.identifier, Representation.PROTECTION)

    def blocks(self, person):
        return self.acts.block(INS, person.identifier)

    def unblocks(self, person):
        self.acts.unblock(INS, person.identifier)

    def owe_a_notice(self):
        """Something that the médecin traitant is told."""
        (key,) = self.room.rows(
            "SELECT patient_key FROM document_entry WHERE unique_id = ? LIMIT 1", self.entry.unique_id
        )[0]
        about = {"kind": "emergency-access-bris_de_glace", "recipient": "medecin_traitant"}
        self.writer.administer(lambda c: owe(c, key, cause=str(self.room.now), now=self.room.now, **about))

    def is_medecin_traitant_again(self):
        self.administration.declare_medecin_traitant(INS, MEDECIN_TRAITANT.identifier)
        self.owe_a_notice()


Step = Callable[[Two], object]
CHANGES: dict[str, tuple[Step, Step]] = {
    "mask": (
        lambda two: two.acts.mask(INS, two.entry.unique_id),
        lambda two: two.acts.unmask(INS, two.entry.unique_id),
    ),
    "mask by software": (
        lambda two: two.gives_masks("MASQUE_PS"),
        lambda two: two.gives_masks(),
    ),
    "default mask": (
        lambda two: two.acts.choose(INS, Choice.MASKS_EVERYTHING, value=True),
        lambda two: two.acts.choose(INS, Choice.MASKS_EVERYTHING, value=False),
    ),
    "block": (
        lambda two: two.blocks(HOSPITAL_DOCTOR),
        lambda two: (two.unblocks(HOSPITAL_DOCTOR), two.acts.authorise(INS, PARTY)),
    ),
    "block of whoever breaks the glass": (lambda two: two.blocks(OTHER_GP), lambda two: two.unblocks(OTHER_GP)),
    "block of the regulation centre": (lambda two: two.blocks(REGULATOR), lambda two: two.unblocks(REGULATOR)),
    "opposition to the emergency mode": (
        lambda two: two.acts.choose(INS, Choice.OPPOSES_BRIS_DE_GLACE, value=True),
        lambda two: two.acts.choose(INS, Choice.OPPOSES_BRIS_DE_GLACE, value=False),
    ),
    "end of authorisation": (
        lambda two: two.acts.end_authorisation(INS, PARTY),
        lambda two: two.acts.authorise(INS, PARTY),
    ),
    "closure": (
        lambda two: two.administration.close_record(INS, "FERMETURE_DEMANDE_PATIENT"),
        lambda two: two.administration.open_record(INS),
    ),
    "archive": (
        lambda two: two.gives_status(AvailabilityStatus.ARCHIVED),
        lambda two: two.gives_status(AvailabilityStatus.APPROVED),
    ),
    "hiding from representatives": (
        lambda two: two.gives_masks(INVISIBLE_REPRESENTANTS_LEGAUX),
        lambda two: two.gives_masks(),
    ),
    "end of protection": (lambda two: two.protects(LANTERNE), lambda two: two.protects(NESSI)),
    "another médecin traitant": (
        lambda two: two.administration.declare_medecin_traitant(INS, OTHER_GP.identifier),
        Two.is_medecin_traitant_again,
    ),
}
FROM_DOCUMENTS = ("mask", "mask by software", "default mask", "block", "end of authorisation", "closure")
FROM_THE_RECORD = ("block", "end of authorisation", "closure")
DOORS: dict[str, tuple[Callable[[Two], bool], tuple[str, ...]]] = {
    # what shows something, and after which changes it must not
    "iti18 references": (lambda two: two.lists(ReturnType.OBJECT_REF), FROM_DOCUMENTS),
    "iti18 metadata": (lambda two: two.lists(ReturnType.LEAF_CLASS), FROM_DOCUMENTS),
    "iti18 renditions": (Two.renders, ("archive",)),
    "iti18 in an emergency": (
        Two.lists_in_an_emergency,
        ("block of whoever breaks the glass", "opposition to the emergency mode", "closure"),
    ),
    "iti43": (Two.retrieves, FROM_DOCUMENTS),
    "iti57": (Two.updates, FROM_DOCUMENTS),
    "td0.2": (Two.tells_of_an_authorisation, FROM_THE_RECORD),
    "td0.3": (lambda two: two.answers(declare(Declaration.AUTHORISE)), ("block", "closure")),
    "td0.4 by authorisation": (lambda two: two.lists_patients(ListedBy.AUTHORISATION), FROM_THE_RECORD),
    "td0.4 by document": (lambda two: two.lists_patients(ListedBy.DOCUMENT), FROM_DOCUMENTS),
    "td0.5": (Two.finds_the_person, ("block of the regulation centre", "closure")),
    "td1.3a": (lambda two: two.answers(administrative_data(INS)), ("block", "closure")),
    "td1.6": (Two.lists_professionals, FROM_THE_RECORD),
    "explanation": (Two.explains, FROM_DOCUMENTS),
    "trail export": (Two.exports_the_former_trail, ("mask", "block", "closure")),
    "trail": (Two.tells_the_former_trail, ("mask", "block", "closure")),
    "trail of representatives": (Two.names_the_document_to_representatives, ("hiding from representatives",)),
    "notices of the médecin traitant": (Two.shows_notices, ("another médecin traitant",)),
    "documents of the patient's side": (Two.shows_to_the_person_in_charge, ("end of protection", "closure")),
}


def put_in(room, gate):
    """One document of the médecin traitant, put in through a gate."""
    room.now += SECOND
    act = room.submitting(room.submission(room.document()), room.caller())
    (entry,) = gate.perform_now(room.caller(), act).entries
    return Known(entry.unique_id, entry)
