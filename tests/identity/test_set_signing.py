"""The client signs a set as the exchange asks: the entry of the signature, its links, and a content that verifies."""

from dataclasses import replace

from cryptography import x509

from carnet.crypto.xml_signature import Policy
from carnet.demo import documents
from carnet.demo.dicom_manifest import manifest
from carnet.demo.documents import Draft
from carnet.demo.pki import TestAuthority
from carnet.identity.certificate_kind import classify
from carnet.identity.dsg import verify_submission_signature
from carnet.identity.set_signing import ENTRY_ID, sign_submission
from carnet.metadata import (
    Association,
    AssociationType,
    Code,
    Document,
    DocumentEntry,
    PatientIdentifier,
    Submission,
    SubmissionSet,
)

NOW = 1_790_000_000_000_000
LETTER, KOS = "2.25.901", "2.25.903"
PATIENT = PatientIdentifier("279035121518989", "1.2.250.1.213.1.4.10")


def drafted():
    code = Code("x", "1.2.3")
    letter = DocumentEntry(
        "Document01", LETTER, PATIENT, code, code, code, (code,), code, code, "20260921", "fr-FR", "text/xml", ()
    )
    kos = replace(letter, entry_uuid="Document02", unique_id=KOS, mime_type="application/dicom")
    return Submission(
        SubmissionSet("SubmissionSet01", "2.25.900", "1.2.3", PATIENT, "20260921", code, ()),
        (letter, kos),
        documents=(
            Document("Document01", documents.level_1(Draft(NOW, unique_id=LETTER))),
            Document("Document02", manifest(Draft(NOW, unique_id=KOS), "1.2.3")),
        ),
    )


def test_a_signed_submission_carries_its_signature_as_the_exchange_asks(tmp_path):
    card = TestAuthority.create(tmp_path, NOW, shared_keys=3).professional("899970000016", "MONTRIEUX", "ALIZE", "10")
    pen, submission = card.signature, drafted()
    result = sign_submission(submission, pen.certificate, pen.key, NOW, chain=pen.chain)
    added = result.entries[-1]
    assert added.is_signature
    assert (added.entry_uuid, added.language, added.masks) == (ENTRY_ID, "art", {"MASQUE_PS", "INVISIBLE_PATIENT"})
    assert {(one.type, one.source, one.target) for one in result.associations} == {
        (AssociationType.HAS_MEMBER, "SubmissionSet01", ENTRY_ID),
        (AssociationType.SIGNS, ENTRY_ID, "SubmissionSet01"),
    }
    assert all(isinstance(one, Association) for one in result.associations)
    assert result.documents[-1].entry_id == ENTRY_ID
    verified = verify_submission_signature(
        result.documents[-1].content,
        submission_set_unique_id=submission.submission_set.unique_id,
        documents={LETTER: submission.documents[0].content, KOS: submission.documents[1].content},
        check_certificate=lambda der: classify(x509.load_der_x509_certificate(der)),
        policy=Policy(),
        now=NOW,
    )
    assert verified.signing_time == NOW
