"""Documents with lists of allergies and problems, for tests; and what an entry of such a list is made of."""

from __future__ import annotations

from carnet.demo.care_documents import SUMMARY
from carnet.demo.documents import Draft, structured

ALLERGIES, ACTIVE, PAST = "48765-2", "11450-4", "11348-0"
CIM_10, ABSENT = "2.16.840.1.113883.6.3", "2.16.840.1.113883.5.1150.1"


def entry(code, name, *, system=CIM_10, start="", denied=False, nature="interprétation diagnostique"):
    """An entry that names something; of an allergy the value is what it is to."""
    value = f'<value xsi:type="CD" code="{code}" codeSystem="{system}" displayName="{name}"/>'
    time = f'<effectiveTime><low value="{start}"/></effectiveTime>' if start else ""
    return (
        '<entry><act classCode="ACT" moodCode="EVN"><statusCode code="active"/><entryRelationship typeCode="SUBJ">'
        f'<observation classCode="OBS" moodCode="EVN" negationInd="{str(denied).lower()}"><id root="1.2.3"/>'
        f'<code code="1" displayName="{nature}"/>{time}{value}</observation></entryRelationship></act></entry>'
    )


def absent(code):
    """An entry that states that there is nothing, or that nothing is known."""
    return entry(code, "", system=ABSENT)


def section(code, *entries, text="liste"):
    """One list."""
    body = "".join(entries)
    return (
        f'<component><section><code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><title>Liste</title>'
        f"<text>{text}</text>{body}</section></component>"
    )


def stating(now, *sections, **about):
    """A document of these lists, a synthesis unless its type says otherwise."""
    return structured(Draft(now, **{"type": SUMMARY, "title": "Synthèse", **about}), (), "".join(sections))
