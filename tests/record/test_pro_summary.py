"""The summary that opens a record: what documents that the professional may read state, each line with its source, and nothing that was not said."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from carnet.audit.act_words import words_of
from carnet.client.feeding import from_cda
from carnet.clock import DAY, HOUR, MINUTE
from carnet.demo.care_documents import (
    DISPENSING,
    VACCINATIONS,
    Jab,
    Ordered,
    Product,
    dispensing,
    prescription,
    vaccination_history,
)
from carnet.demo.documents import CONSULTATION, LAB_REPORT, PRESCRIPTION, Draft
from carnet.demo.lab_reports import Measured, lab_draft, lab_report
from carnet.demo.people import COMMUNITY_NURSE, HOSPITAL_DOCTOR, MEDECIN_TRAITANT, PAT_TROIS
from carnet.errors import Refused
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS, AvailabilityStatus, Code
from carnet.record.extract_filling import fill_fresh
from carnet.record.patient_acts import PatientActs
from carnet.record.pro_summary import summary
from tests.cda.stated_by_hand import OF_OTHERS, STATED_BY_HAND, WORDED_BY_HAND

sys.path.insert(0, str(Path(__file__).parent))

from stated_documents import ACTIVE, ALLERGIES, PAST, absent, entry, section, stating

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "cda"
NOT_FOR_NURSES = Code("89601-9", "2.16.840.1.113883.6.1", "Note d'hospitalisation")
PENICILLIN = entry("Z88.0", "Pénicilline", start="20190102", nature="allergie médicamenteuse")


def put(room, content, *, masks=(), by=MEDECIN_TRAITANT, **about):
    return room.put(from_cda(content, masks=masks), by=by, **about)[0]


def index(room):
    """Reads what was put in, as the server does a second later."""
    return asyncio.run(fill_fresh(room.gate, 1_000))


def summed(room, who=MEDECIN_TRAITANT, **about):
    index(room)
    return room.do(room.caller(who, **about), summary())


def told(lines):
    return [(line.said.label, line.named) for line in lines]


# --- the public examples, by hand -------------------------------------------------------------------------------------

VSM, IPS, LETTER, RISK = "VSM_1.4_2022.01", "IPS-FR_2024.01", "LDL-SES_2022.01", "CARD-F-PRC-AVK_2022.01"
ORDER, JABS = "eP-MED-DM_2024.01_PosoNonStruct", "VAC_2023.01"
GLUCOSE, THYROID = "BIO-CR-BIO_2024.01_Glycemie_mole", "BIO-CR-BIO_2024.01_TSH_2"
BY_HAND = {
    # block: lines as (what is said, the document that says it), in the order of the page: the synthesis first, then the newest document
    "allergies": [
        ("PARACETAMOL", IPS), ("PARACETAMOL", VSM), ("paracétamol", RISK),
        ("ofloxacine", RISK), ("gliclazide", RISK), ("colestyramine", RISK),
    ],
    "active": [
        ("Thyroïdite auto-immune", IPS), ("Diabète insulino-dépendant", IPS), ("epilepsie", IPS), ("Angiœdème bradykinique", IPS),
        ("Causes inconnues et non précisées de morbidité", IPS),
        ("Accident ischémique cérébral transitoire, sans précision", VSM), ("Accident ischémique cérébral transitoire, sans précision", RISK),
        ("Angine de poitrine instable", VSM), ("Angine de poitrine instable", RISK),
    ],
    "past": [
        ("Accident Ischémique Cérébral Transitoire", IPS), ("Pyélonéphrite aiguë", IPS), ("Pyélonéphrite aiguë", VSM),
        ("Infarctus transmural aigu du myocarde, de la paroi inférieure", VSM),
    ],
    "prescribed": [
        ("PARACETAMOL MYLAN 500 mg, comprimé", ORDER), ("Préparation magistrale : - 30g de diprosone - 70g de Cérat Frais de Galien", ORDER),
    ],
    "dispensed": [],
    "stated": [
        ("LEVOTHYROX 75 microgrammes", IPS), ("ROSUVASTATINE EG 5 mg, comprimé pelliculé", IPS), ("Autre(s) traitement(s)", IPS),
        ("PLAVIX 75 mg", VSM), ("COUMADINE 5mg", VSM), ("COUMADINE 5mg", RISK),
        ("PLAVIX 75 mg", RISK), ("COUMADINE 5mg", RISK), ("PLAVIX 75 mg", RISK),
    ],
    "due": [("Vaccin antituberculeux", IPS), ("Autre vaccin", IPS)],
    "results": [("40193-5", "4.89", GLUCOSE), ("29575-8", "1.950", THYROID), ("3024-7", "7.67", THYROID)],
    "letters": [LETTER, RISK],
}  # fmt: skip

COVID, STREP = "BIO-TROD_2024.01_COVID-19_Grippe-A_Grippe-B", "BIO-TROD_2024.01_Angine"
URINE = "BIO-CR-BIO_2024.01_Microbiologie_V2"
NEWEST_RESULTS = [
    # the table of the first says « négatif » and « positif » where its codes say the contrary: both are told
    ("94558-4", "négatif", COVID), ("80382-5", "négatif (codé « positif »)", COVID), ("80383-3", "positif (codé « négatif »)", COVID),
    ("78012-2", "négatif", STREP), ("5778-6", "paille", URINE), ("5767-9", "clair", URINE), ("30405-5", "500", URINE), ("30391-7", "200", URINE),
    ("30383-4", "absence", URINE), ("653-6", "nombreux Gram - ; quelques Gram +", URINE), ("51480-2", "120000", URINE),
    ("20-8", "≥ 0.512", URINE), ("28-1", "< 0.128", URINE), ("18928-2", "< 0.032", URINE),
    ("51480-2", "200000", URINE), ("20-8", "< 0.012", URINE), ("28-1", "< 0.013", URINE), ("18928-2", "< 0.014", URINE),
]  # fmt: skip
SCANNED = {"BIO-CR-BIO_2021.01_CDA-R2-Niveau-1", "DOC_NON_STRUCTURE_CDA-R2-N1"}
"""Files of many pages that state nothing by structure: left out for the seconds that their text takes."""
NEWEST_LETTERS = [
    "OPH-BRE_2022.02", "CANCER-D2LM-FIN_2022.01", "TLM-DA_2022.01_TE1_anamnese-non-structuree", "TLM-DA_2022.01_TCG",
    "CANCER-PPS_2022.01_Autopresentable", "IMG_CR_IMG_2024.01",
]  # fmt: skip


@pytest.mark.skipif(
    not SAMPLES.exists(),
    reason="../shared/samples/cda is not here: the documents that tests make are read all the same",
)
def test_the_lines_of_a_record_of_public_examples_are_those_read_by_hand_each_with_its_source(room):
    names = {}
    for name in (VSM, IPS, LETTER, RISK, ORDER, JABS, GLUCOSE, THYROID):
        names[put(room, (SAMPLES / f"{name}.xml").read_bytes()).unique_id] = name
    found = summed(room)

    def lines(some):
        return [(getattr(one.said, "label", "") or one.said.name, *map(names.get, one.named)) for one in some]

    made = {
        "allergies": lines(found.lists.allergies.affirmed),
        "active": lines(found.lists.active.affirmed),
        "past": lines(found.lists.past.affirmed),
        **{one.name: lines((*one.going, *one.over)) for one in found.treatments.groups},
        "due": lines(found.vaccinations.due),
        "results": [(one.key, one.results[0].values[0].shown, names[one.unique_id]) for one in found.results],
        "letters": [names[one] for one in found.letters],
    }
    assert made == BY_HAND
    worded = found.lists.allergies.worded
    assert [(one.said.text, names[one.named[0]]) for one in worded] == [
        ("Aucune allergie / intolérance identifiée pendant le séjour", LETTER)
    ]
    assert [one.said.start[:8] for one in found.vaccinations.done] == ["20210409", *["20090928"] * 4, "1975"]
    assert (found.documents, found.silent, found.missing.unique_ids) == (8, 0, ())
    assert names[found.synthesis.unique_id] == IPS
    assert not found.synthesis.by_attending
    assert {names[one] for one in found.tellings} == set(names.values())


@pytest.mark.skipif(
    not SAMPLES.exists(),
    reason="../shared/samples/cda is not here: the documents that tests make are read all the same",
)
def test_every_statement_of_every_public_example_stands_on_the_summary_with_its_source_and_nothing_else_does(room):
    names = {}
    for path in sorted(SAMPLES.glob("*.xml")):
        if path.stem not in OF_OTHERS | SCANNED:
            names[put(room, path.read_bytes()).unique_id] = path.stem
    found = summed(room)

    def problems(some):
        for one in (*some.affirmed, *some.denied):
            said = one.said
            doubts = " ".join(filter(None, (said.standing.code, said.certainty.code)))
            yield one, ("not " if said.denied else "") + said.label, said.start, said.end, doubts

    def medicines(*some):
        for one in (line for lines in some for line in lines):
            yield one, one.said.name, one.said.start, one.said.end

    def jabs(some):
        for one in some:
            yield one, one.said.name, one.said.start, one.said.end, one.said.rank

    lists, vaccinations = found.lists, found.vaccinations
    made = {
        "active": problems(lists.active),
        "past": problems(lists.past),
        "allergies": problems(lists.allergies),
        **{one.name: medicines(one.going, one.over) for one in found.treatments.groups},
        "done": jabs(vaccinations.done),
        "refused": jabs(vaccinations.refused),
        "due": medicines(vaccinations.due),
    }
    stood = Counter(
        (names[document.found.unique_id], name, *words)
        for name, lines in made.items()
        for line, *words in lines
        for document in line.documents
    )
    read = Counter(
        (sample, name, *words)
        for sample, said in STATED_BY_HAND.items()
        if sample not in OF_OTHERS
        for name, lines in said.items()
        for words in lines
    )
    assert stood == read
    worded = {
        (names[one.named[0]], name): one.said.text
        for name in ("active", "past", "allergies")
        for one in getattr(lists, name).worded
    }
    assert worded == {(sample, name): text for sample, said in WORDED_BY_HAND.items() for name, text in said.items()}
    results = [(one.key, one.results[0].values[0].shown, names[one.unique_id]) for one in found.results]
    assert results[: len(NEWEST_RESULTS)] == NEWEST_RESULTS
    assert [names[one] for one in found.letters] == NEWEST_LETTERS
    assert (found.documents, found.missing.unique_ids, found.letter_count) == (len(names), (), 17)
    assert not any((lists.active.absences, lists.past.absences, lists.allergies.absences, found.treatments.absences))


# --- what is not said ---------------------------------------------------------------------------------------------------


def test_a_record_without_documents_says_so_and_nothing_else(room):
    found = summed(room)
    assert found.documents == 0
    assert found.synthesis is None
    assert found.tellings == {}


def test_what_no_document_says_is_not_stated_and_never_none(room):
    put(room, stating(room.now - DAY, section(ACTIVE, entry("I10", "Hypertension"))))
    found = summed(room)
    assert found.lists.allergies.silent
    assert found.lists.past.silent
    assert not found.lists.active.silent
    assert found.lists.allergies.absences == found.treatments.absences == found.vaccinations.absences == ()


def test_a_stated_absence_is_told_with_who_states_it(room):
    stated = put(room, stating(room.now - DAY, section(ALLERGIES, absent("no-known-allergies"))))
    narrower = put(room, stating(room.now - 2 * DAY, section(ALLERGIES, absent("no-known-food-allergies"))))
    found = summed(room).lists.allergies
    assert [(one.said.of, one.said.known, one.named) for one in found.absences] == [
        ("", True, (stated.unique_id,)),
        ("food", True, (narrower.unique_id,)),
    ]
    assert not found.silent
    assert not found.contradictory


def test_contradictions_are_shown_both(room):
    put(room, stating(room.now - DAY, section(ALLERGIES, absent("no-known-allergies"))))
    put(room, stating(room.now - 2 * DAY, section(ALLERGIES, PENICILLIN)))
    put(room, stating(room.now - 3 * DAY, section(PAST, entry("I21", "Infarctus"))))
    put(room, stating(room.now - 4 * DAY, section(PAST, entry("I21", "Infarctus", denied=True))))
    lists = summed(room).lists
    assert lists.allergies.contradictory
    assert len(lists.allergies.affirmed) == len(lists.allergies.absences) == 1
    assert lists.past.contradictory
    assert [one.said.denied for one in (*lists.past.affirmed, *lists.past.contradicted)] == [False, True]
    assert not lists.active.contradictory


def test_the_same_statement_of_two_documents_is_one_line_with_both_and_another_date_is_another_line(room):
    old = put(room, stating(room.now - 9 * DAY, section(ALLERGIES, PENICILLIN)))
    new = put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)))
    other = put(room, stating(room.now - 5 * DAY, section(ALLERGIES, entry("Z88.0", "Pénicilline", start="2001"))))
    lines = summed(room).lists.allergies.affirmed
    assert [one.named for one in lines] == [(new.unique_id, old.unique_id), (other.unique_id,)]


def test_an_entry_that_names_nothing_is_no_allergy_and_its_list_stands_in_its_words(room):
    empty = entry("", "", nature="allergie médicamenteuse").replace('code="" codeSystem="2.16.840.1.113883.6.3" ', "")
    put(room, stating(room.now - DAY, section(ALLERGIES, empty, text="Aucune allergie identifiée")))
    found = summed(room).lists.allergies
    assert found.affirmed == ()
    assert [one.said.text for one in found.worded] == ["Aucune allergie identifiée"]


def test_documents_without_structure_and_those_not_read_yet_are_told_in_numbers(room):
    put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)))
    room.put(room.document())
    found = summed(room)
    assert (found.documents, found.silent, found.missing.unique_ids) == (2, 1, ())
    late = put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)))
    found = room.do(room.caller(), summary())
    assert (found.documents, found.silent, found.missing.unique_ids) == (3, 1, (late.unique_id,))


# --- the synthesis of the attending doctor -----------------------------------------------------------------------------


def test_the_synthesis_of_the_attending_doctor_comes_first_with_its_lines_and_its_age(room):
    other = put(room, stating(room.now - DAY, section(ACTIVE, entry("J45", "Asthme")), author=HOSPITAL_DOCTOR))
    theirs = put(
        room, stating(room.now - 400 * DAY, section(ACTIVE, entry("I10", "Hypertension"), entry("J45", "Asthme")))
    )
    found = summed(room, HOSPITAL_DOCTOR)
    assert (found.synthesis.unique_id, found.synthesis.by_attending, found.synthesis.days) == (
        theirs.unique_id,
        True,
        400,
    )
    assert told(found.lists.active.affirmed) == [
        ("Asthme", (theirs.unique_id, other.unique_id)),
        ("Hypertension", (theirs.unique_id,)),
    ]


def test_without_one_of_theirs_the_newest_is_told_as_another_s(room):
    put(room, stating(room.now - 9 * DAY, section(ACTIVE, entry("I10", "A")), author=HOSPITAL_DOCTOR))
    newest = put(room, stating(room.now - DAY, section(ACTIVE, entry("J45", "B")), author=HOSPITAL_DOCTOR))
    found = summed(room)
    assert (found.synthesis.unique_id, found.synthesis.by_attending) == (newest.unique_id, False)


# --- treatments, vaccinations, letters -----------------------------------------------------------------------------------


def test_prescribed_and_dispensed_stand_apart_and_what_is_over_after_what_is_going_on(room):
    day = "20240105"
    ordered = [
        Ordered(Product("FINI"), "1", day, "20240110"),
        Ordered(Product("EN COURS"), "1", day),
        Ordered(Product("STOP"), "1", day, status="aborted"),
    ]
    put(room, prescription(Draft(room.now - DAY, type=PRESCRIPTION), ordered))
    put(room, dispensing(Draft(room.now - DAY, type=DISPENSING), [Ordered(Product("EN COURS"), "1", day)]))
    groups = {one.name: one for one in summed(room).treatments.groups}
    assert [one.said.name for one in groups["prescribed"].going] == ["EN COURS"]
    assert [one.said.name for one in groups["prescribed"].over] == ["FINI", "STOP"]
    assert [one.said.name for one in groups["dispensed"].going] == ["EN COURS"]
    assert groups["stated"].going == groups["stated"].over == ()


def test_vaccinations_done_and_due(room):
    jabs = [
        Jab(Product("GRIPPE"), "20251018"),
        Jab(Product("DTP"), "20181214"),
        Jab(Product("GRIPPE"), "20261213", due=True),
    ]
    put(room, vaccination_history(Draft(room.now - DAY, type=VACCINATIONS), jabs))
    found = summed(room).vaccinations
    assert [one.said.name for one in found.done] == ["GRIPPE", "DTP"]
    assert [one.said.start for one in found.due] == ["20261213"]


def test_letters_are_neither_reports_of_laboratories_nor_syntheses(room):
    letter = put(room, stating(room.now - DAY, section(PAST, entry("I10", "A")), type=CONSULTATION))
    put(room, lab_report(lab_draft(room.now), [Measured("2823-3", "Potassium", "4.0", "mmol/L", "202401050830+0100")]))
    put(room, stating(room.now - DAY, section(ACTIVE, entry("J45", "B"))))
    found = summed(room)
    assert found.letters == (letter.unique_id,)
    assert [one.key for one in found.results] == ["2823-3"]


# --- new since this professional last looked ---------------------------------------------------------------------------


def test_what_is_new_is_each_professional_s_own_and_stays_new_for_half_an_hour(room):
    put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)))
    assert summed(room, HOSPITAL_DOCTOR).arrivals.since is None
    room.now += HOUR
    fresh = put(room, stating(room.now - DAY, section(ACTIVE, entry("I10", "A"))))
    room.now += MINUTE
    for _ in range(2):
        arrivals = summed(room, HOSPITAL_DOCTOR).arrivals
        assert (arrivals.count, arrivals.newest) == (1, (fresh.unique_id,))
        room.now += MINUTE
    assert summed(room, COMMUNITY_NURSE).arrivals.since is None
    room.now += HOUR
    assert summed(room, HOSPITAL_DOCTOR).arrivals.count == 0


def test_what_is_unmasked_is_new_to_who_could_not_see_it(room):
    secret = put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)), masks=(MASQUE_PS,))
    old = put(room, stating(room.now - DAY, section(ACTIVE, entry("I10", "A"))))
    assert summed(room, COMMUNITY_NURSE).documents == 1
    room.now += HOUR
    PatientActs(room.gate, "operator:tests").unmask(PAT_TROIS.identifier, secret.unique_id)
    assert summed(room, COMMUNITY_NURSE).arrivals.newest == (secret.unique_id,)
    assert old.unique_id in summed(room, COMMUNITY_NURSE).tellings


def test_one_s_own_deposit_is_not_new_to_oneself(room):
    put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)))
    for who in (MEDECIN_TRAITANT, HOSPITAL_DOCTOR):
        summed(room, who)
    room.now += HOUR
    put(room, stating(room.now - DAY, section(ACTIVE, entry("I10", "A"))))
    assert summed(room, MEDECIN_TRAITANT).arrivals.count == 0
    assert summed(room, HOSPITAL_DOCTOR).arrivals.count == 1


def test_the_database_tells_neither_who_looked_nor_when(room):
    put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)))
    summed(room)
    ((patient_key, looker, sealed),) = room.rows("SELECT patient_key, looker, sealed_moments FROM professional_look")
    kept = bytes(looker) + bytes(sealed)
    assert MEDECIN_TRAITANT.identifier.encode() not in kept
    assert room.now.to_bytes(8, "big") not in kept
    key = room.platform.keyring.patient_key(
        room.rows("SELECT pseudonym FROM patient WHERE patient_key = ?", patient_key)[0][0]
    )
    assert room.now.to_bytes(8, "big") in key.open(bytes(sealed), f"look|{bytes(looker).hex()}")


# --- the hidden is not there ---------------------------------------------------------------------------------------------


def hidden_documents(room):
    """Documents that a nurse of the team may not read, each of which would change a block."""
    secret = section(ALLERGIES, entry("Z88.8", "SECRET")), section(ACTIVE, entry("Z99", "SECRET"))
    results = [Measured("999-1", "SECRET", "1", "g", "20260101083000+0100")]
    yield stating(room.now - DAY, *secret), (MASQUE_PS,)
    yield stating(room.now - DAY, *secret, type=NOT_FOR_NURSES), ()
    yield stating(room.now - DAY, *secret, type=CONSULTATION), (MASQUE_PS,)
    yield lab_report(Draft(room.now - DAY, type=LAB_REPORT), results), (MASQUE_PS,)
    yield prescription(Draft(room.now - DAY, type=PRESCRIPTION), [Ordered(Product("SECRET"), "1")]), (MASQUE_PS,)
    yield (
        vaccination_history(Draft(room.now - DAY, type=VACCINATIONS), [Jab(Product("SECRET"), "20251018")]),
        (MASQUE_PS,),
    )


def plain(found):
    """A summary without the moment of looking."""
    return replace(
        found,
        arrivals=replace(found.arrivals, since=None),
        synthesis=found.synthesis and replace(found.synthesis, days=0),
    )


def test_hidden_documents_change_nothing_not_even_a_count(room):
    put(room, stating(room.now - 9 * DAY, section(ALLERGIES, PENICILLIN)))
    summed(room, COMMUNITY_NURSE)
    room.now += HOUR
    before = plain(summed(room, COMMUNITY_NURSE))
    for content, masks in hidden_documents(room):
        put(room, content, masks=masks)
        assert plain(room.do(room.caller(COMMUNITY_NURSE), summary())) == before  # before it is read
        assert plain(summed(room, COMMUNITY_NURSE)) == before
    assert summed(room).documents == 7


def test_control_a_viewer_that_sees_everything_is_caught(room, monkeypatch):
    put(room, stating(room.now - 9 * DAY, section(ALLERGIES, PENICILLIN)))
    before = plain(summed(room, COMMUNITY_NURSE))
    for content, masks in hidden_documents(room):
        put(room, content, masks=masks)
    monkeypatch.setattr("carnet.authorization.engine.Viewer.sees", lambda *_given: True)
    found = plain(summed(room, COMMUNITY_NURSE))
    assert found.documents != before.documents
    assert "SECRET" in {line.said.label for line in found.lists.allergies.affirmed}


def test_what_the_patient_masks_is_absent_and_what_waits_for_its_announcement_is_marked(room):
    waiting = put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)), masks=(INVISIBLE_PATIENT,))
    found = summed(room, COMMUNITY_NURSE)
    assert found.tellings[waiting.unique_id].masks == {INVISIBLE_PATIENT}
    other = put(room, stating(room.now - DAY, section(ALLERGIES, entry("Z88.8", "Autre"))))
    PatientActs(room.gate, "operator:tests").mask(PAT_TROIS.identifier, other.unique_id)
    assert summed(room, COMMUNITY_NURSE).documents == 1
    found = summed(room).tellings
    assert (found[other.unique_id].document.masked, found[waiting.unique_id].document.masked) == (True, False)


def test_replaced_archived_and_deleted_documents_say_nothing(room):
    for status in (AvailabilityStatus.ARCHIVED, AvailabilityStatus.DELETED):
        one = put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)))
        assert summed(room).documents == 1
        room.do(room.caller(), room.status(one, status))
        assert summed(room).documents == 0


def test_who_has_no_access_gets_nothing_and_leaves_no_look(room):
    put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)))
    PatientActs(room.gate, "operator:tests").block(PAT_TROIS.identifier, COMMUNITY_NURSE.identifier)
    with pytest.raises(Refused):
        summed(room, COMMUNITY_NURSE)
    assert room.rows("SELECT count(*) FROM professional_look")[0][0] == 0


def test_the_trace_tells_the_documents_that_were_shown(room):
    shown = put(room, stating(room.now - DAY, section(ALLERGIES, PENICILLIN)))
    put(room, stating(room.now - DAY, section(ALLERGIES, entry("Z88.8", "SECRET"))), masks=(MASQUE_PS,))
    index(room)
    ticket = room.last_ticket()
    room.do(room.caller(COMMUNITY_NURSE), summary())
    (line,) = room.lines_since(ticket)
    assert (line["action"], line["outcome"], line["objects"]) == ("pro/summary", "done", (shown.unique_id,))
    for action in ("pro/summary", "pro/results", "pro/result-history", "pro/timeline"):
        assert words_of(action).about == "documents"
