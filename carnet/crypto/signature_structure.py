"""What an XML signature may look like, judged before any cryptography: a signature that verifies says nothing of what it covers.

Two ordered tables of named checks: one for a signature inside what it signs (SAML), one for a signature over its own objects
(XAdES of IHE DSG). Each check is necessary: tests take them away one by one and watch an attack get through. Two more tables, for a
document's own signature, whose verdict opens nothing: it is a sentence beside the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from lxml import etree

from carnet.crypto.signature_value import Scheme, SignatureMethod
from carnet.errors import SignatureInvalid

DS = "http://www.w3.org/2000/09/xmldsig#"
SIGNATURE = f"{{{DS}}}Signature"
ENVELOPED = f"{DS}enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = frozenset({"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"})
_COMMENTED = {f"{EXCLUSIVE}WithComments": EXCLUSIVE} | {f"{uri}#WithComments": uri for uri in INCLUSIVE}

_MORE, _MORE_2007 = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2007/05/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"
SIGNATURE_METHODS = {
    f"{_MORE}rsa-sha256": SignatureMethod(Scheme.PKCS1, hashes.SHA256()),
    f"{_MORE}rsa-sha384": SignatureMethod(Scheme.PKCS1, hashes.SHA384()),
    f"{_MORE}rsa-sha512": SignatureMethod(Scheme.PKCS1, hashes.SHA512()),
    f"{_MORE_2007}sha256-rsa-MGF1": SignatureMethod(Scheme.PSS, hashes.SHA256()),
    f"{_MORE_2007}sha384-rsa-MGF1": SignatureMethod(Scheme.PSS, hashes.SHA384()),
    f"{_MORE_2007}sha512-rsa-MGF1": SignatureMethod(Scheme.PSS, hashes.SHA512()),
    f"{_MORE}ecdsa-sha256": SignatureMethod(Scheme.ECDSA, hashes.SHA256()),
    f"{_MORE}ecdsa-sha384": SignatureMethod(Scheme.ECDSA, hashes.SHA384()),
}
DIGEST_METHODS = {f"{_ENC}sha256": "sha256", f"{_MORE}sha384": "sha384", f"{_ENC}sha512": "sha512"}
"""Names of hashlib, by URI."""
SHA1_SIGNATURE_METHODS = {f"{DS}rsa-sha1": SignatureMethod(Scheme.PKCS1, hashes.SHA1())}  # noqa: S303 - opened for one client until a date
SHA1_DIGEST_METHODS = {f"{DS}sha1": "sha1"}

_SHAPES = {
    "Signature": "SignedInfo SignatureValue KeyInfo ",
    "SignedInfo": "CanonicalizationMethod SignatureMethod (Reference ){1,8}",
    "CanonicalizationMethod": "(InclusiveNamespaces )?",
    "SignatureMethod": "",
    "Reference": "(Transforms )?DigestMethod DigestValue ",
    "Transforms": "(Transform ){1,2}",
    "Transform": "(InclusiveNamespaces )?",
    "DigestMethod": "",
    "DigestValue": "",
    "SignatureValue": "",
    "KeyInfo": "X509Data (KeyValue )?|KeyValue X509Data ",
    "X509Data": "((X509Certificate|X509IssuerSerial|X509SubjectName|X509SKI) ){1,8}",
    "X509Certificate": "",
}
"""Children of the elements of a signature (XMLDSig Core §4), as expressions over their names; nothing else may stand there."""

_PREFIX_LIST = f"{{{EXCLUSIVE}}}InclusiveNamespaces"


class _Names(dict[Any, str]):
    """Names by tag, each followed by a blank; '?' for what has no place in a signature."""

    def __missing__(self, tag: Any) -> str:
        return "? "


_NAMES = _Names(
    {f"{{{DS}}}{name}": f"{name} " for shape in _SHAPES.values() for name in re.findall("[A-Za-z0-9]{3,}", shape)}
)
_NAMES |= {_PREFIX_LIST: "InclusiveNamespaces ", f"{{{DS}}}Object": "Object "}
_CHILDREN = {f"{{{DS}}}{name}": re.compile(shape) for name, shape in _SHAPES.items()}
_LONGEST_FAMILY = 256
"""Characters; eight children of the longest kind take fewer."""
_WITH_OBJECTS = re.compile(f"{_SHAPES['Signature']}(Object ){{1,4}}")
_SIGNED_PARTS = tuple(f"{{{DS}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo"))

MAXIMUM_PREFIXES = 16
_PREFIX = re.compile(r"#default|[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_FRAGMENT = re.compile(r"#[A-Za-z_][A-Za-z0-9_.-]{0,127}")
_BASE64 = re.compile(r"[A-Za-z0-9+/ \t\r\n]+[= \t\r\n]*")
_ID_ENDINGS = ("Id", "ID", "id")
_ID_NAMES = frozenset({*_ID_ENDINGS, "AssertionID"})
_IDENTIFIERS = etree.XPath(".//@Id | .//@ID | .//@id | .//@AssertionID | .//@xml:id", smart_strings=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is let through beyond the default.

    SHA-1 only for a named client until a date (`config.ClientPolicy`), and inclusive canonicalization of assertions likewise;
    XAdES signatures use inclusive canonicalization by their standard.
    """

    allow_sha1: bool = False
    allow_inclusive_c14n: bool = False

    @property
    def signature_methods(self) -> dict[str, SignatureMethod]:
        """Allowed SignatureMethod algorithms, by URI."""
        return SIGNATURE_METHODS | SHA1_SIGNATURE_METHODS if self.allow_sha1 else SIGNATURE_METHODS

    @property
    def digest_methods(self) -> dict[str, str]:
        """Allowed DigestMethod algorithms: their names in hashlib, by URI."""
        return DIGEST_METHODS | SHA1_DIGEST_METHODS if self.allow_sha1 else DIGEST_METHODS

    def canonicalizes(self, algorithm: str | None) -> bool:
        """Whether this canonicalization, which leaves comments out, is allowed."""
        return algorithm == EXCLUSIVE or (self.allow_inclusive_c14n and algorithm in INCLUSIVE)


