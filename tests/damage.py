"""Damage done to bytes on purpose: surely other than they were, whatever they were."""

from __future__ import annotations


def altered(content: bytes) -> bytes:
    """The same length, and another last byte. A constant in its place would leave one random content in 256 as it was."""
    return content[:-1] + bytes([content[-1] ^ 1])
