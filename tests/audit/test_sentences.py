"""The trail in plain sentences: every act the code can write has one in French and in English, and nothing is told to whom it may not be."""

from __future__ import annotations

import datetime as dt
import re
import sys
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest

import carnet
from carnet.audit.act_words import WORDS, words_of
from carnet.audit.actors import ActorType, actor_type, role_words
from carnet.audit.sentences import Filter, Reader, Viewer, paris, sentence, shown, written_moment
from carnet.clock import from_datetime
from carnet.consent.acting_links import Representation
from carnet.consent.choices import Choice
from carnet.consent.lifecycle import Event
from carnet.errors import ConfigurationError

sys.path.insert(0, str(Path(__file__).parent))

from written_actions import Package

PACKAGE = Path(carnet.__file__).parent
FRENCH, ENGLISH = Reader(), Reader(language="en")
OF_NOBODY = {
    "report-list",
    "emergency-list",
    "emergency-figures",
    "alarm-list",
    "alarm-settle",
    "watch",
    "index-traits",
    "approve",
    "import",
    "withdraw",
}
"""Acts whose lines are in no patient's trail."""


def line(**changes):
    usual = {
        "ticket": 1, "seq": 1, "index": 0, "problem": "", "at": moment(2026, 11, 22, 10, 5), "action": "iti43", "outcome": "done",
        "mode": "normal", "reason": "", "requester_id": "899700218896", "requester_name": "Camille TESTARD", "requester_role": "10",
        "organization_id": "1750000001", "organization_name": "", "objects": ("1.2.3",), "secret": False, "detail": "",
    }  # fmt: skip
    return usual | changes


def moment(*when):
    return from_datetime(dt.datetime(*when, tzinfo=dt.UTC))


def test_a_line_says_who_from_where_what_when_in_which_mode():
    names = {"1750000001": "Cabinet des Tilleuls"}
    assert sentence(line(), Reader(names=names)) == (
        "Le dimanche 22 novembre 2026 à 11 h 05, Camille TESTARD (médecin), Cabinet des Tilleuls, a lu des documents de votre dossier, "
        "en accès normal. Documents concernés : 1."
    )
    assert sentence(line(), Reader(names=names, language="en")) == (
        "On Sunday 22 November 2026 at 11:05, Camille TESTARD (doctor), Cabinet des Tilleuls, read documents in your record, "
        "in normal access. Documents concerned: 1."
    )


def test_an_emergency_says_its_reason():
    told = sentence(line(mode="bris_de_glace", reason="patient inconscient"), FRENCH)
    assert "en urgence (bris de glace), motif indiqué : « patient inconscient »." in told
    told = sentence(line(mode="centre_15", reason="régulation"), ENGLISH)
    assert "in an emergency (emergency call centre), stated reason: “régulation”." in told


@pytest.mark.parametrize(
    ("outcome", "french", "english"),
    [
        ("refused", "a voulu lire des documents de votre dossier, en accès normal ; cela lui a été refusé.", "; this was refused."),
        ("failed", "a voulu lire des documents de votre dossier, en accès normal ; cela n'a pas abouti.", "; this did not succeed."),
    ],
)  # fmt: skip
def test_what_was_refused_or_failed_says_so(outcome, french, english):
    tried = line(outcome=outcome, objects=())
    assert sentence(tried, FRENCH).endswith(french)
    assert sentence(tried, ENGLISH).endswith(english)
    assert "tried to read documents in your record" in sentence(tried, ENGLISH)