@dataclass(frozen=True)
class Examined:
    """A signature before any cryptography, and the element that should carry it (the signature itself when detached).

    `parts` are the XMLDSig elements of SignedInfo and SignatureValue, by name, in document order.
    """

    root: Any
    signature: Any
    policy: Policy
    parts: Mapping[str, Sequence[Any]]

    @cached_property
    def carriers(self) -> Mapping[str, Sequence[tuple[str, Any]]]:
        """The elements by their identifier, each after the local name of the attribute that carries it, in whatever namespace that is."""
        found: dict[str, list[tuple[str, Any]]] = {}
        for element in self.root.iter("*"):
            for name, value in element.items():
                if value and name.endswith(_ID_ENDINGS) and (local := name.rpartition("}")[2]) in _ID_NAMES:
                    found.setdefault(value, []).append((local, element))
        return found

    def algorithms(self, name: str) -> list[str]:
        """The Algorithm attribute of each part of this name, '' where it has none."""
        return [element.get("Algorithm", "") for element in self.parts.get(name, ())]


def examine(root: Any, signature: Any, policy: Policy) -> Examined:
    """Takes a signature apart, whatever it looks like."""
    parts: dict[str, list[Any]] = {}
    for child in signature.iterchildren(*_SIGNED_PARTS[:2]):
        for element in child.iter(f"{{{DS}}}*"):
            parts.setdefault(element.tag[len(DS) + 2 :], []).append(element)
    return Examined(root, signature, policy, parts)


def _names(element: Any) -> str:
    return "".join([_NAMES[child.tag] for child in element]) if len(element) else ""


@lru_cache(maxsize=1024)
def _may_hold(tag: str, children: str) -> bool:
    """Whether an element of a known tag may have these children; software writes the same few shapes again and again."""
    return _CHILDREN[tag].fullmatch(children) is not None


