"""A witness signs only what continues what it signed before, remembers it first, and never signs two histories, whenever it is killed."""

from __future__ import annotations

import base64
import subprocess
import sys
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet.audit.checkpoint import sign_checkpoint
from carnet.audit.cosignature import verify_cosignature
from carnet.audit.merkle import consistency_proof, leaf_hash, root
from carnet.audit.signed_note import ED25519, VerifierKey, read_note
from carnet.audit.witness_protocol import Question, read_question
from carnet.clock import SECOND
from carnet.errors import ConfigurationError
from carnet.witness.folder import KEY_FILE, MEMORY_FILE, create_witness, open_witness
from carnet.witness.memory import WitnessMemory

LOG = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
TRACE = VerifierKey("carnet.test/trace", LOG.public_key().public_bytes_raw(), ED25519)
HONEST = [leaf_hash(b"honest %d" % number) for number in range(40)]
FORGED = [*HONEST[:10], *[leaf_hash(b"forged %d" % number) for number in range(30)]]
NOW = 1_790_000_000


class Watch:
    """A witness in a folder of its own, opened anew whenever it is asked to forget its process."""

    def __init__(self, folder):
        self.folder, self.now = folder, NOW
        self.key = create_witness(folder, "witness.test/w1")
        self.open()
        self.witness.memory.watch(TRACE.name, TRACE.public_key)

    def open(self):
        self.witness = open_witness(self.folder, clock=lambda: self.now * SECOND)

    def restart(self):
        self.witness.memory.close()
        self.open()

    def ask(self, old, size, leaves=HONEST, *, proof=None, key=LOG, name=TRACE.name, **changes):
        public = key.public_key().public_bytes_raw()
        note = sign_checkpoint(name, size, root(leaves[:size]), key.sign, public).note
        wanted = consistency_proof(old, leaves[:size]) if proof is None and old <= size else proof or []
        question = Question(**({"old": old, "proof": tuple(wanted), "note": note} | changes))
        return self.witness.answer(question.written())

    def last(self):
        return self.witness.memory.last(TRACE.name)


@pytest.fixture
def watch(tmp_path):
    opened = Watch(tmp_path / "witness")
    yield opened
    opened.witness.memory.close()


def text_of(leaves, size):
    return read_note(sign_checkpoint(TRACE.name, size, root(leaves[:size]), LOG.sign, TRACE.public_key).note)[0]


# --- what it signs -------------------------------------------------------------------------------------------------


def test_the_first_checkpoint_and_each_that_continues_it_are_signed(watch):
    old = 0
    for size in (1, 2, 7, 7, 8, 33, 40):
        verdict = watch.ask(old, size)
        assert verdict.status == 200
        assert verify_cosignature(text_of(HONEST, size), verdict.body, watch.key) == NOW
        assert (watch.last().size, watch.last().root) == (size, root(HONEST[:size]))
        old = size


def test_the_signature_is_the_one_that_other_tools_read(watch):
    """C2SP tlog-cosignature: key id of kind 4, eight bytes of time, and the text under two lines of its own."""
    import hashlib

    dash, name, encoded = watch.ask(0, 5).body.removesuffix("\n").split(" ")
    raw = base64.b64decode(encoded)
    assert (dash, name, len(raw)) == ("—", "witness.test/w1", 4 + 8 + 64)
    assert raw[:4] == hashlib.sha256(b"witness.test/w1\n\x04" + watch.key.public_key).digest()[:4]
    assert int.from_bytes(raw[4:12], "big") == NOW
    message = f"cosignature/v1\ntime {NOW}\n{text_of(HONEST, 5)}".encode()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    Ed25519PublicKey.from_public_bytes(watch.key.public_key).verify(raw[12:], message)


def test_the_published_example_of_a_co_signature_has_the_key_id_and_the_time_where_they_are_read():
    raw = base64.b64decode(
        "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="
    )
    assert int.from_bytes(raw[4:12], "big") == 1_679_315_147
    assert len(raw) == 76


def test_time_never_goes_back_in_what_it_signs(watch):
    watch.ask(0, 5)
    watch.now -= 3_600
    assert verify_cosignature(text_of(HONEST, 6), watch.ask(5, 6).body, watch.key) == NOW


# --- what it does not sign -----------------------------------------------------------------------------------------


def unsigned(watch, verdict, status):
    assert verdict.status == status
    assert "— " not in verdict.body


def test_a_trace_that_was_cut_back_is_refused(watch):
    watch.ask(0, 20)
    for old in (0, 5, 10):
        verdict = watch.ask(old, 10)
        unsigned(watch, verdict, 409)
        assert (verdict.body, verdict.media_type) == ("20\n", "text/x.tlog.size")
    unsigned(watch, watch.ask(20, 10), 400)
    assert watch.last().size == 20


def test_a_trace_that_was_written_anew_is_refused(watch):
    watch.ask(0, 20)
    unsigned(watch, watch.ask(20, 40, FORGED), 422)
    unsigned(watch, watch.ask(20, 20, FORGED), 409)
    unsigned(watch, watch.ask(20, 40, FORGED, proof=consistency_proof(20, HONEST)), 422)
    unsigned(watch, watch.ask(0, 40, FORGED), 409)
    assert watch.last().root == root(HONEST[:20])


