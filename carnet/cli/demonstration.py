"""The demonstration: a fresh home, a running server, and a document's whole journey through it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click

from carnet.cli.operator_gate import operator_gate
from carnet.cli.service import HOME
from carnet.demo.journey import Journey, JourneyFailed
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.demo.samples import Sample, read_samples
from carnet.demo.stage import Stage, set_stage
from carnet.demo.story import Story
from carnet.record.administration import verify_trace
from carnet.record.gate import Gate

SAMPLES = Path("..") / "shared" / "samples" / "cda"
START_WITHIN = 120.0
PROVIDERS = ("carnet.demo.identity_provider", "carnet.demo.professional_provider")
"""Of patients, and of professionals."""


@click.command()
@HOME
@click.option("--check", is_flag=True, help="Walk the journey once and stop; status 1 names what failed.")
@click.option("--port", type=int, default=0, help="Port of the demonstration's server; a free one by default.")
@click.option(
    "--samples",
    type=click.Path(path_type=Path, file_okay=False),
    default=SAMPLES,
    show_default=True,
    help="Folder of CDA documents to submit, where it exists; generated ones are always submitted.",
)
def demo(home: Path, check: bool, port: int, samples: Path) -> None:
    """Make a fresh home with fictitious people and walk a document's whole journey through the real door."""
    files = read_samples(samples)
    click.echo(f"Setting the stage in {home} …")
    first, second = (free_port(), free_port()) if can_provide() else (0, 0)
    stage = set_stage(home, port=port or free_port(), samples=files, provider=first, professionals_provider=second)
    with running_server(stage) as server, running_provider(stage), running_professionals_provider(stage):
        click.echo(f"The server answers at {stage.address}.")
        try:
            _walk(stage, files)
        except JourneyFailed as error:
            click.echo(f"The journey failed. {error.message}", err=True)
            raise click.exceptions.Exit(1) from error
        _tell(stage)
        if not check and sys.stdout.isatty():
            click.echo("\nThe server runs on; stop it with Ctrl-C.")
            with contextlib.suppress(KeyboardInterrupt):
                server.wait()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def can_provide() -> bool:
    """Whether the demonstration's identity provider is installed: the extra `demo`."""
    return importlib.util.find_spec("idpyoidc") is not None


@contextlib.contextmanager
def running_provider(stage: Stage) -> Iterator[None]:
    """The identity provider of patients that the stage names, where it names one, ready to answer; stopped at the end."""
    with _running(stage, stage.settings.oidc_issuer, PROVIDERS[0]):
        yield


@contextlib.contextmanager
def running_professionals_provider(stage: Stage) -> Iterator[None]:
    """The same of professionals."""
    with _running(stage, stage.settings.pro_oidc_issuer, PROVIDERS[1]):
        yield


@contextlib.contextmanager
def _running(stage: Stage, issuer: str, module: str) -> Iterator[None]:
    if not issuer:
        yield
        return
    command = [sys.executable, "-m", module, str(stage.home)]
    with (stage.home / f"{module.rpartition('.')[2]}.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own interpreter and package
        try:
            place = urlsplit(issuer)
            _wait_until_ready("identity provider", (place.hostname or "", place.port or 0), process, log.name)
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


@contextlib.contextmanager
def running_server(stage: Stage, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """`carnet serve` on the stage's home in a process of its own, ready to answer; stopped at the end."""
    log = (stage.home / "server.log").open("ab")
    command = [sys.executable, "-m", "carnet", "serve", "--home", str(stage.home)]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and package
        command, stdout=log, stderr=log, env={**os.environ, **environment}
    )
    try:
        _wait_until_ready("server", (stage.settings.host, stage.settings.port), process, log.name)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)
        log.close()


def _wait_until_ready(what: str, address: tuple[str, int], process: subprocess.Popen[bytes], log: str) -> None:
    end = time.monotonic() + START_WITHIN
    while time.monotonic() < end:
        if process.poll() is not None:
            raise JourneyFailed(f"The {what} stopped; its log is {log}.")
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
            return
        time.sleep(0.05)
    raise JourneyFailed(f"The {what} did not start within {START_WITHIN:.0f} seconds.")


def _walk(stage: Stage, files: tuple[Sample, ...]) -> None:
    journey = Journey(stage, files, _say)
    journey.walk()
    with operator_gate(stage.home) as gate:
        Story(journey, gate, _say).tell()
        _prove(gate)


def _say(line: str) -> None:
    click.echo(f"  {line}")


def _prove(gate: Gate) -> None:
    gate.seal()
    report = verify_trace(gate)
    if not report.intact:
        raise JourneyFailed(f"trace: {report.findings[0].what}")
    _say(f"traced: {report.sealed} lines under {report.checkpoints} signed checkpoints, all proved again")


def _tell(stage: Stage) -> None:
    caller = stage.callers[MEDECIN_TRAITANT.identifier].directory
    client = f"carnet client --address {stage.address} --caller {caller} --authorities {stage.authorities}"
    ins = PAT_TROIS.identifier.value
    click.echo(
        f"""
Where to look
  {stage.home}/carnet.db            the registry and the trace (SQLite)
  {stage.home}/documents            the documents, encrypted
  {stage.home}/callers              certificates of fictitious callers, for your own software
  carnet trace --home {stage.home} --patient {ins} --language en
  carnet emergency list --home {stage.home}
  carnet notices list --home {stage.home} --patient {ins}
  carnet verify-export {stage.home}/trail-export.jsonl
  carnet verify-audit --home {stage.home}
How to call it
  carnet serve --home {stage.home}
{_of_the_space(stage)}
  {client} search --patient {ins}
  SOAP: {stage.address}{stage.settings.base_path}/registry and …/repository"""
    )


def _of_the_space(stage: Stage) -> str:
    where = f"  in a browser: {stage.settings.space_origin or stage.address}/ is the patient's space"
    signed = f"the demonstration's own authority signs its certificate: {stage.authorities}"
    if not stage.settings.oidc_issuer:
        return f"{where}; nobody signs in without the extra `demo` ({signed})"
    provider = f"{Path(sys.executable).name} -m carnet.demo.identity_provider {stage.home}"
    professionals = f"""
  in a browser: {stage.settings.space_origin}/pro is for professionals; choose « Pro Santé Connect » and who to be, {MEDECIN_TRAITANT.name} for one
    (its identity provider beside `carnet serve`: {Path(sys.executable).name} -m {PROVIDERS[1]} {stage.home})"""
    return f"{where}; choose « identité numérique » and who to be, {PAT_TROIS.traits.birth_given_names} for one\n    ({signed}; its identity provider beside `carnet serve`: {provider}){professionals if stage.settings.pro_oidc_issuer else ''}"
