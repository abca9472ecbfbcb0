"""The two content models of a synthesis as tables: type, templates, and which sections stand in which order, one inside another.

IPS-FR 2024.01 (F.51) is a flat list. VSM 1.4 (F.13) has three chapters around the same sections; its text of points to watch stands in « Résultats
d'examens ». What it has no section for follows them, in the sections of the other: its templates are open, and no line of a doctor is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from carnet.cda.synthesis_model import LOINC, NO_CODE, Model, Part
from carnet.cda.synthesis_templates import FR, PCC, SECTIONS, SectionTemplate
from carnet.metadata import Code

IPS_FR = "1.2.250.1.213.1.1.1.51"
VSM = "1.2.250.1.213.1.1.1.13"
RESULTS = "30954-2"
"""LOINC of the section in which a VSM has its points to watch."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section that holds others, and says nothing itself."""

    section: SectionTemplate
    holds: tuple[Part | Chapter, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """One content model. `templates` are roots with their extension; `event` is what the document is the result of, NO_CODE for what it need not say.

    `added` are parts that the model itself has no section for.
    """

    type: Code
    templates: tuple[tuple[str, str], ...]
    outline: tuple[Part | Chapter, ...]
    sections: Mapping[Part, SectionTemplate]
    event: Code = NO_CODE
    added: tuple[Part, ...] = ()


def _chapter(code: str, display: str, title: str, number: int, *holds: Part | Chapter) -> Chapter:
    return Chapter(SectionTemplate(Code(code, LOINC, display), title, (f"{FR}.2.{number}",)), holds)


_ADDED = (Part.DEVICES, Part.FUNCTION, Part.MEASUREMENTS, Part.VACCINATIONS)
_CONDITIONS = _chapter(
    "34117-2", "Historique et physique", "Pathologies en cours, antécédents et allergies", 30,
    Part.PROBLEMS, Part.HISTORY, Part.PROCEDURES, Part.ALLERGIES,
)  # fmt: skip
_RISKS = _chapter(
    "57207-3", "Facteurs de risque présents ou passés affectant l'état de santé et/ou une circonstance", "Facteurs de risque", 31,
    Part.HABITS, Part.WORK, Part.FAMILY,
)  # fmt: skip
LAYOUTS: Mapping[Model, Layout] = MappingProxyType(
    {
        Model.IPS_FR: Layout(
            type=Code("60591-5", LOINC, "Synthèse médicale"),
            templates=(("2.16.840.1.113883.10.22.1.1", ""), (IPS_FR, "2024.01")),
            outline=tuple(SECTIONS),
            sections=SECTIONS,
        ),
        Model.VSM: Layout(
            type=Code("SYNTH", "1.2.250.1.213.1.1.4.12", "Synthèse"),
            templates=((VSM, "201310"),),
            outline=(
                _chapter(
                    "46612-8", "Conclusions de synthèse", "Pathologies en cours, antécédents, allergies et facteurs de risque", 29,
                    _CONDITIONS, _RISKS,
                ),
                Part.ALERTS,
                _chapter("18776-5", "Plan de traitement", "Traitement au long cours", 32, Part.TREATMENTS),
                *_ADDED,
            ),
            sections={
                **SECTIONS,
                Part.ALERTS: SectionTemplate(
                    Code(RESULTS, LOINC, "Résultats d'examens"), "Points de vigilance", (f"{PCC}.3.27", f"{FR}.2.150"), mandatory=True
                ),
                Part.DEVICES: replace(SECTIONS[Part.DEVICES], mandatory=False),
            },
            event=Code("34117-2", LOINC, "Historique et clinique"),
            added=_ADDED,
        ),
    }
)  # fmt: skip
