"""Commands on the trace: seal it, verify it, read one patient's."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from carnet.cli.operator_gate import operator_gate, operator_name, patient_identifier
from carnet.cli.records import PATIENT
from carnet.cli.service import HOME
from carnet.clock import to_iso
from carnet.record.administration import trail, verify_trace


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
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def verify_audit(home: Path, checkpoints: tuple[Path, ...], as_json: bool) -> None:
    """Prove the whole trace again from its stored bytes; status 1 and the first bad line when it does not hold."""
    with operator_gate(home) as gate:
        report = verify_trace(gate, tuple(file.read_text(encoding="utf-8") for file in checkpoints))
    shown = dataclasses.asdict(report)
    if as_json:
        click.echo(json.dumps({"intact": report.intact, **shown}))
    else:
        counts = ", ".join(f"{shown[name]} {name}" for name in ("sealed", "unsealed", "checkpoints", "patients"))
        click.echo(f"{'The trace holds' if report.intact else 'THE TRACE DOES NOT HOLD'}: {counts}.")
        for finding in report.findings:
            click.echo(f"  index {finding.index}, line {finding.ticket}: {finding.what}", err=True)
    if not report.intact:
        raise click.exceptions.Exit(1)


@click.command()
@HOME
@PATIENT
def trace(home: Path, patient: str) -> None:
    """Show who did what in one patient's record; this reading is traced too."""
    with operator_gate(home) as gate:
        for line in trail(gate, patient_identifier(gate, patient), operator=operator_name()):
            if line["problem"]:
                click.echo(f"{line['seq']:>5}  {line['problem']}", err=True)
                continue
            who = f"{line['requester_name'] or line['requester_id']}"
            shown = [
                to_iso(int(str(line["at"])))[:19] + "Z",
                line["action"],
                line["outcome"],
                line["mode"],
                who,
                line["detail"],
            ]
            click.echo(f"{line['seq']:>5}  " + "  ".join(str(part) for part in shown if part))
