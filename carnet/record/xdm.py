"""Documents on a medium (IHE XDM, ITI-32): what stands in the archive beside them, from the record's own metadata.

The metadata are those of a provide-and-register request: one submission set by who exports, the entries as registered, each with the
name of its file (URI), its size and its SHA-1.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from carnet.authorization.facts import Function
from carnet.clock import to_dtm
from carnet.errors import TooLarge
from carnet.metadata import Association, AssociationType, DocumentEntry, SubmissionSet
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.record.document_changes import author_of
from carnet.record.entry_updates import CONSULTATION
from carnet.record.own_documents import SpaceDocument, words_of_entry
from carnet.record.patient_documents import masks_everything
from carnet.record.retrieval import Located
from carnet.record.scope import Scope
from carnet.record.seen_document import locate, located

MOST = 50
"""Documents of one archive."""
_RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
_LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
_EXTENSIONS = {
    # file names of ISO 9660 level 1, which XDM asks for: eight characters, and three
    "text/xml": "XML",
    "application/xslt+xml": "XML",
    "application/pdf": "PDF",
    "image/jpeg": "JPG",
    "image/png": "PNG",
    "image/tiff": "TIF",
    "text/plain": "TXT",
    "application/dicom": "DCM",
    "text/rtf": "RTF",
}


@dataclass(frozen=True, slots=True)
class ExportedDocument:
    """One document of the archive: its name in the folder of the set, in words, and where its bytes are."""

    file: str
    about: SpaceDocument
    located: Located


@dataclass(frozen=True, slots=True)
class Medium:
    """All that the archive is written from. `metadata` is METADATA.XML; `made_at` in microseconds UTC."""

    documents: tuple[ExportedDocument, ...]
    metadata: bytes
    made_at: int
    made_by: str


def exporting(unique_ids: Sequence[str]) -> Act[Medium]:
    """The act of taking documents away: a consultation of each. Raises UnknownDocument when one is hidden or was never there, TooLarge."""
    if len(unique_ids) > MOST:
        raise TooLarge(f"An archive holds at most {MOST} documents.")
    return Act("pro/export-documents", partial(_medium, unique_ids=tuple(dict.fromkeys(unique_ids))), Function.CONSULT)


def _medium(scope: Scope, *, unique_ids: tuple[str, ...]) -> Medium:
    by_default = masks_everything(scope)
    chosen = []
    entries = []
    for number, unique_id in enumerate(unique_ids, start=1):
        one, entry = locate(scope, unique_id, Function.CONSULT)
        place = located(scope, unique_id)
        if place is None:
            continue
        file = f"DOC{number:05}.{_EXTENSIONS.get(entry.mime_type, 'BIN')}"
        entries.append(replace(entry, uri=file, repository_unique_id=""))
        chosen.append(ExportedDocument(file, words_of_entry(one, entry, by_default=by_default), place))
    scope.touched.extend(one.about.unique_id for one in chosen)
    metadata = _metadata(scope.platform, _submission_set(scope), entries)
    return Medium(tuple(chosen), metadata, scope.now, scope.requester.name)


def _submission_set(scope: Scope) -> SubmissionSet:
    return SubmissionSet(
        entry_uuid=f"urn:uuid:{uuid.uuid4()}",
        unique_id=f"2.25.{uuid.uuid4().int}",
        source_id=scope.platform.settings.repository_unique_id,
        patient_id=scope.identifier,
        submission_time=to_dtm(scope.now),
        content_type=CONSULTATION,
        authors=(author_of(scope),),
    )


def _metadata(platform: Platform, own: SubmissionSet, entries: Sequence[DocumentEntry]) -> bytes:
    renderer = platform.renderer
    members = (
        Association(
            f"urn:uuid:{uuid.uuid4()}",
            AssociationType.HAS_MEMBER,
            own.entry_uuid,
            entry.entry_uuid,
            submission_set_status="Original",
        )
        for entry in entries
    )
    objects = (
        renderer.submission_set(own),
        *(renderer.entry(entry) for entry in entries),
        *(renderer.association(link) for link in members),
    )
    head = f'<lcm:SubmitObjectsRequest xmlns:lcm="{_LCM}" xmlns:rim="{_RIM}"><rim:RegistryObjectList>'
    tail = "</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
    return b"".join((b'<?xml version="1.0" encoding="UTF-8"?>\n', head.encode(), *objects, tail.encode()))
