"""Handing the trace over to an operator's collector as ATNA audit messages."""

from __future__ import annotations

import time
from pathlib import Path

import click

from carnet.audit.syslog_tls import Collector, collector_context, read_address
from carnet.cli.operator_gate import operator_gate
from carnet.cli.service import HOME
from carnet.config import Settings
from carnet.errors import ConfigurationError, Unavailable
from carnet.record.trail_forwarding import Forwarder


@click.group()
def atna() -> None:
    """Hand the trace over to a collector of audit messages (IHE ATNA, syslog over TLS)."""


@atna.command()
@HOME
@click.option(
    "--every", type=click.FloatRange(min=0.1), help="Go on for ever, looking for new lines every so many seconds."
)
def forward(home: Path, every: float | None) -> None:
    """Send every sealed line that the collector does not have yet; what it does not take is sent again next time."""
    with operator_gate(home) as gate:
        collector = _collector(gate.platform.settings)
        forwarder = Forwarder(gate, collector.name, collector.hand_over)
        if every is None:
            click.echo(f"Handed over {_all(forwarder)} lines to {collector.name}.")
            return
        while True:
            _again(forwarder)
            time.sleep(every)


def _collector(settings: Settings) -> Collector:
    if not settings.atna_collector:
        raise ConfigurationError("Set atna_collector first: there is no collector to hand the trace to.")
    context = collector_context(
        settings.path("atna_authorities"), settings.path("atna_certificate"), settings.path("atna_key")
    )
    return Collector(*read_address(settings.atna_collector), context)


def _all(forwarder: Forwarder) -> int:
    total = 0
    while sent := forwarder.forward():
        total += sent
    return total


def _again(forwarder: Forwarder) -> None:
    """A collector that is away is tried again at the next round."""
    try:
        sent = _all(forwarder)
    except Unavailable as error:
        click.echo(error.message, err=True)
    else:
        if sent:
            click.echo(f"Handed over {sent} lines.")
