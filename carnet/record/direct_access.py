"""Contextual web access (TD0.9): care software leads a professional's browser to a page, of a record by its INS or of none.

The INS stands in the address that software opens, so it is taken out of it at once: what is kept for a moment is found by a name that says
nothing, bound to the browser, and used once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from carnet.authorization.facts import Function, RecordFacts
from carnet.authorization.functional_rights import Right
from carnet.clock import MINUTE
from carnet.errors import InvalidMetadata, Refused, SignInFailed
from carnet.identity.browser_secrets import new_token
from carnet.identity.ins_scanning import possible_identifiers, read_ins
from carnet.identity.sign_in_attempts import begin, take
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection
from carnet.record.act import Act
from carnet.record.functional_right import right
from carnet.record.gate import Gate
from carnet.record.groups import OF_NOBODY
from carnet.record.open_records import known_identifier
from carnet.record.population import PopulationScope, open_population
from carnet.record.pro_desk import ProCase, ProDesk
from carnet.record.scope import Scope
from carnet.record.sign_in_desk import Visitor

KIND = "pro-direct-access"
LASTS = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Wish:
    """What care software led to: the page's name, and the number as it stood in the address."""

    page: str
    number: str


def keep_wish(gate: Gate, visitor: Visitor, wish: Wish, *, known: bool = False) -> str:
    """Keeps it for the visitor's browser; returns the name by which it is found.

    Raises TooManyTries for an address whence too many came, unless it is `known` who it is: a hospital has one address for all, and what
    somebody asks for who is signed in is counted of them.
    """
    state = new_token()
    ProDesk(gate, visitor).perform(KIND, partial(_keep, wish=wish, state=state, known=known), quiet=True)
    return state


def take_wish(gate: Gate, visitor: Visitor, state: str) -> Wish | None:
    """What was kept, once; None for another browser, too late, or never."""
    platform = gate.platform

    def work(connection: Connection) -> Wish | None:
        times = {"now": platform.clock()}
        try:
            kept = take(connection, platform.keyring.actor_key(), KIND, state=state, browser=visitor.browser, **times)
        except SignInFailed:
            return None
        return Wish(kept["page"], kept["number"])

    return gate.administer(work, turn=OF_NOBODY)


def identifier_written(gate: Gate, number: str) -> PatientIdentifier | None:
    """The INS that a number is of: that of somebody who is known, else one that it may be; None where it is no INS."""
    try:
        written = possible_identifiers(read_ins(number), test_identities=gate.platform.settings.test_identities)
    except InvalidMetadata:
        return None
    return known_identifier(gate, written)


def web_access(page: str) -> Act[None]:
    """The act of TD0.9 onto a page of the record that its requester asks about. Raises RecordClosed, Refused, UnknownPatient."""
    return Act("td0.9", partial(_note, page=page), Function.WEB_ACCESS)


def dashboard_access(page: str) -> Act[None]:
    """The act of TD0.9 onto a page of no record. Raises Refused where the matrix does not open it."""
    return Act("td0.9", partial(_arrive, page=page), opens=open_population)


def _keep(case: ProCase, *, wish: Wish, state: str, known: bool) -> None:
    if not known:
        case.count_visit("professional's address by TD0.9")
    begin(
        case.connection,
        case.platform.keyring.actor_key(),
        KIND,
        state=state,
        browser=case.visitor.browser,
        values={"page": wish.page, "number": wish.number},
        now=case.now,
        expires_at=case.now + LASTS,
    )


def _note(scope: Scope, *, page: str) -> None:
    scope.detail = page


def _arrive(scope: PopulationScope, *, page: str) -> None:
    record = RecordFacts(regulation_centre=scope.regulation_centre)
    if right(scope.platform, scope.requester, record, Function.WEB_ACCESS) is Right.NO:
        raise Refused("The rules do not allow this.", rules=("functional-right",))
    scope.require(Function.EXISTENCE_TEST)
    scope.detail = page
