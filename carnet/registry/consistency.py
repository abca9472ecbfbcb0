"""What must hold inside one submission before the registry is looked at. Pure: no storage, no clock.

One small function a rule, in two literal tables with the clause: one for submissions (ITI-41, ITI-42), one for updates (ITI-57). That there
is exactly one submission set is the model's doing; `RPLC` under its 2010 name is read as RPLC at the door.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto

from carnet.errors import (
    CarnetError,
    DuplicateInMessage,
    InvalidMetadata,
    PatientMismatch,
    Several,
    UnresolvedReference,
    UpdateInvalid,
)
from carnet.metadata import AssociationType, DocumentEntry, Folder, Submission, SubmissionSet
from carnet.registry.registered_identifiers import canonical, is_uuid

ORIGINAL = "Original"
REFERENCE = "Reference"


class Kind(Enum):
    """What an end of an association is."""

    SUBMISSION_SET = auto()
    ENTRY = auto()
    FOLDER = auto()
    ASSOCIATION = auto()
    REGISTERED = auto()
    """A UUID that no object of the submission carries: it must be found in the registry."""
    UNKNOWN = auto()


_SET, _ENTRY, _FOLDER, _LINK = Kind.SUBMISSION_SET, Kind.ENTRY, Kind.FOLDER, Kind.ASSOCIATION
_REGISTERED, _UNKNOWN = Kind.REGISTERED, Kind.UNKNOWN
Ends = frozenset[tuple[Kind, Kind]]

SUBMISSION_ENDS: dict[AssociationType, Ends] = {
    # source and target of each type that a submission may carry                                          ITI TF-3 §4.2.2
    AssociationType.HAS_MEMBER: frozenset(
        {(_SET, _ENTRY), (_SET, _FOLDER), (_SET, Kind.ASSOCIATION), (_SET, _REGISTERED)}
        | {(_FOLDER, _ENTRY), (_FOLDER, _REGISTERED), (_REGISTERED, _ENTRY), (_REGISTERED, _REGISTERED)}
    ),
    AssociationType.RPLC: frozenset({(_ENTRY, _REGISTERED)}),
    AssociationType.XFRM_RPLC: frozenset({(_ENTRY, _REGISTERED)}),
    AssociationType.APND: frozenset({(_ENTRY, _REGISTERED), (_ENTRY, _ENTRY)}),
    AssociationType.XFRM: frozenset({(_ENTRY, _REGISTERED), (_ENTRY, _ENTRY)}),
    AssociationType.IS_SNAPSHOT_OF: frozenset({(_ENTRY, _REGISTERED)}),
    AssociationType.SIGNS: frozenset({(_ENTRY, _SET), (_ENTRY, _ENTRY), (_ENTRY, _REGISTERED)}),
}

UPDATE_ENDS: dict[AssociationType, Ends] = {
    # the operations of an update that this registry offers                     metadata update supplement §3.57.4.1.3.3
    AssociationType.HAS_MEMBER: frozenset({(_SET, _ENTRY), (_SET, _FOLDER)}),
    AssociationType.UPDATE_AVAILABILITY_STATUS: frozenset({(_SET, _REGISTERED)}),
}

_REPLACEMENTS = frozenset({AssociationType.RPLC, AssociationType.XFRM_RPLC})


Known = Mapping[str, Kind]
"""What the identifiers of a submission's own objects name."""


def refuse(errors: Iterable[CarnetError]) -> None:
    """Raises what is wrong: the one error, or Several."""
    found = tuple(errors)
    if found:
        raise found[0] if len(found) == 1 else Several(found)


def objects(submission: Submission) -> tuple[SubmissionSet | DocumentEntry | Folder, ...]:
    """All that has a uniqueId: the submission set, the entries, the folders."""
    return (submission.submission_set, *submission.entries, *submission.folders)


def versioned(submission: Submission) -> tuple[DocumentEntry | Folder, ...]:
    """All that has versions: the entries and the folders."""
    return (*submission.entries, *submission.folders)


