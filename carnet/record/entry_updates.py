"""What an update of a registered entry says (ITI-57), whoever asks for it: other confidentiality codes, or another status."""

from __future__ import annotations

from dataclasses import replace

from carnet.metadata import (
    Association,
    AssociationType,
    AvailabilityStatus,
    Code,
    DocumentEntry,
    Submission,
    SubmissionSet,
)

CONSULTATION = Code("07", "1.2.250.1.213.2.2", "Consultations soins externes")
"""The content type (JDV_J59) of a submission set that a page or a timer makes. INFERRED: the value set has none for changes."""
SET = "SubmissionSet01"
"""What the submission set of such an update is called within it."""
_DOCUMENT = "Document01"


def with_codes(own: SubmissionSet, entry: DocumentEntry, codes: tuple[Code, ...]) -> Submission:
    """The next version of an entry, which has these confidentiality codes (TD3.3a, TD3.3b)."""
    changed = replace(entry, entry_uuid=_DOCUMENT, confidentiality_codes=codes)
    link = Association(
        "Member01",
        AssociationType.HAS_MEMBER,
        own.entry_uuid,
        _DOCUMENT,
        submission_set_status="Original",
        previous_version=entry.version,
    )
    return Submission(own, (changed,), (), (link,))


def with_status(own: SubmissionSet, entry: DocumentEntry, status: AvailabilityStatus) -> Submission:
    """The same entry in another status (TD3.3c, TD3.3d)."""
    link = Association(
        "Status01",
        AssociationType.UPDATE_AVAILABILITY_STATUS,
        own.entry_uuid,
        entry.entry_uuid,
        original_status=entry.status,
        new_status=status,
    )
    return Submission(own, (), (), (link,))
