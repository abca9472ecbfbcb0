"""The professional's portal on a record of 2,000 documents: the way from a typed INS to the summary, and the other pages about the record.

Through the real server with a real session. The way is what the browser does by itself once the number is sent: the record is asked for, it is open, the
summary is made; the time is that of all its answers together. The first time on a fresh server stands apart: nothing is remembered then.
"""

from __future__ import annotations

import gzip
import http.client
import re
import statistics
import time
from typing import Any
from urllib.parse import urlencode

from bench import servers
from bench.growth import percentile
from bench.pro_record import DOCUMENTS, ProHome, furnish
from bench.servers import Server, ServerFailed
from bench.site import Site

PAGES = {"summary": "", "results": "/resultats", "one_result": "/resultats/10020-1", "timeline": "/chronologie"}
EACH = 60
WARM = 3
_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
_FORM = re.compile(r'<form[^>]*action="/pro"[^>]*>.*?</form>', re.DOTALL)


def measure(site: Site) -> dict[str, Any]:
    """Times, weights and the processor's time of each. Raises ServerFailed."""
    place = furnish(site.folder / "pro-home")
    site.say(f"a record of {DOCUMENTS:,} documents is there for the portal")
    with servers.product(place.home, place.port, site.cores) as product:
        desk = Desk(place)
        first = desk.way()
        way = _figures(product, lambda: desk.way()[1])
        root = desk.way()[0]
        pages = {name: _figures(product, lambda path=path: desk.seconds(root + path)) for name, path in PAGES.items()}
        weight = {name: round(len(desk.ask("GET", root + path)[1]) / 1_000, 1) for name, path in PAGES.items()}
        peak = product.peak_mb()
    site.say("the professional's pages are measured")
    return {
        "documents": DOCUMENTS,
        "first_way_ms": round(first[1] * 1_000, 1),
        "way": way,
        "pages": pages,
        "weight": weight,
        "peak_mb": peak,
    }


class Desk:
    """One connection of the doctor."""

    def __init__(self, place: ProHome) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
        self._place = place
        self._headers = {
            "cookie": f"__Host-seance-pro={place.cookie}",
            "accept-encoding": "gzip",
            "accept-language": "fr",
            "x-forwarded-proto": "https",
        }

    def ask(self, method: str, path: str, body: str = "") -> tuple[http.client.HTTPResponse, bytes]:
        """An answer with the bytes that travelled."""
        form = {"content-type": "application/x-www-form-urlencoded", "origin": f"https://127.0.0.1:{self._place.port}"}
        headers = self._headers | (form if body else {})
        self._connection.request(method, path, body=body or None, headers=headers)
        answer = self._connection.getresponse()
        return answer, answer.read()

    def way(self) -> tuple[str, float]:
        """From the typed number to the summary: the address of the record, and the seconds of all answers together."""
        answer, content = self.ask("GET", "/pro")
        form = _FORM.search(_text(answer, content))
        if form is None:
            raise ServerFailed(f"GET /pro shows no form to find a patient, status {answer.status}: {content[:200]!r}")
        fields = urlencode([*_FIELD.findall(form[0]), ("ins", self._place.number)])
        began = time.perf_counter()
        answer, content = self.ask("POST", "/pro", fields)
        while answer.status == 303:
            path = answer.headers["location"]
            answer, content = self.ask("GET", path)
        seconds = time.perf_counter() - began
        if answer.status != 200 or "sum-grid" not in _text(answer, content):
            raise ServerFailed(f"The way ended with status {answer.status} and no summary: {content[:200]!r}")
        return path, seconds

    def seconds(self, path: str) -> float:
        """How long one page takes."""
        began = time.perf_counter()
        answer, content = self.ask("GET", path)
        if answer.status != 200:
            raise ServerFailed(f"GET {path} was answered with status {answer.status}: {content[:200]!r}")
        return time.perf_counter() - began


def _text(answer: http.client.HTTPResponse, content: bytes) -> str:
    packed = answer.headers.get("content-encoding") == "gzip"
    return (gzip.decompress(content) if packed else content).decode()


def _figures(product: Server, work: Any) -> dict[str, float]:
    """Times of a work done again and again, and the processor's time that the server spent on one."""
    for _ in range(WARM):
        work()
    spent = product.cpu_seconds()
    found = [work() * 1_000 for _ in range(EACH)]
    cpu = (product.cpu_seconds() - spent) / EACH
    return {
        "p50_ms": round(statistics.median(found), 1),
        "p95_ms": round(percentile(found, 95), 1),
        "cpu_ms": round(cpu * 1_000, 1),
    }
