"""A rolling upgrade: the version before and the next one serve one home side by side, while the schema is expanded under both.

The next version is a copy of this package with one more migration: the code of the version before is this very code.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from postgres_clusters import Copies

import carnet
from carnet.cli.demonstration import running_server
from carnet.config import load
from carnet.database.schema import current, head
from carnet.demo.people import MEDECIN_TRAITANT
from carnet.metadata import MASQUE_PS
from carnet.record.administration import verify_trace

MIGRATION = '''
"""A step that only adds, or one that takes something away."""
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None
runs_with = "{runs_with}"


def upgrade() -> None:
    {change}
'''
ADDS = """op.add_column("document_entry", sa.Column("next_note", sa.Text()))
    op.create_table("next_table", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("said", sa.Text()))"""
TAKES_AWAY = """op.drop_table("next_table")"""


class Version:
    """A copy of this package with further migrations, as a later version would have them."""

    def __init__(self, folder, *steps):
        self.folder = folder
        shutil.copytree(
            Path(carnet.__file__).parent, folder / "carnet", ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
        versions = folder / "carnet" / "database" / "migrations" / "versions"
        before = head()
        for number, (change, compatible) in enumerate(steps, 1):
            revision = f"{int(head()) + number:04}"
            runs_with = before if compatible else revision
            text = MIGRATION.format(revision=revision, before=before, runs_with=runs_with, change=change)
            (versions / f"{revision}_next.py").write_text(text, encoding="utf-8")
            before = revision
        self.head = before

    def run(self, *words):
        done = subprocess.run(
            [sys.executable, "-m", "carnet", *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def upgraded(tmp_path):
    return Version(tmp_path / "next", (ADDS, True))


@contextmanager
def beside(house, port, monkeypatch, folder):
    """One more server on the home of a house, of the version in that folder; callers are sent to it while it runs."""
    config = house.stage.home / "carnet.toml"
    text = config.read_text(encoding="utf-8")
    stage, before = house.stage, Path.cwd()
    house.hang_up()
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("PYTHONPATH", str(folder))
        config.write_text(re.sub(r"(?m)^port = .*$", f"port = {port}", text), encoding="utf-8")
        house.stage = type(stage)(stage.home, load(stage.home), stage.callers, stage.patients)
        try:
            with running_server(house.stage):
                config.write_text(text, encoding="utf-8")
                os.chdir(before)
                yield house.stage
        finally:
            config.write_text(text, encoding="utf-8")
            house.hang_up()
            house.stage = stage


def at(house, stage):
    """Sends callers to this server from now on."""
    house.hang_up()
    house.stage = stage


def each_sees_what_the_other_did(house, record, first, old, new):
    """Documents put in at one server and read at the other, in turn; a mask set at the one holds at the other."""
    for turn in range(4):
        at(house, (old, new)[turn % 2])
        record.add(title=f"Document {turn}")
        at(house, (new, old)[turn % 2])
        assert f"Document {turn}" in record.titles()
    at(house, new)
    record.mask(first, [MASQUE_PS])
    at(house, old)
    masked = {code.code for entry in record.documents().entries for code in entry.confidentiality_codes}
    assert MASQUE_PS in masked


def failing(house):
    answer = httpx.get(
        house.stage.address + "/health/ready",
        verify=__import__("ssl").create_default_context(cafile=str(house.stage.authorities)),
        timeout=60,
        trust_env=False,
    )
    return answer.json()["failing"]


def test_the_version_before_and_the_next_serve_one_home_while_it_is_upgraded(
    open_house, upgraded, free_port, monkeypatch
):
    with open_house() as house:
        old, record = house.stage, house.new_record()
        first = record.put(record.document(title="Avant"))
        status, said = upgraded.run("migrate", "--home", str(old.home))
        assert (status, said) == (0, "The database is at this version's schema.\n")
        assert current(old.settings.database) == upgraded.head > head()
        assert failing(house) == []
        with beside(house, free_port(), monkeypatch, upgraded.folder) as new:
            each_sees_what_the_other_did(house, record, first, old, new)
        # The version before can even be started again.
        with beside(house, free_port(), monkeypatch, Path(carnet.__file__).parents[1]) as again:
            at(house, again)
            assert len(record.titles()) == 5
            at(house, old)
        house.gate.seal()
        report = verify_trace(house.gate)
        assert report.intact, report.findings
        with closing(sqlite3.connect(old.settings.database)) as raw:
            assert raw.execute("SELECT count(*) FROM next_table").fetchone() == (0,)


# --- the code that was there before ---------------------------------------------------------------------------------


def git(*words):
    here = Path(carnet.__file__).parents[1]
    done = subprocess.run(["git", "-C", str(here), *words], capture_output=True, check=False, timeout=120)
    return done.stdout if done.returncode == 0 else b""


@pytest.fixture
def code_before(tmp_path):
    """The package as it was before its newest migration came: what an upgrade to today's finds running."""
    versions = Path(carnet.__file__).parent / "database" / "migrations" / "versions"
    newest = max(versions.glob("[0-9]*.py"))
    if f'runs_with = "{newest.name[:4]}"' in newest.read_text(encoding="utf-8"):
        pytest.skip(
            f"{newest.name} says that the version before does not run beside it; that such a one is refused is tested here everywhere"
        )
    came = git("log", "--follow", "--format=%H", "--diff-filter=A", "-1", "--", str(newest)).decode().strip()
    archive = git("archive", f"{came}^" if came else "HEAD", "carnet")
    if not archive:
        pytest.skip(
            "there is no history of git here to take the version before from; what a version refuses to run beside is tested everywhere"
        )
    folder = tmp_path / "before"
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True, timeout=120)
    if (folder / "carnet" / newest.relative_to(versions.parents[2])).exists():
        pytest.skip("the newest migration came with the first commit")
    return folder


