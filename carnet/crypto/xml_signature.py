"""The only place where XML signatures are verified: a look at the structure, then core validation, then only the bytes that were signed.

Core validation (XMLDSig Core 1.1 §3.2) is ours, of the one narrow form that the look at the structure leaves: lxml canonicalizes,
`cryptography` verifies. Afterwards the tree of the message is thrown away: callers get elements parsed again from the canonical
bytes whose digest was signed, and nothing else. Whether the certificate may be trusted, and when, is not judged here
(`identity.certificates` does). signxml and xmlsec say in tests whether they agree.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from lxml import etree

from carnet import hardened_xml
from carnet.crypto import signature_structure
from carnet.crypto.signature_structure import DS, ENVELOPED, EXCLUSIVE, SIGNATURE, Check, Examined, Policy, examine
from carnet.crypto.signature_value import check_key_value, verify_value
from carnet.errors import SignatureInvalid

__all__ = [
    "Policy",
    "VerifiedReference",
    "signing_certificate",
    "verify_detached_signed_info",
    "verify_enveloped",
    "verify_signed_document",
]

_CERTIFICATES = etree.XPath("ds:KeyInfo/ds:X509Data/ds:X509Certificate", namespaces={"ds": DS})
_KEY_VALUES = etree.XPath("ds:KeyInfo/ds:KeyValue", namespaces={"ds": DS})
_REFERENCE, _TRANSFORMS = f"{{{DS}}}Reference", f"{{{DS}}}Transforms"
_BELOW = etree.XPath("descendant::*/@* = $value")
"""Whether an element below has an attribute of this value, under whatever name."""
_XML_BLANKS = " \t\r\n"
_ID_NAMES = frozenset({"Id", "ID", "id"})
_LONGEST_TEXT = 10_000_000


@dataclass(frozen=True, slots=True)
class VerifiedReference:
    """One thing that a signature covers: the id it was referenced by, the Reference's Type, and its bytes parsed again."""

    identifier: str
    type: str
    element: Any


def signing_certificate(signature: Any) -> bytes:
    """The DER of the first certificate in a signature's KeyInfo: a claim, until the signature is verified with it.

    Raises SignatureInvalid when there is none or it is not base64.
    """
    try:
        return base64.b64decode("".join((_CERTIFICATES(signature)[0].text or "").split()), validate=True)
    except (IndexError, ValueError) as error:
        raise SignatureInvalid("The signature carries no certificate.") from error


def verify_enveloped(element: Any, certificate: x509.Certificate, policy: Policy) -> Any:
    """Verifies the signature that is a direct child of `element` (an lxml element, or its bytes) and covers it whole by its ID.

    The element may stand in a larger tree; its signature is taken out of it. Returns the root of what was signed, parsed again from
    the canonical bytes, without the signature. Raises SignatureInvalid.
    """
    root = hardened_xml.parse(element, what="signed element") if isinstance(element, bytes) else element
    signature = next(root.iterchildren(SIGNATURE), None)
    if signature is None:
        raise SignatureInvalid("There is no signature.")
    examined = examine(root, signature, policy)
    _judge(examined, signature_structure.ENVELOPED_CHECKS)
    wanted = root.tag, root.get("ID")
    (verified,) = _core_validation(examined, certificate)
    if (verified.element.tag, verified.element.get("ID")) != wanted:
        raise SignatureInvalid("The signature covers another element than the one that carries it.")
    return verified.element


def verify_detached_signed_info(
    signature: Any,
    certificate: x509.Certificate,
    policy: Policy,
    *,
    checks: tuple[tuple[str, Check], ...] | None = None,
) -> tuple[VerifiedReference, ...]:
    """Verifies a signature over its own objects (XAdES): SignatureValue over SignedInfo, and every Reference of SignedInfo.

    References must be same-document (`#id`) and stay inside the Signature element. Canonicalizations with comments are taken
    for those without, the signature being refused when it holds a comment. What a Manifest references in its turn is the
    caller's to compare (XMLDSig Core §5.1). `signature` is an lxml element that is the root of its tree, or the bytes of a document.
    `checks` is `ENVELOPING_CHECKS` for a signature around a document.
    Returns the referenced elements, in order. Raises SignatureInvalid.
    """
    root = hardened_xml.parse(signature, what="signature") if isinstance(signature, bytes) else signature
    if root.tag != SIGNATURE:
        raise SignatureInvalid("There is no signature.")
    examined = examine(root, root, policy)
    _judge(examined, checks or signature_structure.DETACHED_CHECKS)
    return _core_validation(examined, certificate)


def verify_signed_document(data: bytes, certificate: x509.Certificate, policy: Policy) -> tuple[VerifiedReference, ...]:
    """Verifies a signature that ends the document that it signs whole (URI ""), and its own parts (XAdES).

    Returns the referenced elements, in order: the document's has the identifier "". Raises SignatureInvalid: with the name of a check in
    its notes for a form that is not accepted, without notes where the cryptography says no.
    """
    root = hardened_xml.parse(data, what="document", huge_text=len(data) > _LONGEST_TEXT)
    signature = next(root.iterchildren(SIGNATURE), None)
    if signature is None:
        raise SignatureInvalid("There is no signature.")
    examined = examine(root, signature, policy)
    _judge(examined, signature_structure.DOCUMENT_CHECKS)
    try:
        found = _core_validation(examined, certificate)
    except SignatureInvalid as error:
        if root.getprevious() is not None or root.getnext() is not None:
            error.add_note("what stands beside the root, which some signers sign and others do not")
        raise
    if [one.element.tag for one in found if not one.identifier] != [root.tag]:
        raise SignatureInvalid("The signature covers another element than the one that carries it.")
    return found


