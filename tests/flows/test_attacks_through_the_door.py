"""The attack suite on the VIHF, through HTTPS: no bad assertion is let in, every good one is, each attempt is traced, nothing is used twice.

The messages are those of `tests/attacks`, with a real query in the body; the exchange trusts their authority and knows their people.
"""

from __future__ import annotations

import os
import re
import signal
import ssl
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from flows_house import FEED_HEADER, House, Reply
from processes import children_of

from carnet.clock import system_clock
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT
from carnet.demo.pki import Credential
from carnet.document_query import ReturnType
from carnet.metadata import AvailabilityStatus
from carnet.record.intake import import_directory, import_patients
from carnet.soap.messages import adhoc_query_request, quoted
from carnet.soap.query_table import BY_NAME

sys.path.insert(0, str(Path(__file__).parents[1] / "attacks"))

import vihf_attacks_certificate  # noqa: F401 - fills the tables
import vihf_attacks_meaning  # noqa: F401
import vihf_attacks_message  # noqa: F401
import vihf_attacks_signature  # noqa: F401
import vihf_forge
import vihf_good  # noqa: F401

UNIDENTIFIED = {"FailedAuthentication", "DMPInvalidCertificate"}
REASON = "The caller could not be identified."
SETTINGS = f"""\
vihf_audience = "{vihf_forge.AUDIENCE}"
approved_software = ["CARNET-REFERENCE"]

[[clients]]
structure = "{vihf_forge.STRICT_STRUCTURE}"
profile = "xua-strict"

[[clients]]
structure = "{vihf_forge.OLD_STRUCTURE}"
sha1_until = "2100-01-01"
inclusive_c14n_until = "2100-01-01"

[[clients]]
structure = "{vihf_forge.FORMER_STRUCTURE}"
sha1_until = "2020-01-01"
inclusive_c14n_until = "2020-01-01"
"""
STRUCTURES = (
    vihf_forge.STRUCTURE,
    vihf_forge.OTHER_STRUCTURE,
    vihf_forge.STRICT_STRUCTURE,
    vihf_forge.OLD_STRUCTURE,
    vihf_forge.FORMER_STRUCTURE,
)


@dataclass
class Besieged:
    """A house that trusts the attackers' authority, and a TLS client for each certificate that they hold, by its DER."""

    house: House
    world: vihf_forge.World
    clients: dict

    def post(self, message, certificate):
        """The answer; None when the connection was not made."""
        client = self.clients.get(certificate) or self.clients[None]
        sent = with_a_query(message)
        try:
            answer = client.post(
                self.house.url("iti18"), content=sent, headers={"content-type": "application/soap+xml"}
            )
        except httpx.TransportError:
            return None
        return Reply(answer.status_code, answer.headers, answer.content)

    def forget(self):
        """Drops the memory of used assertions: all messages of the suite carry the same ID."""
        self.house.gate.administer(lambda connection: connection._raw.execute("DELETE FROM replay"))

    def lines(self):
        return self.house.rows("SELECT count(*) FROM audit_event")[0][0]


BODY = adhoc_query_request(
    BY_NAME["FindDocuments"].uuid,
    ReturnType.LEAF_CLASS,
    [
        ("$XDSDocumentEntryPatientId", [f"'{vihf_forge.PATIENT.cx()}'"]),
        ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
    ],
)


def with_a_query(message):
    """The message with a real query in place of the suite's `x`, with whatever an attack put into its attributes and its content."""

    def query(found):
        attributes, content = found[1], found[2] or b""
        opened = BODY.replace(b"<query:AdhocQueryRequest ", b"<query:AdhocQueryRequest" + attributes + b" ", 1)
        return opened.replace(b"</query:AdhocQueryRequest>", content + b"</query:AdhocQueryRequest>")

    return re.sub(rb'<x xmlns="urn:x"([^>]*?)(?:/>|>(.*)</x>)', query, message, flags=re.DOTALL)


