"""Reading a Content-Type header (RFC 2045 §5.1), with the liberties that SOAP stacks take: `<`, `/` and `:` outside quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from carnet.errors import MalformedMessage, TooLarge

MAXIMUM_LENGTH = 8192

_PARAMETER = re.compile(r'\s*;\s*(?:([A-Za-z0-9!#$&+.^_-]+)\s*=\s*(?:"((?:[^"\\]++|\\.)*+)"|([^\s;"]++))\s*)?')
_ESCAPE = re.compile(r"\\(.)")


@lru_cache(maxsize=1024)
def media_type(value: str) -> tuple[str, Mapping[str, str]]:
    """A Content-Type value as its media type in lower case and its parameters, names in lower case, quotes removed.

    Remembered, since the parts of messages repeat a few values. Raises MalformedMessage when it cannot be read or names a parameter twice.
    """
    if len(value) > MAXIMUM_LENGTH:
        raise TooLarge("The Content-Type header is too long.")
    name, _, _ = value.partition(";")
    position = len(name)
    parameters: dict[str, str] = {}
    while position < len(value):
        found = _PARAMETER.match(value, position)
        if found is None:
            raise MalformedMessage("The Content-Type header cannot be read.")
        position = found.end()
        key, quoted, bare = found.groups()
        if key is None:
            continue
        key = key.lower()
        if key in parameters:
            raise MalformedMessage("The Content-Type header names a parameter twice.")
        if quoted is not None and "\\" in quoted:
            quoted = _ESCAPE.sub(r"\1", quoted)
        parameters[key] = bare if quoted is None else quoted
    return name.strip().lower(), MappingProxyType(parameters)
