"""What the pages say exists does: commands and their options, make targets, links, dependencies."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from carnet.cli import carnet as command_line

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "carnet"


# --- what the documentation says exists ----------------------------------------------------------------------------


def code_blocks(text: str) -> Iterator[str]:
    for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from re.sub(r"\\\n\s*", " ", block).splitlines()


def commands(text: str) -> Iterator[list[str]]:
    """The words of each `carnet …` line of a page, alternatives (`mask|unmask`) one by one, explanations taken off."""
    for line in code_blocks(text):
        words = shlex.split(re.split(r"\s{3,}|\s#", line.strip())[0])
        if words[:1] != ["carnet"] or len(words) < 2:
            continue
        place = next((n for n, word in enumerate(words) if "|" in word), None)
        for choice in words[place].split("|") if place is not None else [""]:
            yield [choice if number == place else word for number, word in enumerate(words)][1:]


def unknown(words: list[str]) -> list[str]:
    """What the command line does not know of a command: names of commands and of options."""
    command: click.Command = command_line
    wrong = []
    for word in words:
        options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        if word.startswith("--"):
            if word not in options | {"--help", "--version"}:
                wrong.append(word)
        elif isinstance(command, click.Group) and word in command.commands:
            command = command.commands[word]
    if isinstance(command, click.Group) and "--help" not in words and "--version" not in words:
        wrong.append(f"{command.name} needs a command")
    return wrong


PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists(page):
    for words in commands(page.read_text(encoding="utf-8")):
        assert unknown(words) == [], " ".join(words)


def test_the_readme_has_commands_to_check():
    assert len(list(commands((ROOT / "README.md").read_text(encoding="utf-8")))) > 10


def test_every_make_target_of_a_page_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        said = {name for line in code_blocks(text) for name in re.findall(r"^make ([a-z-]+)$", line.strip())}
        said |= set(re.findall(r"`make ([a-z-]+)`", text))
        assert said <= targets, page.name
    assert {"demo", "test", "check"} <= targets


def test_every_link_between_pages_leads_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.relative_to(ROOT)}: {link}"


def requirements(kind: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["dependencies"] if kind == "run" else project["optional-dependencies"]["dev"]
    return {re.match(r"[A-Za-z0-9-]+", line)[0] for line in listed}


def test_every_dependency_has_its_line_and_no_line_is_left_over():
    text = (ROOT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| ([a-z][a-z0-9-]+) \| (?!licence)", text, re.MULTILINE)) == requirements("run")
    assert not [name for name in requirements("dev") if name not in text]


def test_control_a_command_or_option_that_does_not_exist_is_found():
    page = "```\ncarnet init --home DIR        makes it\ncarnet vanish --home DIR\ncarnet init --house DIR\ncarnet record a|open\n```"
    assert [bool(unknown(words)) for words in commands(page)] == [False, True, True, True, False]
