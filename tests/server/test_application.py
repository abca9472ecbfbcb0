"""The application: limits hold before a body is read, every request is answered in the protocol, the trace is sealed while it runs."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from dataclasses import replace

import pytest

from carnet.database.connection import SqliteConnection
from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.errors import MalformedMessage, TooLarge
from carnet.server.application import SOAP_SERVICES, SoapEndpoint, keep_sealing
from carnet.server.bodies import Body as HeldBody
from carnet.server.bodies import BodyRoom, read_body
from carnet.server.operation import Operation
from carnet.server.shares import FIRST_PRICE
from carnet.soap.door import Answer

SERVICES = "/si-dmp-server/v2/services"
LIMIT = 1_000


class Body:
    """The messages of a request's body; `read` counts those that were asked for."""

    def __init__(self, *chunks, last=None) -> None:
        self.chunks = list(chunks)
        self.last = last
        self.read = 0

    async def __call__(self):
        self.read += 1
        if not self.chunks:
            return self.last or {"type": "http.disconnect"}
        content = self.chunks.pop(0)
        return {"type": "http.request", "body": content, "more_body": bool(self.chunks) or self.last is not None}


def read(body, **headers):
    named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    with HeldBody(BodyRoom(10 * LIMIT, LIMIT), b"") as held:
        return asyncio.run(read_body(body, named, LIMIT, held))


# --- limits --------------------------------------------------------------------------------------------------------


def test_a_body_is_read_whole_however_it_comes():
    assert read(Body(b"whole")) == b"whole"
    assert read(Body(b"in ", b"three ", b"parts")) == b"in three parts"
    assert read(Body(b"x" * LIMIT), content_length=b"1000") == b"x" * LIMIT


def test_a_declared_length_beyond_the_limit_is_refused_before_a_byte_is_read():
    body = Body(b"x" * (LIMIT + 1))
    with pytest.raises(TooLarge):
        read(body, content_length=b"1001")
    assert body.read == 0


def test_an_undeclared_length_is_refused_as_soon_as_it_passes_the_limit():
    body = Body(*[b"x" * 400] * 10)
    with pytest.raises(TooLarge):
        read(body)
    assert body.read == 3


def test_a_length_declared_too_small_does_not_open_the_door():
    with pytest.raises(TooLarge):
        read(Body(b"x" * (LIMIT + 1)), content_length=b"10")


def test_a_connection_closed_halfway_is_no_request():
    with pytest.raises(MalformedMessage, match="closed"):
        read(Body(b"half", last={"type": "http.disconnect"}))


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"deflate", b"gzip, identity"])
def test_a_compressed_body_is_refused_before_it_is_read(coding):
    body = Body(b"x")
    with pytest.raises(MalformedMessage, match="Compressed"):
        read(body, content_encoding=coding)
    assert body.read == 0


# --- answers -------------------------------------------------------------------------------------------------------


def is_fault(heard, *, status=500):
    assert heard.status == status
    assert heard.headers[b"content-type"].startswith(b"application/soap+xml")
    assert b":Fault>" in heard.body
    assert heard.headers[b"content-length"] == str(len(heard.body)).encode()
    assert heard.headers[b"cache-control"] == b"no-store"


@pytest.mark.parametrize("service", SOAP_SERVICES)
def test_whatever_comes_is_answered_by_a_soap_fault(serve, service):
    served = serve(maximum_request_bytes=LIMIT)
    path = f"{SERVICES}/{service}"
    is_fault(served.post(b"not XML", path))
    is_fault(served.post(b"", path))
    is_fault(served.post(b"x" * (LIMIT + 1), path))
    is_fault(served.post(Body(b"x" * 600, b"x" * 600), path))
    is_fault(served.post(Body(b"half", last={"type": "http.disconnect"}), path))
    is_fault(served.post(b"\x1f\x8b", path, headers=[("content-encoding", b"gzip")]))
    is_fault(served.post(b"", path, method="GET"))
    is_fault(served.post(b"", path, headers=[("client-cert", b":AAAA:")]))


def test_what_is_not_a_route_is_not_found(served):
    for path in ("/nothing", "/si-dmp-server/v2/services/other", "/si-dmp-server/v2/services/registry/", "/health"):
        assert served.get(path).status == 404


def test_the_patients_space_answers_at_the_root(served):
    answer = served.get("/")
    assert answer.status == 303
    assert answer.headers[b"location"] == b"/connexion"


def test_health_and_figures_are_read_only(served):
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert served.post(b"", path).status == 405


def test_a_search_goes_through_the_whole_application(served):
    content_type, message = served.search(MEDECIN_TRAITANT, PAT_TROIS.identifier)
    headers = [("content-type", content_type.encode())]
    heard = served.post(message, headers=headers, certificate=served.certificate(MEDECIN_TRAITANT))
    assert heard.status == 200
    assert b"ResponseStatusType:Success" in heard.body


def test_what_a_search_costs_is_charged_to_whoever_asked_for_it_with_its_part_of_the_transaction(served):
    shares, caller = served.app.state.admission.shares, served.certificate(MEDECIN_TRAITANT)
    content_type, message = served.search(MEDECIN_TRAITANT, PAT_TROIS.identifier)
    shares._accounts.clear()
    served.post(message, headers=[("content-type", content_type.encode())], certificate=caller)
    assert list(shares._accounts) == [caller]
    assert shares.act > 0
    assert 0 < shares.price_of(caller) != FIRST_PRICE


