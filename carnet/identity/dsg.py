"""The signature of a submission set (IHE ITI DSG with XAdES, as the DMP asks for it): who answers for all that was put in.

A document of the set is itself an XML signature. It covers a Manifest, which names the set and each document with its digest, and
XAdES properties, which name the certificate and the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from carnet import hardened_xml
from carnet.clock import MINUTE
from carnet.crypto.signature_structure import DS, SIGNATURE
from carnet.crypto.xml_signature import Policy, VerifiedReference, signing_certificate, verify_detached_signed_info
from carnet.errors import CarnetError, CertificateInvalid, SignatureInvalid
from carnet.hardened_xml import LeanTree
from carnet.identity.certificate_kind import CertificateKind, HolderCertificate
from carnet.identity.signature_manifest import MANIFEST, MANIFEST_TYPE, verify_manifest, verify_member
from carnet.identity.xades import (
    SigningTime,
    check_signing_certificate,
    check_validity,
    signed_properties,
    signing_time,
)

SIGNATURE_LIMIT = 256 * 1024
"""Bytes: fifty references and a chain of certificates make about 40 000."""
CLOCKS = 5 * MINUTE
"""How far a signer's clock may be ahead of ours."""
SIGNERS = frozenset({CertificateKind.CPS_SIGNATURE, CertificateKind.ORGANIZATION_SEAL})
"""A professional's card when the card authenticates the call, the structure's seal when the structure vouches for it."""

_KEY_INFO, _PROPERTIES = f"{{{DS}}}KeyInfo", f"{{{DS}}}SignatureProperties"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed a submission set, and when by their own word (microseconds UTC)."""

    holder: HolderCertificate
    signing_time: int


def verify_submission_signature(
    signature: bytes,
    *,
    submission_set_unique_id: str,
    documents: Mapping[str, bytes],
    check_certificate: Callable[[bytes], HolderCertificate],
    policy: Policy,
    trees: Mapping[str, LeanTree] | None = None,
    now: int | None = None,
) -> Signer:
    """Verifies that the signature covers this submission set and each of its documents, no less and no more.

    `documents` are the submitted bytes by uniqueId, the signature's own excepted; `trees` gives those that are
    parsed already, which spares parsing them again. `check_certificate` says whether a certificate (DER) may be believed for a
    signature and whom it names. Canonicalization is inclusive by XAdES's habit, whatever `policy` says of assertions. With `now`
    (microseconds UTC), a time of signing in the future is refused. Raises SignatureInvalid.
    """
    signer, manifest = _read(signature, check_certificate, policy, now)
    verify_manifest(manifest, submission_set_unique_id, documents, trees or {}, _with_xades(policy))
    return signer


def verify_one_document(  # noqa: PLR0917 - the same as above, of one document
    signature: bytes,
    submission_set_unique_id: str,
    unique_id: str,
    content: bytes,
    check_certificate: Callable[[bytes], HolderCertificate],
    policy: Policy,
) -> Signer:
    """Verifies that the signature of a set covers this set and this document of it; what else was in the set is not looked at.

    For a reader who may not see the rest. Raises SignatureInvalid.
    """
    signer, manifest = _read(signature, check_certificate, policy, None)
    verify_member(manifest, submission_set_unique_id, unique_id, content, _with_xades(policy))
    return signer


def _with_xades(policy: Policy) -> Policy:
    return replace(policy, allow_inclusive_c14n=True)


def _read(
    signature: bytes, check_certificate: Callable[[bytes], HolderCertificate], policy: Policy, now: int | None
) -> tuple[Signer, Any]:
    """Who signed, and the Manifest that the signature covers."""
    root = _parse(signature)
    holder = _holder(root, check_certificate)
    certificate = holder.certificate
    policy = _with_xades(policy)
    references = verify_detached_signed_info(root, certificate, policy)
    manifest, properties = _manifest(root, references), signed_properties(root, references)
    _nothing_else(references, manifest, properties)
    check_signing_certificate(properties, holder, policy)
    time = signing_time(properties)
    check_validity(time, certificate)
    _not_in_the_future(time, now)
    return Signer(holder, time.moment), manifest


def _parse(signature: bytes) -> Any:
    if len(signature) > SIGNATURE_LIMIT:
        raise SignatureInvalid(f"A signature has at most {SIGNATURE_LIMIT} bytes.")
    try:
        root = hardened_xml.parse(signature, what="signature")
    except CarnetError as error:
        raise SignatureInvalid(error.message) from error
    if root.tag != SIGNATURE:
        raise SignatureInvalid("The document that signs the submission set is not an XML signature.")
    return root


def _holder(root: Any, check_certificate: Callable[[bytes], HolderCertificate]) -> HolderCertificate:
    try:
        holder = check_certificate(signing_certificate(root))
    except CertificateInvalid as error:
        raise SignatureInvalid("The certificate of the signature is not accepted.") from error
    if holder.kind not in SIGNERS:
        raise SignatureInvalid("A submission set is signed with a professional's card or a structure's seal.")
    return holder


def _manifest(root: Any, references: tuple[VerifiedReference, ...]) -> Any:
    found = [one for one in references if one.element.tag == MANIFEST and one.type == MANIFEST_TYPE]
    if len(found) != 1 or len(list(root.iter(MANIFEST))) != 1:
        raise SignatureInvalid("The signature does not cover one manifest.")
    return found[0].element


def _nothing_else(references: tuple[VerifiedReference, ...], manifest: Any, properties: Any) -> None:
    others = [one.element for one in references if one.element is not manifest and one.element is not properties]
    if any(element.tag not in (_KEY_INFO, _PROPERTIES) for element in others):
        raise SignatureInvalid("The signature covers something that does not belong there.")


def _not_in_the_future(time: SigningTime, now: int | None) -> None:
    if now is not None and time.moment - time.uncertainty > now + CLOCKS:
        raise SignatureInvalid("The signature says to have been made in the future.")
