"""What each act needs beside a functional right: an open record, a legal ground to read, a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from carnet.authorization.facts import Function


class Ground(StrEnum):
    """When an act needs the patient's authorisation, the quality of médecin traitant, or an emergency mode."""

    NEVER = "never"
    ALWAYS = "always"
    UNLESS_OWN = "unless the document is one's own"


@dataclass(frozen=True, slots=True)
class Needs:
    """What one act needs.

    `entry`: the record must be open and the caller not blocked. `content`: the act gives onto what the record holds, so that
    oppositions to emergency access bear on it and such access is told. `document`: it is done on registered documents. `feeds`: it puts
    something in.
    """

    entry: bool
    content: bool
    ground: Ground
    document: bool
    feeds: bool = False


_OUTSIDE = Needs(entry=False, content=False, ground=Ground.NEVER, document=False)
_AT_THE_DOOR = Needs(entry=True, content=False, ground=Ground.NEVER, document=False)
_FEEDING = Needs(entry=True, content=False, ground=Ground.NEVER, document=False, feeds=True)
_READING = Needs(entry=True, content=True, ground=Ground.ALWAYS, document=True)
_MANAGING = Needs(entry=True, content=True, ground=Ground.UNLESS_OWN, document=True)

NEEDS: Mapping[Function, Needs] = {
    # TD0.2 answers about closed records and tells a blocked caller so: its answer carries both statuses (rules 1.1).
    Function.EXISTENCE_TEST: _OUTSIDE,
    Function.PATIENT_LIST: _OUTSIDE,  # targets no patient
    Function.FIND_PATIENT: _OUTSIDE,  # targets no patient
    # INFERRED: administrative data and authorisations are those of an open record, by a caller whom the patient has not blocked.
    Function.ADMINISTRATIVE_DATA: _AT_THE_DOOR,
    Function.ADD_AUTHORISATION: _AT_THE_DOOR,
    Function.REMOVE_AUTHORISATION: _AT_THE_DOOR,
    Function.STOP_BEING_MEDECIN_TRAITANT: _AT_THE_DOOR,
    # PDT-INF-527: arriving without authorisation leads to the page that asks for it; oppositions bear on it. INFERRED for the latter.
    Function.WEB_ACCESS: Needs(entry=True, content=True, ground=Ground.NEVER, document=False),
    # INFERRED: who is authorised is part of what the record holds.
    Function.LIST_AUTHORISED: Needs(entry=True, content=True, ground=Ground.ALWAYS, document=False),
    # R1111-47 CSP and PDSM4DMP TD02: feeding needs an open record, no block and no opposition to it, nothing else.
    Function.FEED: _FEEDING,
    Function.FEED_SECRETARY: _FEEDING,
    Function.REPLACE: Needs(entry=True, content=False, ground=Ground.NEVER, document=True, feeds=True),
    Function.SEARCH: _READING,
    # INFERRED from note 5: finding one's own document in order to delete it is not reading.
    Function.SEARCH_REFERENCES: _MANAGING,
    Function.CONSULT: _READING,
    Function.CONSULT_MASKED: _READING,
    # INFERRED: managing one's own document needs no authorisation to read; managing another's does, and to see it.
    Function.MASK: _MANAGING,
    Function.UNMASK: _MANAGING,
    Function.SHOW_TO_PATIENT: _MANAGING,
    Function.ARCHIVE: _MANAGING,
    Function.DELETE: _MANAGING,
}

SEARCHES_AND_CONSULTATIONS = frozenset(
    {Function.SEARCH, Function.SEARCH_REFERENCES, Function.CONSULT, Function.CONSULT_MASKED}
)
PATIENT_SIDE_STARRED = frozenset({Function.ARCHIVE, Function.DELETE})
"""The rows that 526 marks with a star: on a patient's own document, only the médecin traitant or the patient."""
