"""The published matrices of functional rights, typed a second time from the standard, and callers of each kind."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from carnet.authorization.matrix import Matrices, load
from carnet.metadata import Code
from carnet.requester import AccessMode, Authentication, CardClass, Requester

sys.path.insert(0, str(Path(__file__).parent))

# Function | PS N/R/B | Doc N/R/B | MdT | MT N/B | CPE | ES N/R | PE of the AIR matrix. One letter stands for every mode of its column.
PUBLISHED = """
TD0.2           | y     | y     | y | y   | y | y   | n
TD1.3a          | y     | y     | y | y   | y | y   | n
TD0.3 add       | y/n/n | y/n/n | n | y/n | 1 | n   | 1
TD0.3 remove    | y/n/n | y/n/n | n | y/n | n | n   | n
TD0.3 stop médecin traitant | n | n | n | y/n | n | n | n
TD0.4           | y     | y     | y | y   | 2 | 3/n | 3
TD0.5           | n/y/n | n/y/n | n | n   | n | n/y | n
TD0.9           | y     | y     | y | y   | y | n   | n
TD1.6           | y/n/n | y/n/n | y | y/n | n | n   | n
TD2.1           | y     | y     | y | y   | n | 4   | n
TD2.1b          | y     | y     | y | y   | 4 | 4   | n
TD2.2           | n     | n     | n | n   | 4 | n   | n
TD3.1 metadata  | y     | y     | y | y   | n | n   | n
TD3.1 reference | y     | y     | y | y   | 5 | 5   | 5
TD3.2           | y     | y     | n | y   | n | n   | n
TD3.2 masked    | 6/7/7 | 6/7/7 | n | y/7 | n | n   | n
TD3.3a mask     | y/n/n | y/n/n | y | y/n | n | n   | n
TD3.3a unmask   | 8/n/n | 8/n/n | 8 | y/n | n | n   | n
TD3.3b          | y/n/n | y/n/n | y | y/n | n | n   | n
TD3.3d          | 8/n/n | 8/y/y | 8 | y/y | n | n   | n
TD3.3c          | 8/8/8 | 8/8/8 | 8 | 8/8 | 9 | 9/9 | 9
"""
NOT_IN_AIR = ("TD2.1", "TD2.1b", "TD2.2")
COLUMNS = {
    "PS": "NRB",
    "DOCTOR": "NRB",
    "OCCUPATIONAL": "N",
    "MEDECIN_TRAITANT": "NB",
    "CPE": "N",
    "ES": "NR",
    "PE": "N",
}
MODES = {"N": AccessMode.NORMAL, "R": AccessMode.CENTRE_15, "B": AccessMode.BRIS_DE_GLACE}

Cells = Mapping[tuple[str, str, str, AccessMode], str]


def _published() -> dict[tuple[str, str, str, AccessMode], str]:
    cells: dict[tuple[str, str, str, AccessMode], str] = {}
    for line in PUBLISHED.strip().splitlines():
        function, *values = (part.strip() for part in line.split("|"))
        for (column, modes), value in zip(COLUMNS.items(), values, strict=True):
            letters = value.split("/") if "/" in value else [value] * len(modes)
            for mode, letter in zip(modes, letters, strict=True):
                if column != "PE":
                    cells["526", function, column, MODES[mode]] = letter
                if column in {"PS", "DOCTOR", "MEDECIN_TRAITANT", "PE"}:
                    cells["606", function, column, MODES[mode]] = "n" if function in NOT_IN_AIR else letter
    return cells


@pytest.fixture(scope="session")
def published() -> Cells:
    """(`526` or `606`, function, column name, mode) → letter or note; what is absent is a no."""
    return _published()


G15 = "1.2.250.1.71.1.2.7"
R01 = "1.2.250.1.71.4.2.5"
OTHER = "1.2.250.1.213.1.1.4.6"


@pytest.fixture(scope="session")
def caller() -> Callable[..., Requester]:
    """Makes a caller: a general practitioner with a card, but for what is given."""

    def make(**changes: Any) -> Requester:
        values: dict[str, Any] = {
            "identifier": "899700000011",
            "name": "ALPHA Camille",
            "organization_id": "1990000001",
            "sector": Code("SA07", "1.2.250.1.71.4.2.4"),
            "authentication": Authentication.DIRECT,
            "card": CardClass.PROFESSIONAL,
            "profession": Code("10", G15),
            "specialty": Code("SM26", R01),
        }
        return Requester(**{**values, **changes})

    return make


@pytest.fixture(scope="session")
def doctor(caller: Callable[..., Requester]) -> Requester:
    return caller()


@pytest.fixture(scope="session")
def nurse(caller: Callable[..., Requester]) -> Requester:
    return caller(identifier="899700000022", profession=Code("60", G15), specialty=None)


@pytest.fixture(scope="session")
def hospital(caller: Callable[..., Requester]) -> Requester:
    return caller(
        identifier="1990000001/1453",
        authentication=Authentication.INDIRECT,
        card=CardClass.ORGANIZATION,
        profession=Code("AUTOMATE", OTHER),
        specialty=None,
    )


@pytest.fixture(scope="session")
def secretary(caller: Callable[..., Requester]) -> Requester:
    return caller(
        identifier="3990000001/2",
        card=CardClass.EMPLOYEE,
        profession=Code("SECRETARIAT_MEDICAL", OTHER),
        specialty=None,
    )


def _matrix(version: str, day: str, **rows: list[str]) -> bytes:
    roles = [
        {
            "code": code,
            "also": [],
            "label": code,
            "default": "deny",
            "default_basis": "I",
            "cell_basis": "I",
            "other_basis": [],
            "except_sourced": types,
            "except_inferred": [],
        }
        for code, types in rows.items()
    ]
    file = {
        "name": "authorization-matrix",
        "version": version,
        "status": "draft",
        "notice": "for tests",
        "source": "invented",
        "effective_from": day,
        "right": "read",
        "types": ["REPORT", "LETTER", "PLAN"],
        "roles": roles,
    }
    return json.dumps(file).encode()


@pytest.fixture(scope="session")
def make_matrix() -> Callable[..., bytes]:
    """The bytes of a small matrix over REPORT, LETTER and PLAN: version, first day, and the types that each role reads."""
    return _matrix


@pytest.fixture(scope="session")
def matrices() -> Matrices:
    first = _matrix(
        "first", "2024-01-01", **{"10": ["REPORT", "LETTER", "PLAN"], "60": ["REPORT", "PLAN"], "93": ["PLAN"]}
    )
    by_role = {code: ["PLAN"] for code in ("GENR08", "GENR09", "GENR10", "GENR11", "GENR12", "SM26")}
    second = _matrix("second", "2026-01-01", **{"10": ["REPORT", "PLAN"], "60": ["PLAN", "LETTER"], **by_role})
    return Matrices([load(second), load(first)])
