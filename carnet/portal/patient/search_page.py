"""Searching in documents: one form by GET, so that it works everywhere; every answer with its passage, its page and who can see it."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from carnet.portal.visit import Visit
from carnet.record.document_search import PAGE, DocumentSearch, Hit, Question
from carnet.searching.asked import LONGEST
from carnet.searching.passages import Passage

MAXIMUM_OFFSET = 100_000


async def show(visit: Visit) -> Response:
    """The form, and the documents that answer what the address asks, ten a page."""
    question = question_of(visit.request)
    return visit.page(
        "search.html",
        question=question,
        found=visit.desk(DocumentSearch).search(visit.patient, question),
        address=partial(address_of, "/recherche", question),
        page_size=PAGE,
        reading=reading_address,
    )


def question_of(request: Request) -> Question:
    """What the address asks."""
    asked = request.query_params
    offset = asked.get("depuis", "0")
    start = min(int(offset), MAXIMUM_OFFSET) if offset.isascii() and offset.isdigit() and len(offset) < 9 else 0
    return Question(
        asked.get("q", "")[:LONGEST],
        asked.get("famille", ""),
        asked.get("annee", ""),
        asked.get("auteur", ""),
        start - start % PAGE,
    )


def address_of(path: str, question: Question, **changes: str | int) -> str:
    """The address of the same question with something changed; by itself it begins with the first answer."""
    now = {"q": question.text, "famille": question.family, "annee": question.year, "auteur": question.author}
    kept = {name: value for name, value in {**now, **changes}.items() if value}
    return f"{path}?{urlencode(kept)}"


def reading_address(hit: Hit, passage: Passage | None = None) -> str:
    """Where a document is read, at the page of a passage."""
    page = f"?page={passage.page}" if passage is not None and passage.page > 1 else ""
    return f"/documents/{quote(hit.document.unique_id, safe='')}/lecture{page}"
