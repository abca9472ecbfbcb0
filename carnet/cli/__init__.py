"""The command line: `carnet`. A server that starts again waits for nothing that only other commands need."""

from __future__ import annotations

import sqlite3
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from carnet.cli.serving_desk import serve
from carnet.errors import CarnetError

_ALONE = click.Group("carnet", commands={"serve": serve})


def __getattr__(name: str) -> Any:
    """`carnet.cli.carnet`, the group of every command, made when somebody asks for it."""
    if name != "carnet":
        raise AttributeError(name)
    return import_module("carnet.cli.every_command").carnet


def main() -> None:
    """Runs a command; what Carnet refuses or cannot do ends with one sentence on standard error and status 2."""
    try:
        _command(sys.argv[1:])()
    except CarnetError as error:
        _end(error.message)
    except sqlite3.Error as error:
        _end(f"The database cannot be used: {error}.")
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror or error}.")


def _command(arguments: list[str]) -> click.Group:
    """`serve` by itself, or every command when another is asked for."""
    if arguments[:1] == ["serve"]:
        return _ALONE
    group: click.Group = import_module("carnet.cli.every_command").carnet
    return group


def _end(sentence: str) -> NoReturn:
    click.echo(f"carnet: {sentence}", err=True)
    sys.exit(2)
