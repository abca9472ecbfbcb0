import re

import pytest

from carnet.errors import InvalidMetadata, MalformedMessage
from carnet.metadata import MASQUE_PS, AssociationType, Author, AvailabilityStatus, Code, PatientIdentifier
from carnet.soap import envelope, mtom
from carnet.soap.submission_parse import provide_and_register, update

CONTENT = b"<ClinicalDocument/>"
PERSON = "899700000001^EXEMPLE^Agathe^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"


@pytest.fixture
def provide(read_message):
    """Reads the recorded ITI-41 after replacing texts in it."""

    def read(*changes):
        data = read_message("provide_and_register")
        for old, new in changes:
            assert old.encode() in data
            data = data.replace(old.encode(), new.encode())
        parts = {"document-1@exemple.test": mtom.Part(memoryview(CONTENT), "text/xml")}
        return provide_and_register(envelope.parse(data), parts)

    return read


@pytest.fixture
def change(read_message):
    """Reads the recorded ITI-57 after replacing texts in it."""

    def read(*changes):
        data = read_message("update_availability")
        for old, new in changes:
            assert old.encode() in data
            data = data.replace(old.encode(), new.encode())
        return update(envelope.parse(data), {})

    return read


def refusal_of(read, *changes):
    with pytest.raises(InvalidMetadata) as refusal:
        read(*changes)
    return refusal.value


def test_a_submission_is_read_as_care_software_sends_it(provide):
    read = provide().submission
    (entry,) = read.entries
    assert (entry.entry_uuid, entry.unique_id, entry.logical_id, entry.version) == (
        "Document01",
        "1.2.250.1.999.1.1",
        "",
        0,
    )
    assert entry.patient_id == PatientIdentifier("299019912345680", "1.2.250.1.213.1.4.10")
    assert entry.creation_time == "20260105101500"
    assert entry.service_start_time == "202601050900"
    assert entry.title == "Compte rendu d'exemple & d'essai"
    assert entry.comments == "Remarque"
    assert entry.language == "fr-FR"
    assert entry.class_code == Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu")
    assert entry.type_code == Code("11488-4", "2.16.840.1.113883.6.1")
    assert entry.masks == {MASQUE_PS}
    assert entry.source_patient_info == ("PID-5|PATIENT^Fictive^^^^^L", "PID-7|19990112", "PID-8|F")
    assert (entry.size, entry.hash, entry.status) == (None, "", AvailabilityStatus.APPROVED)
    assert entry.authors == (
        Author(
            person=PERSON,
            institutions=("Cabinet d'exemple^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499700000001008",),
            specialties=("G15_10/SM26^Médecin - Médecine générale^1.2.250.1.213.1.1.4.5",),
        ),
    )


def test_the_submission_set_is_known_by_a_classification_beside_it(provide):
    found = provide().submission.submission_set
    assert (found.entry_uuid, found.unique_id, found.source_id) == (
        "SubmissionSet01",
        "1.2.250.1.999.2.1",
        "1.2.250.1.999.3",
    )
    assert found.content_type == Code("07", "1.2.250.1.213.2.2")
    assert found.authors == (Author(person=PERSON),)


def test_associations_are_read_and_the_alias_of_replacement_is_stored_as_the_standard_s(provide):
    member, replacement = provide().submission.associations
    assert (member.type, member.submission_set_status) == (AssociationType.HAS_MEMBER, "Original")
    assert replacement.type is AssociationType.RPLC
    assert replacement.type == "urn:ihe:iti:2007:AssociationType:RPLC"
    assert replacement.target == "urn:uuid:6f1f8f5e-1111-4222-8333-444444444499"


def test_a_document_is_matched_to_its_entry_whatever_the_case_of_its_id(provide):
    (document,) = provide().submission.documents
    assert (document.entry_id, document.content) == ("Document01", CONTENT)


def test_an_exact_id_wins_over_one_in_another_case(read_message):
    data = read_message("provide_and_register").decode()
    entry = re.search(r"<ExtrinsicObject .*</ExtrinsicObject>", data, re.DOTALL)[0]
    twin = entry.replace('id="Document01"', 'id="DOCUMENT01"').replace("1.2.250.1.999.1.1", "1.2.250.1.999.1.2")
    inline = re.sub(r"<xop:Include [^>]*/>", "ZGV1eA==", data.replace(entry, entry + twin))
    read = provide_and_register(envelope.parse(inline.encode()), {})
    assert [document.entry_id for document in read.submission.documents] == ["DOCUMENT01"]


def test_a_document_without_entry_keeps_its_own_id(provide):
    (document,) = provide(('x:Document id="DOCUMENT01"', 'x:Document id="Document02"')).submission.documents
    assert document.entry_id == "Document02"


def test_a_document_needs_an_id(provide):
    with pytest.raises(MalformedMessage, match="no id"):
        provide(('x:Document id="DOCUMENT01"', "x:Document"))


