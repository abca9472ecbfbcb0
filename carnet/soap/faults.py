"""From the classes of carnet.errors to what goes over the wire: the one place where the SOAP door knows error codes.

Three tables of codes, by who defined them, and one of SOAP faults. A test proves that no class is missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from carnet import errors
from carnet.errors import CarnetError
from carnet.soap.envelope import NotUnderstood
from carnet.soap.namespaces import SOAP12, WSA, WSA_ANONYMOUS, WSA_FAULT, WSSE
from carnet.soap.xml_text import attribute, shown, text


class Severity(StrEnum):
    """RegistryError@severity (ebRS 3.0 §2.1.6)."""

    ERROR = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
    WARNING = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning"


@dataclass(frozen=True, slots=True)
class RegistryErrorItem:
    """One RegistryError: `context` is the sentence for the caller, `location` the identifier that it is about."""

    code: str
    context: str
    location: str = ""
    severity: Severity = Severity.ERROR


XDS_CODES: dict[type[CarnetError], tuple[str, str]] = {
    # class: (from the registry: ITI-18, ITI-57; from the repository: ITI-41, ITI-43)          ITI TF-3 table 4.2.4.1-2
    errors.CarnetError: ("XDSRegistryError", "XDSRepositoryError"),
    errors.Several: ("XDSRegistryError", "XDSRepositoryError"),
    errors.MalformedMessage: ("XDSRegistryError", "XDSRepositoryError"),
    errors.TooLarge: ("XDSRegistryError", "XDSRepositoryError"),
    errors.UnsupportedOperation: ("XDSRegistryError", "XDSRepositoryError"),
    errors.Unauthenticated: ("XDSRegistryError", "XDSRepositoryError"),
    errors.CertificateMissing: ("XDSRegistryError", "XDSRepositoryError"),
    errors.AssertionInvalid: ("XDSRegistryError", "XDSRepositoryError"),
    errors.SignInFailed: ("XDSRegistryError", "XDSRepositoryError"),  # of the patient's pages: none comes this way
    errors.TooManyTries: ("XDSRegistryError", "XDSRepositoryError"),
    errors.UnknownPatient: ("XDSUnknownPatientId", "XDSUnknownPatientId"),
    errors.PatientMismatch: ("XDSPatientIdDoesNotMatch", "XDSPatientIdDoesNotMatch"),
    errors.InvalidMetadata: ("XDSRegistryMetadataError", "XDSRepositoryMetadataError"),
    errors.InvalidDocument: ("InvalidDocumentContent", "InvalidDocumentContent"),
    errors.DocumentMissing: ("XDSMissingDocument", "XDSMissingDocument"),
    errors.MetadataMissing: ("XDSMissingDocumentMetadata", "XDSMissingDocumentMetadata"),
    errors.DuplicateInMessage: ("XDSRegistryDuplicateUniqueIdInMessage", "XDSRepositoryDuplicateUniqueIdInMessage"),
    errors.DuplicateIdentifier: ("XDSDuplicateUniqueIdInRegistry", "XDSDuplicateUniqueIdInRegistry"),
    errors.NonIdenticalContent: ("XDSNonIdenticalHash", "XDSNonIdenticalHash"),
    errors.NonIdenticalSize: ("XDSNonIdenticalSize", "XDSNonIdenticalSize"),
    errors.UnresolvedReference: ("UnresolvedReferenceException", "UnresolvedReferenceException"),
    errors.DeprecatedTarget: ("XDSRegistryDeprecatedDocumentError", "XDSRegistryDeprecatedDocumentError"),
    errors.UnknownQuery: ("XDSUnknownStoredQuery", "XDSUnknownStoredQuery"),
    errors.QueryParameterMissing: ("XDSStoredQueryMissingParam", "XDSStoredQueryMissingParam"),
    errors.QueryParameterInvalid: ("XDSStoredQueryParamNumber", "XDSStoredQueryParamNumber"),
    errors.NotSinglePatient: ("XDSResultNotSinglePatient", "XDSResultNotSinglePatient"),
    errors.TooManyResults: ("XDSTooManyResults", "XDSTooManyResults"),
    errors.UnknownRepository: ("XDSUnknownRepositoryId", "XDSUnknownRepositoryId"),
    errors.UnknownDocument: ("XDSDocumentUniqueIdError", "XDSDocumentUniqueIdError"),
    # metadata update supplement §4.2.4
    errors.UpdateInvalid: ("XDSMetadataUpdateOperationError", "XDSMetadataUpdateOperationError"),
    errors.VersionMismatch: ("XDSMetadataVersionError", "XDSMetadataVersionError"),
    errors.IdentifierChanged: ("XDSMetadataIdentifierError", "XDSMetadataIdentifierError"),
    errors.ObjectTypeChanged: ("XDSObjectTypeError", "XDSObjectTypeError"),
    errors.PatientChanged: ("XDSPatientIDReconciliationError", "XDSPatientIDReconciliationError"),
    errors.Unmodifiable: ("UnmodifiableMetadataError", "UnmodifiableMetadataError"),
    errors.StatusTransition: ("XDSMetadataUpdateError", "XDSMetadataUpdateError"),
    errors.LocalPolicy: ("LocalPolicyRestrictionError", "LocalPolicyRestrictionError"),
    # our own state
    errors.Unavailable: ("XDSRegistryNotAvailable", "XDSRegistryNotAvailable"),
    errors.Busy: ("XDSRegistryBusy", "XDSRepositoryBusy"),
    errors.OutOfResources: ("XDSRegistryOutOfResources", "XDSRepositoryOutOfResources"),
    errors.NotHereYet: ("XDSRegistryOutOfResources", "XDSRepositoryOutOfResources"),
    errors.IntegrityFailure: ("XDSRegistryError", "XDSRepositoryError"),
    errors.InvalidRuleData: ("XDSRegistryError", "XDSRepositoryError"),
    errors.ConfigurationError: ("XDSRegistryError", "XDSRepositoryError"),
}

DMP_CODES: dict[type[CarnetError], str] = {
    # as observed on the French service
    errors.CertificateInvalid: "DMPInvalidCertificate",
    errors.Refused: "DMPAccessDeniedByRightsService",
    errors.RecordClosed: "DMPClosed",
    errors.RecordExists: "DMPFound",
}

OWN_CODES: dict[type[CarnetError], str] = {
    # Carnet's own: no public document gives the DMP's code
    errors.SignatureInvalid: "CarnetSubmissionSignatureInvalid",
    errors.PatientSpaceMissing: "CarnetPatientSpaceMissing",
    errors.ReasonRequired: "CarnetEmergencyReasonRequired",
    errors.OverBudget: "CarnetTooManyRecords",
}

EXTRA_METADATA_NOT_SAVED = "XDSExtraMetadataNotSaved"
_REPOSITORY_TRANSACTIONS = frozenset({"iti41", "iti43"})


@dataclass(frozen=True, slots=True)
class _Fault:
    """A SOAP fault: `code` Sender, Receiver or MustUnderstand; `reason` replaces the error's own sentence when set."""

    code: str
    subcode: str = ""
    status: int = 500
    reason: str = ""


