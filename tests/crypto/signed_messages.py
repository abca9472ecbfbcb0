"""Signed messages of many forms, and two second opinions of them: signxml as it is, and xmlsec. Loaded by test_second_opinions."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLVerifier
from signxml.algorithms import CanonicalizationMethod

from carnet.clock import system_clock, to_datetime
from carnet.crypto.signature_structure import Policy
from carnet.crypto.xml_signature import verify_detached_signed_info, verify_enveloped, verify_signed_document
from carnet.errors import CarnetError, SignatureInvalid

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N, C14N_11 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DS}enveloped-signature"
MORE, ENC = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2001/04/xmlenc#"
PSS = "http://www.w3.org/2007/05/xmldsig-more#"
SHA256, SHA384, SHA512 = f"{ENC}sha256", f"{MORE}sha384", f"{ENC}sha512"
OPEN = Policy(allow_sha1=True, allow_inclusive_c14n=True)
_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512(), "ha1": hashes.SHA1()}
_DIGESTS = {SHA256: "sha256", SHA384: "sha384", SHA512: "sha512", f"{DS}sha1": "sha1"}


@dataclass(frozen=True)
class Pen:
    """A key and a certificate for it."""

    key: Any
    certificate: x509.Certificate

    @property
    def elliptic(self) -> bool:
        return isinstance(self.key, ec.EllipticCurvePrivateKey)


def pens() -> dict[str, Pen]:
    """Pens of each kind, and others of the same."""
    keys = {
        "rsa": rsa.generate_private_key(65_537, 2048),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "other": rsa.generate_private_key(65_537, 2048),
        "other p256": ec.generate_private_key(ec.SECP256R1()),
    }
    return {name: Pen(key, _certificate(key)) for name, key in keys.items()}


def _certificate(key: Any) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST")])
    now = to_datetime(system_clock())
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(1), now + dt.timedelta(1))
    return builder.sign(key, hashes.SHA256())


@dataclass(frozen=True)
class Form:
    """How a message is made and signed: `kind` is enveloped, detached or document; `{}` in `content` is where its signature goes."""

    kind: str = "enveloped"
    content: str = '<a ID="_1"><b>text</b>{}</a>'
    method: str = f"{MORE}rsa-sha256"
    digest: str = SHA256
    canonicalization: str = EXC
    transform: str = EXC
    prefixes: str = ""
    objects: str = (
        '<ds:Object><m xmlns="urn:m" Id="m">one</m></ds:Object><ds:Object><q:p xmlns:q="urn:q" Id="p"/></ds:Object>'
    )
    attributes: str = ""
    uris: tuple[str, ...] = ("#m", "#p")


def signed(form: Form, pen: Pen) -> bytes:
    """The message with its signature: each canonical form is that of the part parsed alone."""
    message = form.content.format(_skeleton(form)) if form.kind != "detached" else _skeleton(form)
    root = etree.fromstring(message.encode())
    signature = next(root.iter(f"{{{DS}}}Signature"))
    for reference in signature.iter(f"{{{DS}}}Reference"):
        data = _referenced(root, reference, form)
        value = base64.b64encode(hashlib.new(_DIGESTS[form.digest], data).digest()).decode()
        reference.find(f"{{{DS}}}DigestValue").text = value
    signature.find(f"{{{DS}}}SignatureValue").text = base64.b64encode(_value(signature[0], form, pen)).decode()
    return etree.tostring(root)


def _skeleton(form: Form) -> str:
    listed = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{form.prefixes}"/>' if form.prefixes else ""
    last = f'<ds:Transform Algorithm="{form.transform}">{listed}</ds:Transform>' if form.transform else ""
    uris = {"enveloped": ("#_1",), "detached": form.uris, "document": ("", *form.uris)}[form.kind]
    references = ""
    for uri in uris:
        first = f'<ds:Transform Algorithm="{ENVELOPED}"/>' if uri in {"", "#_1"} else ""
        transforms = f"<ds:Transforms>{first}{last}</ds:Transforms>" if first or last else ""
        references += (
            f'<ds:Reference URI="{uri}" Type="urn:t">{transforms}<ds:DigestMethod Algorithm="{form.digest}"/>'
            "<ds:DigestValue/></ds:Reference>"
        )
    return (
        f'<ds:Signature xmlns:ds="{DS}"{form.attributes}><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{form.canonicalization}">{listed}</ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{form.method}"/>{references}</ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo>'
        "<ds:X509Data><ds:X509Certificate>AA==</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        f"{'' if form.kind == 'enveloped' else form.objects}</ds:Signature>"
    )


def _referenced(root: Any, reference: Any, form: Form) -> bytes:
    copy = etree.fromstring(etree.tostring(root))
    uri = reference.get("URI")
    element = copy if uri in {"", "#_1"} else next((one for one in copy.iter("*") if uri[1:] in one.values()), copy)
    if ENVELOPED in reference.xpath(".//@Algorithm"):
        signature = next(copy.iter(f"{{{DS}}}Signature"))
        _take_out(signature)
    return _canonical(element, form.transform or C14N, form.prefixes)


def _take_out(signature: Any) -> None:
    before, parent, tail = signature.getprevious(), signature.getparent(), signature.tail or ""
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    parent.remove(signature)


def _canonical(element: Any, algorithm: str, prefixes: str) -> bytes:
    return etree.tostring(
        etree.fromstring(etree.tostring(element, with_tail=False)),
        method="c14n",
        exclusive=algorithm.startswith(EXC),
        with_comments=algorithm.endswith("#WithComments"),
        inclusive_ns_prefixes=prefixes.split(" ") if prefixes else None,
    )


def _value(signed_info: Any, form: Form, pen: Pen) -> bytes:
    data = _canonical(signed_info, form.canonicalization, form.prefixes)
    digest = _HASHES[form.method.removesuffix("-rsa-MGF1")[-3:]]
    if pen.elliptic:
        r, s = decode_dss_signature(pen.key.sign(data, ec.ECDSA(digest)))
        size = (pen.key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if form.method.startswith(PSS):
        return pen.key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    return pen.key.sign(data, padding.PKCS1v15(), digest)


def elliptic(form: Form, name: str) -> Form:
    """The same form, for a pen of this name."""
    return form if name == "rsa" else replace(form, method=f"{MORE}ecdsa-sha{name[1:]}")


# --- opinions: the canonical forms of what is signed, or the refusal --------------------------------------------------

Opinion = list[bytes] | str


def ours(kind: str, data: bytes, certificate: x509.Certificate, policy: Policy = OPEN) -> Opinion:
    """What Carnet says: 'structure' where a named check refused, 'core' where core validation did."""
    try:
        found = _verified(kind, data, certificate, policy)
    except SignatureInvalid as error:
        named = {note for note in getattr(error, "__notes__", ()) if not note.startswith("what stands beside")}
        return "structure" if named or error.message == "There is no signature." else "core"
    except CarnetError:
        return "structure"
    return [etree.tostring(one, method="c14n") for one in found]


def _verified(kind: str, data: bytes, certificate: x509.Certificate, policy: Policy) -> Iterable[Any]:
    if kind == "enveloped":
        return [verify_enveloped(data, certificate, policy)]
    if kind == "detached":
        return [one.element for one in verify_detached_signed_info(data, certificate, policy)]
    return [one.element for one in verify_signed_document(data, certificate, policy)]


def by_signxml(kind: str, data: bytes, certificate: x509.Certificate, policy: Policy = OPEN) -> Opinion:
    """What signxml says, held to the algorithms of the policy."""
    count = int(etree.fromstring(data).xpath("count(//*[local-name()='SignedInfo']/*[local-name()='Reference'])"))
    expected = SignatureConfiguration(
        location="./",
        expect_references=count,
        signature_methods=frozenset(map(SignatureMethod, policy.signature_methods)),
        digest_algorithms=frozenset(map(DigestAlgorithm, policy.digest_methods)),
        default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
    )
    try:
        found = XMLVerifier().verify(
            data,
            x509_cert=certificate,
            expect_config=expected,
            id_attribute="ID" if kind == "enveloped" else None,
            validate_schema=False,
        )
    except Exception as error:  # noqa: BLE001 - whatever it raises means no
        return f"{type(error).__name__}: {error}"
    results = found if isinstance(found, list) else [found]
    return [one.signed_data for one in results]


def by_xmlsec(data: bytes, certificate: x509.Certificate) -> bool:
    """Whether the signature verifies by xmlsec."""
    root = etree.fromstring(data)
    xmlsec.tree.add_ids(root, ["ID", "Id", "id"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate.public_bytes(Encoding.PEM), xmlsec.KeyFormat.CERT_PEM)
    try:
        context.verify(next(root.iter(f"{{{DS}}}Signature")))
    except xmlsec.Error:
        return False
    return True


# --- odd messages ---------------------------------------------------------------------------------------------------

CONTENTS = (
    '<a ID="_1"><b>text</b>{}</a>',
    '<a ID="_1">{}</a>',
    '<a ID="_1">\n  <b>text</b>\n  {}\n  <c/>\n</a>',
    '<a xmlns="urn:d" ID="_1" xmlns:u="urn:unused"><n:b xmlns:n="urn:n" n:k="v" k="w" z="&#13;&#10;&#9;"/>{}</a>',
    '<d:a xmlns:d="urn:d" xmlns:n="urn:n" ID="_1"><b xmlns="urn:b"><c xmlns=""/></b>{}<n:b n:ID="_2"/></d:a>',
    '<a ID="_1" xml:lang="fr"><b xml:space="preserve"> &#13; é </b>{}</a>',
    '<a ID="_1"><b>one<!-- two -->three</b>{}<?y z?></a>',
    '<a ID="_1"><b><![CDATA[<x>&amp;]]>]]&gt;</b>{}</a>',
    '<a ID="_1" q="&lt;&quot;&amp;\'>"><b name="_1"/>{}</a>',
    '<a ID="_1"><b xmlns:n="rel">text</b>{}</a>',
    '<a ID="_1"><b n:ID="_1" xmlns:n="urn:n"/>{}</a>',
    '<a ID="_1"><b Id="_1"/>{}</a>',
    '<a ID="_1">{}text</a>',
    '<a ID="_1">text<b/>text{}</a>',
    '<a xml:id="_1">{}</a>',
    '<a ID="_1"><b ID="_2"/>{}</a>',
    '<a ID="_1"><b>\u2028\u0085\u00a0</b>{}</a>',
    '<a ID="_1" xmlns:ec="urn:e"><ec:b xmlns:ec="urn:f"/>{}</a>',
)
OBJECTS = (
    Form.objects,
    '<ds:Object><m Id="m">one</m></ds:Object><ds:Object Id="p"/>',
    (
        '<ds:Object xmlns:u="urn:u" xml:lang="fr"><m xmlns:v="urn:v" v:k="1" Id="m"><n xmlns="urn:n"/></m>\n</ds:Object>'
        '<ds:Object><q:p xmlns:q="urn:q" ID="p"> &#13; <![CDATA[x]]></q:p></ds:Object>'
    ),
    '<ds:Object><m Id="m"/>text</ds:Object><ds:Object><p id="p"/></ds:Object>',
    '<ds:Object><m Id="m"/><x n:Id="m" xmlns:n="urn:n"/></ds:Object><ds:Object><p Id="p"/></ds:Object>',
    '<ds:Object><x n:Id="m" xmlns:n="urn:n"/><m ID="m"/></ds:Object><ds:Object><p Id="p"/></ds:Object>',
    '<ds:Object><m Id="m"><!-- x --></m></ds:Object><ds:Object><p Id="p"><?y z?></p></ds:Object>',
    '<ds:Object><m Id="m" xmlns:n="rel"/></ds:Object><ds:Object><p Id="p"/></ds:Object>',
    '<ds:Object Id="m"><p Id="p">one</p></ds:Object>',
)
_INSIDE = (
    " ",
    "\n",
    "&#13;",
    "&amp;",
    "<!-- x -->",
    "<?y z?>",
    "<x/>",
    "<![CDATA[]]>",
    "0",
    "=",
    "A",
    '"',
    "\u00a0",
    "/>",
)
_IN_A_TAG = (' xmlns:u="urn:u"', ' xmlns="urn:u"', ' Id="m"', ' ID="_1"', ' id="_1"', ' xml:lang="en"', ' xml:id="p"')
_IN_A_TAG += (
    ' Id="x"',
    ' URI=""',
    ' Algorithm="x"',
    ' PrefixList="ds"',
    "\n",
    "\t",
    ' xmlns:n="rel"',
    ' n:Id="m" xmlns:n="urn:n"',
)
_KEY_VALUE = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
_REPLACED = (
    ("></ds:Transform>", "/>"),
    ("/>", "></x>"),
    ("ds:", "dt:"),
    ("xmlns:ds=", "xmlns:dt="),
    ('"', "'"),
    ("sha256", "sha512"),
    ("rsa-sha256", "sha256-rsa-MGF1"),
    ("rsa-sha256", "hmac-sha256"),
    (EXC, C14N),
    (C14N, C14N_11),
    (EXC, f"{EXC}WithComments"),
    (C14N, f"{C14N}#WithComments"),
    (ENVELOPED, EXC),
    ("#_1", ""),
    ("#_1", "#_2"),
    ("#m", "#p"),
    ("#m", "#xpointer(id('m'))"),
    ("text", "test"),
    ("one", "two"),
    ("<ds:SignatureValue>", "<ds:SignatureValue>\n "),
    ("<ds:DigestValue>", "<ds:DigestValue>&#13;\n "),
    ("==", "="),
    ("=<", "==<"),
    ("</ds:X509Data>", f"</ds:X509Data>{_KEY_VALUE}"),
    ("<ds:SignedInfo>", "<ds:SignedInfo><!-- x -->"),
    ("<ds:Transforms>", "<ds:Transforms>\n\t"),
    ("</ds:Signature>", "</ds:Signature> "),
    ("</ds:Signature>", "</ds:Signature><!-- x -->\n"),
    ("</ds:Signature>", "</ds:Signature>text"),
    ("<ds:KeyInfo>", '<ds:KeyInfo Id="m">'),
    ("<ds:KeyInfo>", '<ds:KeyInfo xml:lang="fr">'),
)


def mutated(data: bytes, step: tuple[int, int, int]) -> bytes:
    """The message with one accident or trick: what, where and which, as numbers that are taken modulo what there is."""
    text, (kind, place, which) = data.decode(), step
    at = place % len(text)
    span = text[at : at + which % 40 + 1]
    if kind % 7 == 0:
        return (text[:at] + text[at + len(span) :]).encode()
    if kind % 7 == 1:
        return (text[:at] + span + text[at:]).encode()
    if kind % 7 == 2:
        found = [number for number, one in enumerate(text) if one == ">"]
        at = found[place % len(found)] + 1
        return (text[:at] + _INSIDE[which % len(_INSIDE)] + text[at:]).encode()
    if kind % 7 == 3:
        found = [number for number, one in enumerate(text) if one == " " and "=" in text[number : number + 40]]
        at = found[place % len(found)]
        return (text[:at] + _IN_A_TAG[which % len(_IN_A_TAG)] + text[at:]).encode()
    if kind % 7 == 4:
        return (text[:at] + _INSIDE[which % len(_INSIDE)] + text[at:]).encode()
    old, new = _REPLACED[which % len(_REPLACED)]
    return text.replace(old, new, 1 if kind % 7 == 5 else -1).encode()
