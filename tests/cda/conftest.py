"""The public example documents, and documents about nobody."""

from pathlib import Path

import pytest

from carnet.demo import documents
from carnet.demo.documents import Draft

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples" / "cda"
NOW = 1_790_000_000_000_000


def pytest_generate_tests(metafunc):
    if "sample" in metafunc.fixturenames:
        files = sorted(SAMPLES.glob("*.xml"))
        absent = pytest.param(
            None,
            marks=pytest.mark.skip(
                reason="../shared/samples/cda is not here: the documents that tests make are read all the same"
            ),
        )
        metafunc.parametrize(
            "sample", files or [absent], ids=lambda path: path.stem if path else "absent", scope="session"
        )


@pytest.fixture
def draft():
    return Draft(NOW)


@pytest.fixture
def letter(draft):
    """A level 1 document."""
    return documents.level_1(draft)


@pytest.fixture
def report(draft):
    """A level 3 document."""
    return documents.level_3(draft)
