"""The ASGI application on a home of the test's own, spoken to without a network: `served` answers requests put together by hand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from carnet.client.exchange_service import ExchangeService
from carnet.config import load
from carnet.metadata import Code
from carnet.platform import build
from carnet.portal.professional.caller import Caller
from carnet.requester import Authentication, CardClass, Requester
from carnet.server.application import application
from carnet.soap.ebrim_render import EbrimRenderer

SERVICES = "/si-dmp-server/v2/services"


@dataclass(frozen=True)
class Heard:
    """What the application sent back."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


def sending(content):
    """The receiving side of a request with this whole body."""

    async def receive():
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


@dataclass
class Served:
    """One worker's application and how to speak to it."""

    platform: Any
    stage: Any
    app: Any

    def scope(self, path, *, method="POST", headers=(), peer="192.0.2.1", certificate=None):
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value) for name, value in headers],
            "client": (peer, 4711) if peer else None,
            "server": ("127.0.0.1", 8443),
            "state": {},
            "extensions": {"tls": {"client_certificate": certificate}},
        }

    async def call(self, receive, path, **about):
        sent: list[dict[str, Any]] = []

        async def send(message):
            sent.append(message)

        await self.app(self.scope(path, **about), receive, send)
        start, *rest = sent
        assert not rest[-1].get("more_body", False)
        return Heard(start["status"], dict(start["headers"]), b"".join(one.get("body", b"") for one in rest))

    def post(self, receive, path=f"{SERVICES}/registry", **about):
        """One POST; `receive` is the receiving side, or the bytes."""
        receive = sending(receive) if isinstance(receive, bytes) else receive
        return asyncio.run(self.call(receive, path, **about))

    def get(self, path, peer="127.0.0.1", **about):
        """One GET, of this machine unless said otherwise."""
        return asyncio.run(self.call(sending(b""), path, method="GET", peer=peer, **about))

    def certificate(self, who):
        """The DER of a caller's TLS certificate."""
        path = self.stage.callers[who.identifier].connection_files[0]
        return x509.load_pem_x509_certificates(Path(path).read_bytes())[0].public_bytes(Encoding.DER)

    def search(self, who, patient):
        """(Content-Type, bytes) of a whole FindDocuments, with the caller's assertion."""
        caller = self.stage.callers[who.identifier]
        body = (
            '<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0" '
            'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><query:ResponseOption returnComposedObjects="true" '
            'returnType="LeafClass"/><rim:AdhocQuery id="urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d">'
            f"<rim:Slot name=\"$XDSDocumentEntryPatientId\"><rim:ValueList><rim:Value>'{patient.cx().replace('&', '&amp;')}'"
            "</rim:Value></rim:ValueList></rim:Slot>"
            '<rim:Slot name="$XDSDocumentEntryStatus"><rim:ValueList><rim:Value>'
            "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')</rim:Value></rim:ValueList></rim:Slot>"
            "</rim:AdhocQuery></query:AdhocQueryRequest>"
        )
        return ExchangeService("https://example", caller, "").request("iti18", patient, body.encode())


@pytest.fixture
def serve(first_stage, home):
    """Opens the home with some settings: `serve(maximum_request_bytes=…)`."""
    opened = []

    def open_it(*, sealer=False, change=None, **settings):
        platform = build(replace(load(home, {}), **settings), EbrimRenderer())
        platform = change(platform) if change else platform
        opened.append(platform)
        return Served(platform, first_stage, application(platform, sealer=sealer))

    yield open_it
    for platform in opened:
        platform.close()


@pytest.fixture
def served(serve):
    return serve()


@pytest.fixture
def caller():
    """A professional as the portal's pages know one."""
    code = Code("10", "1.2.250.1.71.1.2.7")
    requester = Requester(
        "899900000001", "TESTDEUX Anne", "499700000001001", Code("SA07", "1.2.250.1.71.4.2.4"),
        Authentication.DIRECT, CardClass.PROFESSIONAL, code, portal=True,
    )  # fmt: skip
    return Caller("session", requester, b"key", 0)
