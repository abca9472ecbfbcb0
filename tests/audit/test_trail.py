from dataclasses import asdict, fields

from carnet.audit.event import AuditEvent
from carnet.audit.journal import append
from carnet.audit.trail import read_trail


def test_a_patient_reads_who_did_what_in_plain_words_oldest_first(journal):
    journal.append(1, mode="bris_de_glace", reason="patient inconscient", secret=True)
    journal.append(2)
    journal.append(1, action="iti43", outcome="refused", rules=("blocked",), objects=())
    journal.seal(limit=2)
    first, second = read_trail(journal.connection, 1, journal.keys[1])
    assert (first["seq"], first["index"], second["seq"], second["index"]) == (1, 0, 2, None)
    assert first["problem"] == second["problem"] == ""
    assert (first["action"], first["mode"], first["reason"], first["secret"]) == (
        "iti18",
        "bris_de_glace",
        "patient inconscient",
        True,
    )
    assert first["requester_name"] == "Camille TESTARD"
    assert first["objects"] == ("1.2.250.1.999.1.1", "1.2.250.1.999.1.2")
    assert (second["action"], second["outcome"], second["rules"], second["secret"]) == (
        "iti43",
        "refused",
        ("blocked",),
        False,
    )


def test_every_field_of_an_event_is_read_back_as_it_was(journal):
    values = {
        field.name: f"{field.name} « é »"
        for field in fields(AuditEvent)
        if field.name not in {"at", "objects", "rules", "outcome", "secret"}
    }
    event = AuditEvent(outcome="failed", at=5, objects=("1", "2"), rules=("r", "s"), secret=True, **values)
    append(journal.connection, event, patient_key=1, key=journal.keys[1])
    (shown,) = read_trail(journal.connection, 1, journal.keys[1])
    assert {name: shown[name] for name in event.__dataclass_fields__} == asdict(event)


def test_sealed_values_of_another_shape_are_not_guessed_at(journal, monkeypatch):
    """As another version of Carnet might write them."""
    monkeypatch.setattr(AuditEvent, "identifying", lambda event: {"patient": [event.patient]})
    journal.append(1)
    (line,) = read_trail(journal.connection, 1, journal.keys[1])
    assert "shape" in line["problem"]


def test_the_lines_of_no_patient_are_read_with_the_trace_s_own_key(journal):
    journal.append(None, detail="assertion without signature")
    journal.append(1)
    (line,) = read_trail(journal.connection, None, journal.keys[None])
    assert line["detail"] == "assertion without signature"


def test_openings_moved_from_one_line_to_another_are_not_believed(journal):
    journal.append(1, detail="first")
    journal.append(1, detail="second")
    journal.sql(
        "UPDATE audit_event SET sealed_openings=(SELECT sealed_openings FROM audit_event WHERE ticket=2) WHERE ticket=1"
    )
    first, second = read_trail(journal.connection, 1, journal.keys[1])
    assert "detail" not in first
    assert first["problem"]
    assert second["detail"] == "second"


def test_a_line_that_was_changed_is_marked_and_the_others_are_shown(journal):
    journal.append(1)
    journal.append(1)
    journal.sql("UPDATE audit_event SET entry=replace(entry, 'done', 'gone') WHERE ticket=1")
    first, second = read_trail(journal.connection, 1, journal.keys[1])
    assert first["problem"]
    assert "outcome" not in first
    assert second["outcome"] == "done"


def test_a_long_trail_is_whole(journal):
    for _ in range(1_030):
        journal.append(2, objects=())
    assert [line["seq"] for line in read_trail(journal.connection, 2, journal.keys[2])] == list(range(1, 1_031))
