"""What is shown is what is signed, and reads back identical: through ITI-43, and by our own readers."""

import pytest
from synthesis_work import (
    bytes_of,
    change,
    doctor,
    draft,
    former_of,
    put_summary,
    sign,
    summary,
    told,
)

from carnet.audit.act_words import words_of
from carnet.cda.header import read_header
from carnet.cda.synthesis_model import LOINC, Model, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_reading import stated_in
from carnet.client.feeding import from_cda
from carnet.clock import DAY, HOUR, to_dtm
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.errors import DuplicateIdentifier, Refused, UnknownDocument
from carnet.metadata import MASQUE_PS, AvailabilityStatus, Code
from carnet.record.administration import Administration
from carnet.record.synthesis_acts import adding, saying, standing
from carnet.record.synthesis_signing import ChangedSince, basis, digest, signing, written

PATIENT = PAT_TROIS.identifier
TYPES = {Model.IPS_FR: "60591-5", Model.VSM: "SYNTH"}
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


def test_the_last_synthesis_is_replaced_whatever_software_deposited_it_since_the_draft(drafted):
    room, _found = drafted
    first = sign(room)
    room.now += HOUR
    draft(room)
    requester = doctor(room)
    made = room.do(requester, basis(requester))
    former = former_of(room, requester, made)
    assert (made.replaces, made.follows_another) == (first.unique_id, False)
    act = signing(room.platform, requester, made, former, shown=digest(written(requester, made, former)))
    content = summary(PARTS, by=MEDECIN_TRAITANT, at=room.now, replaces=first.unique_id)
    (elsewhere,) = room.put(from_cda(content), replaces={"Document01": first.entry_uuid})
    before = room.kept()
    with pytest.raises(ChangedSince):
        room.do(requester, act)
    assert room.kept() == before
    now = room.do(requester, basis(requester))
    assert (now.replaces, now.follows_another) == (elsewhere.unique_id, True)
    signed = sign(room)
    assert [one.unique_id for one in own(room)] == [signed.unique_id]


def own(room):
    """The syntheses in use of the doctor of these tests."""
    found = room.do(doctor(room), standing()).syntheses
    return [one for one in found if one.author.casefold() == MEDECIN_TRAITANT.name.casefold()]


@pytest.mark.parametrize(
    ("first", "second"), [(Model.IPS_FR, Model.VSM), (Model.VSM, Model.IPS_FR), (Model.VSM, Model.VSM)]
)
def test_one_model_replaces_the_other_with_every_line(drafted, first, second):
    room, _found = drafted
    before = sign(room, model=first)
    room.now += HOUR
    again = draft(room)
    assert again.former == before.unique_id
    entry = sign(room, model=second)
    assert (before.type_code.code, entry.type_code.code) == (TYPES[first], TYPES[second])
    assert (entry.class_code.code, [one.unique_id for one in own(room)]) == ("11", [entry.unique_id])
    content = bytes_of(room, entry.unique_id)
    header = read_header(content)
    assert (header.version_number, header.related[0].ids[0].root) == (2, before.unique_id)
    read = {one.part: one for one in stated_in(content) if one.told is not Told.NOT_STATED}
    assert read == {one.part: one for one in again.stated() if one.told is not Told.NOT_STATED}


def test_two_signatures_at_one_moment_make_one_document(drafted):
    room, _found = drafted
    requester = doctor(room)
    made = room.do(requester, basis(requester))
    shown = digest(written(requester, made, None))
    acts = [signing(room.platform, requester, made, None, shown=shown) for _ in range(3)]
    answers = room.together(*((requester, act) for act in acts))
    assert sum(isinstance(one, Exception) for one in answers) == 2
    assert all(isinstance(one, (UnknownDocument, DuplicateIdentifier)) for one in answers if isinstance(one, Exception))
    assert len(own(room)) == 1


def test_a_record_that_is_closed_meanwhile_takes_no_synthesis(drafted):
    room, _found = drafted
    requester = doctor(room)
    made = room.do(requester, basis(requester))
    act = signing(room.platform, requester, made, None, shown=digest(written(requester, made, None)))
    Administration(room.gate, "operator:tests").close_record(PATIENT, "asked")
    before = room.kept()
    with pytest.raises(Refused):
        room.do(requester, act)
    assert room.kept() == before


def test_the_patient_reads_what_was_done_in_words():
    for action in ("pro/see-synthesis", "pro/draft-synthesis", "synthesis-due"):
        assert words_of(action) is not None
