"""What pages are dressed with: read once at start, named by its own digest, kept by browsers for ever, compressed once."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

STATIC = Path(__file__).parent / "static"
PREFIX = "/static/"
FOREVER = "public, max-age=31536000, immutable"
_KINDS: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_COMPONENTS = (
    "button",
    "link",
    "heading",
    "paragraph",
    "label",
    "list",
    "divider",
    "input",
    "field",
    "fieldset",
    "details",
    "table",
    "tag",
    "alert",
    "skip-link",
    "validation-message",
    "error-summary",
)
_SHEET = "space.css"
_PRO_SHEET = "pro.css"
"""Rules of the professional's pages, which come after those of `space.css`: of the shell, then of each part (`pro_*.css`)."""
_REFERENCE = re.compile(r'url\("([a-z0-9./-]+)"\)')


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent; `packed` is its gzip form, empty where that is not smaller."""

    kind: str
    body: bytes
    packed: bytes


class Assets:
    """Every asset by its hashed name. Made at start; raises OSError when a file of the package is missing."""

    def __init__(self, root: Path = STATIC) -> None:
        self._names: dict[str, str] = {}
        self._served: dict[str, Asset] = {}
        for path in sorted(root.rglob("*")):
            if path.suffix in {".woff2", ".svg", ".png", ".js"}:
                self._add(path.name, path.read_bytes())
        self._add(_SHEET, self._sheet(root).encode())
        self._add(_PRO_SHEET, b"".join(path.read_bytes() for path in sorted(root.glob("pro*.css"))))

    def url(self, name: str) -> str:
        """The address of an asset, under the digest of its content. Raises KeyError for an unknown one."""
        return PREFIX + self._names[name]

    async def serve(self, request: Request) -> Response:
        """The route `/static/{name}`: the asset, or a plain 404."""
        found = self._served.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("404", status_code=404)
        headers = {"cache-control": FOREVER, "content-type": found.kind, "vary": "accept-encoding"}
        if found.packed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.packed, headers={**headers, "content-encoding": "gzip"})
        return Response(found.body, headers=headers)

    def _add(self, name: str, body: bytes) -> None:
        stem, _, suffix = name.rpartition(".")
        hashed = f"{stem}.{hashlib.sha256(body).hexdigest()[:16]}.{suffix}"
        packed = gzip.compress(body, 9, mtime=0)
        kind = _KINDS[f".{suffix}"]
        self._names[name] = hashed
        self._served[hashed] = Asset(kind, body, packed if len(packed) < len(body) else b"")

    def _sheet(self, root: Path) -> str:
        """One sheet: layers of the design system, our theme over it, then our own rules, which no layer holds back."""
        vendored = root / "vendor" / "designsystemet"
        base = (vendored / "base.css").read_text(encoding="utf-8")
        parts = "".join((vendored / f"{name}.css").read_text(encoding="utf-8") for name in _COMPONENTS)
        theme = (root / "theme.css").read_text(encoding="utf-8").replace('@charset "UTF-8";', "")
        ours = (root / "own.css").read_text(encoding="utf-8")
        layers = "@layer ds.theme, ds.base, ds.components;"
        ours = _REFERENCE.sub(lambda match: f'url("{self.url(match[1])}")', ours)
        return f"{layers}@layer ds.base{{{base}}}@layer ds.components{{{parts}}}{theme}{ours}"
