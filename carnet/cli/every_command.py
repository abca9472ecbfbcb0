"""Every command of `carnet`, in files by what they serve."""

from __future__ import annotations

import click

from carnet.cli import client_patients  # noqa: F401 - its commands join those of `client`
from carnet.cli.atna import atna
from carnet.cli.client import client
from carnet.cli.database_desk import database
from carnet.cli.demonstration import demo
from carnet.cli.emergency_office import emergency, watch
from carnet.cli.explain import explain
from carnet.cli.feeds import directory, patients
from carnet.cli.governance import rules
from carnet.cli.life_of_records import OF_A_RECORD
from carnet.cli.notice_desk import notices
from carnet.cli.records import record
from carnet.cli.report_desk import reports
from carnet.cli.segment_desk import documents
from carnet.cli.service import index_people, init, migrate, verify_database
from carnet.cli.serving_desk import serve
from carnet.cli.trail import seal_audit, trace, verify_audit
from carnet.cli.trail_handover import audit_key, export_trail_command, verify_export_command
from carnet.cli.whole_population import due, enrol, restore
from carnet.cli.witnesses import witness


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="carnet")
def carnet() -> None:
    """Carnet, an open national shared health record."""


COMMANDS = (
    (init, migrate, index_people, serve, verify_database, demo, database),
    (directory, patients, enrol, due, restore, record, rules, explain),
    (seal_audit, verify_audit, trace, audit_key, export_trail_command, verify_export_command, witness, atna),
    (emergency, notices, reports, watch),
    (documents,),
    (client,),
)
for command in (one for group in COMMANDS for one in group):
    carnet.add_command(command)
for command in OF_A_RECORD:
    record.add_command(command)
