"""What software in the field writes otherwise and the exchange takes all the same (protocols §3.2 and §10), each case by its name.

`test_strictness` holds the other side: what looks alike and is refused.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest
from msgspec import structs

from carnet.client.feeding import status_update
from carnet.client.vihf import Signing, build_vihf
from carnet.clock import system_clock
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.document_query import ReturnType
from carnet.metadata import MASQUE_PS, AssociationType, AvailabilityStatus
from carnet.requester import Software
from carnet.soap.answer_parse import ResponseStatus
from carnet.soap.document_set import DocumentRequest, retrieve_request
from carnet.soap.faults import Severity
from carnet.soap.messages import adhoc_query_request, provide_and_register_request, quoted, update_request
from carnet.soap.namespaces import SOAP11, SOAP12
from carnet.soap.query_table import BY_NAME

STATUS = ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)])
FIND = BY_NAME["FindDocuments"].uuid


def find_documents(record):
    slots = [("$XDSDocumentEntryPatientId", [record.cx]), STATUS]
    return adhoc_query_request(FIND, ReturnType.LEAF_CLASS, slots)


def accepted(reply):
    assert reply.status == 200
    assert reply.fault is None, reply.fault
    assert reply.answer.status is ResponseStatus.SUCCESS, reply.answer.errors
    return reply.answer


def search(record, **how):
    """FindDocuments by the médecin traitant with a message of one's own making."""
    return record.house.call(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record), **how)


def subbed(pattern, new, count=0):
    """An edit that must change something."""

    def edit(body):
        changed, times = re.subn(pattern, new, body, count=count, flags=re.DOTALL)
        assert times, pattern
        return changed

    return edit


# --- metadata ---------------------------------------------------------------------------------------------------------

METADATA = {
    "CX.7 on the patientId": subbed(rb'(value="[0-9A-B]{15}\^\^\^&amp;[0-9.]+&amp;ISO\^NH)"', rb'\1^^20260101"'),
    "CX.7 on the sourcePatientId": subbed(
        rb'(name="sourcePatientId"><rim:ValueList><rim:Value>[^<]+)<', rb"\1^^20260101<"
    ),
    "Classification without classifiedObject": subbed(rb' classifiedObject="[^"]*"', b""),
    "ExternalIdentifier without registryObject": subbed(rb' registryObject="[^"]*"', b""),
    "Association without objectType": subbed(rb'(<rim:Association [^>]*?) objectType="[^"]*"', rb"\1"),
    "Classification without objectType": subbed(rb'(<rim:Classification [^>]*?) objectType="[^"]*"', rb"\1"),
    "author without nodeRepresentation": subbed(rb' nodeRepresentation=""', b""),
    "names with a charset and a language of their own": subbed(
        rb"<rim:LocalizedString ", b'<rim:LocalizedString charset="UTF8" xml:lang="FR" '
    ),
    "a label damaged by Latin-1": subbed(
        rb'LocalizedString value="Type mal lu"', b'LocalizedString value="M\xc3\x83\xc2\xa9decin"'
    ),
    "a label with replacement characters": subbed(
        rb'LocalizedString value="Type mal lu"', b'LocalizedString value="M\xef\xbf\xbddecin"'
    ),
    "a code without its label": subbed(rb'<rim:Name><rim:LocalizedString value="Type mal lu"/></rim:Name>', b""),
    "a VersionInfo": subbed(rb"(<rim:ExtrinsicObject [^>]*>)", rb'\1<rim:VersionInfo versionName="7"/>', 1),
    "a status on what is submitted": subbed(rb' status="urn:oasis[^"]*Approved"', b""),
    "blanks around values": subbed(rb"<rim:Value>([^<]+)</rim:Value>", rb"<rim:Value>\n  \1 </rim:Value>"),
    "a comment in the middle": subbed(rb"<rim:ExtrinsicObject ", b"<!-- ici --><rim:ExtrinsicObject "),
    "an ObjectRef in the list": subbed(
        rb"<rim:RegistryObjectList>", b'<rim:RegistryObjectList><rim:ObjectRef id="urn:uuid:x"/>'
    ),
    "a home community": subbed(rb"<rim:ExtrinsicObject ", b'<rim:ExtrinsicObject home="urn:oid:1.2.3" '),
    "hash and size left out": lambda body: body,
}


