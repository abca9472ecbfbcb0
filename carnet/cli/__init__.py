"""The command line: `carnet`, with its commands in files by what they serve."""

from __future__ import annotations

import sqlite3
import sys
from typing import NoReturn

import click

from carnet.cli import client_patients as client_patients  # its commands join those of `client`
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
from carnet.cli.segment_desk import documents
from carnet.cli.service import index_people, init, migrate, serve, verify_database
from carnet.cli.trail import seal_audit, trace, verify_audit
from carnet.cli.trail_handover import audit_key, export_trail_command, verify_export_command
from carnet.cli.whole_population import due, enrol, restore
from carnet.cli.witnesses import witness
from carnet.errors import CarnetError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="carnet")
def carnet() -> None:
    """Carnet, an open national shared health record."""


COMMANDS = (
    (init, migrate, index_people, serve, verify_database, demo, database),
    (directory, patients, enrol, due, restore, record, rules, explain),
    (seal_audit, verify_audit, trace, audit_key, export_trail_command, verify_export_command, witness, atna),
    (emergency, notices, watch),
    (documents,),
    (client,),
)
for command in (one for group in COMMANDS for one in group):
    carnet.add_command(command)
for command in OF_A_RECORD:
    record.add_command(command)


def main() -> None:
    """Runs a command; what Carnet refuses or cannot do ends with one sentence on standard error and status 2."""
    try:
        carnet()
    except CarnetError as error:
        _end(error.message)
    except sqlite3.Error as error:
        _end(f"The database cannot be used: {error}.")
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror or error}.")


def _end(sentence: str) -> NoReturn:
    click.echo(f"carnet: {sentence}", err=True)
    sys.exit(2)
