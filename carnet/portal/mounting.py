"""The patient's space as one application, that answers whatever no other door does: its routes, its headers, its pages for what is not there."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from carnet.portal.assets import PREFIX
from carnet.portal.installing import installing_routes
from carnet.portal.patient.routes import patient_routes
from carnet.portal.person import NoSessions, Sessions
from carnet.portal.security_headers import SecurityHeaders
from carnet.portal.shell_routes import language_chosen, not_there, shown
from carnet.portal.space import Space
from carnet.portal.visit import look_around
from carnet.record.gate import Gate

OPEN_PAGES = (("/aide", "help.html"), ("/mentions", "legal.html"), ("/accessibilite", "accessibility.html"))
"""Pages for everybody."""


def patient_space(gate: Gate, sessions: Sessions | None = None) -> Starlette:
    """The space of one worker. Without sessions nobody can sign in, and the public pages are all there is."""
    space = Space(gate, sessions or NoSessions())
    space.look = partial(look_around, space)
    served = Starlette(
        routes=[
            *_public(space),
            *installing_routes(space),
            *patient_routes(space),
            *space.sessions.routes(),
            Route(space.SIGN_IN, shown(space, "sign_in_closed.html", 503), methods=["GET"]),
        ],
        middleware=[Middleware(SecurityHeaders), Middleware(GZipMiddleware, minimum_size=500)],
        exception_handlers={HTTPException: not_there(space)},
    )
    served.router.redirect_slashes = False
    served.state.space = space
    return served


def _public(space: Space) -> list[Route]:
    return [
        Route(f"{PREFIX}{{name}}", space.assets.serve, methods=["GET"]),
        Route("/langue/{code}", language_chosen(space), methods=["GET"]),
        *(Route(path, shown(space, name), methods=["GET"]) for path, name in OPEN_PAGES),
    ]
