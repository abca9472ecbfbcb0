import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet.audit import stored_lines, verification
from carnet.audit.checkpoint import sign_checkpoint
from carnet.audit.journal import SealedTree
from carnet.audit.merkle import leaf_hash, root
from carnet.database.failures import ConstraintViolated
from carnet.errors import IntegrityFailure

COLUMNS = ("entry", "sealed_openings", "leaf_hash")


def lines(journal):
    return journal.sql(
        "SELECT ticket, audit_place.leaf_index, entry, leaf_hash, patient_key, patient_seq "
        "FROM audit_event LEFT JOIN audit_place USING (ticket) ORDER BY ticket"
    )


def without_guards(journal):
    """What an administrator would do first: the same tables without keys, constraints and triggers."""
    journal.connection.control("PRAGMA foreign_keys=OFF")
    for trigger in ("audit_event_placed", "audit_place_given"):
        journal.connection.control(f"DROP TRIGGER {trigger}")
    for table in ("audit_event", "audit_place"):
        journal.connection.control(f"CREATE TABLE forged AS SELECT * FROM {table}")
        journal.connection.control(f"DROP TABLE {table}")
        journal.connection.control(f"ALTER TABLE forged RENAME TO {table}")


def assert_names(report, index):
    assert not report.intact
    first = report.first
    assert first.index is not None, report.findings
    assert first.index <= index <= first.until, report.findings


def test_an_honest_trace_is_intact_and_counted(journal):
    journal.fill(23, 5)
    report = journal.verify(key_of=journal.keys.get, known=journal.notes())
    assert report.intact, report.findings
    assert report.first is None
    assert (report.sealed, report.unsealed, report.checkpoints, report.patients, report.unopened) == (20, 3, 4, 3, 0)


@settings(max_examples=25)
@given(acts=st.lists(st.sampled_from([1, 2, 3, None, "seal", "seal few", "new process", "roll back"]), max_size=40))
def test_no_honest_history_is_suspected(journal, acts):
    for act in acts:
        if act == "roll back":
            journal.connection.control("BEGIN IMMEDIATE")
            journal.append(1)
            journal.append(None)
            journal.connection.control("ROLLBACK")
        elif act == "new process":
            journal.tree = SealedTree()
        elif isinstance(act, str):
            journal.seal(limit=3 if act == "seal few" else 1_000)
        else:
            journal.append(act)
    report = journal.verify(key_of=journal.keys.get)
    assert report.intact, report.findings


# --- one byte ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("ticket", [8, 15])
def test_every_byte_of_a_line_is_watched_and_the_line_is_named(journal, column, ticket):
    journal.fill(15, 5)
    ((data,),) = journal.sql(f"SELECT {column} FROM audit_event WHERE ticket=:ticket", ticket=ticket)
    control = journal.connection.control
    for position in range(len(data)):
        changed = data[:position] + bytes([data[position] ^ 0x20]) + data[position + 1 :]
        control("BEGIN")
        journal.sql(f"UPDATE audit_event SET {column}=:data WHERE ticket=:ticket", data=changed, ticket=ticket)
        report = journal.verify()
        control("ROLLBACK")
        assert report.first.index == report.first.until == ticket - 1, (position, report.findings)
        assert report.first.ticket == ticket
    assert journal.verify().intact


@pytest.mark.parametrize(
    "change",
    [
        "at = at + 1", "patient_key = 2", "patient_key = NULL", "patient_seq = 99", "patient_seq = NULL", "patient_seq = 'one'",
        "patient_key = NULL, patient_seq = NULL", "patient_key = 'one'", "entry = 'text'", "at = 'soon'", "sealed_openings = x''",
        "sealed_openings = 'text'", "leaf_hash = 'text'", "ticket = -5", "ticket = 99",
    ],
)  # fmt: skip
def test_no_column_of_a_line_can_be_changed(journal, change):
    journal.fill(15, 5)
    journal.connection.control("PRAGMA foreign_keys=OFF")
    journal.connection.control("DROP INDEX ix_audit_event_patient_key_patient_seq")
    journal.sql(f"UPDATE audit_event SET {change} WHERE ticket=8")
    assert_names(journal.verify(), 7)


@pytest.mark.parametrize(
    "change",
    ["leaf_index = NULL", "leaf_index = -1", "leaf_index = 99", "leaf_index = 'seven'", "leaf_index = 7.5", "leaf_index = x''",
     "leaf_index = 3", "ticket = -5", "ticket = 99", "ticket = 9", "ticket = 'eight'", "ticket = NULL"],
)  # fmt: skip
def test_no_place_can_be_changed(journal, change):
    journal.fill(15, 5)
    without_guards(journal)
    journal.sql(f"UPDATE audit_place SET {change} WHERE ticket=8")
    report = journal.verify()
    if change in {"leaf_index = -1", "leaf_index = 3"}:
        assert any((found.index, found.until) == (7, 7) for found in report.findings)
    else:
        assert_names(report, 7)