@pytest.mark.parametrize("case", METADATA)
def test_metadata_written_otherwise_are_taken(record, case):
    sent = record.document(title="Souplesse")
    sent = replace(
        sent, entry=replace(sent.entry, type_code=structs.replace(sent.entry.type_code, display="Type mal lu"))
    )
    accepted(record.send_raw(record.submission(sent), METADATA[case]))
    (entry,) = record.documents().entries
    assert (entry.title, entry.patient_id) == ("Souplesse", record.identifier)
    answer = record.ask_raw("FindDocuments", [("$XDSDocumentEntryPatientId", record.cx), STATUS])
    assert f'value="{record.identifier.cx().replace("&", "&amp;")}"'.encode() in answer.content
    assert record.read(entry.unique_id)[1][0].content == sent.content


def test_classifications_may_stand_beside_the_object_that_they_name(record):
    """As ebRIM 2 had it, and some software still does: the set's own classification and all others, at the end of the list."""
    moved = []

    def collect(found):
        moved.append(found[0])
        return b""

    def edit(body):
        bare = re.sub(rb"<rim:Classification [^>]*?(?:/>|>.*?</rim:Classification>)", collect, body, flags=re.DOTALL)
        assert len(moved) > 10
        return bare.replace(b"</rim:RegistryObjectList>", b"".join(moved) + b"</rim:RegistryObjectList>")

    accepted(record.send_raw(record.submission(record.document(title="À côté")), edit))
    assert record.titles() == ["À côté"]


def test_an_unknown_slot_is_named_in_a_warning_and_not_kept(record):
    slot = b'<rim:Slot name="colour"><rim:ValueList><rim:Value>blue</rim:Value></rim:ValueList></rim:Slot>'
    reply = record.send_raw(
        record.submission(record.document()), subbed(rb"(<rim:ExtrinsicObject [^>]*>)", rb"\1" + slot, 1)
    )
    answer = accepted(reply)
    assert [(item.code, item.severity) for item in answer.errors] == [("XDSExtraMetadataNotSaved", Severity.WARNING)]
    assert "colour" in answer.errors[0].context
    assert record.documents().entries[0].extra == ()


def test_a_slot_with_a_urn_for_a_name_is_kept_and_returned(record):
    slot = b'<rim:Slot name="urn:example:ward"><rim:ValueList><rim:Value>4B</rim:Value></rim:ValueList></rim:Slot>'
    reply = record.send_raw(
        record.submission(record.document()), subbed(rb"(<rim:ExtrinsicObject [^>]*>)", rb"\1" + slot, 1)
    )
    assert accepted(reply).errors == ()
    assert record.documents().entries[0].extra == (("urn:example:ward", ("4B",)),)


def test_the_id_of_a_document_may_differ_from_its_entrys_by_the_case_of_letters(record):
    edit = subbed(rb'<xdsb:Document id="Document01"', b'<xdsb:Document id="DOCUMENT01"')
    accepted(record.send_raw(record.submission(record.document()), edit))
    assert len(record.titles()) == 1


def test_a_replacement_under_its_name_of_2010_is_one(record):
    old = record.add(title="Ancien")
    made = record.replacement(old, title="Nouveau")[1]
    accepted(
        record.send_raw(
            made, subbed(rb"urn:ihe:iti:2007:AssociationType:RPLC", b"urn:ihe:iti:2010:AssociationType:RPLC")
        )
    )
    assert record.titles() == ["Nouveau"]
    links = record.ask("GetAssociations", [("$uuid", quoted(old.entry_uuid))]).associations
    assert AssociationType.RPLC in {link.type for link in links}
    assert (
        b"2010:AssociationType:RPLC"
        not in record.ask_raw("GetAssociations", [("$uuid", quoted(old.entry_uuid))]).content
    )


