"""Why a professional could, or could not, read a document."""

from __future__ import annotations

from pathlib import Path

import click

from carnet.cli.operator_gate import operator_gate, operator_name, patient_identifier
from carnet.cli.records import PATIENT
from carnet.cli.service import HOME
from carnet.clock import from_iso, to_iso
from carnet.errors import InvalidMetadata
from carnet.record.explanation import Asked, Explanation
from carnet.record.explanation import explain as explain_decision
from carnet.requester import AccessMode


@click.command()
@HOME
@PATIENT
@click.option("--professional", required=True, metavar="PS_IdNat", help="Who asked, or would ask.")
@click.option("--document", required=True, metavar="UNIQUE_ID", help="The document's uniqueId.")
@click.option("--at", metavar="MOMENT", help="An ISO 8601 moment with its zone; now without it.")
@click.option("--mode", type=click.Choice([mode.value for mode in AccessMode]), default="normal", show_default=True)
@click.option("--structure", default="", metavar="Struct_IdNat", help="For which structure, where several are known.")
def explain(  # noqa: PLR0917 - options of the command
    home: Path, patient: str, professional: str, document: str, at: str | None, mode: str, structure: str
) -> None:
    """Explain why a professional could or could not read a document, now or then; this reading is traced."""
    try:
        moment = from_iso(at) if at else None
    except ValueError as error:
        raise InvalidMetadata("The moment is of the form 2026-11-22T10:00:00+01:00.") from error
    with operator_gate(home) as gate:
        whose = patient_identifier(gate, patient)
        asked = Asked(whose, professional, document, moment, AccessMode(mode), structure)
        for line in _lines(explain_decision(gate, asked, operator=operator_name())):
            click.echo(line)


def _lines(found: Explanation) -> list[str]:
    decision = found.decision
    verdict = ("OUI, il pouvait le lire.", "YES, readable.") if decision.allowed else ("NON.", "NO.")
    lines = [f"{to_iso(found.at)}", *verdict]
    for name, (french, english) in zip(decision.rules, found.said, strict=True):
        lines += [f"- {name}", f"    {french}", f"    {english}"]
    lines.append(f"matrice / matrix: {decision.matrix_version or '-'}")
    lines.append(f"dossier / record: {found.state or '-'}; masques / masks: {found.masks or '-'}")
    for tie in found.ties:
        end = to_iso(tie.expires_at) if tie.expires_at is not None else "-"
        by = f", {tie.collected_by}" if tie.collected_by else ""
        lines.append(f"lien / link: {tie.kind.value} {tie.party} {to_iso(tie.since)} > {end} ({tie.source}{by})")
    lines += [f"choix / choice: {kind} = {value} {to_iso(since)}" for kind, value, since in found.choices]
    return lines
