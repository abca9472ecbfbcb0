"""formatCode and mimeType of a CDA document, from its templates and the kind of its body (CI-SIS, JDV_J10 and JDV_J60).

The tables are facts of the content models' specifications: a model's templateId in the header says its formatCode.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from carnet.cda.header_model import LEVEL_1, CdaHeader
from carnet.metadata import Code
from carnet.terminology.value_sets import value_set

IHE = "1.3.6.1.4.1.19376.1.2.3"
"""Coding scheme of the formatCodes of IHE (and of the French additions to XDS-SD)."""
ANS = "1.2.250.1.213.1.1.4.2.282"
"""Coding scheme TRE_A06 of the formatCodes of the CI-SIS."""

TEXT_XML = "text/xml"
SELF_PRESENTING = "application/xslt+xml"
DICOM = "application/dicom"
KOS_FORMAT = Code("1.2.840.10008.5.1.4.1.1.88.59", "1.2.840.10008.2.6.1")
"""Key Object Selection Document, by its SOP class UID."""
SIGNATURE_FORMAT = Code("http://www.w3.org/2000/09/xmldsig#", "URN")
OUTSIDE_PROFILES = Code("urn:asipSante:modelesHorsProfils:2011", ANS)
"""A structured document whose content model is none of the CI-SIS."""

LEVEL_1_FORMATS: Mapping[str, Code] = MappingProxyType(
    {
        "application/pdf": Code("urn:ihe:iti:xds-sd:pdf:2008", IHE),
        "text/plain": Code("urn:ihe:iti:xds-sd:text:2008", IHE),
        "image/jpeg": Code("urn:ihe:iti-fr:xds-sd:jpeg:2010", IHE),
        "image/tiff": Code("urn:ihe:iti-fr:xds-sd:tiff:2010", IHE),
        "text/rtf": Code("urn:ihe:iti-fr:xds-sd:rtf:2010", IHE),
        "application/rtf": Code("urn:ihe:iti-fr:xds-sd:rtf:2010", IHE),
    }
)
"""formatCode of a level 1 document by the media type of its nonXMLBody; no other media type is accepted."""

_BEGINNINGS: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {
        "application/pdf": (b"%PDF-",),
        "image/jpeg": (b"\xff\xd8\xff",),
        "image/tiff": (b"II*\x00", b"MM\x00*"),
        "text/rtf": (b"{\\rtf",),
        "application/rtf": (b"{\\rtf",),
    }
)

_F = "1.2.250.1.213.1.1.1"

_BY_TEMPLATE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        f"{_F}.13": ("urn:asip:ci-sis:vsm:2012",),
        f"{_F}.51": ("urn:ihe:pcc:ips:2020", "urn:asip:ci-sis:dlu:2024"),  # also the model of the DLU since 2024
        f"{_F}.55": ("urn:ihe:lab:xd-lab:2008",),
        "1.3.6.1.4.1.19376.1.3.3": ("urn:ihe:lab:xd-lab:2008",),
        f"{_F}.59": ("urn:ans:ci-sis:trod:2024",),
        f"{_F}.45": ("urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013",),
        f"{_F}.47": ("urn:ans:ci-sis:img-da:2022",),
        f"{_F}.21": ("urn:asip:ci-sis:ldl-ees:2017",),
        f"{_F}.29": ("urn:asip:ci-sis:ldl-ses:2017",),
        f"{_F}.39": ("urn:ihe:pharm:pre:2010",),
        f"{_F}.54": ("urn:ihe:pharm:dis:2010",),
        f"{_F}.37": ("urn:asip:ci-sis:vac:2019",),
        f"{_F}.46": ("urn:asip:ci-sis:vac-note:2021",),
        f"{_F}.22": ("urn:asip:ci-sis:dlu:2015", "urn:asip:ci-sis:dlu:2024"),
        f"{_F}.23": ("urn:asip:ci-sis:fludt:2017", "urn:asip:ci-sis:ft-su:2024"),
        f"{_F}.24": ("urn:asip:ci-sis:fludr:2017", "urn:asip:ci-sis:fr-su:2024"),
        f"{_F}.8": ("urn:asip:ci-sis:frcp:2011",),
        f"{_F}.26": ("urn:asip:ci-sis:pps-cancer:2017",),
        f"{_F}.27": ("urn:asip:ci-sis:d2lm-fin:2017",),
        f"{_F}.28": ("urn:asip:ci-sis:d2lm-fidd:2017",),
        f"{_F}.32": ("urn:asip:ci-sis:crgm:2018",),
        f"{_F}.36": ("urn:asip:ci-sis:hr:2019",),
        f"{_F}.5.1": ("urn:asip:ci-sis:cse-cs8:2017",),
        f"{_F}.5.2": ("urn:asip:ci-sis:cse-cs9:2017",),
        f"{_F}.5.3": ("urn:asip:ci-sis:cse-cs24:2017",),
        f"{_F}.5.4": ("urn:ans:ci-sis:cse-mde:2023",),
        f"{_F}.40": ("urn:asip:ci-sis:cr-anest:2020",),
        f"{_F}.41": ("urn:asip:ci-sis:cr-cpa:2020",),
        f"{_F}.38": ("urn:asip:ci-sis:tlm-da:2020",),
        f"{_F}.15": ("urn:asip:ci-sis:aunv:2013",),
        f"{_F}.16": ("urn:asip:ci-sis:eunv:2013",),
        f"{_F}.17": ("urn:asip:ci-sis:sunv:2013",),
        f"{_F}.25": ("urn:asip:ci-sis:pavc:2016",),
        f"{_F}.12.1": ("urn:asip:ci-sis:obp-sap:2023",),
        f"{_F}.12.2": ("urn:asip:ci-sis:obp-snm:2023",),
        f"{_F}.12.3": ("urn:asip:ci-sis:obp-sne:2023",),
        f"{_F}.12.4": ("urn:asip:ci-sis:obp-scm:2023",),
        f"{_F}.12.5": ("urn:asip:ci-sis:obp-sem:2023",),
        f"{_F}.2.1.1": ("urn:asip:ci-sis:avk:2009",),
        f"{_F}.2.1.2": ("urn:asip:ci-sis:tap:2009",),
        f"{_F}.2.1.3": ("urn:asip:ci-sis:dci:2009",),
        f"{_F}.2.1.4": ("urn:asip:ci-sis:psc:2009",),
        f"{_F}.2.1.5": ("urn:asip:ci-sis:ppv:2009",),
        f"{_F}.18": ("urn:asip:ci-sis:crrtn:2013", "urn:ihe:eyecare:geneyeevalcn:2014"),
        f"{_F}.42": ("urn:ihe:eyecare:geneyeevalcn:2014",),
        f"{_F}.30": ("urn:asip:ci-sis:sdm-mr:2017",),
    }
)
_PATHOLOGY = "1.3.6.1.4.1.19376.1.8.1.1."
_PATHOLOGY_FORMAT = "urn:ihe:palm:apsr:2016"

_LEVEL_1_CODES = frozenset(code.code for code in LEVEL_1_FORMATS.values())


def mime_type_of(header: CdaHeader) -> str:
    """DocumentEntry.mimeType: a self-presenting document has its own."""
    return SELF_PRESENTING if header.self_presenting else TEXT_XML


def formats_of(header: CdaHeader) -> tuple[Code, ...]:
    """The formatCodes that the document's metadata may carry, the usual one first.

    Empty for a level 1 document of a media type that the CI-SIS does not know. For a structured document of an unknown content model
    it is `OUTSIDE_PROFILES`, and `fits` lets any other structured format through: the table does not know every model.
    """
    if header.body.element == LEVEL_1:
        found = LEVEL_1_FORMATS.get(header.body.media_type)
        return () if found is None else (found,)
    return _known_model(header) or (OUTSIDE_PROFILES,)


def fits(format_code: Code, header: CdaHeader) -> bool:
    """Whether a formatCode suits the document: by its media type (level 1) or its content model (level 3)."""
    if any(format_code.code == known.code for known in formats_of(header)):
        return True
    unknown_model = header.body.element != LEVEL_1 and not _known_model(header)
    return unknown_model and format_code.code not in _LEVEL_1_CODES | {KOS_FORMAT.code, SIGNATURE_FORMAT.code}


def wraps_what_it_says(header: CdaHeader) -> bool:
    """Whether a level 1 body is base64 and begins like a file of its media type: a page of HTML is not shown as a PDF.

    Plain text has no beginning of its own: it holds no NUL byte.
    """
    body = header.body
    if body.element != LEVEL_1:
        return True
    beginning = body.beginning.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    begins = (
        b"\x00" not in beginning
        if body.media_type == "text/plain"
        else beginning.startswith(_BEGINNINGS.get(body.media_type, ()))
    )
    return body.representation == "B64" and bool(beginning) and begins


def labelled(code: Code) -> Code:
    """The code with its published label (JDV_J60)."""
    return Code(code.code, code.system, value_set("J60").display(code.code, code.system))


def _known_model(header: CdaHeader) -> tuple[Code, ...]:
    for template in header.template_ids:
        found = (_PATHOLOGY_FORMAT,) if template.startswith(_PATHOLOGY) else _BY_TEMPLATE.get(template, ())
        if found:
            return tuple(Code(code, IHE if code.startswith("urn:ihe:") else ANS) for code in found)
    return ()
