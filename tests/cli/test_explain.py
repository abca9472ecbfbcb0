"""`carnet explain`: the verdict, its reasons in French and English, and what held; asked questions are in the trace."""

from __future__ import annotations

from carnet.demo.people import MEDECIN_TRAITANT, OTHER_GP

OF_INS = ("--home", "HOME", "--patient", "INS")


def asked(who, *more):
    return ("explain", *OF_INS, "--professional", who.identifier, "--document", "1.2.3", *more)


def test_what_is_not_there_is_said_in_both_languages_with_what_held(run):
    said = run(*asked(MEDECIN_TRAITANT))
    assert said.status == 0
    lines = said.out.splitlines()
    assert lines[1:4] == ["NON.", "NO.", "- document-not-there"]
    assert "Aucun document" in lines[4]
    assert "No document" in lines[5]
    assert "matrice / matrix: -" in lines
    assert any(line.startswith(f"lien / link: medecin_traitant {MEDECIN_TRAITANT.identifier} ") for line in lines)


def test_a_moment_and_a_mode_may_be_named_and_the_question_is_traced(run):
    said = run(
        *asked(OTHER_GP, "--at", "2020-01-01T00:00:00+01:00", "--mode", "bris_de_glace", "--structure", "1990000010")
    )
    assert said.out.splitlines()[0] == "2019-12-31T23:00:00.000000Z"
    assert "dossier / record: -; masques / masks: -" in said.out
    assert "administration/explain" in run("trace", *OF_INS).out


def test_what_cannot_be_explained_is_told_in_a_sentence(refused):
    assert "form" in refused(*asked(OTHER_GP, "--at", "yesterday"))
    assert "form" in refused(*asked(OTHER_GP, "--at", "2026-11-22T10:00:00"))
    words = ("explain", *OF_INS, "--professional", "899999999999", "--document", "1.2.3")
    assert "No professional" in refused(*words)
