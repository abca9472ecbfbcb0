"""One patient's registry on a migrated database, and short ways to say what is submitted, updated and asked."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from postgres_clusters import Copies
from sqlalchemy import bindparam, insert, select

from carnet.clock import SECOND
from carnet.crypto.envelope import PatientKey
from carnet.database.connection import SqliteConnection
from carnet.database.postgres import PostgresConnection
from carnet.database.statements import prepare
from carnet.database.tables import metadata, patient
from carnet.document_query import FindDocuments, Get, GetObjects
from carnet.metadata import (
    MASQUE_PS,
    SIGNATURE_CLASS,
    VISIBILITY_SYSTEM,
    Association,
    AssociationType,
    Author,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Folder,
    PatientIdentifier,
    Submission,
    SubmissionSet,
)
from carnet.registry import update
from carnet.registry.holder import Holder
from carnet.registry.queries import Found, FoundEntry, entry, find
from carnet.registry.registration import Registered, register

PATIENT = PatientIdentifier("279035121518989", "1.2.250.1.213.1.4.10")
NOON = 1_793_620_800 * SECOND
N = Code("N", "2.16.840.1.113883.5.25", "Normal")
STATUSES = tuple(AvailabilityStatus)


class ReprRenderer:
    def entry(self, entry: DocumentEntry) -> bytes:
        return repr(entry).encode()

    def submission_set(self, submission_set: SubmissionSet) -> bytes:
        return repr(submission_set).encode()

    def folder(self, folder: Folder) -> bytes:
        return repr(folder).encode()

    def association(self, association: Association) -> bytes:
        return repr(association).encode()


def mask(*codes: str) -> tuple[Code, ...]:
    return (N, *(Code(code, VISIBILITY_SYSTEM) for code in codes))


def everyone(_entry: FoundEntry) -> bool:
    return True


def outsider(entry: FoundEntry) -> bool:
    """A professional from whom masked documents are hidden, and the signatures from everyone."""
    return MASQUE_PS not in entry.masks.split() and not entry.is_signature


@dataclass
class Room:
    """The registry of one patient, in autocommit, with a clock that moves one second an act."""

    connection: SqliteConnection
    patient_key: int = 1
    patient: PatientIdentifier = PATIENT
    renderer: ReprRenderer = field(default_factory=ReprRenderer)
    now: int = NOON
    requester: str = "899700735741"
    organization: str = "10B0127189"
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def holder(self) -> Holder:
        key = PatientKey(f"pseudonym-{self.patient_key}", 1, bytes([self.patient_key]) * 32)
        return Holder(self.patient_key, key, self.requester, self.organization, self.now, self.patient.cx())

    def other_patient(self) -> Room:
        other = PatientIdentifier("277076322082910", "1.2.250.1.213.1.4.10")
        return replace(self, patient_key=2, patient=other)

    # --- what is submitted ---

    def oid(self) -> str:
        return f"1.2.250.1.999.{self.patient_key}.{next(self.numbers)}"

    def document(self, **changes) -> DocumentEntry:
        unique_id = changes.get("unique_id") or self.oid()
        values = {
            "entry_uuid": f"Document{next(self.numbers)}",
            "unique_id": unique_id,
            "patient_id": self.patient,
            "class_code": Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"),
            "type_code": Code("11502-2", "2.16.840.1.113883.6.1", "CR de biologie"),
            "format_code": Code("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3"),
            "confidentiality_codes": (N,),
            "facility_type": Code("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel"),
            "practice_setting": Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9"),
            "creation_time": "20260301101500",
            "service_start_time": "20260301",
            "language": "fr-FR",
            "mime_type": "text/xml",
            "authors": (
                Author(
                    "899700735741^DOC0073574^GEORGES^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
                    ("CABINET M DOC0073574^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499700735741008",),
                ),
            ),
            "title": "Compte rendu",
            "hash": f"{sum(map(ord, unique_id)):040x}",
            "size": 1200,
        }
        return DocumentEntry(**(values | changes))

    def signature(self) -> DocumentEntry:
        return self.document(
            class_code=Code(SIGNATURE_CLASS, "URN"),
            confidentiality_codes=mask(MASQUE_PS, "INVISIBLE_PATIENT"),
        )

    def folder(self, **changes) -> Folder:
        values = {
            "entry_uuid": f"Folder{next(self.numbers)}",
            "unique_id": self.oid(),
            "patient_id": self.patient,
            "codes": (Code("GROSSESSE", "1.2.3"),),
            "title": "Grossesse",
        }
        return Folder(**(values | changes))

    def submission_set(self, **changes) -> SubmissionSet:
        values = {
            "entry_uuid": "SubmissionSet01",
            "unique_id": self.oid(),
            "source_id": "1.2.250.1.999.9",
            "patient_id": self.patient,
            "submission_time": "20260301102000",
            "content_type": Code("07", "1.2.250.1.213.2.2"),
            "authors": (Author("899700735741^DOC0073574^GEORGES"),),
        }
        return SubmissionSet(**(values | changes))

    def submission(self, *members, links=(), **changes) -> Submission:
        """A submission of entries and folders, each a member of the set, with further (type, source, target) links."""
        own = self.submission_set(**changes)
        entries = tuple(one for one in members if isinstance(one, DocumentEntry))
        folders = tuple(one for one in members if isinstance(one, Folder))
        held = [self.link(AssociationType.HAS_MEMBER, own, one) for one in members]
        return Submission(own, entries, folders, (*held, *(self.link(*link) for link in links)))

    def link(self, kind: AssociationType, source, target, **changes) -> Association:
        ends = [end if isinstance(end, str) else end.entry_uuid for end in (source, target)]
        return Association(f"Association{next(self.numbers)}", kind, *ends, **changes)

    # --- what is done ---

    def register(self, submission: Submission, visible=everyone) -> Registered:
        self.now += SECOND
        return register(self.connection, self.holder, submission, self.renderer, visible=visible)

    def put(self, *members, links=(), **changes) -> Registered:
        return self.register(self.submission(*members, links=links, **changes))

    def put_document(self, **changes) -> DocumentEntry:
        return self.put(self.document(**changes)).entries[0]

    def replace(self, target, kind: AssociationType = AssociationType.RPLC, **changes) -> Registered:
        """Registers a new document related to a registered one."""
        new = self.document(**changes)
        return self.put(new, links=[(kind, new, target)])

    def relate(self, target, kind: AssociationType) -> DocumentEntry:
        return self.replace(target, kind).entries[0]

    def new_version(
        self, registered: DocumentEntry | Folder, *, previous=None, propagate=True, **changes
    ) -> Submission:
        """The update that software sends: a copy of the registered object under a symbolic id."""
        copy = replace(registered, **{"entry_uuid": f"Update{next(self.numbers)}", **changes})
        own = self.submission_set()
        version = registered.version if previous is None else previous
        link = self.link(AssociationType.HAS_MEMBER, own, copy, previous_version=version, propagate=propagate)
        entries = (copy,) if isinstance(copy, DocumentEntry) else ()
        folders = (copy,) if isinstance(copy, Folder) else ()
        return Submission(own, entries, folders, (replace(link, submission_set_status="Original"),))

    def new_status(self, uuid: str, original: AvailabilityStatus, new: AvailabilityStatus) -> Submission:
        own = self.submission_set()
        kind = AssociationType.UPDATE_AVAILABILITY_STATUS
        return Submission(own, associations=(self.link(kind, own, uuid, original_status=original, new_status=new),))

    def plan(self, submission: Submission, visible=everyone, **policy) -> tuple[update.PlannedChange, ...]:
        return update.plan(self.connection, self.holder, submission, visible=visible, **policy)

    def update(self, submission: Submission, visible=everyone, **policy) -> update.Updated:
        self.now += SECOND
        changes = self.plan(submission, visible, **policy)
        return update.apply(self.connection, self.holder, submission, self.renderer, changes)

    def remask(self, registered: DocumentEntry, *codes: str, **how) -> DocumentEntry:
        changed = self.update(self.new_version(registered, confidentiality_codes=mask(*codes), **how)).changes[0].after
        assert isinstance(changed, DocumentEntry)
        return changed

    def change_status(self, uuid: str, original: AvailabilityStatus, new: AvailabilityStatus) -> update.Updated:
        return self.update(self.new_status(uuid, original, new))

    def archive(self, uuid: str) -> update.Updated:
        return self.change_status(uuid, AvailabilityStatus.APPROVED, AvailabilityStatus.ARCHIVED)

    # --- what is asked ---

    def find(self, query) -> Found:
        return find(self.connection, self.holder, query)

    def documents(self, **filters) -> tuple[FoundEntry, ...]:
        values = {"patients": (self.patient,), "statuses": (AvailabilityStatus.APPROVED,)}
        return self.find(FindDocuments(**(values | filters))).entries

    def get(self, what: Get, *uuids: str, **more) -> Found:
        return self.find(GetObjects(what, entry_uuids=uuids, **more))

    def row(self, uuid: str) -> FoundEntry:
        (row,) = self.get(Get.DOCUMENTS, uuid).entries
        return row

    def status(self, uuid: str) -> str:
        return self.row(uuid).status

    def entry(self, uuid: str) -> DocumentEntry:
        return entry(self.connection, self.holder, uuid)

    def everything(self) -> tuple[tuple, ...]:
        """All rows of the registry's tables, to prove that nothing changed."""
        names = "submission_set document_entry entry_code entry_reference folder folder_code association registered_identifier"
        every = (prepare(select(metadata.tables[name])) for name in names.split())
        return tuple(tuple(sorted(map(repr, self.connection.execute(one)))) for one in every)