@pytest.mark.parametrize(
    ("role", "viewer", "begins"),
    [
        ("holder", Viewer.HOLDER, "vous avez masqué un document aux professionnels"),
        ("minor", Viewer.HOLDER, "vous avez masqué"),
        ("holder", Viewer.REPRESENTATIVE, "le titulaire du dossier a masqué"),
        ("first_representative", Viewer.HOLDER, "le premier représentant légal a masqué"),
        ("carer", Viewer.HOLDER, "un aidant a masqué"),
        ("operator", Viewer.HOLDER, "l'assistance du service a masqué"),
        ("system", Viewer.HOLDER, "le service, de lui-même a masqué"),
    ],
)
def test_who_acts_for_the_patient_is_told_by_what_they_are(role, viewer, begins):
    told = sentence(
        line(action="patient/mask", requester_role=role, organization_id="", mode="", requester_id="279035121518989"),
        Reader(viewer),
    )
    assert f", {begins}" in told
    assert "279035121518989" not in told


def test_what_was_refused_to_the_reader_is_told_to_them():
    told = sentence(line(action="patient/delete", requester_role="holder", outcome="refused", mode=""), FRENCH)
    assert "vous avez voulu supprimer un document ; cela vous a été refusé." in told


def test_the_professional_whom_a_choice_is_about_is_named():
    blocked = line(action="patient/block", requester_role="holder", mode="", objects=("899700218896",))
    assert sentence(blocked, Reader(names={"899700218896": "Camille TESTARD"})).endswith(
        "Professionnel ou structure : Camille TESTARD."
    )
    assert sentence(blocked, FRENCH).endswith("Professionnel ou structure : 899700218896.")


def test_an_unknown_caller_and_a_structure_alone_have_sentences_too():
    unknown = line(requester_role="", requester_name="", requester_id="", organization_id="")
    assert ", un appelant non identifié a lu" in sentence(unknown, FRENCH)
    machine = line(requester_role="AUTOMATE", requester_name="Laboratoire", organization_id="1990000036")
    assert "Laboratoire (automate), 1990000036, a lu" in sentence(machine, FRENCH)


def test_a_line_that_does_not_hold_is_told_without_its_content():
    broken = {"ticket": 1, "seq": 7, "index": 3, "at": 0, "problem": "The line does not match its hash."}
    assert sentence(broken, FRENCH).startswith("La ligne 7")
    assert sentence(broken, ENGLISH).startswith("Line 7")


# --- time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "french", "english"),
    [
        ((2026, 7, 1, 22, 30), "Le jeudi 2 juillet 2026 à 0 h 30", "On Thursday 2 July 2026 at 00:30"),
        ((2026, 12, 31, 23, 0), "Le vendredi 1er janvier 2027 à 0 h 00", "On Friday 1 January 2027 at 00:00"),
        ((2026, 3, 29, 0, 59), "Le dimanche 29 mars 2026 à 1 h 59", "On Sunday 29 March 2026 at 01:59"),
        ((2026, 3, 29, 1, 0), "Le dimanche 29 mars 2026 à 3 h 00", "On Sunday 29 March 2026 at 03:00"),
        ((2026, 10, 25, 0, 30), "Le dimanche 25 octobre 2026 à 2 h 30 (UTC+2)", "On Sunday 25 October 2026 at 02:30 (UTC+2)"),
        ((2026, 10, 25, 1, 30), "Le dimanche 25 octobre 2026 à 2 h 30 (UTC+1)", "On Sunday 25 October 2026 at 02:30 (UTC+1)"),
    ],
)  # fmt: skip
def test_moments_are_those_of_paris_with_the_date_written_out(when, french, english):
    assert written_moment(moment(*when), "fr") == french
    assert written_moment(moment(*when), "en") == english


def test_a_machine_without_time_zones_is_told_so_and_nothing_else_depends_on_it(monkeypatch):
    def none(_name):
        raise ZoneInfoNotFoundError

    paris.cache_clear()
    monkeypatch.setattr("carnet.audit.sentences.ZoneInfo", none)
    with pytest.raises(ConfigurationError, match="tzdata"):
        written_moment(0, "fr")
    monkeypatch.undo()
    assert written_moment(0, "fr") == "Le jeudi 1er janvier 1970 à 1 h 00"


