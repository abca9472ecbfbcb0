"""A synthesis drafted and signed in the portal, through the real server: care software reads it by ITI-43 to the byte, as our own readers do."""

from __future__ import annotations

from dataclasses import replace

from carnet.cda.header import read_header
from carnet.cda.synthesis_model import Model, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_reading import stated_in
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.record.deposit_drafts import to_replace
from carnet.record.retrieval import read
from carnet.record.synthesis_acts import adding, changing, drafting, saying
from carnet.record.synthesis_signing import Former, basis, digest, signing, written
from carnet.requester import Authentication, CardClass, Requester, Software

WRITTEN = (
    (Part.PROBLEMS, SynthesisLine("Asthme <sévère> & ancien", start="2019", note="suivi")),
    (Part.TREATMENTS, SynthesisLine("VENTOLINE 100 µg", note="2 bouffées si besoin")),
    (Part.ALERTS, SynthesisLine("Vit seule au 4e étage")),
)


def doctor(ins):
    """The médecin traitant in the portal."""
    who = MEDECIN_TRAITANT
    return Requester(
        identifier=who.identifier,
        name=who.name,
        organization_id=who.organization.identifier,
        sector=who.organization.sector,
        authentication=Authentication.DIRECT,
        card=CardClass.PROFESSIONAL,
        profession=who.profession,
        specialty=who.specialty,
        patient=ins,
        software=Software("Carnet", "flows"),
        portal=True,
    )


def former_of(house, requester, made):
    """What the document replaces, as the page that shows it finds it."""
    if not made.replaces:
        return None
    found = house.gate.perform_now(requester, to_replace(requester, made.replaces))
    return Former(read_header(read(house.gate.platform, found.located)), found.entry_uuid)


def sign(house, ins, model):
    """What a doctor enters, signed and deposited; the registered entry."""
    gate, requester = house.gate, doctor(ins)
    name = gate.perform_now(requester, drafting(requester, final=True)).draft.name
    works = [adding(part, line) for part, line in WRITTEN] + [saying(Part.ALLERGIES, Told.NONE_KNOWN)]
    for work in works:
        gate.perform_now(requester, changing(requester, name, work))
    made = replace(gate.perform_now(requester, basis(requester)), model=model)
    former = former_of(house, requester, made)
    shown = digest(written(requester, made, former))
    done = gate.perform_now(requester, signing(gate.platform, requester, made, former, shown=shown))
    (entry,) = [one for one in done.entries if not one.is_signature]
    return entry


def test_care_software_finds_it_reads_it_and_reads_what_was_entered_in_either_model(house, record):
    for model, type_code in ((Model.IPS_FR, "60591-5"), (Model.VSM, "SYNTH")):
        signed = sign(house, record.identifier, model)
        (entry,) = record.documents().entries
        assert (entry.unique_id, entry.type_code.code, entry.class_code.code) == (signed.unique_id, type_code, "11")
        assert entry.authors[0].person_id == MEDECIN_TRAITANT.identifier
        _answer, documents = record.read(signed.unique_id)
        content = next(iter(documents)).content
        assert (len(content), entry.hash) == (entry.size, signed.hash)
        said = {one.part: one for one in stated_in(content)}
        assert {part: said[part] for part, _line in WRITTEN} == {
            part: Stated(part, Told.LINES, (line,)) for part, line in WRITTEN
        }
        assert said[Part.ALLERGIES] == Stated(Part.ALLERGIES, Told.NONE_KNOWN)
        assert said[Part.PROCEDURES] == Stated(Part.PROCEDURES, Told.NOT_STATED)
