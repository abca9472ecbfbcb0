"""The way of each closed segment: digested, uploaded, compared with what the store then has, relieved of its stand-ins, dropped here.

Each step is read from the database, done outside of any transaction, and then noted: whatever ends in between is done again, and does no
harm twice. `next_step` and `note` belong to the thread of the gate, `carry_out` to any.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from carnet.errors import CarnetError, IntegrityFailure, OutOfResources
from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.repository.segment_files import Digested, SegmentFiles
from carnet.repository.segment_states import SegmentState, distrust, find_state, heal, mark, note_closed

_LOG = logging.getLogger("carnet.repository")


class Step(Enum):
    """What is to be done next with one segment of this machine."""

    CLOSE = "close"
    UPLOAD = "upload"
    CONFIRM = "confirm"
    SWEEP = "sweep"
    RELEASE = "release"
    DROP = "drop"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True)
class Task:
    """One step of one segment; `digested` is None before it was closed."""

    step: Step
    name: str
    digested: Digested | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a task: `found` is the digest of a closed file, `good` whether the store had what it was asked for."""

    task: Task
    found: Digested | None = None
    good: bool = True


@dataclass(slots=True)
class SegmentKeeper:
    """Brings this machine's segments on their way, one step at a time."""

    gate: Gate
    failing: set[str] = field(default_factory=set)
    damaged: set[str] = field(default_factory=set)

    @property
    def files(self) -> SegmentFiles:
        """Where the bytes are."""
        return self.gate.platform.segment_files

    def next_step(self) -> Task | None:
        """The next thing to do; None when nothing is left but what is damaged or has failed since `failing` was emptied."""
        return self.gate.read(self._next)

    def carry_out(self, task: Task) -> Done:
        """Does a step. Raises OutOfResources when disk or store do not answer, IntegrityFailure when the file is damaged."""
        files, known = self.files, task.digested
        if task.step is Step.CLOSE:
            files.make_durable(task.name)
            return Done(task, files.digest(task.name))
        if known is None:
            raise IntegrityFailure("Nothing is known of a segment.")
        if task.step is Step.UPLOAD:
            files.upload(task.name, known.sha256)
        if task.step is Step.CONFIRM:
            return Done(task, good=files.stands(task.name, known))
        if task.step is Step.SWEEP:
            files.sweep(task.name, known)
        if task.step is Step.RELEASE:
            return Done(task, good=files.is_there(task.name, known.size))
        if task.step is Step.DROP:
            return Done(task, good=files.drop(task.name, known))
        if task.step is Step.DESTROY:
            files.destroy(task.name)
        return Done(task)

    def note(self, done: Done) -> None:
        """Writes down what was done."""
        self.gate.administer(partial(self._note, done=done))
        if not done.good:
            self.failing.add(done.task.name)

    def failed(self, task: Task, error: CarnetError) -> None:
        """Leaves a segment alone until `failing` is emptied, and says so; a damaged one raises an alarm and is left to `scrub`."""
        about = {"segment": task.name, "operation": task.step.value, "reason": error.message}
        if isinstance(error, IntegrityFailure):
            self.damaged.add(task.name)
            _LOG.critical("a segment is damaged", extra=about)
            now = self.gate.platform.clock()
            self.gate.administer(lambda connection: mark(connection, task.name, "damaged_at", now=now))
        else:
            self.failing.add(task.name)
            _LOG.warning("a segment was not brought on its way", extra=about)

    def all_steps(self) -> int:
        """Does all that can be done now, for a caller without an event loop; returns how many steps."""
        self.failing.clear()
        count = 0
        while (task := self.next_step()) is not None:
            try:
                self.note(self.carry_out(task))
            except (OutOfResources, IntegrityFailure) as error:
                self.failed(task, error)
            else:
                count += 1
        return count

    def note_closed_ones(self) -> None:
        """Closes alone: what an installation without an object store needs before it compares anything."""
        for name in self.files.names():
            known = self.gate.read(partial(find_state, name=name))
            if known is None and self.files.is_closed(name):
                self.note(self.carry_out(Task(Step.CLOSE, name)))

    # --- what is next ----------------------------------------------------------------------------------------------

    def _next(self, connection: Connection) -> Task | None:
        here: list[SegmentState] = []
        for name in self.files.names():
            if name in self.failing | self.damaged:
                continue
            state = find_state(connection, name)
            if state is None:
                if self.files.is_closed(name):
                    return Task(Step.CLOSE, name)
                continue
            step = _step_of(state) if self.files.sealed is not None else None
            if step is not None:
                return _task(step, state)
            here.append(state)
        return self._excess(here)

    def _excess(self, here: list[SegmentState]) -> Task | None:
        """The oldest segment, when those that need not be here any more pass their bound."""
        bound = self.gate.platform.settings.documents_local_bytes
        if self.files.sealed is None or sum(one.size for one in here) <= bound:
            return None
        return _task(Step.RELEASE, min(here, key=lambda state: state.closed_at))

    # --- what was done ---------------------------------------------------------------------------------------------

    def _note(self, connection: Connection, done: Done) -> None:
        name, now = done.task.name, self.gate.platform.clock()
        step = done.task.step
        if step is Step.CLOSE and done.found is not None:
            note_closed(connection, name, done.found.size, done.found.sha256, now=now)
        if step is Step.UPLOAD:
            mark(connection, name, "uploaded_at", now=now)
        if step is Step.CONFIRM and done.good:
            mark(connection, name, "verified_at", now=now)
            heal(connection, name)
        if step is Step.SWEEP:
            mark(connection, name, "swept_at", now=now)
        if step is Step.RELEASE and done.good:
            mark(connection, name, "dropped_at", now=now)
        if not done.good:
            distrust(connection, name)
            about = {"segment": name, "operation": step.value}
            _LOG.critical("the object store has not what was put into it; it is put again", extra=about)


def _step_of(state: SegmentState) -> Step | None:
    """What a file that is here needs: `verified_at`, and what the store gives back at the moment, let it be dropped."""
    for done, step in (
        (state.retired_at is None, Step.DESTROY),
        (state.uploaded_at is not None, Step.UPLOAD),
        (state.verified_at is not None, Step.CONFIRM),
        (state.swept_at is not None, Step.SWEEP),
        (state.dropped_at is None, Step.DROP),
    ):
        if not done:
            return step
    return None


def _task(step: Step, state: SegmentState) -> Task:
    return Task(step, state.name, Digested(state.size, state.sha256))
