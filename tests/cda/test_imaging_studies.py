import pytest

from carnet.cda.imaging_studies import manifest_of, studies_of
from carnet.demo import documents
from carnet.demo.care_documents import IMAGING_REPORT, imaging_report
from carnet.demo.dicom_manifest import manifest
from carnet.demo.documents import Draft
from carnet.errors import InvalidDocument

NOW = 1_790_000_000_000_000


def report(address="https://images.test:8443/wado?x=1"):
    draft = Draft(NOW, type=IMAGING_REPORT)
    return imaging_report(draft, "1.2.3", modality="CT", display="Scanner", address=address, began="20260105")


def test_a_report_tells_its_examination_and_the_host_of_its_images_alone():
    (study,) = studies_of(report())
    assert (study.uid, study.began, study.modalities, study.hosts) == (
        "1.2.3",
        "20260105",
        ("Scanner",),
        ("images.test",),
    )
    assert (study.series, study.images) == (1, 1)


@pytest.mark.parametrize("address", ["", "javascript:alert(1)", "http://[", "images/1"])
def test_what_is_no_address_names_no_host(address):
    assert studies_of(report(address))[0].hosts == ()


def test_a_manifest_tells_how_many_images_it_references():
    (study,) = manifest_of(manifest(Draft(NOW), "1.2.3", images=4))
    assert (study.uid, study.series, study.images) == ("1.2.3", 1, 4)
    with pytest.raises(InvalidDocument):
        manifest_of(b"no DICOM")


def test_other_documents_tell_none():
    assert studies_of(documents.level_1(Draft(NOW))) == ()


def test_the_public_imaging_report_tells_its_examinations(sample):
    found = studies_of(sample.read_bytes())
    if not sample.name.startswith("IMG_CR"):
        return
    assert [one.hosts for one in found] == [("www.example.org",)] * len(found)
    assert found[0].uid == "1.2.250.1.925.994044.27.123.1876360"
    assert found[0].modalities
