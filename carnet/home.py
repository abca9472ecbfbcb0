"""Making a home directory: settings file, keys, database. What `carnet init` and `carnet demo` share."""

from __future__ import annotations

import contextlib
from pathlib import Path

from carnet.config import SETTINGS_FILE, Settings, load, parse
from carnet.crypto.keyring import DevelopmentKeyring
from carnet.database.schema import current, migrate
from carnet.errors import ConfigurationError
from carnet.repository.file_system import OperatingSystem

TEMPLATE = """\
# Settings of this Carnet home; docs/operate/settings.md explains each. CARNET_<NAME> in the environment wins over this file.
environment = "development"
host = "127.0.0.1"
port = 8443
"""


def create_home(home: Path, *, settings: str = TEMPLATE) -> Settings:
    """Makes a home in an empty or absent directory and returns its settings.

    Raises ConfigurationError when one is there already, or `database_url` names a database that is another home's: its keys are elsewhere.
    """
    if (home / SETTINGS_FILE).exists() or (home / "carnet.db").exists():
        raise ConfigurationError(f"{home} is a Carnet home already.")
    url = parse(settings, home).database_url
    if url and current(url):
        raise ConfigurationError("The database that database_url names is in use by another home.")
    for folder in ("documents", "keys", "pki"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    (home / SETTINGS_FILE).write_text(settings, encoding="utf-8")
    DevelopmentKeyring.create(home / "keys")
    made = load(home)
    migrate(made.database_place)
    _settle(home)
    return made


def _settle(home: Path) -> None:
    """Makes the names durable, of the home itself too: what is acknowledged in it is lost with any of them."""
    files = OperatingSystem()
    handle = files.open(home / SETTINGS_FILE)
    try:
        files.sync(handle)
    finally:
        files.close(handle)
    for directory in (home, *home.resolve().parents):
        with contextlib.suppress(PermissionError):  # of another owner, who made it
            files.sync_directory(directory)