@pytest.fixture(scope="session")
def template(migrated, tmp_path_factory) -> Path:
    database = Path(shutil.copy(migrated, tmp_path_factory.mktemp("template") / "registry.db"))
    connection = SqliteConnection(database)
    columns = ("patient_key", "pseudonym", "sealed_traits", "updated_at")
    add = prepare(insert(patient).values({name: bindparam(name) for name in columns}))
    for key in (1, 2):
        connection.execute(add, dict(zip(columns, (key, f"pseudonym-{key}", b"", 0), strict=True)))
    connection.close()
    return database


@pytest.fixture(scope="session")
def registries(cluster, template):
    """Makes empty registries on PostgreSQL."""
    return Copies(cluster, template)


@pytest.fixture
def new_room(request, template, tmp_path, database):
    """Makes empty registries, each on its own copy of the database."""
    opened: list[SqliteConnection | PostgresConnection] = []

    def make() -> Room:
        if database == "postgresql":
            opened.append(PostgresConnection(request.getfixturevalue("registries").make()))
            return Room(opened[-1])
        path = tmp_path / f"registry-{len(opened)}.db"
        shutil.copy(template, path)
        opened.append(SqliteConnection(path))
        opened[-1]._raw.execute("PRAGMA synchronous=OFF")
        return Room(opened[-1])

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture
def room(new_room) -> Room:
    return new_room()


@pytest.fixture
def masked():
    """The confidentiality codes N with some visibility codes."""
    return mask


@pytest.fixture
def hides_masked():
    """The sight of a professional from whom masked documents are hidden."""
    return outsider
