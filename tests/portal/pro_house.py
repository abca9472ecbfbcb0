"""The professional's pages within this process: who is signed in is what the test says; sessions are given to them when they are built."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from carnet.portal.professional.caller import Caller
from carnet.portal.professional.pro_mounting import professional_space
from carnet.requester import Software


class Porter:
    """Says who the browser of a test is: the professional whose session stands under its cookie."""

    def __init__(self) -> None:
        self.known: dict[str, Caller] = {}

    def sign_in(self, requester) -> str:
        name = f"pro-session-{len(self.known)}"
        self.known[name] = Caller(name, requester, name.encode() * 4, 2**62, "Cabinet d'essai")
        return name

    def caller(self, request):
        return self.known.get(request.cookies.get("who", ""))

    def routes(self):
        return ()


@dataclass
class ProHouse:
    """The professional's pages on a house (its home, its people, its time)."""

    house: object
    porter: Porter = field(default_factory=Porter)

    def __post_init__(self) -> None:
        self.app = professional_space(self.house.gate, self.porter)

    def signed_in(self, who, **changes) -> str:
        """The cookie of a session of a professional, whose requester is as the shell makes it."""
        asks = self.house.caller(who, **changes)
        asks = replace(asks, patient=None, certificate="", portal=True, software=Software("Carnet", "test"))
        return self.porter.sign_in(asks)

    def browser(self, who, **changes):
        """A browser in which a professional is signed in."""
        return type(self.house.browser())(self.app, {"who": self.signed_in(who, **changes)})

    def find(self, browser, patient):
        """Asks for a record by its number; the address that it leads to."""
        page = browser.get("/pro")
        fields = page.fields("/pro") | {"ins": patient.identifier.value}
        return browser.send("/pro", fields)

    def opened(self, browser, patient) -> str:
        """The root of a record that was asked for."""
        found = self.find(browser, patient)
        assert found.status == 303, found.plain
        return found.headers["location"].removesuffix("/entree")

    def choose(self, browser, root, acces, **fields):
        """Takes one of the ways in."""
        page = browser.get(f"{root}/entree")
        return browser.send(f"{root}/entree", page.fields(f"{root}/entree") | {"acces": acces, **fields})
