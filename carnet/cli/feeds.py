"""Commands that take in files: the directory of professionals, the identity feed of patients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from carnet.cli.operator_gate import operator_gate
from carnet.cli.service import HOME
from carnet.errors import MalformedMessage
from carnet.identity.feed_file import Report
from carnet.record.intake import import_directory, import_patients

FILE = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
SHOWN = 20


@click.group()
def directory() -> None:
    """Professionals and structures."""


@directory.command("import")
@HOME
@FILE
@click.option("--source", default="annuaire", show_default=True, help="Short name of where the file comes from.")
@click.option("--complete", is_flag=True, help="Whoever is missing from the file has left.")
def directory_import(home: Path, file: Path, source: str, complete: bool) -> None:
    """Import a file of the national directory's public extract (pipe-separated), or a small CSV of the same columns."""
    with operator_gate(home) as gate, feed_lines(file) as lines:
        report = import_directory(gate, lines, source=source, complete=complete)
    click.echo(f"{report.taken} lines taken, {report.skipped} passed over, {report.deactivated} made inactive.")
    show_report(report)


@click.group()
def patients() -> None:
    """Persons known from an identity feed."""


@patients.command("import")
@HOME
@FILE
def patients_import(home: Path, file: Path) -> None:
    """Import an identity feed (CSV): INS, authority and traits of each person."""
    with operator_gate(home) as gate, feed_lines(file) as lines:
        report = import_patients(gate, lines)
    click.echo(f"{report.taken} persons taken.")
    show_report(report)


@contextlib.contextmanager
def feed_lines(file: Path) -> Iterator[TextIO]:
    """The lines of a feed. Raises MalformedMessage where it is not UTF-8; what was kept before that stays."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield lines
    except UnicodeDecodeError as error:
        raise MalformedMessage(f"{file} is not written in UTF-8.") from error


def show_report(report: Report) -> None:
    """Tells the bad lines of a feed, the first of them one by one; status 1 when there is one."""
    bad = report.bad
    for line in bad[:SHOWN]:
        click.echo(f"line {line.number}: {line.reason}", err=True)
    if len(bad) > SHOWN:
        click.echo(f"and {len(bad) - SHOWN} more lines", err=True)
    if bad:
        raise click.exceptions.Exit(1)
