"""Every edition of a document is a document of its own: no identifier of the template is left, and the entry says the same as the bytes."""

from bench.messages import Template
from bench.population import person, small_document
from carnet.cda.header import read_header
from carnet.identity.ins import check


def test_an_edition_has_identifiers_of_its_own_in_its_bytes_and_in_its_entry():
    template = Template(small_document(person(0)))
    first, second = template.edition(person(1).identifier), template.edition(person(1).identifier, 2)
    headers = [read_header(one.content) for one in (first, second)]
    identifiers = {
        template.sent.entry.unique_id,
        *(one.id.root for one in headers),
        *(one.set_id.root for one in headers),
    }
    assert len(identifiers) == 5
    assert [one.id.root for one in headers] == [first.entry.unique_id, second.entry.unique_id]
    assert (first.entry.entry_uuid, second.entry.entry_uuid) == ("Document01", "Document02")


def test_an_edition_names_its_patient_and_nobody_else():
    template, patient = Template(small_document(person(0))), person(7).identifier
    edition = template.edition(patient)
    assert edition.entry.patient_id == patient
    assert patient.value.encode() in edition.content
    assert person(0).identifier.value.encode() not in edition.content


def test_the_patients_of_the_bench_have_well_formed_test_identifiers_each_its_own():
    identifiers = [person(number).identifier for number in range(100)]
    assert len(set(identifiers)) == 100
    assert all(check(one.value, one.authority, test_identities=True) == one for one in identifiers)