def _check_shape(element: Any) -> None:
    for tag, children in {(one.tag, _names(one)) for one in element.iter()}:
        if tag in _CHILDREN and not (len(children) <= _LONGEST_FAMILY and _may_hold(tag, children)):
            raise SignatureInvalid("The signature holds something that does not belong there.")


def _check_methods(examined: Examined, canonicalizations: list[str]) -> None:
    policy = examined.policy
    known = (
        all(map(policy.canonicalizes, canonicalizations))
        and all(uri in policy.signature_methods for uri in examined.algorithms("SignatureMethod"))
        and all(uri in policy.digest_methods for uri in examined.algorithms("DigestMethod"))
    )
    if not known:
        raise SignatureInvalid("The signature uses a method that is not accepted.")


def _one_signature_in_place(examined: Examined) -> None:
    everywhere = list(examined.root.iter(SIGNATURE))
    if len(everywhere) != 1 or everywhere[0].getparent() is not examined.root:
        raise SignatureInvalid("There must be one signature, directly inside what it signs.")


def _nothing_but_a_signature(examined: Examined) -> None:
    _check_shape(examined.signature)


def _known_methods(examined: Examined) -> None:
    _check_methods(examined, examined.algorithms("CanonicalizationMethod"))


def _reference_is_the_root(examined: Examined) -> None:
    references = [reference.get("URI") for reference in examined.parts.get("Reference", ())]
    if references != [f"#{examined.root.get('ID')}"]:
        raise SignatureInvalid("The signature must reference the element that carries it, by its ID, and nothing else.")


def _enveloped_transforms(examined: Examined) -> None:
    found = examined.algorithms("Transform")
    if len(found) != 2 or found[0] != ENVELOPED or not examined.policy.canonicalizes(found[1]):
        raise SignatureInvalid("The transforms must be enveloped-signature, then an accepted canonicalization.")


def _short_prefix_lists(examined: Examined) -> None:
    for element in examined.signature.iter(_PREFIX_LIST):
        prefixes = element.get("PrefixList", "").split()
        if len(prefixes) > MAXIMUM_PREFIXES or not all(map(_PREFIX.fullmatch, prefixes)):
            raise SignatureInvalid("A list of namespace prefixes is too long or malformed.")


def _clean_base64(examined: Examined) -> None:
    for name in ("SignatureValue", "DigestValue"):
        if any(_BASE64.fullmatch(element.text or "") is None for element in examined.parts.get(name, ())):
            raise SignatureInvalid("The signature carries a value that is not base64.")


def _a_signature_and_its_objects(examined: Examined) -> None:
    if _WITH_OBJECTS.fullmatch(_names(examined.signature)) is None:
        raise SignatureInvalid("The signature holds something that does not belong there.")
    for name in _SIGNED_PARTS:
        _check_shape(examined.signature.find(name))


def _no_comment(examined: Examined) -> None:
    if next(examined.signature.iter(etree.Comment, etree.ProcessingInstruction), None) is not None:
        raise SignatureInvalid("The signature carries a comment or a processing instruction.")


def _known_methods_comments_or_not(examined: Examined) -> None:
    found = examined.algorithms("CanonicalizationMethod")
    _check_methods(examined, [_COMMENTED.get(algorithm, algorithm) for algorithm in found])


def _references_stay_inside(examined: Examined) -> None:
    if any(len(carriers) > 1 for carriers in examined.carriers.values()):
        raise SignatureInvalid("Two elements of the signature carry the same identifier.")
    for reference in examined.parts.get("Reference", ()):
        uri = reference.get("URI", "")
        if _FRAGMENT.fullmatch(uri) is None or uri[1:] not in examined.carriers:
            raise SignatureInvalid("A reference does not stay inside the signature.")


def _canonical_transforms(examined: Examined) -> None:
    for transforms in examined.parts.get("Transforms", ()):
        found = [_COMMENTED.get(uri, uri) for uri in (transform.get("Algorithm", "") for transform in transforms)]
        if len(found) != 1 or not examined.policy.canonicalizes(found[0]):
            raise SignatureInvalid("The only transform of a reference may be an accepted canonicalization.")


Check = Callable[[Examined], None]

