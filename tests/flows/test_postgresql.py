"""The whole service on PostgreSQL: two workers, the same journeys, and what callers are told while the server is away."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from postgres_clusters import Cluster, Copies, programs

from carnet.database.opening import open_database
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT
from carnet.document_query import ReturnType
from carnet.errors import Unavailable
from carnet.metadata import MASQUE_PS, AvailabilityStatus
from carnet.record.administration import verify_trace
from carnet.soap.messages import adhoc_query_request, quoted
from carnet.soap.query_table import BY_NAME

pytestmark = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed: `make packages` installs it")


@pytest.fixture(scope="module")
def server():
    found = Cluster().start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def away_house(server, pristine, open_house):
    """An exchange of two workers whose registry is on the server."""
    url = Copies(server, pristine.settings.database).make()
    with open_house(f'database_url = "{url}"\ndatabase_timeout = 4.5\n', CARNET_WORKERS="2") as opened:
        yield opened


def ready(house):
    return house.http().get(f"{house.stage.address}/health/ready")


def test_a_document_goes_in_is_found_masked_and_proved(away_house):
    record = away_house.new_record(HOSPITAL_DOCTOR)
    for number in range(4):
        assert not record.send(record.submission(record.document(title=f"Titre {number}"))).errors
    assert sorted(record.titles()) == [f"Titre {number}" for number in range(4)]
    assert not record.send(record.submission(record.document(title="Caché", masks=(MASQUE_PS,)))).errors
    assert "Caché" in record.titles()
    assert "Caché" not in record.titles(by=HOSPITAL_DOCTOR)
    while away_house.gate.seal():
        pass
    report = verify_trace(away_house.gate)
    assert report.intact, report.findings
    assert report.sealed >= 9


def test_operators_ask_whether_the_database_is_fit(away_house):
    command = [sys.executable, "-m", "carnet", "database", "check", "--home", str(away_house.stage.home)]
    assert (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
        == "The database keeps what it acknowledges.\n"
    )
    assert ready(away_house).json() == {"status": "ready", "failing": []}


def test_while_the_server_is_away_callers_are_told_in_time_and_it_comes_back_by_itself(away_house, server):
    record = away_house.new_record()
    assert not record.send(record.submission(record.document(title="Avant"))).errors
    server.kill()
    slots = [
        ("$XDSDocumentEntryPatientId", [record.cx]),
        ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
    ]
    body = adhoc_query_request(BY_NAME["FindDocuments"].uuid, ReturnType.LEAF_CLASS, slots)
    began = time.monotonic()
    replies = [away_house.call(MEDECIN_TRAITANT, record.identifier, "iti18", body) for _ in range(3)]
    assert time.monotonic() - began < 3 * 30
    assert {code for reply in replies for code in reply.codes} == {"XDSRegistryNotAvailable"}
    away = ready(away_house)
    assert (away.status_code, away.json()["failing"]) == (503, ["database"])
    with pytest.raises(Unavailable):
        open_database(away_house.stage.settings.database_url, patience=1.0)
    server.start()
    # Each worker opens its connection again by itself, and both answer on one socket.
    in_a_row, end = 0, time.monotonic() + 120
    while in_a_row < 6:
        in_a_row = in_a_row + 1 if ready(away_house).status_code == 200 else 0
        away_house.hang_up()
        assert time.monotonic() < end, "it does not come back"
    assert record.titles() == ["Avant"]
