"""An operator's commands about notices, through a real mail server."""

from __future__ import annotations

import pytest

from carnet.cli.operator_gate import operator_gate
from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.exchange.notices import owe
from carnet.identity.patients import find

HOME = ("--home", "HOME")
OF_INS = (*HOME, "--patient", "INS")
MINE = "colibri@carnet.example"


@pytest.fixture
def posting(mail_server, monkeypatch):
    """Settings that send through the test's mail server."""
    for name, value in mail_server.settings().items():
        monkeypatch.setenv(f"CARNET_{name.upper()}", str(value))
    return mail_server


@pytest.fixture
def owed(home):
    """Owes the patient, or the médecin traitant, one more notice."""

    def owes(recipient="patient", kind="emergency-access-centre_15"):
        with operator_gate(home) as gate:
            known = find(gate.platform.connection, gate.platform.keyring, PAT_TROIS.identifier)
            now = gate.platform.clock()
            return gate.administer(
                lambda c: owe(c, known.patient_key, kind=kind, recipient=recipient, cause=str(now), now=now)
            )

    return owes


def test_a_notice_goes_out_to_the_address_of_the_person_and_is_listed(run, posting, owed):
    assert run("record", "contact", *OF_INS, "--email", MINE).out == "Done.\n"
    assert run("record", "contact", *OF_INS, "--email", MINE).out == "Nothing to change.\n"
    owed()
    said = run("notices", "deliver", *HOME)
    assert (said.status, said.out) == (0, "1 sent, 0 in_space, 0 post, 0 put_off, 0 failed, 0 uncertain, 0 left.\n")
    assert posting.recipients == [MINE]
    listed = run("notices", "list", *OF_INS).out
    assert "sent" in listed
    assert "Centre 15" in listed
    trace = run("trace", *OF_INS).out
    assert "administration/contact" in trace
    assert "  notice  done  " in trace
    assert MINE not in trace


def test_no_address_and_no_wish_keep_it_in_the_space(run, posting, owed):
    run("record", "contact", *OF_INS, "--email", MINE)
    assert run("record", "notices", *OF_INS, "--topic", "emergency", "--no-email").out == "Done.\n"
    assert run("record", "notices", *OF_INS, "--topic", "emergency", "--no-email").out == "Nothing to change.\n"
    owed()
    assert run("notices", "deliver", *HOME).out.startswith("0 sent, 1 in_space")
    run("record", "notices", *OF_INS, "--topic", "emergency", "--email")
    run("record", "contact", *OF_INS, "--none")
    owed()
    assert run("notices", "deliver", *HOME).out.startswith("0 sent, 1 in_space")
    assert posting.taken == []


def test_a_refused_address_ends_with_status_1_and_can_be_sent_again(run, refused, posting, owed):
    run("record", "contact", *OF_INS, "--email", MINE)
    posting.refused[MINE] = "550 5.1.1 unknown"
    name = owed()
    assert run("notices", "deliver", *HOME).status == 1
    failed = run("notices", "list", *HOME, "--state", "failed").out
    assert name in failed
    assert "550 5.1.1" in failed
    assert "uncertain" in refused("notices", "settle", *HOME, name, "--sent")
    assert "No such" in refused("notices", "settle", *HOME, "none", "--again")
    posting.refused.clear()
    assert run("notices", "settle", *HOME, name, "--again").out == "Done.\n"
    assert run("notices", "deliver", *HOME).status == 0


def test_a_mail_server_that_is_down_ends_with_status_1(run, posting, owed, monkeypatch):
    run("record", "contact", *OF_INS, "--email", MINE)
    owed()
    owed()
    monkeypatch.setenv("CARNET_SMTP_PORT", "1")
    said = run("notices", "deliver", *HOME)
    assert (said.status, said.out) == (1, "0 sent, 0 in_space, 0 post, 1 put_off, 0 failed, 0 uncertain, 1 left.\n")


def test_the_medecin_traitant_is_told_at_the_address_of_the_directory(run, posting, owed, tmp_path):
    file = tmp_path / "addresses.csv"
    file.write_text(
        f"identifiant;adresse\n{MEDECIN_TRAITANT.identifier};doc@mssante.example\n1;x@y.example\n", encoding="utf-8"
    )
    said = run("directory", "addresses", *HOME, file)
    assert said.out == "1 addresses taken, 1 of unknown professionals passed over.\n"
    owed("medecin_traitant")
    run("notices", "deliver", *HOME)
    assert posting.recipients == ["doc@mssante.example"]
    assert "Centre 15" in run("notices", "list", *HOME, "--medecin-traitant", MEDECIN_TRAITANT.identifier).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("notices", "deliver", *HOME), "smtp_host"),
        (("record", "contact", *OF_INS, "--email", "nobody"), "not an e-mail address"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(refused, words, said):
    assert said in refused(*words)


@pytest.mark.parametrize(
    "words",
    [
        ("notices", "list", *HOME),
        ("notices", "list", *OF_INS, "--state", "failed"),
        ("record", "contact", *OF_INS),
        ("record", "contact", *OF_INS, "--email", MINE, "--none"),
        ("record", "notices", *OF_INS, "--topic", "weather", "--email"),
    ],
)
def test_a_command_that_is_not_well_said_explains_itself(run, words):
    assert run(*words).status == 2


def test_an_address_of_the_identity_feed_is_told_unless_the_person_gave_another(run, posting, owed, tmp_path):
    header = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;courriel\n"
    traits = PAT_TROIS.traits
    line = ";".join(
        (*(PAT_TROIS.identifier.value, PAT_TROIS.identifier.authority, traits.birth_name, traits.birth_given_names),
         *(traits.sex, traits.birth_date, traits.birth_place, "feed@carnet.example"))
    )  # fmt: skip
    file = tmp_path / "feed.csv"
    file.write_text(header + line + "\n", encoding="utf-8")
    assert run("patients", "import", *HOME, file).status == 0
    owed()
    run("notices", "deliver", *HOME)
    run("record", "contact", *OF_INS, "--email", MINE)
    run("patients", "import", *HOME, file)
    owed()
    run("notices", "deliver", *HOME)
    assert posting.recipients == ["feed@carnet.example", MINE]
    file.write_text(header + line.replace("feed@", "feed@@") + "\n", encoding="utf-8")
    assert "line 2" in run("patients", "import", *HOME, file).err


def test_letters_are_listed_in_a_file_and_said_to_be_posted(run, posting, owed, tmp_path):
    owed(kind="enrolment-information")
    assert run("notices", "deliver", *HOME).out.startswith("0 sent, 0 in_space, 1 post,")
    out = tmp_path / "letters.csv"
    assert run("notices", "letters", *HOME, "--out", str(out)).out == "1 letters to send.\n"
    header, line = out.read_text(encoding="utf-8").splitlines()
    assert header == "notice;ins;oid;kind;due"
    assert PAT_TROIS.identifier.value in line
    assert run("notices", "posted", *HOME, str(out)).out == "1 letters posted.\n"
    assert run("notices", "posted", *HOME, str(out)).out == "0 letters posted.\n", "the same file again"
    assert run("notices", "letters", *HOME, "--out", str(out)).out == "0 letters to send.\n"