ENVELOPED_CHECKS: tuple[tuple[str, Check], ...] = (
    ("one signature, in its place", _one_signature_in_place),
    ("nothing but a signature", _nothing_but_a_signature),
    ("known methods", _known_methods),
    ("reference to the assertion", _reference_is_the_root),
    ("transforms", _enveloped_transforms),
    ("prefix lists", _short_prefix_lists),
    ("base64", _clean_base64),
)

DETACHED_CHECKS: tuple[tuple[str, Check], ...] = (
    ("a signature and its objects", _a_signature_and_its_objects),
    ("no comment", _no_comment),
    ("known methods", _known_methods_comments_or_not),
    ("references inside", _references_stay_inside),
    ("transforms", _canonical_transforms),
    ("prefix lists", _short_prefix_lists),
    ("base64", _clean_base64),
)


def _signature_at_the_end(examined: Examined) -> None:
    _one_signature_in_place(examined)
    if examined.signature.getnext() is not None or (examined.signature.tail or "").strip():
        raise SignatureInvalid("The signature must be the last thing in the document that it signs.")


def _no_comment_in_text(examined: Examined) -> None:
    """A comment that is not signed may not stand in a text: readers would see two texts, or another one."""
    signed = any(uri in _COMMENTED for uri in examined.algorithms("Transform"))
    for comment in () if signed else examined.root.iter(etree.Comment):
        before = comment.getprevious()
        text = comment.getparent().text if before is None and comment.getparent() is not None else None
        around = (comment.tail, text if before is None else before.tail)
        if any((one or "").strip() for one in around):
            raise SignatureInvalid("A comment that is not signed stands in a text.")


def _the_document_and_inside(examined: Examined) -> None:
    """One reference to the whole document, the others to what stands inside the signature."""
    everywhere = list(_IDENTIFIERS(examined.root))
    identifiers = [value for value in _IDENTIFIERS(examined.signature) if value]
    uris = [reference.get("URI") for reference in examined.parts.get("Reference", ())]
    inside = [uri for uri in uris if uri]
    if uris.count("") != 1 or len(inside) != len(uris) - 1:
        raise SignatureInvalid("The signature must reference the document once, and its own parts.")
    for uri in inside:
        if _FRAGMENT.fullmatch(uri) is None or uri[1:] not in identifiers or everywhere.count(uri[1:]) != 1:
            raise SignatureInvalid("A reference does not stay inside the signature.")


def _transforms_of_a_document(examined: Examined) -> None:
    for reference in examined.parts.get("Reference", ()):
        found = [_COMMENTED.get(one, one) for one in _transforms_of(reference)]
        wanted = [ENVELOPED] if reference.get("URI") == "" else []
        if found[: len(wanted)] != wanted or len(found) > len(wanted) + 1:
            raise SignatureInvalid("A reference has transforms other than those of an enveloped signature.")
        if not all(map(examined.policy.canonicalizes, found[len(wanted) :])):
            raise SignatureInvalid("A reference uses a canonicalization that is not accepted.")


def _transforms_of(reference: Any) -> list[str]:
    return [one.get("Algorithm", "") for one in reference.iter(f"{{{DS}}}Transform")]


DOCUMENT_CHECKS: tuple[tuple[str, Check], ...] = (
    ("one signature, at the end", _signature_at_the_end),
    ("a signature and its objects", _a_signature_and_its_objects),
    ("no comment", _no_comment),
    ("no comment in a text", _no_comment_in_text),
    ("known methods", _known_methods_comments_or_not),
    ("references to the document and inside", _the_document_and_inside),
    ("transforms", _transforms_of_a_document),
    ("prefix lists", _short_prefix_lists),
    ("base64", _clean_base64),
)
"""A signature over the document that ends with it (XAdES enveloped; structuration minimale, 4.1)."""

ENVELOPING_CHECKS = tuple(
    ("no comment in a text", _no_comment_in_text) if name == "no comment" else (name, check)
    for name, check in DETACHED_CHECKS
)
"""A signature around a document: as one over its own objects, but that documents hold comments."""
