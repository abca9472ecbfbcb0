"""In which encounter a document was written (componentOf/encompassingEncounter): a stay, a passage through an emergency ward, a consultation.

Every document has one (CI-SIS, structuration minimale), with a place at least; its kind (JDV_J142_TypeRencontre_CISIS, version 20210326) and its
period are there where the author told them. Its identifiers are not read: public examples write the author's own there.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from carnet.cda.participants import child_at, code_of
from carnet.cda.timestamps import to_dtm

ACT_CODE, TRE_R291 = "2.16.840.1.113883.5.4", "1.2.250.1.213.1.1.4.2.291"
Setting = Literal["", "stay", "emergency", "outpatient", "session", "ambulatory", "home", "remote", "field"]
SETTINGS: Mapping[tuple[str, str], Setting] = MappingProxyType(
    {
        (ACT_CODE, "IMP"): "stay",
        (ACT_CODE, "EMER"): "emergency",
        (TRE_R291, "EXTERNE"): "outpatient",
        (TRE_R291, "SEANCE"): "session",
        (ACT_CODE, "AMB"): "ambulatory",
        (ACT_CODE, "HH"): "home",
        (ACT_CODE, "VR"): "remote",
        (ACT_CODE, "FLD"): "field",
    }
)


class Encounter(NamedTuple):
    """What a document says of it: what it was, and from when to when (DTM in UTC), '' for what it does not tell or what is no time."""

    setting: Setting
    began: str
    ended: str


def encounter_in(component_of: Any) -> Encounter:
    """The encounter of a header's `componentOf`; empty for None."""
    element = child_at(component_of, "encompassingEncounter")
    code, time = code_of(child_at(element, "code")), child_at(element, "effectiveTime")
    low = child_at(time, "low")
    return Encounter(
        setting=SETTINGS.get((code.system, code.code), ""),
        began=_moment(low if low is not None else time),
        ended=_moment(child_at(time, "high")),
    )


def _moment(element: Any) -> str:
    """A time stamp of the header in UTC; one that is none says nothing: the header's own checks are for what metadata need."""
    try:
        return "" if element is None else to_dtm(element.get("value", ""))
    except ValueError:
        return ""
