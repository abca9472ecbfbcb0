"""A stage as in the demonstration, lived in, with the portal and Pro Santé Connect served over loopback: for a real browser that signs in."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass

from health_house import put
from pro_sign_in_house import ProSignInHouse
from served_sign_in import Served

from carnet.cda.synthesis_model import Part, Stated, Told
from carnet.clock import DAY, MINUTE, system_clock
from carnet.demo import documents
from carnet.demo.people import BIOLOGIST, HOSPITAL_DOCTOR, LANTERNE, OTHER_GP, PAT_TROIS
from carnet.demo.years_of_care import years_of_care
from carnet.metadata import INVISIBLE_PATIENT, MASQUE_PS
from carnet.record.administration import Administration
from tests.record.synthesis_work import summary, told

LONG = "Lettre de liaison à la sortie de l'hôpital après une intervention programmée du genou droit"
STATED = (
    told(Part.PROBLEMS, "Diabète de type 2", "Asthme"),
    told(Part.TREATMENTS, "METFORMINE 1000 mg"),
    told(Part.FAMILY, "Hypertension"),
)
STEP_UP_MINUTES = 5
"""Fewer than a session may be idle: time goes on in the middle of a walk."""


@dataclass
class PortalStage:
    """The portal and its provider, served; `letter` and `report` are documents of the record in which there is most."""

    served: Served
    letter: str
    report: str

    @property
    def address(self) -> str:
        return self.served.address

    @property
    def issuer(self) -> str:
        return self.served.issuer

    @contextmanager
    def ahead(self, minutes: int):
        """The portal's clock runs ahead for a while. The provider's does not, so nobody can sign in meanwhile."""
        self._shift(minutes * MINUTE)
        yield
        self._shift(-minutes * MINUTE)

    def _shift(self, by: int) -> None:
        def shifted(house):
            house.offset += by

        self.served.ask(shifted)


def lived(house) -> tuple[str, str]:
    """Years of care in one record, a doctor's statements in two; the biologist is the médecin traitant of one patient, and of nobody else.

    Returns a letter and a report.
    """
    for _name, content in years_of_care(house.now):
        put(house, content)
    letter = house.add(LONG, by=HOSPITAL_DOCTOR, masks=(INVISIBLE_PATIENT,))
    house.add("Consultation", masks=(MASQUE_PS,), created=house.now - 40 * DAY)
    report = house.add("Bilan sanguin", made=documents.level_3, type=documents.LAB_REPORT)
    for patient in (PAT_TROIS, LANTERNE):
        put(house, summary(STATED, by=OTHER_GP, at=house.now - 9 * DAY, patient=patient), by=OTHER_GP, patient=patient)
    none = summary([Stated(Part.VACCINATIONS, Told.NONE_KNOWN)], by=OTHER_GP, at=house.now - DAY, patient=LANTERNE)
    put(house, none, by=OTHER_GP, patient=LANTERNE)
    Administration(house.gate, "operator:tests").declare_medecin_traitant(LANTERNE.identifier, BIOLOGIST.identifier)
    house.index()
    return letter.unique_id, report.unique_id


def stage(open_home, first_stage, folder) -> PortalStage:
    """The portal on a copy of the stage; whoever takes it closes it."""
    home = shutil.copytree(first_stage.home, folder / "home", ignore=shutil.ignore_patterns("callers"))
    letter, report = lived(open_home(home, system_clock()))
    return PortalStage(Served(home, {"pro_step_up_minutes": STEP_UP_MINUTES}, ProSignInHouse), letter, report)
