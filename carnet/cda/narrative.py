"""The narrative block of a CDA section (CDA R2 §4.3.5) as HTML that runs nothing, with every character of its text.

The HTML is written from tables of what we know, never copied: an element that we do not know leaves its text, in the place where it
stood. Elements that stand where HTML does not allow them are wrapped, so that a browser keeps the order of the text.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from carnet.cda.narrative_markup import attributes_of, cell_attributes, escaped, link_of, tellable
from carnet.cda.participants import HL7

_DEEPEST = 60
"""Elements inside each other, from which on only their text is written: no document for people needs a tenth of it."""
_BLOCKS = tuple(HL7 + name for name in ("paragraph", "list", "table"))


class _Place(Enum):
    """Where HTML is being written: what may stand there, and what a stray text is wrapped in."""

    FLOW = ("", "")
    LIST = ("<li>", "</li>")
    TABLE = ("<tbody><tr><td>", "</td></tr></tbody>")
    ROWS = ("<tr><td>", "</td></tr>")
    CELLS = ("<td>", "</td>")


_NATURAL: dict[str, tuple[_Place, ...]] = {
    "item": (_Place.LIST,),
    "thead": (_Place.TABLE,),
    "tbody": (_Place.TABLE,),
    "tfoot": (_Place.TABLE,),
    "tr": (_Place.TABLE, _Place.ROWS),
    "td": (_Place.CELLS,),
    "th": (_Place.CELLS,),
    "caption": (_Place.TABLE, _Place.LIST, _Place.FLOW),
}
"""Where an element may stand as itself; those without a row may in FLOW alone."""
_INNER = {"thead": _Place.ROWS, "tbody": _Place.ROWS, "tfoot": _Place.ROWS, "tr": _Place.CELLS}
_THROUGH = frozenset({"col", "colgroup"})
"""Elements of which nothing but the text inside, against the schema, is kept."""
_SIMPLE = {"sub": "sub", "sup": "sup", "item": "li", "thead": "thead", "tbody": "tbody", "tfoot": "tfoot", "tr": "tr"}

Figure = Callable[[str], str]
"""From the referencedObject of a renderMultiMedia to our own HTML for it: what is shown comes from this alone."""


def safe_html(text: Any, figure: Figure) -> str:
    """The HTML of a `text` element of a section, fit to stand in a block element of a page that runs no scripts.

    What we add ourselves (an address that is no link, the sign of a footnote) stands in elements of the class `ours`.
    """
    writer = _Writer(figure)
    writer.inside(text, _Place.FLOW, 0)
    return "".join(writer.written)


class _Writer:
    def __init__(self, figure: Figure) -> None:
        self.written: list[str] = []
        self._figure = figure
        self._in_link = False
        self._in_head = False

    def inside(self, element: Any, place: _Place, depth: int) -> None:
        """Writes what stands in an element: its text, its elements, and the text after each."""
        self._text(element.text, place)
        for child in element:
            if isinstance(child.tag, str):
                self._element(child, place, depth + 1)
            self._text(child.tail, place)

    def _text(self, text: str | None, place: _Place) -> None:
        if not text:
            return
        if place is _Place.FLOW:
            self.written.append(escaped(text))
        elif not text.isspace():
            before, after = place.value
            self.written += (before, escaped(text), after)

    def _element(self, element: Any, place: _Place, depth: int) -> None:
        name = element.tag[len(HL7) :] if element.tag.startswith(HL7) else ""
        if depth > _DEEPEST:
            self._text("".join(element.xpath(".//text()")), place)
        elif name in _THROUGH:
            self.inside(element, place, depth)
        elif place in _NATURAL.get(name, (_Place.FLOW,)):
            self._natural(name, element, place, depth)
        else:
            before, after = place.value
            self.written.append(before)
            self._in_flow(name, element, depth)
            self.written.append(after)

    def _natural(self, name: str, element: Any, place: _Place, depth: int) -> None:
        if place is _Place.FLOW:
            self._in_flow(name, element, depth)
        elif name in ("td", "th"):
            self._cell(name, element, depth)
        elif name == "caption":
            tag, own = ("caption", ()) if place is _Place.TABLE else ("li", ("caption",))
            self._around(tag, attributes_of(element, *own), element, _Place.FLOW, depth)
        else:
            outer, self._in_head = self._in_head, self._in_head or name == "thead"
            self._around(_SIMPLE[name], attributes_of(element), element, _INNER.get(name, _Place.FLOW), depth)
            self._in_head = outer

    def _in_flow(self, name: str, element: Any, depth: int) -> None:
        """An element where text may stand; those of tables and lists that have no business here become blocks."""
        known = _FLOW.get(name)
        if known is not None:
            known(self, element, depth)
        elif name in _SIMPLE or name in ("td", "th"):
            tag = _SIMPLE[name] if name in ("sub", "sup") else "div"
            self._around(tag, attributes_of(element), element, _Place.FLOW, depth)
        else:
            self._around("span", "", element, _Place.FLOW, depth)

    def _around(self, tag: str, attributes: str, element: Any, place: _Place, depth: int) -> None:
        self.written.append(f"<{tag}{attributes}>")
        self.inside(element, place, depth)
        self.written.append(f"</{tag}>")

    def _cell(self, name: str, element: Any, depth: int) -> None:
        more = cell_attributes(element)
        if name == "th" and "scope" not in more:
            more += ' scope="col"' if self._in_head else ' scope="row"'
        self._around(name, attributes_of(element) + more, element, _Place.FLOW, depth)

    def content(self, element: Any, depth: int) -> None:
        tag = {"insert": "ins", "delete": "del"}.get(element.get("revised", ""), "span")
        self._around(tag, attributes_of(element), element, _Place.FLOW, depth)

    def paragraph(self, element: Any, depth: int) -> None:
        holds_blocks = next(element.iterdescendants(*_BLOCKS), None) is not None
        own = ("paragraph",) if holds_blocks else ()
        self._around("div" if holds_blocks else "p", attributes_of(element, *own), element, _Place.FLOW, depth)

    def line_break(self, element: Any, depth: int) -> None:
        self.written.append("<br>")
        self.inside(element, _Place.FLOW, depth)

    def caption(self, element: Any, depth: int) -> None:
        self._around("span", attributes_of(element, "caption"), element, _Place.FLOW, depth)

    def list(self, element: Any, depth: int) -> None:
        tag = "ol" if element.get("listType") == "ordered" else "ul"
        self._around(tag, attributes_of(element), element, _Place.LIST, depth)

    def table(self, element: Any, depth: int) -> None:
        self.written.append('<div class="wide" tabindex="0">')
        outer, self._in_head = self._in_head, False
        self._around("table", attributes_of(element), element, _Place.TABLE, depth)
        self._in_head = outer
        self.written.append("</div>")

    def link(self, element: Any, depth: int) -> None:
        address = element.get("href")
        target = "" if self._in_link else link_of(address)
        if target:
            apart = "" if target.startswith("#") else ' rel="noopener noreferrer external" referrerpolicy="no-referrer"'
            self._in_link = True
            attributes = f'{attributes_of(element)} href="{escaped(target)}"{apart}'
            self._around("a", attributes, element, _Place.FLOW, depth)
            self._in_link = False
            return
        self._around("span", attributes_of(element), element, _Place.FLOW, depth)
        shown = tellable(address)
        if shown and shown not in "".join(element.itertext()):
            self.written.append(f'<span class="ours"> ({escaped(shown)})</span>')

    def footnote(self, element: Any, depth: int) -> None:
        self.written.append('<span class="ours"> * </span>')
        self._around("span", attributes_of(element, "footnote") + ' role="note"', element, _Place.FLOW, depth)

    def footnote_reference(self, element: Any, depth: int) -> None:
        target = link_of(f"#{element.get('IDREF') or ''}")
        mark = f'<a href="{escaped(target)}">*</a>' if target and not self._in_link else "*"
        self.written.append(f'<sup class="ours">{mark}</sup>')
        self.inside(element, _Place.FLOW, depth)

    def figure(self, element: Any, depth: int) -> None:
        objects = (element.get("referencedObject") or "").split()
        self.written.append(f"<span{attributes_of(element, 'figure')}>")
        self.written += [self._figure(one) for one in objects]
        self.inside(element, _Place.FLOW, depth)
        self.written.append("</span>")


_FLOW: dict[str, Callable[[_Writer, Any, int], None]] = {
    "content": _Writer.content,
    "paragraph": _Writer.paragraph,
    "br": _Writer.line_break,
    "caption": _Writer.caption,
    "list": _Writer.list,
    "table": _Writer.table,
    "linkHtml": _Writer.link,
    "footnote": _Writer.footnote,
    "footnoteRef": _Writer.footnote_reference,
    "renderMultiMedia": _Writer.figure,
}
