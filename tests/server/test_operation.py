"""Health and figures: ready means that a document could be put in now, and no identity is in any of it."""

from __future__ import annotations

import errno
import json
from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from carnet.clock import HOUR, system_clock
from carnet.demo.people import MEDECIN_TRAITANT, PATIENTS, PROFESSIONALS
from carnet.errors import OutOfResources
from carnet.repository.file_system import OperatingSystem
from carnet.repository.segments import LONGEST_PAUSE, SegmentStore, prepare


class NoRoom(OperatingSystem):
    """A disk that fails to write; when `code` is EIO, a store on it has failed for good."""

    def __init__(self, code) -> None:
        self.code = code

    def write(self, handle, parts, offset):
        raise OSError(self.code, "the disk answered with an error")


def ready(served):
    heard = served.get("/health/ready")
    return heard.status, json.loads(heard.body)["failing"]


def on_disk(files):
    """The platform with its documents on another disk."""

    def change(platform):
        platform.segments.close()
        return replace(platform, segments=SegmentStore(platform.settings.home / "documents", "w0", file_system=files))

    return change


def test_a_service_that_works_is_live_and_ready(served):
    heard = served.get("/health/live")
    assert (heard.status, json.loads(heard.body)) == (200, {"status": "live"})
    assert ready(served) == (200, [])


def test_asking_whether_it_is_ready_leaves_nothing_in_the_store(served):
    for _ in range(3):
        ready(served)
    (file,) = (served.platform.settings.home / "documents").glob("*.seg")
    assert file.stat().st_size == 16


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_takes_no_document_is_named(serve, code):
    assert ready(serve(change=on_disk(NoRoom(code)))) == (503, ["documents"])


def test_a_store_that_failed_once_is_named_until_it_begins_another_file(serve):
    class FailsOnce(OperatingSystem):
        failing = True

        def sync(self, handle):
            if self.failing:
                self.failing = False
                raise OSError(errno.EIO, "the disk answered with an error")
            super().sync(handle)

    served = serve(change=on_disk(FailsOnce()))
    assert ready(served) == (200, [])
    served.platform.segments.append(prepare(b"document"), bytes(32), "2.25.1")
    with pytest.raises(OutOfResources):
        served.platform.segments.sync()
    now = system_clock()
    served.platform.segments._clock = lambda: now
    assert ready(served) == (503, ["documents"])
    served.platform.segments._clock = lambda: now + LONGEST_PAUSE
    assert ready(served) == (200, [])


def test_a_database_that_does_not_answer_is_named(served):
    served.platform.connection.close()
    assert ready(served) == (503, ["database"])


def test_a_database_that_would_lose_what_it_acknowledged_is_named(served):
    served.platform.connection._raw.execute("PRAGMA synchronous=NORMAL")
    assert ready(served) == (503, ["database"])


def test_authorities_without_a_list_in_date_are_named(serve, home):
    for file in (home / "pki" / "crl").iterdir():
        file.unlink()
    assert ready(serve()) == (503, ["revocation lists"])


def test_rules_that_cannot_be_proved_are_named_and_close_all_reading(serve):
    """A row was taken away: whoever reads is refused until the rows are whole again and the service is started anew."""
    served = serve()
    raw = served.platform.connection._raw
    raw.execute("INSERT INTO rule_version VALUES ('matrix', 'x', 2, '', x'', '', '', 9000000000000000, 'x', 0)")
    assert ready(served) == (503, ["rules"])
    assert b"DMPAccessDenied" in call(served, MEDECIN_TRAITANT, PATIENTS[0].identifier).body
    raw.execute("DELETE FROM rule_version")
    assert ready(served) == (503, ["rules"])
    again = serve()
    assert ready(again) == (200, [])
    assert b"DMPAccessDenied" not in call(again, MEDECIN_TRAITANT, PATIENTS[0].identifier).body


def test_a_full_queue_is_named(serve):
    assert ready(serve(maximum_waiting_requests=0)) == (503, ["waiting acts"])


def test_everything_that_fails_is_named_at_once(serve):
    served = serve(maximum_waiting_requests=0, change=on_disk(NoRoom(errno.ENOSPC)))
    served.platform.connection.close()
    assert ready(served) == (503, ["database", "documents", "waiting acts"])


def figures(served):
    heard = served.get("/metrics")
    assert heard.headers[b"content-type"].startswith(b"application/openmetrics-text")
    return heard.body.decode(), {family.name: family for family in text_string_to_metric_families(heard.body.decode())}