def test_archived_and_deleted_may_be_written_with_the_prefix_of_the_other_statuses(record):
    """As the official sample client does in an update."""
    entry = record.add()
    caller = record.house.caller(MEDECIN_TRAITANT)
    for original, new in (
        (AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED),
        (AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED),
    ):
        made = status_update(replace(entry, status=original), new, caller, system_clock())
        body = update_request(made).replace(
            b"urn:asip:ci-sis:2010:StatusType:", b"urn:oasis:names:tc:ebxml-regrep:StatusType:"
        )
        accepted(record.house.call(MEDECIN_TRAITANT, record.identifier, "iti57", body))
    assert record.versions(entry.unique_id) == ()


# --- the envelope -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transaction", "action"),
    [
        ("iti18", "urn:ihe:iti:xds-b:2007:RegistryStoredQuery-b"),
        ("iti41", "urn:ihe:iti:xds-b:2007:ProvideAndRegisterDocumentSet-b"),
        ("iti43", "urn:ihe:iti:xds-b:2007:RetrieveDocumentSet-b"),
        ("iti57", "urn:ihe:iti:xds-b:2007:UpdateDocumentSet-b"),
        ("iti57", "urn:ihe:iti:2010:UpdateDocumentSet"),
        ("iti18", "urn:some:action:of:ones:own"),
    ],
)
def test_the_action_may_be_written_as_the_sample_client_does(record, transaction, action):
    entry = record.add()
    parts = []
    if transaction == "iti18":
        body = find_documents(record)
    elif transaction == "iti41":
        body, parts = provide_and_register_request(record.submission(record.document()))
    elif transaction == "iti43":
        body = retrieve_request([DocumentRequest(record.house.repository, entry.unique_id)])
    else:
        made = status_update(entry, AvailabilityStatus.ARCHIVED, record.house.caller(MEDECIN_TRAITANT), system_clock())
        body = update_request(made)
    accepted(record.house.call(MEDECIN_TRAITANT, record.identifier, transaction, body, parts, action=action))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/soap+xml",
        "application/soap+xml; charset=utf-8",
        'application/soap+xml;charset="UTF8";action="urn:another:action"',
        "text/xml; charset=UTF-8",
        "Application/SOAP+XML; Charset=US-ASCII",
    ],
)
def test_the_content_type_is_written_in_several_ways(record, content_type):
    _, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record))
    accepted(record.house.post("iti18", content_type, content, by=MEDECIN_TRAITANT))


def test_an_envelope_of_soap_1_1_inside_mtom_is_read_and_the_answer_is_of_soap_1_2(record):
    """The official sample of TD2.1 is one."""
    body, parts = provide_and_register_request(record.submission(record.document(title="SOAP 1.1")))
    content_type, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti41", body, parts)
    older = content.replace(SOAP12.encode(), SOAP11.encode()).replace(b'mustUnderstand="true"', b'mustUnderstand="1"')
    older = older.replace(b'type="application/soap+xml"', b'type="text/xml"')
    reply = record.house.post("iti41", content_type.replace("soap+xml", "xml"), older, by=MEDECIN_TRAITANT)
    accepted(reply)
    assert SOAP12.encode() in reply.content
    assert record.titles() == ["SOAP 1.1"]


ENVELOPES = {
    "without To": subbed(rb"<wsa:To .*?</wsa:To>", b""),
    "without ReplyTo": subbed(rb"<wsa:ReplyTo .*?</wsa:ReplyTo>", b""),
    "without XML declaration": subbed(rb"<\?xml.*?\?>\n", b""),
    "with a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "with another prefix": lambda content: content.replace(b"soap:", b"S:").replace(b"xmlns:soap=", b"xmlns:S="),
    "with a timestamp": subbed(
        rb"<wsse:Security ([^>]*)>",
        rb'<wsse:Security \1><wsu:Timestamp xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"/>',
    ),
    "with a header that nobody must understand": subbed(
        rb"<soap:Header>", b'<soap:Header><x:y xmlns:x="urn:x">z</x:y>'
    ),
    "with blanks and comments in the body": subbed(rb"<soap:Body>", b"<soap:Body>\n  <!-- requ\xc3\xaate -->\n  "),
}