@pytest.mark.deep
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_code_before_the_newest_migration_serves_beside_todays_on_one_database(
    kind, request, open_house, code_before, free_port, monkeypatch
):
    """Real former code, out of the history, on the database that today's code has brought to its schema."""
    settings = ""
    if kind == "postgresql":
        pristine, cluster = request.getfixturevalue("pristine"), request.getfixturevalue("cluster")
        settings = f'database_url = "{Copies(cluster, pristine.settings.database).make()}"\n'
    with open_house(settings) as house:
        today, record = house.stage, house.new_record()
        first = record.put(record.document(title="Avant"))
        with beside(house, free_port(), monkeypatch, code_before) as before:
            each_sees_what_the_other_did(house, record, first, before, today)
            at(house, before)
            assert failing(house) == []
            at(house, today)
        assert len(record.titles()) == 5
        house.gate.seal()
        report = verify_trace(house.gate)
        assert report.intact, report.findings


def test_control_what_the_version_before_cannot_run_beside_is_not_done_under_it(open_house, tmp_path):
    """Nor is it served on afterwards: when somebody forces it, the old server is no longer ready, and none starts."""
    contracted = Version(tmp_path / "next", (ADDS, True), (TAKES_AWAY, False))
    with open_house() as house:
        home, database = house.stage.home, house.stage.settings.database
        status, said = contracted.run("migrate", "--home", str(home))
        assert status != 0
        assert "--contract" in said
        assert head() < current(database) < contracted.head
        assert failing(house) == []
        assert contracted.run("migrate", "--contract", "--home", str(home))[0] == 0
        assert current(database) == contracted.head
        assert failing(house) == ["schema"]
    done = subprocess.run(
        [sys.executable, "-m", "carnet", "serve", "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode != 0
    assert "cannot run on" in done.stdout + done.stderr


def test_a_schema_that_says_nothing_of_this_code_is_not_run_on(open_house, make_home):
    home = make_home()
    with closing(sqlite3.connect(home / "carnet.db")) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    done = subprocess.run(
        [sys.executable, "-m", "carnet", "seal-audit", "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode != 0
    assert "cannot run on" in done.stdout + done.stderr


def test_two_servers_on_one_home_that_both_seal_keep_the_trace_whole(open_house, free_port, monkeypatch):
    """Two machines each have a worker w0: neither its files nor its sealing may meet the other's."""
    with open_house(CARNET_AUDIT_SEAL_INTERVAL="0.05") as house:
        old, record = house.stage, house.new_record()
        with beside(house, free_port(), monkeypatch, Path(carnet.__file__).parents[1]) as other:
            for turn in range(6):
                at(house, (old, other)[turn % 2])
                record.add(title=f"Document {turn}", by=MEDECIN_TRAITANT)
            at(house, old)
        assert len(record.titles()) == 6
        house.gate.seal()
        assert verify_trace(house.gate).intact
        names = [file.name for file in (old.home / "documents").glob("w0-*.seg")]
        assert len(names) == len(set(names)) >= 2
