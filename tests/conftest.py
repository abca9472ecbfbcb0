"""What several rooms share: one stage of the demonstration, set once a session and only ever copied."""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import shutil
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import HealthCheck, settings

from carnet.clock import to_iso
from carnet.database.schema import migrate
from carnet.demo.stage import set_stage
from carnet.platform import packaged_matrices

sys.path.insert(0, str(Path(__file__).parent))

from postgres_clusters import Cluster, Copies, be_patient, programs, roomy
from s3_double import KEY_ID, SECRET, S3Double

be_patient()
# Servers and commands that tests start are processes of their own: without bytecode each would compile seven hundred modules.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Homes of tests sync as those of an exchange do; cuts of the power are played on recorded disks (tests/durability, tests/repository).
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", roomy())
SLOW_IS_RIGHT = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}
settings.register_profile("same", derandomize=True, **SLOW_IS_RIGHT)
settings.register_profile("random", **SLOW_IS_RIGHT)
settings.load_profile("same")
"""The same examples in every run, however slow the machine; `--hypothesis-profile=random` looks for others."""

ON_BOTH = (
    "tests/record/test_gate.py",
    "tests/record/test_gate_admission.py",
    "tests/record/test_gate_operator.py",
    "tests/record/test_harvest_budget.py",
    "tests/record/test_retrieval.py",
    "tests/record/test_search.py",
    "tests/record/test_submission.py",
    "tests/record/test_visibility.py",
    "tests/record/test_watching.py",
    "tests/registry/test_find.py",
    "tests/registry/test_registered_identifiers.py",
    "tests/registry/test_registration.py",
    "tests/registry/test_related.py",
    "tests/registry/test_update.py",
)
"""Whose tests run on both databases in the ordinary run; `--database=both` is every test that has a home of its own."""


def pytest_addoption(parser):
    choices = ("chosen", "sqlite", "postgresql", "both")
    parser.addoption("--database", choices=choices, default="chosen", help="on which databases tests with a home run")


def pytest_generate_tests(metafunc):
    """Gives tests whose home is their own the databases on which they run."""
    chosen = any(mark.args[0] == "database" for mark in metafunc.definition.iter_markers("parametrize"))
    if "database" in metafunc.fixturenames and not chosen:
        wanted = metafunc.config.getoption("--database")
        path = metafunc.definition.nodeid.partition("::")[0]
        own = metafunc.definition.get_closest_marker("sqlite_only") is not None
        both = not own and (wanted == "both" or (wanted == "chosen" and path in ON_BOTH))
        names = ["sqlite", "postgresql"] if both else ["postgresql" if wanted == "postgresql" and not own else "sqlite"]
        metafunc.parametrize("database", names, indirect=True, ids=names if both else [""])


@pytest.fixture
def database(request):
    """On which database the test's home is: sqlite or postgresql."""
    return request.param


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL server for all the tests of this process."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: `make packages` installs it")
    found = Cluster().start()
    yield found
    found.stop()


@pytest.fixture(scope="session")
def copies(cluster, first_stage):
    """Makes databases that hold what the first stage's holds."""
    return Copies(cluster, first_stage.settings.database)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty database of today's schema. Nothing opens it: tests copy the file, which takes a hundredth of the time of migrating."""
    path = tmp_path_factory.mktemp("migrated") / "carnet.db"
    migrate(path)
    return path


@pytest.fixture(scope="session")
def first_stage(tmp_path_factory):
    """A home with people, certificates and open records. Nothing writes to it: see `home`."""
    return set_stage(tmp_path_factory.mktemp("first") / "home", port=1)


@pytest.fixture
def home(request, first_stage, tmp_path, database):
    """A home of the test's own: a copy of the first stage's, without the callers' folders."""
    made = shutil.copytree(first_stage.home, tmp_path / "home", ignore=shutil.ignore_patterns("callers"))
    if database == "sqlite":
        yield made
        return
    copies = request.getfixturevalue("copies")
    url = copies.make()
    settings = made / "carnet.toml"
    settings.write_text(f'database_url = "{url}"\n{settings.read_text()}')
    for file in made.glob("carnet.db*"):
        file.unlink()
    yield made
    copies.drop(url)


