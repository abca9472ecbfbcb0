from dataclasses import replace

import pytest

from carnet.cda import vocabulary
from carnet.cda.entry_mapping import to_entry
from carnet.cda.header import read_header
from carnet.cda.vocabulary import check_submission_set, check_value_sets
from carnet.errors import InvalidMetadata, Several
from carnet.identity.set_signing import signature_entry
from carnet.metadata import (
    INVISIBLE_PATIENT,
    MASQUE_PS,
    SIGNATURE_CLASS,
    VISIBILITY_SYSTEM,
    Author,
    Code,
    Submission,
    SubmissionSet,
)

N = Code("N", "2.16.840.1.113883.5.25")
MASKED, INVISIBLE = Code(MASQUE_PS, VISIBILITY_SYSTEM), Code(INVISIBLE_PATIENT, VISIBILITY_SYSTEM)
DOCTOR = "899970000016^MONTRIEUX^ALIZE^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
OFFICE = "Cabinet^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499970000016001"


@pytest.fixture
def entry(letter):
    return to_entry(read_header(letter), letter)


@pytest.fixture
def submission_set(entry):
    return SubmissionSet(
        "SubmissionSet01",
        "2.25.9",
        "1.2.3",
        entry.patient_id,
        "20260921141320",
        Code("07", "1.2.250.1.213.2.2"),
        entry.authors,
    )


@pytest.mark.parametrize(
    ("field", "attribute", "code"),
    [
        ("type_code", "typeCode", Code("11526-1", "2.16.840.1.113883.6.1")),  # retired
        ("type_code", "typeCode", Code("11488-4", "1.2.3")),
        ("class_code", "classCode", Code("12", "1.2.250.1.213.1.1.4.1")),
        ("format_code", "formatCode", Code("urn:ihe:iti:xds-sd:html:2008", "1.3.6.1.4.1.19376.1.2.3")),
        ("facility_type", "healthcareFacilityTypeCode", Code("SA11", "1.2.250.1.71.4.2.4")),
        ("practice_setting", "practiceSettingCode", Code("CABINET", "1.2.250.1.213.1.1.4.9")),
    ],
)
def test_a_code_outside_its_value_set_is_refused(entry, field, attribute, code, monkeypatch):
    changed = replace(entry, **{field: code})
    with pytest.raises(InvalidMetadata, match=f"^{attribute} is not in the value set") as caught:
        check_value_sets(changed)
    assert caught.value.subject == entry.unique_id
    monkeypatch.setattr(vocabulary, "BINDINGS", tuple(one for one in vocabulary.BINDINGS if one.attribute != attribute))
    check_value_sets(changed)


def test_a_retired_type_is_accepted_for_what_is_registered_already(entry):
    check_value_sets(replace(entry, type_code=Code("11526-1", "2.16.840.1.113883.6.1")), new=False)


def test_a_scheme_may_be_written_as_a_urn(entry):
    check_value_sets(replace(entry, type_code=Code("11488-4", "urn:oid:2.16.840.1.113883.6.1")))


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        ((), "the first"),
        ((MASKED,), "the first"),
        ((MASKED, N), "the first"),
        ((N, N), "after the first"),
        ((N, MASKED, MASKED), "repeated"),
        ((N, Code("MASQUE_PSOCIAL", VISIBILITY_SYSTEM)), "JDV_J58"),
        ((N, MASKED, INVISIBLE), "at once"),
    ],
)
def test_confidentiality_is_that_of_the_document_then_its_masks(entry, codes, sentence):
    with pytest.raises((InvalidMetadata, Several), match=sentence):
        check_value_sets(replace(entry, confidentiality_codes=codes))


@pytest.mark.parametrize("codes", [(N,), (N, MASKED), (N, INVISIBLE), (Code("V", N.system), MASKED)])
def test_a_document_may_be_masked_or_invisible(entry, codes):
    check_value_sets(replace(entry, confidentiality_codes=codes))


def test_a_document_may_be_hidden_from_both_when_the_exchange_allows_it(entry):
    check_value_sets(replace(entry, confidentiality_codes=(N, MASKED, INVISIBLE)), masked_and_invisible_together=True)


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        ("899970000016^MONTRIEUX^ALIZE", "component 13"),
        (DOCTOR.replace("IDNPS", "EI"), "component 13"),
        (DOCTOR.replace("MONTRIEUX", ""), "components 1, 2, 3"),
        (DOCTOR.replace("ALIZE", " "), "components 1, 2, 3"),
        (DOCTOR.removeprefix("899970000016"), "components 1, 2, 3"),
        (DOCTOR.replace("^D^", "^L^"), "component 10"),
        (DOCTOR.replace("1.2.250.1.71.4.2.1", "1.2.250.1.71.4.2.2"), "component 9"),
        (DOCTOR.replace("&1.2.250.1.71.4.2.1&ISO", "1.2.250.1.71.4.2.1"), "component 9"),
    ],
)
def test_a_person_is_written_as_the_ci_sis_says(entry, person, sentence):
    with pytest.raises((InvalidMetadata, Several), match=f"authorPerson: {sentence}"):
        check_value_sets(replace(entry, authors=(replace(entry.authors[0], person=person),)))
    with pytest.raises((InvalidMetadata, Several), match=f"legalAuthenticator: {sentence}"):
        check_value_sets(replace(entry, legal_authenticator=person))


