import base64

import pytest

from carnet.cda.contents import clinical_document, contents_of
from carnet.cda.section_model import Drawn
from carnet.demo import documents, payloads
from carnet.errors import InvalidDocument
from tests.cda.shown_html import shown_text

PICTURE = Drawn("image/webp", b"RIFF", 4, 3)


def nothing(_content):
    return None


def sections(found):
    for one in found:
        yield one
        yield from sections(one.sections)


def source_text(content):
    """The text of every narrative block, read by a path of its own."""
    path = './/*[local-name()="section"]/*[local-name()="text"]//text()'
    return "".join("".join(clinical_document(content).xpath(path)).split())


def test_no_character_of_a_public_example_is_lost(sample):
    content = sample.read_bytes()
    found = contents_of(content, nothing)
    assert shown_text("".join(one.html for one in sections(found.sections))) == source_text(content)
    assert bool(found.sections) != (found.wrapped is not None)


def test_every_title_of_a_public_example_is_there(sample):
    content = sample.read_bytes()
    path = './/*[local-name()="section"]/*[local-name()="title"]'
    titles = [" ".join(one.xpath("string()").split()) for one in clinical_document(content).xpath(path)]
    assert sorted(filter(None, titles)) == sorted(
        one.title for one in sections(contents_of(content, nothing).sections) if one.title
    )


def test_control_a_lost_character_is_noticed(report):
    shown = "".join(one.html for one in sections(contents_of(report, nothing).sections))
    assert shown_text(shown) == source_text(report)
    assert shown_text(shown.replace("R", "", 1)) != source_text(report)


def test_a_report_made_here_is_read(report, draft):
    found = contents_of(report, nothing)
    assert [(one.title, one.html, one.code.code) for one in found.sections] == [("Biochimie", "Résultats", "18719-5")]
    assert found.written.endswith("+0100")
    assert found.act_began < found.written
    assert (found.wrapped, found.media) == (None, ())
    assert found.header.title == draft.title