@pytest.mark.parametrize("case", ENVELOPES)
def test_an_envelope_written_otherwise_is_read(record, case):
    content_type, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record))
    accepted(record.house.post("iti18", content_type, ENVELOPES[case](content), by=MEDECIN_TRAITANT))


def test_an_answer_relates_to_its_request(record):
    _, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record))
    sent = re.search(rb"<wsa:MessageID>([^<]+)<", content)[1]
    reply = record.house.post("iti18", "application/soap+xml", content, by=MEDECIN_TRAITANT)
    assert b"<wsa:RelatesTo>" + sent + b"</wsa:RelatesTo>" in reply.content
    assert b"RegistryStoredQueryResponse</wsa:Action>" in reply.content


def test_a_request_may_come_in_chunks_of_unknown_length(record):
    content_type, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti18", find_documents(record))
    chunks = (content[start : start + 700] for start in range(0, len(content), 700))
    accepted(record.house.post("iti18", content_type, chunks, by=MEDECIN_TRAITANT))


# --- packaging --------------------------------------------------------------------------------------------------------


def packed(record, edit, *, edit_type=lambda text: text, **about):
    """A submission whose whole multipart message was edited."""
    body, parts = provide_and_register_request(record.submission(record.document(**about)))
    content_type, content = record.house.message(MEDECIN_TRAITANT, record.identifier, "iti41", body, parts)
    return record.house.post("iti41", edit_type(content_type), edit(content), by=MEDECIN_TRAITANT)


def in_base64(content):
    """Every attachment in base64 with line ends."""

    def encode(found):
        return found[1] + b"base64" + found[2] + base64.encodebytes(found[3]).replace(b"\n", b"\r\n") + found[4]

    head, mark, attachments = content.partition(b"</soap:Envelope>")
    pattern = rb"(Content-Transfer-Encoding: )binary(.*?\r\n\r\n)(.*?)(\r\n--)"
    return head + mark + re.sub(pattern, encode, attachments, flags=re.DOTALL)