# --- every act ------------------------------------------------------------------------------------------------------


HOLES = {
    # what is only known when it runs: every value that it can have
    "administration/*": {f"administration/{one.value}" for one in Event},
    "administration/choose-*": {f"administration/choose-{one.value}" for one in Choice},
    "life/*": {f"life/{one.value}" for one in Event},
    "patient/choose-*": {f"patient/choose-{one.value}" for one in Choice},
    "patient/invite-*": {f"patient/invite-{one.value.replace('_', '-')}" for one in Representation},
    "patient/begin-*": {"patient/begin-provider", "patient/begin-passkey"},
    "patient/*-return": {"patient/provider-return"},
}


@cache
def written():
    return Package(PACKAGE).actions()


def actions():
    return sorted(name for found in written() for name in HOLES.get(found, {found}))


def test_the_source_is_read_for_actions():
    assert {one for one in written() if "*" in one} <= HOLES.keys()
    assert {
        "iti18",
        "iti43",
        "patient/block",
        "patient/see-medicines",
        "patient/add-passkey",
        "card/read",
        "administration/activate",
        "administration/read-trail",
        "life/release",
    } <= set(actions())


def test_control_an_action_is_found_through_the_functions_that_hand_it_on(tmp_path):
    room = tmp_path / "record"
    room.mkdir()
    (room / "desk.py").write_text(
        "class AuditEvent:\n    action: str\n"
        "def trace(room, name):\n    AuditEvent(action=f'patient/{name}')\n"
        "class Desk:\n    def perform(self, patient, name):\n        trace(room, name)\n"
        "    def new(self, patient):\n        self.perform(patient, 'brand-new' if patient else 'older')\n"
    )
    found = Package(tmp_path).actions()
    assert found == {"patient/brand-new", "patient/older"}
    assert words_of("patient/brand-new") is None


@pytest.mark.parametrize("action", [one for one in actions() if one.rpartition("/")[2] not in OF_NOBODY])
def test_every_action_that_the_code_can_write_on_a_patient_has_its_words(action):
    assert words_of(action) is not None


def test_the_word_table_is_whole_and_of_one_form():
    for action, words in WORDS.items():
        assert all(words[:4]), action
        assert words.about in {"", "documents", "party"}, action
        for text in words[:4]:
            assert re.sub(r"\{record\}", "", text).isprintable(), action
            assert not re.search(r"[{}]", text.replace("{record}", "")), action
            assert text == text.strip(), action
            assert not text.endswith("."), action


@pytest.mark.parametrize("outcome", ["done", "refused", "failed"])
@pytest.mark.parametrize(
    "reader", [FRENCH, ENGLISH, Reader(Viewer.REPRESENTATIVE), Reader(Viewer.REPRESENTATIVE, "en")]
)
def test_every_action_makes_a_whole_sentence(outcome, reader):
    for action in WORDS:
        told = sentence(line(action=action, outcome=outcome), reader)
        assert told.startswith(("Le ", "On "))
        assert told.endswith(".")
        assert "{" not in told
        assert "  " not in told
        assert ("votre" in told or "your" in told) <= (reader.viewer is Viewer.HOLDER)


def test_an_unknown_action_still_makes_a_sentence():
    told = line(action="future/thing", mode="future_mode", requester_role="NEW")
    assert "a effectué l'opération « future/thing » sur votre dossier, future_mode." in sentence(told, FRENCH)
    assert "tried to carry out the operation “future/thing”" in sentence(told | {"outcome": "failed"}, ENGLISH)


# --- filters --------------------------------------------------------------------------------------------------------

