"""What tests of syntheses do: documents that state things, and a doctor who drafts, corrects and signs."""

import asyncio
import uuid
from dataclasses import replace

from carnet.cda.header import read_header
from carnet.cda.participants import PROFESSIONALS, STRUCTURES, Identifier, Organization, Participant, Patient
from carnet.cda.synthesis_document import write_synthesis
from carnet.cda.synthesis_model import Model, Stated, Synthesis, SynthesisLine, Told
from carnet.client.feeding import from_cda
from carnet.clock import to_dtm
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.metadata import Code
from carnet.record.deposit_drafts import to_replace
from carnet.record.extract_filling import fill_fresh
from carnet.record.synthesis_acts import changing, drafting
from carnet.record.synthesis_signing import Former, basis, digest, signing, written

CIM_10 = "2.16.840.1.113883.6.3"


def told(part, *lines):
    return Stated(part, Told.LINES, tuple(SynthesisLine(one) if isinstance(one, str) else one for one in lines))


def summary(parts, *, by, at, patient=PAT_TROIS, replaces="", model=Model.IPS_FR):
    """A summary by a professional of the demonstration, at a moment in microseconds UTC."""
    unique_id = f"2.25.{uuid.uuid4().int}"
    setting = Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire")
    structure = Organization((Identifier(STRUCTURES, by.organization.identifier),), by.organization.name, setting)
    given, _, family = by.name.rpartition(" ")
    doctor = Participant(
        (Identifier(PROFESSIONALS, by.identifier),),
        Code("G15_10/SM26", "1.2.250.1.213.1.1.4.5", "Médecin - Qualifié en Médecine Générale (SM)"),
        family=family,
        given=given,
        organization=structure,
    )
    ins = Identifier(patient.identifier.authority, patient.identifier.value)
    traits = patient.traits
    person = Patient(
        (ins,),
        traits.birth_name,
        "",
        traits.birth_given_names,
        traits.birth_given_names.split(" ", maxsplit=1)[0],
        "",
        traits.sex,
        traits.birth_date,
        traits.birth_place,
    )
    sector = by.organization.sector
    signed, version = to_dtm(at), 2 if replaces else 1
    said = (sector, signed, tuple(parts), version, replaces, model)
    return write_synthesis(Synthesis(unique_id, replaces or unique_id, person, doctor, structure, *said))


def put_summary(room, parts, *, by=MEDECIN_TRAITANT, at=None, masks=(), number=1):
    """Puts such a document in by care software; its uniqueId. What it states can be read from then on."""
    content = summary(parts, by=by, at=at or room.now)
    (entry,) = room.put(from_cda(content, masks=masks, number=number), by=by)
    return entry.unique_id


def read_all(room):
    """Reads what came in, as the background does."""
    return asyncio.run(fill_fresh(room.gate, 1_000))


def doctor(room, who=MEDECIN_TRAITANT, **changes):
    return room.caller(who, portal=True, **changes)


def draft(room, requester=None):
    read_all(room)
    requester = requester or doctor(room)
    return room.do(requester, drafting(requester, final=True)).draft


def change(room, name, work, requester=None):
    requester = requester or doctor(room)
    return room.do(requester, changing(requester, name, work))


def former_of(room, requester, made):
    if not made.replaces:
        return None
    found = room.do(requester, to_replace(requester, made.replaces))
    return Former(read_header(room.give(found.located)), found.entry_uuid)


def sign(room, requester=None, *, shown="", model=Model.IPS_FR):
    """Shows what is drafted and signs it; the registered entry."""
    requester = requester or doctor(room)
    made = replace(room.do(requester, basis(requester)), model=model)
    former = former_of(room, requester, made)
    shown = shown or digest(written(requester, made, former))
    registered = room.do(requester, signing(room.platform, requester, made, former, shown=shown))
    (entry,) = [one for one in registered.entries if not one.is_signature]
    return entry


def bytes_of(room, unique_id, requester=None):
    (found,) = room.do(requester or room.caller(), room.retrieving(unique_id))
    return room.give(found)


def kept_words(drafted, part):
    return [one.line.label for one in drafted.kept_in(part)]
