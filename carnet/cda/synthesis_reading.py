"""What a document states part by part, as a synthesis does: of summaries, letters and whatever else has such sections, in its author's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from carnet.cda.contents import clinical_document
from carnet.cda.header import read_header
from carnet.cda.header_model import LEVEL_3
from carnet.cda.medication import LineKind, MedicineLine, medicine_lines
from carnet.cda.participants import HL7, child_at, code_of
from carnet.cda.result_values import Anchors, anchors_of, plain_text
from carnet.cda.synthesis_entry_reading import READERS, absences_stated
from carnet.cda.synthesis_layouts import RESULTS, VSM
from carnet.cda.synthesis_model import NO_CODE, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_narrative import NOT_STATED
from carnet.cda.synthesis_templates import ABSENCES, PART_OF, PRODUCT_SYSTEMS
from carnet.metadata import Code

_BY_TEXT = frozenset({Part.ALERTS, Part.WORK, Part.FUNCTION})
_PARTS_OF_A_VSM = {**PART_OF, RESULTS: Part.ALERTS}
"""A VSM has its points to watch in a section that is of results everywhere else."""
_MEDICINES = {Part.TREATMENTS: LineKind.STATED, Part.VACCINATIONS: LineKind.INJECTED}


def stated_in(content: bytes) -> tuple[Stated, ...]:
    """What a document says of each part that it has a section for, in its order; () for level 1. Raises InvalidDocument for what is no CDA."""
    header = read_header(content)
    if header.body.element != LEVEL_3:
        return ()
    document = clinical_document(content)
    anchors = anchors_of(document)
    medicines = medicine_lines(content)
    parts = _PARTS_OF_A_VSM if VSM in header.template_ids else PART_OF
    found: dict[Part, Stated] = {}
    for section in document.iter(f"{HL7}section"):
        part = parts.get(code_of(child_at(section, "code")).code)
        if part is not None:
            found[part] = _joined(found.get(part), _stated(part, section, anchors, medicines))
    return tuple(found.values())


def _joined(before: Stated | None, now: Stated) -> Stated:
    """Two sections of one part: lines win over what says that there are none."""
    if before is None or before.told is not Told.LINES:
        return now if before is None or now.told is not Told.NOT_STATED else before
    return Stated(now.part, Told.LINES, before.lines + now.lines)


def _stated(part: Part, section: Any, anchors: Anchors, medicines: tuple[MedicineLine, ...]) -> Stated:
    if part in _MEDICINES:
        code = code_of(child_at(section, "code"))
        lines = tuple(medicine_line(one) for one in medicines if _belongs(one, part, code))
    else:
        read = READERS.get(part)
        lines = tuple(read(section, anchors)) if read is not None else ()
    lines = tuple(
        one for one in lines if one.label
    )  # an entry that names nothing is a form left empty: no allergy, no problem
    if not lines and (part in _BY_TEXT or child_at(section, "entry") is None):
        lines = tuple(_texts(section))
    if lines:
        return Stated(part, Told.LINES, lines)
    denied = part in ABSENCES and ABSENCES[part][0].code in absences_stated(section)
    return Stated(part, Told.NONE_KNOWN if denied else Told.NOT_STATED)


def _belongs(line: MedicineLine, part: Part, section: Code) -> bool:
    return line.kind is _MEDICINES[part] and line.section.code == section.code and not line.refused


def medicine_line(line: MedicineLine) -> SynthesisLine:
    """A medicine or vaccination as a line of a synthesis; its dosages and instructions are the note."""
    told = [one for one in (*line.texts, *line.instructions) if one != line.name]
    code = next((one for one in (line.product, *line.classes) if one.code and one.system in PRODUCT_SYSTEMS), NO_CODE)
    return SynthesisLine(
        label=line.name,
        code=Code(code.code, code.system),
        start=line.start,
        end=line.end,
        lot=line.lot,
        rank=line.rank,
        note=" ; ".join(dict.fromkeys(told)),
    )


# --- by the narrative ------------------------------------------------------------------------------------------------


def _texts(section: Any) -> Iterator[SynthesisLine]:
    """The rows of a section's tables, else its items or paragraphs, else its text: what a section without entries says."""
    text = child_at(section, "text")
    if text is None:
        return
    for names in (("tbody", "tr"), ("item",), ("paragraph",)):
        rows = text.findall(".//" + "/".join(HL7 + name for name in names))
        if rows:
            break
    else:
        rows = [text]
    for row in rows:
        told = plain_text(row)
        if told and (told != NOT_STATED or row.tag == f"{HL7}tr"):
            yield SynthesisLine(told)