def test_a_line_that_was_passed_over_by_the_sealer_is_named(journal):
    """The control of the settled tickets: had one come late, the trace would say so."""
    journal.fill(10, 5)
    journal.sql(
        "INSERT INTO audit_event SELECT -ticket, NULL, NULL, at, entry, sealed_openings, leaf_hash, NULL FROM audit_event WHERE ticket = 8"
    )
    found = [one for one in journal.verify().findings if one.ticket == -8]
    assert "this one has none" in found[0].what


@pytest.mark.parametrize("column", ["size", "root", "note"])
def test_no_byte_of_a_checkpoint_can_be_changed(journal, column):
    journal.fill(15, 5)
    ((value,),) = journal.sql(f"SELECT {column} FROM audit_checkpoint WHERE size=10")
    if column == "size":
        changes = [0, -1, 9, 11, 99, "ten", 10.5]
    elif column == "root":
        changes = [value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :] for at in range(32)] + [
            "text",
            b"",
            value[:-1],
        ]
    else:
        changes = [value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :] for at in range(len(value))]
        changes += [value.encode(), "", value + "\n", value + "— temoin.test/w AAAA\n"]
    for changed in changes:
        journal.connection.control("BEGIN")
        journal.sql(f"UPDATE audit_checkpoint SET {column}=:value WHERE size=10", value=changed)
        report = journal.verify()
        journal.connection.control("ROLLBACK")
        assert not report.intact, changed
    assert journal.verify().intact


# --- whole lines ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(15))
def test_a_line_taken_away_is_named(journal, index):
    journal.fill(17, 5)
    journal.sql("DELETE FROM audit_event WHERE ticket=:ticket", ticket=index + 1)
    report = journal.verify()
    assert_names(report, index)
    # After the last line no root tells whether those since the checkpoint before are good.
    assert (report.first.index, report.first.until) == ((10, 14) if index == 14 else (index, index))


@pytest.mark.parametrize("index", range(14))
def test_a_line_taken_away_and_the_gap_closed_is_seen(journal, index):
    journal.fill(17, 5)
    without_guards(journal)
    journal.sql("DELETE FROM audit_event WHERE ticket=:ticket", ticket=index + 1)
    journal.sql("DELETE FROM audit_place WHERE leaf_index=:index", index=index)
    journal.sql("UPDATE audit_place SET leaf_index=leaf_index-1 WHERE leaf_index>:index", index=index)
    assert_names(journal.verify(), index)


@pytest.mark.parametrize("index", range(15))
def test_a_line_put_in_is_seen(journal, index):
    """The forger does all that can be done without the signing key: right hash, new places for what follows."""
    journal.fill(17, 5)
    without_guards(journal)
    entry = lines(journal)[0][2].replace(b"iti18", b"iti99")
    journal.sql("UPDATE audit_place SET leaf_index=leaf_index+1 WHERE leaf_index>=:index", index=index)
    journal.sql(
        "INSERT INTO audit_event SELECT ticket+1000, patient_key, patient_seq, at, :entry, sealed_openings, :leaf, NULL "
        "FROM audit_event WHERE ticket=1",
        entry=entry, leaf=leaf_hash(entry),
    )  # fmt: skip
    journal.sql("INSERT INTO audit_place VALUES (:index, 1001)", index=index)
    assert_names(journal.verify(), index)


@pytest.mark.parametrize("index", range(14))
def test_two_lines_exchanged_are_seen(journal, index):
    journal.fill(17, 5)
    for old, new in ((index, 900), (index + 1, index), (900, index + 1)):
        journal.sql("UPDATE audit_place SET leaf_index=:new WHERE leaf_index=:old", old=old, new=new)
    assert_names(journal.verify(), index)


@pytest.mark.parametrize("index", range(15))
def test_a_line_repeated_is_named(journal, index):
    journal.fill(17, 5)
    without_guards(journal)
    journal.sql(
        "INSERT INTO audit_event SELECT ticket+100, patient_key, patient_seq, at, entry, sealed_openings, leaf_hash, NULL "
        "FROM audit_event WHERE ticket=:ticket",
        ticket=index + 1,
    )
    journal.sql("INSERT INTO audit_place VALUES (:index, :ticket)", index=index, ticket=index + 101)
    assert_names(journal.verify(), index)


def test_a_repeated_line_between_two_pages_is_seen(journal, monkeypatch):
    monkeypatch.setattr(stored_lines, "_PAGE", 4)
    journal.fill(17, 5)
    assert journal.verify().intact
    without_guards(journal)
    journal.sql("INSERT INTO audit_event SELECT * FROM audit_event WHERE ticket=4")
    journal.sql("UPDATE audit_event SET ticket=ticket+100 WHERE rowid=(SELECT max(rowid) FROM audit_event)")
    journal.sql("INSERT INTO audit_place VALUES (3, 104)")
    assert_names(journal.verify(), 3)


