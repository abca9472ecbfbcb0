"""The trace handed over to a real syslog receiver over mutual TLS: certificates checked, connections cut, nothing lost, nobody kept waiting."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import re
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import threading
import time

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from carnet import hardened_xml
from carnet.cli import carnet
from carnet.cli.operator_gate import operator_gate
from carnet.demo.people import PAT_TROIS
from carnet.errors import CarnetError
from carnet.record.trail_forwarding import Forwarder


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder, name):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = self._build(self.name, self.key.public_key(), authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _build(self, subject, public_key, *, authority=False, names=()):
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name, address="127.0.0.1"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        made = self._build(subject, key.public_key(), names=[x509.IPAddress(ipaddress.ip_address(address))])
        certificate, private = self.folder / f"{name}.crt", self.folder / f"{name}.pk"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, private


class Receiver:
    """A syslog receiver (RFC 5425): keeps whole messages; `behaviour` says how the next connections end."""

    def __init__(self, authority, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.context.load_verify_locations(authority.file)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.messages = []
        self.peers = []
        self.cut_after = []
        self.silent_close = 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                plain, _ = self.listening.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                self.receive(self.context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False))
            plain.close()

    def receive(self, secured):
        self.peers.append(dict(part[0] for part in secured.getpeercert()["subject"])["commonName"])
        limit = self.cut_after.pop(0) if self.cut_after else None
        buffer, taken = b"", 0
        while data := secured.recv(65_536 if limit is None else min(65_536, max(1, limit - taken))):
            buffer, taken = self.whole(buffer + data), taken + len(data)
            if limit is not None and taken >= limit:
                secured.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                secured.close()
                return
        if self.silent_close:
            self.silent_close -= 1
            secured.close()
            return
        secured.unwrap().close()

    def whole(self, buffer):
        while match := re.match(rb"(\d+) ", buffer):
            end = match.end() + int(match[1])
            if len(buffer) < end:
                break
            self.messages.append(buffer[match.end() : end])
            buffer = buffer[end:]
        return buffer

    def close(self):
        if self.listening.fileno() != -1:
            self.listening.shutdown(socket.SHUT_RDWR)
            self.listening.close()
        self.thread.join(60)

    @property
    def identifiers(self):
        return [int(re.search(rb'id="[^"]*/(\d+)-[0-9a-f]{16}"', message)[1]) for message in self.messages]

    def documents(self):
        return [hardened_xml.parse(message[message.index(b"<?xml") :]) for message in self.messages]


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "collectors")


@pytest.fixture
def receiver(authority):
    opened = Receiver(authority, authority.issue("collector"))
    yield opened
    opened.close()


@pytest.fixture
def collecting(home, authority, receiver):
    """The test's home, told of the collector; its trace is sealed."""
    configure(home, receiver.port, authority.file, authority.issue("exchange"))
    run("seal-audit", "--home", home)
    return home


