from dataclasses import replace
from io import BytesIO

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian

from carnet.cda import kos
from carnet.cda.conformance import check
from carnet.cda.entry_mapping import to_entry
from carnet.cda.formats import DICOM, KOS_FORMAT
from carnet.cda.header import read_header
from carnet.cda.kos import read_kos
from carnet.cda.vocabulary import check_value_sets
from carnet.demo.dicom_manifest import manifest
from carnet.errors import InvalidDocument, PatientMismatch, Several
from carnet.metadata import Code, PatientIdentifier

EVIDENCE = "CurrentRequestedProcedureEvidenceSequence"
STUDY = "1.2.826.0.1.3680043.8.498.1"
REFERENCE = f"{STUDY}^^^&1.2.840.10008.2.6.1&ISO^urn:ihe:iti:xds:2016:studyInstanceUID"


@pytest.fixture
def content(draft):
    return manifest(draft, STUDY)


@pytest.fixture
def entry(letter, content):
    of_letter = to_entry(read_header(letter), letter)
    return replace(
        of_letter,
        type_code=Code("IMG-KOS", "1.2.250.1.213.1.1.4.12"),
        class_code=Code("31", "1.2.250.1.213.1.1.4.1"),
        format_code=KOS_FORMAT,
        mime_type=DICOM,
        reference_ids=(REFERENCE,),
    )


def _rewritten(content, change, **options):
    dataset = pydicom.dcmread(BytesIO(content))
    change(dataset)
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, dataset, **options)
    return buffer.getvalue()


def test_a_manifest_says_its_patient_and_studies(draft, content):
    header = read_kos(content)
    assert header.unique_id == draft.unique_id
    assert header.patients == (draft.patient.identifier,)
    assert (header.study, header.studies) == (STUDY, {STUDY})


def test_a_manifest_agrees_with_its_metadata(entry, content):
    check_value_sets(entry)
    assert check(entry, content) == read_kos(content)


def test_a_manifest_without_reference_to_its_study_is_tolerated(entry, content):
    check(replace(entry, reference_ids=()), content)


def test_a_tiff_preamble_is_allowed(entry, content):
    check(entry, b"II*\x00" + b"\x08" * 124 + content[128:])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"unique_id": "2.25.1"}, "SOP Instance UID"),
        ({"mime_type": "text/xml"}, "mimeType"),
        ({"format_code": Code("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3")}, "mimeType"),
        ({"type_code": Code("18748-4", "2.16.840.1.113883.6.1")}, "IMG-KOS"),
        ({"reference_ids": (REFERENCE.replace(STUDY, "1.2.3"),)}, "study"),
    ],
)
def test_a_manifest_that_differs_from_its_metadata_is_refused(entry, content, changes, sentence):
    with pytest.raises(InvalidDocument, match=sentence):
        check(replace(entry, **changes), content)


def test_a_manifest_about_another_patient_is_refused(entry, content):
    with pytest.raises(PatientMismatch):
        check(replace(entry, patient_id=PatientIdentifier("277076322082910", "1.2.250.1.213.1.4.10")), content)


def test_the_ins_may_stand_among_the_other_identifiers(entry, content):
    def local_first(dataset):
        other = Dataset()
        other.PatientID, other.IssuerOfPatientIDQualifiersSequence = (
            dataset.PatientID,
            dataset.IssuerOfPatientIDQualifiersSequence,
        )
        dataset.OtherPatientIDsSequence = Sequence([other])
        dataset.PatientID = "4711"
        del dataset.IssuerOfPatientIDQualifiersSequence
        dataset.IssuerOfPatientID = "HOSPITAL"

    check(entry, _rewritten(content, local_first))


def test_a_second_ins_among_the_other_identifiers_is_refused(entry, content):
    def also(dataset):
        other = Dataset()
        other.PatientID = "277076322082910"
        other.IssuerOfPatientIDQualifiersSequence = dataset.IssuerOfPatientIDQualifiersSequence
        dataset.OtherPatientIDsSequence = Sequence([other])

    with pytest.raises(PatientMismatch):
        check(entry, _rewritten(content, also))


def test_a_manifest_whose_patient_has_no_authority_is_refused(entry, content):
    def anonymous(dataset):
        del dataset.IssuerOfPatientIDQualifiersSequence

    with pytest.raises(InvalidDocument, match="no INS"):
        check(entry, _rewritten(content, anonymous))


@pytest.mark.parametrize(
    "preamble", [b"MZ" + bytes(126), b"\x7fELF" + bytes(124), bytes(127) + b"\x01", b"#!/bin/sh\n" + bytes(118)]
)
def test_a_manifest_that_could_be_a_program_is_refused(content, preamble):
    with pytest.raises(InvalidDocument, match="empty preamble"):
        read_kos(preamble + content[128:])


@pytest.mark.parametrize("kept", [0, 100, 131, 132, 140, 200, 400, 700])
def test_a_truncated_manifest_is_refused(content, kept):
    with pytest.raises(InvalidDocument):
        read_kos(content[:kept])


def test_a_manifest_that_ends_with_a_sequence_of_undefined_length_is_read(content):
    def undefined(dataset):
        dataset[EVIDENCE].is_undefined_length = True

    whole = _rewritten(content, undefined)
    assert whole.endswith(b"\xfe\xff\xdd\xe0\x00\x00\x00\x00")
    assert read_kos(whole) == read_kos(content)
    with pytest.raises(InvalidDocument):
        read_kos(whole[:-8])


def test_a_manifest_that_references_nothing_is_refused(content):
    def empty(dataset):
        del dataset[EVIDENCE]

    with pytest.raises(InvalidDocument, match="references no study"):
        read_kos(_rewritten(content, empty))


def test_another_kind_of_dicom_file_is_refused(content):
    def image(dataset):
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID

    with pytest.raises(InvalidDocument, match="Key Object Selection"):
        read_kos(_rewritten(content, image))


def test_a_manifest_with_pixels_is_refused(content):
    def pixels(dataset):
        dataset.BitsAllocated = 8
        dataset.add_new(0x7FE00010, "OB", b"\x00\x00")

    with pytest.raises(InvalidDocument, match="Key Object Selection"):
        read_kos(_rewritten(content, pixels))


def test_a_compressed_manifest_is_refused(content):
    def deflated(dataset):
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    with pytest.raises(InvalidDocument, match="uncompressed"):
        read_kos(_rewritten(content, deflated))


def test_a_manifest_that_is_too_large_is_not_read(content, monkeypatch):
    monkeypatch.setattr(kos, "LIMIT", len(content) - 1)
    with pytest.raises(InvalidDocument, match="at most"):
        read_kos(content)


def test_sequences_nested_without_end_are_refused(content):
    opening = b"\x08\x00\x40\x11" + b"SQ\x00\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(InvalidDocument):
        read_kos(content[:332] + opening * 100_000)


def test_a_document_that_is_no_dicom_is_refused_under_its_identifier(entry, letter):
    with pytest.raises(InvalidDocument) as caught:
        check(entry, letter)
    assert caught.value.subject == entry.unique_id


def test_all_that_is_wrong_is_said_at_once(entry, content):
    with pytest.raises(Several) as caught:
        check(replace(entry, unique_id="2.25.1", reference_ids=(REFERENCE.replace(STUDY, "1.2.3"),)), content)
    assert len(caught.value.errors) == 2