@pytest.mark.parametrize("keep", range(15))
def test_a_trace_cut_short_is_seen_by_its_checkpoints(journal, keep):
    journal.fill(17, 5)
    journal.sql("DELETE FROM audit_event WHERE ticket>:keep", keep=keep)
    report = journal.verify()
    assert_names(report, keep)
    assert f"there are {keep}" in report.first.what


@pytest.mark.parametrize("index", range(15))
def test_a_line_rewritten_with_its_hash_is_seen(journal, index):
    """Every line matches its own hash: only the signed root, and the patient's next line, can tell."""
    journal.fill(17, 5)
    ((entry,),) = journal.sql("SELECT entry FROM audit_event WHERE ticket=:ticket", ticket=index + 1)
    forged = entry.replace(b'"outcome":"done"', b'"outcome":"fail"')
    journal.sql(
        "UPDATE audit_event SET entry=:entry, leaf_hash=:leaf WHERE ticket=:ticket",
        entry=forged,
        leaf=leaf_hash(forged),
        ticket=index + 1,
    )
    assert_names(journal.verify(), index)


def test_a_waiting_line_taken_out_of_a_patient_s_chain_is_seen(journal):
    for _ in range(3):
        journal.append(1)
    journal.sql("DELETE FROM audit_event WHERE ticket=2")
    report = journal.verify()
    assert [(found.index, found.ticket) for found in report.findings] == [(None, 3)]
    assert "line 2 is missing" in report.findings[0].what


def test_a_waiting_line_that_was_changed_is_named_by_its_ticket(journal):
    journal.fill(7, 5)
    ((entry,),) = journal.sql("SELECT entry FROM audit_event WHERE ticket=6")
    journal.sql("UPDATE audit_event SET entry=:entry WHERE ticket=6", entry=entry[:-1])
    assert journal.verify().first.ticket == 6


def test_a_waiting_line_that_is_no_entry_is_named_by_its_ticket(journal):
    journal.fill(7, 5)
    journal.sql("UPDATE audit_event SET entry=x'7b7d', leaf_hash=:leaf WHERE ticket=7", leaf=leaf_hash(b"{}"))
    assert "cannot be read" in journal.verify().first.what


# --- checkpoints ---------------------------------------------------------------------------------------------------


def test_lines_whose_checkpoint_was_taken_away_are_named(journal):
    journal.fill(15, 5)
    journal.sql("DELETE FROM audit_checkpoint WHERE size=15")
    report = journal.verify()
    assert (report.first.index, report.first.until) == (10, 14)
    assert "no checkpoint" in report.first.what


def test_a_checkpoint_signed_by_another_key_is_seen(journal):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    journal.fill(15, 5)
    other = Ed25519PrivateKey.generate()
    leaves = [row[3] for row in lines(journal)]
    forged = sign_checkpoint(journal.origin, 15, root(leaves), other.sign, other.public_key().public_bytes_raw())
    journal.sql("UPDATE audit_checkpoint SET note=:note WHERE size=15", note=forged.note)
    report = journal.verify()
    assert "checkpoint of size 15" in report.findings[0].what


def cut_and_regrow(journal):
    """Back to the first checkpoint, then on with other lines: the server's own key signs it all."""
    journal.sql("DELETE FROM audit_event WHERE ticket>5")
    journal.sql("DELETE FROM audit_place WHERE leaf_index>=5")
    journal.sql("DELETE FROM audit_checkpoint WHERE size>5")
    for _ in range(10):
        journal.append(3)
        if len(lines(journal)) % 5 == 0:
            journal.seal()


def test_a_trace_cut_and_grown_again_is_seen_by_whoever_kept_a_checkpoint(journal):
    journal.fill(15, 5)
    kept = journal.notes()
    cut_and_regrow(journal)
    assert journal.verify().intact, "from inside nothing shows: this is why checkpoints are given away"
    report = journal.verify(known=kept)
    assert_names(report, 5)
    assert "an outside checkpoint of size 10" in report.first.what


def test_a_trace_taken_back_to_an_older_state_is_seen_by_whoever_kept_a_checkpoint(journal):
    journal.fill(15, 5)
    kept = journal.notes()
    journal.sql("DELETE FROM audit_event WHERE ticket>10")
    journal.sql("DELETE FROM audit_place WHERE leaf_index>=10")
    journal.sql("DELETE FROM audit_checkpoint WHERE size>10")
    assert journal.verify().intact
    report = journal.verify(known=kept)
    assert (report.first.index, report.first.until) == (10, 14)


