"""Who the reference client is: read from caller.json, or told in a sentence what is wrong with it."""

from __future__ import annotations

import json
import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from carnet.client.caller import FILE, Caller
from carnet.clock import system_clock
from carnet.demo.people import LABORATORY, MEDECIN_TRAITANT, PAT_TROIS
from carnet.errors import CarnetError, ConfigurationError
from carnet.hardened_xml import parse
from carnet.requester import AccessMode

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"


@pytest.fixture
def directory(first_stage, tmp_path):
    return shutil.copytree(first_stage.callers[MEDECIN_TRAITANT.identifier].directory, tmp_path / "caller")


def rewritten(directory, **changes):
    about = json.loads((directory / FILE).read_bytes())
    about.update(changes)
    about = {name: value for name, value in about.items() if value is not None}
    (directory / FILE).write_text(json.dumps(about), encoding="utf-8")
    return directory


def test_a_caller_is_what_its_folder_says(directory):
    caller = Caller.load(directory)
    assert caller.description.name_id == MEDECIN_TRAITANT.identifier
    assert caller.connection_files == (str(directory / "connection.pem"), str(directory / "connection.key"))
    assert caller.signing.certificate == caller.signing_chain[0]


@pytest.mark.parametrize(
    "change",
    [{"name_id": None}, {"colour": "red"}, {"roles": "doctor"}, {"roles": [["10", "x"]]}, {"name": 3}],
)
def test_a_description_that_is_not_one_is_refused_and_named(directory, change):
    with pytest.raises(ConfigurationError, match=r"caller\.json"):
        Caller.load(rewritten(directory, **change))


def test_a_folder_without_caller_or_with_no_json_is_refused_and_named(directory):
    (directory / FILE).write_text("not JSON", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"caller\.json"):
        Caller.load(directory)
    (directory / FILE).unlink()
    with pytest.raises(ConfigurationError, match=r"caller\.json"):
        Caller.load(directory)
    with pytest.raises(ConfigurationError, match=r"caller\.json"):
        Caller.load(directory / "nowhere")


def test_other_names_of_files_may_be_given(directory):
    for kind in ("pem", "key"):
        (directory / f"signing.{kind}").rename(directory / f"card.{kind}")
    caller = Caller.load(rewritten(directory, signing="card"))
    assert caller.signing.certificate == caller.signing_chain[0]


def test_a_key_of_another_kind_than_rsa_is_refused(directory):
    key = ec.generate_private_key(ec.SECP256R1())
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "signing.key").write_bytes(content)
    with pytest.raises(ConfigurationError, match="RSA"):
        _ = Caller.load(directory).signing


@pytest.mark.parametrize("name", ["signing.pem", "signing.key"])
@pytest.mark.parametrize("content", [None, b"not PEM"])
def test_a_certificate_or_key_that_cannot_be_read_is_told_in_a_sentence(directory, name, content):
    (directory / name).unlink()
    if content is not None:
        (directory / name).write_bytes(content)
    with pytest.raises(CarnetError, match=name.replace(".", r"\.")):
        Caller.load(directory).assertion(PAT_TROIS.identifier, system_clock())


def test_each_assertion_is_fresh_and_about_one_patient(directory):
    caller, now = Caller.load(directory), system_clock()
    first, second = (parse(caller.assertion(PAT_TROIS.identifier, now)) for _ in range(2))
    assert first.get("ID") != second.get("ID")
    assert first.find(f"{SAML}Subject/{SAML}NameID").text == MEDECIN_TRAITANT.identifier
    assert any(PAT_TROIS.identifier.value in (text or "") for text in first.itertext())


def test_an_emergency_is_said_with_its_reason(directory):
    caller = Caller.load(directory)
    made = caller.assertion(
        PAT_TROIS.identifier, system_clock(), purpose=AccessMode.BRIS_DE_GLACE, reason="Chute dans la rue"
    )
    assert b"bris_de_glace" in made
    assert b"Chute dans la rue" in made


def test_a_structure_s_software_signs_with_the_seal(first_stage):
    caller = first_stage.callers[LABORATORY.identifier]
    assert Caller.load(caller.directory).description.mode == "INDIRECTE"
    assert LABORATORY.identifier.encode() in caller.assertion(PAT_TROIS.identifier, system_clock())
