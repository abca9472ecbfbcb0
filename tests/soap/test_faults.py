import inspect

import pytest

from carnet import errors
from carnet.soap import envelope, faults
from carnet.soap.answer_parse import soap_fault
from carnet.soap.envelope import NotUnderstood
from carnet.soap.faults import (
    DMP_CODES,
    FAULTS,
    OWN_CODES,
    XDS_CODES,
    RegistryErrorItem,
    Severity,
    extra_metadata_warning,
    fault_for,
    is_fault,
    registry_error_for,
    registry_errors_for,
)

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.CarnetError)]
XDS = {
    "XDSMissingDocument", "XDSMissingDocumentMetadata", "XDSRegistryNotAvailable", "XDSRegistryError", "XDSRepositoryError",
    "XDSRegistryDuplicateUniqueIdInMessage", "XDSRepositoryDuplicateUniqueIdInMessage", "XDSDuplicateUniqueIdInRegistry",
    "XDSNonIdenticalHash", "XDSNonIdenticalSize", "XDSRegistryBusy", "XDSRepositoryBusy", "XDSRegistryOutOfResources",
    "XDSRepositoryOutOfResources", "XDSRegistryMetadataError", "XDSRepositoryMetadataError", "XDSTooManyResults",
    "XDSUnknownPatientId", "XDSPatientIdDoesNotMatch", "XDSUnknownStoredQuery", "XDSStoredQueryMissingParam",
    "XDSStoredQueryParamNumber", "XDSRegistryDeprecatedDocumentError", "XDSUnknownRepositoryId", "XDSDocumentUniqueIdError",
    "XDSResultNotSinglePatient", "InvalidDocumentContent", "XDSMetadataUpdateError", "XDSPatientIDReconciliationError",
    "XDSMetadataUpdateOperationError", "XDSMetadataVersionError", "XDSObjectTypeError", "XDSMetadataIdentifierError",
    "UnmodifiableMetadataError", "UnresolvedReferenceException", "LocalPolicyRestrictionError",
}  # fmt: skip


def read_fault(error, **options):
    status, body = fault_for(error, **options)
    read = envelope.parse(body, addressing=False)
    return status, soap_fault(read), read


def make(kind):
    return kind((errors.Refused("no"),)) if kind is errors.Several else kind("A sentence.", subject="1.2.3")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_no_class_of_errors_is_missing_and_none_has_two_codes(kind):
    assert sum(kind in table for table in (XDS_CODES, DMP_CODES, OWN_CODES)) == 1


def test_a_class_without_a_row_would_be_noticed():
    class Unheard(errors.CarnetError):
        pass

    assert sum(Unheard in table for table in (XDS_CODES, DMP_CODES, OWN_CODES)) == 0


def test_the_codes_are_those_of_the_standard_of_the_dmp_or_marked_as_ours():
    assert {code for pair in XDS_CODES.values() for code in pair} <= XDS
    assert all(code.startswith("DMP") for code in DMP_CODES.values())
    assert all(code.startswith("Carnet") for code in OWN_CODES.values())


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_can_be_a_registry_error_and_a_fault(kind):
    for transaction in ("iti18", "iti41", "iti43", "iti57"):
        assert all(item.code for item in registry_errors_for(make(kind), transaction))
    status, fault, _ = read_fault(make(kind))
    assert status in {500, 503}
    assert fault.code in {"Sender", "Receiver"}
    assert fault.reason


def test_the_registry_and_the_repository_have_codes_of_their_own():
    error = errors.InvalidMetadata("The title is missing.", subject="Document01")
    expected = RegistryErrorItem("XDSRegistryMetadataError", "The title is missing.", "Document01")
    assert registry_error_for(error, "iti57") == expected
    assert registry_error_for(error, "iti41").code == "XDSRepositoryMetadataError"
    assert registry_error_for(errors.Busy("Later."), "iti43").code == "XDSRepositoryBusy"
    assert registry_error_for(errors.Busy("Later."), "iti18").code == "XDSRegistryBusy"


def test_a_subclass_takes_the_nearest_row():
    assert registry_error_for(errors.NonIdenticalSize("x"), "iti41").code == "XDSNonIdenticalSize"
    assert registry_error_for(errors.NonIdenticalContent("x"), "iti41").code == "XDSNonIdenticalHash"
    assert registry_error_for(errors.RecordClosed("x"), "iti18").code == "DMPClosed"
    assert registry_error_for(errors.Refused("x"), "iti18").code == "DMPAccessDeniedByRightsService"
    assert registry_error_for(errors.OverBudget("x"), "iti43").code == "CarnetTooManyRecords"


