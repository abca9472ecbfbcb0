"""Commands on a trail that leaves the house: export it, and check it anywhere with the file and the keys alone."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

import click
import msgspec

from carnet.audit.export_verification import ExportReport, verify_export
from carnet.audit.signed_note import COSIGNATURE, ED25519, VerifierKey, read_verifier_key
from carnet.cli.operator_gate import operator_gate, operator_name, patient_identifier
from carnet.cli.records import PATIENT
from carnet.cli.service import HOME
from carnet.clock import SECOND, to_iso
from carnet.errors import Unavailable
from carnet.record.gate import Gate
from carnet.record.trail_export import export_trail, trace_key
from carnet.server.asking_witness import ask_witness, open_desk

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("audit-key")
@HOME
def audit_key(home: Path) -> None:
    """Print the public key of the trace, for whoever checks exports and for witnesses."""
    with operator_gate(home) as gate:
        click.echo(trace_key(gate).encoded())


@click.command("export-trail")
@HOME
@PATIENT
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
def export_trail_command(home: Path, patient: str, out: Path) -> None:
    """Write one patient's trail to a file that proves itself; the export is traced too."""
    with operator_gate(home) as gate:
        settings = gate.platform.settings
        ask = partial(_ask, gate, settings.witness_url, settings.witness_key) if settings.witness_url else None
        written = export_trail(gate, patient_identifier(gate, patient), operator=operator_name(), ask_witness=ask)
    out.touch(mode=0o600)
    out.write_bytes(written)
    entries = written.count(b"\n") - 3  # the header, the checkpoint and the statement have lines too
    click.echo(f"Wrote {entries} entries to {out}.")


def _ask(gate: Gate, url: str, key: str) -> None:
    """A witness that is away does not stop an export: an older checkpoint that it signed is given instead."""
    try:
        asyncio.run(ask_witness(open_desk(gate, key), url))
    except Unavailable as error:
        click.echo(f"{error.message} The export bears an older signature of the witness, or none.", err=True)


@click.command("verify-export")
@click.argument("file", type=FILE)
@click.option(
    "--key", "key_file", type=FILE, help="A file with the trace's public key, as `carnet audit-key` prints it."
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="KEY",
    help="The key of a witness that must have signed; repeatable.",
)
@click.option(
    "--earlier", type=FILE, help="An export of the same trail kept from before, which this one must continue."
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def verify_export_command(
    file: Path, key_file: Path | None, witnesses: tuple[str, ...], earlier: Path | None, as_json: bool
) -> None:
    """Check an exported trail, without home, database or network; status 1 and the first bad entry when it does not hold."""
    key = read_verifier_key(key_file.read_text(encoding="utf-8"), ED25519) if key_file is not None else None
    report = verify_export(
        file.read_bytes(),
        key=key,
        witnesses=[read_verifier_key(text, COSIGNATURE) for text in witnesses],
        earlier=earlier.read_bytes() if earlier is not None else None,
    )
    click.echo(_as_json(report) if as_json else _as_text(report, key))
    if not report.intact:
        raise click.exceptions.Exit(1)


def _as_json(report: ExportReport) -> str:
    shown = {name: value for name, value in msgspec.to_builtins(report).items() if name != "leaves"}
    return json.dumps({"intact": report.intact, **shown})


def _as_text(report: ExportReport, key: VerifierKey | None) -> str:
    if report.wrong is not None:
        wrong = report.wrong
        where = f"line {wrong.line}" + (f", entry {wrong.entry}" if wrong.entry is not None else "")
        return f"THE EXPORT DOES NOT HOLD: {where}: {wrong.what}"
    said = [
        f"The export holds: {report.entries} entries; at {to_iso(report.at)} entry {report.entries} was the last.",
        f"Trace {report.origin}, {report.size} lines.",
    ]
    if report.withheld:
        said.append(f"{report.withheld} entries keep closed which documents they name; a later export opens them.")
    said += [f"Witness {one.name}: size {one.size} at {to_iso(one.seconds * SECOND)}." for one in report.witnessed]
    said += [f"Witness {name}: its key was not given, so its signature was not checked." for name in report.unchecked]
    if key is None:
        said.append("No --key was given: the file is whole, but nothing here says whose signature it bears.")
    return "\n".join(said)
