"""The Manifest of a submission set's signature (IHE ITI DSG): one reference for the set, one for each document, nothing else.

XML signature validation stops at the Manifest (XMLDSig Core §5.1): what it references is resolved and compared here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from carnet import hardened_xml
from carnet.crypto.signature_structure import DS
from carnet.crypto.xml_signature import Policy
from carnet.errors import CarnetError, SignatureInvalid
from carnet.hardened_xml import LeanTree

MANIFEST = f"{{{DS}}}Manifest"
MANIFEST_TYPE = f"{DS}Manifest"
PLACEHOLDER = b"\x00"
"""DigestValue (`AA==`) of the reference to the submission set itself, which has no bytes to digest (DSG)."""

_DIGEST = [f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue"]
_OID = "urn:oid:"
_LONGEST_TEXT = 10_000_000
_C14N, _C14N_11, _EXCLUSIVE = (
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
)
_CANONICALIZATIONS: Mapping[str, tuple[bool, bool]] = {
    # Transform algorithm: exclusive, with comments. Canonical XML 1.0 and 1.1 are the same for a whole document (C14N 1.1 §1.3).
    _C14N: (False, False),
    f"{_C14N}#WithComments": (False, True),
    _C14N_11: (False, False),
    f"{_C14N_11}#WithComments": (False, True),
    _EXCLUSIVE: (True, False),
    f"{_EXCLUSIVE}WithComments": (True, True),
}


@dataclass(frozen=True, slots=True)
class ManifestReference:
    """One reference: the OID that it names, its one transform ('' for none), the digest's algorithm and value."""

    identifier: str
    transform: str
    algorithm: str
    digest: bytes


def verify_manifest(
    manifest: Any,
    submission_set_unique_id: str,
    documents: Mapping[str, bytes],
    trees: Mapping[str, LeanTree],
    policy: Policy,
) -> None:
    """Compares each reference with what was submitted: `documents` by uniqueId, `trees` those of them that are parsed already.

    Raises SignatureInvalid when the set or a document is missing, repeated, foreign or different.
    """
    found: set[str] = set()
    for reference in read_manifest(manifest):
        identifier = reference.identifier
        if identifier in found:
            raise SignatureInvalid("The signature references the same object twice.", subject=identifier)
        found.add(identifier)
        if identifier == submission_set_unique_id:
            _check_set(reference)
        elif identifier in documents:
            _compare(reference, documents[identifier], trees.get(identifier), policy)
        else:
            raise SignatureInvalid("The signature references something that was not submitted.", subject=identifier)
    for identifier in (submission_set_unique_id, *documents):
        if identifier not in found:
            raise SignatureInvalid("The signature does not cover all that was submitted.", subject=identifier)


def verify_member(manifest: Any, submission_set_unique_id: str, unique_id: str, content: bytes, policy: Policy) -> None:
    """Compares the references to the set and to one document of it; the others are not looked at. Raises SignatureInvalid."""
    wanted = {submission_set_unique_id, unique_id}
    mine = [one for one in read_manifest(manifest) if one.identifier in wanted]
    if sorted(one.identifier for one in mine) != sorted(wanted):
        raise SignatureInvalid("The signature does not cover the set and the document, each once.", subject=unique_id)
    for reference in mine:
        if reference.identifier == submission_set_unique_id:
            _check_set(reference)
        else:
            _compare(reference, content, None, policy)


def _check_set(reference: ManifestReference) -> None:
    if reference.digest != PLACEHOLDER or reference.transform:
        raise SignatureInvalid("The reference to the submission set does not carry the digest AA==.")


def read_manifest(manifest: Any) -> Iterator[ManifestReference]:
    """The references of a Manifest element, in order. Raises SignatureInvalid for anything else that stands in it."""
    for element in manifest:
        if element.tag != f"{{{DS}}}Reference":
            raise SignatureInvalid("The manifest holds something other than references.")
        uri = element.get("URI", "")
        if not uri.startswith(_OID):
            raise SignatureInvalid("A reference of the manifest is not of the form urn:oid:….")
        children = list(element)
        if len(children) > 3 or [child.tag for child in children[-2:]] != _DIGEST:
            raise SignatureInvalid("A reference of the manifest is malformed.")
        transform = _transform(children[0]) if len(children) == 3 else ""
        algorithm = children[-2].get("Algorithm", "")
        yield ManifestReference(uri.removeprefix(_OID), transform, algorithm, decoded(children[-1]))


def digest_of(data: bytes, algorithm: str, policy: Policy) -> bytes:
    """The digest by an XMLDSig DigestMethod that the policy allows. Raises SignatureInvalid for another."""
    name = policy.digest_methods.get(algorithm)
    if name is None:
        raise SignatureInvalid("The signature uses a digest method that is not accepted.")
    return hashlib.new(name, data, usedforsecurity=False).digest()


def decoded(element: Any) -> bytes:
    """The bytes of an element's base64 text. Raises SignatureInvalid."""
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except ValueError as error:
        raise SignatureInvalid("The signature carries a value that is not base64.") from error


def canonical(root: Any, transform: str) -> bytes:
    """The whole document of a root element in canonical form, comments and instructions outside the root included.

    Raises SignatureInvalid for an unknown transform or a document that has no canonical form (relative namespace names).
    """
    if transform not in _CANONICALIZATIONS:
        raise SignatureInvalid("The manifest uses a transform that is not accepted.")
    exclusive, comments = _CANONICALIZATIONS[transform]
    try:
        return etree.tostring(root.getroottree(), method="c14n", exclusive=exclusive, with_comments=comments)
    except (etree.LxmlError, ValueError) as error:
        raise SignatureInvalid("A document cannot be put in canonical form.") from error


def _canonical_document(content: bytes, tree: LeanTree | None, transform: str) -> bytes:
    huge = len(content) > _LONGEST_TEXT
    if tree is None:
        tree = hardened_xml.parse_lean(content, what="document", huge_text=huge)
    found = tree.whole(canonical(tree.root, transform))
    if found is None:
        found = canonical(hardened_xml.parse(content, what="document", huge_text=huge), transform)
    return found


def _compare(reference: ManifestReference, content: bytes, tree: LeanTree | None, policy: Policy) -> None:
    try:
        if reference.transform:
            content = _canonical_document(content, tree, reference.transform)
        digest = digest_of(content, reference.algorithm, policy)
    except CarnetError as error:
        raise SignatureInvalid(error.message, subject=reference.identifier) from error
    if not hmac.compare_digest(digest, reference.digest):
        raise SignatureInvalid("A document is not the one that was signed.", subject=reference.identifier)


def _transform(transforms: Any) -> str:
    children = list(transforms)
    tags = [transforms.tag, *(child.tag for child in children)]
    if tags != [f"{{{DS}}}Transforms", f"{{{DS}}}Transform"] or len(children[0]):
        raise SignatureInvalid("A reference of the manifest has transforms other than one canonicalization.")
    return str(children[0].get("Algorithm", "?"))
