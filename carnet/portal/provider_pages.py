"""What the pages of a sign-in at an identity provider have in common, whoever signs in: the way there, the way back, its word, our keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from carnet.errors import CarnetError, SignInFailed
from carnet.identity.oidc_client import IdentityProvider


def sent_by_another_site(request: Request) -> bool:
    """Whether another site led the browser here, as the browser says: another site does not sign people in."""
    return request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}


def turned_back(request: Request) -> str:
    """What is told where the provider sent the browser back without a code: `cancelled` or `failed`; '' where it sent one."""
    said = request.query_params
    if said.get("code") and "error" not in said:
        return ""
    return "cancelled" if said.get("error") == "access_denied" else "failed"


async def providers_word(
    provider: IdentityProvider,
    token: str,
    end: Callable[[Mapping[str, Any]], object],
    failed: Callable[[SignInFailed], None],
) -> Response:
    """Back-channel logout: no browser, no cookie; what speaks is the token alone. 200 also when there was no session."""
    try:
        end(await provider.logout_claims(token))
    except SignInFailed as error:
        failed(error)
        return JSONResponse({"error": "invalid_request"}, status_code=400)
    return Response(status_code=200)


async def our_keys(provider: IdentityProvider, _request: Request) -> Response:
    """Our public keys, by which the provider encrypts for us and verifies what we sign."""
    return JSONResponse({"keys": provider.published_keys()}, headers={"cache-control": "public, max-age=3600"})


async def logout_url(provider: IdentityProvider | None, id_token: str, state: str) -> str:
    """Where who came from the provider signs out there too, '' where that is nowhere or cannot be known."""
    if not id_token or provider is None:
        return ""
    try:
        return await provider.logout_url(id_token, state)
    except CarnetError:
        return ""
