"""Messages of the patient services with something taken away or doubled: read, or refused as bad input, never a failure of ours."""

from __future__ import annotations

import copy

import pytest
from lxml import etree

from carnet import hardened_xml
from carnet.demo.people import PAT_TROIS
from carnet.errors import CarnetError
from carnet.identity.patient_search import Criteria
from carnet.soap import envelope
from carnet.soap.hl7v3 import header_of
from carnet.soap.operations import operation_of
from carnet.soap.patient_messages import candidates_query, record_query, record_request
from carnet.soap.patient_requests import (
    administrative_change,
    asked_query,
    closing_reason,
    opening_request,
    queried_patient,
    registered_patient,
    searched_traits,
)

PATIENT, NOW = PAT_TROIS.identifier, 1_790_000_000_000_000
AUTHOR = ("899970000024", "SAULNIER", "BASTIEN", "1990000010")
SAID = [("CONSENTEMENT_OUVERTURE_DMP", True), ("OPPOSITION_BRIS_DE_GLACE", True)]
NAMES = [("family", "SP", "USAGE"), ("given", "", "ANNE")]
CLOSING = ("FERMETURE_DEMANDE_PATIENT", "À sa demande")
MESSAGES = {
    "td0.2": (record_query(PATIENT, "TEST_EXST", NOW), queried_patient),
    "td0.5": (candidates_query(Criteria("X", "Y", "1984", "F"), NOW), searched_traits),
    "td1.1": (
        record_request(PATIENT, "CREA_RD", NOW, author=AUTHOR, observations=SAID),
        lambda message: opening_request(message, "td1.1"),
    ),
    "td1.3b": (record_request(PATIENT, "MODIF_DATA", NOW, names=NAMES, observations=SAID), administrative_change),
    "td1.4": (record_request(PATIENT, "FERM", NOW, closing=CLOSING), closing_reason),
}


def without_each_element(root):
    for number in range(1, len(list(root.iter()))):
        changed = copy.deepcopy(root)
        element = list(changed.iter())[number]
        element.getparent().remove(element)
        yield changed


def with_each_element_twice(root):
    for number in range(1, len(list(root.iter()))):
        changed = copy.deepcopy(root)
        element = list(changed.iter())[number]
        element.addnext(copy.deepcopy(element))
        yield changed


def without_each_attribute(root):
    for number, element in enumerate(root.iter()):
        for name in element.attrib:
            changed = copy.deepcopy(root)
            del list(changed.iter())[number].attrib[name]
            yield changed


def with_each_attribute_blank_or_odd(root):
    for number, element in enumerate(root.iter()):
        for name in element.attrib:
            for value in ("", " ", "é" * 2_000, "<&>"):
                changed = copy.deepcopy(root)
                list(changed.iter())[number].attrib[name] = value
                yield changed


MANGLERS = [without_each_element, with_each_element_twice, without_each_attribute, with_each_attribute_blank_or_odd]


@pytest.mark.parametrize("mangle", MANGLERS, ids=lambda mangle: mangle.__name__)
@pytest.mark.parametrize("transaction", MESSAGES)
def test_a_mangled_message_is_read_or_refused(transaction, mangle):
    content, read = MESSAGES[transaction]
    tried = 0
    for changed in mangle(hardened_xml.parse(content)):
        tried += 1
        whole = envelope.parse(envelope.write_request("urn:x", "urn:uuid:m", etree.tostring(changed)))
        message = whole.body_element
        try:
            operation_of(whole)
            header_of(message)
            asked_query(message)
            if transaction.startswith("td1"):
                assert registered_patient(message) is not None
            assert read(message) is not None
        except CarnetError:
            continue
    assert tried > 10


def test_the_patient_of_a_mangled_query_is_never_another():
    content, _ = MESSAGES["td0.2"]
    for mangle in MANGLERS:
        for changed in mangle(hardened_xml.parse(content)):
            try:
                assert queried_patient(changed) == PATIENT or mangle is with_each_attribute_blank_or_odd
            except CarnetError:
                continue
