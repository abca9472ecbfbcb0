"""The only place where XML signatures are verified: a look at the structure, then signxml, then only the bytes that were signed.

After verification the tree of the message is thrown away: callers get elements parsed again from the canonical bytes whose
digest was signed, and nothing else. Whether the certificate may be trusted, and when, is not judged here
(`identity.certificates` does).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography import x509
from lxml import etree
from signxml import SignatureConfiguration, VerifyResult, XMLVerifier
from signxml.algorithms import CanonicalizationMethod

from carnet import hardened_xml
from carnet.crypto import signature_structure
from carnet.crypto.signature_structure import DS, SIGNATURE, Check, Examined, Policy, examine
from carnet.errors import SignatureInvalid

__all__ = [
    "Policy",
    "VerifiedReference",
    "signing_certificate",
    "verify_detached_signed_info",
    "verify_enveloped",
    "verify_signed_document",
]

_CERTIFICATE = f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"
_REFERENCES = f"{{{DS}}}SignedInfo/{{{DS}}}Reference"
_XML_BLANKS = " \t\r\n"
_HERE = frozenset({"", "./"})
_LOOKED_FOR = (
    *("CanonicalizationMethod", "DigestMethod", "DigestValue", "Reference", "Signature"),
    *("SignatureMethod", "SignatureValue", "SignedInfo", "Transform", "Transforms"),
)
_TAGS = {name: f"{{{DS}}}{name}" for name in _LOOKED_FOR}
"""What signxml looks for among the children of an element."""
_FRAGMENT = re.compile(r"#[^(]+\Z")
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
    element = signature.find(_CERTIFICATE)
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (AttributeError, ValueError) as error:
        raise SignatureInvalid("The signature carries no certificate.") from error


def verify_enveloped(element: Any, certificate: x509.Certificate, policy: Policy, *, root: Any = None) -> Any:
    """Verifies the signature that is a direct child of `element` (an lxml element, or its bytes) and covers it whole by its ID.

    `root` is what `hardened_xml` made of those very bytes, where that was done already; it is used up. Returns the root of what was
    signed, parsed again from the canonical bytes, without the signature. Raises SignatureInvalid.
    """
    data = element if isinstance(element, bytes) else etree.tostring(element, with_tail=False)
    if root is None:
        root = hardened_xml.parse(data, what="signed element")
    signature = root.find(SIGNATURE)
    if signature is None:
        raise SignatureInvalid("There is no signature.")
    _judge(examine(root, signature, policy), signature_structure.ENVELOPED_CHECKS)
    wanted = root.tag, root.get("ID")
    (verified,) = _cryptography(_Parsed.of(data, root), certificate, policy, references=1, id_attribute="ID")
    if (verified.tag, verified.get("ID")) != wanted:
        raise SignatureInvalid("The signature covers another element than the one that carries it.")
    return verified


def verify_detached_signed_info(
    signature: Any,
    certificate: x509.Certificate,
    policy: Policy,
    *,
    root: Any = None,
    checks: tuple[tuple[str, Check], ...] | None = None,
) -> tuple[VerifiedReference, ...]:
    """Verifies a signature over its own objects (XAdES): SignatureValue over SignedInfo, and every Reference of SignedInfo.

    References must be same-document (`#id`) and stay inside the Signature element. Canonicalizations with comments are taken
    for those without, the signature being refused when it holds a comment. What a Manifest references in its turn is the
    caller's to compare (XMLDSig Core §5.1). `signature` is an lxml element, or the bytes of a document, `root` what `hardened_xml`
    made of those very bytes, where that was done already. `checks` is `ENVELOPING_CHECKS` for a signature around a document.
    Returns the referenced elements, in order. Raises SignatureInvalid.
    """
    data = signature if isinstance(signature, bytes) else etree.tostring(signature, with_tail=False)
    if root is None:
        root = hardened_xml.parse(data, what="signature")
    if root.tag != SIGNATURE:
        raise SignatureInvalid("There is no signature.")
    _judge(examine(root, root, policy), checks or signature_structure.DETACHED_CHECKS)
    references = root.findall(_REFERENCES)
    verified = _cryptography(_Parsed.of(data, root), certificate, policy, references=len(references))
    return tuple(
        VerifiedReference(reference.get("URI", "")[1:], reference.get("Type", ""), element)
        for reference, element in zip(references, verified, strict=True)
    )


def verify_signed_document(data: bytes, certificate: x509.Certificate, policy: Policy) -> tuple[VerifiedReference, ...]:
    """Verifies a signature that ends the document that it signs whole (URI ""), and its own parts (XAdES).

    Returns the referenced elements, in order: the document's has the identifier "". Raises SignatureInvalid: with the name of a check in
    its notes for a form that is not accepted, without notes where the cryptography says no.
    """
    root = hardened_xml.parse(data, what="document", huge_text=len(data) > _LONGEST_TEXT)
    signature = root.find(SIGNATURE)
    if signature is None:
        raise SignatureInvalid("There is no signature.")
    _judge(examine(root, signature, policy), signature_structure.DOCUMENT_CHECKS)
    references = signature.findall(_REFERENCES)
    try:
        verified = _cryptography(data, certificate, policy, references=len(references), verifier=_Plain())
    except SignatureInvalid as error:
        if root.getprevious() is not None or root.getnext() is not None:
            error.add_note("what stands beside the root, which some signers sign and others do not")
        raise
    found = tuple(
        VerifiedReference(reference.get("URI", "")[1:], reference.get("Type", ""), element)
        for reference, element in zip(references, verified, strict=True)
    )
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


class _Parsed(bytes):
    """The bytes of a document, with the tree that `hardened_xml` made of these very bytes."""

    root: Any

    @classmethod
    def of(cls, data: bytes, root: Any) -> _Parsed:
        parsed = cls(data)
        parsed.root = root
        return parsed


class _Verifier(XMLVerifier):  # type: ignore[misc] # signxml carries no types
    """signxml, spared the work that the structure's check and the certificate's have made useless; what it verifies is the same.

    It copies elements by writing and parsing them, five and nine times a message. Canonicalization sees the namespaces around an
    element without that, the tree is ours alone, and the one transform that changes it comes with the only reference. Where text
    follows an element its copy cannot be parsed, and the signature is refused: that stays. It looks for children by path expressions,
    which cost more than the looking. Tests compare with signxml as it is.
    """

    _within: tuple[Any, dict[str, list[Any]]] | None = None

    def get_root(self, data: Any) -> Any:
        """The tree of `_Parsed` bytes; signxml refuses what `hardened_xml` refused already."""
        return data.root if isinstance(data, _Parsed) else super().get_root(data)

    def _tostring(self, xml_node: Any, **kwargs: Any) -> Any:
        return xml_node if not (xml_node.tail or "").strip(_XML_BLANKS) else super()._tostring(xml_node, **kwargs)

    def _fromstring(self, xml_string: Any, **kwargs: Any) -> Any:
        return super()._fromstring(xml_string, **kwargs) if isinstance(xml_string, bytes) else xml_string

    def _find(self, element: Any, query: str, require: bool = True, xpath: str = "") -> Any:
        found = next(element.iterchildren(_TAGS[query]), None) if xpath in _HERE and query in _TAGS else None
        return super()._find(element, query, require=require, xpath=xpath) if found is None else found

    def _findall(self, element: Any, query: str, xpath: str = "") -> Any:
        known = not xpath and query in _TAGS
        return list(element.iterchildren(_TAGS[query])) if known else super()._findall(element, query, xpath=xpath)

    def _get_inclusive_ns_prefixes(self, transform_node: Any) -> Any:
        """The prefixes of an InclusiveNamespaces inside; an element with nothing inside has none."""
        return super()._get_inclusive_ns_prefixes(transform_node) if len(transform_node) else None

    def _resolve_reference(self, doc_root: Any, reference: Any, uri_resolver: Any = None) -> Any:
        """The one element that carries the identifier, found without an XPath expression compiled for each reference."""
        uri = reference.get("URI") or ""
        holders = self._holders(doc_root, uri[1:]) if _FRAGMENT.match(uri) else []
        for name in self.id_attributes if holders else ():
            found = [one for one in holders if _carries(one, name, uri[1:])]
            if len(found) > 1:
                break
            if found:
                return found[0]
        return super()._resolve_reference(doc_root, reference, uri_resolver=uri_resolver)

    def _holders(self, doc_root: Any, value: str) -> list[Any]:
        """The elements one of whose attributes has this value, in their order; a signature alone in its tree is read through once.

        For no transform takes anything out of such a tree: the one that would takes out the signature.
        """
        if doc_root.tag != SIGNATURE:
            return [one for one in doc_root.iter("*") if value in one.values()]
        if self._within is None or self._within[0] is not doc_root:
            self._within = doc_root, _by_value(doc_root)
        return self._within[1].get(value, [])

    def _check_cert_validity(self, cert: Any, cert_source: Any) -> None:
        """Nothing: `identity.certificates` judges the certificate's dates, and signxml describes it at length before it looks."""

    def _verify_signature_with_pubkey(self, **given: Any) -> Any:
        """The signed bytes; the key is not written out again for whoever gave it."""
        signed, _ = super()._verify_signature_with_pubkey(**given)
        return signed, b""