def ids(submission: Submission) -> list[str]:
    """The entryUUIDs or symbolic ids of all objects and associations, UUIDs in lower case, '' where there is none."""
    written = [one.entry_uuid for one in objects(submission)] + [one.entry_uuid for one in submission.associations]
    return [canonical(one) for one in written]


def kinds(submission: Submission) -> dict[str, Kind]:
    """What each identifier of the submission's own objects names, UUIDs in lower case."""
    found = {canonical(submission.submission_set.entry_uuid): _SET}
    for entry in submission.entries:
        found[canonical(entry.entry_uuid)] = _ENTRY
    for folder in submission.folders:
        found[canonical(folder.entry_uuid)] = _FOLDER
    for one in submission.associations:
        found[canonical(one.entry_uuid)] = _LINK
    found.pop("", None)
    return found


def kind_of(identifier: str, known: Known) -> Kind:
    """What an end names: an object of the submission, a registered one, or nothing."""
    kind = known.get(canonical(identifier))
    return kind or (_REGISTERED if is_uuid(identifier) else _UNKNOWN)


def _has_identifiers(submission: Submission, _known: Known) -> Iterator[CarnetError]:
    for one in objects(submission):
        if not one.unique_id or not one.entry_uuid:
            yield InvalidMetadata(f"A {type(one).__name__} has no uniqueId or no id.", subject=one.entry_uuid)


def _same_patient(submission: Submission, _known: Known) -> Iterator[CarnetError]:
    patient = submission.submission_set.patient_id
    for one in versioned(submission):
        if one.patient_id != patient:
            yield PatientMismatch("The patientId is not that of the submission set.", subject=one.unique_id)


def _distinct_ids(submission: Submission, _known: Known) -> Iterator[CarnetError]:
    return _repeated(ids(submission))


def _distinct_unique_ids(submission: Submission, _known: Known) -> Iterator[CarnetError]:
    return _repeated([one.unique_id for one in objects(submission)])


def _repeated(names: list[str]) -> Iterator[CarnetError]:
    if len(set(names)) == len(names):
        return
    for name, count in Counter(names).items():
        if name and count > 1:
            yield DuplicateInMessage("Two objects of the submission carry the same identifier.", subject=name)


def _members_of_the_set(submission: Submission, _known: Known) -> Iterator[CarnetError]:
    source = canonical(submission.submission_set.entry_uuid)
    members = {
        canonical(one.target)
        for one in submission.associations
        if one.type is AssociationType.HAS_MEMBER and canonical(one.source) == source
    }
    for one in versioned(submission):
        if canonical(one.entry_uuid) not in members:
            yield InvalidMetadata(
                f"A {type(one).__name__} is not a member (HasMember) of the submission set.", subject=one.unique_id
            )


def _ends_resolve(submission: Submission, known: Known) -> Iterator[CarnetError]:
    for one in submission.associations:
        for end in (one.source, one.target):
            if kind_of(end, known) is Kind.UNKNOWN:
                yield UnresolvedReference("An association names an object that is not in the submission.", subject=end)


def _well_formed(
    submission: Submission, known: Known, allowed: dict[AssociationType, Ends], error: type[CarnetError]
) -> Iterator[CarnetError]:
    for one in submission.associations:
        ends = (kind_of(one.source, known), kind_of(one.target, known))
        if one.type not in allowed:
            yield error(f"An association {one.type.name} has no place in this transaction.", subject=one.entry_uuid)
        elif Kind.UNKNOWN not in ends and ends not in allowed[one.type]:
            yield error(f"A {one.type.name} cannot go from {ends[0].name} to {ends[1].name}.", subject=one.entry_uuid)
        elif canonical(one.source) == canonical(one.target):
            yield error("An association links an object to itself.", subject=one.entry_uuid)


def _associations_of_a_submission(submission: Submission, known: Known) -> Iterator[CarnetError]:
    return _well_formed(submission, known, SUBMISSION_ENDS, InvalidMetadata)