def test_a_page_is_charged_to_the_line_of_whoever_asked_for_it(served):
    shares = served.app.state.admission.shares
    served.get("/connexion")
    (line,) = shares._accounts
    assert b"stranger" in line
    assert 0 < shares.price_of(line) != FIRST_PRICE


def test_without_certificate_or_with_another_s_nobody_is_identified(served):
    for certificate in (None, served.certificate(OTHER_GP)):
        content_type, message = served.search(MEDECIN_TRAITANT, PAT_TROIS.identifier)
        headers = [("content-type", content_type.encode())]
        heard = served.post(message, headers=headers, certificate=certificate)
        is_fault(heard)
        assert b"could not be identified" in heard.body


def test_a_declared_proxy_brings_the_caller_s_certificate_and_address(serve):
    served = serve(declared_proxies=("192.0.2.1",))
    content_type, message = served.search(MEDECIN_TRAITANT, PAT_TROIS.identifier)
    header = b":" + base64.b64encode(served.certificate(MEDECIN_TRAITANT)) + b":"
    headers = [("content-type", content_type.encode()), ("client-cert", header), ("x-forwarded-for", b"198.51.100.7")]
    assert served.post(message, headers=headers, peer="192.0.2.1").status == 200
    content_type, message = served.search(MEDECIN_TRAITANT, PAT_TROIS.identifier)
    headers[0] = ("content-type", content_type.encode())
    is_fault(served.post(message, headers=headers, peer="192.0.2.2"))


def impatient(platform):
    """The platform, waiting for the database hardly at all."""
    platform.connection.close()
    return replace(platform, connection=SqliteConnection(platform.settings.database, busy_timeout_ms=10))


def test_a_service_that_cannot_write_says_when_to_come_again(serve):
    served = serve(change=impatient)
    other = sqlite3.connect(served.platform.settings.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    content_type, message = served.search(MEDECIN_TRAITANT, PAT_TROIS.identifier)
    headers = [("content-type", content_type.encode())]
    heard = served.post(message, headers=headers, certificate=served.certificate(MEDECIN_TRAITANT))
    other.close()
    assert heard.status in {200, 503}
    assert b"Success" not in heard.body
    assert b"NotAvailable" in heard.body or heard.headers[b"retry-after"] == b"1"


# --- sealing -------------------------------------------------------------------------------------------------------


def unsealed(served):
    connection = sqlite3.connect(served.platform.settings.database)
    try:
        return connection.execute("SELECT count(*) FROM audit_event WHERE leaf_index IS NULL").fetchone()[0]
    finally:
        connection.close()


async def live(served, during):
    async with served.app.router.lifespan_context(served.app):
        await during()


def spoken(served):
    """One call, which leaves an unsealed line."""
    content_type, message = served.search(MEDECIN_TRAITANT, PAT_TROIS.identifier)
    headers = [("content-type", content_type.encode())]

    async def call():
        heard = await served.call(
            Body(message),
            f"{SERVICES}/registry",
            headers=headers,
            certificate=served.certificate(MEDECIN_TRAITANT),
        )
        assert heard.status == 200

    return call


def test_a_running_worker_seals_the_trace_and_a_stopping_one_seals_the_rest(serve):
    served = serve(sealer=True, audit_seal_interval=3_600.0)
    asyncio.run(live(served, spoken(served)))
    assert unsealed(served) == 0


def test_the_trace_is_sealed_again_and_again(serve):
    served = serve(sealer=True, audit_seal_interval=0.001)

    async def until_sealed():
        await spoken(served)()
        while unsealed(served):  # noqa: ASYNC110 - another connection is watched
            await asyncio.sleep(0.002)

    asyncio.run(live(served, until_sealed))


def test_a_worker_that_is_not_the_sealer_leaves_sealing_to_the_one_that_is(serve):
    served = serve(sealer=False, audit_seal_interval=0.001)
    asyncio.run(live(served, spoken(served)))
    assert unsealed(served) == 1


def test_a_worker_starts_serves_and_stops_though_its_trace_can_no_longer_be_sealed(serve, home):
    database = sqlite3.connect(home / "carnet.db")
    database.execute("UPDATE audit_event SET entry = x'00' WHERE leaf_index = 1")
    database.commit()
    database.close()
    served = serve(sealer=True, audit_seal_interval=3_600.0)
    asyncio.run(live(served, spoken(served)))
    assert unsealed(served) == 1


def test_sealing_goes_on_after_a_failure_and_counts_it(served):
    class Stubborn:
        waiting = 0
        attempts = 0
        behind = False

        def seal(self):
            self.attempts += 1
            if self.attempts < 3:
                raise sqlite3.OperationalError("database is locked")
            raise asyncio.CancelledError

    gate = Stubborn()
    operation = Operation(served.platform, gate)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(keep_sealing(gate, operation, 0))
    assert operation.registry.get_sample_value("carnet_seal_failures_total") == 2.0


def test_a_large_answer_counts_in_its_client_s_share_until_it_is_sent(served):
    """One who asks for much and reads nothing is let in no further; the others are."""
    endpoint = SoapEndpoint("repository", served.platform, None, None, served.app.state.admission)
    bodies, who = served.app.state.admission.bodies, b"certificate"
    scope = served.scope(f"{SERVICES}/repository", certificate=who)
    large = Answer(200, "text/xml", [b"x" * (bodies.share - 10)], "iti43", "success")
    with endpoint._held(scope, large):
        assert bodies.held == bodies.share - 10
        assert not bodies.room_for(who, 11)
        assert bodies.room_for(b"another", 11)
    assert bodies.held == 0
    with endpoint._held(scope, Answer(200, "text/xml", [b"small"], "iti43", "success")):
        assert bodies.held == 0