def test_several_errors_are_several_items():
    error = errors.Several((errors.InvalidMetadata("a"), errors.Several((errors.DocumentMissing("b"),))))
    assert [item.code for item in registry_errors_for(error, "iti41")] == [
        "XDSRepositoryMetadataError",
        "XDSMissingDocument",
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.MalformedMessage("x"), True),
        (errors.TooLarge("x"), True),
        (errors.UnsupportedOperation("x"), True),
        (errors.AssertionInvalid("x"), True),
        (errors.CertificateInvalid("x"), True),
        (ValueError("x"), True),
        (errors.Refused("x"), False),
        (errors.InvalidMetadata("x"), False),
        (errors.Unavailable("x"), False),
    ],
)
def test_messages_and_senders_not_accepted_are_faults_the_rest_registry_errors(error, expected):
    assert is_fault(error) is expected


@pytest.mark.parametrize(
    ("kind", "subcode"),
    [
        (errors.Unauthenticated, "FailedAuthentication"),
        (errors.AssertionInvalid, "FailedAuthentication"),
        (errors.CertificateMissing, "FailedAuthentication"),
        (errors.CertificateInvalid, "DMPInvalidCertificate"),
    ],
)
def test_a_stranger_learns_nothing_of_the_reason(kind, subcode):
    status, fault, _ = read_fault(kind("The signature does not verify under key 12.", subject="ID-7"))
    assert (status, fault.code, fault.subcode) == (500, "Sender", subcode)
    assert fault.reason == "The caller could not be identified."
    assert "key 12" not in registry_error_for(kind("under key 12"), "iti18").context


def test_an_assertion_badly_signed_and_one_replayed_look_the_same():
    first, second = (fault_for(errors.AssertionInvalid(reason)) for reason in ("badly signed", "replayed"))
    assert first == second


def test_a_header_not_understood_is_named():
    _, fault, read = read_fault(NotUnderstood("A header block is not known.", subject="{urn:t}T"))
    assert fault.code == "MustUnderstand"
    block = read.header.find("{http://www.w3.org/2003/05/soap-envelope}NotUnderstood")
    prefix, _, local = block.get("qname").partition(":")
    assert (block.nsmap[prefix], local) == ("urn:t", "T")


def test_an_unsupported_operation_says_so():
    _, fault, _ = read_fault(errors.UnsupportedOperation("Not here."))
    assert (fault.code, fault.subcode, fault.reason) == ("Sender", "ActionNotSupported", "Not here.")


@pytest.mark.parametrize("kind", [errors.Unavailable, errors.Busy, errors.OutOfResources])
def test_our_own_trouble_asks_to_try_again(kind):
    status, fault, _ = read_fault(kind("Try again."))
    assert (status, fault.code) == (503, "Receiver")


def test_an_unknown_exception_tells_its_reference_alone():
    status, fault, _ = read_fault(KeyError("secret path"), reference="7f3a")
    assert (status, fault.code, fault.subcode) == (500, "Receiver", "")
    assert "7f3a" in fault.reason
    assert "secret" not in fault_for(KeyError("secret path"))[1].decode()


def test_a_rule_s_refusal_as_a_fault_carries_its_code():
    _, fault, _ = read_fault(errors.RecordClosed("The record is closed."))
    assert (fault.code, fault.subcode, fault.reason) == ("Sender", "DMPClosed", "The record is closed.")


def test_a_fault_relates_to_its_request():
    _, _, read = read_fault(errors.MalformedMessage("x"), relates_to="urn:uuid:<&>", message_id="urn:uuid:ours")
    assert (read.relates_to, read.message_id) == ("urn:uuid:<&>", "urn:uuid:ours")
    assert read.action == "http://www.w3.org/2005/08/addressing/fault"


def test_a_fault_is_written_whatever_the_sentence_holds():
    assert read_fault(errors.InvalidMetadata("\x00<&\ud800" + "x" * 5000))[1].reason.startswith("\ufffd<&\ufffd")


def test_metadata_not_kept_is_a_warning():
    item = extra_metadata_warning("DocumentEntry Document01: colour")
    assert (item.code, item.severity) == ("XDSExtraMetadataNotSaved", Severity.WARNING)
    assert faults.highest_severity([item]) is Severity.WARNING
    assert faults.highest_severity([item, RegistryErrorItem("XDSRegistryError", "x")]) is Severity.ERROR


def test_every_fault_row_names_a_class_of_the_first_table_or_of_soap():
    assert set(FAULTS) - {NotUnderstood} <= set(CLASSES)
