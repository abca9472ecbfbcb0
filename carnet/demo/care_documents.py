"""Prescriptions, dispensings, vaccination histories and imaging reports about people who do not exist, as structured as the exchange's own.

Digits, batches and time stamps are written as given, so that a test can ask for the very same characters back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from carnet.demo.documents import LOINC, Draft, structured
from carnet.metadata import Code

VACCINATIONS = Code("11369-6", LOINC, "Historique des vaccinations")
DISPENSING = Code("60593-1", LOINC, "Dispensation médicamenteuse")
IMAGING_REPORT = Code("18748-4", LOINC, "CR d'imagerie médicale")
SUMMARY = Code("60591-5", LOINC, "Synthèse médicale")
_MODELS = "1.2.250.1.213.1.1.1"
_CIS, _ATC = "1.2.250.1.213.2.3.1", "2.16.840.1.113883.6.73"
_PERIOD = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="IVL_TS"'
_VACCINATION, _RECOMMENDATION = "1.3.6.1.4.1.19376.1.5.3.1.4.12", "1.3.6.1.4.1.19376.1.5.3.1.4.12.2"


CHEST_SCAN = Code(
    "ZBQH001", "1.2.250.1.215.300.1", "Scanographie du thorax, avec injection intraveineuse de produit de contraste"
)
"""CCAM."""
MODALITY = Code("121139", "1.2.840.10008.2.16.4", "Modalité d'imagerie")
SCANNER = Code("CT", "1.2.840.10008.2.16.4", "Tomodensitométrie")
BODY_LOCATION = Code("39111-0", LOINC, "localisation anatomique")
CHEST = Code("302551006", "2.16.840.1.113883.6.96", "thorax entier")


@dataclass(frozen=True, slots=True)
class Product:
    """A medicine or vaccine: its name, its code (CIS, '' for none), its class (ATC) with the class's name, its batch."""

    name: str
    code: str = ""
    atc: str = ""
    atc_name: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A line: product, how to take it, from when to when (HL7 time stamps), its identifier (an OID), its status, and what it answers."""

    product: Product
    text: str
    start: str = ""
    end: str = ""
    identifier: str = ""
    status: str = "completed"
    quantity: str = ""
    answers: str = ""


@dataclass(frozen=True, slots=True)
class Jab:
    """A vaccination: product, when (HL7 time stamp, '' where unknown), which dose; `due`: it is to be done; `refused`: it was not done."""

    product: Product
    when: str = ""
    rank: str = ""
    due: bool = False
    refused: bool = False


def prescription(draft: Draft, lines: Sequence[Ordered]) -> bytes:
    """An eP-MED-DM; the draft's type should be PRESCRIPTION."""
    entries = "".join(_administration(one, number, "INT") for number, one in enumerate(lines))
    return structured(
        draft, (f"{_MODELS}.39",), _section("57828-6", "Prescription de médicaments", _table(lines), entries)
    )


def dispensing(draft: Draft, lines: Sequence[Ordered]) -> bytes:
    """An eDISP-MED; the draft's type should be DISPENSING."""
    entries = "".join(_supply(one, number) for number, one in enumerate(lines))
    return structured(draft, (f"{_MODELS}.54",), _section("60590-7", "Médicaments délivrés", _table(lines), entries))


def summary(draft: Draft, lines: Sequence[Ordered], *, absence: str = "") -> bytes:
    """A summary with its list of treatments; `absence` is a code that states that there is none, or that nothing is known."""
    entries = "".join(_administration(one, number, "EVN") for number, one in enumerate(lines))
    if absence:
        code = f'<code code="{absence}" codeSystem="2.16.840.1.113883.5.1150.1"/>'
        entries += f'<entry><substanceAdministration classCode="SBADM" moodCode="EVN">{code}<consumable><manufacturedProduct><manufacturedMaterial nullFlavor="NA"/></manufacturedProduct></consumable></substanceAdministration></entry>'
    return structured(draft, (f"{_MODELS}.51",), _section("10160-0", "Traitements", _table(lines), entries))


def vaccination_history(draft: Draft, jabs: Sequence[Jab]) -> bytes:
    """A vaccination history; the draft's type should be VACCINATIONS."""
    done = "".join(_jab(one) for one in jabs if not one.due)
    due = "".join(_jab(one) for one in jabs if one.due)
    rows = "".join(f"<tr><td>{escape(one.product.name)}</td><td>{one.when}</td></tr>" for one in jabs)
    text = f"<table><tbody>{rows}</tbody></table>"
    plan = _section("18776-5", "Vaccinations à prévoir", "<paragraph>À prévoir</paragraph>", due) if due else ""
    body = _section("11369-6", "Historique des vaccinations", text, done) + plan
    return structured(draft, (f"{_MODELS}.37",), body)


