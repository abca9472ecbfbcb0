"""A browser that is driven by the keyboard alone: every press is counted, and after each the focus is asked whether it can be seen."""

from __future__ import annotations

from dataclasses import dataclass, field

from chromium import PATIENCE
from playwright.sync_api import Page, TimeoutError  # noqa: A004 - the one that a page raises

MOST_TABS = 150
MOVES = {"Tab", "Shift+Tab", "ArrowDown", "ArrowUp", "j", "k"}
"""Keys that move and do nothing."""
NOWHERE = "the focus is nowhere"
COMING = 5_000
"""Milliseconds after which a focus that is nowhere stays there."""
_SEEN = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return 'the focus is nowhere';
  if (one.matches('iframe, main, #apercu, dialog')) return '';
  const name = one.outerHTML.slice(0, 120), style = getComputedStyle(one);
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  if (!ring && style.boxShadow === 'none') return 'the focus has no ring: ' + name;
  const box = one.getBoundingClientRect();
  const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
  const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
  if (left >= right || top >= bottom) return 'the focus is off the screen: ' + name;
  const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  if (at && (one.contains(at) || at.contains(one))) return '';
  return 'the focus is covered: ' + name + ' by ' + (at ? at.outerHTML.slice(0, 80) : 'nothing');
}"""
_ARRIVED = """() => {
  const faults = [], heads = [...document.querySelectorAll('h1')].filter(one => one.checkVisibility());
  if (heads.length !== 1) faults.push(heads.length + ' headings of the first level');
  const one = document.activeElement;
  if (one !== document.body && !one.matches('[autofocus], :target, :target *')) faults.push('the focus starts at ' + one.outerHTML.slice(0, 80));
  const box = (document.querySelector(':target') || heads[0])?.getBoundingClientRect();
  if (box && !(box.bottom > 0 && box.top < innerHeight)) faults.push('what was asked for is off the screen');
  if (!document.title.includes('Carnet')) faults.push('no title');
  return faults;
}"""


@dataclass
class Keys:
    """One page and the keys that are pressed on it. `acts` counts what does something, `moves` what only goes somewhere."""

    page: Page
    address: str
    """Of our own pages: those of others are not judged."""
    faults: list[str] = field(default_factory=list)
    acts: int = 0
    moves: int = 0
    _at_the_end: bool = False
    """Whether the focus is on what comes last: the next Tab goes round by the browser's own bar."""

    def press(self, *keys: str) -> None:
        """Presses keys, one after another. A move must leave the focus where it can be seen."""
        for key in keys:
            self.page.keyboard.press(key)
            if key in MOVES:
                self.moves += 1
                self._moved()
            else:
                self.acts += 1

    def type(self, text: str) -> None:
        """Types a text into what has the focus."""
        assert self.page.evaluate("document.activeElement.matches('input, textarea')"), "nothing is there to type into"
        self.page.keyboard.type(text)
        self.acts += 1

    def tab_to(self, selector: str, key: str = "Tab") -> None:
        """Goes to an element by the Tab key alone."""
        for _ in range(MOST_TABS):
            if self.page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
                return
            self.press(key)
        raise AssertionError(f"{selector} is not reached by {key} on {self.page.url}")

    def to(self, url: str, *keys: str) -> None:
        """Presses keys that lead to another page, waits for it, and looks where one is there."""
        with self.page.expect_navigation(url=url, timeout=PATIENCE):
            self.press(*keys)
        self.arrived()

    def follow(self, selector: str, url: str, key: str = "Enter") -> None:
        """Goes to an element and presses it; it leads to another page."""
        self.tab_to(selector)
        self.to(url, key)

    def arrived(self) -> None:
        """One is at the beginning of a page that has a heading, or at the place that was asked for."""
        for fault in self.page.evaluate(_ARRIVED):
            self._note(fault)

    def holds(self, selector: str) -> None:
        """The focus is there, or comes there, after something that changed the page without leaving it, or by the page itself."""
        here = "(selector) => document.activeElement.matches(selector)"
        self.page.wait_for_function(here, arg=selector, timeout=PATIENCE)

    def _moved(self) -> None:
        fault, last = self.page.evaluate(_SEEN), self._at_the_end
        self._at_the_end = self.page.evaluate("document.activeElement.closest('footer') !== null")
        if fault == NOWHERE and (last or self._comes()):
            return
        self._note(fault)

    def _comes(self) -> bool:
        """Whether the focus comes to something: into a frame of another process it goes by a message."""
        try:
            self.page.wait_for_function("() => document.activeElement !== document.body", timeout=COMING)
        except TimeoutError:
            return False
        return True

    def _note(self, fault: str) -> None:
        if fault and self.page.url.startswith(self.address):
            self.faults.append(f"{self.page.url}: {fault}")
