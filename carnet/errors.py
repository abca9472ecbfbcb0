"""What can go wrong, by meaning. Each door owns one table from these classes to the codes of its protocol.

Nothing here names a wire code: `soap.faults` and, later, `fhir.outcome` do, and a test proves that no class is left out.
The message of an error is shown to the caller: it never carries identity traits, health data or what the caller may not know.
"""

from __future__ import annotations


class CarnetError(Exception):
    """Anything that Carnet refuses or cannot do, with a message fit for the caller.

    `subject` is the identifier (uniqueId, entryUUID, slot name) that the error is about, as the caller wrote it.
    """

    def __init__(self, message: str, *, subject: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject


class Several(CarnetError):
    """Several things are wrong with one request; each is reported, none was done."""

    def __init__(self, errors: tuple[CarnetError, ...]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


# --- the message itself -------------------------------------------------------------------------------------------


class MalformedMessage(CarnetError):
    """The bytes do not make a message of the protocol: XML, MIME, SOAP envelope, headers."""


class TooLarge(MalformedMessage):
    """A limit of size, depth or count is passed; the limits are settings."""


class UnsupportedOperation(CarnetError):
    """A well-formed message that asks for something this service does not offer."""


# --- who is asking ------------------------------------------------------------------------------------------------


class Unauthenticated(CarnetError):
    """The caller's identity is not established. The message is uniform; the reason goes to the log and the trace alone."""


class CertificateMissing(Unauthenticated):
    """No client certificate came with the connection."""


class CertificateInvalid(Unauthenticated):
    """A certificate is unknown, expired, revoked, of the wrong class, or its revocation cannot be checked."""


class AssertionInvalid(Unauthenticated):
    """The VIHF is malformed, unsigned where it must be, badly signed, stale, replayed or inconsistent."""


class SignInFailed(Unauthenticated):
    """A person who signs in was not identified: `message` is for the trace and the log, what the person reads is uniform."""


class TooManyTries(SignInFailed):
    """An account or an address tried too often; it is to come back later."""


# --- what may be done ---------------------------------------------------------------------------------------------


class Refused(CarnetError):
    """The rules say no. `rules` are the names of those that decided, for the trace only."""

    def __init__(self, message: str, *, subject: str = "", rules: tuple[str, ...] = ()) -> None:
        super().__init__(message, subject=subject)
        self.rules = rules


class ReasonRequired(Refused):
    """Breaking the glass needs a reason that says something; the message says what is missing."""


class OverBudget(Refused):
    """The requester, or the structure, asked for as many records within this hour as it may: the next hour is another."""


class UnknownPatient(CarnetError):
    """No record is known for this patient identifier."""


class PatientMismatch(CarnetError):
    """A patient identifier in the message differs from that of another part of it."""


class RecordClosed(Refused):
    """The record exists and is not open."""


class RecordExists(CarnetError):
    """The record to open is open already."""


class PatientSpaceMissing(CarnetError):
    """The act needs the patient's own space, which this service does not offer."""


# --- submission ---------------------------------------------------------------------------------------------------


class InvalidMetadata(CarnetError):
    """An attribute is missing, repeated, of the wrong form, outside its value set, or at odds with another."""


class InvalidDocument(CarnetError):
    """The document's content is not what its metadata or its format say."""


class DocumentMissing(CarnetError):
    """A DocumentEntry came without its document."""


class MetadataMissing(CarnetError):
    """A document came without its DocumentEntry."""


class DuplicateInMessage(CarnetError):
    """Two objects of one submission carry the same uniqueId or entryUUID."""


class DuplicateIdentifier(CarnetError):
    """A uniqueId or entryUUID of the submission is registered already."""


class NonIdenticalContent(CarnetError):
    """A document's uniqueId is registered already, with other content (hash differs)."""


class NonIdenticalSize(NonIdenticalContent):
    """A document's uniqueId is registered already, with another size."""


class UnresolvedReference(CarnetError):
    """An association or a folder names an object that is not registered for this patient, or not visible to the caller."""


class DeprecatedTarget(CarnetError):
    """A relationship's target is not in status Approved."""


class SignatureInvalid(CarnetError):
    """The signature of the submission set is missing, broken, or does not cover what was submitted."""


# --- query and retrieval ------------------------------------------------------------------------------------------


class UnknownQuery(CarnetError):
    """The stored query id is not one that the registry answers."""


class QueryParameterMissing(CarnetError):
    """A required parameter of a stored query is absent."""


class QueryParameterInvalid(CarnetError):
    """A parameter of a stored query cannot be read, or contradicts another."""


class NotSinglePatient(CarnetError):
    """A query for full metadata would mix several patients."""


class TooManyResults(CarnetError):
    """A query for full metadata would return more than the configured number of objects."""


class UnknownRepository(CarnetError):
    """The repositoryUniqueId is not ours."""


class UnknownDocument(CarnetError):
    """No such document for this caller: absent, or not to be seen. The two are never told apart."""


# --- metadata update ----------------------------------------------------------------------------------------------


class UpdateInvalid(CarnetError):
    """A metadata update is not of a known form."""


class VersionMismatch(CarnetError):
    """PreviousVersion is not the current version of the object."""


class IdentifierChanged(CarnetError):
    """uniqueId or logicalId of an updated object differs from the registered one."""


class ObjectTypeChanged(CarnetError):
    """The kind of an updated object differs from the registered one."""


class PatientChanged(CarnetError):
    """The patientId of an updated object differs from the registered one."""


class Unmodifiable(CarnetError):
    """An attribute that may not be changed by an update was changed."""


class LocalPolicy(CarnetError):
    """A change that the standard knows and that this service's settings do not allow."""


class StatusTransition(CarnetError):
    """OriginalStatus is not the current status, or the change of status is not allowed."""


# --- our own state ------------------------------------------------------------------------------------------------


class Unavailable(CarnetError):
    """The service cannot do this now; trying again later is right. Nothing was done."""


class Busy(Unavailable):
    """Too many requests are waiting. `retry_after` is when to come back, in seconds."""

    def __init__(self, message: str, *, subject: str = "", retry_after: int = 1) -> None:
        super().__init__(message, subject=subject)
        self.retry_after = retry_after


class OutOfResources(Unavailable):
    """Storage is full or failing."""


class NotHereYet(OutOfResources):
    """A document is still on the machine that took it, and not yet where others read it."""


class IntegrityFailure(CarnetError):
    """Stored bytes do not match their digest or their seal. Nothing of them is shown."""


class InvalidRuleData(CarnetError):
    """Rule data that somebody proposes is incomplete, says something twice, or names what the terminology does not know."""


class ConfigurationError(CarnetError):
    """A setting or the state of the home directory forbids starting or running a command."""
