"""Routes that every space of the portal has: the change of language, what is not there, sign-in where nobody can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from carnet.portal.languages import COOKIE, LANGUAGES, YEAR
from carnet.portal.mishaps import METHOD, NOT_FOUND
from carnet.portal.shell import Endpoint, Shell, safe_path


def language_chosen(space: Shell) -> Endpoint:
    """The endpoint of `…/langue/{code}?suite=`: keeps the language and leads back."""

    async def choose(request: Request) -> Response:
        after = safe_path(request.query_params.get("suite", space.HOME), space.HOME)
        response = RedirectResponse(after, status_code=303)
        code = request.path_params["code"]
        if code in LANGUAGES:
            response.set_cookie(
                COOKIE, code, max_age=YEAR, path="/", secure=space.secure, httponly=True, samesite="lax"
            )
        return response

    return space.endpoint(choose)


def shown(space: Shell, template: str, status: int = 200) -> Endpoint:
    """The endpoint of a page for everybody."""

    async def page(request: Request) -> Response:
        space.look_around(request)
        return space.page(request, template, status=status)

    return space.endpoint(page)


def not_there(space: Shell) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What a router's own errors are answered with."""

    async def told(request: Request, error: Exception) -> Response:
        space.look_around(request)
        status = error.status_code if isinstance(error, HTTPException) else NOT_FOUND.status
        return space.mishap(request, METHOD if status == METHOD.status else NOT_FOUND)

    return told