_NOT_IDENTIFIED = "The caller could not be identified."

FAULTS: dict[type[CarnetError], _Fault] = {
    # The status is 500 for the Sender's faults too: SOAP 1.2 Part 2 §7.5.2.2 says 400, but stacks in the field drop the body of a 400.
    errors.MalformedMessage: _Fault("Sender"),
    errors.TooLarge: _Fault("Sender"),
    errors.UnsupportedOperation: _Fault("Sender", "wsa:ActionNotSupported"),  # WS-Addressing SOAP Binding §6.4.3
    NotUnderstood: _Fault("MustUnderstand"),  # SOAP 1.2 Part 1 §5.4.8
    errors.Unauthenticated: _Fault("Sender", "wsse:FailedAuthentication", reason=_NOT_IDENTIFIED),  # WSS 1.1 §12
    errors.CertificateMissing: _Fault("Sender", "wsse:FailedAuthentication", reason=_NOT_IDENTIFIED),
    errors.AssertionInvalid: _Fault("Sender", "wsse:FailedAuthentication", reason=_NOT_IDENTIFIED),
    errors.SignInFailed: _Fault("Sender", "wsse:FailedAuthentication", reason=_NOT_IDENTIFIED),
    errors.TooManyTries: _Fault("Sender", "wsse:FailedAuthentication", reason=_NOT_IDENTIFIED),
    errors.CertificateInvalid: _Fault("Sender", "DMPInvalidCertificate", reason=_NOT_IDENTIFIED),
    errors.Unavailable: _Fault("Receiver", status=503),
    errors.Busy: _Fault("Receiver", status=503),
    errors.OutOfResources: _Fault("Receiver", status=503),
    errors.NotHereYet: _Fault("Receiver", status=503),
    errors.IntegrityFailure: _Fault("Receiver"),
    errors.ConfigurationError: _Fault("Receiver"),
}

