"""The body of a synthesis: the sections of its content model, each with its narrative and its entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from carnet.cda.synthesis_entries import entries_of
from carnet.cda.synthesis_layouts import LAYOUTS, Chapter, Layout
from carnet.cda.synthesis_markup import coded, element, templates
from carnet.cda.synthesis_model import Part, Stated, Synthesis, Told
from carnet.cda.synthesis_narrative import narrative, nothing_stated
from carnet.cda.synthesis_templates import SectionTemplate


def body(synthesis: Synthesis) -> Any:
    """The `component` that holds it all."""
    layout = LAYOUTS[synthesis.model]
    said = {one.part: one for one in synthesis.parts}
    return element(
        "component", element("structuredBody", *_components(layout.outline, layout, said, synthesis.unique_id))
    )


def _components(
    outline: Iterable[Part | Chapter], layout: Layout, said: Mapping[Part, Stated], document: str
) -> Iterator[Any]:
    for one in outline:
        if isinstance(one, Chapter):
            inside = list(_components(one.holds, layout, said, document)) or [nothing_stated()]
            yield element("component", _section(one.section, one.section.code.code, document, *inside))
            continue
        stated, template = said.get(one, Stated(one)), layout.sections[one]
        if template.mandatory or stated.told is not Told.NOT_STATED:
            told = (narrative(stated), *entries_of(stated, document))
            yield element("component", _section(template, one.value, document, *told))


def _section(template: SectionTemplate, name: str, document: str, *told: Any) -> Any:
    return element(
        "section",
        *templates(*template.templates),
        element("id", root=document, extension=name),
        coded("code", template.code),
        element("title", text=template.title),
        *told,
    )