def call(served, who, patient):
    content_type, message = served.search(who, patient)
    headers = [("content-type", content_type.encode())]
    return served.post(message, headers=headers, certificate=served.certificate(who))


def test_figures_are_openmetrics_and_count_each_request_by_transaction_and_outcome(served):
    call(served, MEDECIN_TRAITANT, PATIENTS[0].identifier)
    call(served, MEDECIN_TRAITANT, PATIENTS[0].identifier)
    served.post(b"not XML")
    _, families = figures(served)
    counted = {
        (sample.labels["transaction"], sample.labels["outcome"]): sample.value
        for sample in families["carnet_requests"].samples
        if sample.name == "carnet_requests_total"
    }
    assert counted == {("iti18", "success"): 2.0, ("unknown", "fault"): 1.0}
    durations = families["carnet_request_seconds"].samples
    assert {s.value for s in durations if s.name.endswith("_count") and s.labels == {"transaction": "iti18"}} == {2.0}
    assert families["carnet_waiting_acts"].samples[0].value == 0.0


def test_no_identity_and_nothing_that_a_caller_wrote_is_in_the_figures(served):
    for patient in PATIENTS:
        call(served, PROFESSIONALS[0], patient.identifier)
        call(served, PROFESSIONALS[1], patient.identifier)
    served.post(b"<canary/>", headers=[("content-type", b"text/canary")])
    text, families = figures(served)
    labels = {name for family in families.values() for sample in family.samples for name in sample.labels}
    assert labels == {"transaction", "outcome", "le", "what"}
    values = {
        sample.labels[name]
        for family in families.values()
        for sample in family.samples
        for name in sample.labels.keys() - {"le", "what"}
    }
    assert values <= {"iti18", "unknown", "success", "failure", "fault"}
    for person in (*PATIENTS, *PROFESSIONALS):
        number = person.identifier if isinstance(person.identifier, str) else person.identifier.value
        assert number not in text
    assert "canary" not in text


def test_what_is_owed_is_counted_whether_or_not_there_is_any(served):
    def owed():
        _, families = figures(served)
        return {sample.labels["what"]: sample.value for sample in families["carnet_obligations"].samples}

    before = owed()
    assert {
        "reviews",
        "reviews_overdue",
        "alarms",
        "notices_due",
        "notices_failed",
        "notices_uncertain",
    } <= before.keys()
    assert set(before.values()) == {0}
    connection = served.platform.connection._raw
    connection.execute(
        "INSERT INTO notice (patient_key, notice_id, kind, recipient, due_at) VALUES (1, 'n', 'k', 'p', 0)"
    )
    connection.execute("INSERT INTO alarm VALUES ('a', 'harvest-hour', '8', 2, 1, 0, NULL, '')")
    assert {what for what, count in owed().items() if count == 1} == {"notices_due", "alarms"}


def test_segments_are_counted_by_what_they_wait_for(served):
    def shown():
        _, families = figures(served)
        found = {sample.labels["what"]: sample.value for sample in families["carnet_segments"].samples}
        for name in ("oldest_waiting_seconds", "local_bytes", "last_scrub_timestamp_seconds"):
            (sample,) = families[f"carnet_segment_{name}"].samples
            found[name] = sample.value
        return found

    before = shown()
    assert {name: before[name] for name in before.keys() - {"local_bytes"}} == {
        "waiting": 0,
        "damaged": 0,
        "oldest_waiting_seconds": 0,
        "last_scrub_timestamp_seconds": 0,
    }
    hour_ago = system_clock() - HOUR
    add = "INSERT INTO document_segment (name, size, sha256, closed_at, verified_at, damaged_at, scrubbed_at, retired_at) VALUES "
    connection = served.platform.connection._raw
    connection.execute(f"{add} ('w-1-1.seg', 9, x'', {hour_ago}, NULL, NULL, NULL, NULL)")
    connection.execute(f"{add} ('w-1-2.seg', 9, x'', {hour_ago + 1}, NULL, {hour_ago}, 7000000, NULL)")
    connection.execute(f"{add} ('w-1-3.seg', 9, x'', 0, {hour_ago}, NULL, 9000000, NULL)")
    connection.execute(f"{add} ('w-1-4.seg', 9, x'', 0, NULL, 1, NULL, 1)")
    (served.platform.settings.home / "documents" / "w0-1-00000001.seg").write_bytes(bytes(1_000))
    after = shown()
    assert (after["waiting"], after["damaged"], after["last_scrub_timestamp_seconds"]) == (2, 1, 9)
    assert after["oldest_waiting_seconds"] >= 3_600
    assert after["local_bytes"] == before["local_bytes"] + 1_000
