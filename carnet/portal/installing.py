"""What makes the space an application of a phone: its manifest, its service worker, and the page that stands where the network does not.

None of them knows who is signed in, and none holds anything of anybody.
"""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from carnet.portal.languages import language_of
from carnet.portal.space import Space

OFFLINE = "/hors-ligne"
WORKER, MANIFEST = "/travailleur.js", "/manifest.webmanifest"
NEEDED_OFFLINE = (
    "space.css",
    "offline.js",
    "mark.svg",
    "atkinson-hyperlegible-next-latin-wght-normal.woff2",
    "carnet-micro.woff2",
)
"""The assets of the offline page."""
_ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-whole-512.png", "512x512", "maskable"),
)
_SHORT = {"fr": "Le dossier de santé de la personne", "en": "The person's health record"}


def installing_routes(space: Space) -> list[Route]:
    """The three routes, for anybody."""
    script = _worker(space)

    async def manifest(request: Request) -> Response:
        language = language_of(request)
        return JSONResponse(
            _manifest(space, language),
            media_type="application/manifest+json",
            headers={"vary": "accept-language, cookie"},
        )

    async def worker(_request: Request) -> Response:
        return Response(script, media_type="text/javascript", headers={"cache-control": "no-cache"})

    async def offline(request: Request) -> Response:
        return Response(space.templates.render(language_of(request), "offline.html", {}), media_type="text/html")

    return [
        Route(MANIFEST, space.endpoint(manifest), methods=["GET"]),
        Route(WORKER, space.endpoint(worker), methods=["GET"]),
        Route(OFFLINE, space.endpoint(offline), methods=["GET"]),
    ]


def _manifest(space: Space, language: str) -> dict[str, object]:
    icons = [
        {"src": space.assets.url(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
        for name, sizes, purpose in _ICONS
    ]
    mark = {"src": space.assets.url("mark.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
    return {
        "id": "/",
        "name": "Carnet",
        "short_name": "Carnet",
        "description": _SHORT[language],
        "lang": language,
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#F4F6F5",
        "theme_color": "#12302E",
        "icons": [*icons, mark],
    }


def _worker(space: Space) -> str:
    """The script with the names of the assets, and of its cache, which change when what it holds does."""
    assets = [space.assets.url(name) for name in NEEDED_OFFLINE]
    whole = space.templates.render("fr", "offline.html", {})
    mark = hashlib.sha256("|".join([*assets, whole]).encode()).hexdigest()[:16]
    return space.templates.render("fr", "worker.js", {"assets": assets, "mark": mark, "offline": OFFLINE})