@pytest.mark.parametrize(
    "person",
    [
        "279035121518989^PAT-TROIS^DOMINIQUE^^^^^^&1.2.250.1.213.1.4.10&ISO^D^^^NH",
        "31234567890/77^Automate^Modele 3^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI",
        "1.2.3.4^Service^^^^^^^&1.2.3&ISO^U^^^RI",
    ],
)
def test_patients_and_devices_are_authors_too(entry, person):
    check_value_sets(replace(entry, authors=(Author(person),)))


@pytest.mark.parametrize(
    ("institution", "sentence"),
    [
        ("Cabinet", "component 7"),
        (OFFICE.replace("IDNST", "XX"), "component 7"),
        (OFFICE.replace("4.2.2", "4.2.1"), "component 6"),
        (OFFICE.removesuffix("499970000016001"), "component 10"),
    ],
)
def test_a_structure_is_written_as_the_ci_sis_says(entry, institution, sentence):
    with pytest.raises((InvalidMetadata, Several), match=f"authorInstitution: {sentence}"):
        check_value_sets(replace(entry, authors=(replace(entry.authors[0], institutions=(institution,)),)))


@pytest.mark.parametrize(
    "changes",
    [{"institutions": (OFFICE, OFFICE)}, {"specialties": ("G15_10^Médecin^1.2.250.1.213.1.1.4.5",) * 2}],
)
def test_an_author_has_one_structure_and_one_specialty(entry, changes):
    with pytest.raises(InvalidMetadata, match="at most one"):
        check_value_sets(replace(entry, authors=(replace(entry.authors[0], **changes),)))


def test_an_unknown_specialty_is_refused(entry):
    author = replace(entry.authors[0], specialties=("G15_99^Devin^1.2.250.1.213.1.1.4.5",))
    with pytest.raises(InvalidMetadata, match="authorSpecialty"):
        check_value_sets(replace(entry, authors=(author,)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"language": "en-GB"}, "languageCode"),
        ({"language": "art"}, "languageCode"),
        ({"mime_type": "application/pdf"}, "mimeType"),
        ({"service_stop_time": "20260921134319"}, "before"),
        ({"service_stop_time": "20260920"}, "before"),
        ({"source_patient_info": ("PID-6|X",)}, "sourcePatientInfo"),
        ({"source_patient_info": ("PID-5",)}, "sourcePatientInfo"),
        ({"source_patient_info": ("5|X",)}, "sourcePatientInfo"),
        ({"reference_ids": ("1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:uniqueId",)}, "referenceIdList"),
        ({"reference_ids": ("1",)}, "referenceIdList"),
        ({"type_code": Code("E1762", "ASTM")}, "together"),
        ({"format_code": Code("http://www.w3.org/2000/09/xmldsig#", "URN")}, "together"),
    ],
)
def test_other_values_that_the_ci_sis_forbids_are_refused(entry, changes, sentence):
    with pytest.raises(InvalidMetadata, match=sentence):
        check_value_sets(replace(entry, **changes))


def test_the_same_day_is_not_before(entry):
    check_value_sets(replace(entry, service_stop_time="20260921"))


def test_the_entry_of_a_signature_has_its_own_codes(entry, submission_set):
    signature = signature_entry(Submission(submission_set, (entry,)), "2.25.5", b"", 1_790_000_000_000_000)
    check_value_sets(signature)
    for changes in (
        {"language": "fr-FR"},
        {"mime_type": "application/dicom"},
        {"type_code": entry.type_code},
        {"format_code": entry.format_code},
    ):
        with pytest.raises(InvalidMetadata):
            check_value_sets(replace(signature, **changes))
    with pytest.raises(InvalidMetadata, match="together"):
        check_value_sets(replace(entry, class_code=Code(SIGNATURE_CLASS, "URN"), language="art"))


def test_a_submission_set_has_a_known_content_type_and_one_author(submission_set):
    check_submission_set(submission_set)
    with pytest.raises(InvalidMetadata, match="contentTypeCode"):
        check_submission_set(replace(submission_set, content_type=Code("07", "1.2.3")))
    for authors in ((), submission_set.authors * 2):
        with pytest.raises(InvalidMetadata, match="one author"):
            check_submission_set(replace(submission_set, authors=authors))
    with pytest.raises(InvalidMetadata, match="authorPerson"):
        check_submission_set(replace(submission_set, authors=(Author("X"),)))


def test_all_that_is_wrong_is_said_at_once(entry):
    with pytest.raises(Several) as caught:
        check_value_sets(replace(entry, language="en", mime_type="text/html", class_code=Code("0", "1")))
    assert len(caught.value.errors) == 3
