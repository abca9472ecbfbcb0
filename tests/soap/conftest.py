from pathlib import Path

import pytest

from carnet.metadata import (
    Association,
    AssociationType,
    Author,
    Code,
    Document,
    DocumentEntry,
    PatientIdentifier,
    Submission,
    SubmissionSet,
)
from carnet.soap import envelope

MESSAGES = Path(__file__).parent / "messages"
PATIENT = PatientIdentifier("299019912345680", "1.2.250.1.213.1.4.10")
PERSON = "899700000001^EXEMPLE^Agathe^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
CONTENT_TYPE = (
    'multipart/related; type="application/xop+xml"; start="<root@exemple.test>"; '
    'start-info="application/soap+xml"; boundary="uuid:0a1b+id=1"; action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"'
)
BOUNDARY = b"uuid:0a1b+id=1"


@pytest.fixture
def read_message():
    """The bytes of a recorded message, by its file name without extension."""
    return lambda name: (MESSAGES / f"{name}.xml").read_bytes()


@pytest.fixture
def multipart():
    """Builds a multipart body: (extra headers, content) of each attachment after the envelope."""

    def build(root, *attachments, boundary=BOUNDARY):
        blocks = [
            b'Content-Type: application/xop+xml; charset=UTF-8; type="application/soap+xml"\r\n'
            b"Content-ID: <root@exemple.test>\r\n\r\n" + root
        ]
        blocks += [headers + b"\r\n" + content for headers, content in attachments]
        return b"".join(b"--" + boundary + b"\r\n" + block + b"\r\n" for block in blocks) + b"--" + boundary + b"--\r\n"

    return build


@pytest.fixture
def content_type():
    return CONTENT_TYPE


@pytest.fixture
def envelope_of():
    """The envelope around one body element given as text."""

    def build(body, *, addressing=True):
        whole = body if isinstance(body, bytes) else b"".join(body)
        data = envelope.write_request("urn:example", "urn:uuid:6f1f8f5e-1111-4222-8333-444444444400", whole)
        return envelope.parse(data, addressing=addressing)

    return build


@pytest.fixture
def make_entry():
    """A complete DocumentEntry as submitted, with changes by keyword."""

    def build(**changes):
        fields = {
            "entry_uuid": "Document01",
            "unique_id": "1.2.250.1.999.1.1",
            "patient_id": PATIENT,
            "class_code": Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"),
            "type_code": Code("11488-4", "2.16.840.1.113883.6.1", "Consultation"),
            "format_code": Code("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "PDF"),
            "confidentiality_codes": (Code("N", "2.16.840.1.113883.5.25", "Normal"),),
            "facility_type": Code("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel"),
            "practice_setting": Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
            "creation_time": "20260105101500",
            "language": "fr-FR",
            "mime_type": "text/xml",
            "authors": (Author(person=PERSON, roles=("Médecin",)),),
            "title": "Compte rendu d'exemple",
            "legal_authenticator": PERSON,
            "service_start_time": "20260105",
            "source_patient_id": "700123^^^&1.2.250.1.999.7&ISO^PI",
        }
        return DocumentEntry(**(fields | changes))

    return build


@pytest.fixture
def make_set():
    """A complete SubmissionSet, with changes by keyword."""

    def build(**changes):
        fields = {
            "entry_uuid": "SubmissionSet01",
            "unique_id": "1.2.250.1.999.2.1",
            "source_id": "1.2.250.1.999.3",
            "patient_id": PATIENT,
            "submission_time": "20260105101600",
            "content_type": Code("07", "1.2.250.1.213.2.2", "Consultation"),
            "authors": (Author(person=PERSON),),
        }
        return SubmissionSet(**(fields | changes))

    return build


@pytest.fixture
def submission(make_entry, make_set):
    """One document in one submission set."""
    member = Association(
        "Association01", AssociationType.HAS_MEMBER, "SubmissionSet01", "Document01", submission_set_status="Original"
    )
    return Submission(make_set(), (make_entry(),), (), (member,), (Document("Document01", b"<a document/>"),))