@pytest.mark.parametrize("media_type", payloads.MEDIA_TYPES)
def test_a_level_1_document_gives_its_file(draft, media_type):
    found = contents_of(documents.level_1(draft, media_type=media_type, size=40_000), nothing)
    assert found.sections == ()
    assert found.wrapped is not None
    assert found.wrapped.media_type == media_type
    assert found.wrapped.content == payloads.payload(media_type, draft.title, size=(40_000 - 5_000) * 3 // 4)


def test_a_self_presenting_document_is_unwrapped_and_its_stylesheet_is_not_run(report):
    wrapped = documents.self_presenting(report)
    assert contents_of(wrapped, nothing).sections == contents_of(report, nothing).sections
    assert contents_of(wrapped, nothing).header.self_presenting


def test_a_stylesheet_named_in_base64_is_passed_over(report):
    sheet = base64.b64encode(
        b'<xsl:stylesheet version="1.0" xmlns:xsl="x"><script>alert(1)</script></xsl:stylesheet>'
    ).decode()
    instruction = f'<?xml-stylesheet type="text/xsl" href="data:text/xsl;base64,{sheet}"?>\n'.encode()
    declaration, rest = report.split(b"\n", 1)
    assert contents_of(b"\n".join([declaration, instruction + rest]), nothing) == contents_of(report, nothing)


def with_narrative(report, text, entry=""):
    changed = report.replace("<text>Résultats</text>".encode(), text.encode() + entry.encode(), 1)
    assert changed != report
    return changed


MEDIA = (
    '<entry><observationMedia classCode="OBS" moodCode="EVN" ID="{id}"><value mediaType="{kind}" representation="B64">'
    "{content}</value></observationMedia></entry>"
)


def medium(name, kind, content):
    return MEDIA.format(id=name, kind=kind, content=base64.b64encode(content).decode())


def test_a_picture_of_the_document_is_drawn_anew_and_shown_in_its_place(report):
    asked = []

    def redraw(content):
        asked.append(content)
        return PICTURE

    text = '<text>a<renderMultiMedia referencedObject="m1"><caption>légende</caption></renderMultiMedia>b</text>'
    found = contents_of(with_narrative(report, text, medium("m1", "image/png", b"as received")), redraw)
    html = found.sections[0].html
    assert asked == [b"as received"]
    assert html.startswith(
        'a<span class="figure"><img src="data:image/webp;base64,UklGRg==" alt="Image du document" width="4" height="3">'
    )
    assert html.endswith('<span class="caption">légende</span></span>b')
    assert [one.in_text for one in found.media] == [True]


@pytest.mark.parametrize(
    ("kind", "drawn"),
    [
        ("image/png", None),
        ("application/pdf", PICTURE),
        ("image/svg+xml", Drawn("image/svg+xml", b"<svg/>", 1, 1)),
        ("image/png", Drawn("text/html", b"<script>", 1, 1)),
    ],
)
def test_what_cannot_be_drawn_is_named_and_never_embedded(report, kind, drawn):
    text = '<text><renderMultiMedia referencedObject="m1"/></text>'
    found = contents_of(with_narrative(report, text, medium("m1", kind, b"bytes")), lambda _content: drawn)
    assert "<img" not in found.sections[0].html
    assert kind in found.sections[0].html


def test_a_picture_that_the_text_names_and_the_document_lacks_is_told(report):
    found = contents_of(with_narrative(report, '<text><renderMultiMedia referencedObject="m9"/></text>'), nothing)
    assert "absent du document" in found.sections[0].html


def test_a_text_that_is_not_stated_says_why(report):
    found = contents_of(with_narrative(report, '<text nullFlavor="NASK"/>'), nothing)
    assert (found.sections[0].html, found.sections[0].missing) == ("", "NASK")


def test_a_section_and_a_word_may_have_a_language_of_their_own(report):
    text = '<text>voir <content language="es-ES">hola</content></text><languageCode code="en"/>'
    found = contents_of(with_narrative(report, text), nothing).sections[0]
    assert (found.language, found.html) == ("en", 'voir <span lang="es-ES">hola</span>')


def test_those_to_whom_a_document_is_sent_are_read(report):
    recipient = (
        b'<informationRecipient typeCode="PRCP"><intendedRecipient><id root="1.2.250.1.71.4.2.1" extension="801"/>'
        b"<informationRecipient><name><family>EXEMPLE</family><given>Ana</given></name></informationRecipient>"
        b"<receivedOrganization><name>Cabinet</name></receivedOrganization></intendedRecipient></informationRecipient>"
    )
    found = contents_of(report.replace(b"<legalAuthenticator>", recipient + b"<legalAuthenticator>", 1), nothing)
    assert [(one.type, one.given, one.family, one.organization) for one in found.recipients] == [
        ("PRCP", "Ana", "EXEMPLE", "Cabinet")
    ]
    assert found.recipients[0].ids[0].extension == "801"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html/>",
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><ClinicalDocument xmlns="urn:hl7-org:v3">&b;</ClinicalDocument>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><ClinicalDocument xmlns="urn:hl7-org:v3">&f;</ClinicalDocument>',
    ],
)
def test_what_is_no_document_is_refused(content):
    with pytest.raises(InvalidDocument):
        contents_of(content, nothing)


def test_sections_inside_each_other_without_end_are_refused(report):
    inner = "<component><section><title>t</title>" * 40 + "</section></component>" * 40
    with pytest.raises(InvalidDocument, match="deep"):
        contents_of(with_narrative(report, "<text>a</text>" + inner), nothing)


def test_a_wrapped_file_that_is_not_base64_is_empty(draft):
    content = documents.level_1(draft, media_type="text/plain").replace(b'"B64">', b'"B64">*', 1)
    found = contents_of(content, nothing)
    assert found.wrapped is not None
    assert found.wrapped.content == b""