def test_slots_of_other_standards_are_kept_and_unknown_ones_are_named(provide):
    read = provide()
    assert read.submission.entries[0].extra == (("urn:example:origin", ("kept",)),)
    assert read.warnings == ("DocumentEntry Document01: colour",)


def test_attributes_that_the_record_does_not_use_bring_no_warning(provide):
    read = provide(('<Slot name="colour">', '<Slot name="documentAvailability">'))
    assert read.warnings == ()


def test_an_unknown_classification_and_identifier_are_named(provide):
    read = provide(
        (
            'urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f" id="cl04"',
            'urn:uuid:00000000-0000-0000-0000-000000000001" id="cl04"',
        ),
        (
            '<ExternalIdentifier id="ei02"',
            '<ExternalIdentifier id="ei9" identificationScheme="urn:uuid:00000000-0000-0000-0000-000000000002" value="v"/><ExternalIdentifier id="ei02"',
        ),
    )
    assert set(read.warnings) == {
        "DocumentEntry Document01: colour",
        "DocumentEntry Document01: urn:uuid:00000000-0000-0000-0000-000000000001",
        "DocumentEntry Document01: urn:uuid:00000000-0000-0000-0000-000000000002",
    }


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ([('id="Document01" mimeType', "mimeType")], "DocumentEntry: the attribute id is missing."),
        ([('objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"', "")], "objectType is missing"),
        ([("7edca82f-054d-47f2-a032-9b2a5b5186c1", "7edca82f-054d-47f2-a032-9b2a5b5186c2")], "objectType is missing or not"),
        ([('<Slot name="languageCode">', '<Slot name="creationTime">')], "the slot creationTime occurs twice"),
        ([('<Slot name="colour">', "<Slot>")], "a slot has no name"),
        ([("<Value>fr-FR</Value>", "<Value>fr-FR</Value><Value>en</Value>")], "languageCode has more than one value"),
        ([('id="cl02" nodeRepresentation', 'classifiedObject="Document02" id="cl02" nodeRepresentation')], "names another object"),
        ([('id="ei02"', 'registryObject="Document02" id="ei02"')], "names another object"),
        ([("2e82c1f6-a085-4c72-9da3-8640a32e42ab", "58a6f841-87b3-4a3e-92fd-a8ffeff98427")], "identifier occurs twice"),
        ([("41a5887f-8865-4c09-adf7-e362475b143a", "f0306f51-975f-434e-a61c-c59651d33983")], "typeCode occurs more than once"),
        ([('classificationScheme="urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"', "")], "neither classificationScheme"),
        ([("58a6f841-87b3-4a3e-92fd-a8ffeff98427", "58a6f841-87b3-4a3e-92fd-a8ffeff98428")], "patientId is missing"),
        ([("^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH^^20250101", "")], "patientId is not of the form"),
        ([('<Slot name="colour"><ValueList><Value>not kept', '<Slot name="size"><ValueList><Value>-1')], "size is not a number"),
        ([("AssociationType:HasMember", "AssociationType:HasMembers")], "associationType is missing or not known"),
        ([('targetObject="Document01"', "")], "sourceObject or targetObject is missing"),
        ([("<Value>Original</Value>", "<Value>Originale</Value>")], "SubmissionSetStatus is neither"),
        (
            [('name="authorSpecialty"', 'name="authorPerson"')],
            "the slot authorPerson occurs twice",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_its_name(provide, changes, problem):
    assert problem in refusal_of(provide, *changes).message


def test_a_refusal_names_its_object(provide):
    refusal = refusal_of(provide, ("<Value>fr-FR</Value>", "<Value>fr-FR</Value><Value>en</Value>"))
    assert refusal.subject == "Document01"
    assert refusal.message == "DocumentEntry Document01: languageCode has more than one value."


def test_a_missing_attribute_is_found_by_the_forms(provide):
    refusal = refusal_of(provide, ('<Slot name="languageCode"><ValueList><Value>fr-FR</Value></ValueList></Slot>', ""))
    assert refusal.message == "DocumentEntry Document01: languageCode is missing."


def test_a_package_is_either_submission_set_or_folder(provide):
    node = 'urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd" classifiedObject'
    assert "neither" in refusal_of(provide, (node, node.replace("a54d6aa5", "a54d6aa6"))).message


def test_a_submission_holds_one_submission_set(provide, change, read_message):
    package = re.search(
        r"<rim:RegistryPackage.*</rim:RegistryPackage>", read_message("update_availability").decode(), re.DOTALL
    )[0]
    for instead in ("", package + package.replace("SubmissionSet01", "SubmissionSet02")):
        assert "exactly one SubmissionSet" in refusal_of(change, (package, instead)).message


def test_a_package_may_be_a_folder(change, read_message):
    package = re.search(
        r"<rim:RegistryPackage.*</rim:RegistryPackage>", read_message("update_availability").decode(), re.DOTALL
    )[0]
    folder = (
        '<rim:RegistryPackage id="Folder01"><rim:Name><rim:LocalizedString value="Suivi"/></rim:Name>'
        '<rim:Classification classificationNode="urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2" id="c1"/>'
        '<rim:Classification classificationScheme="urn:uuid:1ba97051-7806-41a8-a48b-8fce7af683c5" id="c2" nodeRepresentation="F">'
        '<rim:Slot name="codingScheme"><rim:ValueList><rim:Value>1.2.3</rim:Value></rim:ValueList></rim:Slot></rim:Classification>'
        '<rim:ExternalIdentifier id="e1" identificationScheme="urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a"'
        ' value="299019912345680^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH"/>'
        '<rim:ExternalIdentifier id="e2" identificationScheme="urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a" value="1.2.250.1.999.4"/>'
        "</rim:RegistryPackage>"
    )
    (found,) = change((package, package + folder)).submission.folders
    assert (found.entry_uuid, found.unique_id, found.title) == ("Folder01", "1.2.250.1.999.4", "Suivi")
    assert found.codes == (Code("F", "1.2.3"),)


def test_an_object_outside_xds_is_refused(provide):
    assert "not part of XDS" in refusal_of(provide, ("<ObjectRef id", "<Person id")).message


@pytest.mark.parametrize("name", ["SubmitObjectsRequest", "RegistryObjectList"])
def test_a_request_without_metadata_is_malformed(provide, name):
    with pytest.raises(MalformedMessage):
        provide((name, "Something"))


def test_an_update_names_the_version_and_the_statuses(change):
    status, member = change().submission.associations
    assert status.type is AssociationType.UPDATE_AVAILABILITY_STATUS
    assert (status.original_status, status.new_status) == (AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED)
    assert (status.propagate, status.previous_version) == (True, None)
    assert (member.previous_version, member.propagate) == (5, False)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("StatusType:Deleted", "StatusType:Gone", "NewStatus is not a known status"),
        ("<rim:Value>5</rim:Value>", "<rim:Value>five</rim:Value>", "PreviousVersion is not a number"),
        ("<rim:Value>5</rim:Value>", f"<rim:Value>{'9' * 5000}</rim:Value>", "PreviousVersion is not a number"),
        ("<rim:Value>no</rim:Value>", "<rim:Value>maybe</rim:Value>", "AssociationPropagation is neither"),
    ],
)
def test_an_update_that_cannot_be_read_is_refused(change, old, new, problem):
    assert problem in refusal_of(change, (old, new)).message


