"""What a document's signatures are worth when it is read: verified again over what is stored, by certificates as they were and are now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carnet.clock import DAY, HOUR
from carnet.demo.people import COMMUNITY_NURSE, MEDECIN_TRAITANT
from carnet.demo.pki import PERSONS, TestAuthority
from carnet.identity.certificate_state import CertificateState
from carnet.record.seen_document import reading, showing
from carnet.record.signature_findings import Signatures, Verdict, signatures_of


@pytest.fixture
def signed_room(open_room):
    return open_room(submission_signature_required=True)


def put(room, *documents):
    """Documents of one signed set; their entries but the signature's."""
    requester = room.caller()
    act = room.submitting(room.submission(*documents, signed=True), requester)
    return [entry for entry in room.do(requester, act).entries if not entry.is_signature]


def parts(room, unique_id, caller=None):
    """What the gate gives, with the bytes of the document and of the signature."""
    caller = caller or room.caller()
    found = room.do(caller, showing(unique_id)).parts
    located, _ = room.do(caller, reading(unique_id))
    return found, room.give(located), room.give(found.signature) if found.signature is not None else None


def test_the_signature_of_the_set_is_verified_over_what_is_stored(signed_room):
    entry = put(signed_room, signed_room.document())[0]
    found, content, signature = parts(signed_room, entry.unique_id)
    told = signatures_of(signed_room.platform, found, content, signature)
    assert told.of_set.verdict is Verdict.VALID
    assert MEDECIN_TRAITANT.family_name in told.of_set.name
    assert told.of_set.certificate is CertificateState.VALID
    assert not told.of_set.by_structure
    assert told.of_document.verdict is Verdict.NONE
    assert abs(told.of_set.signed_at - told.came_at) < DAY


def test_a_changed_document_a_changed_signature_and_another_s_signature_are_not_valid(signed_room):
    room = signed_room
    entry = put(room, room.document())[0]
    other = put(room, room.document(title="Autre"))[0]
    found, content, signature = parts(room, entry.unique_id)
    _, _, foreign = parts(room, other.unique_id)
    place = signature.index(b"SignatureValue>") + 40
    cut = signature[:place] + bytes([signature[place] ^ 1]) + signature[place + 1 :]
    altered = content.replace(b"<title>", b"<title> ", 1)
    assert altered != content
    tried = [(altered, signature), (content, cut), (content, foreign), (content, b"<x/>"), (content, b"")]
    verdicts = [signatures_of(room.platform, found, *pair).of_set.verdict for pair in tried]
    assert verdicts == [Verdict.INVALID] * 5
    assert signatures_of(room.platform, found, content, None).of_set.verdict is Verdict.UNVERIFIABLE
    assert signatures_of(room.platform, found, content, signature).of_set.verdict is Verdict.VALID


def test_a_reader_who_may_not_see_the_rest_of_the_set_is_told_the_same(signed_room):
    room = signed_room
    shown, hidden = put(room, room.document(), room.document(number=2, masks=("MASQUE_PS",)))
    nurse = parts(room, shown.unique_id, room.caller(COMMUNITY_NURSE))
    told = signatures_of(room.platform, *nurse)
    assert told.of_set.verdict is Verdict.VALID
    assert hidden.unique_id not in repr(told)


def test_a_later_change_of_metadata_leaves_the_first_signature(signed_room):
    room = signed_room
    entry = put(room, room.document())[0]
    before = signatures_of(room.platform, *parts(room, entry.unique_id))
    masked = room.do(room.caller(), room.mask(entry)).changes[0].after
    room.do(room.caller(), room.mask(masked, ()))
    assert signatures_of(room.platform, *parts(room, entry.unique_id)) == before


def test_what_became_of_the_certificate_is_told_beside_a_valid_signature(signed_room):
    room = signed_room
    entry = put(room, room.document())[0]
    held = parts(room, entry.unique_id)
    assert told_certificate(room, held) is CertificateState.VALID
    authority = TestAuthority.load(room.home / "pki", now=room.now)
    card = room.stage.callers[MEDECIN_TRAITANT.identifier].signing_chain[0]
    authority.revoked[PERSONS][card.serial_number] = room.now
    authority.write_crls()
    room.now += HOUR
    assert told_certificate(room, held) is CertificateState.REVOKED
    room.now += 30 * DAY
    assert told_certificate(room, held) is CertificateState.UNKNOWN, "the lists are past their date"
    room.now += 40 * 365 * DAY
    assert told_certificate(room, held) is CertificateState.EXPIRED


def told_certificate(room, held) -> CertificateState:
    told: Signatures = signatures_of(room.platform, *held)
    assert told.of_set.verdict is Verdict.VALID
    return told.of_set.certificate


def test_an_authority_that_was_not_known_when_the_document_came_makes_it_unverifiable(signed_room):
    room = signed_room
    entry = put(room, room.document())[0]
    found, content, signature = parts(room, entry.unique_id)
    early = replace(found, came_with=replace(found.came_with, registered_at=room.now - 60 * 365 * DAY))
    assert signatures_of(room.platform, early, content, signature).of_set.verdict is Verdict.UNVERIFIABLE


def test_an_unsigned_set_is_said_to_be_unsigned(room):
    entry = room.put(room.document())[0]
    assert signatures_of(room.platform, *parts(room, entry.unique_id)).of_set.verdict is Verdict.NONE
