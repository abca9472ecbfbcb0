from pathlib import Path

import pytest

from carnet.cda.examinations import BodySite, Examination, examinations_of
from carnet.demo import documents
from carnet.demo.care_documents import (
    BODY_LOCATION,
    CHEST,
    CHEST_SCAN,
    IMAGING_REPORT,
    MODALITY,
    SCANNER,
    imaging_report,
)
from carnet.demo.documents import Draft
from carnet.errors import InvalidDocument
from carnet.metadata import Code

NOW = 1_790_000_000_000_000
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "cda"
KNEE = '<targetSiteCode code="361291001" codeSystem="2.16.840.1.113883.6.96" displayName="genou">{}</targetSiteCode>'
LEFT = '<qualifier><name code="106233006" codeSystem="2.16.840.1.113883.6.96"/><value code="7771000" codeSystem="2.16.840.1.113883.6.96" displayName="gauche"/></qualifier>'


def report(**about):
    draft = Draft(NOW, type=IMAGING_REPORT, event=CHEST_SCAN, **about)
    return imaging_report(draft, "1.2.3", modality="CT", display="Scanner", address="", began="20260105")


def request(entries):
    section = f"<component><section><title>Actes</title><text>Actes</text>{entries}</section></component>"
    return documents.structured(Draft(NOW), ("1.2.250.1.213.1.1.1.47",), section)


def demand(site):
    return (
        '<entry><observation classCode="OBS" moodCode="INT"><templateId root="1.2.250.1.213.1.1.3.27.3"/>'
        f'<code code="MR" codeSystem="1.2.840.10008.2.16.4" displayName="IRM"/>{site}</observation></entry>'
    )


def test_a_report_of_imaging_tells_the_act_its_modality_and_the_part_of_the_body():
    (one,) = examinations_of(report(event_about=((MODALITY, SCANNER), (BODY_LOCATION, CHEST))))
    assert (one.label, one.requested) == (CHEST_SCAN.display, False)
    assert (one.codes, one.modalities, one.sites) == ((CHEST_SCAN,), (SCANNER,), (BodySite(CHEST),))
    assert one.began.startswith("2026")


def test_an_event_without_a_modality_is_no_examination():
    assert examinations_of(report()) == ()


def test_a_request_tells_each_examination_that_it_asks_for_with_the_side():
    one, other = examinations_of(request(demand(KNEE.format(LEFT)) + demand("")))
    assert (one.label, one.requested, one.began) == ("IRM genou", True, "")
    assert [(site.place.code, site.side.display) for site in one.sites] == [("361291001", "gauche")]
    assert (other.modalities[0].code, other.sites) == ("MR", ())


def test_what_is_no_cda_is_refused():
    with pytest.raises(InvalidDocument):
        examinations_of(b"<a/>")


@pytest.mark.skipif(
    not SAMPLES.exists(),
    reason="../shared/samples/cda is not here: the documents that tests make are read all the same",
)
def test_the_public_examples_tell_their_examinations():
    found = {path.name: examinations_of(path.read_bytes()) for path in sorted(SAMPLES.glob("IMG*.xml"))}
    assert [len(one) for one in found.values()] == [2, 3, 2, 1, 3]
    first: Examination = found["IMG_CR_IMG_2024.01.xml"][0]
    assert [one.code for one in first.codes] == ["24727-0", "ACQH004"]
    assert first.sites == (BodySite(Code("774007", "2.16.840.1.113883.6.96", "tête et cou")),)
