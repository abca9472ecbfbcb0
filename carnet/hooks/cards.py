"""The cards of an answer (CDS Hooks 2.0 §2.4.2): one for each order that has earlier examinations like it, none where there are none."""

from __future__ import annotations

import re
import uuid
from datetime import date
from typing import Any

from carnet.cda.repeated_examinations import Likeness, Order
from carnet.record.done_examinations import DoneExaminations, Earlier

LONGEST_SUMMARY = 139
"""Characters: fewer than 140 (CDS Hooks 2.0, card attributes)."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&])")
_HOW = {
    Likeness.SAME: "même examen",
    Likeness.SAME_KIND: "même modalité, même région",
    Likeness.ALIKE: "à vérifier : nom ou modalité semblable",
}
SOURCE = {"label": "Carnet, dossier partagé"}


def cards_of(found: DoneExaminations, days: int) -> list[dict[str, Any]]:
    """The cards, in the order of the orders."""
    return [_card(order, earlier, found, days) for order, earlier in found.orders if earlier]


def _card(order: Order, earlier: tuple[Earlier, ...], found: DoneExaminations, days: int) -> dict[str, Any]:
    first = earlier[0]
    sure = first.likeness is not Likeness.ALIKE and not first.requested
    begins = "Déjà au dossier" if not first.requested else "Déjà demandé"
    name = order.text or first.label
    summary = " ".join(f"{begins} : {first.label}, {_day(first.moment)}".split())
    return {
        "uuid": str(uuid.uuid4()),
        "summary": summary if len(summary) <= LONGEST_SUMMARY else summary[: LONGEST_SUMMARY - 1] + "…",
        "indicator": "warning" if sure else "info",
        "detail": "\n".join(
            [
                f"Pour « {_plain(name)} », sur {days} jours :",
                "",
                *(_line(one) for one in earlier),
                "",
                _said_from(found),
            ]
        ),
        "source": SOURCE,
    }


def _line(one: Earlier) -> str:
    value = one.result.values[0] if one.result is not None and one.result.values else None
    told = f" {_plain(f'{value.shown} {value.shown_unit}'.strip())}" if value is not None and value.shown else ""
    where = one.document.structure or one.document.author
    state = "demandé" if one.requested else "fait"
    return f"- {_plain(one.label)}{' :' if told else ''}{told}, {state} le {_day(one.moment)}, {_plain(where)} ({_HOW[one.likeness]})"


def _said_from(found: DoneExaminations) -> str:
    late = len(found.missing.unique_ids)
    read = f"D'après {found.documents} document(s) que vous pouvez lire"
    return f"{read}, dont {late} pas encore lu(s) par le service." if late else f"{read}."


def _day(moment: str) -> str:
    """A UTC DTM as dd/mm/yyyy; as it is where it is no date."""
    try:
        return date(int(moment[:4]), int(moment[4:6]), int(moment[6:8])).strftime("%d/%m/%Y")
    except ValueError:
        return moment or "date inconnue"


def _plain(text: str) -> str:
    """Text of a document as text of Markdown, in one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
