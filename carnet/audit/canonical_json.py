"""Canonical JSON (RFC 8785) for what the trace holds: one value has one form, so that its digest means something.

The general encoder, told to sort members, writes the canonical form of text, truth values, null, arrays, whole numbers within ±(2^53 - 1)
and objects with ASCII names. The trace has nothing else; a test compares with an independent implementation.
"""

from __future__ import annotations

from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted")


def encode(value: Any) -> bytes:
    """The canonical bytes (UTF-8). Raises ValueError for text that is not Unicode (half of a surrogate pair)."""
    return _ENCODER.encode(value)
