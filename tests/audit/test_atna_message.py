"""A line of the trace as an audit message: the codes of each transaction, who, whom, and nothing that XML or syslog cannot hold."""

from __future__ import annotations

import base64

import pytest

from carnet import hardened_xml
from carnet.audit.act_words import WORDS
from carnet.audit.atna_codes import EVENTS, codes_of
from carnet.audit.atna_message import AuditSource, Told, audit_message
from carnet.audit.syslog_tls import Header, framed, read_address, syslog_message
from carnet.errors import ConfigurationError

SOURCE = AuditSource("carnet.test", "carnet.test/trace", "1.2.250.1.999.5")
AT = 1_790_000_000_123_456
PLAIN = {
    "action": "iti43", "outcome": "done", "mode": "normal", "reason": "", "requester_id": "899700218896",
    "requester_name": "Camille TESTARD", "requester_role": "10", "organization_id": "1750000001", "organization_name": "",
    "software": "Logiciel d'essai 1.0", "address": "192.0.2.7", "certificate": "ab" * 32, "patient": "279^^^&1.2&ISO^NH",
    "objects": ("1.2.3", "1.2.4"), "rules": ("care-team",), "matrix_version": "2026-11", "detail": "2 of 2", "secret": False,
}  # fmt: skip


def message(told=None, **changes):
    told = told or Told(7, AT, PLAIN | changes)
    return hardened_xml.parse(audit_message(told, SOURCE))


def coded(root, path):
    found = root.find(path)
    return found.get("csd-code"), found.get("codeSystemName")


@pytest.mark.parametrize(
    ("action", "event", "kind", "letter"),
    [
        ("iti18", "110112", "ITI-18", "E"),
        ("iti41", "110107", "ITI-41", "C"),
        ("iti43", "110106", "ITI-43", "R"),
        ("iti57", "110107", "ITI-57", "U"),
        ("administration/read-trail", "110101", "read-trail", "R"),
        ("patient/block", "110110", "block", "U"),
        ("life/open", "110110", "open", "U"),
    ],
)
def test_each_transaction_has_its_codes(action, event, kind, letter):
    root = message(action=action)
    assert coded(root, "EventIdentification/EventID") == (event, "DCM")
    assert root.find("EventIdentification/EventTypeCode").get("csd-code") == kind
    assert root.find("EventIdentification").get("EventActionCode") == letter


def test_a_caller_who_was_not_identified_is_a_failed_login():
    root = message(rules=("authentication",), outcome="refused", patient="", objects=())
    assert coded(root, "EventIdentification/EventID") == ("110114", "DCM")
    assert coded(root, "EventIdentification/EventTypeCode") == ("110122", "DCM")
    assert root.find("EventIdentification").get("EventOutcomeIndicator") == "4"


@pytest.mark.parametrize(("outcome", "indicator"), [("done", "0"), ("refused", "4"), ("failed", "8")])
def test_the_outcome_is_coded(outcome, indicator):
    assert message(outcome=outcome).find("EventIdentification").get("EventOutcomeIndicator") == indicator


def test_documents_leave_us_in_a_retrieval_and_come_in_otherwise():
    def roles(root):
        return [
            (one.get("UserID"), one.find("RoleIDCode").get("csd-code"))
            for one in root.findall("ActiveParticipant")
            if one.find("RoleIDCode").get("codeSystemName") == "DCM"
        ]

    assert roles(message()) == [("Logiciel d'essai 1.0", "110152"), ("1.2.250.1.999.5", "110153")]
    assert roles(message(action="iti41")) == [("Logiciel d'essai 1.0", "110153"), ("1.2.250.1.999.5", "110152")]


def test_the_message_names_the_person_the_patient_and_the_documents():
    root = message(mode="bris_de_glace", reason="inconscient")
    person = root.findall("ActiveParticipant")[1]
    assert (person.get("UserID"), person.get("UserName"), person.get("AlternativeUserID")) == (
        "899700218896", "Camille TESTARD", "1750000001",
    )  # fmt: skip
    objects = root.findall("ParticipantObjectIdentification")
    assert [(one.get("ParticipantObjectTypeCode"), one.get("ParticipantObjectTypeCodeRole")) for one in objects] == [
        ("1", "1"), ("2", "3"), ("2", "3"), ("2", "13"),
    ]  # fmt: skip
    assert [one.get("ParticipantObjectID") for one in objects] == [
        "279^^^&1.2&ISO^NH",
        "1.2.3",
        "1.2.4",
        "carnet.test/trace/7",
    ]
    details = {
        one.get("type"): base64.b64decode(one.get("value")).decode()
        for one in objects[-1].findall("ParticipantObjectDetail")
    }
    assert details == {
        "mode": "bris_de_glace",
        "reason": "inconscient",
        "rules": "care-team",
        "matrix_version": "2026-11",
    }
    assert coded(root, "EventIdentification/PurposeOfUse")[0] == "BTG"
    assert root.find("AuditSourceIdentification").get("AuditSourceID") == "carnet.test"
    assert root.find("EventIdentification").get("EventDateTime") == "2026-09-21T14:13:20.123456Z"


