import json

import pytest

from carnet.cda.examinations import BodySite
from carnet.cda.result_model import LOINC
from carnet.errors import InvalidMetadata, MalformedMessage, PatientMismatch
from carnet.hooks.draft_orders import SNOMED_CT, orders_of, read_request
from carnet.metadata import Code

POTASSIUM = {"coding": [{"system": "http://loinc.org", "code": "2823-3", "display": "Potassium"}]}


def service_request(identifier="1", **about):
    return {"resourceType": "ServiceRequest", "id": identifier, "status": "draft", **about}


def asked(*resources, selections=None):
    context = {
        "userId": "Practitioner/1",
        "patientId": "42",
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]},
    }
    if selections is not None:
        context["selections"] = selections
    return json.dumps({"hook": "order-select", "hookInstance": "d1577c69", "context": context}).encode()


def orders(*resources, selections=None):
    return orders_of(read_request(asked(*resources, selections=selections)), maximum=20)


def test_an_order_is_read_with_its_codes_under_their_oids():
    (one,) = orders(service_request(code=POTASSIUM))
    assert (one.text, one.codes) == ("Potassium", (Code("2823-3", LOINC, "Potassium"),))


def test_an_order_of_r5_holds_its_codes_a_step_deeper():
    assert orders(service_request(code={"concept": POTASSIUM})) == orders(service_request(code=POTASSIUM))


def test_imaging_is_read_with_modality_part_of_the_body_and_side():
    code = {"coding": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"}], "text": "Scanner"}
    site = {
        "coding": [
            {"system": "http://snomed.info/sct", "code": "361291001"},
            {"system": "http://snomed.info/sct", "code": "7771000"},
        ]
    }
    (one,) = orders(service_request(code=code, bodySite=[site]))
    assert [code.code for code in one.modalities] == ["CT"]
    assert one.codes == ()
    assert one.sites == (BodySite(Code("361291001", SNOMED_CT), Code("7771000", SNOMED_CT)),)


def test_a_code_system_without_a_known_address_is_named_by_its_oid():
    code = {"coding": [{"system": "urn:oid:1.2.250.1.215.300.1", "code": "ACQH004"}]}
    assert orders(service_request(code=code))[0].codes == (Code("ACQH004", "1.2.250.1.215.300.1"),)


def test_only_what_is_selected_is_asked_about():
    both = (service_request("1", code=POTASSIUM), service_request("2", code={"text": "TSH"}))
    assert [one.text for one in orders(*both, selections=["ServiceRequest/2"])] == ["TSH"]
    assert len(orders(*both)) == 2


def test_other_resources_and_orders_that_name_nothing_are_passed_over():
    assert orders({"resourceType": "MedicationRequest", "code": 7}, service_request(), service_request(code={})) == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        asked(7),
        asked(service_request(code=7)),
        asked(service_request(bodySite=7)),
    ],
)
def test_what_is_no_request_is_refused(body):
    with pytest.raises(MalformedMessage):
        orders_of(read_request(body), maximum=20)


def test_more_orders_than_are_answered_are_refused():
    request = read_request(asked(*[service_request(code=POTASSIUM)] * 3))
    with pytest.raises(InvalidMetadata):
        orders_of(request, maximum=2)


def drafted(**about):
    return orders(service_request(code=POTASSIUM, **about))


def test_an_order_for_another_patient_is_refused():
    assert drafted(subject={"reference": "Patient/42"})
    assert drafted(subject={"reference": "https://lps.example/fhir/Patient/42/_history/1"})
    for other in ("Patient/43", "https://lps.example/fhir/Patient/43"):
        with pytest.raises(PatientMismatch):
            drafted(subject={"reference": other})


def test_what_is_not_to_be_done_or_was_never_meant_is_no_order():
    assert drafted(status="draft")
    assert drafted(doNotPerform=True) == drafted(status="entered-in-error") == drafted(status="revoked") == ()
