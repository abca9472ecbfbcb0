"""The record that the professional's portal is measured on: 2,000 documents of ten years of care, all read, and a doctor who is signed in.

Reports of a laboratory with twenty results each, prescriptions and dispensings, letters with lists of problems, and a few syntheses: what was
read out of each stands where the server keeps it. The bytes of the documents are not there: no page of the way reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench import servers
from bench.growth import known_holder
from bench.population import person, settle
from carnet.client.feeding import from_cda
from carnet.clock import DAY, HOUR, to_dtm
from carnet.config import load as load_settings
from carnet.demo.care_documents import DISPENSING, SUMMARY, Ordered, Product, dispensing, prescription
from carnet.demo.care_documents import summary as synthesis
from carnet.demo.documents import CONSULTATION, LAB_REPORT, PRESCRIPTION, Draft, level_3, structured
from carnet.demo.lab_reports import Measured, lab_report
from carnet.demo.people import BIOLOGIST, MEDECIN_TRAITANT, PHARMACIST_OWNER, DemoPatient
from carnet.identity.directory import organization, professional
from carnet.identity.practice_situations import of_directory
from carnet.identity.pro_sessions import PROVIDER, ProDetails, ProOpening, open_pro_session
from carnet.identity.session_rows import Limits
from carnet.metadata import DocumentEntry
from carnet.platform import Connection, Platform, build
from carnet.record.custody import Custody
from carnet.record.extractors import EXTRACTORS, ExtractKind, Material
from carnet.record.gate import Gate
from carnet.registry import entry_table
from carnet.registry.holder import Holder
from carnet.registry.registered_identifiers import new_uuid
from carnet.repository.extract_rows import ExtractRow, put_extracts, sealed_row
from carnet.soap.ebrim_render import EbrimRenderer

DOCUMENTS = 2_000
YEARS = 10
RESULTS = 20
"""Of each report of a laboratory, out of sixty examinations."""
SETTINGS = """\
space_origin = "https://127.0.0.1:{port}"
pro_session_idle_minutes = 60
record_opening_tries = 100000
"""


@dataclass(frozen=True, slots=True)
class ProHome:
    """A home at rest; `cookie` is the value of the doctor's session, `number` the INS that is typed."""

    home: Path
    port: int
    cookie: str
    number: str


def furnish(home: Path) -> ProHome:
    """Makes the home, the record and the session."""
    port = servers.free_port()
    population = settle(home, port, people=1, settings=SETTINGS.format(port=port))
    (patient,) = population.readers
    platform = build(load_settings(home), EbrimRenderer(), worker="bench")
    try:
        gate = Gate(platform)
        Custody(gate, "operator:bench").activate(patient)
        holder = known_holder(platform, patient)
        gate.administer_in_steps(lambda connection, commit: _fill(connection, commit, holder))
        while gate.seal():
            pass
        cookie = gate.administer(lambda connection: _signed_in(platform, connection))
    finally:
        platform.close()
    return ProHome(home, port, cookie, patient.value)


def _fill(connection: Connection, commit: Callable[[], None], holder: Holder) -> None:
    renderer, about = EbrimRenderer(), person(0)
    for number, (at, content) in enumerate(_care(holder.now, about)):
        then = replace(holder, now=at)
        entry = _registered(from_cda(content).entry, then)
        entry_table.add(connection, then, renderer, [entry])
        put_extracts(connection, holder.patient_key, list(_extracts(holder, entry, content)), now=at)
        if number % 200 == 199:
            commit()


def _registered(entry: DocumentEntry, holder: Holder) -> DocumentEntry:
    name = new_uuid(holder.now)
    return replace(entry, entry_uuid=name, logical_id=name, version=1, hash="0" * 40, size=10_000)


def _extracts(holder: Holder, entry: DocumentEntry, content: bytes) -> Iterator[ExtractRow]:
    """What the server reads out of a document, its text and terms apart."""
    material = Material(content, entry)
    for one in EXTRACTORS:
        if ExtractKind.TEXT not in one.gives and one.of(entry.type_code.code):
            for kind, part in one.make(material).items():
                yield sealed_row(holder.key, entry.unique_id, kind, one.version, part.state, part.content)


