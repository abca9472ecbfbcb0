"""Commands on documents' bytes: how far they are on their way to the object store, whether they are whole, whether they were read for the search."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from carnet.cli.operator_gate import operator_gate
from carnet.cli.service import HOME
from carnet.errors import ConfigurationError
from carnet.record.extract_filling import fill_everything
from carnet.record.gate import Gate
from carnet.record.segment_keeping import SegmentKeeper
from carnet.record.segment_overview import Overview, overview
from carnet.record.segment_reclaiming import SegmentReclaimer
from carnet.record.segment_scrubbing import SegmentScrubber


@click.group()
def documents() -> None:
    """Where documents' bytes are: this machine's segment files and the object store."""


@documents.command()
@HOME
def status(home: Path) -> None:
    """Tell how many segments are where; status 1 when one is damaged."""
    with operator_gate(home) as gate:
        found = overview(gate)
    for line in _told(found):
        click.echo(line)
    _end_with(found)


@documents.command()
@HOME
def upload(home: Path) -> None:
    """Bring every closed segment of this machine on its way to the object store; status 1 when one could not be."""
    with operator_gate(home) as gate:
        if gate.platform.segment_files.sealed is None:
            raise ConfigurationError("Set documents_url first: there is no object store to upload to.")
        keeper = SegmentKeeper(gate)
        steps = keeper.all_steps()
    click.echo(f"{steps} steps done.")
    for name in sorted(keeper.failing | keeper.damaged):
        click.echo(f"  not done: {name}", err=True)
    if keeper.failing or keeper.damaged:
        raise click.exceptions.Exit(1)


@documents.command()
@HOME
@click.option("--all", "everything", is_flag=True, help="Every segment, not only those that are due.")
def scrub(home: Path, everything: bool) -> None:
    """Compare segments with their digests, here and in the object store; status 1 when one is damaged and nothing mends it."""
    with operator_gate(home) as gate:
        SegmentKeeper(gate).note_closed_ones()
        compared, mended = _compare(gate, gate.platform.clock() if everything else None)
        found = overview(gate)
    click.echo(f"{compared} segments compared, of {mended} a copy was damaged.")
    _end_with(found)


@documents.command()
@HOME
@click.option(
    "--living",
    type=click.IntRange(0, 90),
    default=0,
    show_default=True,
    help="Also empty segments of which at most so many of a hundred bytes can be read.",
)
@click.option(
    "--wait-days",
    type=click.IntRange(1, 3_650),
    default=35,
    show_default=True,
    help="Age of the oldest backup that counts.",
)
def reclaim(home: Path, living: int, wait_days: int) -> None:
    """Remove segments in which every document was destroyed."""
    with operator_gate(home) as gate:
        reclaimer = SegmentReclaimer(gate, wait_days)
        copied = reclaimer.empty(living) if living else 0
        removed = reclaimer.remove()
    click.echo(f"{copied} documents copied out, {removed} segments removed.")


@documents.command()
@HOME
@click.option(
    "--again", is_flag=True, help="Also what could not be wholly read before: after Tesseract was installed, for one."
)
def index(home: Path, again: bool) -> None:
    """Read documents that were not read for the search yet: those of before, and what a server that stopped had not come to."""
    with operator_gate(home) as gate:
        done = asyncio.run(fill_everything(gate, again=again))
    click.echo(f"{done.looked_at} documents looked at, {done.read} read.")


def _compare(gate: Gate, before: int | None) -> tuple[int, int]:
    scrubber = SegmentScrubber(gate)
    compared = mended = 0
    while (state := scrubber.next_one(before)) is not None:
        found = scrubber.compare(state)
        scrubber.note(found)
        compared += 1
        mended += found.here is False or found.far is False
    return compared, mended


def _told(found: Overview) -> list[str]:
    closed = found.closed
    return [
        f"{'segments closed':<28}{closed.segments:>8}  {closed.size} bytes",
        f"{'  uploaded':<28}{closed.uploaded:>8}",
        f"{'  confirmed byte by byte':<28}{closed.verified:>8}",
        f"{'  no more on their machine':<28}{closed.dropped:>8}",
        f"{'segments removed':<28}{closed.retired:>8}",
        f"{'files here':<28}{found.here:>8}",
        f"{'  written, or left open':<28}{found.open:>8}",
        f"{'object store':<28}{found.store:>8}",
    ]


def _end_with(found: Overview) -> None:
    for name in found.damaged:
        click.echo(f"  damaged, no whole copy known: {name}", err=True)
    if found.damaged:
        raise click.exceptions.Exit(1)
