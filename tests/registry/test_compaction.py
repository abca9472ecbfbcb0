import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import carnet.registry
from carnet.cda.entry_mapping import to_entry
from carnet.cda.header import read_header
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.errors import IntegrityFailure
from carnet.registry import compaction
from carnet.registry.compaction import compact, restore
from carnet.soap.ebrim_render import EbrimRenderer

NOW = 1_790_000_000_000_000
SAMPLE = Path(carnet.registry.__file__).parent / "data" / "metadata-1.txt"
WRITTEN = bytes.fromhex(
    "0128b52ffd2078350200340336653063316233342d376433662d346136382d396136302d326631623561336338643131223e27616e65737468c3a97369653e0400c602e3205b6145f2801df9f5d73940"
)
READ = '<rim:ExtrinsicObject id="urn:uuid:6e0c1b34-7d3f-4a68-9a60-2f1b5a3c8d11">Compte rendu d\'anesthésie</rim:ExtrinsicObject>'


@given(st.binary(max_size=3_000))
def test_what_was_compacted_comes_back_as_it_was(plain):
    assert restore(compact(plain)) == plain


def test_what_was_written_against_the_first_sample_is_read_for_ever():
    assert restore(WRITTEN).decode() == READ
    assert hashlib.sha256(SAMPLE.read_bytes()).hexdigest() == (
        "fa41a47699e7e5cc07149b75f6b6907770304eea08dfef103cdb92afdfd635bd"
    )


@pytest.mark.parametrize("draft", [Draft(NOW), Draft(NOW, type=documents.LAB_REPORT)], ids=["letter", "lab report"])
def test_the_forms_of_an_entry_become_a_tenth(draft):
    content = documents.level_1(draft)
    entry = to_entry(read_header(content), content, entry_uuid="urn:uuid:6e0c1b34-7d3f-4a68-9a60-2f1b5a3c8d11")
    assert len(compact(EbrimRenderer().entry(entry))) * 10 < len(EbrimRenderer().entry(entry))
    assert len(compact(msgspec.json.encode(entry))) * 4 < len(msgspec.json.encode(entry))


def test_every_thread_has_its_own_compressor():
    values = [str(number).encode() * 200 for number in range(400)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(restore, pool.map(compact, values))) == values


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (b"", "empty"),
        (b"\x01", "decompressed"),
        (b"\x01nothing", "decompressed"),
        (WRITTEN[:-4], "decompressed"),
        (b"\x07" + WRITTEN[1:], "sample"),
        (b"<rim:ExtrinsicObject/>", "decompressed"),
    ],
)
def test_what_was_not_compacted_here_is_refused(damaged, said):
    with pytest.raises(IntegrityFailure, match=said):
        restore(damaged)


def test_a_value_that_would_fill_the_memory_is_refused(monkeypatch):
    bomb = compact(bytes(100_000))
    assert len(bomb) < 100
    assert len(restore(bomb)) == 100_000
    monkeypatch.setattr(compaction, "MAXIMUM_BYTES", 99_999)
    with pytest.raises(IntegrityFailure, match="too large"):
        restore(bomb)