LINES = [
    line(seq=1, at=100),
    line(seq=2, at=200, action="patient/mask", requester_role="holder", mode="", objects=("1.2.3",), secret=True),
    line(seq=3, at=300, mode="bris_de_glace", objects=("1.2.9", "1.2.3")),
    line(seq=4, at=400, requester_role="operator", action="administration/read-trail", objects=(), mode=""),
    line(seq=5, at=500, requester_role="system", action="life/open", objects=(), mode=""),
    {"ticket": 6, "seq": 6, "index": 5, "at": 600, "problem": "broken"},
    line(seq=7, at=700, mode="centre_15", outcome="refused", objects=()),
]


def numbers(reader=FRENCH, **chosen):
    """Which of the lines are shown: they were written a hundred microseconds apart."""
    return [found["at"] // 100 for found in shown(LINES, reader, Filter(**chosen))]


def test_without_a_filter_the_trail_is_complete():
    assert numbers() == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"actors": frozenset({ActorType.PROFESSIONAL})}, [1, 3, 6, 7]),
        ({"actors": frozenset({ActorType.PATIENT, ActorType.SUPPORT})}, [2, 4, 6]),
        ({"actors": frozenset({ActorType.SYSTEM})}, [5, 6]),
        ({"since": 200, "until": 400}, [2, 3, 6]),
        ({"document": "1.2.9"}, [3, 6]),
        ({"emergencies": True}, [3, 6, 7]),
        ({"emergencies": True, "document": "1.2.3"}, [3, 6]),
    ],
)
def test_filters_choose_and_never_hide_a_line_that_does_not_hold(chosen, expected):
    assert numbers(**chosen) == expected


def test_a_representative_does_not_see_secret_connections():
    assert numbers(Reader(Viewer.REPRESENTATIVE)) == [1, 3, 4, 5, 6, 7]


def test_a_representative_learns_nothing_of_documents_kept_from_them():
    reader = Reader(Viewer.REPRESENTATIVE, hidden=frozenset({"1.2.3"}), withheld=frozenset({"1.2.3"}))
    lines = list(shown(LINES, reader, Filter()))
    assert [found["at"] // 100 for found in lines] == [3, 4, 5, 6, 7]
    assert lines[0]["objects"] == ("1.2.9",)
    assert [found["at"] for found in shown(LINES, reader, Filter(document="1.2.3"))] == [600]


@pytest.mark.parametrize("chosen", [Filter(), Filter(since=200)])
def test_no_number_that_is_left_out_tells_a_representative_of_what_was_done_in_secret(chosen):
    for viewer in Viewer:
        found = [line["seq"] for line in shown(LINES, Reader(viewer), chosen)]
        assert (found == list(range(1, len(found) + 1))) is (viewer is Viewer.REPRESENTATIVE or chosen.since is None)


def test_the_holder_sees_the_access_but_not_the_identifier_of_a_document_not_yet_announced():
    first = next(shown(LINES, Reader(hidden=frozenset({"1.2.3"})), Filter()))
    assert (first["seq"], first["objects"]) == (1, ())


def test_control_a_view_without_the_rule_on_secret_connections_is_caught(monkeypatch):
    monkeypatch.setattr("carnet.audit.sentences._kept_secret", lambda _line, _reader: False)
    with pytest.raises(AssertionError):
        test_a_representative_does_not_see_secret_connections()


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("10", ActorType.PROFESSIONAL),
        ("SECRETARIAT_MEDICAL", ActorType.PROFESSIONAL),
        ("AUTOMATE", ActorType.FACILITY),
        ("holder", ActorType.PATIENT),
        ("carer", ActorType.PATIENT),
        ("operator", ActorType.SUPPORT),
        ("enrolment", ActorType.ENROLMENT),
        ("system", ActorType.SYSTEM),
        ("", ActorType.SYSTEM),
    ],
)
def test_actors_are_of_the_kinds_of_the_holder_s_history(role, kind):
    assert actor_type(role) is kind


def test_professions_have_their_words():
    assert (role_words("60", "fr"), role_words("60", "en")) == ("infirmier", "nurse")
    assert role_words("85", "en") == "Epithésiste"
    assert role_words("unknown", "fr") == ""
