import pytest

from carnet.errors import MalformedMessage, UnsupportedOperation
from carnet.soap import envelope
from carnet.soap.operations import OPERATIONS, operation_of


def message(element, action):
    namespace, _, name = element[1:].partition("}")
    return envelope.parse(envelope.write_request(action, "urn:uuid:m", f'<q:{name} xmlns:q="{namespace}"/>'.encode()))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.transaction)
def test_the_body_decides_whatever_the_action(operation):
    for action in (operation.action, "urn:something:of:the:client"):
        assert operation_of(message(operation.element, action)) is operation


@pytest.mark.parametrize(
    ("action", "transaction"),
    [
        ("urn:ihe:iti:xds-b:2007:RegistryStoredQuery-b", "iti18"),
        ("urn:ihe:iti:xds-b:2007:ProvideAndRegisterDocumentSet-b", "iti41"),
        ("urn:ihe:iti:xds-b:2007:RetrieveDocumentSet-b", "iti43"),
        ("urn:ihe:iti:xds-b:2007:UpdateDocumentSet-b", "iti57"),
    ],
)
def test_the_sample_client_s_actions_are_known(action, transaction):
    for operation in OPERATIONS:
        if operation.transaction == transaction:
            assert operation_of(message(operation.element, action)) is operation
        else:
            with pytest.raises(MalformedMessage, match="different transactions"):
                operation_of(message(operation.element, action))


def test_the_action_of_another_transaction_is_refused():
    for operation in OPERATIONS:
        for other in OPERATIONS:
            if other is not operation:
                with pytest.raises(MalformedMessage):
                    operation_of(message(operation.element, other.action))


def test_an_element_that_is_no_request_of_ours_is_unsupported():
    with pytest.raises(UnsupportedOperation):
        operation_of(message("{urn:ihe:iti:xds-b:2007}RemoveDocumentsRequest", OPERATIONS[0].action))