def _judge(examined: Examined, checks: tuple[tuple[str, Check], ...]) -> None:
    for name, check in checks:
        try:
            check(examined)
        except SignatureInvalid as error:
            error.add_note(name)
            raise


def _core_validation(examined: Examined, certificate: x509.Certificate) -> tuple[VerifiedReference, ...]:
    """Signature validation, then reference validation (§3.2). Whatever lxml or cryptography raise means no."""
    try:
        _validate_signature(examined, certificate)
        references = list(examined.parts["SignedInfo"][0].iterchildren(_REFERENCE))
        # The enveloped transform changes the tree, and so comes last.
        verified = {one: _validate_reference(one, examined) for one in sorted(references, key=_is_enveloped)}
        return tuple(verified[one] for one in references)
    except Exception as error:
        raise SignatureInvalid("The signature does not verify.") from error


def _validate_signature(examined: Examined, certificate: x509.Certificate) -> None:
    """SignatureValue over the canonical form of SignedInfo, with the certificate's key (§3.2.2)."""
    parts, key = examined.parts, certificate.public_key()
    _nothing_follows(examined.signature)
    method = examined.policy.signature_methods[parts["SignatureMethod"][0].get("Algorithm")]
    signed = _canonical(parts["SignedInfo"][0], parts["CanonicalizationMethod"][0])
    verify_value(key, base64.b64decode(parts["SignatureValue"][0].text), signed, method)
    for key_value in _KEY_VALUES(examined.signature):
        check_key_value(key_value, key, method)


def _validate_reference(reference: Any, examined: Examined) -> VerifiedReference:
    """DigestValue over what the reference names, transformed (§3.2.1); only what was digested is parsed and returned."""
    element = _dereferenced(reference, examined)
    transforms = _transforms(reference)
    if _is_enveloped(reference):
        _take_out(examined.signature)
        transforms = transforms[1:]
    data = _canonical(element, transforms[0] if transforms else None)
    digest_method, digest_value = reference[-2], reference[-1]
    digest = hashlib.new(examined.policy.digest_methods[digest_method.get("Algorithm")], data, usedforsecurity=False)
    if not hmac.compare_digest(digest.digest(), base64.b64decode(digest_value.text)):
        raise SignatureInvalid("What was signed is not what is there.")
    parsed = hardened_xml.parse(data, what="signed element")
    return VerifiedReference(reference.get("URI")[1:], reference.get("Type", ""), parsed)


def _transforms(reference: Any) -> Sequence[Any]:
    first = reference[0]
    return list(first) if first.tag == _TRANSFORMS else ()


def _is_enveloped(reference: Any) -> bool:
    return any(one.get("Algorithm") == ENVELOPED for one in _transforms(reference))


def _dereferenced(reference: Any, examined: Examined) -> Any:
    """The root for the URI "", else the only element that carries the identifier as an ID (§4.4.3.3)."""
    root, identifier = examined.root, reference.get("URI")[1:]
    if not identifier or (root.get("ID") == identifier and not _BELOW(root, value=identifier)):
        return root
    ((name, found),) = examined.carriers[identifier]
    if name not in _ID_NAMES:
        raise SignatureInvalid("What is referenced is no identifier.")
    if found is not root:
        _nothing_follows(found)
    return found


def _nothing_follows(element: Any) -> None:
    """Raises SignatureInvalid for text beside what is signed, which no reader of ours looks for."""
    if (element.tail or "").strip(_XML_BLANKS):
        raise SignatureInvalid("Text follows a signed element.")


def _take_out(signature: Any) -> None:
    """The enveloped signature transform (§6.6.4): the Signature goes, the blanks after it stay."""
    parent, before, blanks = signature.getparent(), signature.getprevious(), signature.tail or ""
    if before is None:
        parent.text = (parent.text or "") + blanks
    else:
        before.tail = (before.tail or "") + blanks
    parent.remove(signature)


def _canonical(element: Any, method: Any) -> bytes:
    """The canonical form of an element by a CanonicalizationMethod or Transform, by Canonical XML 1.0 where there is none (§4.4.3.2).

    lxml brings namespaces of what is around the element, but no attribute of it: xml:lang, xml:space and xml:base around a signed
    part make an inclusive canonical form other than the standard's (Canonical XML 1.0 §2.4), and the signature does not verify.
    """
    algorithm = "" if method is None else method.get("Algorithm")
    listed = None if method is None or not len(method) else method[0].get("PrefixList")
    return etree.tostring(
        element,
        method="c14n",
        exclusive=algorithm.startswith(EXCLUSIVE),
        with_comments=algorithm.endswith("#WithComments"),
        inclusive_ns_prefixes=None if listed is None else listed.split(" "),
    )