@pytest.fixture(scope="module")
def besieged(open_house, make_home, tmp_path_factory):
    home = make_home(SETTINGS)
    pki = home / "pki"
    for old in [file for name in ("trust", "intermediates", "crl") for file in (pki / name).iterdir()]:
        old.unlink()
    world = vihf_forge.make_world(pki, system_clock())
    world.authority.server().write(pki, "server")
    with open_house(home=home) as house:
        populate(house)
        context = ssl.create_default_context(cafile=str(house.stage.authorities))
        clients = {None: house.stack.enter_context(httpx.Client(verify=context, timeout=60, trust_env=False))}
        directory = tmp_path_factory.mktemp("certificates")
        for number, credential in enumerate(credentials(world)):
            context = ssl.create_default_context(cafile=str(house.stage.authorities))
            try:
                context.load_cert_chain(*credential.write(directory, str(number)))
            except ssl.SSLError:
                continue
            client = httpx.Client(verify=context, timeout=60, trust_env=False)
            clients[credential.der] = house.stack.enter_context(client)
        yield Besieged(house, world, clients)


def credentials(world):
    """Every certificate with its key that the suite may open a connection with."""
    for value in (*vars(world).values(), *world.odd.values()):
        if isinstance(value, Credential):
            yield value
        for name in getattr(value, "__slots__", ()):
            inner = getattr(value, name)
            if isinstance(inner, Credential):
                yield inner


def populate(house):
    """The people, the structures and the patient of the suite."""
    rows = ["ps_idnat;nom;prenom;profession;categorie;savoir_faire;struct_idnat;raison_sociale;secteur\n"]
    rows += [f";;;;;;{structure};Structure {structure};SA01\n" for structure in STRUCTURES]
    for person, family in ((vihf_forge.DOCTOR, "ROSSIGNOL"), (vihf_forge.OTHER_DOCTOR, "LEGRAND")):
        own = f"4{person[1:]}000"
        rows.append(f";;;;;;{own};Cabinet {family};SA07\n")
        rows += [f"{person};{family};X;{work};C;{know};{own};Cabinet {family};SA07\n" for work, know in ROLES]
    assert not import_directory(house.gate, rows, source="attacks").bad
    patient = vihf_forge.PATIENT
    line = f"{patient.value};{patient.authority};CIBLE;ANNE;;;F;20700101;99350\n".replace("20700101", "19700101")
    assert not import_patients(house.gate, [FEED_HEADER, line]).bad
    house.administration.open_record(patient)


ROLES = (("10", "SM26"), ("21", "A"), ("60", ""))


def test_the_suite_is_here():
    assert len(vihf_forge.ATTACKS) >= 60
    assert len(vihf_forge.GOOD) >= 15


@pytest.mark.parametrize("attack", sorted(vihf_forge.ATTACKS))
def test_a_bad_assertion_is_not_let_in_and_is_traced(besieged, attack):
    besieged.forget()
    message, certificate = vihf_forge.ATTACKS[attack](besieged.world)
    before = besieged.lines()
    reply = besieged.post(message, certificate)
    if reply is None:
        assert besieged.lines() == before
        return
    (code,) = reply.codes
    assert code in UNIDENTIFIED | {"Sender"}, code
    if code in UNIDENTIFIED:
        assert reply.fault.reason == REASON
        assert besieged.lines() == before + (certificate in besieged.clients and certificate is not None)


NOT_IN_THE_DIRECTORY = {"an employee's card, signed", "an employee's card, unsigned", "reinforced"}
"""Good assertions of a clerk who says that she is a doctor: believed as far as they go, then the directory says no."""


@pytest.mark.parametrize("variant", sorted(vihf_forge.GOOD))
def test_a_good_assertion_is_let_in(besieged, variant):
    besieged.forget()
    message, certificate, expected = vihf_forge.GOOD[variant](besieged.world)
    reply = besieged.post(message, certificate)
    assert reply is not None
    if variant in NOT_IN_THE_DIRECTORY:
        assert reply.codes == ["FailedAuthentication"]
        return
    assert not set(reply.codes) & (UNIDENTIFIED | {"Sender", "Receiver"}), (reply.codes, expected)
    assert besieged.post(message, certificate).codes[0] in UNIDENTIFIED


