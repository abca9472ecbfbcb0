"""A narrative that names its pictures again and again writes no page without end."""

from __future__ import annotations

from carnet.cda import embedded_figures
from carnet.cda.embedded_figures import MOST_NAMED, MOST_WRITTEN, Figures
from carnet.cda.section_model import Medium
from carnet.viewing.shown import Picture

BIG = Picture("image/webp", bytes(300_000), 2_000, 2_000)


def figures(content=b"x", *, drawn=BIG):
    return Figures((Medium("one", "image/png", content),), lambda _content: drawn, "fr")


def test_a_picture_named_without_end_is_written_a_bounded_number_of_times():
    found = figures()
    written = [found.html("one") for _ in range(MOST_NAMED * 2)]
    assert sum(map(len, written)) < MOST_WRITTEN + 200_000
    assert written[0].startswith("<img")
    assert "Fichier joint" in written[1_000]
    assert written[-1] == ""


def test_names_of_nothing_leave_a_bounded_text():
    found = figures()
    written = "".join(found.html(f"n{number}") for number in range(100_000))
    assert len(written) < MOST_NAMED * 100


def test_control_without_its_bounds_the_page_has_no_end(monkeypatch):
    monkeypatch.setattr(embedded_figures, "MOST_NAMED", 10**9)
    monkeypatch.setattr(embedded_figures, "MOST_WRITTEN", 10**12)
    found = figures()
    assert sum(len(found.html("one")) for _ in range(1_000)) > 10 * MOST_WRITTEN


def test_the_same_picture_twice_is_shown_twice():
    found = figures(drawn=Picture("image/webp", b"RIFF", 4, 3))
    assert found.html("one") == found.html("one")
    assert found.told()[0].in_text