def imaging_report(draft: Draft, study: str, *, modality: str, display: str, address: str, began: str) -> bytes:
    """An imaging report that catalogues one study of one image; the draft's type should be IMAGING_REPORT."""
    image = (
        '<observation classCode="DGIMG" moodCode="EVN"><templateId root="1.2.840.10008.9.18"/>'
        f'<id root="{study}.1.1"/><code code="1.2.840.10008.5.1.4.1.1.2" codeSystem="1.2.840.10008.2.6.1"/>'
        f'<text mediaType="application/dicom"><reference value="{escape(address)}"/></text></observation>'
    )
    kind = f'<qualifier><name code="121139" codeSystem="1.2.840.10008.2.16.4"/><value code="{modality}" codeSystem="1.2.840.10008.2.16.4" displayName="{escape(display)}"/></qualifier>'
    series = (
        f'<act classCode="ACT" moodCode="EVN"><id root="{study}.1"/><code code="113015" codeSystem="1.2.840.10008.2.16.4">{kind}</code>'
        f'<entryRelationship typeCode="COMP">{image}</entryRelationship></act>'
    )
    entry = (
        f'<entry><act classCode="ACT" moodCode="EVN"><templateId root="1.2.840.10008.9.16"/><id root="{study}"/>'
        f'<code code="113014" codeSystem="1.2.840.10008.2.16.4"/><effectiveTime value="{began}"/>'
        f'<entryRelationship typeCode="COMP">{series}</entryRelationship></act></entry>'
    )
    code = '<code code="121181" codeSystem="1.2.840.10008.2.16.4" displayName="Catalogue d\'objets DICOM"/>'
    words = "<title>Catalogue d'objets DICOM</title><text><paragraph>Une série, une image.</paragraph></text>"
    return structured(draft, (f"{_MODELS}.45",), f"<component><section>{code}{words}{entry}</section></component>")


def _section(code: str, title: str, text: str, entries: str) -> str:
    named = f'<code code="{code}" codeSystem="{LOINC}" displayName="{escape(title)}"/>'
    return (
        f"<component><section>{named}<title>{escape(title)}</title><text>{text}</text>{entries}</section></component>"
    )


def _table(lines: Sequence[Ordered]) -> str:
    rows = "".join(
        f'<tr><td>{escape(one.product.name)}</td><td><content ID="t{number}">{escape(one.text)}</content></td></tr>'
        for number, one in enumerate(lines)
    )
    return f"<table><tbody>{rows}</tbody></table>" if rows else "<paragraph>Rien à signaler</paragraph>"


def _material(product: Product) -> str:
    atc = f'<translation code="{product.atc}" codeSystem="{_ATC}" displayName="{escape(product.atc_name)}"/>'
    code = f'code="{product.code}" codeSystem="{_CIS}" displayName="{escape(product.name)}"' if product.code else ""
    batch = f"<lotNumberText>{escape(product.batch)}</lotNumberText>" if product.batch else ""
    return (
        f"<manufacturedProduct><manufacturedMaterial><code {code}>{atc if product.atc else ''}</code>"
        f"<name>{escape(product.name)}</name>{batch}</manufacturedMaterial></manufacturedProduct>"
    )


def _period(start: str, end: str) -> str:
    ends = "".join(f'<{name} value="{value}"/>' for name, value in (("low", start), ("high", end)) if value)
    return f"<effectiveTime {_PERIOD}>{ends}</effectiveTime>" if ends else ""


def _administration(one: Ordered, number: int, mood: str) -> str:
    identifier = f'<id root="{one.identifier}"/>' if one.identifier else ""
    asked = f'<entryRelationship typeCode="COMP"><supply classCode="SPLY" moodCode="RQO"><quantity value="{one.quantity}"/></supply></entryRelationship>'
    return (
        f'<entry><substanceAdministration classCode="SBADM" moodCode="{mood}">{identifier}<text><reference value="#t{number}"/></text>'
        f'<statusCode code="{one.status}"/>{_period(one.start, one.end)}<consumable>{_material(one.product)}</consumable>'
        f"{asked if one.quantity else ''}</substanceAdministration></entry>"
    )


def _supply(one: Ordered, number: int) -> str:
    answered = (
        '<entryRelationship typeCode="REFR"><substanceAdministration classCode="SBADM" moodCode="INT">'
        f'<id root="{one.answers}"/><reference typeCode="XCRPT"/></substanceAdministration></entryRelationship>'
    )
    return (
        f'<entry><supply classCode="SPLY" moodCode="EVN"><text><reference value="#t{number}"/></text><statusCode code="completed"/>'
        f'{_period(one.start, one.end)}<quantity value="{one.quantity or "1"}"/><product>{_material(one.product)}</product>'
        f"{answered if one.answers else ''}</supply></entry>"
    )


def _jab(one: Jab) -> str:
    template, mood = (_RECOMMENDATION, "INT") if one.due else (_VACCINATION, "EVN")
    when = f'<effectiveTime value="{one.when}"/>' if one.when else '<effectiveTime nullFlavor="UNK"/>'
    rank = (
        '<entryRelationship typeCode="SUBJ"><observation classCode="OBS" moodCode="EVN">'
        f'<code code="30973-2" codeSystem="{LOINC}"/><value xsi:type="INT" value="{one.rank}"/></observation></entryRelationship>'
    )
    return (
        f'<entry><substanceAdministration classCode="SBADM" moodCode="{mood}" negationInd="{str(one.refused).lower()}">'
        f'<templateId root="{template}"/><statusCode code="completed"/>{when}<consumable>{_material(one.product)}</consumable>'
        f"{rank if one.rank else ''}</substanceAdministration></entry>"
    )