def _associations_of_an_update(submission: Submission, known: Known) -> Iterator[CarnetError]:
    return _well_formed(submission, known, UPDATE_ENDS, UpdateInvalid)


def _said_once(submission: Submission, _known: Known) -> Iterator[CarnetError]:
    said = [(one.type.name, canonical(one.source), canonical(one.target)) for one in submission.associations]
    said += [("", "", canonical(one.target)) for one in submission.associations if one.type in _REPLACEMENTS]
    if len(set(said)) == len(said):
        return
    for (_, _, target), count in Counter(said).items():
        if count > 1:
            yield InvalidMetadata("The submission links or replaces the same object twice.", subject=target)


def _submission_set_status(submission: Submission, known: Known) -> Iterator[CarnetError]:
    for one in submission.associations:
        if one.type is not AssociationType.HAS_MEMBER or kind_of(one.source, known) is not Kind.SUBMISSION_SET:
            continue
        own = kind_of(one.target, known) is not Kind.REGISTERED
        if one.submission_set_status not in ("", ORIGINAL if own else REFERENCE):
            yield InvalidMetadata(
                "SubmissionSetStatus is Original for what the submission brings, Reference for what is registered.",
                subject=one.entry_uuid,
            )


def _first_versions(submission: Submission, _known: Known) -> Iterator[CarnetError]:
    for one in versioned(submission):
        if one.logical_id and canonical(one.logical_id) != canonical(one.entry_uuid):
            yield InvalidMetadata("A new object has no logicalId but its own id.", subject=one.unique_id)
    for link in submission.associations:
        if link.previous_version is not None:
            yield InvalidMetadata("PreviousVersion belongs to a metadata update.", subject=link.entry_uuid)


def _does_something(submission: Submission, _known: Known) -> Iterator[CarnetError]:
    if not submission.associations:
        yield UpdateInvalid("The update holds no operation.", subject=submission.submission_set.unique_id)


Check = Callable[[Submission, Known], Iterator[CarnetError]]

SUBMISSION_CHECKS: tuple[tuple[Check, str], ...] = (
    (_has_identifiers, "ITI TF-3 §4.2.3.2, §4.2.3.3, §4.2.3.4"),
    (_same_patient, "ITI TF-2 §3.42.4.1.3"),
    (_distinct_ids, "ITI TF-3 §4.2.3.1.5"),
    (_distinct_unique_ids, "ITI TF-3 table 4.2.4.1-2"),
    (_members_of_the_set, "ITI TF-3 §4.2.1"),
    (_ends_resolve, "ITI TF-3 §4.2.3.1.5"),
    (_associations_of_a_submission, "ITI TF-3 §4.2.2"),
    (_said_once, "ITI TF-3 §4.2.2"),
    (_submission_set_status, "ITI TF-3 §4.2.2"),
    (_first_versions, "metadata update supplement §4.2.3.2"),
)

UPDATE_CHECKS: tuple[tuple[Check, str], ...] = (
    (_has_identifiers, "ITI TF-3 §4.2.3.2, §4.2.3.3, §4.2.3.4"),
    (_distinct_ids, "ITI TF-3 §4.2.3.1.5"),
    (_does_something, "metadata update supplement §3.57.4.1.3.3"),
    (_members_of_the_set, "ITI TF-3 §4.2.1"),
    (_ends_resolve, "ITI TF-3 §4.2.3.1.5"),
    (_associations_of_an_update, "metadata update supplement §3.57.4.1.3.3"),
    (_said_once, "metadata update supplement §3.57.4.1.3.3"),
    (_submission_set_status, "ITI TF-3 §4.2.2"),
)


def check_submission(submission: Submission) -> None:
    """Raises what is wrong with the metadata of a submission, documents apart: one error, or Several."""
    known = kinds(submission)
    refuse(error for check, _ in SUBMISSION_CHECKS for error in check(submission, known))


def check_update(submission: Submission) -> None:
    """Raises what is wrong with an update, before any registered object is compared: one error, or Several."""
    known = kinds(submission)
    refuse(error for check, _ in UPDATE_CHECKS for error in check(submission, known))
