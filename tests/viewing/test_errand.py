"""The enclosed process is believed in nothing: these stand in for one that was taken over."""

import os
import sys
from dataclasses import replace

import pytest

from carnet.viewing import errand
from carnet.viewing.errand import pages_by_errand, text_by_errand
from carnet.viewing.kinds import Kind
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.shown import Bounds
from carnet.viewing.wording import FOR_READING, FOR_WORDS

BOUNDS = Bounds(answer_bytes=100_000, wall_seconds=290)
WEBP = b"RIFF\x00\x00\x00\x00WEBP"


def answering(monkeypatch, program):
    monkeypatch.setattr(errand, "_PROGRAM", f"import sys, os, time; out = sys.stdout.buffer; {program}")


def page(**changed):
    fields = {"number": 1, "width": 5, "height": 5, "size": 12, "text": "a"} | changed
    return f'{{"count": 1, "attached": 0, "pages": [{fields}]}}'.replace("'", '"').encode()


def answer(line, rest):
    return line + b"\n" + rest


def cause(call, *arguments):
    with pytest.raises(NotShown) as refusal:
        call(*arguments)
    return refusal.value.cause


def test_an_answer_as_agreed_is_taken(monkeypatch):
    answering(monkeypatch, f"out.write({answer(page(), WEBP)!r})")
    found = pages_by_errand(b"", Kind.PDF, 1, 1, BOUNDS)
    assert (found.count, found.pages[0].picture.content, found.pages[0].text) == (1, WEBP, "a")


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"no line",
        b"not json\n",
        b"[]\n",
        b'{"count": "1"}\n',
        b'{"count": 1, "other": 2}\n',
        b'{"count": 0}\n',
        b'{"count": 1, "pages": [], "text": "a"}\n<script>',
        page() + b"\n" + b"<script>alert",
        page(size=11) + b"\n" + WEBP,
        page(size=13) + b"\n" + WEBP,
        page(size=-1) + b"\n",
        page(width=0) + b"\n" + WEBP,
        page(width=10**9, height=10**9) + b"\n" + WEBP,
        b'{"refused": "SOMETHING"}\n',
    ],
)
def test_an_answer_that_is_not_as_agreed_is_refused(monkeypatch, told):
    answering(monkeypatch, f"out.write({told!r})")
    assert cause(pages_by_errand, b"", Kind.PDF, 1, 1, BOUNDS) is Cause.DAMAGED


def test_more_pages_than_were_asked_for_are_refused(monkeypatch):
    two = page()[:-2] + b"," + page()[page().index(b"[") + 1 :]
    answering(monkeypatch, f"out.write({answer(two, WEBP * 2)!r})")
    assert cause(pages_by_errand, b"", Kind.PDF, 1, 1, BOUNDS) is Cause.DAMAGED
    assert len(pages_by_errand(b"", Kind.PDF, 1, 2, BOUNDS).pages) == 2


def test_an_answer_without_end_is_ended(monkeypatch):
    answering(monkeypatch, "\nwhile True: out.write(bytes(10000))")
    assert cause(pages_by_errand, b"", Kind.PDF, 1, 1, BOUNDS) is Cause.TOO_HARD


def test_a_process_that_never_answers_is_ended(monkeypatch):
    answering(monkeypatch, "time.sleep(3600)")
    assert cause(pages_by_errand, b"", Kind.PDF, 1, 1, replace(BOUNDS, wall_seconds=1)) is Cause.TOO_HARD


@pytest.mark.parametrize(
    ("ending", "expected"),
    [("os.abort()", Cause.TOO_HARD), ("os._exit(3)", Cause.DAMAGED), ("raise ValueError", Cause.DAMAGED)],
)
def test_a_process_that_ends_badly_is_not_believed(monkeypatch, ending, expected):
    answering(monkeypatch, f"out.write({answer(page(), WEBP)!r}); out.flush(); {ending}")
    assert cause(pages_by_errand, b"", Kind.PDF, 1, 1, BOUNDS) is expected


def test_a_refusal_is_told_by_its_name(monkeypatch):
    answering(monkeypatch, 'out.write(b\'{"refused": "LOCKED"}\\n\')')
    assert cause(pages_by_errand, b"", Kind.PDF, 1, 1, BOUNDS) is Cause.LOCKED
    assert cause(text_by_errand, b"", BOUNDS) is Cause.LOCKED


def test_text_is_asked_for_and_pages_come(monkeypatch):
    answering(monkeypatch, f"out.write({answer(page(), WEBP)!r})")
    assert cause(text_by_errand, b"", BOUNDS) is Cause.DAMAGED


def test_the_process_knows_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("CARNET_SECRET", "secret")
    state = "repr((dict(os.environ), sys.argv, os.getcwd(), sorted(os.listdir('/proc/self/fd'))))"
    answering(monkeypatch, f"out.write({state}.encode())")
    heard = []

    def hear(process, _bounds):
        with process:
            heard.append(process.stdout.read())
        return b""

    monkeypatch.setattr(errand, "_heard", hear)
    errand.run_enclosed(b"", BOUNDS)
    told = heard[0].decode()
    assert "secret" not in told
    assert "'-c'], '/'" in told
    assert "['0', '1', '2', '3'])" in told


def test_the_program_is_our_own_interpreter():
    assert sys.executable
    assert "carnet.viewing.workshop" in errand._PROGRAM


@pytest.mark.parametrize("behind", [0, 10])
def test_the_process_stands_back_as_far_as_is_said(monkeypatch, behind):
    answering(monkeypatch, "out.write(b'%d' % os.nice(0))")
    assert int(errand.run_enclosed(b"", replace(BOUNDS, behind=behind))) == os.nice(0) + behind


def test_reading_for_the_search_stands_back_behind_requests_and_showing_a_page_does_not():
    assert Bounds().behind == 0
    assert min(FOR_WORDS.behind, FOR_READING.behind) >= 10
