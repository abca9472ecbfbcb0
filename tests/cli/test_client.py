"""The reference client on the command line, against a running server."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner
from free_ports import free_port

from carnet.cli import carnet
from carnet.cli.demonstration import running_server
from carnet.clock import HOUR, system_clock
from carnet.config import load
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import HOSPITAL_DOCTOR, MEDECIN_TRAITANT, OTHER_GP, PAT_TROIS
from carnet.errors import CarnetError

INS = PAT_TROIS.identifier.value


@pytest.fixture(scope="module")
def stage(first_stage, tmp_path_factory):
    """A stage whose server runs."""
    home = tmp_path_factory.mktemp("running") / "home"
    shutil.copytree(first_stage.home, home, ignore=shutil.ignore_patterns("callers"))
    port = free_port()
    stage = replace(first_stage, home=home, settings=replace(load(home, {}), port=port))
    with running_server(stage, CARNET_PORT=str(port)):
        yield stage


@pytest.fixture
def call(stage):
    """`carnet client …` as one caller; returns (status, standard output, standard error)."""

    def command(who, *words, mode="normal", reason=""):
        given = ["client", "--address", stage.address, "--authorities", str(stage.authorities)]
        given += ["--caller", str(stage.callers[who.identifier].directory), "--mode", mode, "--reason", reason]
        result = CliRunner().invoke(carnet, [*given, *map(str, words)], catch_exceptions=False)
        return result.exit_code, result.stdout, result.stderr

    return command


def written(path, **about):
    """A document in a file, and its draft."""
    draft = Draft(system_clock() - HOUR, **about)
    path.write_bytes(documents.level_1(draft, media_type="text/plain"))
    return draft


def test_a_document_s_whole_life_on_the_command_line(call, tmp_path):
    letter = tmp_path / "letter.xml"
    draft = written(letter, title="Lettre de sortie")
    of_letter = ("--patient", INS, "--document", draft.unique_id)
    status, out, _ = call(MEDECIN_TRAITANT, "submit", "--patient", INS, letter)
    assert (status, out.splitlines()[-1]) == (0, "1 accepted, 0 refused.")

    status, out, err = call(HOSPITAL_DOCTOR, "search", "--patient", INS)
    assert status == 0
    assert [draft.unique_id in line for line in out.splitlines() if "Lettre de sortie" in line] == [True]
    assert err.endswith("found.\n")
    _, references, _ = call(HOSPITAL_DOCTOR, "search", "--patient", INS, "--references", "--type", draft.type.code)
    assert references.startswith("urn:uuid:")

    copy = tmp_path / "copy.xml"
    status, out, _ = call(HOSPITAL_DOCTOR, "retrieve", *of_letter, "--out", copy)
    assert status == 0
    assert copy.read_bytes() == letter.read_bytes()

    for name, seen in (("mask", False), ("unmask", True), ("archive", False), ("unarchive", True), ("delete", False)):
        assert call(MEDECIN_TRAITANT, name, *of_letter) == (0, "Done.\n", "")
        _, out, _ = call(HOSPITAL_DOCTOR, "search", "--patient", INS)
        assert (draft.unique_id in out) == seen, name


def test_a_record_as_a_whole_on_the_command_line(call):
    of_patient = ("--patient", INS)
    status, out, _ = call(OTHER_GP, "exists", *of_patient)
    assert status == 0
    assert out.splitlines()[0] == "active, authorisation NON_DEFINIE, médecin traitant no"
    assert "DOMINIQUE PAT-TROIS (PAT-TROIS), F, 19790328" in out
    assert "RATTACHEMENT_ENS yes" in out
    assert call(OTHER_GP, "authorize", *of_patient) == (0, "Done.\n", "")
    assert "authorisation VALIDE" in call(OTHER_GP, "exists", *of_patient)[1]
    _, out, err = call(OTHER_GP, "my-patients")
    assert [line.split()[0] for line in out.splitlines()] == [INS]
    assert err == "1 found.\n"
    assert call(OTHER_GP, "my-patients", "--since", "2999-01-01") == (0, "", "0 found.\n")
    _, out, _ = call(OTHER_GP, "authorized-list", *of_patient)
    assert OTHER_GP.identifier in out
    assert "MEDECIN_TRAITANT" in next(line for line in out.splitlines() if MEDECIN_TRAITANT.identifier in line)
    assert call(OTHER_GP, "authorize", *of_patient, "--end") == (0, "Done.\n", "")
    _, out, _ = call(OTHER_GP, "administrative", *of_patient)
    assert "OPPOSITION_BRIS_DE_GLACE no" in out
    unknown = "299999999999945"
    status, out, _ = call(OTHER_GP, "exists", "--patient", unknown)
    assert (status, out) == (0, "There is no record.\n")
    assert call(OTHER_GP, "administrative", "--patient", unknown)[1] == "There is no record.\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("close", "--patient", INS), "DMPAccessDeniedByRightsService"),
        (("authorized-list", "--patient", INS), "DMPAccessDeniedByRightsService"),
        (("authorize", "--patient", INS, "--medecin-traitant", "--end"), "DMPAccessDeniedByRightsService"),
        (("my-patients", "--owner", "899970000016"), "DMPAccessDeniedByRightsService"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_the_service_refuses_ends_a_command_with_its_code(call, words, code):
    with pytest.raises(CarnetError, match=code):
        call(OTHER_GP, *words)


def test_a_folder_is_submitted_whole_and_what_is_refused_is_told_with_status_1(call, tmp_path):
    for number in (1, 2):
        written(tmp_path / f"good{number}.xml")
    (tmp_path / "bad.xml").write_text("<not-a-cda/>", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a document", encoding="utf-8")
    status, out, err = call(MEDECIN_TRAITANT, "submit", "--patient", INS, tmp_path)
    assert status == 1
    assert out.splitlines()[-1] == "2 accepted, 1 refused."
    assert next(line for line in err.splitlines() if line).startswith("bad.xml: ")


def test_a_document_is_replaced_and_submitted_masked(call, tmp_path):
    first = written(tmp_path / "first.xml", title="Premier")
    call(MEDECIN_TRAITANT, "submit", "--patient", INS, "--masked", tmp_path / "first.xml")
    second = first.next_version(system_clock() - HOUR, title="Second")
    (tmp_path / "second.xml").write_bytes(documents.level_1(second, media_type="text/plain"))
    words = ("submit", "--patient", INS, "--replace", first.unique_id, tmp_path / "second.xml")
    assert call(MEDECIN_TRAITANT, *words)[0] == 0
    _, mine, _ = call(MEDECIN_TRAITANT, "search", "--patient", INS)
    _, theirs, _ = call(HOSPITAL_DOCTOR, "search", "--patient", INS)
    assert (second.unique_id in mine, first.unique_id in mine) == (True, False)
    assert second.unique_id not in theirs
    _, old, _ = call(MEDECIN_TRAITANT, "search", "--patient", INS, "--status", "deprecated")
    assert first.unique_id in old


def test_without_authorisation_nothing_is_found_but_by_breaking_the_glass(call):
    with pytest.raises(CarnetError, match="DMPAccessDeniedByRightsService"):
        call(OTHER_GP, "search", "--patient", INS)
    status, *_ = call(OTHER_GP, "search", "--patient", INS, mode="bris_de_glace", reason="Malaise dans la rue")
    assert status == 0


def test_an_unknown_document_or_patient_is_told_in_a_sentence(call, tmp_path):
    with pytest.raises(CarnetError, match="no such document"):
        call(MEDECIN_TRAITANT, "mask", "--patient", INS, "--document", "2.25.404")
    with pytest.raises(CarnetError, match="XDSUnknownPatientId"):
        call(MEDECIN_TRAITANT, "search", "--patient", "155112A99900124/1.2.250.1.213.1.4.11")
    with pytest.raises(CarnetError):
        call(MEDECIN_TRAITANT, "search", "--patient", "not-an-ins")


def test_a_service_that_does_not_answer_and_a_caller_who_is_nobody_are_told_in_a_sentence(
    refused, first_stage, tmp_path
):
    somebody = first_stage.callers[MEDECIN_TRAITANT.identifier].directory
    words = ("client", "--address", "https://127.0.0.1:9", "--authorities", first_stage.authorities)
    search = ("search", "--patient", "INS")
    assert "could not be called" in refused(*words, "--caller", somebody, *search)
    assert "caller.json" in refused(*words, "--caller", tmp_path, *search)
