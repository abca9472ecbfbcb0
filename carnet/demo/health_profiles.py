"""The health profiles and emergency cards of the demonstration: a grown-up's by herself, a child's by her mother."""

from __future__ import annotations

from collections.abc import Mapping

from carnet.consent.acting_links import Representation
from carnet.demo.people import MIRABELLE, NESSI, PAT_TROIS, DemoPatient
from carnet.demo.stage import OPERATOR
from carnet.record.delegations import Delegations
from carnet.record.gate import Gate
from carnet.record.own_card import OwnCard
from carnet.record.own_profile import OwnProfile

OF_THE_PATIENT: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("diseases", {"name": "Diabète de type 2", "since": "2016"}),
    ("treatments", {"name": "Metformine 850 mg", "dose": "matin et soir", "since": "2016"}),
    ("allergies", {"name": "Pénicilline", "reaction": "gonflement du visage"}),
    ("stays", {"name": "Appendicectomie", "since": "mars 1994", "place": "Centre hospitalier de Valmorte"}),
    ("blood", {"group": "O-"}),
    ("contacts", {"name": "Camille Dupré", "relation": "voisine", "phone": "01 99 00 12 34"}),
    ("trusted", {"name": "Sacha Lindier", "relation": "frère", "phone": "02 61 91 23 45"}),
    ("directives", {"statement": "written", "place": "chez mon frère, dans le bureau"}),
    ("donation", {"statement": "agrees"}),
    ("lifestyle", {"topic": "activity", "note": "Une heure de marche par jour"}),
)
SHOWN = frozenset({"diseases", "treatments", "allergies", "blood", "contacts", "trusted", "directives"})
OF_THE_CHILD: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("allergies", {"name": "Arachide", "reaction": "urticaire"}),
    ("contacts", {"name": "Ruth Decourcy", "relation": "mère", "phone": "01 99 00 56 78"}),
)


def declare_profiles(gate: Gate) -> str:
    """Declares both, and puts what helps on the cards; returns a line that says so."""
    _declare(gate, PAT_TROIS, OF_THE_PATIENT, OwnProfile(gate, OPERATOR), nothing=("handicaps",))
    Delegations(gate, OPERATOR).declare(MIRABELLE.identifier, NESSI.identifier, Representation.FIRST_REPRESENTATIVE)
    mother = NESSI.identifier
    _declare(gate, MIRABELLE, OF_THE_CHILD, OwnProfile(gate, OPERATOR, mother), nothing=("diseases", "treatments"))
    return f"{len(OF_THE_PATIENT)} statements of {PAT_TROIS.traits.birth_name}, {len(OF_THE_CHILD)} of a child by her mother, and their emergency cards"


def _declare(
    gate: Gate,
    patient: DemoPatient,
    statements: tuple[tuple[str, Mapping[str, str]], ...],
    desk: OwnProfile,
    *,
    nothing: tuple[str, ...],
) -> None:
    shown = {desk.declare(patient.identifier, section, given): section for section, given in statements}
    for section in nothing:
        desk.nothing(patient.identifier, section)
    on_card = {name for name, section in shown.items() if section in SHOWN} | {"name", "birth", "doctor"}
    OwnCard(gate, OPERATOR, desk.acting).choose(patient.identifier, frozenset(on_card))
