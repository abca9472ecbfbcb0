"""Care software asks, while somebody orders, what was done already (CDS Hooks 2.0), and is told as much as that person may read."""

from __future__ import annotations

import base64
import json

import pytest

from carnet.client.feeding import from_cda
from carnet.clock import DAY, system_clock, to_dtm
from carnet.demo.documents import LAB_REPORT
from carnet.demo.lab_reports import Measured, lab_report
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP
from carnet.metadata import MASQUE_PS

POTASSIUM = {"coding": [{"system": "http://loinc.org", "code": "2823-3", "display": "Potassium"}]}


def order(code=POTASSIUM, *, hook="order-select", patient="42"):
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "ServiceRequest", "id": "1", "code": code}}],
    }
    context = {"userId": "Practitioner/1", "patientId": patient, "draftOrders": bundle}
    return {"hook": hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context}


def bearer(assertion):
    return "Bearer " + base64.urlsafe_b64encode(assertion).decode().rstrip("=")


def asked(record, by=MEDECIN_TRAITANT, *, request=None, service="examens-deja-faits", assertion=None, certificate=True):
    house = record.house
    assertion = house.assertion(by, record.identifier) if assertion is None else assertion
    return house.http(by if certificate else None).post(
        f"{house.stage.address}/cds-services/{service}",
        content=json.dumps(request or order()),
        headers={"authorization": bearer(assertion), "content-type": "application/json"},
    )


@pytest.fixture(scope="module")
def measured(house):
    """A record that another doctor may read too, with an older report that all may read and a newer one that is masked."""
    record = house.new_record(OTHER_GP)
    for days, digits, masks in ((40, "3.90", ()), (3, "4.40", (MASQUE_PS,))):
        at = system_clock() - days * DAY
        one = Measured("2823-3", "Potassium [Moles/Volume] Sérum/Plasma", digits, "mmol/L", to_dtm(at)[:8])
        record.put(from_cda(lab_report(record.draft(created=at, type=LAB_REPORT), [one]), masks=masks))
    return record


def test_the_services_are_told_to_whoever_asks(house):
    found = house.http().get(f"{house.stage.address}/cds-services").json()["services"]
    assert {(one["id"], one["hook"]) for one in found} == {
        ("examens-deja-faits", "order-select"),
        ("examens-deja-faits-signature", "order-sign"),
    }


def test_the_same_examination_is_told_on_a_card_with_value_date_and_where_it_was_made(measured):
    answer = asked(measured)
    assert answer.status_code == 200, answer.text
    (card,) = answer.json()["cards"]
    assert card["indicator"] == "warning"
    assert card["summary"].startswith("Déjà au dossier : Potassium")
    assert "4\\.40 mmol/L" in card["detail"]
    assert len(card["summary"]) <= 140


def test_what_is_masked_is_on_no_card_of_who_may_not_read_it(measured):
    (card,) = asked(measured, OTHER_GP).json()["cards"]
    assert "3\\.90" in card["detail"]
    assert "4\\.40" not in card["detail"]
    assert "1 document(s)" in card["detail"]


def test_what_was_never_done_has_no_card(measured):
    other = {"coding": [{"system": "http://loinc.org", "code": "2951-2", "display": "Sodium"}]}
    assert asked(measured, request=order(other)).json() == {"cards": []}
    signing = asked(measured, request=order(other, hook="order-sign"), service="examens-deja-faits-signature")
    assert signing.json() == {"cards": []}


def test_an_ins_of_somebody_else_is_refused_and_the_software_s_own_identifier_says_nothing(measured):
    assert asked(measured, request=order(patient=measured.identifier.value)).status_code == 200
    refused = asked(measured, request=order(patient="207058575627097"))
    assert refused.status_code == 403
    assert refused.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "written", ["Patient/{}", "urn:oid:1.2.250.1.213.1.4.8|{}", "{}^^^&1.2.250.1.213.1.4.8&ISO^NH"]
)
def test_an_ins_of_somebody_else_is_found_however_it_is_written(measured, written):
    assert asked(measured, request=order(patient=written.format("207058575627097"))).status_code == 403


