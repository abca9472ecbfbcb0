"""Reading whole requests that carry metadata: ITI-41 (with its documents) and ITI-57 (without), as one Submission."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from carnet.errors import InvalidMetadata, MalformedMessage
from carnet.metadata import Association, Document, DocumentEntry, Folder, Submission, SubmissionSet
from carnet.soap.ebrim_objects import CLASSIFICATION
from carnet.soap.ebrim_parse import association, document_entry, folder, submission_set
from carnet.soap.ebrim_schemes import FOLDER_NODE, SUBMISSION_SET_NODE
from carnet.soap.envelope import Envelope
from carnet.soap.metadata_forms import check_forms
from carnet.soap.mtom import Part
from carnet.soap.namespaces import OBJECT_REF, REGISTRY_OBJECT_LIST, RIM, SUBMIT_OBJECTS_REQUEST
from carnet.soap.xop import document_contents

_EXTRINSIC_OBJECT = f"{{{RIM}}}ExtrinsicObject"
_REGISTRY_PACKAGE = f"{{{RIM}}}RegistryPackage"
_ASSOCIATION = f"{{{RIM}}}Association"


@dataclass(frozen=True, slots=True)
class SubmissionRequest:
    """A submission, and the names of metadata that came with it and is not kept (XDSExtraMetadataNotSaved)."""

    submission: Submission
    warnings: tuple[str, ...] = ()


def provide_and_register(envelope: Envelope, parts: Mapping[str, Part]) -> SubmissionRequest:
    """Reads ITI-41 (ITI TF-2 §3.41.4.1.2): metadata and documents, each Document@id being that of its DocumentEntry.

    Raises MalformedMessage for the packaging of documents, InvalidMetadata or Several for the metadata. A document without an entry
    keeps the id it came with; an entry without a document simply has none.
    """
    body = envelope.body_element
    contents = document_contents(envelope.root, parts)
    if any(element.getparent() is not body for element, _ in contents):
        raise MalformedMessage("A Document stands elsewhere than directly in the request.")
    request = _submission(_only(body, SUBMIT_OBJECTS_REQUEST, "SubmitObjectsRequest"))
    entries = request.submission.entries
    documents = tuple(_document(element, content, entries) for element, content in contents)
    return _with_documents(request, documents)


def update(envelope: Envelope, parts: Mapping[str, Part]) -> SubmissionRequest:
    """Reads ITI-57 (metadata update supplement §3.57.4.1.2), which carries no document. Raises as `provide_and_register`."""
    if document_contents(envelope.root, parts):
        raise MalformedMessage("A metadata update carries no document.")
    return _submission(envelope.body_element)


def _only(parent: Any, tag: str, name: str) -> Any:
    """The one child of that name; two would be read differently by different readers."""
    found = list(parent.iterchildren(tag))
    if len(found) != 1:
        raise MalformedMessage(f"The request must hold exactly one {name}.")
    return found[0]


def _document(element: Any, content: bytes, entries: tuple[DocumentEntry, ...]) -> Document:
    """Names the document by its entry's id: as written, or else whatever the case of letters (an official sample needs it)."""
    identifier = element.get("id", "").strip()
    if not identifier:
        raise MalformedMessage("A Document has no id.")
    names = [entry.entry_uuid for entry in entries]
    if identifier not in names:
        alike = [name for name in names if name.lower() == identifier.lower()]
        identifier = alike[0] if len(alike) == 1 else identifier
    return Document(identifier, content)


def _with_documents(request: SubmissionRequest, documents: tuple[Document, ...]) -> SubmissionRequest:
    read = request.submission
    return SubmissionRequest(
        Submission(read.submission_set, read.entries, read.folders, read.associations, documents), request.warnings
    )


@dataclass(slots=True)
class _Objects:
    submission_sets: list[SubmissionSet]
    entries: list[DocumentEntry]
    folders: list[Folder]
    associations: list[Association]


def _submission(submit: Any) -> SubmissionRequest:
    objects = _only(submit, REGISTRY_OBJECT_LIST, "RegistryObjectList")
    beside: defaultdict[str, list[Any]] = defaultdict(list)
    for element in objects.iterchildren(CLASSIFICATION):
        beside[element.get("classifiedObject", "").strip()].append(element)
    found, warnings = _Objects([], [], [], []), list[str]()
    for element in objects:
        _read_one(element, beside.get(element.get("id", "").strip(), []), found, warnings)
    if len(found.submission_sets) != 1:
        raise InvalidMetadata("A submission holds exactly one SubmissionSet.")
    submission = Submission(
        found.submission_sets[0], tuple(found.entries), tuple(found.folders), tuple(found.associations)
    )
    check_forms(submission)
    return SubmissionRequest(submission, tuple(warnings))


def _read_one(element: Any, beside: list[Any], found: _Objects, warnings: list[str]) -> None:
    tag = element.tag
    if tag == _EXTRINSIC_OBJECT:
        found.entries.append(document_entry(element, warnings, beside))
    elif tag == _ASSOCIATION:
        found.associations.append(association(element, warnings, beside))
    elif tag == _REGISTRY_PACKAGE:
        node = package_node(element, beside)
        if node == SUBMISSION_SET_NODE:
            found.submission_sets.append(submission_set(element, warnings, beside))
        else:
            found.folders.append(folder(element, warnings, beside))
    elif tag not in {CLASSIFICATION, OBJECT_REF}:
        raise InvalidMetadata("The RegistryObjectList holds an object that is not part of XDS.")


def package_node(element: Any, beside: list[Any]) -> str:
    """Whether a RegistryPackage is a submission set or a folder, by its classification inside or beside it (ITI TF-3 §4.2.1.1).

    Raises InvalidMetadata when it is neither or both.
    """
    nodes: set[str] = {
        child.get("classificationNode", "").strip() for child in (*element.iterchildren(CLASSIFICATION), *beside)
    }
    known = nodes & {SUBMISSION_SET_NODE, FOLDER_NODE}
    if len(known) != 1:
        raise InvalidMetadata("A RegistryPackage is classified neither as SubmissionSet nor as Folder, or as both.")
    return known.pop()
