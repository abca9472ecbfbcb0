"""Searching in the documents that a professional may read: the engine of the space's search, over what the rules let them read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import Function
from carnet.record.act import Act
from carnet.record.document_extracts import Missing
from carnet.record.document_search import Answers, LocatedAnswers, Question, search_among
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.searching.asked import Asked


@dataclass(frozen=True, slots=True)
class Searched:
    """What the act found; `document_search.told` makes the answers of it."""

    located: LocatedAnswers

    @property
    def missing(self) -> Missing:
        """The documents that are not searchable yet."""
        return self.located.answers.late


def searching(asked: Asked, question: Question) -> Act[Searched]:
    """The act of one search; what is looked for stands in no line of the trace. The question has words: see `read_question`."""
    return Act("pro/search-documents", partial(_search, asked=asked, question=question), Function.CONSULT)


def nothing_asked(asked: Asked) -> Answers:
    """The answer to a question without words."""
    return Answers(asked)


def _search(scope: Scope, *, asked: Asked, question: Question) -> Searched:
    return Searched(search_among(scope, seen_documents(scope, Function.CONSULT), asked, question))
