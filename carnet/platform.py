"""What is built at start, once, by name: settings, clock, database, documents, keys, certificates, rules. Passed down as one argument."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import cast

from carnet.authorization.engine import Engine
from carnet.authorization.matrix import Matrices, Matrix
from carnet.authorization.matrix import load as load_matrix
from carnet.clock import Clock, system_clock
from carnet.config import SETTINGS_FILE, Settings
from carnet.crypto.envelope import PatientKey
from carnet.crypto.keyring import DevelopmentKeyring, Keyring
from carnet.crypto.tombstone_file import Tombstone, TombstoneFile
from carnet.database.checked_rows import CheckedRows
from carnet.database.connection import Connection, OwnedConnection
from carnet.database.opening import open_database
from carnet.database.schema_version import current, head
from carnet.database.steps import runs_on
from carnet.errors import ConfigurationError
from carnet.exchange.visit_budgets import CountedVisits
from carnet.identity.certificates import CertificateStore
from carnet.identity.portal_seal import PortalSeal, load_portal_seal
from carnet.registry.holder import Renderer
from carnet.registry.renditions import RenditionCache
from carnet.repository.document_store import DocumentPlaces, open_places
from carnet.repository.fresh_documents import FreshDocuments
from carnet.repository.segment_files import SegmentFiles
from carnet.repository.segments import SegmentStore

__all__ = ["Connection", "PatientKey", "Platform", "Tombstone", "build"]


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything with state in one worker process."""

    settings: Settings
    clock: Clock
    connection: OwnedConnection
    keyring: Keyring
    tombstones: TombstoneFile
    segments: SegmentStore
    segment_files: SegmentFiles
    certificates: CertificateStore
    engine: Engine
    renderer: Renderer
    renditions: RenditionCache
    fresh: FreshDocuments
    visits: CountedVisits
    portal_seal: PortalSeal | None = None
    """What signs the deposits of the professional's portal; None where it takes none."""

    def check_schema(self) -> None:
        """Raises ConfigurationError when the database was brought to a schema that this code cannot run on, while it ran perhaps."""
        if not runs_on(self.connection, head()):
            raise ConfigurationError("The database was brought to a schema that this version cannot run on.")

    def checked(self) -> Platform:
        """The same over rows that are compared with the types of their columns; they raise IntegrityFailure."""
        return replace(self, connection=cast("OwnedConnection", CheckedRows(self.connection)))

    def close(self) -> None:
        """Gives back files, connections and keys, each whatever becomes of the others; what is in memory of records goes too."""
        with ExitStack() as closing:
            closing.callback(self.keyring.close)
            closing.callback(self.connection.close)
            closing.callback(self.segments.close)
            closing.callback(self.segment_files.stop)
            self.renditions.forget_everybody()


@cache
def packaged_matrices() -> tuple[Matrix, ...]:
    """The versions of the matrix that come with Carnet: in force until another takes effect that was imported and approved."""
    files = sorted((Path(__file__).parent / "authorization" / "data").glob("matrix-*.json"))
    return tuple(load_matrix(file.read_bytes()) for file in files)


def build(
    settings: Settings,
    renderer: Renderer,
    *,
    clock: Clock = system_clock,
    keyring: Callable[[Path, str], Keyring] = DevelopmentKeyring,
    worker: str = "w0",
) -> Platform:
    """Opens a home directory that `carnet init` or `carnet demo` made.

    Raises ConfigurationError when it is missing, older than this code, or not safe for the environment.
    """
    if not (settings.home / SETTINGS_FILE if settings.database_url else settings.database).exists():
        raise ConfigurationError(f"There is no Carnet home in {settings.home}: make one with `carnet init --home DIR`.")
    if current(settings.database_place) < head():
        raise ConfigurationError("The database is not at this version's schema: run `carnet migrate`.")
    with ExitStack() as opening:
        connection = open_database(settings.database_place, patience=settings.database_timeout)
        opening.callback(connection.close)
        if not runs_on(connection, head()):
            raise ConfigurationError("The database was brought to a schema that this version cannot run on.")
        keys = keyring(settings.home / "keys", settings.environment)
        opening.callback(keys.close)
        places = open_places(settings, worker, clock)
        opening.callback(places.segments.close)
        platform = _assembled(settings, renderer, clock, opened=(connection, keys, places))
        opening.pop_all()
        return platform


def _assembled(
    settings: Settings, renderer: Renderer, clock: Clock, *, opened: tuple[OwnedConnection, Keyring, DocumentPlaces]
) -> Platform:
    connection, keys, places = opened
    return Platform(
        settings=settings,
        clock=clock,
        connection=connection,
        keyring=keys,
        tombstones=TombstoneFile(settings.path("tombstones"), keys.sign_checkpoint, keys.checkpoint_public_key()),
        segments=places.segments,
        segment_files=places.files,
        certificates=CertificateStore(
            settings.path("tls_client_authorities"),
            settings.path("revocation_lists"),
            environment=settings.environment,
            grace=settings.revocation_grace,
            clock=clock,
        ),
        engine=Engine(
            Matrices(packaged_matrices()),
            occupational_doctors=settings.occupational_doctors,
            professions_by_role=settings.professions_by_role,
            medecin_traitant_can_be_blocked=settings.medecin_traitant_can_be_blocked,
            deleted_readable=settings.deleted_readable,
            forbidden_structures=frozenset(settings.forbidden_structures),
        ),
        renderer=renderer,
        renditions=RenditionCache(settings.rendition_cache_bytes),
        fresh=FreshDocuments(),
        visits=CountedVisits(),
        portal_seal=_portal_seal(settings),
    )


def _portal_seal(settings: Settings) -> PortalSeal | None:
    """The seal that the settings name. Raises ConfigurationError, for one half of it too."""
    if not (settings.portal_seal_certificate or settings.portal_seal_key):
        return None
    if not (settings.portal_seal_certificate and settings.portal_seal_key):
        raise ConfigurationError("portal_seal_certificate and portal_seal_key are set together.")
    return load_portal_seal(settings.path("portal_seal_certificate"), settings.path("portal_seal_key"))
