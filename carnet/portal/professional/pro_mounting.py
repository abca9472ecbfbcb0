"""The professional's pages as one application: what answers at /pro and at the contextual addresses (TD0.9)."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from carnet.portal.assets import PREFIX, Assets
from carnet.portal.professional.caller import Callers, NoCallers
from carnet.portal.professional.pro_routes import professional_routes
from carnet.portal.professional.pro_space import ProSpace
from carnet.portal.security_headers import SecurityHeaders
from carnet.portal.shell_routes import language_chosen, not_there, shown
from carnet.record.gate import Gate

ROOTS = ("/pro", "/AccesDirect")
"""The first segments of the paths that this application answers."""


def professional_space(gate: Gate, callers: Callers | None = None, assets: Assets | None = None) -> Starlette:
    """The professional's pages of one worker. Without callers nobody can sign in, and a page says so."""
    space = ProSpace(gate, callers or NoCallers(), assets=assets or Assets())
    served = Starlette(
        routes=[
            Route(f"{PREFIX}{{name}}", space.assets.serve, methods=["GET"]),
            Route("/pro/langue/{code}", language_chosen(space), methods=["GET"]),
            *space.callers.routes(),
            *professional_routes(space),
            Route(space.SIGN_IN, shown(space, "pro_sign_in_closed.html", 503), methods=["GET"]),
        ],
        middleware=[Middleware(SecurityHeaders), Middleware(GZipMiddleware, minimum_size=500)],
        exception_handlers={HTTPException: not_there(space)},
    )
    served.router.redirect_slashes = False
    served.state.space = space
    return served


def is_professional(path: str) -> bool:
    """Whether a path is of these pages; every other is the patient's space."""
    return any(path == root or path.startswith(f"{root}/") for root in ROOTS)
