"""Commands about notices: sending them, listing them, settling what is uncertain, and where and of what people are told."""

from __future__ import annotations

import csv
from pathlib import Path

import click

from carnet.audit.sentences import Viewer
from carnet.cli.feeds import FILE, directory, feed_lines, show_report
from carnet.cli.operator_gate import operator_gate, operator_name, patient_identifier
from carnet.cli.records import PATIENT, record
from carnet.cli.service import HOME
from carnet.clock import to_iso
from carnet.errors import Refused
from carnet.exchange.notice_states import DELIVERED, STEPS
from carnet.exchange.notice_topics import CHOOSABLE
from carnet.exchange.smtp_relay import SmtpRelay
from carnet.record.notice_delivery import deliver as deliver_notices
from carnet.record.notice_delivery import mail_access
from carnet.record.notice_office import NoticeOffice, ShownNotice

ENDS = ("sent", "in_space", "post", "put_off", "failed", "uncertain", "left")


@click.group()
def notices() -> None:
    """Tell patients and médecins traitants what they must be told."""


@notices.command()
@HOME
def deliver(home: Path) -> None:
    """Send every notice that is due by e-mail, for a timer; status 1 when one failed, is uncertain or the mail server is down."""
    with operator_gate(home) as gate:
        relay = SmtpRelay(mail_access(gate.platform.settings))
        try:
            done = deliver_notices(gate, relay, operator=operator_name())
        finally:
            relay.close()
    click.echo(", ".join(f"{done[end]} {end}" for end in ENDS) + ".")
    if done["failed"] or done["uncertain"] or done["left"]:
        raise click.exceptions.Exit(1)


@notices.command("list")
@HOME
@click.option("--patient", metavar="INS[/OID]", help="What this patient's space shows.")
@click.option("--medecin-traitant", metavar="PS_IDNAT", help="What this doctor is told about his or her patients.")
@click.option(
    "--state",
    type=click.Choice([state for state in STEPS if state not in DELIVERED]),
    help="The notices of everybody in this state.",
)
@click.option(
    "--viewer",
    type=click.Choice([Viewer.HOLDER.value, Viewer.REPRESENTATIVE.value]),
    default="holder",
    help="Who sees the space.",
)
def list_notices(home: Path, patient: str | None, medecin_traitant: str | None, state: str | None, viewer: str) -> None:
    """List notices: of a patient, to a médecin traitant, or in a state."""
    if [patient, medecin_traitant, state].count(None) != 2:
        raise click.UsageError("Give one of --patient, --medecin-traitant and --state.")
    with operator_gate(home) as gate:
        office = NoticeOffice(gate, operator_name())
        if patient is not None:
            _show(office.of_patient(patient_identifier(gate, patient), Viewer(viewer)))
        elif medecin_traitant is not None:
            _show(office.of_medecin_traitant(medecin_traitant))
        else:
            for one in office.in_state(str(state)):
                last = "  ".join(part for part in (one.message_id, one.answer) if part)
                click.echo(
                    f"{one.notice_id}  {to_iso(one.due_at)[:16]}Z  {one.recipient}  {one.attempts} attempts  {last}"
                )


@notices.command()
@HOME
@click.argument("notice_id", metavar="NOTICE")
@click.option("--sent/--again", required=True, help="It was sent, as the mail server's log says; or send it again.")
def settle(home: Path, notice_id: str, sent: bool) -> None:
    """Settle an uncertain notice, or send a failed one again."""
    with operator_gate(home) as gate:
        NoticeOffice(gate, operator_name()).settle(notice_id, sent=sent)
    click.echo("Done.")


@notices.command()
@HOME
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="CSV to write.")
def letters(home: Path, out: Path) -> None:
    """Write who must be told by post: notice, INS, OID, kind, day; each person's trace says that they were listed."""
    with operator_gate(home) as gate:
        found = NoticeOffice(gate, operator_name()).letters()
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("notice", "ins", "oid", "kind", "due"))
        for one in found:
            row = (one.notice_id, one.patient.value, one.patient.authority, one.kind, to_iso(one.due_at)[:10])
            writer.writerow(row)
    click.echo(f"{len(found)} letters to send.")


@notices.command()
@HOME
@FILE
def posted(home: Path, file: Path) -> None:
    """Say that the letters of a file (its first column) were posted: delays of the law run from now on."""
    with file.open(encoding="utf-8", newline="") as lines, operator_gate(home) as gate:
        office = NoticeOffice(gate, operator_name())
        names = [row[0] for row in csv.reader(lines, delimiter=";") if row and row[0] != "notice"]
        done = sum(_posted(office, name) for name in names)
    click.echo(f"{done} letters posted.")


def _posted(office: NoticeOffice, name: str) -> bool:
    """False for a letter that was said to be posted before: a file may be given again."""
    try:
        office.settle(name, sent=True)
    except Refused:
        return False
    return True


@record.command()
@HOME
@PATIENT
@click.option("--email", help="The address that the person gave.")
@click.option("--none", "nowhere", is_flag=True, help="The person is told in the space alone.")
def contact(home: Path, patient: str, email: str | None, nowhere: bool) -> None:
    """Write where a person is told by e-mail."""
    if (email is None) == (not nowhere):
        raise click.UsageError("Give --email or --none.")
    with operator_gate(home) as gate:
        changed = NoticeOffice(gate, operator_name()).set_address(patient_identifier(gate, patient), email or "")
    click.echo("Done." if changed else "Nothing to change.")


@record.command("notices")
@HOME
@PATIENT
@click.option("--topic", type=click.Choice(CHOOSABLE), required=True)
@click.option("--email/--no-email", required=True)
def record_notices(home: Path, patient: str, topic: str, email: bool) -> None:
    """Write whether a person wants an e-mail about a topic; the space shows every notice all the same."""
    with operator_gate(home) as gate:
        changed = NoticeOffice(gate, operator_name()).prefer(patient_identifier(gate, patient), topic, email=email)
    click.echo("Done." if changed else "Nothing to change.")


@directory.command()
@HOME
@FILE
@click.option("--source", default="annuaire", show_default=True, help="Short name of where the file comes from.")
def addresses(home: Path, file: Path, source: str) -> None:
    """Import the professional mail addresses of the directory: its extract (pipes), or `identifiant;adresse`."""
    with operator_gate(home) as gate, feed_lines(file) as lines:
        report = NoticeOffice(gate, operator_name()).import_addresses(lines, source=source)
    click.echo(f"{report.taken} addresses taken, {report.skipped} of unknown professionals passed over.")
    show_report(report)


def _show(found: list[ShownNotice]) -> None:
    for one in found:
        click.echo(f"{to_iso(one.notice.due_at)[:16]}Z  {one.notice.state:9}  {one.french}")
        click.echo(f"{'':29}{one.english}")