def test_an_update_carries_no_document(read_message):
    document = b'<d:Document xmlns:d="urn:ihe:iti:xds-b:2007" id="a">ZGV1eA==</d:Document></lcm:SubmitObjectsRequest>'
    data = read_message("update_availability").replace(b"</lcm:SubmitObjectsRequest>", document)
    with pytest.raises(MalformedMessage, match="no document"):
        update(envelope.parse(data), {})
    with pytest.raises(MalformedMessage, match="nothing refers to"):
        update(envelope.parse(read_message("update_availability")), {"a": mtom.Part(memoryview(b""), "")})


def test_hash_in_capitals_and_version_names_that_are_no_number_are_read(provide):
    read = provide(
        ('<Slot name="colour"><ValueList><Value>not kept', f'<Slot name="hash"><ValueList><Value>{"AB" * 20}'),
        (
            '<Name><LocalizedString charset="UTF8" value="Compte',
            '<VersionInfo versionName="1.1"/><Name><LocalizedString charset="UTF8" value="Compte',
        ),
    )
    assert read.submission.entries[0].hash == "ab" * 20
    assert read.submission.entries[0].version == 0


def test_a_document_outside_the_request_is_malformed(read_message):
    data = read_message("provide_and_register").replace(
        b"</s:Header>", b'<d:Document xmlns:d="urn:ihe:iti:xds-b:2007" id="Document01">ZGV1eA==</d:Document></s:Header>'
    )
    with pytest.raises(MalformedMessage, match="directly in the request"):
        provide_and_register(
            envelope.parse(data), {"document-1@exemple.test": mtom.Part(memoryview(CONTENT), "text/xml")}
        )


@pytest.mark.parametrize("name", ["lcm:SubmitObjectsRequest", "RegistryObjectList"])
def test_metadata_comes_once(read_message, name):
    data = read_message("provide_and_register").decode()
    block = re.search(f"<{name} .*</{name}>", data, re.DOTALL)[0]
    with pytest.raises(MalformedMessage, match="exactly one"):
        provide_and_register(
            envelope.parse(data.replace(block, block + block).encode()),
            {"document-1@exemple.test": mtom.Part(memoryview(CONTENT), "text/xml")},
        )