@dataclass
class Ministry:
    """Those who may approve rule data in one home, with their keys, and the files that they propose."""

    home: Path
    keys: dict = field(default_factory=dict)

    def admit(self, *names, folder="approvers"):
        """Registers people, each with a fresh key."""
        for name in names:
            self.register(name, Ed25519PrivateKey.generate(), folder)
        return self

    def register(self, name, key, folder="approvers"):
        self.keys[name] = key
        (self.home / folder).mkdir(exist_ok=True)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self.home / folder / f"{name}.pem").write_bytes(public)

    def key_file(self, name):
        """The person's private key, as a file."""
        file = self.home.parent / f"{name}.key"
        file.write_bytes(self.keys[name].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return file

    def sign(self, name, text):
        return self.keys[name].sign(text)

    def file(self, version, effective_at, *, cells=None, change=None, **about):
        """A CSV file: the matrix that comes with Carnet, some cells changed ((role, type): "Y" or "N"); `change` edits its lines."""
        (matrix,) = packaged_matrices()
        head = {
            "version": version,
            "status": "official",
            "source": "Annexe inventée",
            "legal_basis": "Arrêté inventé",
            "effective_from": effective_at if isinstance(effective_at, str) else to_iso(effective_at),
            "roles": str(len(matrix.readable)),
            "types": str(len(matrix.types)),
            **about,
        }
        lines = [f"# {key};{value}" for key, value in head.items()] + ["role;type;right;basis;clause"]
        for (role, one), basis in sorted(matrix.basis.items()):
            right = (cells or {}).get((role, one), "Y" if matrix.allows(role, one) else "N")
            lines.append(f"{role};{one};{right};{basis};annexe")
        lines = change(lines) if change else lines
        return ("\n".join(lines) + "\n").encode()


@pytest.fixture
def ministry(home):
    """The ministry of the test's home: Alice and Bob may approve."""
    return Ministry(home).admit("alice", "bob")


@pytest.fixture(scope="session")
def make_ministry():
    """The ministry of another home."""
    return Ministry


class MailServer:
    """A mail server on loopback that takes what it is told to take, and can be stopped in the middle of a conversation.

    `taken` are the messages that it answered for; `refused` gives addresses their answer; `hold` names a command (RCPT or DATA) that is not
    answered before `release` is set: `reached` says that it came. `drop_after_data` closes the connection instead of answering.
    """

    def __init__(self, **options):
        self.taken: list[tuple[str, tuple[str, ...], bytes]] = []
        self.refused: dict[str, str] = {}
        self.data_answers: list[str] = []
        self.hold = ""
        self.takes_while_held = True
        self.reached, self.release = threading.Event(), threading.Event()
        self.drop_after_data = False
        self.sessions = 0
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(self._listen())
        self.host, self.port = "127.0.0.1", self._server.sockets[0].getsockname()[1]

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)

    async def _listen(self):
        context = self._options.pop("implicit_tls", None)

        def made():
            self.sessions += 1
            return SMTP(self, enable_SMTPUTF8=False, **self._options)

        return await self._loop.create_server(made, "127.0.0.1", 0, ssl=context)

    async def _wait(self, command):
        if self.hold == command:
            self.reached.set()
            await asyncio.to_thread(self.release.wait, 60)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's names
        await self._wait("RCPT")
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 taken"

    async def handle_DATA(self, server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        answer = self.data_answers.pop(0) if self.data_answers else "250 2.0.0 taken"
        takes = answer.startswith("250") and (self.takes_while_held or self.hold != "DATA")
        if takes:
            self.taken.append((envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        await self._wait("DATA")
        if self.drop_after_data:
            server.transport.abort()
        return answer

    @property
    def messages(self):
        """What was taken, parsed."""
        return [email.message_from_bytes(content, policy=email.policy.default) for _, _, content in self.taken]

    @property
    def recipients(self):
        return [recipient for _, recipients, _ in self.taken for recipient in recipients]

    def settings(self, **more):
        """The settings of a home that sends through it, in clear."""
        usual = {
            "smtp_host": self.host,
            "smtp_port": self.port,
            "smtp_security": "none",
            "smtp_timeout": 60,
            "notice_claim_seconds": 240,
            "notice_sender": "espace@carnet.example",
            "notice_space_address": "https://espace.carnet.example",
        }
        return {**usual, **more}

    def close(self):
        self.release.set()

        async def end():
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._run(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=60)
        self._loop.close()


@pytest.fixture
def open_mail_server():
    """Opens a mail server: `open_mail_server(tls_context=…, require_starttls=True, authenticator=…, implicit_tls=…)`."""
    opened = []

    def open_it(**options):
        opened.append(MailServer(**options))
        return opened[-1]

    yield open_it
    for server in opened:
        server.close()


@pytest.fixture
def mail_server(open_mail_server):
    """One in clear that takes everything."""
    return open_mail_server()


@pytest.fixture
def s3():
    """An S3 service with one bucket and faults to order."""
    double = S3Double()
    yield double
    double.close()


@pytest.fixture
def s3_settings(s3, tmp_path):
    """The settings of an installation that keeps its documents there."""
    secret = tmp_path / "s3-secret"
    secret.write_text(SECRET + "\n")
    return {
        "documents_url": s3.url,
        "documents_key_id": KEY_ID,
        "documents_secret_file": str(secret),
        "documents_timeout": 10.0,
        "documents_upload_interval": 0.1,
    }
