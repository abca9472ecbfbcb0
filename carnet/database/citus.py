"""What a database needs that Citus spreads over several servers: the shards of patients, tickets after a restart, transactions that outlive the coordinator.

A transaction that writes on one shard is committed there first, then on the coordinator, which gives its locks back last. So what one server promises by
its locks and its one log has to be made sure of here, in three places (docs/decisions/0019-postgresql.md, Citus).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from carnet.database.statements import Statement
from carnet.errors import Unavailable

Ask = Callable[..., list[Any]]
"""(text, parameters) -> rows: one question to the coordinator, in whatever transaction is open there."""

ONE_CONNECTION = "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"
"""A transaction that reads from every shard holds one connection to each server: else it could not write to what others refer to."""
TICKETS_SKIPPED = 1 << 24
"""More than are given out between two writings of the coordinator's log."""
_DISTRIBUTED = (
    "SELECT count(*) FROM pg_dist_partition WHERE logicalrelid = to_regclass('audit_event') AND partmethod = 'h'"
)
_SHARDS = "SELECT get_shard_id_for_distribution_column('health_record', key) FROM unnest(%s::bigint[]) WITH ORDINALITY AS asked (key, n) ORDER BY n"
_FIRST = "SELECT pg_advisory_lock(1128354004, 1)"
_ANYBODY = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1128354004 AND objid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
_SKIP = f"SELECT setval('audit_event_ticket_seq', last_value + {TICKETS_SKIPPED}) FROM audit_event_ticket_seq"  # noqa: S608 - numbers and names of ours
_PRESENT = "SELECT pg_advisory_lock_shared(1128354004, 2), pg_advisory_unlock(1128354004, 1)"
_NAME = "transaction_number || ' ' || extract(epoch FROM transaction_stamp)"
_RUNNING = f"""SELECT clock_timestamp(), (SELECT coalesce(array_agg({_NAME}), '{{}}')
    FROM get_all_active_transactions() WHERE transaction_number > 0)"""  # noqa: S608 - numbers and names of ours
_ON_THE_SERVERS = f"""SELECT nodename || ':' || nodeport, success, result FROM run_command_on_workers($$
    SELECT json_build_object(
        'prepared', (SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database() AND gid LIKE 'citus\\_0\\_%'),
        'running', (SELECT coalesce(json_agg(json_build_array({_NAME}, transaction_stamp < '{{moment}}')), '[]')
            FROM get_all_active_transactions() WHERE transaction_number > 0
            AND initiator_node_identifier = (SELECT nodeid FROM pg_dist_node WHERE groupid = 0)))$$)"""  # noqa: S608 - numbers and names of ours


def is_spread(ask: Ask) -> bool:
    """Whether `carnet database distribute` was run here."""
    if ask("SELECT to_regclass('pg_catalog.pg_dist_partition') IS NULL")[0][0]:
        return False
    return bool(ask(_DISTRIBUTED)[0][0])


def shards_of(ask: Ask, patient_keys: Sequence[int]) -> list[int]:
    """The number of the shard of each patient, on which all their rows are."""
    return [int(number) for (number,) in ask(_SHARDS, (list(patient_keys),))]


def skip_tickets_after_a_restart(ask: Ask) -> None:
    """For a session that was just opened: when nobody else is here, the coordinator may have forgotten that it gave tickets out.

    A line's ticket comes from the coordinator, the line is committed on another server, which does not wait until the coordinator has written in its own log
    that the ticket is taken. The lock that says that somebody is here lives as long as the session, and no longer than the server.
    """
    ask(_FIRST)
    if not ask(_ANYBODY)[0][0]:
        ask(_SKIP)
    ask(_PRESENT)


def sweep(ask: Ask, statement: Statement, parameters: Mapping[str, Any]) -> None:
    """Runs `DELETE FROM table WHERE column < :number` on each shard by itself: a deletion over several would be committed in two phases."""
    text, _ = statement.postgres
    _, _, table, condition = text.split(None, 3)
    said = condition.replace(f"{table}.", "") % {name: int(value) for name, value in parameters.items()}
    ask(f"SELECT count(*) FROM run_command_on_shards('{table}', $$DELETE FROM %s {said}$$)")  # noqa: S608 - numbers and names of ours


def some_outlive(ask: Ask) -> bool:
    """Whether a server may still commit a transaction that the coordinator knows no more: ask after the locks of those that run.

    Such a transaction could bring a line with a ticket that looks settled. It ends by itself, or by Citus's recovery of prepared ones.
    Raises Unavailable when a server does not answer.
    """
    moment, known = ask(_RUNNING)[0]
    for server, success, result in ask(_ON_THE_SERVERS.format(moment=moment.isoformat())):
        if not success:
            raise Unavailable(f"The database's server {server} is away; the trace cannot be sealed now.")
        found = json.loads(result)
        orphans = [name for name, before in found["running"] if before and name not in known]
        if orphans or found["prepared"]:
            return True
    return False
