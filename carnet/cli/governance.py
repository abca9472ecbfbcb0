"""Commands on rule data: import a version, compare it, approve it by signature, withdraw it, look at what holds and at what happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from carnet.authorization.matrix_comparison import Comparison
from carnet.authorization.matrix_form import canonical
from carnet.authorization.matrix_import import known_roles, known_types
from carnet.cli.operator_gate import operator_gate, operator_name
from carnet.cli.service import HOME
from carnet.clock import to_iso
from carnet.errors import InvalidRuleData, Several
from carnet.record import rule_reading
from carnet.record.gate import Gate
from carnet.record.rule_changes import RuleChanges
from carnet.rulebook.signed_text import sign
from carnet.rulebook.validity import NEEDED

VERSION = click.argument("version")
AS = click.option(
    "--as", "name", required=True, metavar="NAME", help="The approver: the name of the public key's file."
)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
KEY = click.option("--key", type=_FILE, help="The approver's private key (Ed25519, PEM).")
SIGNATURE = click.option("--signature", type=_FILE, help="The signature of what `carnet rules text` gave: 64 bytes.")
SHOWN = 20


@click.group()
def rules() -> None:
    """The matrix of professions and document types: versions, approvals, what holds."""


@rules.command("import")
@HOME
@click.argument("file", type=_FILE)
@click.option("--as", "proposer", metavar="NAME", help="Who proposes it; your login otherwise.")
def import_rules(home: Path, file: Path, proposer: str | None) -> None:
    """Propose the matrix of a file, JSON or CSV; nothing changes until two others approve it."""
    with operator_gate(home) as gate:
        try:
            version = RuleChanges(gate, operator_name()).propose(file.read_bytes(), proposer or operator_name())
        except Several as several:
            _show_faults(several)
        click.echo(f"Proposed {version.version}, from {to_iso(version.effective_from)}, digest {version.digest}.")
        _show_comparison(rule_reading.changes(gate, version.version))


@rules.command()
@HOME
@VERSION
@click.option("--with", "against", default="", metavar="VERSION", help="Another version than what is in force.")
def compare(home: Path, version: str, against: str) -> None:
    """Say what a version opens and closes, by role and type."""
    with operator_gate(home) as gate:
        _show_comparison(rule_reading.changes(gate, version, against))


@rules.command()
@HOME
@VERSION
@AS
@click.option("--withdrawal", default="", metavar="REASON", help="To withdraw it for this reason, not to approve it.")
def text(home: Path, version: str, name: str, withdrawal: str) -> None:
    """Write to standard output what an approver signs, for keys that are kept elsewhere."""
    with operator_gate(home) as gate:
        signed = RuleChanges(gate, operator_name()).text_to_sign(version, name, withdrawal_reason=withdrawal)
    click.echo(signed, nl=False)


@rules.command()
@HOME
@VERSION
@AS
@KEY
@SIGNATURE
def approve(home: Path, version: str, name: str, key: Path | None, signature: Path | None) -> None:
    """Approve a version by signature; the second person's makes it hold from its moment on."""
    with operator_gate(home) as gate:
        changes = RuleChanges(gate, operator_name())
        changes.approve(version, name, _signed(key, signature, lambda: changes.text_to_sign(version, name)))
        found = next(one for one in rule_reading.versions(gate) if one.version == version)
        count = len(found.standing.approvals) if found.standing else 0
        after = (
            f"It holds from {to_iso(found.effective_at)} on." if count >= NEEDED else "Another person must approve it."
        )
        click.echo(f"Approved by {name}, {count} of {NEEDED}. {after}")


@rules.command()
@HOME
@VERSION
@click.option("--reason", required=True, help="Why, for those who come later.")
@click.option(
    "--as", "name", metavar="NAME", help="The approver who withdraws an approved version; your login otherwise."
)
@KEY
@SIGNATURE
def withdraw(
    home: Path, version: str, *, reason: str, name: str | None, key: Path | None, signature: Path | None
) -> None:
    """Take a version back before its moment; an approved one needs the signature of an approver."""
    with operator_gate(home) as gate:
        changes = RuleChanges(gate, operator_name())
        by = name or operator_name()
        signed = b""
        if key or signature:
            signed = _signed(key, signature, lambda: changes.text_to_sign(version, by, withdrawal_reason=reason))
        changes.withdraw(version, reason, by, signed)
    click.echo(f"{version} is withdrawn.")


