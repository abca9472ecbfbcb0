"""Commands as an operator gives them: in this process, with their status and what they say on either stream."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from carnet.cli import carnet, main
from carnet.demo.people import PAT_TROIS


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(home):
    """Runs `carnet …`; HOME stands for the test's home, INS for a patient of the stage."""

    def command(*words):
        given = [str({"HOME": home, "INS": PAT_TROIS.identifier.value}.get(word, word)) for word in words]
        result = CliRunner().invoke(carnet, given, catch_exceptions=False)
        return Said(result.exit_code, result.stdout, result.stderr)

    return command


@pytest.fixture
def refused(home, monkeypatch, capsys):
    """Runs `carnet …` as the console script does; the sentence with which it was refused: one, on standard error, status 2."""

    def command(*words):
        given = [str({"HOME": home, "INS": PAT_TROIS.identifier.value}.get(word, word)) for word in words]
        monkeypatch.setattr(sys, "argv", ["carnet", *given])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert end.value.code == 2
        assert said.out == ""
        lines = said.err.splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("carnet: ")
        return lines[0].removeprefix("carnet: ")

    return command
