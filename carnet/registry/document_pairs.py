"""Which document belongs to which entry of a submission, and what is wrong between the two. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from carnet.errors import CarnetError, DocumentMissing, DuplicateInMessage, MetadataMissing
from carnet.metadata import Document, Submission
from carnet.registry.consistency import refuse


def pair_documents(submission: Submission) -> dict[str, Document]:
    """The document of each entry, by the entry's id as written.

    Identifiers are compared exactly, then without regard to case: clients in the field write the two differently.
    """
    exact = {document.entry_id: document for document in submission.documents}
    folded = {document.entry_id.casefold(): document for document in submission.documents}
    pairs = (
        (one.entry_uuid, exact.get(one.entry_uuid) or folded.get(one.entry_uuid.casefold()))
        for one in submission.entries
    )
    return {name: document for name, document in pairs if document is not None}


def check_documents(submission: Submission) -> None:
    """Raises what is wrong between entries and documents (ITI TF-2 §3.41.4.1.3): DocumentMissing, MetadataMissing, DuplicateInMessage."""
    refuse(_document_errors(submission))


def _document_errors(submission: Submission) -> Iterator[CarnetError]:
    paired = pair_documents(submission)
    used = Counter(id(document) for document in paired.values())
    for entry in submission.entries:
        if entry.entry_uuid not in paired:
            yield DocumentMissing("A DocumentEntry came without its document.", subject=entry.unique_id)
    names = Counter(document.entry_id for document in submission.documents)
    for document in submission.documents:
        if names[document.entry_id] > 1 or used[id(document)] > 1:
            yield DuplicateInMessage("Two documents or two entries carry the same id.", subject=document.entry_id)
        elif not used[id(document)]:
            yield MetadataMissing("A document came without its DocumentEntry.", subject=document.entry_id)
