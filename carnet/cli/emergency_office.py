"""Commands about emergency accesses: the review queue, alarms, figures, and the watch over the trace."""

from __future__ import annotations

import csv
import datetime as dt
import sys
from pathlib import Path

import click

from carnet.cli.operator_gate import operator_gate, operator_name
from carnet.cli.service import HOME
from carnet.clock import DAY, from_datetime, to_iso
from carnet.exchange.emergency_reviews import Verdict
from carnet.record.emergency_control import EmergencyControl, NamedFigures
from carnet.record.watching import watch as watch_trace

REVIEW = click.argument("review_id", metavar="REVIEW")
DATE = click.DateTime(["%Y-%m-%d"])
COLUMNS = (
    "structure",
    "name",
    "bris_de_glace",
    "centre_15",
    "reviewed",
    "unjustified",
    "overdue",
    "normal_visits",
    "bris_de_glace_per_1000_visits",
)


@click.group()
def emergency() -> None:
    """Review emergency accesses, settle alarms, show figures."""


@emergency.command("list")
@HOME
def list_reviews(home: Path) -> None:
    """The break-glass accesses that nobody has reviewed, the most urgent first; status 1 when one is overdue."""
    with operator_gate(home) as gate:
        control = EmergencyControl(gate, operator_name())
        waiting, now = control.waiting(), control.now()
    for one in waiting:
        late = "  OVERDUE" if one.overdue(now) else ""
        unclear = "  unclear so far" if one.findings else ""
        when = f"{_minute(one.opened_at)}  review before {_minute(one.due_at)}"
        click.echo(f"{one.review_id}  {when}  {one.requester}  {one.organization}{unclear}{late}")
    overdue = sum(one.overdue(now) for one in waiting)
    click.echo(f"{len(waiting)} to review, {overdue} overdue.", err=True)
    if overdue:
        raise click.exceptions.Exit(1)


@emergency.command()
@HOME
@REVIEW
def show(home: Path, review_id: str) -> None:
    """One access with the reason stated and what was found so far; this reading is in the patient's trace."""
    with operator_gate(home) as gate:
        opened = EmergencyControl(gate, operator_name()).show(review_id)
    review = opened.review
    click.echo(f"{review.mode} by {review.requester} for {review.organization}, {_minute(review.opened_at)}")
    click.echo(f"reason: {opened.reason}")
    for finding in opened.findings:
        click.echo(f"{_minute(finding.at)}  {finding.verdict.value} by {finding.reviewer}: {finding.sentence}")
    click.echo("Reviewed." if review.reviewed_at is not None else f"To be reviewed before {_minute(review.due_at)}.")


@emergency.command()
@HOME
@REVIEW
@click.option("--verdict", type=click.Choice([verdict.value for verdict in Verdict]), required=True)
@click.option("--sentence", required=True, help="Why, for whoever asks later; sealed under the patient's key.")
def review(home: Path, review_id: str, verdict: str, sentence: str) -> None:
    """Say what you found of an access that is not your own."""
    with operator_gate(home) as gate:
        EmergencyControl(gate, operator_name()).review(review_id, Verdict(verdict), sentence)
    click.echo("Done.")


@emergency.command()
@HOME
def alarms(home: Path) -> None:
    """The alarms that nobody has settled; status 1 when there is one."""
    with operator_gate(home) as gate:
        found = EmergencyControl(gate, operator_name()).alarms()
    for one in found:
        counted = f"{one.counted}, threshold {one.threshold}"
        click.echo(f"{one.alarm_id}  {_minute(one.raised_at)}  {one.kind}  {one.subject}  {counted}")
    if found:
        raise click.exceptions.Exit(1)


@emergency.command()
@HOME
@click.argument("alarm_id", metavar="ALARM")
@click.option("--note", required=True, help="What was found, for the trace.")
def settle(home: Path, alarm_id: str, note: str) -> None:
    """End an alarm; one of kind emergency-cut-off opens the emergency mode to the requester again."""
    with operator_gate(home) as gate:
        EmergencyControl(gate, operator_name()).settle(alarm_id, note)
    click.echo("Done.")


@emergency.command()
@HOME
@click.option("--from", "begin", type=DATE, required=True, help="First day (UTC), YYYY-MM-DD.")
@click.option("--to", "end", type=DATE, required=True, help="Last day (UTC), YYYY-MM-DD.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV (semicolons) instead of a table.")
def figures(home: Path, begin: dt.datetime, end: dt.datetime, as_csv: bool) -> None:
    """Emergency accesses of each structure. Visits of the normal mode are those that `carnet watch` has counted."""
    with operator_gate(home) as gate:
        control = EmergencyControl(gate, operator_name())
        found = control.figures(_moment(begin), _moment(end) + DAY)
    rows = [COLUMNS, *(_row(one) for one in found)]
    if as_csv:
        csv.writer(sys.stdout, delimiter=";", lineterminator="\n").writerows(rows)
        return
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


@click.command()
@HOME
def watch(home: Path) -> None:
    """Count who reads in how many records from the trace since the last run, and raise alarms; for a timer, every minute or so."""
    with operator_gate(home) as gate:
        done = watch_trace(gate, operator=operator_name())
    click.echo(f"{done.lines} lines counted, {done.alarms} alarms raised.")
    if done.unreadable:
        click.echo(f"{done.unreadable} lines could not be opened.", err=True)


def _row(one: NamedFigures) -> tuple[str, ...]:
    numbers = one.figures
    ratio = "" if numbers.per_thousand is None else f"{numbers.per_thousand:.2f}"
    counted = (
        numbers.bris_de_glace,
        numbers.centre_15,
        numbers.reviewed,
        numbers.unjustified,
        numbers.overdue,
        numbers.visits,
    )
    return (numbers.organization, one.name, *map(str, counted), ratio)


def _moment(day: dt.datetime) -> int:
    return from_datetime(day.replace(tzinfo=dt.UTC))


def _minute(moment: int) -> str:
    return to_iso(moment)[:16] + "Z"
