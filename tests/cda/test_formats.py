import pytest
from msgspec.structs import replace

from carnet.cda import formats
from carnet.cda.formats import fits, formats_of, mime_type_of
from carnet.cda.header import read_header
from carnet.demo import documents, payloads
from carnet.metadata import Code
from carnet.terminology.value_sets import value_set

XD_LAB = Code("urn:ihe:lab:xd-lab:2008", formats.IHE)
PDF = formats.LEVEL_1_FORMATS["application/pdf"]


def test_every_format_of_the_tables_is_one_of_the_exchange():
    known = value_set("J60")
    named = [
        Code(code, formats.IHE if "ihe" in code else formats.ANS)
        for codes in formats._BY_TEMPLATE.values()
        for code in codes
    ]
    for code in (
        *named,
        *formats.LEVEL_1_FORMATS.values(),
        formats.KOS_FORMAT,
        formats.SIGNATURE_FORMAT,
        formats.OUTSIDE_PROFILES,
    ):
        assert known.active(code.code, code.system), code


@pytest.mark.parametrize("media_type", payloads.MEDIA_TYPES)
def test_a_level_1_document_has_the_format_of_what_it_wraps_and_no_other(draft, media_type):
    header = read_header(documents.level_1(draft, media_type=media_type))
    assert fits(formats.LEVEL_1_FORMATS[media_type], header)
    for other in (
        *set(formats.LEVEL_1_FORMATS.values()) - {formats.LEVEL_1_FORMATS[media_type]},
        XD_LAB,
        formats.OUTSIDE_PROFILES,
    ):
        assert not fits(other, header)


def test_a_level_1_document_of_an_unknown_media_type_has_no_format(letter):
    header = read_header(letter.replace(b"application/pdf", b"image/svg+xml"))
    assert formats_of(header) == ()
    assert not fits(PDF, header)


def test_a_structured_document_has_the_format_of_its_content_model(report):
    header = read_header(report)
    assert formats_of(header) == (XD_LAB,)
    assert not fits(PDF, header)
    assert not fits(formats.OUTSIDE_PROFILES, header)


def test_an_unknown_content_model_may_have_any_structured_format(report):
    header = replace(read_header(report), template_ids=("1.2.250.1.213.1.1.1.1", "1.2.3"))
    assert formats_of(header) == (formats.OUTSIDE_PROFILES,)
    assert fits(Code("urn:ans:ci-sis:bio-ep-bio:2022", formats.ANS), header)
    assert not any(fits(code, header) for code in (PDF, formats.KOS_FORMAT, formats.SIGNATURE_FORMAT))


def test_pathology_reports_have_their_format_whatever_the_organ(report):
    header = replace(read_header(report), template_ids=("1.3.6.1.4.1.19376.1.8.1.1.7",))
    assert formats_of(header)[0].code == "urn:ihe:palm:apsr:2016"


def test_a_self_presenting_document_has_its_own_media_type(report):
    assert mime_type_of(read_header(report)) == "text/xml"
    assert mime_type_of(read_header(documents.self_presenting(report))) == "application/xslt+xml"