def test_a_kept_checkpoint_of_another_trace_is_not_taken_as_one(journal):
    journal.fill(5, 5)
    with pytest.raises(IntegrityFailure):
        journal.verify(known=[journal.notes()[0].replace("carnet", "autre", 1)])


def test_an_empty_trace_with_a_kept_checkpoint_is_seen(journal):
    journal.fill(5, 5)
    kept = journal.notes()
    journal.sql("DELETE FROM audit_event")
    journal.sql("DELETE FROM audit_checkpoint")
    report = journal.verify(known=kept)
    assert (report.first.index, report.first.until) == (0, 4)


# --- openings ------------------------------------------------------------------------------------------------------


def test_sealed_values_are_compared_with_what_the_line_commits_to_when_keys_are_given(journal):
    """The forger holds the patient's key and seals other values, in a line not yet under a checkpoint."""
    from carnet.audit.openings import CONTEXT, digest

    journal.append(1)
    journal.append(1)
    ((sealed,),) = journal.sql("SELECT sealed_openings FROM audit_event WHERE ticket=2")
    plain = journal.keys[1].open(sealed, CONTEXT).replace(b"TESTARD", b"MARTIN")
    forged = journal.keys[1].seal(plain, CONTEXT)
    ((entry,),) = journal.sql("SELECT entry FROM audit_event WHERE ticket=2")
    entry = entry.replace(digest(sealed).encode(), digest(forged).encode())
    journal.sql(
        "UPDATE audit_event SET entry=:entry, leaf_hash=:leaf, sealed_openings=:sealed WHERE ticket=2",
        entry=entry,
        leaf=leaf_hash(entry),
        sealed=forged,
    )
    assert journal.verify().intact
    report = journal.verify(key_of=journal.keys.get)
    assert report.first.ticket == 2
    assert "commits to" in report.first.what


def test_lines_whose_key_is_destroyed_are_still_proved_and_counted(journal):
    journal.fill(15, 5)
    del journal.keys[1]
    report = journal.verify(key_of=journal.keys.get)
    assert report.intact
    assert report.unopened == sum(row[4] == 1 for row in lines(journal))


# --- the verifier itself -------------------------------------------------------------------------------------------


def test_a_verifier_that_ignores_the_last_line_is_caught(journal, monkeypatch):
    """Negative control: this is what the tests above would miss if the last line were not looked at."""
    journal.fill(15, 5)
    ((entry,),) = journal.sql("SELECT entry FROM audit_event WHERE ticket=15")
    journal.sql("UPDATE audit_event SET entry=:entry WHERE ticket=15", entry=entry.replace(b"done", b"gone"))
    honest = journal.verify()
    whole = stored_lines.sealed
    monkeypatch.setattr(verification.stored_lines, "sealed", lambda connection: list(whole(connection))[:-1])
    blind = journal.verify()
    assert honest.first.index == 14
    assert "does not match its hash" in honest.first.what
    assert not any("does not match its hash" in found.what for found in blind.findings)
    assert not blind.intact, "the checkpoint still speaks of 15 lines"


def test_a_verifier_that_does_not_compare_roots_is_caught(journal, monkeypatch):
    """Negative control for rewritten lines: without roots only the patient's next line could tell, and the last has none."""
    journal.fill(15, 5)
    ((entry,),) = journal.sql("SELECT entry FROM audit_event WHERE ticket=15")
    forged = entry.replace(b'"outcome":"done"', b'"outcome":"fail"')
    journal.sql(
        "UPDATE audit_event SET entry=:entry, leaf_hash=:leaf WHERE ticket=15", entry=forged, leaf=leaf_hash(forged)
    )
    assert not journal.verify().intact
    monkeypatch.setattr(verification, "_check_tree", lambda *arguments: iter(()))
    assert journal.verify().intact


def test_findings_are_limited_in_number(journal):
    for _ in range(130):
        journal.append(None)
    journal.seal()
    journal.sql("UPDATE audit_event SET at=0")
    assert len(journal.verify().findings) == verification.MAXIMUM_FINDINGS


def test_the_database_itself_refuses_two_lines_in_one_place(journal):
    journal.fill(5, 5)
    with pytest.raises(ConstraintViolated):
        journal.sql("UPDATE audit_place SET leaf_index=1 WHERE leaf_index=2")
    with pytest.raises(ConstraintViolated):
        journal.sql("INSERT INTO audit_place VALUES (99, 3)")


def test_reading_goes_by_pages(journal, monkeypatch):
    monkeypatch.setattr(stored_lines, "_PAGE", 3)
    journal.fill(23, 5)
    report = journal.verify(key_of=journal.keys.get)
    assert report.intact
    assert (report.sealed, report.unsealed, report.checkpoints, report.patients) == (20, 3, 4, 3)
