"""Every page of the portal in one browser: opened, made where a form makes it, and looked at."""

from __future__ import annotations

import re
from urllib.parse import quote

from playwright.sync_api import Page
from pro_addresses import BEFORE, MISHAPS, PAGES
from pro_stage import PortalStage
from pro_steps import LETTER
from soundness import Looker

from carnet.demo.people import GIROUETTE, LANTERNE, MEDECIN_TRAITANT, PAT_TROIS
from carnet.portal.security_headers import POLICY
from carnet.record.draft_keeping import unique_id_of

FRAME = "/cadre"


class Round:
    """The médecin traitant of most people of the stage, who looks at everything; `looker` notes it by the address as it is written in PAGES."""

    def __init__(self, stage: PortalStage, page: Page, looker: Looker) -> None:
        self.stage, self.page, self.looker = stage, page, looker
        self.names = {"letter": quote(stage.letter, safe=""), "report": quote(stage.report, safe="")}

    def signs_in(self) -> None:
        """Comes from care software with a number in the address, which nobody sees any more from then on."""
        self.page.goto(f"{self.stage.address}/AccesDirect/GestionDMPPatient/{PAT_TROIS.identifier.value}")
        self.looker.look(*BEFORE["/pro/connexion"])
        self._shows_who_it_is()

    def comes(self) -> None:
        """The same, without a look at anything."""
        self.page.goto(f"{self.stage.address}/AccesDirect/GestionDMPPatient/{PAT_TROIS.identifier.value}")
        self._shows_who_it_is()

    def _shows_who_it_is(self) -> None:
        self.page.locator("a[href='/pro/connexion/psc']").click()
        self.page.locator(f"button[value='{MEDECIN_TRAITANT.identifier}']").click()
        self.page.wait_for_url("**/pro/patients/**")
        self.names["inside"] = self._root()

    def prepares(self) -> None:
        """What pages are about, and no link makes: other records, a deposit that waits, one that is done."""
        self.names["empty"] = self._opens(GIROUETTE)
        self.names["outside"] = self._opens(LANTERNE)
        for route in ("/identite", "/entree"):
            self._visits(next(one for one in PAGES if one.endswith(f"}}{route}")))
        self._wrong_reason()
        self._identity_checked()
        self.names["begun"] = self._deposit()
        self.names["done"] = done = self._deposit()
        self.page.goto(f"{self.stage.address}{self.names['inside']}/deposer/{done}/verification")
        self.page.locator("main form button").first.click()
        self.page.wait_for_url("**/fait")
        self.names["deposited"] = unique_id_of(done)
        self.names["urgent"] = self._in_an_emergency()

    def looks_at_everything(self) -> None:
        """Each address of each route; those of no page; what a wrong answer brings."""
        for route in PAGES:
            self._visits(route)
        for address in MISHAPS:
            self._look(address, address, 404)
        self.page.goto(f"{self.stage.address}/pro")
        self.page.fill("#ins", "12")
        self.page.locator("form:has(#ins) button").click()
        self.looker.look("/pro with a wrong number")

    def _visits(self, route: str) -> None:
        for written in PAGES[route]:
            self._look(written, written.format(**self.names), 404 if route.startswith("/AccesDirect") else 200)

    def _look(self, name: str, path: str, status: int) -> None:
        if (name, 320) in self.looker.looked:
            return
        answer = self.page.goto(self.stage.address + path)
        frame, policy = path.endswith(FRAME), answer.headers["content-security-policy"]
        sound = "sandbox" in policy and "script-src" not in policy if frame else policy == POLICY
        if answer.status != status or not sound:
            self.looker.faults.append(f"{name}: {answer.status}, {policy}")
        if not answer.url.endswith(path):
            self.looker.faults.append(f"{name}: led on to {answer.url}")
        self.looker.look(name, frame=answer.text() if frame else "")

    def _opens(self, patient) -> str:
        self.page.goto(f"{self.stage.address}/pro")
        self.page.fill("#ins", patient.identifier.value)
        with self.page.expect_navigation(url=re.compile("/pro/patients/")):
            self.page.keyboard.press("Enter")
        return self._root()

    def _root(self) -> str:
        return "/pro/patients/" + self.page.locator("[data-opened]").get_attribute("data-opened")

    def _wrong_reason(self) -> None:
        self.page.select_option("#motif", index=1)
        self.page.fill("#phrase", "x")
        self.page.locator("form:has(#motif) button").click()
        self.looker.look("{outside}/entree with a reason that is none")

    def _identity_checked(self) -> None:
        self.page.goto(f"{self.stage.address}{self.names['inside']}/identite")
        self.page.check("#controle")
        with self.page.expect_navigation():
            self.page.locator("form:has(#controle) button").click()

    def _deposit(self) -> str:
        """A deposit that was described and waits; the name of its draft."""
        self.page.goto(f"{self.stage.address}{self.names['inside']}/deposer")
        self.page.set_input_files("#fichiers", files=[LETTER])
        self.page.locator("form[enctype] button").click()
        self.page.wait_for_url("**/description")
        self.page.check("#visibilite-normale")
        self.page.locator("form.stack button").click()
        self.page.wait_for_url("**/verification")
        return self.page.url.split("/")[-2]

    def _in_an_emergency(self) -> str:
        root = self._opens(LANTERNE)
        self.page.select_option("#motif", index=1)
        self.page.fill("#phrase", "Patient inconscient aux urgences")
        self.page.locator("form:has(#motif) button").click()
        self.page.wait_for_selector(".pro-urgent")
        return root
