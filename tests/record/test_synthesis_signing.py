"""What is shown is what is signed, and reads back identical: through ITI-43, and by our own readers."""

import pytest
from synthesis_work import (
    bytes_of,
    change,
    doctor,
    draft,
    put_summary,
    sign,
    told,
)

from carnet.audit.act_words import words_of
from carnet.cda.header import read_header
from carnet.cda.synthesis_model import LOINC, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_reading import stated_in
from carnet.clock import DAY, HOUR, MINUTE, to_dtm
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.errors import Refused, UnknownDocument
from carnet.metadata import MASQUE_PS, AvailabilityStatus, Code
from carnet.record.administration import Administration
from carnet.record.step_up import StepUpNeeded
from carnet.record.synthesis_acts import adding, saying, standing
from carnet.record.synthesis_signing import ChangedSince, basis, digest, require_fresh, signing, written

PATIENT = PAT_TROIS.identifier
PARTS = (
    told(
        Part.PROBLEMS, SynthesisLine("Diabète <de> type 2 & suites", Code("E11", "2.16.840.1.113883.6.3"), start="2015")
    ),
    told(Part.TREATMENTS, SynthesisLine("METFORMINE 1000 mg", note="1 matin et soir", start="202001")),
    told(Part.MEASUREMENTS, SynthesisLine("Poids", Code("29463-7", LOINC), start="20260102", value="82.50", unit="kg")),
)


@pytest.fixture
def room(open_room):
    return open_room(submission_signature_required=True)


@pytest.fixture
def drafted(open_room):
    room = open_room()
    put_summary(room, PARTS, by=OTHER_GP, at=room.now - DAY)
    found = draft(room)
    found = change(room, found.name, saying(Part.ALLERGIES, Told.NONE_KNOWN))
    found = change(room, found.name, adding(Part.ALERTS, SynthesisLine("Vit seule")))
    return room, found


def test_what_was_entered_is_what_care_software_reads(drafted):
    room, found = drafted
    entry = sign(room)
    content = bytes_of(room, entry.unique_id)
    read = {one.part: one for one in stated_in(content)}
    wanted = {one.part: one for one in found.stated() if one.part in read}
    assert read == wanted
    assert [read[one.part] for one in PARTS] == list(PARTS)
    assert read[Part.ALLERGIES] == Stated(Part.ALLERGIES, Told.NONE_KNOWN)
    assert {part for part, one in read.items() if one.told is Told.NOT_STATED} == {Part.PROCEDURES, Part.DEVICES}


def test_its_author_and_the_one_who_answers_for_it_are_the_doctor_who_signed_and_when(drafted):
    room, _found = drafted
    entry = sign(room)
    header = read_header(bytes_of(room, entry.unique_id))
    assert [one.ids[0].extension for one in header.authors] == [MEDECIN_TRAITANT.identifier]
    assert header.legal_authenticator.ids[0].extension == MEDECIN_TRAITANT.identifier
    assert header.legal_authenticator.organization.ids[0].extension == MEDECIN_TRAITANT.organization.identifier
    assert abs(int(header.effective_time) - int(to_dtm(room.now))) < 100
    assert header.patient.ids[0].extension == PATIENT.value
    assert (entry.type_code.code, entry.class_code.code) == ("60591-5", "11")


def test_the_draft_ends_with_the_deposit_and_the_next_replaces_the_one_before(drafted):
    room, _found = drafted
    first = sign(room)
    assert room.rows("SELECT count(*) FROM synthesis_draft") == [(0,)]
    room.now += HOUR
    again = draft(room)
    assert again.former == first.unique_id
    second = sign(room)
    ((status,),) = room.rows("SELECT status FROM document_entry WHERE unique_id = ?", first.unique_id)
    assert status == AvailabilityStatus.DEPRECATED
    header = read_header(bytes_of(room, second.unique_id))
    before = read_header(bytes_of(room, first.unique_id))
    assert (header.set_id, header.version_number) == (before.set_id, 2)
    assert header.related[0].ids[0].root == first.unique_id
    assert next(one.unique_id for one in room.do(doctor(room), standing()).syntheses) == second.unique_id


def test_a_synthesis_by_another_doctor_stays_beside_the_new_one(drafted):
    room, _found = drafted
    entry = sign(room)
    assert read_header(bytes_of(room, entry.unique_id)).related == ()
    assert room.rows(
        "SELECT count(*) FROM document_entry WHERE status = 'urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated'"
    ) == [(0,)]


def test_what_the_patient_masked_is_replaced_by_something_masked(open_room):
    room = open_room()
    put_summary(room, PARTS, masks=(MASQUE_PS,))
    draft(room)
    assert MASQUE_PS in sign(room).masks


def test_what_changed_since_it_was_shown_is_not_signed(drafted):
    room, found = drafted
    requester = doctor(room)
    made = room.do(requester, basis(requester))
    shown = digest(written(requester, made, None))
    change(room, found.name, adding(Part.ALERTS, SynthesisLine("Autre chose")))
    newer = room.do(requester, basis(requester))
    with pytest.raises(ChangedSince):
        signing(room.platform, requester, newer, None, shown=shown)
    with pytest.raises(ChangedSince):
        room.do(requester, signing(room.platform, requester, made, None, shown=shown))
    assert room.rows("SELECT count(*) FROM synthesis_draft") == [(1,)]


def test_what_is_signed_differs_from_what_is_shown_by_the_moment_alone(drafted):
    room, _found = drafted
    requester = doctor(room)
    made = room.do(requester, basis(requester))
    shown = written(requester, made, None)
    content = bytes_of(room, sign(room).unique_id)
    moment = read_header(content).effective_time
    back = content.replace(moment.encode(), b"20000101000000").replace(moment[:8].encode() + b'"', b'20000101"')
    assert back == shown


def test_signing_twice_makes_one_document(drafted):
    room, _found = drafted
    requester = doctor(room)
    made = room.do(requester, basis(requester))
    shown = digest(written(requester, made, None))
    acts = [signing(room.platform, requester, made, None, shown=shown) for _ in range(2)]
    room.do(requester, acts[0])
    before = room.kept()
    with pytest.raises(UnknownDocument):
        room.do(requester, acts[1])
    assert room.kept() == before


def test_who_is_not_the_medecin_traitant_any_more_signs_nothing(drafted):
    room, _found = drafted
    requester = doctor(room)
    made = room.do(requester, basis(requester))
    act = signing(room.platform, requester, made, None, shown=digest(written(requester, made, None)))
    Administration(room.gate, "operator:tests").declare_medecin_traitant(PATIENT, OTHER_GP.identifier)
    before = room.kept()
    with pytest.raises(Refused):
        room.do(requester, act)
    assert room.kept() == before


def test_a_signature_asks_who_it_is_again_after_a_while(room):
    require_fresh(room.platform, room.now - 14 * MINUTE)
    with pytest.raises(StepUpNeeded):
        require_fresh(room.platform, room.now - 16 * MINUTE)


def test_the_patient_reads_what_was_done_in_words():
    for action in ("pro/see-synthesis", "pro/draft-synthesis", "synthesis-due"):
        assert words_of(action) is not None
