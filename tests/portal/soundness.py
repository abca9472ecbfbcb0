"""What every page has to be, at every width, from one load: no wider than the screen, nothing too small to touch, nothing that axe finds.

Pictures of what was looked at are kept in the folder that WALK_PICTURES names, by name and width.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
PICTURES = os.environ.get("WALK_PICTURES", "")
WIDTHS = (320, 390, 1440)
HEIGHT = 844
UNFOLD = "for (const one of document.querySelectorAll('details')) one.open = true"
_OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .slice(0, 2).map(one => one.outerHTML.slice(0, 100))"""
_SMALL = """() => [...document.querySelectorAll('main a, main button, main summary, nav a')]
  .filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 24).map(one => one.outerHTML.slice(0, 80))"""
_FOUND = """async () => (await axe.run({resultTypes: ['violations']})).violations
  .map(one => one.id + ': ' + one.nodes[0].html.slice(0, 160))"""
"""Every rule on the whole page. Only violations leave the browser: what passed, with its places, is by far the larger part."""


@dataclass
class Looker:
    """Looks at what a page shows and notes what is not right. `aside` is another page, for copies of those in which no script may run."""

    page: Page
    aside: Page
    faults: list[str] = field(default_factory=list)
    looked: set[tuple[str, int]] = field(default_factory=set)
    """What axe looked at: the name of what was shown, and the width."""

    def look(self, name: str, *, frame: str = "", touch: bool = True, under_axe: tuple[int, ...] = WIDTHS) -> None:
        """The page that is open, everything unfolded, at each width. `frame` is the text of one that runs no script: its copy is looked at.

        `touch`: whether what is too small for a finger is noted; `under_axe`: the widths at which axe looks.
        """
        shown = self._copied(frame) if frame else self.page
        shown.evaluate(UNFOLD)
        if under_axe:
            shown.evaluate(AXE)
        for width in WIDTHS:
            shown.set_viewport_size({"width": width, "height": HEIGHT})
            self._fits(shown, f"{name}: at {width}", touch=touch)
            self._picture(shown, name, width)
            if width in under_axe:
                self.faults += [f"{name}: at {width} {one}" for one in shown.evaluate(_FOUND)]
                self.looked.add((name, width))

    def _fits(self, shown: Page, where: str, *, touch: bool) -> None:
        over = shown.evaluate(_OVER)
        if over > 0:
            self.faults.append(f"{where} wider by {over}: {shown.evaluate(_WIDE)}")
        if touch:
            self.faults += [f"{where} too small to touch: {one}" for one in shown.evaluate(_SMALL)]

    def _copied(self, text: str) -> Page:
        self.aside.set_content(re.sub(r"<meta http-equiv[^>]*>", "", text))
        return self.aside

    def _picture(self, shown: Page, name: str, width: int) -> None:
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            short = re.sub(r"[0-9.]{12,}", lambda found: found[0][-6:], name)
            file = re.sub(r"[^a-z0-9]+", "-", short.lower()).strip("-")[:100]
            shown.screenshot(path=str(Path(PICTURES) / f"{file}-{width}.png"), full_page=True)


def watch(page: Page, faults: list[str], ours: str, *others: str, expected: tuple[str, ...] = ()) -> None:
    """Notes what pages of ours complain of, and what is asked of any host but ours and the `others` (addresses without a path).

    `expected` are pieces of what may be said, as of a refusal that is meant.
    """

    def said(message) -> None:
        meant = any(one in message.text for one in expected)
        if message.type in {"error", "warning"} and message.location.get("url", "").startswith(ours) and not meant:
            faults.append(f"{page.url}: console: {message.text[:200]}")

    def asked(request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "about", "blob"} and f"{parts.scheme}://{parts.netloc}" not in {ours, *others}:
            faults.append(f"{page.url}: another host: {request.url[:100]}")

    page.on("console", said)
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("request", asked)
