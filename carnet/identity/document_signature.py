"""The signature of a document itself (XAdES): around it (enveloping, a plain CDA) or at its end (enveloped, a self-presenting one).

It is optional (structuration minimale, 4.1) and was not verified when the document came: whoever shows the document verifies it then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from carnet import hardened_xml
from carnet.crypto.signature_structure import DS, ENVELOPING_CHECKS, SIGNATURE
from carnet.crypto.xml_signature import (
    Policy,
    VerifiedReference,
    signing_certificate,
    verify_detached_signed_info,
    verify_signed_document,
)
from carnet.errors import CarnetError, SignatureInvalid
from carnet.identity.certificate_kind import HolderCertificate
from carnet.identity.dsg import Signer
from carnet.identity.xades import check_signing_certificate, check_validity, signed_properties, signing_time

_MARK = b"http://www.w3.org/2000/09/xmldsig#"
_LONGEST_TEXT = 10_000_000
_DOCUMENT = "{urn:hl7-org:v3}ClinicalDocument"
_KEY_INFO, _PROPERTIES = f"{{{DS}}}KeyInfo", f"{{{DS}}}SignatureProperties"
FORM = "the form of the document's signature"
"""The note of an error that says that the signature is of a form that is not verified here; without notes it is wrong."""


def is_signed(content: bytes) -> bool:
    """Whether a document carries an XML signature of its own, in any place. What is no XML carries none."""
    if _MARK not in content:
        return False
    try:
        return next(_parse(content).iter(SIGNATURE), None) is not None
    except CarnetError:
        return False


def verify_document_signature(
    content: bytes, check_certificate: Callable[[bytes], HolderCertificate], policy: Policy
) -> Signer:
    """Verifies the signature that a document carries over the whole of itself; who signed, and when by their own word.

    `check_certificate` says whether a certificate (DER) may be believed and whom it names. Raises SignatureInvalid (with notes where
    the form is not one that is verified here), and what `check_certificate` raises.
    """
    root = _parse(content)
    enveloping = root.tag == SIGNATURE
    signature = root if enveloping else root.find(SIGNATURE)
    if signature is None:
        raise _of_another_form("The signature is neither around the document nor at its end.")
    holder = check_certificate(signing_certificate(signature))
    policy = replace(policy, allow_inclusive_c14n=True)
    if enveloping:
        references = verify_detached_signed_info(content, holder.certificate, policy, checks=ENVELOPING_CHECKS)
    else:
        references = verify_signed_document(content, holder.certificate, policy)
    properties = _properties(signature, references)
    _covers_the_document(references, properties, enveloping=enveloping)
    check_signing_certificate(properties, holder, policy)
    time = signing_time(properties)
    check_validity(time, holder.certificate)
    return Signer(holder, time.moment)


def _parse(content: bytes) -> Any:
    return hardened_xml.parse(content, what="document", huge_text=len(content) > _LONGEST_TEXT)


def _properties(signature: Any, references: tuple[VerifiedReference, ...]) -> Any:
    try:
        return signed_properties(signature, references)
    except SignatureInvalid as error:
        error.add_note(FORM)
        raise


def _covers_the_document(references: tuple[VerifiedReference, ...], properties: Any, *, enveloping: bool) -> None:
    """Raises SignatureInvalid unless the references are the document, the properties and what says who signed, nothing else."""
    others = [one for one in references if one.element is not properties]
    documents = [one for one in others if not _is_about_the_signature(one)]
    if len(documents) != 1:
        raise _of_another_form("The signature does not cover one document.")
    if enveloping and len(list(documents[0].element.iter(_DOCUMENT))) != 1:
        raise _of_another_form("The signature is around something that is not a CDA.")


def _is_about_the_signature(one: VerifiedReference) -> bool:
    return one.element.tag in (_KEY_INFO, _PROPERTIES)


def _of_another_form(message: str) -> SignatureInvalid:
    error = SignatureInvalid(message)
    error.add_note(FORM)
    return error
