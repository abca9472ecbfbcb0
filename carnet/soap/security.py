"""Who calls: the VIHF in the WS-Security header, over the certificate that opened the connection (security notes §5.1).

The message is judged here, as far as it could confuse who reads the assertion; the assertion in `identity.vihf`. No database:
replays and the directory are asked behind the gate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from carnet.errors import CertificateMissing, Unauthenticated
from carnet.identity import vihf
from carnet.identity.certificates import Purpose
from carnet.identity.vihf_rules import VihfRules
from carnet.identity.vihf_structure import ASSERTION, REFUSAL, deny
from carnet.requester import Requester
from carnet.soap.namespaces import SECURITY, SOAP11, SOAP12

__all__ = ["VihfRules", "authenticate"]

_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_REMARKS = etree.XPath("boolean(.//comment() | .//processing-instruction())")
_IDENTIFIERS = etree.XPath(
    " | ".join(f"descendant-or-self::*/@{name}" for name in ("ID", "Id", "id", "AssertionID", "xml:id", "wsu:Id")),
    namespaces={"wsu": _WSU},
    smart_strings=False,
)
_AROUND_OR_INSIDE = etree.XPath(
    " or ".join(f"{axis}::*/@* = $value" for axis in ("ancestor", "preceding", "descendant", "following"))
)
"""Whether another element of the message than this one has an attribute of this value."""
_BLOCKS = frozenset({ASSERTION, f"{{{_WSU}}}Timestamp"})
_ROLE_ATTRIBUTES = (f"{{{SOAP12}}}role", f"{{{SOAP11}}}actor")
_OUR_ROLES = frozenset(
    {"", f"{SOAP12}/role/next", f"{SOAP12}/role/ultimateReceiver", "http://schemas.xmlsoap.org/soap/actor/next"}
)


def authenticate(
    message_root: Any, client_certificate_der: bytes | None, address: str, rules: VihfRules, now: int
) -> Requester:
    """The caller, from the root of a SOAP envelope and the certificate of the TLS connection in DER.

    `address` is the caller's network address, for the trace; `now` is in microseconds UTC. Raises CertificateMissing,
    CertificateInvalid or AssertionInvalid, whose notes say why for the log.
    """
    if not client_certificate_der:
        raise CertificateMissing(REFUSAL)
    try:
        holder = rules.certificates.check(client_certificate_der, purpose=Purpose.CONNECTION)
        header = _header(message_root)
        _judge(header)
        return vihf.verify(_assertion(header), holder, rules, now, address=address)
    except Unauthenticated:
        raise
    except Exception as error:
        raise deny(f"the verification itself failed: {type(error).__name__}") from error


def _judge(header: Any) -> None:
    for name, check in CHECKS:
        try:
            check(header)
        except Unauthenticated as error:
            error.add_note(name)
            raise


def _header(root: Any) -> Any:
    for namespace in (SOAP12, SOAP11):
        if root.tag == f"{{{namespace}}}Envelope" and len(root) and root[0].tag == f"{{{namespace}}}Header":
            return root[0]
    raise deny("the message has no SOAP header")


def _child(element: Any, tag: str) -> Any:
    """The first child of this tag, None when there is none, or no element."""
    return None if element is None else next(element.iterchildren(tag), None)


def _assertion(header: Any) -> Any:
    found = _child(_child(header, SECURITY), ASSERTION)
    if found is None:
        raise deny("the message carries no assertion")
    return found


def _one_security_header(header: Any) -> None:
    everywhere = list(header.getroottree().iter(SECURITY))
    if len(everywhere) != 1 or everywhere[0].getparent() is not header:
        raise deny("there is not one wsse:Security, in the header")


def _for_us(header: Any) -> None:
    security = _child(header, SECURITY)
    if security is not None and not all(security.get(name, "") in _OUR_ROLES for name in _ROLE_ATTRIBUTES):
        raise deny("wsse:Security is for another node")


def _one_assertion(header: Any) -> None:
    everywhere = list(header.getroottree().iter("{*}Assertion", "{*}EncryptedAssertion"))
    if len(everywhere) != 1 or everywhere[0].tag != ASSERTION or everywhere[0].getparent().tag != SECURITY:
        raise deny("there is not one assertion, in wsse:Security")


def _nothing_beside_it(header: Any) -> None:
    if any(
        child.tag not in _BLOCKS for security in header.iterchildren(SECURITY) for child in security.iterchildren("*")
    ):
        raise deny("wsse:Security holds something beside the assertion")


def _no_remark(header: Any) -> None:
    if _REMARKS(header):
        raise deny("the header carries a comment or a processing instruction")


def _unique_identifiers(header: Any) -> None:
    identifiers = _IDENTIFIERS(header)
    assertion = _child(_child(header, SECURITY), ASSERTION)
    own = "" if assertion is None else assertion.get("ID", "")
    once = assertion is not None and assertion.values().count(own) == 1 and not _AROUND_OR_INSIDE(assertion, value=own)
    if len(identifiers) != len(set(identifiers)) or not once:
        raise deny("an identifier of the header occurs twice in the message")


Check = Callable[[Any], None]
CHECKS: tuple[tuple[str, Check], ...] = (
    ("one security header", _one_security_header),
    ("for us", _for_us),
    ("one assertion", _one_assertion),
    ("nothing beside it", _nothing_beside_it),
    ("no remark", _no_remark),
    ("unique identifiers", _unique_identifiers),
)
