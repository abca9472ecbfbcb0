"""Putting documents in (ITI-41, TD2.1 and TD2.2; ITI-65, ITI-105 and the feeds to come): prepared without facts, then submitted at the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from carnet.authorization.facts import Function
from carnet.authorization.functional_rights import feeding_function
from carnet.cda.conformance import check as check_conformance
from carnet.cda.conformance import check_replacement
from carnet.cda.header import header_of, parse_document
from carnet.cda.header_model import CdaHeader
from carnet.cda.vocabulary import check_submission_set, check_value_sets
from carnet.errors import CarnetError, InvalidMetadata, PatientMismatch, Several, TooLarge
from carnet.hardened_xml import LeanTree
from carnet.identity.patients import Patient
from carnet.metadata import (
    INVISIBLE_REPRESENTANTS_LEGAUX,
    MASQUE_PS,
    VISIBILITY_SYSTEM,
    Code,
    DocumentEntry,
    Submission,
)
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.act import Act
from carnet.record.facts import document_facts, knows
from carnet.record.scope import Scope
from carnet.record.signing import signature_entry, verify_signature
from carnet.registry.document_pairs import check_documents, pair_documents
from carnet.registry.found import FoundEntry
from carnet.registry.holder import Holder, Visible
from carnet.registry.registered_identifiers import canonical
from carnet.registry.registration import Registered, identifiers, register, targets
from carnet.registry.relationships import REPLACEMENTS
from carnet.repository.documents import find as find_documents
from carnet.repository.documents import foresee as foresee_documents
from carnet.repository.documents import record as record_document
from carnet.repository.segments import Prepared, prepare
from carnet.requester import Requester

XML_TYPES = frozenset({"text/xml", "application/xslt+xml"})


@dataclass(frozen=True, slots=True)
class PreparedSubmission:
    """A submission whose every check without facts has passed; `contents` and CDA `headers` by the entry's id."""

    submission: Submission
    contents: Mapping[str, Prepared]
    headers: Mapping[str, CdaHeader]


class Receiving(Protocol):
    """The room of an act that puts documents in, a caller's or the patient's side's: whose record, and what the trace will say."""

    @property
    def platform(self) -> Platform:
        """What is built at start."""
        ...

    @property
    def connection(self) -> Connection:
        """The gate's connection, inside its transaction."""
        ...

    @property
    def patient(self) -> Patient:
        """Whose record it is."""
        ...

    @property
    def key(self) -> PatientKey:
        """The person's key."""
        ...

    @property
    def holder(self) -> Holder:
        """Whose registry this is and who registers."""
        ...

    @property
    def now(self) -> int:
        """Microseconds UTC."""
        ...

    @property
    def touched(self) -> list[str]:
        """The uniqueIds for the trace, to be added to."""
        ...


def prepare_submission(platform: Platform, requester: Requester | None, submission: Submission) -> PreparedSubmission:
    """Everything about a submission that needs no database: structure, vocabulary, content, digests, signature, compression.

    `requester` None is the patient's side, which has no certificate to sign with (decision 0034); its set carries no signature. Raises the
    error of the first failing group of checks, or Several; nothing is stored.
    """
    if (
        requester is not None
        and requester.patient is not None
        and submission.submission_set.patient_id != requester.patient
    ):
        raise PatientMismatch("The submission's patient is not the one that the assertion targets.")
    if sum(not entry.is_signature for entry in submission.entries) > platform.settings.maximum_documents:
        raise TooLarge(f"A submission carries at most {platform.settings.maximum_documents} documents.")
    check_documents(submission)
    bytes_of = {entry_id: document.content for entry_id, document in pair_documents(submission).items()}
    signature = signature_entry(platform, submission) if requester is not None else None
    _collect([partial(check_submission_set, submission.submission_set)])
    read = _Read(bytes_of)
    _collect([partial(_check_entry, platform, entry, read) for entry in submission.entries])
    contents = {entry_id: prepare(content) for entry_id, content in bytes_of.items()}
    entries = tuple(_complete(platform, entry, contents[entry.entry_uuid]) for entry in submission.entries)
    if signature is not None and requester is not None:
        documents = {
            entry.unique_id: bytes_of[entry.entry_uuid] for entry in submission.entries if not entry.is_signature
        }
        verify_signature(platform, requester, submission, bytes_of[signature.entry_uuid], documents, read.trees)
    return PreparedSubmission(replace(submission, entries=entries, documents=()), contents, read.headers)


def submit(prepared: PreparedSubmission, requester: Requester) -> Act[Registered]:
    """The act of one submission set: all of it or nothing. TD2.2 is the right of a medical secretary's card, TD2.1 of the others."""
    registers = partial(identifiers, prepared.submission)
    return Act("iti41", partial(_submit, prepared=prepared), feeding_function(requester), registers=registers)


# --- without facts -------------------------------------------------------------------------------------------------


def _collect(checks: list[partial[None]]) -> None:
    errors: list[CarnetError] = []
    for check in checks:
        try:
            check()
        except Several as several:
            errors.extend(several.errors)
        except CarnetError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Several(tuple(errors))


@dataclass(frozen=True, slots=True)
class _Read:
    """The documents of a submission while they are read: bytes and headers by the entry's id, trees by uniqueId."""

    bytes_of: Mapping[str, bytes]
    headers: dict[str, CdaHeader] = field(default_factory=dict)
    trees: dict[str, LeanTree] = field(default_factory=dict)


