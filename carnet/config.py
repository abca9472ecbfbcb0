"""Settings: one TOML file in the home directory, each overridden by an environment variable `CARNET_<NAME>` (upper case).

The fields are in `carnet.settings`, what may be wrong with them in `carnet.setting_faults`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgspec

from carnet.errors import ConfigurationError
from carnet.setting_faults import check_settings
from carnet.settings import ClientPolicy, Settings

__all__ = ["ClientPolicy", "Settings", "load", "parse"]

SETTINGS_FILE = "carnet.toml"
PREFIX = "CARNET_"

_NOT_FROM_ENVIRONMENT = frozenset({"home", "clients"})


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    known = {item.name: item for item in fields(Settings) if item.name not in _NOT_FROM_ENVIRONMENT}
    for name, text in environ.items():
        if not name.startswith(PREFIX):
            continue
        key = name.removeprefix(PREFIX).lower()
        if key not in known:
            raise ConfigurationError(f"{name} is not a setting of Carnet.")
        values[key] = [part for part in text.split(",") if part] if known[key].type == "tuple[str, ...]" else text
    return values


def load(home: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Reads `home/carnet.toml` (may be absent), then the environment, which wins.

    Raises ConfigurationError naming the unknown or ill-typed setting.
    """
    path = home / SETTINGS_FILE
    return parse(path.read_text(encoding="utf-8") if path.exists() else "", home, environ)


def parse(text: str, home: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that a file of this text would give a home; see `load`."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{SETTINGS_FILE} cannot be read: {error}.") from error
    unknown = set(values) - {item.name for item in fields(Settings)} | ({"home"} & set(values))
    if unknown:
        raise ConfigurationError(f"{SETTINGS_FILE}: unknown setting {min(unknown)!r}.")
    values.update(_from_environment(os.environ if environ is None else environ))
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"A setting has the wrong type: {error}.") from error
    settings = replace(settings, home=home.absolute())
    check_settings(settings)
    return settings