def test_a_proof_is_wanted_whole_and_nothing_more(watch):
    watch.ask(0, 13)
    good = consistency_proof(13, HONEST[:29])
    for bad in (good[:-1], [*good, bytes(32)], good[::-1], [bytes(32)] * len(good)):
        unsigned(watch, watch.ask(13, 29, proof=bad), 422)
    assert watch.ask(13, 29, proof=good).status == 200


def test_a_first_checkpoint_comes_without_proof(watch):
    assert watch.ask(0, 5, proof=[bytes(32)]).status == 422


def test_another_key_and_another_trace_are_refused(watch):
    stranger = Ed25519PrivateKey.generate()
    unsigned(watch, watch.ask(0, 5, key=stranger), 403)
    unsigned(watch, watch.ask(0, 5, name="carnet.test/other"), 404)
    assert watch.last().size == 0


@pytest.mark.parametrize(
    "body",
    [
        b"", b"old 0\n", b"old 0\n\n", b"old 00\n\nx", b"old -1\n\nx\n", b"new 0\n\nx\n", b"\xff\xfe", b"old 0\n" + b"AA==\n" * 64 + b"\nx",
        b"old 0\nnot base64\n\nx", b"old 99999999999999999999\n\nx", b"old 0\n\ncarnet.test/trace\n5\nAAAA\n", b"old 0\r\n\r\nx",
    ],
)  # fmt: skip
def test_a_request_of_another_form_is_refused(watch, body):
    unsigned(watch, watch.witness.answer(body), 400)


def test_a_question_is_read_as_it_was_written():
    asked = Question(7, (b"a" * 32, b"b" * 32), "carnet.test/trace\n9\nAAAA\n\n— x AAAA\n")
    assert read_question(asked.written()) == asked


# --- whenever it is killed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
def test_a_witness_killed_at_any_moment_never_signs_two_histories(watch, moment, monkeypatch):
    watch.ask(0, 20)
    real = WitnessMemory.commit

    def killed(memory):
        if moment == "after the commit":
            real(memory)
        raise KeyboardInterrupt

    monkeypatch.setattr(WitnessMemory, "commit", killed)
    with pytest.raises(KeyboardInterrupt):
        watch.ask(20, 30)
    monkeypatch.undo()
    watch.restart()
    assert watch.last().size == (30 if moment == "after the commit" else 20)
    size = watch.last().size
    unsigned(watch, watch.ask(size, 35, FORGED), 422)
    assert watch.ask(size, 30).status == 200, "asked again, it signs what it would have signed"


def test_control_a_witness_that_answers_before_it_remembers_signs_two_histories(watch, monkeypatch):
    """The order is what protects: without the commit both of these would be signed."""
    monkeypatch.setattr(WitnessMemory, "commit", lambda memory: None)
    assert watch.ask(0, 20).status == 200
    watch.restart()
    assert watch.ask(0, 20, FORGED).status == 200


def test_control_a_witness_that_skips_the_proof_signs_a_fork(watch, monkeypatch):
    monkeypatch.setattr("carnet.witness.judgement.verify_consistency", lambda *_: True)
    watch.ask(0, 20)
    assert watch.ask(20, 40, FORGED).status == 200


@settings(max_examples=40)
@given(asked=st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(1, 40), st.booleans()), max_size=12))
def test_whatever_it_is_asked_all_that_it_signs_is_one_history(asked, tmp_path_factory):
    watch = Watch(tmp_path_factory.mktemp("w") / "witness")
    signed = [(0, HONEST)]
    for honest, old, size, restart in asked:
        leaves = HONEST if honest else FORGED
        if restart:
            watch.restart()
        if watch.ask(min(old, size), size, leaves).status == 200:
            signed.append((size, leaves))
    watch.witness.memory.close()
    sizes = [size for size, _ in signed]
    assert sizes == sorted(sizes)
    assert len({root(leaves[:size]) for size, leaves in signed}) == len(set(sizes))
    for (size, leaves), (larger, after) in pairwise(signed):
        assert leaves[:size] == after[:larger][:size]


# --- the folder ----------------------------------------------------------------------------------------------------


def test_a_folder_keeps_its_key_to_itself_and_is_not_made_twice(watch):
    assert (watch.folder / KEY_FILE).stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigurationError):
        create_witness(watch.folder, "another")


def test_a_witness_without_its_memory_does_not_begin_anew(tmp_path):
    create_witness(tmp_path / "w", "w")
    (tmp_path / "w" / MEMORY_FILE).unlink()
    with pytest.raises(ConfigurationError, match="lost its memory"):
        open_witness(tmp_path / "w")
    with pytest.raises(ConfigurationError, match="holds no witness"):
        open_witness(tmp_path)


@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_a_name_that_no_signature_can_bear_is_refused(tmp_path, name):
    with pytest.raises(ConfigurationError):
        create_witness(tmp_path, name)


def test_a_trace_keeps_the_key_under_which_it_was_first_watched(watch):
    assert not watch.witness.memory.watch(TRACE.name, b"x" * 32)
    assert watch.last().public_key == TRACE.public_key


def test_the_witness_loads_nothing_of_the_exchange():
    """As a process of its own: `python -m carnet.witness`."""
    told = subprocess.run(
        [sys.executable, "-c", "import carnet.witness.commands, sys; print(*sorted(n for n in sys.modules if n.startswith('carnet')))"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    rooms = {name.split(".")[1] for name in told if "." in name}
    assert rooms == {"audit", "clock", "database", "errors", "witness"}
    assert not {"carnet.database.tables", "carnet.audit.journal", "carnet.audit.event"} & set(told)
