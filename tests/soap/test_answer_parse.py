import pytest

from carnet.errors import MalformedMessage
from carnet.metadata import Code, Folder
from carnet.soap import envelope
from carnet.soap.answer_parse import SoapFault, query_answer, registry_answer, soap_fault
from carnet.soap.ebrim_render import EbrimRenderer
from carnet.soap.registry_answers import adhoc_query_response

FAULT_11 = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>
<faultcode>s:Client</faultcode><faultstring> Not so. </faultstring></s:Fault></s:Body></s:Envelope>"""
FAULT_12 = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>
<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:d="urn:d">d:DMPInvalidCertificate</s:Value></s:Subcode></s:Code>
<s:Reason><s:Text xml:lang="fr">Non.</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"""


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (FAULT_11, SoapFault("Client", "", "Not so.")),
        (FAULT_12, SoapFault("Sender", "DMPInvalidCertificate", "Non.")),
    ],
)
def test_a_fault_is_read_in_both_versions_of_soap(data, expected):
    assert soap_fault(envelope.parse(data, addressing=False)) == expected


def test_an_answer_is_no_fault(envelope_of):
    assert soap_fault(envelope_of(adhoc_query_response())) is None


def test_a_folder_is_told_from_a_submission_set(envelope_of, make_set, make_entry):
    folder = Folder("urn:uuid:f", "1.2.3", make_entry().patient_id, (Code("F", "1.2", "f"),), "Suivi", version=2)
    renderer = EbrimRenderer()
    read = query_answer(
        envelope_of(adhoc_query_response([renderer.folder(folder), renderer.submission_set(make_set())]))
    )
    assert (read.folders, read.submission_sets) == ((folder,), (make_set(),))


RESPONSE = (
    '<rs:RegistryResponse xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" status="{}">{}</rs:RegistryResponse>'
)
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
BAD_ERROR = (
    '<rs:RegistryErrorList><rs:RegistryError errorCode="a" codeContext="b" severity="bad"/></rs:RegistryErrorList>'
)


@pytest.mark.parametrize("body", ["<d/>", RESPONSE.format("urn:else", ""), RESPONSE.format(FAILURE, BAD_ERROR)])
def test_an_answer_of_another_form_is_malformed(envelope_of, body):
    with pytest.raises(MalformedMessage):
        registry_answer(envelope_of(body.encode()))


def test_an_answer_without_a_total_or_objects_is_read(envelope_of):
    body = (
        b"".join(adhoc_query_response())
        .replace(b' totalResultCount="0"', b"")
        .replace(b"<rim:RegistryObjectList></rim:RegistryObjectList>", b"")
    )
    read = query_answer(envelope_of(body))
    assert (read.total, read.entries, read.object_refs) == (None, (), ())
