"""The proprietary services' messages: names with or without namespace, nil fillers, values that need escaping."""

from __future__ import annotations

import pytest

from carnet import hardened_xml
from carnet.errors import MalformedMessage
from carnet.soap import envelope
from carnet.soap.namespaces import HABILITATIONS
from carnet.soap.patient_answer_parse import specific_answer
from carnet.soap.patient_messages import patient_list_request, set_authorization_request
from carnet.soap.plain_values import response, value, written

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@pytest.mark.parametrize(
    "body",
    [
        "<n:setAuthorization xmlns:n='urn:si-dmp-habilitations'><action>AJOUT</action></n:setAuthorization>",
        "<setAuthorization xmlns='urn:si-dmp-habilitations'><action> AJOUT </action></setAuthorization>",
        f"<setAuthorization xmlns='urn:si-dmp-habilitations' {XSI}><role xsi:nil='true'/><action xsi:nil='1'>X</action><action>AJOUT</action></setAuthorization>",
    ],
    ids=["unqualified", "qualified", "with fillers"],
)
def test_values_are_read_with_or_without_namespace_and_past_fillers(body):
    element = hardened_xml.parse(body.encode())
    assert (value(element, "action"), value(element, "role")) == ("AJOUT", "")


def test_a_value_that_is_absent_is_left_out_and_others_are_escaped():
    assert written((("a", ""), ("b", "<&>"))) == "<b>&lt;&amp;&gt;</b>"
    assert b"<role>" not in set_authorization_request("AJOUT")
    assert b"<startDate>19700101000000</startDate>" in patient_list_request(0, "LASTDOC")


def test_an_answer_is_read_back_and_one_without_status_is_none():
    item = "<patientlistData><patientIdentifier><nationalId>1</nationalId></patientIdentifier><MT>true</MT></patientlistData>"
    written_answer = response("patientList", HABILITATIONS, item, "DMPOk", "1 < 2")
    answer = specific_answer(
        envelope.parse(envelope.write("urn:x", "", written_answer, "urn:uuid:m"), addressing=False)
    )
    assert (answer.accepted, answer.context, answer.items) == (True, "1 < 2", ({"nationalId": "1", "MT": "true"},))
    with pytest.raises(MalformedMessage):
        specific_answer(envelope.parse(envelope.write("urn:x", "", b"<nothing/>", "urn:uuid:m"), addressing=False))
