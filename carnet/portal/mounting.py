"""The patient's space as one application, that answers whatever no other door does: its routes, its headers, its pages for what is not there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from carnet.portal.assets import PREFIX
from carnet.portal.installing import installing_routes
from carnet.portal.languages import COOKIE, LANGUAGES, YEAR
from carnet.portal.mishaps import METHOD, NOT_FOUND
from carnet.portal.patient.routes import patient_routes
from carnet.portal.person import NoSessions, Sessions
from carnet.portal.security_headers import SecurityHeaders
from carnet.portal.space import SIGN_IN, Endpoint, Space, safe_path
from carnet.portal.visit import look_around
from carnet.record.gate import Gate

OPEN_PAGES = (("/aide", "help.html"), ("/mentions", "legal.html"), ("/accessibilite", "accessibility.html"))
"""Pages for everybody."""


def patient_space(gate: Gate, sessions: Sessions | None = None) -> Starlette:
    """The space of one worker. Without sessions nobody can sign in, and the public pages are all there is."""
    space = Space(gate, sessions or NoSessions())
    served = Starlette(
        routes=[
            *_public(space),
            *installing_routes(space),
            *patient_routes(space),
            *space.sessions.routes(),
            *_fallback(space),
        ],
        middleware=[Middleware(SecurityHeaders), Middleware(GZipMiddleware, minimum_size=500)],
        exception_handlers={HTTPException: _not_there(space)},
    )
    served.router.redirect_slashes = False
    served.state.space = space
    return served


def _public(space: Space) -> list[Route]:
    return [
        Route(f"{PREFIX}{{name}}", space.assets.serve, methods=["GET"]),
        Route("/langue/{code}", space.endpoint(_language(space)), methods=["GET"]),
        *(Route(path, space.endpoint(_open_page(space, name)), methods=["GET"]) for path, name in OPEN_PAGES),
    ]


def _open_page(space: Space, template: str) -> Endpoint:
    async def shown(request: Request) -> Response:
        look_around(space, request)
        return space.page(request, template)

    return shown


def _fallback(space: Space) -> list[Route]:
    """`/connexion` while nothing else serves it."""

    async def closed(request: Request) -> Response:
        return space.page(request, "sign_in_closed.html", status=503)

    return [Route(SIGN_IN, space.endpoint(closed), methods=["GET"])]


def _language(space: Space) -> Endpoint:
    async def choose(request: Request) -> Response:
        response = RedirectResponse(safe_path(request.query_params.get("suite", "/")), status_code=303)
        code = request.path_params["code"]
        if code in LANGUAGES:
            response.set_cookie(
                COOKIE, code, max_age=YEAR, path="/", secure=space.secure, httponly=True, samesite="lax"
            )
        return response

    return choose


def _not_there(space: Space) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def told(request: Request, error: Exception) -> Response:
        look_around(space, request)
        status = error.status_code if isinstance(error, HTTPException) else NOT_FOUND.status
        return space.mishap(request, METHOD if status == METHOD.status else NOT_FOUND)

    return told