def test_fifteen_letters_are_no_ins(measured):
    assert asked(measured, request=order(patient="abcdefghijklmno")).status_code == 200


def test_an_order_for_another_patient_than_the_request_is_refused(measured):
    request = order()
    request["context"]["draftOrders"]["entry"][0]["resource"]["subject"] = {"reference": "Patient/43"}
    assert asked(measured, request=request).status_code == 403


def done_by(record, who):
    """How many lines of the record's trace are of somebody."""
    return sum(line["requester_id"] == who.identifier for line in record.trace())


def told(record, body, *, service="examens-deja-faits", certificate=True, media_type="application/json"):
    return record.house.http(MEDECIN_TRAITANT if certificate else None).post(
        f"{record.house.stage.address}/cds-services/{service}/feedback",
        content=json.dumps(body),
        headers={"content-type": media_type},
    )


def test_what_software_tells_of_a_card_is_counted_and_leaves_no_trace_of_anybody(measured):
    (card,) = asked(measured).json()["cards"]
    before = done_by(measured, MEDECIN_TRAITANT)
    overridden = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"}
    comment = {"userComment": "SECRET"}
    answer = told(measured, {"feedback": [overridden | {"overrideReason": comment}, overridden]})
    assert (answer.status_code, answer.json()) == (200, {})
    assert done_by(measured, MEDECIN_TRAITANT) == before
    figures = measured.house.http().get(measured.house.stage.address + "/metrics").text
    assert 'carnet_hook_feedback_total{outcome="overridden",service="examens-deja-faits"} 2.0' in figures
    assert "SECRET" not in figures


@pytest.mark.parametrize(
    ("about", "status"),
    [({"certificate": False}, 401), ({"service": "nothing"}, 404), ({"media_type": "text/plain"}, 400)],
)
def test_feedback_without_certificate_of_no_service_or_in_another_form_is_refused(measured, about, status):
    assert told(measured, {"feedback": []}, **about).status_code == status
    assert told(measured, {"feedback": [{}]}).status_code == 400


def test_a_request_that_is_not_sent_as_json_is_refused(measured):
    house = measured.house
    answer = house.http(MEDECIN_TRAITANT).post(
        f"{house.stage.address}/cds-services/examens-deja-faits",
        content=json.dumps(order()),
        headers={
            "authorization": bearer(house.assertion(MEDECIN_TRAITANT, measured.identifier)),
            "content-type": "text/plain",
        },
    )
    assert answer.status_code == 400


def test_an_assertion_is_used_once(measured):
    assertion = measured.house.assertion(MEDECIN_TRAITANT, measured.identifier)
    assert asked(measured, assertion=assertion).status_code == 200
    assert asked(measured, assertion=assertion).status_code == 401


def test_without_certificate_or_assertion_nobody_is_answered(measured):
    assert asked(measured, certificate=False).status_code == 401
    assert asked(measured, assertion=b"<a/>").status_code == 401
    house = measured.house
    bare = house.http(MEDECIN_TRAITANT).post(f"{house.stage.address}/cds-services/examens-deja-faits", json=order())
    assert bare.status_code == 401


def test_who_has_no_right_to_read_is_refused_and_traced(house):
    record = house.new_record()
    assert asked(record, OTHER_GP).status_code == 403
    assert record.last_line("pro/examinations-done")["outcome"] == "refused"


@pytest.mark.parametrize(
    ("service", "hook", "status"), [("nothing", "order-select", 404), ("examens-deja-faits", "order-sign", 404)]
)
def test_a_service_or_hook_that_is_not_offered_is_told(measured, service, hook, status):
    assert asked(measured, service=service, request=order(hook=hook)).status_code == status


def test_what_is_no_request_is_refused_with_an_outcome(measured):
    answer = asked(measured, request={"hook": "order-select"})
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "structure")
