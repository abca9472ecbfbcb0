"""Deposits by the professional's portal: sealed by the service, through the act of ITI-41, as any other document of the record."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from carnet.clock import DAY
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import BIOLOGIST, LABORATORY, MEDECIN_TRAITANT, OTHER_GP
from carnet.demo.pki import TestAuthority
from carnet.errors import ConfigurationError, DuplicateIdentifier, InvalidDocument, SignatureInvalid
from carnet.identity.portal_seal import load_portal_seal
from carnet.identity.set_signing import sign_submission
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS, AvailabilityStatus
from carnet.record import signing
from carnet.record.portal_deposit import Deposit, NoSeal, deposit_act, may_seal, submission_of_one
from carnet.record.submission import prepare_submission, submit


@pytest.fixture
def room(open_room):
    return open_room(submission_signature_required=True)


def written(room, **about):
    return documents.level_1(Draft(**{"created": room.now - DAY, **about}), media_type="text/plain")


def deposit(room, content, **about):
    return Deposit(**{"name": uuid.uuid4().hex, "content": content, **about})


def by_portal(room, who=MEDECIN_TRAITANT, **changes):
    return room.caller(who, portal=True, **changes)


def test_what_the_portal_deposits_is_read_back_as_it_was_deposited(room):
    content, requester = written(room), by_portal(room)
    registered = room.do(requester, deposit_act(room.platform, requester, deposit(room, content)))
    (document,) = [one for one in registered.entries if not one.is_signature]
    (found,) = room.do(room.caller(), room.retrieving(document.unique_id))
    assert room.give(found) == content
    assert document.authors[0].person_id == requester.identifier
    assert registered.submission_set.authors[0].institution_ids == (requester.organization_id,)


def test_the_trace_says_the_act_of_care_software(room):
    requester, ticket = by_portal(room), room.last_ticket()
    room.do(requester, deposit_act(room.platform, requester, deposit(room, written(room))))
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"]) == ("iti41", "done")


def test_a_new_version_takes_the_place_of_the_former_one(room):
    first = Draft(created=room.now - DAY)
    requester = by_portal(room)
    content = documents.level_1(first, media_type="text/plain")
    registered = room.do(requester, deposit_act(room.platform, requester, deposit(room, content)))
    (old,) = [one for one in registered.entries if not one.is_signature]
    second = documents.level_1(first.next_version(room.now), media_type="text/plain")
    act = deposit_act(room.platform, requester, deposit(room, second, replaces=old.entry_uuid))
    assert room.do(requester, act).deprecated == (old.entry_uuid,)
    ((status,),) = room.rows("SELECT status FROM document_entry WHERE entry_uuid = ?", old.entry_uuid)
    assert status == AvailabilityStatus.DEPRECATED


def test_one_form_sent_twice_makes_one_document(room):
    requester = by_portal(room)
    one = deposit(room, written(room))
    acts = [deposit_act(room.platform, requester, one) for _ in range(2)]
    room.do(requester, acts[0])
    before = room.kept()
    with pytest.raises(DuplicateIdentifier):
        room.do(requester, acts[1])
    assert room.kept() == before


def test_it_is_masked_as_it_was_said_and_by_nothing_else(room):
    requester = by_portal(room)
    said = deposit(room, written(room), masks=(INVISIBLE_PATIENT,))
    registered = room.do(requester, deposit_act(room.platform, requester, said))
    (document,) = [one for one in registered.entries if not one.is_signature]
    assert document.masks == {INVISIBLE_PATIENT}


def test_it_is_not_hidden_from_professionals_and_from_the_patient_at_once(room):
    said = deposit(room, written(room), masks=(INVISIBLE_PATIENT, MASQUE_PS))
    with pytest.raises(Exception, match="at once"):
        deposit_act(room.platform, by_portal(room), said)


def test_a_visibility_that_there_is_not_is_refused(room):
    with pytest.raises(InvalidDocument, match="SECRET"):
        deposit_act(room.platform, by_portal(room), deposit(room, written(room), masks=("SECRET",)))


def test_without_a_seal_nothing_is_deposited(room):
    room.platform = replace(room.platform, portal_seal=None)
    assert not may_seal(room.platform)
    with pytest.raises(NoSeal):
        deposit_act(room.platform, by_portal(room), deposit(room, written(room)))


def test_a_revoked_seal_seals_nothing(room):
    seal = room.platform.portal_seal
    authority = TestAuthority.load(room.home / "pki", now=room.now)
    authority.revoked["organisations"][seal.holder.certificate.serial_number] = room.now
    authority.write_crls()
    room.now += DAY
    assert not may_seal(room.platform)
    with pytest.raises(NoSeal):
        deposit_act(room.platform, by_portal(room), deposit(room, written(room)))


def sealed_by(room, requester, certificate, key, chain=()):
    submission = submission_of_one(room.platform, requester, deposit(room, written(room)), room.now)
    return sign_submission(submission, certificate, key, room.now, chain=chain)


def portals(room, requester):
    seal = room.platform.portal_seal
    return sealed_by(room, requester, seal.pen.certificate, seal.pen.key)


@pytest.mark.parametrize("who", [MEDECIN_TRAITANT, LABORATORY])
def test_another_s_seal_or_card_signs_nothing_of_the_portal(room, who):
    caller = room.stage.callers[who.identifier]
    requester = by_portal(room, BIOLOGIST if who is LABORATORY else who)
    submission = sealed_by(room, requester, caller.signing.certificate, caller.signing.key)
    with pytest.raises(SignatureInvalid, match="another than who sends it"):
        prepare_submission(room.platform, requester, submission)


@pytest.mark.parametrize("who", [MEDECIN_TRAITANT, OTHER_GP])
def test_the_portal_s_seal_signs_nothing_of_care_software(room, who):
    requester = room.caller(who)
    submission = portals(room, requester)
    with pytest.raises(SignatureInvalid, match="another than who sends it"):
        prepare_submission(room.platform, requester, submission)


def test_the_portal_s_seal_signs_nothing_of_its_own_structure_s_software(room):
    requester = room.caller(OTHER_GP, organization_id=room.platform.portal_seal.holder.organization_id)
    with pytest.raises(SignatureInvalid, match="another than who sends it"):
        prepare_submission(room.platform, requester, portals(room, requester))


def test_control_a_check_of_signers_that_forgets_the_portal_lets_its_seal_through_for_all(room, monkeypatch):
    monkeypatch.setattr(signing, "_check_signer", lambda *_: None)
    requester = room.caller(OTHER_GP)
    act = submit(prepare_submission(room.platform, requester, portals(room, requester)), requester)
    assert room.do(requester, act).entries


def test_a_seal_needs_its_own_key_and_to_be_a_seal(room, tmp_path):
    pki = room.home / "pki"
    with pytest.raises(ConfigurationError, match="not the RSA key"):
        load_portal_seal(pki / "portal-seal.pem", pki / "server.key")
    with pytest.raises(ConfigurationError, match=r"not an organization's seal|none of the authorities"):
        load_portal_seal(pki / "server.pem", pki / "server.key")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_portal_seal(tmp_path / "absent.pem", pki / "server.key")


def test_half_a_seal_stops_the_start(open_room):
    with pytest.raises(ConfigurationError, match="together"):
        open_room(portal_seal_key="")
