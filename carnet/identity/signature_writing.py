"""The signature document of a submission set, written by hand (XMLDSig, XAdES, IHE ITI DSG).

The signed parts are in canonical form from the start, namespaces included, so that nothing has to be canonicalized but the documents;
the server, which does canonicalize, is thereby checked too.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from carnet import hardened_xml
from carnet.clock import to_iso

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N_COMMENTS = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
PURPOSE = "1.2.840.10065.1.12.1.14"
"""ASTM E1762: signature of the source."""
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - what the software of 2010 signs with; servers refuse it unless told otherwise
    "sha256": hashes.SHA256(),
    "sha512": hashes.SHA512(),
}
_DIGESTS = {
    "sha1": f"{DS}sha1",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}
_SIGNATURES = {
    "sha1": f"{DS}rsa-sha1",
    "sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "sha512": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
}


@dataclass(frozen=True, slots=True)
class Style:
    """How to sign: `digest` is sha1, sha256 or sha512; `xades` a version of the XAdES namespace; `transform` the documents' canonical form."""

    digest: str = "sha256"
    xades: str = "1.3.2"
    transform: str = C14N_COMMENTS


CURRENT = Style()
LEGACY = Style(digest="sha1", xades="1.1.1")
"""As the published examples of the DMP are."""


@dataclass(frozen=True, slots=True)
class Pen:
    """A signature certificate with its key, and the authorities above it."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...] = ()


def signature(
    unique_id: str,
    submission_set_unique_id: str,
    documents: Mapping[str, tuple[bytes, bool]],
    pen: Pen,
    now: int,
    *,
    style: Style,
) -> bytes:
    """The signature document. `documents` gives bytes by uniqueId, and whether they are XML, to be digested in canonical form."""
    identifier = f"id-{unique_id}"
    manifest = _manifest(submission_set_unique_id, documents, style)
    properties = _signed_properties(pen, now, style)
    declared, qualified = f' xmlns:ds="{DS}"', f' xmlns:ds="{DS}" xmlns:xad="{_xades(style)}"'
    signed_info = _signed_info(manifest.format(declared), properties.format(qualified), style)
    to_sign = signed_info.format(declared).encode()
    value = pen.key.sign(to_sign, padding.PKCS1v15(), _HASHES[style.digest])
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ds:Signature{declared} Id="{identifier}">{signed_info.format("")}'
        f"<ds:SignatureValue>{_base64(value)}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
        f"{_base64(_der(pen.certificate))}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        f'<ds:Object><ds:SignatureProperties><ds:SignatureProperty Id="purposeOfSignature" Target="#{identifier}">{PURPOSE}'
        f"</ds:SignatureProperty></ds:SignatureProperties></ds:Object><ds:Object>{manifest.format('')}</ds:Object>"
        f'<ds:Object><xad:QualifyingProperties xmlns:xad="{_xades(style)}" Target="#{identifier}">'
        f"{properties.format('')}</xad:QualifyingProperties></ds:Object></ds:Signature>"
    ).encode()


# Each part below is in canonical form but for `{}`, where the namespace declarations go that it inherits in the signature.


def _signed_info(manifest: str, properties: str, style: Style) -> str:
    kind = (
        f"{_xades(style)}SignedProperties" if style.xades == "1.1.1" else "http://uri.etsi.org/01903#SignedProperties"
    )
    return (
        f'<ds:SignedInfo{{}}><ds:CanonicalizationMethod Algorithm="{C14N_COMMENTS}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{_SIGNATURES[style.digest]}"></ds:SignatureMethod>'
        + _reference("#IHEManifest", manifest.encode(), style, transform=C14N_COMMENTS, kind=f"{DS}Manifest")
        + _reference("#SignedProperties", properties.encode(), style, transform=C14N_COMMENTS, kind=kind)
        + "</ds:SignedInfo>"
    )


def _manifest(submission_set_unique_id: str, documents: Mapping[str, tuple[bytes, bool]], style: Style) -> str:
    references = [_written(f"urn:oid:{submission_set_unique_id}", b"\x00", style)]
    for unique_id, (content, is_xml) in documents.items():
        transform = style.transform if is_xml else ""
        data = canonical(content, transform) if transform else content
        references.append(_reference(f"urn:oid:{unique_id}", data, style, transform=transform))
    return f'<ds:Manifest{{}} Id="IHEManifest">{"".join(references)}</ds:Manifest>'


def _signed_properties(pen: Pen, now: int, style: Style) -> str:
    certificates = "".join(_cert(one, style) for one in (pen.certificate, *pen.chain))
    return (
        '<xad:SignedProperties{} Id="SignedProperties"><xad:SignedSignatureProperties>'
        f"<xad:SigningTime>{to_iso(now)}</xad:SigningTime>"
        f"<xad:SigningCertificate>{certificates}</xad:SigningCertificate>"
        "<xad:SignaturePolicyIdentifier><xad:SignaturePolicyImplied></xad:SignaturePolicyImplied>"
        "</xad:SignaturePolicyIdentifier></xad:SignedSignatureProperties></xad:SignedProperties>"
    )


def _cert(certificate: x509.Certificate, style: Style) -> str:
    digest = hashlib.new(style.digest, _der(certificate), usedforsecurity=False).digest()
    prefix = "xad" if style.xades == "1.1.1" else "ds"
    issuer = certificate.issuer.rfc4514_string().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    issuer = issuer.replace("{", "{{").replace("}", "}}")  # a brace is a place for namespaces here
    return (
        f'<xad:Cert><xad:CertDigest><{prefix}:DigestMethod Algorithm="{_DIGESTS[style.digest]}"></{prefix}:DigestMethod>'
        f"<{prefix}:DigestValue>{_base64(digest)}</{prefix}:DigestValue></xad:CertDigest><xad:IssuerSerial>"
        f"<ds:X509IssuerName>{issuer}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></xad:IssuerSerial></xad:Cert>"
    )


def _reference(uri: str, data: bytes, style: Style, *, transform: str = "", kind: str = "") -> str:
    digest = hashlib.new(style.digest, data, usedforsecurity=False).digest()
    return _written(uri, digest, style, transform=transform, kind=kind)


def _written(uri: str, digest: bytes, style: Style, *, transform: str = "", kind: str = "") -> str:
    attributes = f' Type="{kind}" URI="{uri}"' if kind else f' URI="{uri}"'
    transforms = (
        f'<ds:Transforms><ds:Transform Algorithm="{transform}"></ds:Transform></ds:Transforms>' if transform else ""
    )
    return (
        f'<ds:Reference{attributes}>{transforms}<ds:DigestMethod Algorithm="{_DIGESTS[style.digest]}"></ds:DigestMethod>'
        f"<ds:DigestValue>{_base64(digest)}</ds:DigestValue></ds:Reference>"
    )


def canonical(content: bytes, transform: str) -> bytes:
    """A whole document in the canonical form of a Transform algorithm."""
    tree = hardened_xml.parse(content, what="document", huge_text=True).getroottree()
    comments = transform.endswith("WithComments")
    return etree.tostring(tree, method="c14n", exclusive="exc-c14n" in transform, with_comments=comments)


def _xades(style: Style) -> str:
    return f"http://uri.etsi.org/01903/v{style.xades}#"


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