def _check_entry(platform: Platform, entry: DocumentEntry, read: _Read) -> None:
    """Checks one entry against its document; the tree of a document is built when a signature needs it whole."""
    settings, content = platform.settings, read.bytes_of[entry.entry_uuid]
    if len(content) > settings.maximum_document_bytes:
        limit = settings.maximum_document_bytes
        raise TooLarge(f"A document may have at most {limit} bytes.", subject=entry.unique_id)
    if not content:
        raise InvalidMetadata("The document is empty.", subject=entry.unique_id)
    check_value_sets(entry, masked_and_invisible_together=settings.masked_and_invisible_together)
    if entry.is_signature:
        return
    header = None
    if entry.mime_type in XML_TYPES and settings.submission_signature_required:
        tree = parse_document(content)
        read.trees[entry.unique_id] = tree
        header = header_of(tree.root)
    found = check_conformance(entry, content, header=header)
    if isinstance(found, CdaHeader):
        read.headers[entry.entry_uuid] = found


def _complete(platform: Platform, entry: DocumentEntry, content: Prepared) -> DocumentEntry:
    digest = content.sha1.hex()
    if entry.hash and entry.hash.lower() != digest:
        raise InvalidMetadata("hash is not the SHA-1 of the document.", subject=entry.unique_id)
    if entry.size is not None and entry.size != content.size:
        raise InvalidMetadata("size is not the document's number of bytes.", subject=entry.unique_id)
    ours = platform.settings.repository_unique_id
    if entry.repository_unique_id not in ("", ours):
        raise InvalidMetadata("repositoryUniqueId is not this repository.", subject=entry.unique_id)
    return replace(entry, hash=digest, size=content.size, repository_unique_id=ours)


# --- at the gate ---------------------------------------------------------------------------------------------------


def _submit(scope: Scope, *, prepared: PreparedSubmission) -> Registered:
    submission = prepared.submission
    known = partial(knows, scope)
    related = targets(scope.connection, scope.holder, submission, visible=known)
    _decide_replacements(scope, prepared, related)
    submission = replace(submission, entries=_with_demanded_masks(scope, submission, related))
    registered = take_in(scope, submission, prepared.contents, visible=known)
    scope.detail = "submitted again" if registered.resubmitted else ""
    return registered


def take_in(
    room: Receiving, submission: Submission, contents: Mapping[str, Prepared], *, visible: Visible
) -> Registered:
    """Registers and stores what was decided: the last step of every submission, whoever makes it."""
    foresee_documents(room.connection, room.patient.patient_key, _documents(submission))
    registered = register(room.connection, room.holder, submission, room.platform.renderer, visible=visible)
    if not registered.resubmitted:
        _store(room, submission, contents)
    room.touched.extend(entry.unique_id for entry in registered.entries)
    return registered


def _replaced(submission: Submission, related: tuple[FoundEntry, ...]) -> dict[str, FoundEntry]:
    """The registered entry that each submitted entry replaces, by the submitted entry's id, UUIDs in lower case."""
    by_uuid = {entry.uuid: entry for entry in related}
    return {
        canonical(link.source): by_uuid[canonical(link.target)]
        for link in submission.associations
        if link.type in REPLACEMENTS and canonical(link.target) in by_uuid
    }


def _decide_replacements(scope: Scope, prepared: PreparedSubmission, related: tuple[FoundEntry, ...]) -> None:
    headers = {canonical(entry_id): header for entry_id, header in prepared.headers.items()}
    for entry_id, old in _replaced(prepared.submission, related).items():
        scope.require(Function.REPLACE, document_facts(scope, old), subject=old.uuid)
        if entry_id in headers:
            check_replacement(headers[entry_id], old.unique_id)


def _with_demanded_masks(
    scope: Scope, submission: Submission, related: tuple[FoundEntry, ...]
) -> tuple[DocumentEntry, ...]:
    """The entries with the masks that they must have, whatever the sender wrote.

    A document that replaces a masked one is masked: what the patient decided does not end with the author's correction. One put in
    during a secret connection is hidden from the legal representatives (rules §1.3, EX-2.1-1050).
    """
    replaced = _replaced(submission, related)
    return tuple(
        entry if entry.is_signature else _masked(entry, _demanded(scope, replaced.get(canonical(entry.entry_uuid))))
        for entry in submission.entries
    )


def _demanded(scope: Scope, replaced: FoundEntry | None) -> list[Code]:
    demanded = []
    if replaced is not None and MASQUE_PS in replaced.masks.split():
        demanded.append(Code(MASQUE_PS, VISIBILITY_SYSTEM, "Masqué aux professionnels de santé"))
    if scope.requester.secret_connection:
        label = "Non visible par les représentants légaux du patient"
        demanded.append(Code(INVISIBLE_REPRESENTANTS_LEGAUX, VISIBILITY_SYSTEM, label))
    return demanded


def _masked(entry: DocumentEntry, demanded: list[Code]) -> DocumentEntry:
    missing = tuple(code for code in demanded if code.code not in entry.masks)
    return replace(entry, confidentiality_codes=(*entry.confidentiality_codes, *missing)) if missing else entry


def _documents(submission: Submission) -> tuple[str, ...]:
    return tuple(entry.unique_id for entry in submission.entries)


def _store(room: Receiving, submission: Submission, contents: Mapping[str, Prepared]) -> None:
    known = find_documents(room.connection, room.patient.patient_key, _documents(submission))
    for entry in submission.entries:
        if entry.unique_id in known:
            continue
        content = contents[entry.entry_uuid]
        key, wrapped = room.key.new_document_key(entry.unique_id)
        place = room.platform.segments.append(content, key, entry.unique_id)
        record_document(
            room.connection,
            room.patient.patient_key,
            entry.unique_id,
            place,
            content,
            wrapped,
            room.key.version,
            entry.mime_type,
            room.now,
        )
        room.platform.fresh.add(room.patient.patient_key, entry.unique_id)