def test_a_professional_whom_a_choice_is_about_is_named_as_a_practitioner_and_no_document():
    objects = message(action="patient/block", objects=("899700218896",)).findall("ParticipantObjectIdentification")
    assert [(one.get("ParticipantObjectID"), one.get("ParticipantObjectTypeCodeRole")) for one in objects[1:-1]] == [
        ("899700218896", "15")
    ]
    assert (
        len(message(action="patient/declare-carer", objects=("279",)).findall("ParticipantObjectIdentification")) == 2
    )


def test_a_query_is_an_object_of_its_message():
    query = message(action="iti18", detail="FindDocuments LeafClass 2").findall("ParticipantObjectIdentification")[1]
    assert (query.get("ParticipantObjectID"), query.get("ParticipantObjectTypeCodeRole")) == ("FindDocuments", "24")
    assert base64.b64decode(query.findtext("ParticipantObjectQuery")) == b"FindDocuments LeafClass 2"


def test_without_the_key_only_the_pseudonym_is_told():
    clear = {name: PLAIN[name] for name in ("action", "outcome", "mode", "rules", "requester_role", "matrix_version")}
    root = message(Told(7, AT, clear, pseudonym="f00d"))
    patient = root.find("ParticipantObjectIdentification")
    assert (patient.get("ParticipantObjectID"), patient.find("*").get("csd-code")) == ("f00d", "pseudonym")
    assert [one.get("UserID") for one in root.findall("ActiveParticipant")][:2] == ["unknown", "unknown"]


def test_a_line_that_does_not_hold_is_an_alert():
    root = message(Told(7, AT, {}, problem="The line does not match its hash."))
    assert coded(root, "EventIdentification/EventID") == ("110113", "DCM")
    assert root.findtext("EventIdentification/EventOutcomeDescription") == "The line does not match its hash."


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[2J", "\ufffe", "<&\"'>]]>", "é — 漢字 😀"])
def test_what_callers_chose_cannot_break_the_message(text):
    root = message(software=text, requester_name=text, detail=text, outcome="failed")
    assert root.find("ActiveParticipant").get("UserID")
    if text.isprintable():
        assert root.find("ActiveParticipant").get("UserID") == text


def test_the_same_line_gives_the_same_bytes():
    told = Told(7, AT, PLAIN)
    assert audit_message(told, SOURCE) == audit_message(told, SOURCE)


def test_every_act_that_has_words_has_codes_and_every_code_is_whole():
    for action in WORDS:
        codes = codes_of(action, ())
        assert codes.action in "CRUDE"
        assert all(codes.event)
        assert all(codes.kind)
    assert {"iti18", "iti41", "iti43", "iti57"} <= EVENTS.keys()


# --- syslog --------------------------------------------------------------------------------------------------------


def test_the_syslog_message_has_its_header_its_identifier_and_the_xml():
    made = syslog_message(Header("carnet.test", 32473), AT, 'a"b\\c]d', b"<x/>")
    assert made == (
        b'<85>1 2026-09-21T14:13:20.123456Z carnet.test carnet - IHE+RFC-3881 [trace@32473 id="a\\"b\\\\c\\]d"] <x/>'
    )
    assert framed(made) == b"%d %b" % (len(made), made)


@pytest.mark.parametrize("name", ["", "two words", "é", "x" * 49, "line\n"])
def test_a_source_that_is_no_host_name_is_refused(name):
    with pytest.raises(ConfigurationError):
        syslog_message(Header(name, 1), AT, "1", b"")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("arr.example", ("arr.example", 6514)), ("arr.example:70", ("arr.example", 70)), ("[::1]:70", ("::1", 70)), ("[::1]", ("::1", 6514))],
)  # fmt: skip
def test_an_address_is_read(text, expected):
    assert read_address(text) == expected


@pytest.mark.parametrize("text", ["", ":70", "host:", "host:0", "host:70000", "host:x"])
def test_an_address_of_another_form_is_refused(text):
    with pytest.raises(ConfigurationError):
        read_address(text)