_ALWAYS_FAULTS = (errors.MalformedMessage, errors.UnsupportedOperation, errors.Unauthenticated)


def is_fault(error: BaseException) -> bool:
    """Whether an error is answered by a SOAP fault rather than by a RegistryResponse: the message or its sender was not accepted."""
    return not isinstance(error, CarnetError) or isinstance(error, _ALWAYS_FAULTS)


def registry_error_for(error: CarnetError, transaction: str) -> RegistryErrorItem:
    """The RegistryError of one error. `transaction` is iti18, iti41, iti43 or iti57."""
    reason = _row(FAULTS, error)
    sentence = reason.reason if reason is not None and reason.reason else error.message
    return RegistryErrorItem(_code(error, transaction), sentence, error.subject)


def registry_errors_for(error: CarnetError, transaction: str) -> tuple[RegistryErrorItem, ...]:
    """The RegistryErrors of an error: one, or one each when there are several."""
    if isinstance(error, errors.Several):
        return tuple(item for inner in error.errors for item in registry_errors_for(inner, transaction))
    return (registry_error_for(error, transaction),)


def extra_metadata_warning(what: str) -> RegistryErrorItem:
    """The warning that a slot or classification was not kept (ITI TF-3 §4.2.3.1.6)."""
    return RegistryErrorItem(EXTRA_METADATA_NOT_SAVED, f"{what} is not known and was not kept.", what, Severity.WARNING)


def fault_for(
    error: BaseException, *, relates_to: str = "", message_id: str = "", reference: str = ""
) -> tuple[int, bytes]:
    """The HTTP status and the SOAP 1.2 envelope of a fault.

    Any error will do; of one that is not a CarnetError nothing is told but `reference`, under which the caller logs it.
    """
    fault, reason = _fault_and_reason(error, reference)
    subcode = f"<soap:Subcode><soap:Value>{text(fault.subcode)}</soap:Value></soap:Subcode>" if fault.subcode else ""
    related = f"<wsa:RelatesTo>{shown(relates_to)}</wsa:RelatesTo>" if relates_to else ""
    identified = f"<wsa:MessageID>{text(message_id)}</wsa:MessageID>" if message_id else ""
    blocks = ""
    if isinstance(error, NotUnderstood):
        namespace, _, local = error.subject[1:].partition("}")
        blocks = f"<soap:NotUnderstood xmlns:q={attribute(namespace)} qname={attribute(f'q:{local}')}/>"
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<soap:Envelope xmlns:soap="{SOAP12}" xmlns:wsa="{WSA}" xmlns:wsse="{WSSE}">'
        f"<soap:Header><wsa:Action>{WSA_FAULT}</wsa:Action>{identified}<wsa:To>{WSA_ANONYMOUS}</wsa:To>{related}{blocks}"
        f"</soap:Header><soap:Body><soap:Fault><soap:Code><soap:Value>soap:{fault.code}</soap:Value>{subcode}</soap:Code>"
        f'<soap:Reason><soap:Text xml:lang="en">{shown(reason)}</soap:Text></soap:Reason></soap:Fault></soap:Body></soap:Envelope>'
    )
    return fault.status, body.encode()


def _fault_and_reason(error: BaseException, reference: str) -> tuple[_Fault, str]:
    if not isinstance(error, CarnetError):
        quoting = f" Quote the reference {reference} to the operator." if reference else ""
        return _Fault("Receiver"), f"The service failed.{quoting}"
    row = _row(FAULTS, error)
    if row is None:
        return _Fault("Sender", _code(error, "")), error.message
    return row, row.reason or error.message


def _code(error: CarnetError, transaction: str) -> str:
    for kind in type(error).__mro__:
        if kind in DMP_CODES:
            return DMP_CODES[kind]
        if kind in OWN_CODES:
            return OWN_CODES[kind]
        if kind in XDS_CODES:
            return XDS_CODES[kind][transaction in _REPOSITORY_TRANSACTIONS]
    raise TypeError("not an error of Carnet")


def _row(table: dict[type[CarnetError], _Fault], error: CarnetError) -> _Fault | None:
    return next((table[kind] for kind in type(error).__mro__ if kind in table), None)


def highest_severity(items: Iterable[RegistryErrorItem]) -> Severity:
    """RegistryErrorList@highestSeverity."""
    return Severity.ERROR if any(item.severity is Severity.ERROR for item in items) else Severity.WARNING
