"""Searching in the documents of the open record: every answer with its passage and its page."""

from __future__ import annotations

from functools import partial

from starlette.responses import Response

from carnet.portal.patient.search_page import address_of, question_of
from carnet.portal.professional.pro_documents import document_path
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.professional.pro_waiting import filled
from carnet.record.document_search import PAGE, Answers, Hit, Question, told
from carnet.record.seen_search import nothing_asked, searching
from carnet.searching.asked import read_question
from carnet.searching.passages import Passage


async def show(visit: ProVisit) -> Response:
    """The form, and the documents that answer what the address asks, ten a page."""
    question = question_of(visit.request)
    return visit.page(
        "pro_search.html",
        question=question,
        found=await _answers(visit, question),
        address=partial(address_of, visit.path("/recherche"), question),
        page_size=PAGE,
        reading=partial(_reading, visit),
    )


def _reading(visit: ProVisit, hit: Hit, passage: Passage | None = None) -> str:
    """Where a document is read, at the page of a passage."""
    page = f"?page={passage.page}" if passage is not None and passage.page > 1 else ""
    return f"{document_path(visit, hit.document.unique_id)}{page}#lecture"


async def _answers(visit: ProVisit, question: Question) -> Answers:
    asked = read_question(question.text)
    if not asked.units:
        return nothing_asked(asked)
    return told((await filled(visit, partial(searching, asked, question))).located)