@rules.command("list")
@HOME
def list_rules(home: Path) -> None:
    """List every version by its moment: what was in force, is, and is to come."""
    with operator_gate(home) as gate:
        for one in rule_reading.versions(gate):
            click.echo(f"{to_iso(one.effective_at)}  {one.state:<16}  {one.version}  {_people(one)}")


@rules.command()
@HOME
@VERSION
@click.option("--content", is_flag=True, help="The canonical bytes alone; their SHA-256 is the digest.")
def show(home: Path, version: str, content: bool) -> None:
    """Show a version: where it comes from, who proposed and approved it, how much it opens."""
    with operator_gate(home) as gate:
        if content:
            click.echo(canonical(rule_reading.matrix_named(gate, version)), nl=False)
            return
        _show(gate, version)


@rules.command()
@HOME
def history(home: Path) -> None:
    """Tell everything that was done or tried on rule data, from the trace; status 1 when the rows do not agree with it."""
    with operator_gate(home) as gate:
        found = rule_reading.history(gate)
    for one in found:
        if one.problem:
            click.echo(one.problem, err=True)
        else:
            told = "  ".join(filter(None, (one.action, one.outcome, one.operator, " ".join(one.objects), one.detail)))
            click.echo(f"{to_iso(one.at)}  {told}")
    if any(one.problem for one in found):
        raise click.exceptions.Exit(1)


def _signed(key: Path | None, signature: Path | None, text_to_sign: Callable[[], bytes]) -> bytes:
    if (key is None) == (signature is None):
        raise InvalidRuleData("Give either --key or --signature.")
    if key is not None:
        return sign(key.read_bytes(), text_to_sign())
    return signature.read_bytes() if signature is not None else b""


def _show_faults(several: Several) -> NoReturn:
    for error in several.errors[:SHOWN]:
        click.echo(error.message, err=True)
    if len(several.errors) > SHOWN:
        click.echo(f"and {len(several.errors) - SHOWN} more", err=True)
    click.echo("Nothing was proposed.", err=True)
    raise click.exceptions.Exit(1)


def _show_comparison(found: Comparison) -> None:
    roles, types = known_roles(), known_types()

    def named(codes: tuple[str, ...]) -> str:
        return ", ".join(f"{types.get(code, '')} ({code})".strip() for code in codes)

    click.echo(f"Against {found.before}, {found.after} opens {found.opened} and closes {found.closed} cells.")
    for one in found.roles:
        note = " (a new row)" if one.new else " (its row goes)" if one.gone else ""
        click.echo(f"{roles.get(one.role, '')} ({one.role}){note}:".strip())
        for word, codes in (("opens", one.opens), ("closes", one.closes)):
            if codes:
                click.echo(f"  {word} {len(codes)}: {named(codes)}")
    if found.named:
        click.echo(f"Types that it alone names: {named(found.named)}")
    if found.dropped:
        click.echo(f"Types that it no longer names, for their authors alone: {named(found.dropped)}")
    if found.basis:
        click.echo(f"{found.basis} cells say the same on another basis.")


def _people(one: rule_reading.Listed) -> str:
    if one.standing is None:
        return "comes with Carnet"
    approvers = ", ".join(row.approver for row in one.standing.approvals) or "nobody"
    return f"proposed by {one.standing.version.proposed_by}, approved by {approvers}"


def _show(gate: Gate, name: str) -> None:
    found = next((one for one in rule_reading.versions(gate) if one.version == name), None)
    if found is None:
        raise InvalidRuleData("No version of this name is known.")
    click.echo(f"{found.version}: {found.state}, from {to_iso(found.effective_at)}, digest {found.digest}")
    standing = found.standing
    if standing is not None:
        click.echo(f"proposed by {standing.version.proposed_by} at {to_iso(standing.version.proposed_at)}")
        for row in standing.approvals:
            click.echo(f"approved by {row.approver} at {to_iso(row.at)} with the key {row.key}")
        if standing.withdrawal is not None:
            click.echo(f"withdrawn by {standing.withdrawal.withdrawn_by}: {standing.withdrawal.reason}")
        if standing.problem:
            click.echo(standing.problem, err=True)
            raise click.exceptions.Exit(1)
    matrix = rule_reading.matrix_named(gate, name)
    sourced = sum(1 for basis in matrix.basis.values() if basis == "S")
    click.echo(f"source: {matrix.source}")
    click.echo(f"legal basis: {matrix.legal_basis or 'not said'}")
    readable = sum(len(types) for types in matrix.readable.values())
    click.echo(
        f"{len(matrix.readable)} roles, {len(matrix.types)} types; {readable} of {len(matrix.basis)} cells open, {sourced} sourced"
    )
