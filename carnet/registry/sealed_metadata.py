"""Metadata at rest: the plain dataclass as JSON, compacted, under the patient's key, and its wire form likewise.

The context of each seal names the object; that of a rendition also names what of it may change (status, a folder's last update), so that
a row whose status was altered by another hand than ours does not open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import msgspec

from carnet.database.stored_words import word
from carnet.errors import IntegrityFailure
from carnet.metadata import AvailabilityStatus, DocumentEntry, Folder, SubmissionSet
from carnet.registry.compaction import compact, restore
from carnet.registry.holder import Holder, Renderer

T = TypeVar("T")
_ENCODER = msgspec.json.Encoder()
_ENTRY = msgspec.json.Decoder(DocumentEntry)
_SUBMISSION_SET = msgspec.json.Decoder(SubmissionSet)
_FOLDER = msgspec.json.Decoder(Folder)


def rendition_context(uuid: str, state: str) -> str:
    """The seal's context of a rendition; `state` is the status, for a folder `status|last_update_time`."""
    return f"rendition|{uuid}|{state}"


def folder_state(status: str, last_update_time: str) -> str:
    """What of a folder's rendition changes without a new version."""
    return f"{status}|{last_update_time}"


def open_rendition(holder: Holder, uuid: str, state: str, sealed: bytes) -> bytes:
    """The wire form of an object in a state, as `rendition_context` has it. Raises IntegrityFailure."""
    return _open(holder, sealed, rendition_context(uuid, state))


def seal_entry(holder: Holder, entry: DocumentEntry) -> bytes:
    """The metadata of an entry version, for sealed_metadata."""
    return _seal(holder, _ENCODER.encode(entry), f"entry|{entry.entry_uuid}")


def open_entry(holder: Holder, uuid: str, status: str, sealed: bytes) -> DocumentEntry:
    """The entry as registered, with the status that its row has now. Raises IntegrityFailure."""
    entry = _decoded(_ENTRY, _open(holder, sealed, f"entry|{uuid}"))
    return entry if entry.status == status else replace(entry, status=word(AvailabilityStatus, status))


def seal_entry_rendition(holder: Holder, renderer: Renderer, entry: DocumentEntry) -> bytes:
    """The wire form of an entry version in its present status, for sealed_rendition."""
    return _seal(holder, renderer.entry(entry), rendition_context(entry.entry_uuid, entry.status))


def seal_submission_set(holder: Holder, submission_set: SubmissionSet) -> bytes:
    """The metadata of a submission set, for sealed_metadata."""
    return _seal(holder, _ENCODER.encode(submission_set), f"submission_set|{submission_set.entry_uuid}")


def open_submission_set(holder: Holder, uuid: str, status: str, sealed: bytes) -> SubmissionSet:
    """The submission set as registered, with the status that its row has now. Raises IntegrityFailure."""
    found = _decoded(_SUBMISSION_SET, _open(holder, sealed, f"submission_set|{uuid}"))
    return found if found.status == status else replace(found, status=word(AvailabilityStatus, status))


def seal_submission_set_rendition(holder: Holder, renderer: Renderer, submission_set: SubmissionSet) -> bytes:
    """The wire form of a submission set in its present status, for sealed_rendition."""
    context = rendition_context(submission_set.entry_uuid, submission_set.status)
    return _seal(holder, renderer.submission_set(submission_set), context)


def seal_folder(holder: Holder, folder: Folder) -> bytes:
    """The metadata of a folder version, for sealed_metadata."""
    return _seal(holder, _ENCODER.encode(folder), f"folder|{folder.entry_uuid}")


def open_folder(holder: Holder, uuid: str, status: str, last_update_time: str, sealed: bytes) -> Folder:
    """The folder as registered, with the status and last update that its row has now. Raises IntegrityFailure."""
    folder = _decoded(_FOLDER, _open(holder, sealed, f"folder|{uuid}"))
    return replace(folder, status=word(AvailabilityStatus, status), last_update_time=last_update_time)


def seal_folder_rendition(holder: Holder, renderer: Renderer, folder: Folder) -> bytes:
    """The wire form of a folder version as it is now, for sealed_rendition."""
    state = folder_state(folder.status, folder.last_update_time)
    return _seal(holder, renderer.folder(folder), rendition_context(folder.entry_uuid, state))


def _decoded(decoder: msgspec.json.Decoder[T], plain: bytes) -> T:
    try:
        return decoder.decode(plain)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise IntegrityFailure("What is sealed is not the metadata of an object.") from error


def _seal(holder: Holder, plain: bytes, context: str) -> bytes:
    return holder.key.seal(compact(plain), context)


def _open(holder: Holder, sealed: bytes, context: str) -> bytes:
    return restore(holder.key.open(sealed, context))