def configure(home, port, authorities, ours):
    text = (home / "carnet.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("atna_")]
    lines += [
        f'atna_collector = "127.0.0.1:{port}"', f'atna_authorities = "{authorities}"',
        f'atna_certificate = "{ours[0]}"', f'atna_key = "{ours[1]}"',
    ]  # fmt: skip
    place = next((number for number, line in enumerate(lines) if line.startswith("[")), len(lines))
    moved = [line for line in lines if line.startswith("atna_")]
    rest = [line for line in lines if not line.startswith("atna_")]
    (home / "carnet.toml").write_text("\n".join([*rest[:place], *moved, *rest[place:]]) + "\n", encoding="utf-8")


def run(*words):
    try:
        result = CliRunner().invoke(carnet, [str(word) for word in words], catch_exceptions=False)
    except CarnetError as error:
        return 2, error.message
    return result.exit_code, result.output


def forward(home):
    return run("atna", "forward", "--home", home)


def rows(home, query):
    with contextlib.closing(sqlite3.connect(home / "carnet.db")) as database, database:
        return database.execute(query).fetchall()


def sealed(home):
    return rows(home, "SELECT count(*) FROM audit_event WHERE leaf_index IS NOT NULL")[0][0]


def act(home, count=1):
    for number in range(count):
        name = ("block", "unblock")[number % 2]
        run("record", name, "--home", home, "--patient", PAT_TROIS.identifier.value, "--party", "899970000024")
    run("seal-audit", "--home", home)


def test_the_whole_sealed_trace_is_handed_over_once(collecting, receiver):
    count = sealed(collecting)
    assert forward(collecting) == (0, f"Handed over {count} lines to 127.0.0.1:{receiver.port}.\n")
    assert receiver.identifiers == list(range(count))
    assert receiver.peers == ["exchange"]
    assert forward(collecting)[1].startswith("Handed over 0 lines")
    act(collecting)
    assert forward(collecting)[1].startswith("Handed over 1 lines")
    assert receiver.identifiers == list(range(count + 1))
    last = receiver.documents()[-1]
    assert last.find("EventIdentification/EventTypeCode").get("csd-code") == "block"
    assert last.find("ParticipantObjectIdentification").get("ParticipantObjectID") == PAT_TROIS.identifier.cx()


def test_lines_that_wait_to_be_sealed_wait(collecting, receiver):
    forward(collecting)
    run("record", "block", "--home", collecting, "--patient", PAT_TROIS.identifier.value, "--party", "899970000024")
    assert forward(collecting)[1].startswith("Handed over 0 lines")


@pytest.mark.parametrize("cut", [1, 700, 3_000, 9_000])
def test_a_connection_cut_in_the_middle_loses_nothing(collecting, receiver, cut):
    act(collecting, 6)
    receiver.cut_after = [cut, cut * 2]
    assert forward(collecting)[0] == 2
    assert forward(collecting)[0] == 2
    assert rows(collecting, "SELECT * FROM audit_forwarding") == []
    assert forward(collecting)[0] == 0
    assert sorted(set(receiver.identifiers)) == list(range(sealed(collecting)))
    by_identifier = {}
    for number, message in zip(receiver.identifiers, receiver.messages, strict=True):
        assert by_identifier.setdefault(number, message) == message, "sent again, a message is the same"


def test_a_collector_that_closes_without_a_word_has_taken_nothing(collecting, receiver):
    """It may have read all: that it did is not known, so it is told again."""
    receiver.silent_close = 1
    assert forward(collecting)[0] == 2
    assert forward(collecting)[0] == 0
    count = sealed(collecting)
    assert sorted(receiver.identifiers) == sorted([*range(count), *range(count)])


def test_a_collector_that_is_down_is_told_later(home, authority, receiver):
    receiver.close()
    configure(home, receiver.port, authority.file, authority.issue("exchange"))
    run("seal-audit", "--home", home)
    status, said = forward(home)
    assert (status, "did not take the messages" in said) == (2, True)
    again = Receiver(authority, authority.issue("collector2"))
    configure(home, again.port, authority.file, authority.issue("exchange"))
    assert forward(home)[0] == 0
    assert again.identifiers == list(range(sealed(home)))
    again.close()


def test_a_collector_of_another_authority_or_another_name_gets_nothing(home, tmp_path, authority):
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "strangers")
    run("seal-audit", "--home", home)
    for issued in (other.issue("stranger"), authority.issue("elsewhere", "127.0.0.9")):
        receiver = Receiver(authority, issued)
        configure(home, receiver.port, authority.file, authority.issue("exchange"))
        status, said = forward(home)
        assert (status, "certificate is not accepted" in said) == (2, True)
        receiver.close()
        assert receiver.messages == []


def test_we_are_refused_with_a_certificate_that_the_collector_does_not_know(home, tmp_path, authority, receiver):
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "strangers")
    configure(home, receiver.port, authority.file, other.issue("stranger"))
    run("seal-audit", "--home", home)
    assert forward(home)[0] == 2
    assert receiver.messages == []
    assert rows(home, "SELECT * FROM audit_forwarding") == []


def test_of_a_destroyed_person_the_pseudonym_is_told_and_nothing_else(collecting, receiver):
    (pseudonym,) = rows(
        collecting, "SELECT pseudonym FROM patient JOIN audit_event USING (patient_key) WHERE ticket = 1"
    )[0]
    with operator_gate(collecting) as gate:
        gate.platform.keyring.destroy_patient_key(pseudonym)
    assert forward(collecting)[0] == 0
    theirs = [
        root
        for root in receiver.documents()
        if root.find("ParticipantObjectIdentification").get("ParticipantObjectID") == pseudonym
    ]
    assert len(theirs) == rows(
        collecting, "SELECT count(*) FROM audit_event WHERE patient_key = (SELECT patient_key FROM audit_event WHERE ticket = 1)"
    )[0][0]  # fmt: skip
    everything = b"".join(receiver.messages)
    assert rows(collecting, "SELECT patient_key FROM audit_event WHERE ticket = 1") == [(1,)]
    assert PAT_TROIS.identifier.value.encode() not in everything