PACKAGES = {
    "attachments in base64": (in_base64, lambda text: text),
    "cid percent-encoded otherwise": (subbed(rb"cid:document1@carnet", b"cid:document1%40carnet"), lambda text: text),
    "no start parameter": (lambda content: content, lambda text: re.sub(r'start="[^"]*"; ', "", text)),
    "header names in lower case": (lambda content: content.replace(b"Content-ID", b"content-id"), lambda text: text),
    "a preamble and an epilogue": (lambda content: b"preamble\r\n" + content + b"epilogue", lambda text: text),
    "parameters without quotes": (
        lambda content: content,
        lambda text: re.sub(r'(boundary|type|start-info)="([^"<>]*)"', r"\1=\2", text),
    ),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_a_package_made_otherwise_is_taken_apart(record, case):
    edit, edit_type = PACKAGES[case]
    accepted(packed(record, edit, edit_type=edit_type, title="Autrement"))
    assert record.titles() == ["Autrement"]


def test_attachments_may_come_in_another_order_than_the_entries(record):
    sent = [record.document(number=number, title=f"Document {number}") for number in (1, 2)]
    body, parts = provide_and_register_request(record.submission(*sent))
    reply = record.house.call(MEDECIN_TRAITANT, record.identifier, "iti41", body, list(reversed(parts)))
    accepted(reply)
    for one in sent:
        assert record.read(one.entry.unique_id)[1][0].content == one.content


# --- the assertion ----------------------------------------------------------------------------------------------------

ASSERTIONS = {
    "Authentification_mode in small letters": subbed(rb'Name="Authentification_Mode"', b'Name="Authentification_mode"'),
    "names of attributes in capitals": subbed(rb'Name="LPS_Nom"', b'Name="LPS_NOM"'),
    "without Authentification_Mode": subbed(
        rb'<saml2:Attribute Name="Authentification_Mode">.*?</saml2:Attribute>', b""
    ),
    "unknown attributes": subbed(
        rb"<saml2:AttributeStatement>",
        b'<saml2:AttributeStatement><saml2:Attribute Name="LPS_Type"><saml2:AttributeValue>x</saml2:AttributeValue></saml2:Attribute>',
    ),
    "CX.7 on the resource-id": subbed(rb"(ISO\^NH)<", rb"\1^^20260101<"),
    "a label damaged by Latin-1": subbed(rb'displayName="M[^"]*decin"', b'displayName="M\xc3\x83\xc2\xa9decin"'),
    "a label with replacement characters": subbed(rb'displayName="M[^"]*decin"', b'displayName="M\xef\xbf\xbddecin"'),
    "codeSystemName": subbed(rb'(<Role [^>]*code="10")', rb'\1 codeSystemName="professions"'),
    "spaces in the Issuer": subbed(rb",(?=[A-Z.0-9]+=)", b", "),
    "names of attributes of another dialect in the Issuer": subbed(rb"2\.5\.4\.42=", b"GN="),
    "blanks around values": subbed(rb"(<saml2:AttributeValue>)([^<]+)", rb"\1\n \2 "),
}


@pytest.mark.parametrize("case", ASSERTIONS)
def test_an_assertion_written_otherwise_is_believed(record, case):
    edit = ASSERTIONS[case]
    before = build_vihf(record.house.vihf(MEDECIN_TRAITANT, record.identifier), system_clock())
    if case.startswith("names of attributes of another") and b"2.5.4.42=" not in before:
        edit = subbed(rb"(GN|givenName|G)=", b"GN=")
    assertion = record.house.assertion(MEDECIN_TRAITANT, record.identifier, edit=edit)
    accepted(search(record, assertion=assertion))


def test_the_signature_of_an_assertion_may_stand_last(record):
    own = record.house.caller(MEDECIN_TRAITANT).signing
    vihf = record.house.vihf(MEDECIN_TRAITANT, record.identifier)
    assertion = build_vihf(vihf, system_clock(), Signing(own.certificate, own.key, last=True))
    assert assertion.index(b"<ds:Signature") > assertion.index(b"<saml2:AttributeStatement>")
    accepted(search(record, assertion=assertion))


def test_a_card_needs_no_signature_under_the_assertion(record):
    card = record.house.caller(MEDECIN_TRAITANT)
    vihf = record.house.vihf(MEDECIN_TRAITANT, record.identifier, issuer=card.signing.certificate)
    accepted(search(record, assertion=build_vihf(vihf, system_clock())))


@pytest.mark.parametrize("version", ["2.0", "3.0", "4.0"])
def test_the_versions_of_the_vihf_are_believed(record, version):
    assertion = record.house.assertion(MEDECIN_TRAITANT, record.identifier, version=version)
    accepted(search(record, assertion=assertion))


def test_software_of_any_name_is_let_in_unless_the_operator_lists_some(record):
    software = Software("Éditeur & Fils", "7.0-béta", "poste-3", "NIL-0042")
    assertion = record.house.assertion(MEDECIN_TRAITANT, record.identifier, software=software)
    accepted(search(record, assertion=assertion))
    assert record.last_line("iti18")["software"] == "Éditeur & Fils 7.0-béta"


def test_a_mask_update_may_drop_all_codes_but_the_plain_one_and_then_add(record):
    """As an independent client does: what counts is the list as sent."""
    entry = record.add(masks=[MASQUE_PS])
    assert not record.mask(entry, []).errors
    assert not record.mask(record.entry(entry.unique_id), [MASQUE_PS]).errors
    assert record.entry(entry.unique_id).masks == {MASQUE_PS}
