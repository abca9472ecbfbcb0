"""What is refused although something like it is taken (`test_lenience`): the right code for each, the right words, and nothing stored."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from carnet.client.vihf import build_vihf
from carnet.clock import MINUTE, system_clock
from carnet.demo.people import HOSPITAL_DOCTOR, LABORATORY, MEDECIN_TRAITANT
from carnet.document_query import ReturnType
from carnet.metadata import (
    INVISIBLE_PATIENT,
    MASQUE_PS,
    VISIBILITY_SYSTEM,
    Author,
    AvailabilityStatus,
    Code,
    PatientIdentifier,
)
from carnet.requester import AccessMode, Authentication
from carnet.soap.messages import adhoc_query_request, provide_and_register_request, quoted
from carnet.soap.query_table import BY_NAME

FAILED = "FailedAuthentication"
METADATA = "XDSRepositoryMetadataError"


@pytest.fixture(autouse=True)
def nothing_is_stored(house, record):
    """Around each test."""
    before = house.stored()
    yield
    assert house.stored() == before


def find_documents(record):
    slots = [
        ("$XDSDocumentEntryPatientId", [record.cx]),
        ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
    ]
    return adhoc_query_request(BY_NAME["FindDocuments"].uuid, ReturnType.LEAF_CLASS, slots)


def subbed(pattern, new, count=0):
    """An edit that must change something."""

    def edit(body):
        changed, times = re.subn(pattern, new, body, count=count, flags=re.DOTALL)
        assert times, pattern
        return changed

    return edit


# --- metadata ---------------------------------------------------------------------------------------------------------

N = Code("N", "2.16.840.1.113883.5.25")


def masks(*codes):
    return tuple(Code(code, VISIBILITY_SYSTEM) for code in codes)


ENTRIES = {
    "an extension on the uniqueId": {"unique_id": "1.2.3^4"},
    "a uniqueId that is no OID": {"unique_id": "urn:uuid:5e1f"},
    "a uniqueId of more than 64 characters": {"unique_id": "1." + "2" * 63},
    "no title": {"title": ""},
    "a title of more than 128 characters": {"title": "x" * 129},
    "a type outside JDV_J66": {"type_code": Code("99999-9", "2.16.840.1.113883.6.1")},
    "a type under another coding scheme": {"type_code": Code("11488-4", "1.2.3")},
    "a class outside JDV_J57": {"class_code": Code("77", "1.2.250.1.213.1.1.4.1")},
    "a format outside JDV_J60": {"format_code": Code("urn:mine:2026", "1.2.3")},
    "a code without its scheme": {"practice_setting": Code("AMBULATOIRE", "")},
    "a setting outside the value set": {"practice_setting": Code("GARAGE", "1.2.250.1.213.1.1.4.9")},
    "a facility outside the value set": {"facility_type": Code("SA99", "1.2.250.1.71.4.2.4")},
    "a mask before the plain code": {"confidentiality_codes": (*masks(MASQUE_PS), N)},
    "a mask alone": {"confidentiality_codes": masks(MASQUE_PS)},
    "an unknown mask": {"confidentiality_codes": (N, *masks("MASQUE_TOUS"))},
    "a mask twice": {"confidentiality_codes": (N, *masks(MASQUE_PS, MASQUE_PS))},
    "masked and invisible at once": {"confidentiality_codes": (N, *masks(MASQUE_PS, INVISIBLE_PATIENT))},
    "no confidentiality": {"confidentiality_codes": ()},
    "no author": {"authors": ()},
    "an author without a person": {"authors": (Author("", ("X^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1990000010",)),)},
    "an author written by hand": {"authors": (Author("Docteur Montrieux"),)},
    "a creation time that does not exist": {"creation_time": "20260231"},
    "a creation time with its offset": {"creation_time": "20260315120000+0100"},
    "a stop before the start": {"service_start_time": "20260315", "service_stop_time": "20260314"},
    "another language": {"language": "en-US"},
    "another media type": {"mime_type": "application/pdf"},
    "no legal authenticator": {"legal_authenticator": ""},
    "no source patient": {"source_patient_id": ""},
    "a trait that is not to be sent": {"source_patient_info": ("PID-9|ALIAS",)},
    "a reference of an unknown type": {"reference_ids": ("1^^^&1.2&ISO^urn:mine",)},
    "a hash that is none": {"hash": "cafe"},
    "a signature's type on a letter": {"type_code": Code("E1762", "ASTM")},
}


@pytest.mark.parametrize("case", ENTRIES)
def test_metadata_outside_the_rules_are_refused(record, codes, case):
    sent = record.document(entry=ENTRIES[case])
    answer = record.send(record.submission(sent))
    assert set(codes(answer)) == {METADATA}
    assert all(item.context for item in answer.errors)


DISAGREEING = {
    "title": {"title": "Un autre titre"},
    "type": {"type_code": Code("57833-6", "2.16.840.1.113883.6.1"), "class_code": Code("42", "1.2.250.1.213.1.1.4.1")},
    "creation time": {"creation_time": "20200101"},
    "start": {"service_start_time": "20200101"},
    "identifier": {"unique_id": "1.2.3.4"},
    "facility": {"facility_type": Code("SA01", "1.2.250.1.71.4.2.4")},
    "format": {"format_code": Code("urn:ihe:lab:xd-lab:2008", "1.3.6.1.4.1.19376.1.2.3")},
    "author": {"authors": (Author("899970000024^SAULNIER^BASTIEN^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"),)},
}


@pytest.mark.parametrize("case", DISAGREEING)
def test_metadata_that_disagree_with_the_document_are_refused(record, codes, case):
    answer = record.send(record.submission(record.document(entry=DISAGREEING[case])))
    assert set(codes(answer)) == {"InvalidDocumentContent"}


CONTENTS = {
    "no XML": b"%PDF-1.4 nothing else",
    "another XML": b"<article/>",
    "empty": b"",
    "cut short": b'<ClinicalDocument xmlns="urn:hl7-org:v3"><realmCode code="FR"/>',
}


@pytest.mark.parametrize("case", CONTENTS)
def test_a_document_that_is_none_is_refused(record, codes, case):
    made = record.submission(record.document(), signed=False)
    made = replace(made, documents=(replace(made.documents[0], content=CONTENTS[case]),))
    answer = record.send(made)
    assert codes(answer)[0] in {"InvalidDocumentContent", METADATA, "CarnetSubmissionSignatureInvalid"}


RAW = {
    "a slot twice": subbed(rb'(<rim:Slot name="creationTime">.*?</rim:Slot>)', rb"\1\1", 1),
    "an identifier twice": subbed(rb"(<rim:ExternalIdentifier .*?</rim:ExternalIdentifier>)", rb"\1\1", 1),
    "two class codes": subbed(
        rb'(<rim:Classification classificationScheme="urn:uuid:41a5887f[^>]*>.*?</rim:Classification>)', rb"\1\1", 1
    ),
    "no id": subbed(rb'<rim:ExtrinsicObject id="Document01"', b"<rim:ExtrinsicObject"),
    "another object type": subbed(rb"7edca82f-054d-47f2-a032-9b2a5b5186c1", b"00000000-0000-0000-0000-000000000000"),
    "an unknown status": subbed(rb'(mimeType="text/xml"[^>]*) status="[^"]*"', rb'\1 status="urn:x:Fine"'),
    "an unknown association": subbed(rb"ebxml-regrep:AssociationType:HasMember", b"ebxml-regrep:AssociationType:Likes"),
    "an association to nowhere": subbed(rb' targetObject="Document01"', b""),
    "a package that is neither": subbed(rb'classificationNode="[^"]*"', b'classificationNode="urn:uuid:0"'),
    "a classification of another object": subbed(
        rb'classifiedObject="Document01"', b'classifiedObject="Document99"', 1
    ),
    "a size that is no number": subbed(
        rb'(<rim:Slot name="creationTime">)',
        rb'<rim:Slot name="size"><rim:ValueList><rim:Value>big</rim:Value></rim:ValueList></rim:Slot>\1',
        1,
    ),
    "an object of another world": subbed(rb"<rim:RegistryObjectList>", b'<rim:RegistryObjectList><rim:User id="u"/>'),
}


@pytest.mark.parametrize("case", RAW)
def test_metadata_that_cannot_be_read_in_one_way_only_are_refused(record, case):
    reply = record.send_raw(record.submission(record.document()), RAW[case])
    assert set(reply.codes) == {METADATA}


def test_the_id_of_a_document_may_not_differ_by_more_than_case(record):
    edit = subbed(rb'<xdsb:Document id="Document01"', b'<xdsb:Document id="Document-01"')
    reply = record.send_raw(record.submission(record.document()), edit)
    assert sorted(reply.codes) == ["XDSMissingDocument", "XDSMissingDocumentMetadata"]


def test_where_two_ids_differ_by_case_alone_the_case_counts(record):
    sent = [record.document(number=1), record.document(number=2)]
    sent[1] = replace(sent[1], entry=replace(sent[1].entry, entry_uuid="DOCUMENT01"))
    edit = subbed(rb'<xdsb:Document id="Document01"', b'<xdsb:Document id="document01"')
    reply = record.send_raw(record.submission(*sent), edit)
    assert set(reply.codes) == {"XDSMissingDocumentMetadata", "XDSRepositoryDuplicateUniqueIdInMessage"}


# --- the envelope -----------------------------------------------------------------------------------------------------

ENVELOPES = {
    "no MessageID": (subbed(rb"<wsa:MessageID>.*?</wsa:MessageID>", b""), "Sender"),
    "no Action": (subbed(rb"<wsa:Action .*?</wsa:Action>", b""), "Sender"),
    "the action of another transaction": (subbed(rb"RegistryStoredQuery<", b"RetrieveDocumentSet<"), "Sender"),
    "two actions": (subbed(rb"(<wsa:Action .*?</wsa:Action>)", rb"\1\1"), "Sender"),
    "an answer wanted elsewhere": (
        subbed(rb"<wsa:Address>[^<]*<", b"<wsa:Address>https://example.org/answers<"),
        "ActionNotSupported",
    ),
    "a header that must be understood": (
        subbed(rb"<soap:Header>", b'<soap:Header><x:y xmlns:x="urn:x" soap:mustUnderstand="true"/>'),
        "MustUnderstand",
    ),
    "two elements in the body": (subbed(rb"</soap:Body>", b"<x/></soap:Body>"), "Sender"),
    "no body": (subbed(rb"<soap:Body>.*</soap:Body>", b""), "Sender"),
    "another request in the body": (
        subbed(rb"query:AdhocQueryRequest", b"query:AdhocQueryRequestX"),
        "ActionNotSupported",
    ),
    "a request of another registry": (
        subbed(rb"<soap:Body>.*</soap:Body>", b'<soap:Body><x xmlns="urn:hl7-org:v3"/></soap:Body>'),
        "ActionNotSupported",
    ),
    "Latin-1 in the bytes": (
        lambda content: content.replace("Médecin".encode(), "Médecin".encode("latin-1")),
        "Sender",
    ),
    "UTF-16": (lambda content: content.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "Sender"),
    "an encoding that is declared otherwise": (lambda content: content.replace(b"UTF-8", b"ISO-8859-1", 1), "Sender"),
    "a processing instruction": (subbed(rb"<soap:Body>", b"<soap:Body><?do it?>"), "Sender"),
    "no header": (subbed(rb"<soap:Header>.*</soap:Header>", b""), "Sender"),
    "another envelope": (lambda content: content.replace(b"2003/05/soap-envelope", b"2099/05/soap-envelope"), "Sender"),
}


@pytest.mark.parametrize("case", ENVELOPES)
def test_an_envelope_that_could_be_misread_is_refused(record, case):
    edit, code = ENVELOPES[case]
    content_type, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record))
    changed = edit(content)
    assert changed != content
    before = record.house.log.read_text().count('"level": "ERROR"')
    reply = record.house.post("iti18", content_type, changed, by=MEDECIN_TRAITANT)
    assert reply.codes == [code]
    assert reply.status == 500
    assert record.house.log.read_text().count('"level": "ERROR"') == before


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/json",
        "application/soap+xml; charset=ISO-8859-1",
        "multipart/form-data; boundary=x",
    ],
)
def test_another_content_type_is_refused(record, content_type):
    _, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record))
    assert record.house.post("iti18", content_type, content, by=MEDECIN_TRAITANT).codes == ["Sender"]


@pytest.mark.parametrize(
    ("transaction", "path"), [("iti18", "iti41"), ("iti41", "iti18"), ("iti43", "iti57"), ("iti57", "iti43")]
)
def test_a_request_on_the_path_of_another_service_is_refused(record, transaction, path):
    bodies = {
        "iti18": find_documents(record),
        "iti41": provide_and_register_request(record.submission(record.document()))[0],
        "iti43": b'<x:RetrieveDocumentSetRequest xmlns:x="urn:ihe:iti:xds-b:2007"/>',
        "iti57": b'<x:SubmitObjectsRequest xmlns:x="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"/>',
    }
    content_type, content = record.house.message(MEDECIN_TRAITANT, record.identifier, transaction, bodies[transaction])
    assert record.house.post(path, content_type, content, by=MEDECIN_TRAITANT).codes == ["ActionNotSupported"]


# --- the assertion ----------------------------------------------------------------------------------------------------

ASSERTIONS = {
    "urgence as purpose": subbed(rb'code="normal"', b'code="urgence"'),
    "brisDeGlace as purpose": subbed(rb'code="normal"', b'code="brisDeGlace"'),
    "DELEGUEE as mode": subbed(rb">DIRECTE<", b">DELEGUEE<"),
    "an unknown version": subbed(rb">3\.0<", b">5.0<"),
    "another target": subbed(rb">urn:dmp<", b">urn:other<"),
    "a doctor without specialty": subbed(
        rb'<saml2:AttributeValue><Role [^>]*code="SM54"[^>]*/></saml2:AttributeValue>', b""
    ),
    "a specialty that is not the doctor's": subbed(rb'code="SM54"', b'code="SM04"'),
    "a profession that is not the holder's": subbed(rb'code="10" ', b'code="60" '),
    "another holder than the card's": subbed(rb"<saml2:NameID>[^<]*", b"<saml2:NameID>899970000032"),
    "a structure where the doctor does not work": subbed(rb">499970000016001<", b">1990000028<"),
    "an INS-C": subbed(
        rb"[0-9]{15}\^\^\^&amp;1\.2\.250\.1\.213\.1\.4\.10", b"1234567890123456789012^^^&amp;1.2.250.1.213.1.4.2"
    ),
    "no software": subbed(rb'<saml2:Attribute Name="LPS_Nom">.*?</saml2:Attribute>', b""),
    "an attribute twice": subbed(rb'(<saml2:Attribute Name="LPS_Nom">.*?</saml2:Attribute>)', rb"\1\1"),
    "an attribute twice, the case of letters apart": subbed(
        rb'(<saml2:Attribute Name="Authentification_)Mode(">.*?</saml2:Attribute>)', rb"\1Mode\2\1mode\2"
    ),
    "a password instead of the card": subbed(rb"classes:SmartcardPKI", b"classes:Password"),
}


@pytest.mark.parametrize("case", ASSERTIONS)
def test_an_assertion_outside_the_rules_is_not_believed_and_the_fault_tells_nothing(record, case):
    assertion = record.house.assertion(MEDECIN_TRAITANT, record.identifier, edit=ASSERTIONS[case])
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record), assertion=assertion)
    assert reply.codes == [FAILED]
    assert reply.fault.reason == "The caller could not be identified."


def test_an_old_assertion_and_one_of_tomorrow_are_not_believed(record):
    caller = record.house.caller(MEDECIN_TRAITANT)
    for moment in (system_clock() - 6 * MINUTE, system_clock() + 2 * MINUTE):
        assertion = build_vihf(record.house.vihf(MEDECIN_TRAITANT, record.identifier), moment, caller.signing)
        reply = record.house.call(
            MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record), assertion=assertion
        )
        assert reply.codes == [FAILED]


def test_an_assertion_is_used_once(record):
    content_type, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record))
    assert record.house.post("iti18", content_type, content, by=MEDECIN_TRAITANT).codes == []
    assert record.house.post("iti18", content_type, content, by=MEDECIN_TRAITANT).codes == [FAILED]
    line = record.last_line("iti18")
    assert (line["outcome"], line["detail"]) == ("refused", "AssertionInvalid")


def test_the_assertion_of_another_is_not_believed(record):
    assertion = record.house.assertion(HOSPITAL_DOCTOR, record.identifier)
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record), assertion=assertion)
    assert reply.codes == [FAILED]


def test_a_structures_assertion_must_be_signed(record):
    vihf = record.house.vihf(LABORATORY, record.identifier)
    reply = record.house.call(
        LABORATORY, record.identifier, "iti18", find_documents(record), assertion=build_vihf(vihf, system_clock())
    )
    assert reply.codes == [FAILED]


def test_a_card_is_for_the_direct_mode(record):
    assertion = record.house.assertion(MEDECIN_TRAITANT, record.identifier, mode=Authentication.INDIRECT)
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record), assertion=assertion)
    assert reply.codes == [FAILED]


def test_a_message_without_an_assertion_is_not_believed(record):
    content_type, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record))
    bare = subbed(rb"<wsse:Security .*?</wsse:Security>", b"")(content)
    assert record.house.post("iti18", content_type, bare, by=MEDECIN_TRAITANT).codes == [FAILED]


def test_an_assertion_without_a_patient_opens_no_record(record, codes):
    assertion = record.house.assertion(MEDECIN_TRAITANT, None)
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record), assertion=assertion)
    assert reply.codes == ["XDSUnknownPatientId"]
    made = record.submission(record.document())
    body, parts = provide_and_register_request(made)
    assertion = record.house.assertion(MEDECIN_TRAITANT, None)
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti41", body, parts, assertion=assertion)
    assert reply.codes == ["XDSUnknownPatientId"]


def test_a_real_identity_of_the_same_number_is_another_patient(record):
    """The test INS of the record, under the OID of real ones: nobody."""
    real = PatientIdentifier(record.identifier.value, "1.2.250.1.213.1.4.8")
    assertion = record.house.assertion(MEDECIN_TRAITANT, real)
    body = find_documents(record).replace(b"213.1.4.10", b"213.1.4.8")
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti18", body, assertion=assertion)
    assert reply.codes == ["XDSUnknownPatientId"]


def test_a_reason_for_breaking_the_glass_is_not_a_novel(record):
    assertion = record.house.assertion(
        HOSPITAL_DOCTOR, record.identifier, purpose=AccessMode.BRIS_DE_GLACE, reason="x" * 1001
    )
    reply = record.house.call(HOSPITAL_DOCTOR, record.identifier, "iti18", find_documents(record), assertion=assertion)
    assert reply.codes == [FAILED]
