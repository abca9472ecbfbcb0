import pytest

from carnet.metadata import Association, AssociationType
from carnet.soap.answer_parse import QueryAnswer, RegistryAnswer, query_answer, registry_answer
from carnet.soap.ebrim_render import EbrimRenderer
from carnet.soap.faults import RegistryErrorItem, Severity
from carnet.soap.registry_answers import ResponseStatus, adhoc_query_response, registry_response, status_for

ERROR = RegistryErrorItem("XDSRegistryError", 'A sentence with <marks> & "quotes"', "1.2.3")
WARNING = RegistryErrorItem("XDSExtraMetadataNotSaved", "colour", "", Severity.WARNING)
RS = "{urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0}"
LINK = Association("urn:uuid:6f1f8f5e-1111-4222-8333-444444444401", AssociationType.HAS_MEMBER, "a", "b")


@pytest.mark.parametrize(
    ("errors", "found", "status"),
    [
        ((), False, ResponseStatus.SUCCESS),
        ((WARNING,), False, ResponseStatus.SUCCESS),
        ((ERROR,), False, ResponseStatus.FAILURE),
        ((ERROR, WARNING), False, ResponseStatus.FAILURE),
        ((ERROR,), True, ResponseStatus.PARTIAL_SUCCESS),
    ],
)
def test_the_status_follows_from_the_errors(errors, found, status):
    assert status_for(errors, found=found) is status


def test_a_registry_response_is_read_again(envelope_of):
    read = registry_answer(envelope_of(registry_response(ResponseStatus.FAILURE, [ERROR, WARNING])))
    assert read == RegistryAnswer(ResponseStatus.FAILURE, (ERROR, WARNING))


def test_success_without_errors_has_no_error_list(envelope_of):
    read = envelope_of(registry_response(ResponseStatus.SUCCESS))
    assert len(read.body_element) == 0
    assert read.body_element.get("status") == "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"


@pytest.mark.parametrize(("items", "highest"), [([ERROR, WARNING], Severity.ERROR), ([WARNING], Severity.WARNING)])
def test_the_list_says_its_highest_severity(envelope_of, items, highest):
    read = envelope_of(registry_response(ResponseStatus.SUCCESS, items))
    assert read.body_element.find(f"{RS}RegistryErrorList").get("highestSeverity") == highest


def test_an_error_without_location_has_no_such_attribute(envelope_of):
    read = envelope_of(registry_response(ResponseStatus.SUCCESS, [WARNING]))
    assert "location" not in next(read.body_element.iter(f"{RS}RegistryError")).attrib


def test_a_query_s_answer_holds_its_fragments_and_their_number(envelope_of, make_entry, make_set):
    renderer = EbrimRenderer()
    fragments = [renderer.entry(make_entry()), renderer.submission_set(make_set()), renderer.association(LINK)]
    read = envelope_of(adhoc_query_response(fragments))
    assert read.body_element.get("startIndex") == "0"
    assert query_answer(read) == QueryAnswer(
        ResponseStatus.SUCCESS, (), (make_entry(),), (make_set(),), (), (LINK,), (), 3
    )


def test_references_are_answered_as_such(envelope_of):
    read = query_answer(envelope_of(adhoc_query_response(object_refs=["urn:uuid:1", "urn:uuid:<2>"])))
    assert (read.object_refs, read.total, read.entries) == (("urn:uuid:1", "urn:uuid:<2>"), 2, ())


def test_an_empty_answer_is_a_success(envelope_of):
    read = query_answer(envelope_of(adhoc_query_response()))
    assert (read.status, read.total) == (ResponseStatus.SUCCESS, 0)


def test_a_query_that_failed_carries_its_error_before_an_empty_list(envelope_of):
    read = envelope_of(adhoc_query_response(errors=[ERROR]))
    assert [child.tag.rpartition("}")[2] for child in read.body_element] == ["RegistryErrorList", "RegistryObjectList"]
    assert (query_answer(read).status, query_answer(read).errors) == (ResponseStatus.FAILURE, (ERROR,))


def test_the_total_may_be_more_than_what_is_given(envelope_of):
    assert query_answer(envelope_of(adhoc_query_response(object_refs=["a"], total=40))).total == 40
