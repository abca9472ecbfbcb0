"""The structure of an audit message as DICOM PS3.15 A.5.1 gives it, written as a RELAX NG schema of our own from its facts.

What the standard does not name is refused, but PurposeOfUse, which IHE adds to the event. Names are attributes where they begin with `@`;
`?` may be missing, `*` may come again or be missing, `+` comes at least once. Children stand in the order in which they are written here.
"""

from __future__ import annotations

from lxml import etree

RNG = "http://relaxng.org/ns/structure/1.0"
CODED = {"@csd-code": "token", "@codeSystemName": "token", "@displayName?": "token", "@originalText": "token"}
EVENT = {
    "@EventActionCode?": tuple("CRUDE"), "@EventDateTime": "dateTime", "@EventOutcomeIndicator": ("0", "4", "8", "12"),
    "EventID": CODED, "EventTypeCode*": CODED, "EventOutcomeDescription?": "string", "PurposeOfUse*": CODED,
}  # fmt: skip
PARTICIPANT = {
    "@UserID": "string", "@AlternativeUserID?": "string", "@UserName?": "string", "@UserIsRequestor": "boolean",
    "@NetworkAccessPointID?": "token", "@NetworkAccessPointTypeCode?": tuple("12345"), "RoleIDCode*": CODED,
    "MediaIdentifier?": {"MediaType": CODED},
}  # fmt: skip
SITE = {"@AuditEnterpriseSiteID?": "token", "@AuditSourceID": "token", "AuditSourceTypeCode*": CODED}
OBJECT = {
    "@ParticipantObjectID": "token", "@ParticipantObjectTypeCode?": tuple("1234"),
    "@ParticipantObjectTypeCodeRole?": tuple(str(number) for number in range(1, 27)),
    "@ParticipantObjectDataLifeCycle?": tuple(str(number) for number in range(1, 16)), "@ParticipantObjectSensitivity?": "token",
    "ParticipantObjectIDTypeCode": CODED, "ParticipantObjectName|ParticipantObjectQuery": ("token", "base64Binary"),
    "ParticipantObjectDetail*": {"@type": "token", "@value": "base64Binary"},
}  # fmt: skip
MESSAGE = {
    "EventIdentification": EVENT, "ActiveParticipant+": PARTICIPANT, "AuditSourceIdentification": SITE,
    "ParticipantObjectIdentification*": OBJECT,
}  # fmt: skip
TIMES = {"?": "optional", "*": "zeroOrMore", "+": "oneOrMore"}


def schema() -> etree.RelaxNG:
    root = etree.Element(
        f"{{{RNG}}}element", {"name": "AuditMessage", "datatypeLibrary": "http://www.w3.org/2001/XMLSchema-datatypes"},
        nsmap={None: RNG},
    )  # fmt: skip
    _content(root, MESSAGE)
    return etree.RelaxNG(root)


def _content(parent, content):
    if isinstance(content, str):
        etree.SubElement(parent, f"{{{RNG}}}data", type=content)
    elif isinstance(content, tuple):
        choice = etree.SubElement(parent, f"{{{RNG}}}choice")
        for value in content:
            etree.SubElement(choice, f"{{{RNG}}}value").text = value
    else:
        for name, inner in content.items():
            _part(parent, name, inner)


def _part(parent, name, inner):
    if "|" in name:
        choice = etree.SubElement(parent, f"{{{RNG}}}choice")
        for one, kind in zip(name.split("|"), inner, strict=True):
            _part(choice, one, kind)
        return
    if name[-1] in TIMES:
        parent, name = etree.SubElement(parent, f"{{{RNG}}}{TIMES[name[-1]]}"), name[:-1]
    kind = "attribute" if name.startswith("@") else "element"
    _content(etree.SubElement(parent, f"{{{RNG}}}{kind}", name=name.removeprefix("@")), inner)