def test_nothing_was_stored_by_all_that(besieged):
    stored = besieged.house.stored()
    assert {name: stored[name] for name in ("document_entry", "submission_set", "association", "stored_document")} == {
        "document_entry": 0,
        "submission_set": 0,
        "association": 0,
        "stored_document": 0,
    }


# --- once, wherever and whenever --------------------------------------------------------------------------------------


def search_message(record):
    slots = [
        ("$XDSDocumentEntryPatientId", [record.cx]),
        ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
    ]
    body = adhoc_query_request(BY_NAME["FindDocuments"].uuid, ReturnType.LEAF_CLASS, slots)
    return record.house.message(MEDECIN_TRAITANT, record.identifier, "iti18", body)


def test_an_assertion_that_was_used_is_refused_after_a_restart(open_house):
    with open_house() as house:
        record = house.new_record()
        message = search_message(record)
        assert house.post("iti18", *message, by=MEDECIN_TRAITANT).codes == []
        home = house.stage.home
    with open_house(home=home) as again:
        assert again.post("iti18", *message, by=MEDECIN_TRAITANT).codes == ["FailedAuthentication"]
        record.house = again
        assert again.post("iti18", *search_message(record), by=MEDECIN_TRAITANT).codes == []


def test_only_the_clients_that_the_operator_named_use_an_assertion_twice_and_over_one_certificate_alone(
    house, tuned_house
):
    for where, expected in ((house, ["FailedAuthentication"]), (tuned_house, [])):
        record = where.new_record()
        slots = [
            ("$XDSDocumentEntryPatientId", [record.cx]),
            ("$XDSDocumentEntryStatus", [quoted(AvailabilityStatus.APPROVED.value)]),
        ]
        body = adhoc_query_request(BY_NAME["FindDocuments"].uuid, ReturnType.OBJECT_REF, slots)
        content_type, content = where.message(LABORATORY, record.identifier, "iti18", body)
        assert where.post("iti18", content_type, content, by=LABORATORY).codes == []
        assert where.post("iti18", content_type, content, by=LABORATORY).codes == expected
        assert where.post("iti18", content_type, content, by=MEDECIN_TRAITANT).codes == ["FailedAuthentication"]


def test_an_assertion_that_one_worker_took_is_refused_by_the_other(open_house):
    with open_house(CARNET_WORKERS="2") as house:
        record = house.new_record()
        wait_for_both(house)
        one, other = workers_of(house)
        for first, second in ((one, other), (other, one)):
            content_type, content = search_message(record)
            codes = [by_worker(house, worker, content_type, content) for worker in (first, second, first)]
            assert codes == [[], ["FailedAuthentication"], ["FailedAuthentication"]]


def workers_of(house):
    """The processes of the two workers."""
    children = children_of(house.server.pid)
    return [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def wait_for_both(house):
    """Until each worker said that it started."""
    end = time.monotonic() + 60
    while house.log.read_text(encoding="utf-8").count("Application startup complete") < 2:
        assert time.monotonic() < end, "a worker did not start"
        time.sleep(0.05)


def by_worker(house, worker, content_type, content):
    """The codes of one worker's answer: the other is held still meanwhile, so that it takes no connection.

    Held in the middle of a transaction, it would hold the database too: then this worker says so, nothing is kept, and we ask again.
    """
    others = [pid for pid in workers_of(house) if pid != worker]
    while True:
        house.hang_up()
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        try:
            codes = house.post("iti18", content_type, content, by=MEDECIN_TRAITANT).codes
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)
        if codes != ["XDSRegistryNotAvailable"]:
            return codes
        time.sleep(0.1)


def test_certificates_of_the_suite_are_certificates(besieged):
    """Of the suite's connections, at least the honest ones could be made."""
    assert len(besieged.clients) > 8
    assert all(x509.load_der_x509_certificate(der) for der in besieged.clients if der)
