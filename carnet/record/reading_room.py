"""What reading documents and their extracts needs of the room of an act, whoever's it is: a caller's or the patient's side's."""

from __future__ import annotations

from typing import Protocol

from carnet.metadata import PatientIdentifier
from carnet.platform import Connection, PatientKey, Platform
from carnet.registry.holder import Holder


class ReadingRoom(Protocol):
    """The room; `PatientRoom` and `Scope` are such rooms. Who may see a document was decided before it is handed to what reads it."""

    @property
    def platform(self) -> Platform:
        """What is built at start."""
        ...

    @property
    def connection(self) -> Connection:
        """The gate's connection, inside its transaction."""
        ...

    @property
    def identifier(self) -> PatientIdentifier:
        """The INS by which the record was asked for."""
        ...

    @property
    def patient_key(self) -> int:
        """The internal key of the patient whose record it is."""
        ...

    @property
    def key(self) -> PatientKey:
        """The person's key."""
        ...

    @property
    def holder(self) -> Holder:
        """Whose registry this is and who asks."""
        ...

    @property
    def now(self) -> int:
        """Microseconds UTC."""
        ...

    @property
    def touched(self) -> list[str]:
        """The uniqueIds for the trace, to be added to."""
        ...