class _Plain(XMLVerifier):  # type: ignore[misc] # signxml carries no types
    """signxml as it is, for the rare signature with an enveloped transform beside other references."""

    def _check_cert_validity(self, cert: Any, cert_source: Any) -> None:
        """Nothing: the certificate is judged at the time of signing, not now."""


def _by_value(root: Any) -> dict[str, list[Any]]:
    """The elements of a tree by the values of their attributes."""
    found: dict[str, list[Any]] = {}
    for element in root.iter("*"):
        for value in set(element.values()):
            found.setdefault(value, []).append(element)
    return found


def _carries(element: Any, local_name: str, value: str) -> bool:
    return any(held == value and etree.QName(name).localname == local_name for name, held in element.items())


@lru_cache(maxsize=256)
def _configuration(policy: Policy, references: int) -> SignatureConfiguration:
    """What signxml must find."""
    return SignatureConfiguration(
        location="./",
        expect_references=references,
        signature_methods=frozenset(policy.signature_methods.values()),
        digest_algorithms=frozenset(policy.digest_methods.values()),
        default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
    )


def _signed(result: VerifyResult) -> Any:
    """What signxml parsed, with our parser, from the canonical bytes whose digest it compared."""
    if result.signed_xml is None:
        raise SignatureInvalid("The signature covers something that is not XML.")
    return result.signed_xml


def _cryptography(
    data: bytes,
    certificate: x509.Certificate,
    policy: Policy,
    *,
    references: int,
    id_attribute: str | None = None,
    verifier: XMLVerifier | None = None,
) -> list[Any]:
    """What each of the `references` covers, parsed again. Whatever signxml, lxml or cryptography raise means no."""
    try:
        results = (verifier or _Verifier()).verify(
            data,
            x509_cert=certificate,
            expect_config=_configuration(policy, references),
            id_attribute=id_attribute,
            validate_schema=False,
            parser=hardened_xml.parser(),
        )
        found = results if isinstance(results, list) else [results]
        return [_signed(result) for result in found]
    except Exception as error:
        raise SignatureInvalid("The signature does not verify.") from error
