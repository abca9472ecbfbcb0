"""An exported trail proves itself: every byte, every line, and, with a witness or an older export, every other history of the same keeper."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from carnet.audit import export_verification
from carnet.audit.canonical_json import encode
from carnet.audit.checkpoint import sign_checkpoint
from carnet.audit.cosignature import cosign
from carnet.audit.event import decode_entry
from carnet.audit.export_verification import verify_export
from carnet.audit.exported_trail import (
    FORM,
    ExportedCheckpoint,
    ExportedStatement,
    Header,
    Statement,
    Witnessed,
    digest_of,
    exported_entry,
    hashes,
    write_line,
)
from carnet.audit.merkle import consistency_proof, inclusion_proof, leaf_hash, root
from carnet.audit.openings import unseal
from carnet.audit.signed_note import COSIGNATURE, VerifierKey, write_note
from carnet.audit.stored_lines import of_patient, sealed

WITNESS = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS_KEY = VerifierKey("witness.test/w1", WITNESS.public_key().public_bytes_raw(), COSIGNATURE)
OTHER_KEY = VerifierKey(
    "witness.test/w2", Ed25519PrivateKey.from_private_bytes(b"v" * 32).public_key().public_bytes_raw(), COSIGNATURE
)


class Exporter:
    """Writes exports as the keeper of the trace does, and as a dishonest keeper could, who has the signing key."""

    def __init__(self, journal):
        self.journal = journal
        self.key = VerifierKey(journal.origin, journal.public_key)

    def leaves(self, size=None):
        return [leaf_hash(line.entry) for line in sealed(self.journal.connection)][:size]

    def checkpoint(self, size=None):
        leaves = self.leaves(size)
        return sign_checkpoint(self.key.name, len(leaves), root(leaves), self.journal.private.sign, self.key.public_key)

    def cosigned(self, checkpoint, seconds=1_790_000_000):
        return checkpoint.note + cosign(checkpoint.text, WITNESS_KEY, WITNESS.sign, seconds=seconds)

    def lines(self, patient=1, size=None, *, witnessed=None):
        """The lines of an export; `witnessed`: the size of the checkpoint that the witness signed."""
        checkpoint, leaves = self.checkpoint(size), self.leaves(size)
        listed = [line for line in of_patient(self.journal.connection, patient) if line.leaf_index < len(leaves)]
        header = Header(carnet="trail", count=len(listed), key=self.key.encoded(), patient=patient, v=FORM)
        entries = [self.entry(line, patient, leaves) for line in listed]
        note, older = checkpoint.note, None
        if witnessed == checkpoint.size:
            note = self.cosigned(checkpoint)
        elif witnessed is not None:
            older = Witnessed(self.cosigned(self.checkpoint(witnessed)), hashes(consistency_proof(witnessed, leaves)))
        before = [write_line(header), *entries, write_line(ExportedCheckpoint(note, older))]
        return [*before, self.statement(before, listed, checkpoint, patient)]

    def entry(self, line, patient, leaves):
        openings = unseal(decode_entry(line.entry).committed, line.sealed_openings, self.journal.keys[patient])
        proof = inclusion_proof(line.leaf_index, leaves)
        return write_line(exported_entry(line.entry, line.leaf_index, openings, proof))

    def statement(self, before, listed, checkpoint, patient, changes=()):
        about = {
            "origin": self.key.name, "patient": patient, "last": len(listed), "leaf": leaf_hash(listed[-1].entry),
            "size": checkpoint.size, "root": checkpoint.root, "at": self.journal.now, "file": digest_of(before),
        }  # fmt: skip
        note = write_note(Statement(**(about | dict(changes))).text(), self.key, self.journal.private.sign)
        return write_line(ExportedStatement(note))

    def export(self, *args, **options):
        return b"".join(self.lines(*args, **options))


@pytest.fixture
def exporter(journal):
    journal.fill(20, 5)
    return Exporter(journal)


def entry_of(data, position):
    """The line (from 1) of a byte."""
    return data[:position].count(b"\n") + 1


# --- what holds ----------------------------------------------------------------------------------------------------


def test_a_whole_export_holds_and_says_what_it_is(exporter):
    report = verify_export(exporter.export(), key=exporter.key)
    assert report.wrong is None
    assert (report.entries, report.patient, report.origin, report.size) == (8, 1, exporter.journal.origin, 20)
    assert report.at == exporter.journal.now


def withholding(exporter, *names, form=FORM):
    """An export of a keeper that leaves these values of its third entry closed."""
    header, *entries, checkpoint, _statement = exporter.lines()
    told = json.loads(entries[2])
    told["openings"] = {name: opening for name, opening in told["openings"].items() if name not in names}
    entries[2] = encode(told) + b"\n"
    header = encode(json.loads(header) | {"v": form}) + b"\n"
    before = [header, *entries, checkpoint]
    listed = [line for line in of_patient(exporter.journal.connection, 1) if line.leaf_index < len(exporter.leaves())]
    return b"".join([*before, exporter.statement(before, listed, exporter.checkpoint(), 1)])


def test_which_documents_a_line_names_may_stay_closed_and_the_proof_is_whole(exporter):
    report = verify_export(withholding(exporter, "objects", "purpose"), key=exporter.key)
    assert report.wrong is None
    assert report.withheld == 1
    assert verify_export(exporter.export(), earlier=withholding(exporter, "objects")).intact
    assert verify_export(exporter.export()).withheld == 0


@pytest.mark.parametrize("name", ["requester", "organization", "origin", "patient"])
def test_who_did_it_may_not_stay_closed(exporter, name):
    report = verify_export(withholding(exporter, name), key=exporter.key)
    assert report.wrong is not None
    assert report.wrong.entry == 3


def test_in_the_first_form_nothing_stays_closed(exporter):
    assert verify_export(withholding(exporter, form=1), key=exporter.key).intact
    assert verify_export(withholding(exporter, "objects", form=1), key=exporter.key).wrong.entry == 3


def test_an_export_of_one_entry_holds(journal):
    journal.append(2)
    journal.seal()
    assert verify_export(Exporter(journal).export(2)).intact


@settings(max_examples=60)
@given(acts=st.lists(st.sampled_from([1, 2, 3, None, "seal"]), min_size=1, max_size=25))
def test_no_honest_trail_is_suspected(journal, acts):
    for act in [*acts, 1, "seal"]:
        if act == "seal":
            journal.seal()
        else:
            journal.append(act)
    exporter = Exporter(journal)
    assert verify_export(exporter.export(), key=exporter.key).wrong is None


def test_roots_and_proofs_are_those_of_an_independent_implementation(exporter):
    oracle = InmemoryTree(algorithm="sha256")
    for line in sealed(exporter.journal.connection):
        oracle.append_entry(line.entry)
    lines = exporter.lines()
    checkpoint = json.loads(lines[-2])["checkpoint"].split("\n")
    assert checkpoint[1:3] == ["20", b64encode(oracle.get_root()).decode()]
    for line in lines[1:-2]:
        found = json.loads(line)
        path = oracle.prove_inclusion(found["index"] + 1, 20).serialize()["path"]
        assert path[1:] == [b64decode(sibling).hex() for sibling in found["proof"]]


# --- one byte ------------------------------------------------------------------------------------------------------


def test_every_byte_changed_in_turn_is_detected_and_its_entry_named(exporter):
    data = exporter.export(witnessed=15)
    last = data.count(b"\n") - 2
    for position in range(len(data)):
        changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        wrong = verify_export(changed, key=exporter.key, witnesses=[WITNESS_KEY]).wrong
        assert wrong is not None, position
        line = entry_of(data, position)
        assert wrong.line == line, (position, wrong)
        assert wrong.entry == (line - 1 if 1 < line <= last else wrong.entry), (position, wrong)


@pytest.mark.parametrize("bit", [0x02, 0x20, 0x80])
def test_other_bits_of_bytes_here_and_there_are_detected_too(exporter, bit):
    data = exporter.export(witnessed=20)
    for position in range(0, len(data), 29):
        changed = data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :]
        assert not verify_export(changed).intact, position


def test_every_byte_left_out_repeated_or_put_in_is_detected(exporter):
    data = exporter.export()
    for position in range(0, len(data), 17):
        for middle in (b"", data[position : position + 1] * 2, b" " + data[position : position + 1]):
            changed = data[:position] + middle + data[position + 1 :]
            assert not verify_export(changed).intact, (position, middle)


def test_every_truncation_is_detected(exporter):
    data = exporter.export()
    for end in range(0, len(data), 13):
        assert not verify_export(data[:end]).intact, end


# --- whole lines ---------------------------------------------------------------------------------------------------


def joined(lines):
    return b"".join(lines)


@pytest.mark.parametrize("number", range(1, 9))
def test_an_entry_taken_away_repeated_or_exchanged_is_named(exporter, number):
    lines = exporter.lines()
    gone = verify_export(joined(lines[:number] + lines[number + 1 :])).wrong
    assert gone.entry == number
    assert verify_export(joined(lines[: number + 1] + lines[number:])).wrong.entry == number + 1
    if number < 8:
        swapped = [*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]]
        assert verify_export(joined(swapped)).wrong.entry == number


@pytest.mark.parametrize("kept", range(1, 8))
def test_a_trail_cut_short_names_the_first_entry_that_is_missing(exporter, kept):
    lines = exporter.lines()
    assert verify_export(joined(lines[: kept + 1])).wrong.entry == kept + 1
    with_end = verify_export(joined(lines[: kept + 1] + lines[-2:])).wrong
    assert (with_end.entry, "is the last" in with_end.what) == (kept + 1, True)


def test_a_shorter_trail_under_its_own_header_does_not_hold_under_the_statement_of_the_longer(exporter):
    lines = exporter.lines()
    shorter = exporter.lines(size=10)
    assert verify_export(joined(shorter[:-1] + lines[-1:])).wrong is not None
    assert verify_export(joined(shorter[:-2] + lines[-2:])).wrong is not None
    assert verify_export(joined(lines[:-1] + shorter[-1:])).wrong is not None


def test_an_entry_of_another_patient_is_not_taken(exporter):
    lines, other = exporter.lines(1), exporter.lines(2)
    assert verify_export(joined([*lines[:3], other[1], *lines[3:]])).wrong.entry == 3
    assert verify_export(joined([lines[0], *other[1:]])).wrong.line == 1


@pytest.mark.parametrize("extra", [b"\n", b"{}\n", b" ", b"\x00"])
def test_nothing_stands_after_the_statement(exporter, extra):
    assert not verify_export(exporter.export() + extra).intact


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\n\n\n\n", b"{}", b"{}\n{}\n{}\n", b"\xff\xfe\n", b"null\nnull\nnull\n"]
)
def test_what_is_no_export_is_told_as_such(data):
    assert verify_export(data).wrong is not None


# --- keys ----------------------------------------------------------------------------------------------------------


def test_an_export_of_another_keeper_is_not_believed_under_the_key_given(exporter):
    stranger = Ed25519PrivateKey.from_private_bytes(b"s" * 32).public_key().public_bytes_raw()
    wrong = verify_export(exporter.export(), key=VerifierKey(exporter.key.name, stranger)).wrong
    assert (wrong.line, "another key" in wrong.what) == (1, True)


def test_a_statement_cannot_be_a_checkpoint_nor_the_other_way_round(exporter):
    lines = exporter.lines()
    checkpoint = exporter.checkpoint()
    taken = write_line(ExportedStatement(checkpoint.note))
    assert verify_export(joined([*lines[:-1], taken])).wrong.line == len(lines)
    statement = json.loads(lines[-1])["statement"]
    taken = write_line(ExportedCheckpoint(statement, None))
    assert verify_export(joined([*lines[:-2], taken, lines[-1]])).wrong.line == len(lines) - 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"last": 7}, 1), ({"last": 9}, 1), ({"patient": 2}, 1), ({"leaf": bytes(32)}, 9), ({"size": 19}, 10),
        ({"root": bytes(32)}, 10), ({"file": bytes(32)}, 11), ({"origin": "carnet.test/other"}, 11),
    ],
)  # fmt: skip
def test_a_statement_that_is_signed_and_says_something_else_does_not_hold(exporter, change, place):
    lines = exporter.lines()
    listed = list(of_patient(exporter.journal.connection, 1))
    lines[-1] = exporter.statement(lines[:-1], listed, exporter.checkpoint(), 1, change)
    assert verify_export(joined(lines)).wrong.line == place


# --- the keeper writes another history -----------------------------------------------------------------------------


def forged(journal, *, at, entry=None):
    """The trace as a dishonest keeper writes it anew from a ticket on: another entry there, or cut back; hashes and places put right."""
    rows = journal.sql("SELECT * FROM audit_event ORDER BY ticket")
    journal.sql("DELETE FROM audit_event WHERE ticket >= :at", at=at)
    journal.sql("DELETE FROM audit_checkpoint")
    journal.sql("DELETE FROM audit_place")
    for row in rows[at - 1 :] if entry is not None else ():
        journal.append(row[1], detail=entry)
    journal.seal(tree=None)


def fork(journal):
    forged(journal, at=7, entry="another history")


def roll_back(journal):
    forged(journal, at=11)


def regrow(journal):
    forged(journal, at=11)
    for number in range(12):
        journal.append((1, 2)[number % 2], detail="grown again")
    journal.seal(tree=None)


HISTORIES = [fork, roll_back, regrow]


@pytest.mark.parametrize("history", HISTORIES)
def test_another_history_is_found_by_an_export_kept_from_before(exporter, history):
    kept = exporter.export()
    numbers = [line.ticket for line in of_patient(exporter.journal.connection, 1)]
    history(exporter.journal)
    new = exporter.export()
    assert verify_export(new).intact, "the file alone cannot tell: its keeper signed it"
    at = 7 if history is fork else 11
    wrong = verify_export(new, key=exporter.key, earlier=kept).wrong
    assert wrong.entry == next(number for number, ticket in enumerate(numbers, 1) if ticket >= at)


def test_an_honest_trail_continues_the_export_kept_from_before(exporter):
    kept = exporter.export(size=10)
    assert verify_export(exporter.export(), earlier=kept).intact
    assert verify_export(kept, earlier=kept).intact
    assert verify_export(kept, earlier=exporter.export()).wrong.entry == verify_export(kept).entries + 1
    assert "another trail" in verify_export(exporter.export(), earlier=exporter.export(2)).wrong.what
    assert "does not hold itself" in verify_export(exporter.export(), earlier=kept[:-9]).wrong.what


@pytest.mark.parametrize("history", HISTORIES)
def test_another_history_has_no_signature_of_the_witness(exporter, history):
    """The witness signed the tree of 20 lines; all that the forger has is that signature."""
    signed = exporter.cosigned(exporter.checkpoint())
    before = exporter.leaves()
    history(exporter.journal)
    lines = exporter.lines()
    for older in (None, Witnessed(signed, ()), Witnessed(signed, hashes(consistency_proof(11, before)))):
        lines[-2] = write_line(ExportedCheckpoint(exporter.checkpoint().note, older))
        listed = list(of_patient(exporter.journal.connection, 1))
        lines[-1] = exporter.statement(lines[:-1], listed, exporter.checkpoint(), 1)
        wrong = verify_export(joined(lines), witnesses=[WITNESS_KEY]).wrong
        assert wrong.line == len(lines) - 1


# --- witnesses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [5, 10, 15, 20])
def test_the_signature_of_a_witness_is_checked_on_the_checkpoint_or_on_one_that_it_continues(exporter, size):
    report = verify_export(exporter.export(witnessed=size), witnesses=[WITNESS_KEY])
    assert report.wrong is None
    assert [(one.name, one.size, one.seconds) for one in report.witnessed] == [("witness.test/w1", size, 1_790_000_000)]


def test_a_witness_that_was_not_given_is_named_as_unchecked_and_one_that_did_not_sign_is_missed(exporter):
    data = exporter.export(witnessed=20)
    assert verify_export(data).unchecked == ("witness.test/w1",)
    assert "w2 has not signed" in verify_export(data, witnesses=[OTHER_KEY]).wrong.what
    assert "w1 has not signed" in verify_export(exporter.export(), witnesses=[WITNESS_KEY]).wrong.what


def test_a_co_signature_of_another_checkpoint_is_not_taken(exporter):
    lines = exporter.lines(witnessed=20)
    other = exporter.checkpoint(15)
    note = exporter.checkpoint().note + cosign(other.text, WITNESS_KEY, WITNESS.sign, seconds=1)
    lines[-2] = write_line(ExportedCheckpoint(note, None))
    lines[-1] = exporter.statement(
        lines[:-1], list(of_patient(exporter.journal.connection, 1)), exporter.checkpoint(), 1
    )
    assert "does not verify" in verify_export(joined(lines), witnesses=[WITNESS_KEY]).wrong.what


# --- controls: verifiers that leave something out are caught by what stands above ----------------------------------


def tampered(exporter):
    """Files that must not hold: each last entry's byte changed in turn, entries taken from the end, statements of others."""
    lines = exporter.lines()
    data = joined(lines)
    start = len(joined(lines[:-3]))
    for position in range(start, len(data), 11):
        yield data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
    for older, newer in pairwise([exporter.lines(size=10), exporter.lines(size=15), lines]):
        yield joined([*newer[:-1], older[-1]])
        yield joined([*older[:-2], newer[-2], older[-1]])
    # cut short, with a header that says so: only the statement knows
    header = json.loads(lines[0]) | {"count": 7}
    yield joined(
        [json.dumps(header, separators=(",", ":"), sort_keys=True).encode() + b"\n", *lines[1:-3], *lines[-2:]]
    )


