"""What an answer touches without answering it: read so that the rules can judge it, and so that the hidden leaves no trace."""

from __future__ import annotations

from dataclasses import replace

from carnet.database.connection import Connection
from carnet.metadata import Association
from carnet.registry import association_table, entry_table
from carnet.registry.found import Found, FoundEntry, grouped
from carnet.registry.holder import Holder


def with_surroundings(connection: Connection, holder: Holder, found: Found) -> Found:
    """The answer with `ends`, `links` and `contents`.

    From the answer's submission sets, folders and association ends, outwards until nothing is new: an association leads to its ends, a
    submission set or folder to what it holds, an entry nowhere.
    """
    entries = {row.uuid: row for row in found.entries}
    links = {one.entry_uuid: one for one in found.associations}
    contents: dict[str, frozenset[str]] = {}
    frontier = {row.uuid for row in found.submission_sets} | {row.uuid for row in found.folders}
    frontier |= _ends(found.associations)
    while frontier := frontier - entries.keys() - links.keys() - contents.keys():
        met = entry_table.find_by_uuid(connection, holder, frontier)
        linked = association_table.find_by_uuid(connection, holder, frontier - met.keys())
        holders = frontier - met.keys() - {one.entry_uuid for one in linked}
        held = association_table.find_by_source(connection, holder, holders)
        contents |= dict.fromkeys(holders, frozenset()) | grouped((one.source, one.target) for one in held)
        entries |= met
        links |= {one.entry_uuid: one for one in linked}
        frontier = _ends(linked) | {one.target for one in held}
    return replace(found, ends=_beyond(found, entries), links=tuple(links.values()), contents=contents)


def _ends(associations: tuple[Association, ...] | list[Association]) -> set[str]:
    return {end for one in associations for end in (one.source, one.target)}


def _beyond(found: Found, entries: dict[str, FoundEntry]) -> tuple[FoundEntry, ...]:
    answered = {row.uuid for row in found.entries}
    return tuple(row for uuid, row in entries.items() if uuid not in answered)
