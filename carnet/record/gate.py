"""The gate: facts, decision, transaction, act, trace, duties. No act touches data by any other way.

Acts that are ready at the same moment share one transaction, each behind its own savepoint: documents are synced, one commit is made,
then all are answered (group commit). An error rolls back to its own act's savepoint; its trace is still written. If the trace or the
commit cannot be written, nothing of the batch is answered as done.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from carnet.audit.checkpoint import Checkpoint
from carnet.audit.event import AuditEvent, Outcome
from carnet.audit.journal import SEAL_LIMIT, SealedTree
from carnet.audit.journal import append as append_to_journal
from carnet.audit.journal import seal as seal_journal
from carnet.database.connection import Connection, OwnedConnection
from carnet.database.failures import OutcomeUnknown, is_passing
from carnet.database.turns import ALONE, NOBODY, SEALING, Turn
from carnet.errors import (
    Busy,
    CarnetError,
    IntegrityFailure,
    InvalidMetadata,
    Refused,
    Unauthenticated,
    Unavailable,
    UnknownPatient,
)
from carnet.exchange.visit_budgets import forget_visits
from carnet.identity.directory import confirm
from carnet.identity.replay import forget_expired, remember
from carnet.kill_points import reached
from carnet.platform import Platform
from carnet.record.act import Act, Room
from carnet.record.foreseen import foresee_callers, foresee_records
from carnet.record.groups import groups_of
from carnet.record.rules_in_force import RulesInForce
from carnet.record.second_reading import damage_met
from carnet.record.trace_line import write_line
from carnet.record.waiting_line import Waiting, WaitingLine
from carnet.requester import AccessMode, Requester

T = TypeVar("T")
HURRIED = frozenset({"iti57", "td0.3", "pro/mask"})
"""Acts that mask and block; like those of an emergency they wait for nobody longer than `TOGETHER`."""
LET_OTHERS_IN = 0.001
"""Seconds between two steps of a long import: more than others wait between two tries (connection.BETWEEN_TRIES)."""
_LOG = logging.getLogger("carnet.gate")
_DAMAGE = logging.getLogger("carnet.damage")


class _TransactionLost(Exception):
    """SQLite gave up the whole transaction within an act (disk full, I/O error): what went before in the batch is gone with it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call whose caller could not be identified: what is known of it, for the trace."""

    name: str
    address: str
    certificate: str
    reason: str


@dataclass(slots=True)
class Gate:
    """The one owner of transactions in a worker process. `perform` is for doors, `perform_now` for the command line."""

    platform: Platform
    line: WaitingLine = field(init=False)
    _tree: SealedTree = field(default_factory=SealedTree)
    _rules: RulesInForce = field(init=False)
    _sealed: int = 0
    behind: bool = False
    """Whether the last sealing took as many lines as one may: more are waiting, it is not to wait for its next turn."""

    def __post_init__(self) -> None:
        self._rules = RulesInForce(self.platform)
        self.line = WaitingLine(self._run_batch)

    @property
    def waiting(self) -> int:
        """How many acts wait for the next transaction."""
        return len(self.line.queue)

    async def perform(self, requester: Requester, act: Act[T]) -> T:
        """Decides, runs and traces one act; returns its result once that is durable.

        Raises what the act raises, Refused, UnknownPatient, AssertionInvalid (directory, replay), Busy, Unavailable.
        """
        line = self.line
        if len(line.queue) >= self.platform.settings.maximum_waiting_requests:
            raise Busy("Too many requests are waiting; try again in a moment.")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        line.queue.append(Waiting(requester, act, answer))
        line.stir(hurried=act.name in HURRIED or requester.mode is not AccessMode.NORMAL)
        return await answer

    def perform_now(self, requester: Requester, act: Act[T]) -> T:
        """The same for a caller without an event loop: a batch of one."""
        waiting = Waiting(requester, act)
        self._run_batch([waiting])
        if waiting.error is not None:
            raise waiting.error
        result: T = waiting.result
        return result

    def note(self, attempt: Attempt) -> None:
        """Traces a call that failed authentication; it belongs to no patient. Raises Unavailable when it cannot."""
        event = AuditEvent(
            action=attempt.name,
            outcome="refused",
            at=self.platform.clock(),
            address=attempt.address,
            certificate=attempt.certificate,
            detail=attempt.reason,
            rules=("authentication",),
        )
        key = self.platform.keyring.actor_key()
        try:
            self._in_transaction(
                lambda connection: append_to_journal(connection, event, patient_key=None, key=key), turn=NOBODY
            )
        except Exception as failure:
            raise _unavailable(failure) from failure

    def seal(self) -> bool:
        """Seals the waiting lines of the trace under a signed checkpoint and drops assertions past their life; False when none waited."""

        def work(connection: Connection) -> Checkpoint | None:
            forget_expired(connection, self.platform.clock())
            forget_visits(connection, self.platform.clock())
            return self.seal_within(connection)

        self.behind = False
        found = self._in_transaction(work, turn=SEALING)
        if found is not None:
            self.behind, self._sealed = found.size - self._sealed >= SEAL_LIMIT, found.size
        return found is not None

    def seal_within(self, connection: Connection) -> Checkpoint | None:
        """Seals waiting lines as part of a transaction that is open, `administer`'s for one; None when none waits."""
        platform = self.platform
        return seal_journal(
            connection,
            platform.keyring.sign_checkpoint,
            platform.settings.audit_origin,
            platform.clock(),
            public_key=platform.keyring.checkpoint_public_key(),
            tree=self._tree,
        )

    def warm(self) -> None:
        """Reads the sealed trace once, so that the first sealing does not: at start, outside any write transaction."""
        self.read(self._tree.warm)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Runs an operator's command that only reads, over one unchanging state of the database."""
        connection = self.platform.connection
        connection.begin_reading()
        try:
            self._rules.refresh(connection)
            return work(connection)
        finally:
            connection.control("ROLLBACK")

    def check_rules(self) -> None:
        """Proves the rule data again. Raises IntegrityFailure when a version that is in force, or to come, cannot be read."""
        self.read(self._rules.check)

    def administer(self, work: Callable[[Connection], T], *, turn: Turn = ALONE) -> T:
        """Runs an operator's command (imports, feeds) in one transaction; the command traces what touches a record.

        `turn` is that of the people whom the command touches, when they are known before.
        """
        return self._in_transaction(work, turn=turn)

    def administer_in_steps(self, work: Callable[[Connection, Callable[[], None]], T]) -> T:
        """The same for a long import: `work` calls what it is given each time that what it did so far may be kept."""
        connection = self.platform.connection

        def commit() -> None:
            _commit(connection)
            time.sleep(LET_OTHERS_IN)
            connection.begin(ALONE)

        return self._in_transaction(lambda opened: work(opened, commit))

    def apart(self, work: Callable[[Connection], T]) -> T:
        """Within `administer`: one act or one item of an import, behind a savepoint; when it raises, what it did is undone alone."""
        connection = self.platform.connection
        connection.control("SAVEPOINT act")
        try:
            result = work(connection)
        except BaseException:
            if connection.in_transaction:
                self._take_back()
            raise
        connection.control("RELEASE act")
        return result

    def attempt(self, work: Callable[[], T]) -> T | CarnetError:
        """The same for what is traced whether it is done or refused: an error is returned."""
        try:
            return self.apart(lambda _connection: work())
        except CarnetError as error:
            return error
        except ValueError as error:
            return InvalidMetadata(f"This cannot be written: {error}.")

    # --- one batch -------------------------------------------------------------------------------------------------

    def _run_batch(self, batch: list[Waiting]) -> None:
        for group, turn in groups_of(self.platform, batch):
            self._run_group(group, turn)

    def _run_group(self, group: list[Waiting], turn: Turn) -> None:
        platform = self.platform
        mark = platform.segments.mark()
        try:
            platform.connection.begin(turn)
            reached("transaction-begun")
            requesters = [] if turn.alone else [waiting.requester for waiting in group]
            foresee_callers(platform, requesters)
            self._rules.refresh(platform.connection)
            foresee_records(platform, requesters)
            for waiting in group:
                self._run_one(waiting)
            platform.segments.sync()
            reached("documents-synced")
            platform.connection.control("COMMIT")
            platform.visits.keep()
            reached("committed")
        except Exception as failure:  # noqa: BLE001 - whatever it is, nothing of the group is answered as done
            platform.visits.drop()
            _tell(failure)
            for waiting in group:
                waiting.result = None
                waiting.error = _unavailable(failure)
            if not isinstance(failure, OutcomeUnknown):  # what may have been committed keeps its documents
                self._roll_back(mark)

    def _roll_back(self, mark: Any) -> None:
        """Raises nothing: a transaction that cannot be left makes the next BEGIN fail, which tries again to leave it."""
        try:
            if self.platform.connection.in_transaction:
                self.platform.connection.control("ROLLBACK")
        except Exception:  # noqa: BLE001 - those who wait are answered all the same
            _LOG.exception("the transaction could not be rolled back")
        finally:
            self.platform.segments.rollback_to(mark)

    def _run_one(self, waiting: Waiting) -> None:
        platform = self.platform
        scope: Room | None = None
        outcome: Outcome = "done"
        detail = ""
        rules: tuple[str, ...] = ()
        try:
            self._admit(waiting.requester)
            scope = waiting.act.opens(platform, waiting.requester, waiting.act.name)
            waiting.result = self._run_behind_savepoint(scope, waiting.act)
        except _TransactionLost:
            raise
        except CarnetError as error:
            waiting.error = error
            if isinstance(error, IntegrityFailure):
                _DAMAGE.error("what is stored is damaged", extra={"reason": error.message})
            outcome = "refused" if isinstance(error, Refused | Unauthenticated | UnknownPatient) else "failed"
            rules = error.rules if isinstance(error, Refused) else ()
            detail = type(error).__name__
        except Exception as error:  # noqa: BLE001 - its own savepoint was rolled back; the others of the batch go on
            _LOG.exception("an act failed")
            waiting.error = self._meaning(waiting, error)
            outcome, detail = "failed", type(error).__name__
        if not platform.connection.in_transaction:
            raise _TransactionLost
        self._trace(waiting, scope, outcome=outcome, detail=detail, rules=rules)
        reached("line-written")

    def _meaning(self, waiting: Waiting, error: Exception) -> Exception:
        """What an error that no act tells of means: the machine's state, damage, or a fault of ours."""
        if is_passing(error):
            return _unavailable(error)
        damage = self._damage_met(waiting) if self.platform.connection.in_transaction else None
        if damage is None:
            return error
        _DAMAGE.error("what is stored is damaged", extra={"reason": f"{type(error).__name__} in {waiting.act.name}"})
        return damage

    def _damage_met(self, waiting: Waiting) -> IntegrityFailure | None:
        mark = self.platform.segments.mark()
        self.platform.connection.control("SAVEPOINT act")
        try:
            return damage_met(self.platform, waiting.requester, waiting.act)
        finally:
            self.platform.segments.rollback_to(mark)
            self._take_back()

    def _admit(self, requester: Requester) -> None:
        """The checks that need the database: the assertion is fresh, the directory knows the caller, who may come by a session too."""
        connection = self.platform.connection
        if requester.assertion is not None:
            remember(connection, requester.assertion, requester.certificate)
        if requester.assertion is not None or requester.portal:
            confirm(connection, requester)

    def _run_behind_savepoint(self, scope: Room, act: Act[T]) -> T:
        connection, segments = self.platform.connection, self.platform.segments
        mark = segments.mark()
        connection.control("SAVEPOINT act")
        try:
            if act.function is not None:
                scope.require(act.function)
            result = act.run(scope)
            scope.fulfil_duties()
            reached("act-run")
        except BaseException:
            segments.rollback_to(mark)
            self.platform.visits.drop()
            self._take_back()
            raise
        connection.control("RELEASE act")
        return result

    def _take_back(self) -> None:
        try:
            self.platform.connection.control("ROLLBACK TO act")
            self.platform.connection.control("RELEASE act")
        except Exception as failure:
            raise _TransactionLost from failure

    def _trace(
        self, waiting: Waiting, scope: Room | None, *, outcome: Outcome, detail: str, rules: tuple[str, ...]
    ) -> None:
        requester, action = waiting.requester, waiting.act.name
        write_line(self.platform, requester, action, scope, outcome=outcome, detail=detail, rules=rules)

    def _in_transaction(self, work: Callable[[Connection], T], *, turn: Turn = ALONE) -> T:
        connection = self.platform.connection
        connection.begin(turn)
        try:
            self._rules.refresh(connection)
            result = work(connection)
            reached("work-ready")
            _commit(connection)
            reached("work-committed")
        except BaseException:
            if connection.in_transaction:
                connection.control("ROLLBACK")
            raise
        return result


def _tell(failure: Exception) -> None:
    """To the log: in one line that the database is away, for that is told for every group until it is back."""
    if isinstance(failure, Unavailable):
        _LOG.warning("the group was given up: %s", failure.message)
    else:
        _LOG.error("the group was given up", exc_info=failure)


def _commit(connection: OwnedConnection) -> None:
    try:
        connection.control("COMMIT")
    except OutcomeUnknown as failure:
        raise _unavailable(failure) from failure


def _unavailable(failure: Exception) -> CarnetError:
    if isinstance(failure, OutcomeUnknown):
        return Unavailable(
            "It is not known whether the request was kept: the database did not confirm it. Look, or try again."
        )
    if isinstance(failure, Unavailable):
        return failure
    return Unavailable("The request could not be made durable; nothing of it was kept. Try again later.")
