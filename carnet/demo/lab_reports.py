"""Laboratory reports about people who do not exist, with a narrative, values, reference ranges and repeated earlier results.

Values, units and time stamps are written as given, so that a test can ask for the very same characters back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from carnet.demo.documents import LAB_REPORT, LOINC, Draft, structured_lab_report

_INTERPRETATIONS = "2.16.840.1.113883.5.83"


@dataclass(frozen=True, slots=True)
class Measured:
    """One result: LOINC code and display, the digits and unit to write, an HL7 time stamp, and what stands with it.

    `comparator` (<, <=, >, >=) makes an open interval of it. `before` are earlier results that the report repeats.
    """

    code: str
    display: str
    digits: str
    unit: str
    taken: str
    low: str = ""
    high: str = ""
    interpretation: str = ""
    comparator: str = ""
    status: str = "completed"
    before: tuple[Measured, ...] = ()


def lab_report(draft: Draft, results: Sequence[Measured], *, title: str = "Biochimie", collected: str = "") -> bytes:
    """A CR-BIO of one section. `collected` is when the specimen was taken, '' to leave that out; the draft's type should be LAB_REPORT."""
    rows = "".join(_row(number, one) for number, one in enumerate(results))
    head = "<tr><th>Examen</th><th>Résultat</th><th>Valeurs de référence</th><th>Antériorités</th></tr>"
    entries = "".join(
        f'<entryRelationship typeCode="COMP">{_observation(one, f"r{number}")}</entryRelationship>'
        for number, one in enumerate(results)
    )
    section = _code("code", "18719-5", "Biochimie")
    return structured_lab_report(
        draft,
        f"<component><section>{section}<title>{escape(title)}</title><text><table><thead>{head}</thead><tbody>{rows}</tbody></table></text>"
        f'<entry typeCode="DRIV"><act classCode="ACT" moodCode="EVN">{section}<statusCode code="completed"/>{_collection(collected)}{entries}'
        "</act></entry></section></component>",
    )


def _row(number: int, one: Measured) -> str:
    usual = f"{one.low} à {one.high}" if one.low and one.high else one.low or one.high
    before = ", ".join(f"{old.digits} {old.unit} ({old.taken[:8]})" for old in one.before)
    cells = (one.display, f"{one.comparator} {one.digits} {one.unit}".strip(), usual, before)
    first, *others = (escape(cell) for cell in cells)
    return f'<tr ID="r{number}"><td>{first}</td>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'


def _observation(one: Measured, anchor: str = "") -> str:
    reference = f'<text><reference value="#{anchor}"/></text>' if anchor else ""
    interpretation = (
        f'<interpretationCode code="{one.interpretation}" codeSystem="{_INTERPRETATIONS}"/>'
        if one.interpretation
        else ""
    )
    before = "".join(
        f'<entryRelationship typeCode="REFR">{_observation(old)}</entryRelationship>' for old in one.before
    )
    return (
        f'<observation classCode="OBS" moodCode="EVN">{_code("code", one.code, one.display)}{reference}'
        f'<statusCode code="{one.status}"/><effectiveTime value="{one.taken}"/>{_value(one)}{interpretation}{before}{_range(one)}</observation>'
    )


def _value(one: Measured) -> str:
    unit = quoteattr(one.unit)
    if not one.comparator:
        return f'<value xsi:type="PQ" value={quoteattr(one.digits)} unit={unit}/>'
    end = "high" if one.comparator.startswith("<") else "low"
    inclusive = "true" if one.comparator.endswith("=") else "false"
    return (
        f'<value xsi:type="IVL_PQ"><{end} value={quoteattr(one.digits)} unit={unit} inclusive="{inclusive}"/></value>'
    )


def _range(one: Measured) -> str:
    ends = "".join(
        f'<{end} value="{digits}" unit={quoteattr(one.unit)}/>'
        for end, digits in (("low", one.low), ("high", one.high))
        if digits
    )
    usual = f'<value xsi:type="IVL_PQ">{ends}</value><interpretationCode code="N" codeSystem="{_INTERPRETATIONS}"/>'
    return (
        f'<referenceRange typeCode="REFV"><observationRange>{usual}</observationRange></referenceRange>' if ends else ""
    )


def _collection(collected: str) -> str:
    if not collected:
        return ""
    return (
        '<entryRelationship typeCode="COMP"><procedure classCode="PROC" moodCode="EVN"><code nullFlavor="NA"/>'
        f'<effectiveTime><high value="{collected}"/></effectiveTime><participant typeCode="PRD"><participantRole classCode="SPEC">'
        '<playingEntity><code code="BLD" displayName="Sang" codeSystem="2.16.840.1.113883.18.311"/></playingEntity></participantRole>'
        "</participant></procedure></entryRelationship>"
    )


def _code(name: str, code: str, display: str) -> str:
    return f'<{name} code="{code}" codeSystem="{LOINC}" displayName={quoteattr(display)}/>'


def lab_draft(created: int) -> Draft:
    """The draft of a laboratory report."""
    return Draft(created, type=LAB_REPORT, title="Compte rendu d'examens biologiques")
