"""What waits sealed for a while before it is a document, of patients and of professionals: its name, its limits, and what is said of it."""

from __future__ import annotations

import uuid
from typing import TypeVar

import msgspec

from carnet.errors import IntegrityFailure, LocalPolicy, UnknownDocument
from carnet.platform import PatientKey

S = TypeVar("S", bound=msgspec.Struct)
MAXIMUM_DRAFTS = 10
"""Documents that one person prepares for one record at a time."""
MAXIMUM_HELD = 96 * 1024 * 1024
"""Bytes of what waits together."""


class Full(LocalPolicy):
    """One limit of what may be prepared or added is reached; `limit` names it."""

    def __init__(self, limit: str) -> None:
        super().__init__(f"A limit of what may be added is reached: {limit}.")
        self.limit = limit


def new_draft_id() -> str:
    """The name of a draft: 32 hexadecimal digits of a random UUID, of which the document's identifiers are made."""
    return uuid.uuid4().hex


def unique_id_of(draft_id: str) -> str:
    """The uniqueId of the document that a draft of a file becomes: the same each time, so that it is added once. Raises UnknownDocument."""
    try:
        return f"2.25.{uuid.UUID(hex=draft_id).int}"
    except ValueError as error:
        raise UnknownDocument("No such document in preparation.") from error


def seal_said(key: PatientKey, said: msgspec.Struct, place: str) -> bytes:
    """What is said of a draft, for its row; `place` is the only one where it opens."""
    return key.seal(msgspec.json.encode(said), place)


def open_said(key: PatientKey, sealed: bytes, kind: type[S], place: str) -> S:
    """The same again. Raises IntegrityFailure."""
    try:
        return msgspec.json.decode(key.open(sealed, place), type=kind)
    except msgspec.DecodeError as error:
        raise IntegrityFailure("A document in preparation cannot be read.") from error
