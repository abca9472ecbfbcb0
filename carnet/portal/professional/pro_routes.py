"""The professional's pages by their paths. A page that is not here is not linked."""

from __future__ import annotations

from starlette.routing import Route

from carnet.portal.professional.caller_visit import CallerPage, calling
from carnet.portal.professional.pro_space import ProSpace

GET, POST = "GET", "POST"
CALLER_PAGES: tuple[tuple[str, str, CallerPage], ...] = ()
"""Pages without a patient: method, path under /pro, page."""


def professional_routes(space: ProSpace) -> list[Route]:
    """Every route that needs a professional."""
    return [Route(f"/pro{path}", calling(space, page), methods=[method]) for method, path, page in CALLER_PAGES]
