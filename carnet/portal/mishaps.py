"""What may go wrong on a page, by the meaning of the error: a name that the template has sentences for, and an HTTP status."""

from __future__ import annotations

from dataclasses import dataclass

from carnet.errors import (
    Busy,
    CarnetError,
    InvalidDocument,
    MalformedMessage,
    RecordClosed,
    Refused,
    TooLarge,
    Unavailable,
    UnknownDocument,
    UnknownPatient,
)
from carnet.portal.form_protection import ForeignForm, OtherRecord
from carnet.record.step_up import StepUpNeeded


@dataclass(frozen=True, slots=True)
class Mishap:
    """`name` is that of its sentences in mishap.html or pro_mishap.html, or in mishap_words.html."""

    name: str
    status: int


NOT_FOUND = Mishap("not-found", 404)
METHOD = Mishap("not-found", 405)
FAILED = Mishap("failed", 500)

TOLD = (CarnetError, ForeignForm, OtherRecord)
MISHAPS: tuple[tuple[type[Exception], Mishap], ...] = (
    (ForeignForm, Mishap("foreign-form", 403)),
    (OtherRecord, Mishap("other-record", 409)),
    (UnknownDocument, NOT_FOUND),
    (UnknownPatient, Mishap("no-record", 404)),
    (RecordClosed, Mishap("not-open", 403)),
    (StepUpNeeded, Mishap("confirm", 403)),
    (Refused, Mishap("refused", 403)),
    (InvalidDocument, NOT_FOUND),
    (TooLarge, Mishap("too-large", 413)),
    (MalformedMessage, Mishap("malformed", 400)),
    (Busy, Mishap("busy", 503)),
    (Unavailable, Mishap("busy", 503)),
)
"""The first that fits; what is not here failed on our side."""


def mishap_of(error: Exception) -> Mishap:
    """How an error is told."""
    return next((told for kind, told in MISHAPS if isinstance(error, kind)), FAILED)
