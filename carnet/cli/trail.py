"""Commands on the trace: seal it, verify it, read one patient's."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from carnet.audit.actors import ActorType
from carnet.audit.sentences import Filter, Viewer, paris
from carnet.cli.operator_gate import operator_gate, operator_name, patient_identifier
from carnet.cli.records import PATIENT
from carnet.cli.service import HOME
from carnet.clock import from_datetime, to_iso
from carnet.record.administration import verify_trace
from carnet.record.trail_view import told_trail

_COUNTS = ("sealed", "unsealed", "checkpoints", "patients")
FILTER_WORDS = "actor=TYPE, since=DAY, until=DAY, document=UNIQUEID, emergencies"


@click.command("seal-audit")
@HOME
def seal_audit(home: Path) -> None:
    """Seal the waiting lines of the trace under a signed checkpoint."""
    with operator_gate(home) as gate:
        click.echo("Sealed." if gate.seal() else "Nothing was waiting.")


@click.command("verify-audit")
@HOME
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A checkpoint kept elsewhere, which this trace must contain; may be given several times.",
)
@click.option("--witness", "witnesses", multiple=True, metavar="KEY", help="The key of a witness; repeatable.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def verify_audit(home: Path, checkpoints: tuple[Path, ...], witnesses: tuple[str, ...], as_json: bool) -> None:
    """Prove the whole trace again from its stored bytes; status 1 and the first bad line when it does not hold."""
    with operator_gate(home) as gate:
        report = verify_trace(gate, tuple(file.read_text(encoding="utf-8") for file in checkpoints), witnesses)
    shown = dataclasses.asdict(report)
    if as_json:
        click.echo(json.dumps({"intact": report.intact, **shown}))
    else:
        counts = ", ".join(f"{shown[name]} {name}" for name in _COUNTS)
        click.echo(f"{'The trace holds' if report.intact else 'THE TRACE DOES NOT HOLD'}: {counts}.")
        if report.cosignatures:
            click.echo(
                f"{report.cosignatures} signatures of witnesses; by the keys given, {report.witnessed} lines are witnessed."
            )
        for finding in report.findings:
            click.echo(f"  index {finding.index}, line {finding.ticket}: {finding.what}", err=True)
    if not report.intact:
        raise click.exceptions.Exit(1)


def _actor(value: str) -> dict[str, Any]:
    return {"actors": frozenset({ActorType(value.upper())})}


def _since(value: str) -> dict[str, Any]:
    return {"since": _day(value)}


def _until(value: str) -> dict[str, Any]:
    return {"until": _day(value, days=1)}


def _document(value: str) -> dict[str, Any]:
    if not value:
        raise ValueError(value)
    return {"document": value}


def _emergencies(value: str) -> dict[str, Any]:
    if value:
        raise ValueError(value)
    return {"emergencies": True}


def _day(text: str, *, days: int = 0) -> int:
    """The beginning, in Paris, of a day written YYYY-MM-DD, or of one `days` later."""
    day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
    return from_datetime(dt.datetime.combine(day, dt.time(), paris()))


FILTERS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "actor": _actor,
    "since": _since,
    "until": _until,
    "document": _document,
    "emergencies": _emergencies,
}


def _chosen(filters: tuple[str, ...]) -> Filter:
    """The filter of `name=value` words; actors add up, the last of the others holds."""
    chosen: dict[str, Any] = {}
    for text in filters:
        name, _, value = text.partition("=")
        try:
            found = FILTERS[name](value)
        except (KeyError, ValueError):
            raise click.BadParameter(f"{text!r} is not one of {FILTER_WORDS}.", param_hint="--filter") from None
        actors = chosen.get("actors", frozenset()) | found.get("actors", frozenset())
        chosen |= found | ({"actors": actors} if actors else {})
    return Filter(**chosen)


@click.command()
@HOME
@PATIENT
@click.option("--language", type=click.Choice(["fr", "en"]), help="Sentences for the patient, in French or in English.")
@click.option(
    "--viewer",
    type=click.Choice([Viewer.HOLDER.value, Viewer.REPRESENTATIVE.value]),
    default="holder",
    help="Who is to read it.",
)
@click.option("--filter", "filters", multiple=True, metavar="NAME[=VALUE]", help=f"{FILTER_WORDS}; repeatable.")
def trace(home: Path, patient: str, language: str | None, viewer: str, filters: tuple[str, ...]) -> None:
    """Show who did what in one patient's record; this reading is traced too."""
    chosen = _chosen(filters)
    with operator_gate(home) as gate:
        told = told_trail(
            gate,
            patient_identifier(gate, patient),
            operator=operator_name(),
            language="en" if language == "en" else "fr",
            viewer=Viewer(viewer),
            chosen=chosen,
        )
    for line, sentence in told:
        if line["problem"]:
            click.echo(f"{line['seq']:>5}  {sentence if language else line['problem']}", err=True)
        else:
            click.echo(f"{line['seq']:>5}  {sentence if language else _for_operators(line)}")


def _for_operators(line: Mapping[str, Any]) -> str:
    moment = to_iso(line["at"])[:19] + "Z"
    who = line["requester_name"] or line["requester_id"]
    return "  ".join(
        str(part) for part in (moment, line["action"], line["outcome"], line["mode"], who, line["detail"]) if part
    )