def test_a_line_that_was_tampered_with_is_told_as_an_alert_and_stops_nothing(collecting, receiver):
    rows(collecting, "UPDATE audit_event SET entry = CAST(replace(entry, 'done', 'gone') AS BLOB) WHERE leaf_index = 2")
    assert forward(collecting)[0] == 0
    events = [root.find("EventIdentification/EventID").get("csd-code") for root in receiver.documents()]
    assert events[2] == "110113"
    assert events.count("110113") == 1


def test_a_trace_restored_and_grown_otherwise_gives_no_identifier_twice(collecting, receiver):
    act(collecting)
    forward(collecting)
    last = sealed(collecting) - 1
    rows(collecting, f"DELETE FROM audit_event WHERE leaf_index = {last}")
    rows(collecting, f"DELETE FROM audit_checkpoint WHERE size = {last + 1}")
    rows(collecting, f"UPDATE audit_forwarding SET next_index = {last}")
    act(collecting)
    assert forward(collecting)[0] == 0
    assert receiver.identifiers[-2:] == [last, last]
    found = [re.search(rb'id="([^"]*)"', message)[1] for message in receiver.messages]
    assert len(set(found)) == len(found)


def test_a_process_that_ends_before_it_wrote_down_its_place_sends_again(collecting):
    taken = []

    def killed(messages):
        taken.extend(messages)
        raise KeyboardInterrupt

    with operator_gate(collecting) as gate:
        with pytest.raises(KeyboardInterrupt):
            Forwarder(gate, "somewhere", killed).forward(4)
        first = list(taken)
        forwarder = Forwarder(gate, "somewhere", taken.extend)
        while forwarder.forward(4):
            pass
    assert taken[4:8] == first
    assert len(taken) == 4 + sealed(collecting)


def test_control_a_forwarder_that_moves_on_before_the_collector_answered_loses_lines(collecting, receiver, monkeypatch):
    """The order is what protects: with the place written first, a cut connection loses what it carried."""

    def hasty(forwarder, limit=500):
        messages, following = forwarder.gate.read(lambda connection: forwarder._next(connection, limit))
        if not messages:
            return 0
        from carnet.record.trail_forwarding import move_on

        forwarder.gate.administer(lambda connection: move_on(connection, forwarder.collector, following, now=0))
        forwarder.hand_over(messages)
        return len(messages)

    monkeypatch.setattr(Forwarder, "forward", hasty)
    receiver.cut_after = [3_000]
    assert forward(collecting)[0] == 2
    assert forward(collecting)[0] == 0
    assert set(receiver.identifiers) != set(range(sealed(collecting)))


def test_care_goes_on_while_the_collector_hangs(open_house, make_home, authority):
    """A collector that accepts and then says nothing holds up the forwarder, and nobody else."""
    home = make_home()
    hanging = socket.create_server(("127.0.0.1", 0))
    configure(home, hanging.getsockname()[1], authority.file, authority.issue("exchange"))
    with open_house(home=home) as house:
        process = subprocess.Popen(
            [sys.executable, "-m", "carnet", "atna", "forward", "--home", str(home), "--every", "0.2"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        held, _ = hanging.accept()
        record = house.new_record()
        entry = record.add()
        record.read(entry.unique_id)
        assert record.last_line("iti43")["outcome"] == "done"
        hanging.close()
        held.close()
        receiver = Receiver(authority, authority.issue("collector"))
        process.kill()
        process.wait()
        process.stdout.close()
        configure(home, receiver.port, authority.file, authority.issue("exchange"))
        process = subprocess.Popen(
            [sys.executable, "-m", "carnet", "atna", "forward", "--home", str(home), "--every", "0.2"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 120
        record.add()
        while time.monotonic() < deadline and b"ITI-43" not in b"".join(receiver.messages):
            time.sleep(0.1)
        process.kill()
        process.wait()
        process.stdout.close()
        receiver.close()
    kinds = {root.find("EventIdentification/EventTypeCode").get("csd-code") for root in receiver.documents()}
    assert {"ITI-18", "ITI-41", "ITI-43", "open-record"} <= kinds
    assert receiver.identifiers == list(range(len(receiver.identifiers)))


def test_without_a_collector_there_is_a_sentence(home):
    assert forward(home) == (2, "Set atna_collector first: there is no collector to hand the trace to.")
