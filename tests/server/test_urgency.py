"""What a request says of itself before it is read: its action, and the word of an emergency in its bytes. A claim is believed so often only."""

from __future__ import annotations

import pytest

from carnet.client.exchange_service import ExchangeService
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.requester import AccessMode
from carnet.server.urgency import CLAIMS, LARGE, LOOKED_AT, REGAINED_AFTER, Credit, claims_urgency, transaction_of
from carnet.soap import mtom
from carnet.soap.operations import BY_TRANSACTION

ACTION = BY_TRANSACTION["iti57"].action


@pytest.mark.parametrize("transaction", [name for name in BY_TRANSACTION if name not in {"td0.2", "td1.2"}])
def test_the_action_of_a_content_type_names_the_transaction(transaction):
    action = BY_TRANSACTION[transaction].action
    said = transaction_of(f'application/soap+xml; charset=UTF-8; action="{action}"'.encode())
    assert BY_TRANSACTION[said].action == action
    multipart, _ = mtom.write(b"<x/>", (), "boundary", action=action)
    assert BY_TRANSACTION[transaction_of(multipart.encode())].action == action


def test_the_action_may_stand_in_the_start_info_of_a_multipart():
    said = f'multipart/related; boundary=b; start-info="application/soap+xml; action=\\"{ACTION}\\""'
    assert transaction_of(said.encode()) == "iti57"


@pytest.mark.parametrize(
    "said", [b"", b"text/plain", b"application/soap+xml; action", b";;=", b"a; action=urn:x", b"\xff"]
)
def test_what_names_no_transaction_is_none(said):
    assert transaction_of(said) == ""


def test_masks_and_blocks_are_known_by_their_action_and_without_it_by_their_element():
    assert claims_urgency("registry", "iti57", b"")
    assert claims_urgency("habilitations", "td0.3", b"")
    assert claims_urgency("registry", "", b"<lcm:SubmitObjectsRequest>")
    assert claims_urgency("habilitations", "", b"<h:setAuthorization>")


def test_a_submission_is_not_urgent_though_it_carries_the_element_of_an_update():
    body = b"<xdsb:ProvideAndRegisterDocumentSetRequest><lcm:SubmitObjectsRequest>"
    assert not claims_urgency("repository", "iti41", body)
    assert not claims_urgency("repository", "", body)


@pytest.mark.parametrize("mode", [AccessMode.BRIS_DE_GLACE, AccessMode.CENTRE_15])
@pytest.mark.parametrize("service", ["registry", "repository", "patients", "habilitations"])
def test_an_emergency_is_known_by_the_word_of_its_assertion(first_stage, mode, service):
    caller = first_stage.callers[MEDECIN_TRAITANT.identifier]
    sent = ExchangeService("https://example", caller, "", purpose=mode, reason="Urgence vitale aux urgences")
    assert claims_urgency(service, "iti18", sent.request("iti18", PAT_TROIS.identifier, b"<x/>")[1])
    usual = ExchangeService("https://example", caller, "")
    assert not claims_urgency(service, "iti18", usual.request("iti18", PAT_TROIS.identifier, b"<x/>")[1])


def test_the_word_is_looked_for_at_the_beginning_of_a_small_message_alone():
    assert not claims_urgency("registry", "iti18", b"x" * LOOKED_AT + b"bris_de_glace")
    assert not claims_urgency("registry", "iti18", b"bris_de_glace" + b"x" * LARGE)


def test_a_claim_is_given_back_when_it_was_true_and_with_time_when_it_was_not():
    now = [0.0]
    credit = Credit(lambda: now[0])
    for _ in range(50):
        assert credit.take(b"a")
        credit.settle(b"a", true=True)
    for _ in range(CLAIMS):
        assert credit.take(b"a")
        credit.settle(b"a", true=False)
    assert not credit.take(b"a")
    assert credit.take(b"b")
    now[0] += 2 * REGAINED_AFTER
    assert [credit.take(b"a") for _ in range(3)] == [True, True, False]
    now[0] += CLAIMS * REGAINED_AFTER
    credit.settle(b"a", true=False)
    credit.settle(b"b", true=True)
    assert credit._used == {}
