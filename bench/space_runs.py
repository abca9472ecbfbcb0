"""The patient's space on a record of 5,000 documents: the time of a page at the 95th percentile, what a page weighs, a phone on a slow network.

Through the real server with a real session: each page is decided, made and traced. Pages are asked for one after the other, and by four devices of
one person at once; the time is that of the whole answer, compressed, over loopback.
"""

from __future__ import annotations

import gzip
import http.client
import re
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench import servers
from bench.growth import percentile
from bench.servers import ServerFailed
from bench.site import Site
from bench.space_record import DOCUMENTS, SpaceHome, furnish

PAGES = {
    # what is measured, and its address
    "home": "/",
    "list": "/documents",
    "last_page": f"/documents?depuis={DOCUMENTS - 30}",
    "one_year": "/documents?annee={year}",
    "document": "",
    "access": "/acces",
    "search": "/recherche?q=glucose",
    "search_words": "/recherche?q=douleur+du+genou",
    "search_nothing": "/recherche?q=appendicectomie",
    "results": "/resultats",
    "one_result": "/resultats/2339-0",
    "medicines": "/medicaments",
}
AT_ONCE = 4
EACH = 60
"""Requests of each page, by one device; four at once make a quarter of them each."""
WARM = 3
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
"""400 kbit/s with 400 ms, of chromium's Network.emulateNetworkConditions: bytes a second, milliseconds."""
VISITS = 5
FLAGS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
)
_YEAR = re.compile(r"/documents\?annee=(\d{4})")
_DOCUMENT = re.compile(r'href="(/documents/[^"?]+)"')
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')


def measure(site: Site) -> dict[str, Any]:
    """Times and weights. Raises ServerFailed."""
    place = furnish(site.folder / "space-home")
    site.say(f"a record of {DOCUMENTS:,} documents is there")
    with servers.product(place.home, place.port, site.cores) as product:
        device = Device(place)
        paths = dict(_paths(device))
        pages = {name: _times(place, path) for name, path in paths.items()}
        weight = _weight(Device(place), paths)
        peak = product.peak_mb()
    site.say("the space's pages are measured")
    slow = _slow(site, place)
    return {"documents": DOCUMENTS, "pages": pages, "weight": weight, "slow_network": slow, "peak_mb": peak}


class Device:
    """One connection of the signed-in person."""

    def __init__(self, place: SpaceHome) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
        self._headers = {"cookie": f"__Host-seance={place.cookie}", "accept-encoding": "gzip", "accept-language": "fr"}

    def ask(self, path: str) -> tuple[int, bytes, float]:
        """Status, the bytes that travelled, seconds."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return answer.status, content, time.perf_counter() - began

    def page(self, path: str) -> str:
        """The text of a page. Raises ServerFailed when there is none."""
        status, content, _seconds = self.ask(path)
        if status != 200:
            raise ServerFailed(f"GET {path} was answered with status {status}: {content[:300]!r}")
        return gzip.decompress(content).decode()


def _paths(device: Device) -> Iterator[tuple[str, str]]:
    shelf = device.page("/documents")
    years, documents = _YEAR.findall(shelf), _DOCUMENT.findall(shelf)
    if not years or not documents:
        raise ServerFailed("The list of documents shows no year or no document.")
    for name, path in PAGES.items():
        asked = documents[0] if name == "document" else path.format(year=years[len(years) // 2])
        status, content, _seconds = device.ask(asked)
        if status != 200:
            raise ServerFailed(f"GET {asked} was answered with status {status}: {content[:300]!r}")
        yield name, asked


def _times(place: SpaceHome, path: str) -> dict[str, float]:
    alone, together = _asked(place, path, 1), _asked(place, path, AT_ONCE)
    return {
        "p50_ms": round(statistics.median(alone), 1),
        "p95_ms": round(percentile(alone, 95), 1),
        "together_p95_ms": round(percentile(together, 95), 1),
    }


def _asked(place: SpaceHome, path: str, devices: int) -> list[float]:
    found: list[float] = []
    each = EACH // devices
    failed: list[int] = []

    def ask() -> None:
        device = Device(place)
        for number in range(WARM + each):
            status, _content, seconds = device.ask(path)
            if status != 200:
                failed.append(status)
            elif number >= WARM:
                found.append(seconds * 1_000)

    threads = [threading.Thread(target=ask) for _ in range(devices)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed or len(found) != devices * each:
        raise ServerFailed(f"GET {path} was answered with {sorted(set(failed))}, {len(found)} times well.")
    return found


def _weight(device: Device, paths: dict[str, str]) -> dict[str, float]:
    """Kilobytes that travel: the first page with all that it is dressed with, and each page after it."""
    text = device.page(paths["home"])
    dressed = sum(len(device.ask(asset)[1]) for asset in set(_ASSET.findall(text)))
    pages = {name: round(len(device.ask(path)[1]) / 1_000, 1) for name, path in paths.items()}
    return {"first": round(dressed / 1_000 + pages["home"], 1), **pages}


def _slow(site: Site, place: SpaceHome) -> dict[str, Any]:
    """A phone's browser on a slow network: first visit with nothing kept, then the list. TLS by the server itself."""
    program = shutil.which("chromium")
    if program is None:
        return {"skipped": "chromium is not installed"}
    with (
        servers.product(place.home, place.port, site.cores, tls_enabled="true", declared_proxies=""),
        sync_playwright() as player,
    ):
        chromium = player.chromium.launch(executable_path=program, args=list(FLAGS))
        first, following, bytes_first = [], [], []
        for _ in range(VISITS):
            context = chromium.new_context(
                ignore_https_errors=True, viewport={"width": 390, "height": 844}, service_workers="block"
            )
            address = f"https://127.0.0.1:{place.port}"
            context.add_cookies([{"name": "__Host-seance", "value": place.cookie, "url": f"{address}/"}])
            page = context.new_page()
            context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
            first.append(_seconds(page, f"{address}/"))
            bytes_first.append(page.evaluate(_TRANSFERRED))
            following.append(_seconds(page, f"{address}/documents"))
            context.close()
        chromium.close()
    site.say("the slow network is measured")
    return {
        "first_seconds": round(statistics.median(one for one, _ in first), 2),
        "first_paint_seconds": round(statistics.median(paint for _, paint in first), 2),
        "next_seconds": round(statistics.median(one for one, _ in following), 2),
        "first_kb": round(statistics.median(bytes_first) / 1_000, 1),
    }


_TRANSFERRED = """performance.getEntriesByType('navigation').concat(performance.getEntriesByType('resource'))
    .reduce((sum, one) => sum + one.transferSize, 0)"""
_TIMES = """[performance.getEntriesByType('navigation')[0].loadEventEnd / 1000,
    (performance.getEntriesByName('first-contentful-paint')[0] || {startTime: 0}).startTime / 1000]"""


def _seconds(page: Page, address: str) -> tuple[float, float]:
    """Until everything is loaded, and until something is seen."""
    answer = page.goto(address, wait_until="load", timeout=120_000)
    if answer is None or answer.status != 200:
        raise ServerFailed(f"chromium got {answer.status if answer else 'nothing'} for {address}.")
    page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
    loaded, painted = page.evaluate(_TIMES)
    return float(loaded), float(painted)
