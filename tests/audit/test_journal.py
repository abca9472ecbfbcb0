import base64
import hashlib
import json
import shutil

import pytest
import rfc8785

from carnet.audit.event import decode_entry
from carnet.audit.journal import SealedTree, append
from carnet.audit.merkle import leaf_hash, root
from carnet.audit.openings import encode_hash
from carnet.audit.trail import read_trail
from carnet.database.failures import ConstraintViolated
from carnet.errors import ConfigurationError, IntegrityFailure


def entries(journal):
    return journal.sql("SELECT ticket, entry, sealed_openings, leaf_hash, patient_seq FROM audit_event ORDER BY ticket")


def test_an_entry_is_canonical_json_and_its_leaf_is_that_of_rfc_6962(journal):
    journal.append(reason="suspicion d'« infarctus »\n\u2028")
    ((_, entry, sealed, leaf, _),) = entries(journal)
    assert rfc8785.dumps(json.loads(entry)) == entry
    assert leaf == hashlib.sha256(b"\x00" + entry).digest()
    assert json.loads(entry)["openings"] == base64.b64encode(hashlib.sha256(sealed).digest()).decode()


def test_nothing_that_names_a_person_stands_in_clear(journal):
    secrets = {
        "reason": "raison-secrete", "requester_id": "899700218896", "requester_name": "Camille TESTARD", "organization_id": "1750000001",
        "organization_name": "Cabinet des Lilas", "software": "Logiciel-secret", "address": "192.0.2.77", "certificate": "cd" * 32,
        "patient": "2790168145^^^&1.2.250.1.213.1.4.10&ISO^NH", "objects": ("1.2.250.1.999.77",), "detail": "detail-secret",
    }  # fmt: skip
    journal.append(**secrets)
    row = journal.sql("SELECT * FROM audit_event")[0]
    stored = b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    for value in secrets.values():
        text = value if isinstance(value, str) else value[0]
        assert text.encode() not in stored


def test_two_equal_events_have_unlike_commitments(journal):
    for _ in range(2):
        journal.append(at=5)
    first, second = (decode_entry(row[1]).committed for row in entries(journal))
    assert not set(first.values()) & set(second.values())


def test_tickets_grow_and_each_patient_has_a_chain_of_its_own(journal):
    tickets = [journal.append(who) for who in (1, 2, 1, None, 1, 2)]
    assert tickets == sorted(set(tickets))
    rows = entries(journal)
    assert [row[4] for row in rows] == [1, 1, 2, None, 3, 2]
    links = [decode_entry(row[1]).link for row in rows]
    assert [link and link.previous for link in links] == [
        None,
        None,
        encode_hash(rows[0][3]),
        None,
        encode_hash(rows[2][3]),
        encode_hash(rows[1][3]),
    ]
    assert links[4].patient_key == 1


def test_two_transactions_cannot_both_write_the_same_line_of_a_patient(journal):
    journal.append()
    with pytest.raises(ConstraintViolated):
        journal.sql(
            "INSERT INTO audit_event (patient_key, patient_seq, at, entry, sealed_openings, leaf_hash) VALUES (1, 1, 0, x'', x'', x'')"
        )


def test_a_line_that_was_rolled_back_leaves_no_trace_and_no_gap(journal):
    journal.append()
    journal.connection.control("BEGIN IMMEDIATE")
    journal.append()
    journal.connection.control("ROLLBACK")
    journal.append()
    journal.seal()
    assert journal.verify(key_of=journal.keys.get).intact


def test_hundreds_of_documents_are_one_digest_in_the_entry(journal):
    objects = tuple(f"1.2.250.1.999.{number}" for number in range(400, 0, -1))
    journal.append(objects=objects)
    assert len(entries(journal)[0][1]) < 2_000
    assert read_trail(journal.connection, 1, journal.keys[1])[0]["objects"] == tuple(sorted(objects))


def test_a_text_that_has_no_form_in_utf_8_cannot_be_traced(journal):
    with pytest.raises(ValueError):
        journal.append(reason="\ud800")
    assert entries(journal) == []


def test_the_key_of_one_patient_does_not_open_the_line_of_another(journal):
    append(journal.connection, journal.event(1), patient_key=1, key=journal.keys[1])
    assert read_trail(journal.connection, 1, journal.keys[1])[0]["problem"] == ""
    assert read_trail(journal.connection, 1, journal.keys[2])[0]["problem"] != ""


# --- sealing -------------------------------------------------------------------------------------------------------


def test_lines_are_sealed_in_the_order_of_tickets_under_a_signed_root(journal):
    for _ in range(7):
        journal.append()
    checkpoint = journal.seal(limit=4)
    assert checkpoint.size == 4
    assert checkpoint.root == root([row[3] for row in entries(journal)[:4]])
    assert journal.sql("SELECT ticket, leaf_index FROM audit_place ORDER BY ticket") == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert journal.seal().size == 7
    assert journal.seal() is None
    assert journal.sql("SELECT size, root, note FROM audit_checkpoint ORDER BY size")[0] == (
        4,
        checkpoint.root,
        checkpoint.note,
    )
    assert journal.verify().checkpoints == 2


