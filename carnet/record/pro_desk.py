"""Where professionals sign in: what every act there shares. Who asks is not known yet, so each act finds the person, decides, and is traced.

No patient has a part in it. What an act raises is kept as its answer: the tries that it counted and the line of the trace stay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from carnet.audit.event import AuditEvent
from carnet.audit.journal import append as append_to_journal
from carnet.clock import HOUR, MINUTE
from carnet.errors import CarnetError, Refused, TooManyTries, Unauthenticated
from carnet.identity.practice_situations import Situation
from carnet.identity.pro_sessions import ProSession
from carnet.identity.session_rows import Limits
from carnet.identity.sign_in_attempts import count_try, forget_counts
from carnet.platform import Connection, Platform
from carnet.record.gate import Gate
from carnet.record.groups import OF_NOBODY
from carnet.record.practising import PORTAL
from carnet.record.sign_in_desk import SPAN, Visitor, network_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProSignedIn:
    """A session that began or goes on: the value of its cookie, and the session."""

    token: str = field(repr=False)
    session: ProSession


@dataclass(slots=True)
class ProCase:
    """One act at the desk, inside the gate's transaction. `professional` (PS_IdNat) is whom it is about; `known` that it is they."""

    platform: Platform
    connection: Connection
    visitor: Visitor
    now: int
    professional: str = ""
    name: str = ""
    known: bool = False
    situation: Situation | None = None
    certificate: str = ""
    detail: str = ""

    def count_visit(self, what: str = "professional's address") -> None:
        """Counts a try of the visitor's address. Raises TooManyTries."""
        forget_counts(self.connection, self.now - 2 * SPAN)
        maximum = self.platform.settings.pro_sign_in_tries_address
        span = {"maximum": maximum, "span": SPAN, "now": self.now}
        count_try(self.connection, self.platform.keyring, what, network_of(self.visitor.address), **span)


def pro_limits(platform: Platform) -> Limits:
    """How long sessions of professionals live, by the settings."""
    return Limits(platform.settings.pro_session_idle_minutes * MINUTE, platform.settings.pro_session_hours * HOUR)


@dataclass(frozen=True, slots=True)
class ProDesk:
    """The desk, for one visitor."""

    gate: Gate
    visitor: Visitor

    @property
    def platform(self) -> Platform:
        """What was built at start."""
        return self.gate.platform

    def perform(self, name: str, work: Callable[[ProCase], T], *, quiet: bool = False) -> T:
        """Does and traces one act as `sign-in/<name>`; returns what it gives.

        A `quiet` act leaves a line only when it fails. An address that tries too often leaves none: its tries until then have theirs.
        Raises what the act raises, after its line was kept.
        """

        def run(connection: Connection) -> T | CarnetError:
            case = ProCase(self.platform, connection, self.visitor, self.platform.clock())
            answer: T | CarnetError
            try:
                answer = work(case)
            except CarnetError as error:
                answer = error
            failed = isinstance(answer, CarnetError)
            if not isinstance(answer, TooManyTries) and (failed or not quiet):
                _trace(case, name, answer)
            return answer

        answer = self.gate.administer(run, turn=OF_NOBODY)
        if isinstance(answer, CarnetError):
            raise answer
        return answer


def _trace(case: ProCase, name: str, answer: object) -> None:
    refused = isinstance(answer, CarnetError)
    situation = case.situation
    event = AuditEvent(
        action=f"sign-in/{name}",
        outcome="done" if not refused else "refused" if isinstance(answer, Unauthenticated | Refused) else "failed",
        at=case.now,
        requester_id=case.professional if case.known else "",
        requester_name=case.name if case.known else "",
        requester_role=situation.profession.code if situation is not None else "",
        organization_id=situation.structure if situation is not None else "",
        software=f"{PORTAL.name} {PORTAL.version}",
        address=case.visitor.address,
        certificate=case.certificate,
        rules=answer.rules if isinstance(answer, Refused) else ("authentication",) if refused else (),
        detail=answer.message if isinstance(answer, Unauthenticated) else case.detail,
    )
    append_to_journal(case.connection, event, patient_key=None, key=case.platform.keyring.actor_key())
