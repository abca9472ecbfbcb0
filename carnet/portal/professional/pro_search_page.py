"""Searching in the documents of the open record: every answer with its passage and its page."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from carnet.portal.patient.extract_waiting import PATIENCE
from carnet.portal.professional.pro_documents import document_path, number
from carnet.portal.professional.pro_visit import ProVisit
from carnet.record.document_search import PAGE, Answers, Hit, Question, told
from carnet.record.extract_filling import fill
from carnet.record.seen_search import nothing_asked, searching
from carnet.searching.asked import LONGEST, read_question
from carnet.searching.passages import Passage


async def show(visit: ProVisit) -> Response:
    """The form, and the documents that answer what the address asks, ten a page."""
    asked = visit.request.query_params
    start = number(asked.get("depuis", "0"))
    question = Question(
        asked.get("q", "")[:LONGEST],
        asked.get("famille", ""),
        asked.get("annee", ""),
        asked.get("auteur", ""),
        start - start % PAGE,
    )

    def address(**changes: str | int) -> str:
        now = {"q": question.text, "famille": question.family, "annee": question.year, "auteur": question.author}
        kept = {name: value for name, value in {**now, "depuis": "", **changes}.items() if value}
        return f"{visit.path('/recherche')}?{urlencode(kept)}"

    def read(hit: Hit, passage: Passage | None = None) -> str:
        page = f"?page={passage.page}" if passage is not None and passage.page > 1 else ""
        return f"{document_path(visit, hit.document.unique_id)}{page}#lecture"

    return visit.page(
        "pro_search.html",
        question=question,
        found=await _answers(visit, question),
        address=address,
        read=read,
        page_size=PAGE,
    )


async def _answers(visit: ProVisit, question: Question) -> Answers:
    asked = read_question(question.text)
    if not asked.units:
        return nothing_asked(asked)
    act = searching(asked, question)
    found = await visit.perform(act)
    if found.missing.unique_ids and await fill(visit.space.gate, found.missing, seconds=PATIENCE):
        found = await visit.perform(act)
    return told(found.located)