def test_an_empty_journal_has_nothing_to_seal(journal):
    assert journal.seal() is None
    assert journal.verify().intact


def test_sealing_again_reads_only_the_new_lines(journal):
    journal.fill(10)
    read = []
    original = journal.connection.execute

    def watched(statement, parameters=None):
        rows = original(statement, parameters)
        if "leaf_index >= " in statement.sqlite:
            read.extend(row[0] for row in rows)
        return rows

    journal.connection.execute = watched
    journal.append()
    journal.seal()
    assert read == [10]


@pytest.mark.parametrize("tree", [None, "fresh", "own"])
def test_a_process_that_remembers_nothing_or_an_older_tree_seals_the_same_root(journal, tree):
    journal.fill(10)
    other = SealedTree()
    assert other.warm(journal.connection) == 10
    journal.append()
    journal.seal(tree=other)
    journal.append()
    checkpoint = journal.seal(tree=SealedTree() if tree == "fresh" else tree)
    assert checkpoint.root == root([row[3] for row in entries(journal)])
    assert journal.verify().intact


def test_a_seal_that_was_rolled_back_is_forgotten(journal):
    journal.fill(5)
    journal.append()
    with pytest.raises(RuntimeError):
        journal.seal(sign=failing)
    journal.connection.control("BEGIN IMMEDIATE")
    from carnet.audit.journal import seal

    seal(journal.connection, journal.private.sign, journal.origin, 1, public_key=journal.public_key, tree=journal.tree)
    journal.connection.control("ROLLBACK")
    journal.append()
    assert journal.seal().size == 7
    assert journal.verify().intact


def failing(data):
    raise RuntimeError("the module that signs is away")


@pytest.mark.parametrize("bad", ["new", "old"])
def test_a_stored_bit_that_flipped_is_seen_before_anything_is_signed(journal, bad):
    journal.fill(5)
    journal.append()
    ticket = 6 if bad == "new" else 3
    entry = bytearray(entries(journal)[ticket - 1][1])
    entry[20] ^= 1
    journal.sql("UPDATE audit_event SET entry=:entry WHERE ticket=:ticket", entry=bytes(entry), ticket=ticket)
    with pytest.raises(IntegrityFailure):
        journal.seal(tree=SealedTree())
    assert len(journal.notes()) == 1
    assert journal.sql("SELECT leaf_index FROM audit_place WHERE ticket=6") == []


def test_a_past_that_was_rewritten_with_its_hashes_is_not_built_upon(journal):
    journal.fill(5)
    ((entry,),) = journal.sql("SELECT entry FROM audit_event WHERE ticket=3")
    forged = entry.replace(b"iti18", b"iti99")
    journal.sql(
        "UPDATE audit_event SET entry=:entry, leaf_hash=:leaf WHERE ticket=3", entry=forged, leaf=leaf_hash(forged)
    )
    journal.append()
    with pytest.raises(IntegrityFailure, match="first 5 lines"):
        journal.seal(tree=SealedTree())


def test_a_sealed_line_that_is_missing_stops_a_process_that_begins(journal):
    journal.fill(5)
    journal.sql("DELETE FROM audit_event WHERE ticket=5")
    with pytest.raises(IntegrityFailure, match="Line 4"):
        SealedTree().warm(journal.connection)


def test_a_line_in_the_tree_that_no_checkpoint_covers_stops_the_sealing(journal):
    journal.fill(7)
    journal.sql("INSERT INTO audit_place VALUES (9, 7)")
    with pytest.raises(IntegrityFailure, match="index 5"):
        journal.seal()


def test_a_signature_that_does_not_verify_is_not_kept(journal):
    journal.append()
    with pytest.raises(IntegrityFailure):
        journal.seal(sign=lambda data: bytes(64))
    assert journal.notes() == []


def test_an_origin_that_cannot_name_a_key_is_refused(journal):
    from carnet.audit.journal import seal

    journal.append()
    with pytest.raises(ConfigurationError):
        seal(journal.connection, journal.private.sign, "two words", 1, public_key=journal.public_key)


def test_a_trace_of_many_pages_is_sealed_by_a_process_that_begins(journal, tmp_path):
    for _ in range(2_100):
        journal.append(None, objects=())
    while journal.seal(limit=700):
        pass
    journal.append()
    assert journal.seal(tree=None).size == 2_101
    copy = tmp_path / "copy.db"
    shutil.copy(tmp_path / "carnet.db", copy)
    assert journal.verify().sealed == 2_101
    assert leaf_hash(entries(journal)[-1][1]) == entries(journal)[-1][3]
