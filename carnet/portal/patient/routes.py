"""The pages of the patient's space by their paths. A page that is not here is not linked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from carnet.portal.space import Endpoint, Space


def patient_routes(space: Space) -> list[Route]:
    """Every route that needs a person."""
    return [Route("/", space.endpoint(_home(space)), methods=["GET"])]


def _home(space: Space) -> Endpoint:
    async def home(request: Request) -> Response:
        space.current_person(request)
        return space.page(request, "home.html")

    return home
