import hashlib
import hmac
import multiprocessing
import os
import shutil
import sqlite3
import stat
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from carnet.clock import MINUTE
from carnet.crypto import key_store
from carnet.crypto.keyring import ACTOR, CACHE_ENTRIES, DevelopmentKeyring, Keyring
from carnet.errors import ConfigurationError, IntegrityFailure, Unavailable, UnknownPatient


class Time:
    def __init__(self):
        self.now = 1_790_000_000_000_000

    def __call__(self):
        return self.now


@pytest.fixture
def directory(tmp_path):
    DevelopmentKeyring.create(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def keyring(directory, clock):
    opened = DevelopmentKeyring(directory, "test", clock=clock)
    yield opened
    opened.close()


def reads_of(keyring):
    """Counts how often the store is asked."""
    asked = []
    newest = keyring._store.newest
    keyring._store.newest = lambda pseudonym: asked.append(pseudonym) or newest(pseudonym)
    return asked


# --- what is not for production ------------------------------------------------------------------------------------


def test_the_development_keyring_refuses_production_and_says_why(directory):
    with pytest.raises(ConfigurationError, match="hardware security module"):
        DevelopmentKeyring(directory, "production")


def test_the_root_key_is_for_its_owner_alone(directory):
    assert stat.S_IMODE((directory / "root.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((directory / "keys.db").stat().st_mode) == 0o600
    assert sorted(path.name for path in directory.iterdir()) == ["keys.db", "root.key"]


def test_a_root_key_that_others_may_read_is_refused(directory):
    (directory / "root.key").chmod(0o640)
    with pytest.raises(ConfigurationError, match="0600"):
        DevelopmentKeyring(directory, "test")


def test_a_root_key_of_another_length_is_refused(directory):
    (directory / "root.key").write_bytes(b"short")
    with pytest.raises(ConfigurationError, match="32 bytes"):
        DevelopmentKeyring(directory, "test")


def test_a_lost_root_key_is_a_clear_error_and_nothing_is_made_in_its_place(directory):
    (directory / "root.key").unlink()
    with pytest.raises(ConfigurationError, match=r"root\.key"):
        DevelopmentKeyring(directory, "test")
    with pytest.raises(ConfigurationError, match="store of keys already"):
        DevelopmentKeyring.create(directory)
    assert not (directory / "root.key").exists()


def test_a_root_key_is_never_made_twice(directory):
    before = (directory / "root.key").read_bytes()
    (directory / "keys.db").unlink()
    with pytest.raises(ConfigurationError, match="root key already"):
        DevelopmentKeyring.create(directory)
    assert (directory / "root.key").read_bytes() == before
    assert [path.name for path in directory.iterdir()] == ["root.key"]


def test_a_foreign_root_key_is_a_clear_error(directory, keyring):
    (directory / "root.key").write_bytes(os.urandom(32))
    with pytest.raises(ConfigurationError, match="does not open"):
        DevelopmentKeyring(directory, "test")


def test_nothing_secret_is_shown(keyring):
    assert repr(keyring) == "DevelopmentKeyring()"
    assert repr(keyring._store) == "KeyStore()"


def test_the_store_is_durable_and_overwrites_what_it_deletes(keyring):
    raw = keyring._store._raw
    found = [raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "secure_delete")]
    assert found == ["wal", 2, 1]


def test_a_store_without_full_durability_is_refused(directory, monkeypatch):
    """Negative control of the assertion: a connection on which the setting does not take."""

    class Weak(sqlite3.Connection):
        def execute(self, text, *parameters):
            return super().execute(text.replace("synchronous=FULL", "synchronous=NORMAL"), *parameters)

    connect = sqlite3.connect
    monkeypatch.setattr(key_store.sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Weak))
    with pytest.raises(ConfigurationError, match="synchronous=1"):
        DevelopmentKeyring(directory, "test")


# --- patients' keys ------------------------------------------------------------------------------------------------


def test_a_patient_s_key_is_the_same_tomorrow(directory, keyring):
    created = keyring.create_patient_key("person-1")
    assert (created.pseudonym, created.version, len(created.secret)) == ("person-1", 1, 32)
    assert keyring.patient_key("person-1") == created
    assert DevelopmentKeyring(directory, "test").patient_key("person-1") == created


def test_creating_again_gives_the_key_that_there_is(keyring):
    assert keyring.create_patient_key("person-1") == keyring.create_patient_key("person-1")


def test_no_two_people_have_one_key(keyring):
    assert len({keyring.create_patient_key(f"person-{number}").secret for number in range(50)}) == 50


def test_an_unknown_person_has_no_key(keyring):
    with pytest.raises(UnknownPatient):
        keyring.patient_key("nobody")


def test_no_secret_stands_in_the_store_in_clear(directory, keyring):
    keys = [keyring.create_patient_key("person-1"), keyring.actor_key()]
    keyring.close()
    data = (directory / "keys.db").read_bytes()
    assert all(key.secret not in data for key in keys)


@pytest.mark.parametrize(
    "change", ["pseudonym='person-2'", "version=2", "epoch=7", "wrapped=zeroblob(60)", "wrapped=x'00'"]
)
def test_a_wrapped_key_moved_or_changed_does_not_open(keyring, change):
    keyring.create_patient_key("person-1")
    keyring._store._raw.execute(f"UPDATE patient_key SET {change} WHERE pseudonym='person-1'")
    with pytest.raises(IntegrityFailure):
        keyring.patient_key("person-2" if "person-2" in change else "person-1")


def test_the_newest_version_is_the_one_in_use(keyring):
    key = keyring.create_patient_key("person-1")
    wrapped = keyring._store._wrap(b"n" * 32, "pk|person-1|2|1")
    keyring._store._raw.execute("INSERT INTO patient_key VALUES ('person-1', 2, 1, ?)", (wrapped,))
    newest = keyring.patient_key("person-1")
    assert (newest.version, newest.secret) == (2, b"n" * 32)
    assert keyring.create_patient_key("person-1") == newest != key


@pytest.mark.parametrize("call", ["create_patient_key", "patient_key", "destroy_patient_key"])
def test_the_names_of_the_service_s_own_keys_are_not_people(keyring, call):
    with pytest.raises(ValueError):
        getattr(keyring, call)(ACTOR)


def test_a_store_that_is_no_database_is_not_opened(directory):
    (directory / "keys.db").write_bytes(b"not a database, but long enough to look like one" * 100)
    for name in ("keys.db-wal", "keys.db-shm"):
        (directory / name).unlink(missing_ok=True)
    with pytest.raises(Unavailable):
        DevelopmentKeyring(directory, "test")


def test_a_store_that_cannot_be_written_is_a_reason_to_try_again(directory, keyring):
    other = sqlite3.connect(directory / "keys.db", isolation_level=None)
    keyring._store._raw.execute("PRAGMA busy_timeout=1")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        keyring.create_patient_key("person-1")
    other.execute("ROLLBACK")
    assert keyring.create_patient_key("person-1").version == 1
    other.close()


# --- memory --------------------------------------------------------------------------------------------------------


def test_a_key_is_read_once_in_five_minutes(keyring, clock):
    keyring.create_patient_key("person-1")
    asked = reads_of(keyring)
    for _ in range(6):
        keyring.patient_key("person-1")
        clock.now += MINUTE
    assert len(asked) == 1
    clock.now += 1
    keyring.patient_key("person-1")
    assert len(asked) == 2


def test_a_clock_set_back_does_not_lengthen_the_memory(keyring, clock):
    keyring.create_patient_key("person-1")
    asked = reads_of(keyring)
    keyring.patient_key("person-1")
    clock.now -= 1
    keyring.patient_key("person-1")
    assert len(asked) == 2


def test_at_most_a_thousand_keys_are_held(keyring, monkeypatch):
    monkeypatch.setattr("carnet.crypto.keyring.CACHE_ENTRIES", 10)
    for number in range(25):
        keyring.create_patient_key(f"person-{number}")
        keyring.patient_key(f"person-{number}")
        assert len(keyring._cache) <= 10
    assert CACHE_ENTRIES == 1_000
    assert list(keyring._cache) == [f"person-{number}" for number in range(15, 25)]


# --- destruction ---------------------------------------------------------------------------------------------------


def test_a_destroyed_key_is_gone_at_once_and_never_made_again(directory, keyring):
    keyring.create_patient_key("person-1")
    keyring.patient_key("person-1")
    keyring.destroy_patient_key("person-1")
    for opened in (keyring, DevelopmentKeyring(directory, "test")):
        with pytest.raises(UnknownPatient):
            opened.patient_key("person-1")
        with pytest.raises(UnknownPatient):
            opened.create_patient_key("person-1")


def test_all_versions_are_destroyed_and_a_tombstone_says_when(keyring, clock):
    keyring.create_patient_key("person-1")
    raw = keyring._store._raw
    raw.execute(
        "INSERT INTO patient_key SELECT pseudonym, 2, epoch, wrapped FROM patient_key WHERE pseudonym='person-1'"
    )
    keyring.destroy_patient_key("person-1")
    at = clock.now
    clock.now += MINUTE
    keyring.destroy_patient_key("person-1")
    assert raw.execute("SELECT count(*) FROM patient_key WHERE pseudonym='person-1'").fetchone() == (0,)
    assert raw.execute("SELECT * FROM tombstone").fetchall() == [("person-1", at)]


def test_nothing_of_a_destroyed_key_stays_in_the_files(directory, keyring):
    keyring.create_patient_key("person-1")
    ((wrapped,),) = keyring._store._raw.execute("SELECT wrapped FROM patient_key WHERE pseudonym='person-1'").fetchall()
    found = [path.name for path in directory.iterdir() if wrapped in path.read_bytes()]
    assert found, "the test must be able to find it before"
    keyring.destroy_patient_key("person-1")
    assert not [path.name for path in directory.iterdir() if wrapped in path.read_bytes()]


def test_a_restored_store_forgets_again_when_destructions_are_repeated(directory, keyring, tmp_path):
    key = keyring.create_patient_key("person-1")
    sealed = key.seal(b"traits", "traits")
    keyring.close()
    backup = tmp_path / "backup"
    shutil.copytree(directory, backup)
    with_tombstone = DevelopmentKeyring(directory, "test")
    with_tombstone.destroy_patient_key("person-1")
    restored = DevelopmentKeyring(backup, "test")
    assert restored.patient_key("person-1").open(sealed, "traits") == b"traits", (
        "without the repetition the backup still opens"
    )
    restored.destroy_patient_key("person-1")
    with pytest.raises(UnknownPatient):
        restored.patient_key("person-1")


def test_a_key_destroyed_before_it_was_ever_seen_here_stays_destroyed(keyring):
    keyring.destroy_patient_key("person-9")
    with pytest.raises(UnknownPatient):
        keyring.create_patient_key("person-9")


def test_a_key_read_while_it_is_destroyed_is_not_put_back(keyring):
    """The reading thread is stopped between the store and the memory; the destroying one must wait for it."""
    keyring.create_patient_key("person-1")
    reading, go_on = threading.Event(), threading.Event()
    newest = keyring._store.newest

    def slow(pseudonym):
        key = newest(pseudonym)
        reading.set()
        assert go_on.wait(60)
        return key

    keyring._store.newest = slow
    reader = threading.Thread(target=keyring.patient_key, args=("person-1",))
    reader.start()
    assert reading.wait(60)
    keyring._store.newest = newest
    destroyer = threading.Thread(target=keyring.destroy_patient_key, args=("person-1",))
    destroyer.start()
    go_on.set()
    reader.join(60)
    destroyer.join(60)
    with pytest.raises(UnknownPatient):
        keyring.patient_key("person-1")


# --- the service's own keys ----------------------------------------------------------------------------------------


def test_checkpoints_are_signed_by_a_key_that_stays(directory, keyring):
    signature = keyring.sign_checkpoint(b"note")
    public = keyring.checkpoint_public_key()
    assert (len(signature), len(public)) == (64, 32)
    Ed25519PublicKey.from_public_bytes(public).verify(signature, b"note")
    assert DevelopmentKeyring(directory, "test").checkpoint_public_key() == public


def test_the_blind_index_is_an_hmac_that_stays(directory, keyring):
    index = keyring.blind_index(b"1.2.250.1.213.1.4.10|279016814500000")
    assert index == keyring.blind_index(b"1.2.250.1.213.1.4.10|279016814500000")
    assert index != keyring.blind_index(b"1.2.250.1.213.1.4.10|279016814500001")
    assert index == DevelopmentKeyring(directory, "test").blind_index(b"1.2.250.1.213.1.4.10|279016814500000")
    secret = keyring._store.service_key("blind-index")
    assert index == hmac.digest(secret, b"1.2.250.1.213.1.4.10|279016814500000", hashlib.sha256)


def test_the_trace_has_a_key_of_its_own_that_stays(directory, keyring):
    key = keyring.actor_key()
    assert key.pseudonym == ACTOR
    assert DevelopmentKeyring(directory, "test").actor_key() == key


def test_two_installations_have_nothing_in_common(keyring, tmp_path):
    DevelopmentKeyring.create(tmp_path / "other")
    other = DevelopmentKeyring(tmp_path / "other", "test")
    assert other.checkpoint_public_key() != keyring.checkpoint_public_key()
    assert other.blind_index(b"x") != keyring.blind_index(b"x")
    assert other.actor_key().secret != keyring.actor_key().secret


# --- several worker processes --------------------------------------------------------------------------------------


def open_and_create(directory, answers):
    keyring: Keyring = DevelopmentKeyring(directory, "test")
    secrets = [keyring.create_patient_key(f"person-{number}").secret for number in range(4)]
    answers.put((keyring.checkpoint_public_key(), keyring.blind_index(b"x"), keyring.actor_key().secret, secrets))


def test_workers_that_begin_together_have_the_same_keys(tmp_path):
    directory = tmp_path / "keys"
    DevelopmentKeyring.create(directory)
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    workers = [context.Process(target=open_and_create, args=(directory, answers)) for _ in range(4)]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert all(answer == found[0] for answer in found)


def create(directory, answers):
    try:
        DevelopmentKeyring.create(directory)
        answers.put("made")
    except ConfigurationError:
        answers.put("refused")


def test_of_two_that_make_a_directory_together_one_is_refused(tmp_path):
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    makers = [context.Process(target=create, args=(tmp_path / "keys", answers)) for _ in range(4)]
    for maker in makers:
        maker.start()
    found = sorted(answers.get(timeout=120) for _ in makers)
    for maker in makers:
        maker.join(30)
    assert found == ["made", "refused", "refused", "refused"]
    assert DevelopmentKeyring(tmp_path / "keys", "test").actor_key().version == 1


# --- many keys together ---------------------------------------------------------------------------------------------


def test_keys_made_together_are_those_that_are_found_again(keyring, directory):
    made = keyring.create_patient_keys(("p1", "p2"))
    assert set(made) == {"p1", "p2"}
    assert made["p1"].secret != made["p2"].secret
    other = DevelopmentKeyring(directory, "test")
    assert other.patient_key("p2") == made["p2"]
    other.close()


@pytest.mark.parametrize("taken", ["known", "destroyed"])
def test_keys_made_together_are_all_made_or_none(keyring, taken):
    keyring.create_patient_key("known")
    keyring.destroy_patient_key("destroyed")
    with pytest.raises(UnknownPatient):
        keyring.create_patient_keys(("new", taken))
    with pytest.raises(UnknownPatient):
        keyring.patient_key("new")


def test_no_key_of_the_service_is_made_together_with_those_of_people(keyring):
    with pytest.raises(ValueError, match="names no person"):
        keyring.create_patient_keys(("p1", ACTOR))
