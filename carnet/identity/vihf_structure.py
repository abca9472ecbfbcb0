"""The shape of a VIHF: a closed grammar of the SAML 2.0 assertion, in place of the whole schema (SAML Core §2, protocol notes §2.1).

What is not named here is refused: extension points of SAML are where assertions get wrapped into one another.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from carnet.crypto.signature_structure import DS, SIGNATURE
from carnet.errors import AssertionInvalid

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
HL7 = "urn:hl7-org:v3"
ASSERTION = f"{{{SAML}}}Assertion"
REFUSAL = "The identity of the caller could not be established."
MAXIMUM_VALUE = 2048

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_STATEMENTS = "AuthnStatement AttributeStatement |AttributeStatement AuthnStatement "
_NAME_ATTRIBUTES = "Format NameQualifier SPNameQualifier SPProvidedID"
_GRAMMAR: dict[str, tuple[str, str]] = {
    "Assertion": (f"Issuer (Signature )*Subject (Conditions )?({_STATEMENTS})(Signature )*", "ID IssueInstant Version"),
    "Issuer": ("", _NAME_ATTRIBUTES),
    "Subject": ("NameID (SubjectConfirmation ){0,4}", ""),
    "NameID": ("", _NAME_ATTRIBUTES),
    "SubjectConfirmation": ("(NameID )?(SubjectConfirmationData )?", "Method"),
    "SubjectConfirmationData": ("(KeyInfo )?", f"NotBefore NotOnOrAfter Recipient InResponseTo Address {_XSI}type"),
    "KeyInfo": ("X509Data ", "Id"),
    "X509Data": ("X509Certificate ", ""),
    "X509Certificate": ("", ""),
    "Conditions": ("((AudienceRestriction|OneTimeUse) ){0,4}", "NotBefore NotOnOrAfter"),
    "AudienceRestriction": ("(Audience ){1,8}", ""),
    "Audience": ("", ""),
    "OneTimeUse": ("", ""),
    "AuthnStatement": ("(SubjectLocality )?AuthnContext ", "AuthnInstant SessionIndex SessionNotOnOrAfter"),
    "SubjectLocality": ("", "Address DNSName"),
    "AuthnContext": ("AuthnContextClassRef ((AuthnContextDecl|AuthnContextDeclRef) )?", ""),
    "AuthnContextClassRef": ("", ""),
    "AuthnContextDecl": ("", f"{_XSI}type"),
    "AuthnContextDeclRef": ("", ""),
    "AttributeStatement": ("(Attribute ){1,64}", ""),
    "Attribute": ("(AttributeValue ){0,8}", "Name NameFormat FriendlyName"),
    "AttributeValue": ("(Value )?", f"{_XSI}type {_XSI}nil"),
    "Value": ("", f"code codeSystem codeSystemName codeSystemVersion displayName nullFlavor {_XSI}type"),
}
"""For each element: its children in order, as an expression over names, and the attributes it may carry. `Value` is any leaf
of HL7 v3 in an AttributeValue; Signature is judged by `crypto.signature_structure`."""

_HL7_PREFIX = f"{{{HL7}}}"
_DS_NAMES = frozenset({"Signature", "KeyInfo", "X509Data", "X509Certificate"})


class _Names(dict[Any, str]):
    """Names of the grammar by tag: `Value` for all of HL7 v3, '?' for others (comments and instructions have no tag that is text)."""

    def __missing__(self, tag: Any) -> str:
        return "Value" if isinstance(tag, str) and tag.startswith(_HL7_PREFIX) else "?"


_NAMES = _Names(
    {f"{{{DS if name in _DS_NAMES else SAML}}}{name}": name for name in (*_GRAMMAR, "Signature") if name != "Value"}
)
_CHILDREN = {name: re.compile(children) for name, (children, _) in _GRAMMAR.items()}
_ATTRIBUTES = {name: frozenset(attributes.split()) for name, (_, attributes) in _GRAMMAR.items()}
_NONE: frozenset[str] = frozenset()
_LONGEST_FAMILY = 1024
"""Characters; sixty-four children of the longest kind take fewer."""
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


def deny(reason: str) -> AssertionInvalid:
    """The uniform error; `reason` goes to the log as a note and carries nothing of the caller."""
    error = AssertionInvalid(REFUSAL)
    error.add_note(reason)
    return error


@dataclass(frozen=True, slots=True)
class Shape:
    """What is found in an assertion, Signature elements left out but for their name.

    `held` are all its nodes, in order: lxml makes an object each time that one is asked for, unless it is held. `families` are the names
    of elements in the grammar ('?' when it has none), each with those of its children, parted by blanks; `attributes` are names
    of elements with those of their attributes. `longest` is the length of the longest value, `beside` all text that stands beside
    an element.
    """

    held: tuple[Any, ...]
    families: set[tuple[str, str]]
    attributes: set[tuple[str, str]]
    longest: int
    beside: str


def shape_of(root: Any) -> Shape:
    """The shape of an assertion, which may stand in a larger tree."""
    held = tuple(root.iter())
    families: set[tuple[str, str]] = set()
    attributes: set[tuple[str, str]] = set()
    lengths, beside, place = [0], [""], 0
    while place < len(held):
        element = held[place]
        tag, text = element.tag, element.text
        if tag == SIGNATURE and place:
            place += len(list(element.iter()))
            continue
        place += 1
        name, children = _NAMES[tag], list(element) if len(element) else []
        families.add((name, " ".join([_NAMES[child.tag] for child in children])))
        if children:
            beside += [text or "", *[child.tail or "" for child in children]]
        if text and name != "X509Certificate":
            lengths.append(len(text))
        for key, value in element.items():
            attributes.add((name, key))
            lengths.append(len(value))
    return Shape(held, families, attributes, max(lengths), "".join(beside))


@lru_cache(maxsize=1024)
def _may_hold(name: str, children: str) -> bool:
    """Whether the grammar lets an element of this name have these children; software writes the same few shapes again and again."""
    return name in _CHILDREN and _CHILDREN[name].fullmatch(children and f"{children} ") is not None


def _known_children(shape: Shape) -> None:
    if not all(len(children) <= _LONGEST_FAMILY and _may_hold(name, children) for name, children in shape.families):
        raise deny("an element of the assertion is unknown, missing, repeated or out of place")


def _known_attributes(shape: Shape) -> None:
    if not all(key in _ATTRIBUTES.get(name, _NONE) for name, key in shape.attributes):
        raise deny("an element of the assertion carries an unknown attribute")


def _no_mixed_content(shape: Shape) -> None:
    if shape.beside.strip():
        raise deny("an element of the assertion mixes text and elements")


def _short_values(shape: Shape) -> None:
    if shape.longest > MAXIMUM_VALUE:
        raise deny("a value of the assertion is too long")


def _sound_identifier(shape: Shape) -> None:
    if _IDENTIFIER.fullmatch(shape.held[0].get("ID", "")) is None:
        raise deny("the ID of the assertion is not an NCName of at most 128 characters")


def _saml_two(shape: Shape) -> None:
    if shape.held[0].get("Version") != "2.0":
        raise deny("the assertion is not of SAML 2.0")


def _absolute_namespaces(shape: Shape) -> None:
    declarations: Any = etree.iterwalk(shape.held[0], events=("start-ns",))
    declared = [uri for _, (_, uri) in declarations]
    if not all(":" in uri for uri in (*declared, *shape.held[0].nsmap.values()) if uri):
        raise deny("a namespace of the assertion is relative")


Check = Callable[[Shape], None]
CHECKS: tuple[tuple[str, Check], ...] = (
    ("children", _known_children),
    ("attributes", _known_attributes),
    ("mixed content", _no_mixed_content),
    ("length of values", _short_values),
    ("identifier", _sound_identifier),
    ("SAML version", _saml_two),
    ("namespaces", _absolute_namespaces),
)
