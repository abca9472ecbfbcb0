"""Commands about what patients report as wrong: the queues, one report, its answer, its end."""

from __future__ import annotations

from pathlib import Path

import click

from carnet.cli.operator_gate import operator_gate, operator_name
from carnet.cli.service import HOME
from carnet.clock import to_iso
from carnet.exchange.reports import ANSWER_WITHIN
from carnet.record.report_office import ReportOffice

REPORT = click.argument("report_id", metavar="REPORT")


@click.group()
def reports() -> None:
    """Answer what patients report: documents in error, accesses that they do not recognise."""


@reports.command("list")
@HOME
@click.option("--structure", metavar="STRUCT_IDNAT", help="The queue of one structure: errors in its documents.")
@click.option("--operator", "own", is_flag=True, help="The operator's own queue: accesses that nobody recognises.")
def list_reports(home: Path, structure: str | None, own: bool) -> None:
    """The reports that wait for an answer, the oldest first; status 1 when one waits for more than a month."""
    if structure and own:
        raise click.UsageError("Give one of --structure and --operator.")
    with operator_gate(home) as gate:
        office = ReportOffice(gate, operator_name())
        waiting, now = office.waiting("" if own else structure), office.now()
    for one in waiting:
        late = "  OVERDUE" if one.overdue(now) else ""
        queue = one.structure or "operator"
        due = _minute(one.made_at + ANSWER_WITHIN)
        click.echo(
            f"{one.report_id}  {_minute(one.made_at)}  answer before {due}  {one.kind}  {queue}  {one.state}{late}"
        )
    overdue = sum(one.overdue(now) for one in waiting)
    click.echo(f"{len(waiting)} waiting, {overdue} overdue.", err=True)
    if overdue:
        raise click.exceptions.Exit(1)


@reports.command()
@HOME
@REPORT
def show(home: Path, report_id: str) -> None:
    """One report with its words; the patient sees that it was read, and this reading is in their trace."""
    with operator_gate(home) as gate:
        opened = ReportOffice(gate, operator_name()).show(report_id)
    report, told = opened.report, opened.told
    click.echo(f"{report.kind}, {_minute(report.made_at)}, {report.state}: {told.reason}")
    click.echo(f"about: {told.about}")
    if report.document:
        click.echo(f"document: {report.document}, of {report.structure or 'no structure that is known'}")
    if told.requester or told.structure:
        click.echo(f"by {told.requester or '-'} for {told.structure or '-'}, {_minute(told.at)}, ticket {told.ticket}")
    if told.words:
        click.echo(f"in their words: {told.words}")
    if opened.answer:
        click.echo(f"answered: {opened.answer}")


@reports.command()
@HOME
@REPORT
@click.option("--sentence", required=True, help="What the patient is to read; sealed under their key.")
def answer(home: Path, report_id: str, sentence: str) -> None:
    """Answer a report; the patient is told that there is an answer, without what it says."""
    with operator_gate(home) as gate:
        ReportOffice(gate, operator_name()).answer(report_id, sentence)
    click.echo("Done.")


@reports.command()
@HOME
@REPORT
def close(home: Path, report_id: str) -> None:
    """End a report that was answered."""
    with operator_gate(home) as gate:
        ReportOffice(gate, operator_name()).close(report_id)
    click.echo("Done.")


def _minute(moment: int) -> str:
    return to_iso(moment)[:16] + "Z"