def _care(now: int, about: DemoPatient) -> Iterator[tuple[int, bytes]]:
    """Documents spread evenly over the years, the newest last: when they were put in, and their bytes."""
    for number in range(DOCUMENTS):
        at = now - (DOCUMENTS - number) * (YEARS * 365 * DAY // DOCUMENTS)
        yield at, _document(number, at - HOUR, about)


def _document(number: int, at: int, about: DemoPatient) -> bytes:
    day, turn = to_dtm(at)[:8], number % 20
    if turn < 7:
        tests = range(number % 3 * RESULTS, number % 3 * RESULTS + RESULTS)
        draft = Draft(at, about, BIOLOGIST, LAB_REPORT, "Compte rendu d'examens biologiques")
        return lab_report(draft, [_measured(test, number, to_dtm(at)) for test in tests])
    if turn < 10:
        ordered = [
            Ordered(Product(f"PRODUIT {(number + step) % 30} 5 mg"), "1 comprimé le soir", day) for step in range(4)
        ]
        return prescription(Draft(at, about, MEDECIN_TRAITANT, PRESCRIPTION, "Ordonnance"), ordered)
    if turn < 12:
        given = [Ordered(Product(f"PRODUIT {number % 30} 5 mg"), "1 comprimé le soir", day)]
        return dispensing(Draft(at, about, PHARMACIST_OWNER, DISPENSING, "Délivrance"), given)
    if turn == 12 and number > DOCUMENTS - 40:
        taken = [Ordered(Product(f"PRODUIT {step} 5 mg"), "1 comprimé le soir", day) for step in range(6)]
        return synthesis(Draft(at, about, MEDECIN_TRAITANT, SUMMARY, "Synthèse médicale"), taken)
    draft = Draft(at, about, MEDECIN_TRAITANT, CONSULTATION, "Compte rendu de consultation")
    return _letter(draft, number) if turn < 18 else level_3(draft)


def _measured(test: int, number: int, stamp: str) -> Measured:
    digits = f"{4 + (number * 7 + test) % 30 / 10:.1f}"
    return Measured(
        f"{10_000 + test}-1", f"Examen {test} [Moles/Volume] Sérum", digits, "mmol/L", f"{stamp}+0000", "3.5", "5.1"
    )


def _letter(draft: Draft, number: int) -> bytes:
    """A letter with lists of problems and allergies, some of them told many times."""
    problems = "".join(_problem(f"I{(number + step) % 40}", f"Affection {(number + step) % 40}") for step in range(3))
    allergies = _problem(f"Z88.{number % 9}", f"Allergie {number % 9}")
    sections = _section("11450-4", problems) + _section("48765-2", allergies)
    return structured(draft, (), sections)


def _section(code: str, entries: str) -> str:
    heading = f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><title>Liste</title><text>Liste</text>'
    return f"<component><section>{heading}{entries}</section></component>"


def _problem(code: str, name: str) -> str:
    value = f'<value xsi:type="CD" code="{code}" codeSystem="2.16.840.1.113883.6.3" displayName="{name}"/>'
    observation = (
        f'<observation classCode="OBS" moodCode="EVN"><code code="1" displayName="problème"/>{value}</observation>'
    )
    return f'<entry><act classCode="ACT" moodCode="EVN"><entryRelationship typeCode="SUBJ">{observation}</entryRelationship></act></entry>'


def _signed_in(platform: Platform, connection: Connection) -> str:
    """A session of the doctor in their only situation."""
    who = MEDECIN_TRAITANT
    known, place = professional(connection, who.identifier), organization(connection, who.organization.identifier)
    if known is None or place is None:
        raise servers.ServerFailed("The directory of the bench does not know the doctor.")
    situations = tuple(of_directory(known, place))
    opening = ProOpening(who.identifier, PROVIDER, ProDetails(who.name, situations), situations[0].key)
    limits = Limits(DAY, DAY)
    token, _session = open_pro_session(connection, platform.keyring, opening, now=platform.clock(), limits=limits)
    return token
