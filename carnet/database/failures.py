"""How the databases fail, in words of our own: what the two drivers raise is told apart in one place each."""

from __future__ import annotations


class ConstraintViolated(Exception):
    """A key that exists already, a reference to nothing, a value that its column does not take: the statement did nothing."""


class OutcomeUnknown(Exception):
    """The answer to a COMMIT never came, or came too early: what was written may stand or not. It is never told as done."""
