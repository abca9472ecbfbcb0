"""Masks, visibility, archive and deletion: each change decided by its own right; once acknowledged, no reading shows anything."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.authorization.facts import DocumentFacts
from carnet.demo.people import (
    COMMUNITY_NURSE,
    HOSPITAL_DOCTOR,
    LABORATORY,
    MEDECIN_TRAITANT,
    NESSI,
    OTHER_GP,
    PAT_TROIS,
)
from carnet.document_query import FindSubmissionSets, Get, ReturnType
from carnet.errors import (
    CarnetError,
    LocalPolicy,
    PatientMismatch,
    Refused,
    StatusTransition,
    Unmodifiable,
    UnresolvedReference,
    VersionMismatch,
)
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS, AssociationType, AvailabilityStatus, Code, Folder
from carnet.record import retrieval, search
from carnet.record.administration import Administration
from carnet.record.search import search as searching
from carnet.record.visibility import FUNCTIONS, HIDING, update
from carnet.registry.changes import ChangeKind
from carnet.registry.found import Found
from carnet.registry.renditions import RenditionCache

APPROVED, ARCHIVED = AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED
DEPRECATED, DELETED = AvailabilityStatus.DEPRECATED, AvailabilityStatus.DELETED
EVERY = tuple(AvailabilityStatus)
REFERENCES = ReturnType.OBJECT_REF


# --- whose right ---------------------------------------------------------------------------------------------------


def test_every_kind_of_change_has_its_right_or_is_none_of_care_software():
    assert FUNCTIONS.keys() | {ChangeKind.OTHER} == set(ChangeKind)
    assert ChangeKind.OTHER not in FUNCTIONS


def test_who_wrote_a_document_masks_and_unmasks_it(room):
    (entry,) = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)
    author = room.caller(HOSPITAL_DOCTOR)
    ticket = room.last_ticket()
    masked = room.do(author, room.mask(entry, by=HOSPITAL_DOCTOR)).changes[0]
    assert masked.after.masks == {MASQUE_PS}
    assert masked.after.version == 2
    shown = room.do(author, room.mask(masked.after, (), by=HOSPITAL_DOCTOR)).changes[0]
    assert shown.after.masks == frozenset()
    lines = room.lines_since(ticket)
    assert [(line["action"], line["outcome"], line["detail"]) for line in lines] == [
        ("iti57", "done", "mask"),
        ("iti57", "done", "unmask"),
    ]
    assert lines[0]["objects"] == (entry.unique_id,)


def test_each_change_of_who_may_see_a_document_is_counted(room):
    (entry,) = room.put(room.document())
    version = "SELECT sum(rights_version) FROM health_record"
    before = room.rows(version)[0][0]
    masked = room.do(room.caller(), room.mask(entry)).changes[0].after
    assert room.rows(version)[0][0] == before + 1
    with pytest.raises(CarnetError):
        room.do(room.caller(), room.mask(entry))
    room.do(room.caller(), room.mask(masked))
    assert room.rows(version)[0][0] == before + 1, "what changes nothing counts for nothing"


def test_another_doctor_may_mask_what_the_patient_asks_to_hide_but_not_unmask_it(room):
    (entry,) = room.put(room.document())
    other = room.caller(HOSPITAL_DOCTOR)
    after = room.do(other, room.mask(entry, by=HOSPITAL_DOCTOR)).changes[0].after
    with pytest.raises(UnresolvedReference):
        room.do(other, room.mask(after, (), by=HOSPITAL_DOCTOR))
    assert room.do(room.caller(), room.mask(after, ())).changes[0].after.masks == frozenset()


def test_the_automate_that_put_a_document_in_does_not_mask_it(room):
    (entry,) = room.put(room.document(), by=LABORATORY, requester=room.laboratory())
    ticket = room.last_ticket()
    with pytest.raises(Refused):
        room.do(room.laboratory(), room.mask(entry, by=LABORATORY))
    (line,) = room.lines_since(ticket)
    assert (line["outcome"], line["objects"]) == ("refused", ())
    assert room.rows("SELECT masks FROM document_entry WHERE is_signature = 0") == [("",)]


def test_only_its_author_deletes_a_document_and_then_nobody_finds_it(room):
    (entry,) = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)
    with pytest.raises(Refused):
        room.do(room.caller(MEDECIN_TRAITANT), room.status(entry, DELETED))
    room.do(room.caller(HOSPITAL_DOCTOR), room.status(entry, DELETED, by=HOSPITAL_DOCTOR))
    for who in (MEDECIN_TRAITANT, HOSPITAL_DOCTOR, COMMUNITY_NURSE):
        assert room.do(room.caller(who), room.getting_all()).references == ()
        (answer,) = room.do(room.caller(who), room.retrieving(entry.unique_id))
        assert isinstance(answer, CarnetError)


def test_a_document_is_archived_and_brought_back(room):
    (entry,) = room.put(room.document())
    room.do(room.caller(), room.status(entry, ARCHIVED))
    assert room.do(room.caller(), room.finding()).references == ()
    assert room.do(room.caller(), room.finding(ARCHIVED)).references == (entry.entry_uuid,)
    room.do(room.caller(), room.status(replace(entry, status=ARCHIVED), APPROVED))
    assert room.do(room.caller(), room.finding()).references == (entry.entry_uuid,)
    with pytest.raises(StatusTransition):
        room.do(room.caller(), room.status(replace(entry, status=ARCHIVED), APPROVED))


def test_a_document_is_shown_to_the_patient_but_hidden_afterwards_only_where_a_setting_allows_it(open_room):
    room = open_room()
    (entry,) = room.put(room.document(masks=(INVISIBLE_PATIENT,)))
    shown = room.do(room.caller(), room.mask(entry, ())).changes[0]
    assert shown.kinds == (ChangeKind.SHOW_TO_PATIENT,)
    with pytest.raises(LocalPolicy):
        room.do(room.caller(), room.mask(shown.after, (INVISIBLE_PATIENT,)))
    room = open_room(make_invisible_by_update=True)
    hidden = room.do(room.caller(), room.mask(shown.after, (INVISIBLE_PATIENT,))).changes[0]
    assert set(hidden.kinds) <= HIDING


def test_a_document_is_not_masked_while_its_patient_does_not_see_it_unless_a_setting_allows_both(open_room):
    room = open_room()
    (entry,) = room.put(room.document(masks=(INVISIBLE_PATIENT,)))
    with pytest.raises(LocalPolicy):
        room.do(room.caller(), room.mask(entry, (INVISIBLE_PATIENT, MASQUE_PS)))
    room = open_room(masked_and_invisible_together=True)
    both = room.do(room.caller(), room.mask(entry, (INVISIBLE_PATIENT, MASQUE_PS))).changes[0]
    assert both.after.masks == {INVISIBLE_PATIENT, MASQUE_PS}


def test_care_software_changes_visibility_and_status_alone(room):
    (entry,) = room.put(room.document())
    act = room.mask(replace(entry, title="Un autre titre"))
    with pytest.raises(Unmodifiable):
        room.do(room.caller(), act)
    added = replace(entry, confidentiality_codes=(*entry.confidentiality_codes, Code("R", "2.16.840.1.113883.5.25")))
    with pytest.raises(Unmodifiable):
        room.do(room.caller(), room.mask(added, ()))


def test_care_software_does_not_change_folders(room):
    folder = Folder(
        "Folder01", "2.25.4711", PAT_TROIS.identifier, (Code("SUIVI", "1.2.250.1.999.7", "Suivi"),), "Suivi"
    )
    submission = room.submission(room.document())
    member = replace(submission.associations[0], entry_uuid="MemberFolder", target="Folder01")
    act = room.submitting(
        replace(submission, folders=(folder,), associations=(*submission.associations, member)), room.caller()
    )
    registered = room.do(room.caller(), act).folders[0]
    changed = replace(registered, entry_uuid="Folder01", title="Autre")
    link = replace(member, target="Folder01", previous_version=registered.version)
    submission = room.submission(room.document())
    changing = replace(submission, entries=(), documents=(), folders=(changed,), associations=(link,))
    with pytest.raises(Unmodifiable):
        room.do(room.caller(), update(changing))


def test_an_update_that_changes_nothing_asks_for_no_more_than_knowing_the_document(room):
    (entry,) = room.put(room.document())
    change = room.do(room.caller(COMMUNITY_NURSE), room.mask(entry, (), by=COMMUNITY_NURSE)).changes[0]
    assert change.kinds == (ChangeKind.NOTHING,)


def test_an_update_of_two_documents_makes_both_changes_or_none(room):
    (mine,) = room.put(room.document())
    (theirs,) = room.put(room.document(author=HOSPITAL_DOCTOR), by=HOSPITAL_DOCTOR)
    both = room.submission(room.document())
    links = [
        replace(
            both.associations[0],
            entry_uuid=f"Status{number}",
            type=AssociationType.UPDATE_AVAILABILITY_STATUS,
            target=entry.entry_uuid,
            submission_set_status="",
            original_status=APPROVED,
            new_status=DELETED,
        )
        for number, entry in enumerate((mine, theirs))
    ]
    act = update(replace(both, entries=(), documents=(), associations=tuple(links)))
    before = room.kept()
    with pytest.raises(Refused):
        room.do(room.caller(), act)
    assert room.kept() == before
    assert {status for (status,) in room.rows("SELECT status FROM document_entry")} == {APPROVED.value}


def test_an_update_of_an_old_version_is_refused(room):
    (entry,) = room.put(room.document())
    room.do(room.caller(), room.mask(entry))
    with pytest.raises(VersionMismatch):
        room.do(room.caller(), room.mask(entry, ()))


def test_an_update_for_another_patient_than_the_assertion_s_is_refused(room):
    (entry,) = room.put(room.document())
    with pytest.raises(PatientMismatch):
        room.do(room.caller(patient=NESSI), room.mask(entry))


def test_a_masked_document_cannot_be_told_from_one_that_never_was(room):
    (entry,) = room.put(room.document(masks=(MASQUE_PS,)))
    absent = replace(entry, entry_uuid="urn:uuid:0d5c7aa2-0000-4000-8000-000000000001", unique_id="2.25.1")
    absent = replace(absent, logical_id=absent.entry_uuid)
    other = room.caller(HOSPITAL_DOCTOR)
    told = []
    for one in (entry, absent):
        for act in (room.mask(one, (), by=HOSPITAL_DOCTOR), room.status(one, ARCHIVED, by=HOSPITAL_DOCTOR)):
            with pytest.raises(CarnetError) as refusal:
                room.do(other, act)
            told.append((type(refusal.value), refusal.value.message))
    assert told[:2] == told[2:]


# --- no reading after an acknowledged mask -------------------------------------------------------------------------

READINGS = {
    "FindDocuments": lambda room, one: room.finding(*EVERY),
    "FindDocuments, references": lambda room, one: room.finding(*EVERY, return_type=REFERENCES),
    "FindDocuments, old versions": lambda room, one: room.finding(DEPRECATED),
    "FindDocuments, current": lambda room, one: room.finding(),
    "FindSubmissionSets": lambda room, one: searching(
        FindSubmissionSets((PAT_TROIS.identifier,), (APPROVED, ARCHIVED)), ReturnType.LEAF_CLASS
    ),
    "GetAll": lambda room, one: room.getting_all(),
    "GetAll, references": lambda room, one: room.getting_all(return_type=REFERENCES),
    "GetDocuments by uniqueId": lambda room, one: room.getting(unique_ids=(one.unique_id,)),
    "GetDocuments by logicalId": lambda room, one: room.getting(logical_ids=(one.logical_id,)),
    "GetDocuments, the old version": lambda room, one: room.getting(entry_uuids=(one.old,)),
    "GetDocuments, the old version, reference": lambda room, one: room.getting(
        entry_uuids=(one.old,), return_type=REFERENCES
    ),
    "GetDocuments, the current version": lambda room, one: room.getting(entry_uuids=(one.current,)),
    "GetAssociations": lambda room, one: room.getting(Get.ASSOCIATIONS, entry_uuids=(one.old, one.current)),
    "GetDocumentsAndAssociations": lambda room, one: room.getting(
        Get.DOCUMENTS_AND_ASSOCIATIONS, unique_ids=(one.unique_id,)
    ),
    "GetSubmissionSets": lambda room, one: room.getting(Get.SUBMISSION_SETS, entry_uuids=(one.old, one.current)),
    "GetSubmissionSetAndContents": lambda room, one: room.getting(
        Get.SUBMISSION_SET_AND_CONTENTS, unique_ids=(one.submission_set,)
    ),
    "RetrieveDocumentSet": lambda room, one: room.retrieving(one.unique_id),
}
SEEN_BY_OLD_VERSION = tuple(name for name in READINGS if name != "FindDocuments, current")


class Watchlist:
    """A document of the médecin traitant with an old and a current version, and what it is called."""

    def __init__(self, room) -> None:
        submission = room.submission(room.document())
        requester = room.caller()
        registered = room.do(requester, room.submitting(submission, requester))
        (first,) = registered.entries
        masked = room.do(requester, room.mask(first)).changes[0].after
        self.entry = room.do(requester, room.mask(masked, ())).changes[0].after
        self.unique_id, self.logical_id = first.unique_id, first.logical_id
        self.old, self.current = first.entry_uuid, self.entry.entry_uuid
        self.submission_set = submission.submission_set.unique_id


def shown(room, requester, act):
    """Everything that an answer shows: references, metadata, documents. Nobody gets more than this."""
    answer = room.do(requester, act)
    if isinstance(answer, tuple):
        return [room.give(one) for one in answer if not isinstance(one, CarnetError)]
    return [*answer.references, *answer.objects]


def is_hidden_once_masked(room, reading):
    one, other = Watchlist(room), room.caller(HOSPITAL_DOCTOR)
    act = READINGS[reading](room, one)
    assert shown(room, other, act), "the reading shows nothing to begin with"
    room.do(room.caller(), room.mask(one.entry))
    assert shown(room, other, act) == [], "shown after the mask"
    assert shown(room, other, READINGS[reading](room, one)) == [], "shown after the mask"


@pytest.mark.parametrize("reading", READINGS)
def test_no_reading_begun_after_an_acknowledged_mask_shows_anything(room, reading):
    is_hidden_once_masked(room, reading)


@pytest.mark.parametrize("reading", READINGS)
def test_a_reading_that_follows_a_mask_in_the_same_batch_shows_nothing(room, reading):
    one, other = Watchlist(room), room.caller(HOSPITAL_DOCTOR)
    act = READINGS[reading](room, one)
    before, mask, after = room.together((other, act), (room.caller(), room.mask(one.entry)), (other, act))
    assert not isinstance(mask, BaseException)
    if isinstance(after, tuple):
        assert [isinstance(answer, CarnetError) for answer in (*before, *after)] == [False, True]
    else:
        assert before.references
        assert (after.references, after.objects) == ((), ())


@pytest.mark.parametrize("reading", READINGS)
def test_a_mask_holds_after_a_restart_and_ends_when_it_is_taken_back(open_room, reading):
    room = open_room()
    one, other = Watchlist(room), room.caller(HOSPITAL_DOCTOR)
    masked = room.do(room.caller(), room.mask(one.entry)).changes[0].after
    room = open_room()
    act = READINGS[reading](room, one)
    assert shown(room, other, act) == []
    room.do(room.caller(), room.mask(masked, ()))
    assert shown(room, other, act)


def test_a_masked_document_is_not_read_in_an_emergency_unless_the_patient_said_so(room):
    one = Watchlist(room)
    room.do(room.caller(), room.mask(one.entry))
    breaker = room.glass_breaker(OTHER_GP)
    for reading in READINGS.values():
        assert shown(room, breaker, reading(room, one)) == []


def test_who_masked_it_and_who_wrote_it_go_on_reading_it(room):
    one = Watchlist(room)
    room.do(room.caller(), room.mask(one.entry))
    for reading in READINGS.values():
        assert shown(room, room.caller(), reading(room, one))


def remember_what_was_seen(monkeypatch):
    """A stale judgement: what a caller once saw stays seen, as a cache of verdicts would have it."""
    seen, facts = {}, {}
    visible, document_facts = search.visible, retrieval.document_facts

    def stale_visible(scope, found):
        def sees(entry):
            now = bool(visible(scope, Found(entries=(entry,))).entries)
            return seen.setdefault((scope.requester.identifier, entry.uuid), now)

        return found.seen_by(sees)

    def stale_facts(scope, entry) -> DocumentFacts:
        return facts.setdefault(entry.uuid, document_facts(scope, entry))

    monkeypatch.setattr(search, "visible", stale_visible)
    monkeypatch.setattr(retrieval, "visible", stale_visible)
    monkeypatch.setattr(retrieval, "document_facts", stale_facts)


@pytest.mark.parametrize("reading", SEEN_BY_OLD_VERSION)
def test_control_a_stale_judgement_is_caught(room, monkeypatch, reading):
    remember_what_was_seen(monkeypatch)
    one = Watchlist(room)
    room.do(room.caller(HOSPITAL_DOCTOR), room.retrieving(one.unique_id))
    room.do(room.caller(HOSPITAL_DOCTOR), room.getting(entry_uuids=(one.old,)))
    with pytest.raises(AssertionError, match="shown after the mask"):
        is_hidden_once_masked(room, reading)


# --- no reading after an acknowledged end of the authorisation -----------------------------------------------------

ENDS = {
    "ended": lambda office: office.end_authorisation(PAT_TROIS.identifier, HOSPITAL_DOCTOR.identifier),
    "blocked": lambda office: office.block(PAT_TROIS.identifier, HOSPITAL_DOCTOR.identifier),
    "structure blocked": lambda office: office.block(PAT_TROIS.identifier, HOSPITAL_DOCTOR.organization.identifier),
    "closed": lambda office: office.close_record(PAT_TROIS.identifier, "FERMETURE_DEMANDE_PATIENT"),
}


def is_refused_once_ended(room, reading, end):
    one, other = Watchlist(room), room.caller(HOSPITAL_DOCTOR)
    act = READINGS[reading](room, one)
    assert shown(room, other, act)
    assert ENDS[end](Administration(room.gate, "operator:test"))
    try:
        assert shown(room, other, act) == [], "shown after the end"
    except Refused:
        return
    # Without authorisation, references of one's own documents may still be asked for; there are none.
    assert "reference" in reading


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("reading", READINGS)
def test_no_reading_begun_after_the_authorisation_ended_shows_anything(room, reading, end):
    is_refused_once_ended(room, reading, end)


@pytest.mark.parametrize("reading", ["FindDocuments", "GetAll", "RetrieveDocumentSet"])
def test_control_stale_facts_about_the_requester_are_caught(room, monkeypatch, reading):
    known = {}
    engine = room.platform.engine
    decide, decide_document, viewer = engine.decide, engine.decide_document, engine.viewer

    def stale(kind, ask):
        def asked(requester, record, *rest):
            first = known.setdefault(requester.identifier, record)
            return ask(requester, first, *rest)

        monkeypatch.setattr(engine, kind, asked)

    stale("decide", decide)
    stale("decide_document", decide_document)
    stale("viewer", viewer)
    with pytest.raises(AssertionError, match="shown after the end"):
        is_refused_once_ended(room, reading, "blocked")


# --- what is shown is the present state ----------------------------------------------------------------------------


class StaleRenditions(RenditionCache):
    """Keeps an object's first rendition whatever became of it."""

    def get_many(self, owner, marks):
        known = {mark[0]: rendition for mark, rendition in self._kept.get(owner, {}).items()}
        return [known.get(mark[0]) for mark in marks]


def shows_the_present_status(room):
    (entry,) = room.put(room.document())
    author = room.caller()
    assert APPROVED.value.encode() in room.do(author, room.getting(entry_uuids=(entry.entry_uuid,))).objects[0]
    room.do(author, room.mask(entry))
    (now,) = room.do(author, room.getting(entry_uuids=(entry.entry_uuid,))).objects
    assert DEPRECATED.value.encode() in now, "a former status"
    assert APPROVED.value.encode() not in now


def test_metadata_read_after_a_change_are_those_of_after_it(room):
    shows_the_present_status(room)


def test_control_a_stale_memory_of_renditions_is_caught(room):
    room.platform = replace(room.platform, renditions=StaleRenditions(1_000_000))
    room.gate.platform = room.platform
    with pytest.raises(AssertionError, match="a former status"):
        shows_the_present_status(room)