def undetected(exporter):
    return [data for data in tampered(exporter) if verify_export(data, key=exporter.key).intact]


def test_the_verifier_lets_nothing_of_the_controls_through(exporter):
    assert undetected(exporter) == []


def test_control_a_verifier_that_ignores_the_last_entry_is_caught(exporter, monkeypatch):
    real = export_verification._entry

    def ignoring(line, number, header, checkpoint, leaves):
        if number < header.count:
            return real(line, number, header, checkpoint, leaves)
        return leaf_hash(bytes(export_verification.read_line(line, export_verification.ExportedEntry).entry)), True

    monkeypatch.setattr(export_verification, "_entry", ignoring)
    monkeypatch.setattr(export_verification, "digest_of", lambda lines: exporter_digest(exporter))
    monkeypatch.setattr(export_verification, "read_line", lenient)
    assert verify_export(exporter.export(), key=exporter.key).intact
    assert undetected(exporter)


def exporter_digest(exporter):
    return digest_of(exporter.lines()[:-1])


def lenient(data, kind):
    import msgspec

    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, ValueError) as error:
        raise export_verification.IntegrityFailure("unreadable") from error


def test_control_a_verifier_that_ignores_the_statement_is_caught(exporter, monkeypatch):
    def blind(ends, _report):
        if ends._wrong:
            raise ends._wrong[0]

    monkeypatch.setattr(export_verification._Ends, "check", blind)
    monkeypatch.setattr(export_verification._Ends, "check_file", lambda _ends: None)
    monkeypatch.setattr(export_verification._Ends, "_read_statement", lambda _ends: None)
    assert verify_export(exporter.export(), key=exporter.key).intact
    assert len(undetected(exporter)) > 10
