"""The life of a version of the matrix: proposed by one, approved by two others, in force from its moment, to the microsecond."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rule_meddling import DRAFT, PROPOSER, meddling, refused, sees

from carnet.authorization.facts import DocumentFacts, Function, RecordFacts
from carnet.authorization.matrix_form import canonical, digest
from carnet.authorization.matrix_form import read as read_matrix
from carnet.clock import DAY, SECOND, to_iso
from carnet.demo.people import HOSPITAL_DOCTOR, PAT_TROIS
from carnet.errors import (
    ConfigurationError,
    InvalidRuleData,
    MalformedMessage,
    Refused,
    Several,
    SignatureInvalid,
)
from carnet.platform import packaged_matrices
from carnet.record import rule_reading, rules_in_force
from carnet.record.administration import Administration
from carnet.record.rule_changes import RuleChanges
from carnet.rulebook.signed_text import sign

# --- from proposal to effect ---------------------------------------------------------------------------------------


def test_a_version_holds_from_its_moment_on_to_the_microsecond(room, proposed, approve):
    room.put(room.document())
    version = proposed()
    approve("second", "alice", "bob")
    room.now = version.effective_from - 1
    assert sees(room) == (1, DRAFT)
    room.now = version.effective_from
    assert sees(room) == (0, "second")
    room.now = version.effective_from - 1
    assert sees(room) == (1, DRAFT)


def test_nothing_changes_with_one_approval_or_none(room, proposed, approve):
    room.put(room.document())
    version = proposed()
    approve("second", "alice")
    room.now = version.effective_from + DAY
    assert sees(room) == (1, DRAFT)


def test_what_was_decided_in_the_past_is_still_explained_by_the_version_of_then(room, proposed, approve):
    before = room.now
    version = proposed()
    approve("second", "alice", "bob")
    room.now = version.effective_from + DAY
    room.put(room.document())
    document = DocumentFacts("11488-4")
    record = RecordFacts(state="open", authorisation="valid")
    decisions = [
        room.platform.engine.decide_document(room.caller(HOSPITAL_DOCTOR), record, document, Function.CONSULT, at)
        for at in (before, version.effective_from - 1, version.effective_from, room.now)
    ]
    assert [(one.matrix_version, one.allowed) for one in decisions] == [
        (DRAFT, True),
        (DRAFT, True),
        ("second", False),
        ("second", False),
    ]


def test_three_versions_follow_each_other(room, proposed, approve):
    second, third = proposed("second", DAY), proposed("third", 2 * DAY, cells={})
    approve("third", "alice", "bob")
    approve("second", "bob", "alice")
    room.put(room.document())
    for moment, expected in (
        (second.effective_from - 1, (1, DRAFT)),
        (second.effective_from, (0, "second")),
        (third.effective_from - 1, (0, "second")),
        (third.effective_from, (1, "third")),
    ):
        room.now = moment
        assert sees(room) == expected


def test_a_later_release_does_not_bring_a_packaged_version_back(room, proposed, approve, monkeypatch):
    version = proposed(cells={})
    approve("second", "alice", "bob")
    (first,) = packaged_matrices()
    later = [replace(first, version=f"draft-{n}", effective_at=version.effective_from + n) for n in (0, 1, DAY)]
    earlier = replace(first, version="draft-between", effective_at=version.effective_from - 1)
    for module in (rules_in_force, rule_reading):
        monkeypatch.setattr(module, "packaged_matrices", lambda: (first, earlier, *later))
    room.put(room.document())
    for moment, expected in (
        (version.effective_from - 2, DRAFT),
        (version.effective_from - 1, "draft-between"),
        (version.effective_from, "second"),
        (version.effective_from + 2 * DAY, "second"),
    ):
        room.now = moment
        room.gate.check_rules()
        assert sees(room) == (1, expected)
    listed = [one.version for one in rule_reading.versions(room.gate)]
    assert listed == [DRAFT, "draft-between", "second"]


# --- who may approve -----------------------------------------------------------------------------------------------


def test_one_person_does_not_approve_twice(room, proposed, approve):
    proposed()
    approve("second", "alice")
    refused(room, Refused, lambda: approve("second", "alice"), "already")


def test_one_key_under_two_names_approves_nothing(room, ministry, proposed, approve):
    proposed()
    approve("second", "alice")
    ministry.register("mallory", ministry.keys["alice"])
    refused(room, ConfigurationError, lambda: approve("second", "mallory"), "one and the same key")


@pytest.mark.parametrize("proposer", ["alice", "Alice", "operator:alice", "ALICE"])
def test_who_proposed_does_not_approve(room, ministry, changes, approve, proposer):
    changes.propose(ministry.file("second", room.now + DAY), proposer)
    refused(room, Refused, lambda: approve("second", "alice"), "proposed")
    approve("second", "bob")


def test_who_is_not_registered_does_not_approve(room, ministry, proposed, approve):
    proposed()
    (ministry.home / "approvers" / "bob.pem").unlink()
    refused(room, Refused, lambda: approve("second", "bob"), "registered")


def test_who_approved_once_and_may_no_more_does_not_approve(room, ministry, proposed, approve):
    proposed()
    ministry.admit("bob", folder="approvers/former")
    (ministry.home / "approvers" / "bob.pem").unlink()
    refused(room, Refused, lambda: approve("second", "bob"), "registered")


def test_a_third_approval_is_not_taken(room, ministry, proposed, approve):
    ministry.admit("dora")
    proposed()
    approve("second", "alice", "bob")
    refused(room, Refused, lambda: approve("second", "dora"), "its approvals")


@pytest.mark.parametrize("late", [0, 1, DAY])
def test_an_approval_at_the_moment_or_after_it_is_too_late(room, proposed, approve, late):
    version = proposed()
    approve("second", "alice")
    room.now = version.effective_from + late
    refused(room, Refused, lambda: approve("second", "bob"), "has passed")
    room.put(room.document())
    assert sees(room)[1] == DRAFT


def test_an_approval_a_microsecond_before_the_moment_is_in_time(room, proposed, approve):
    version = proposed()
    room.now = version.effective_from - 1
    approve("second", "alice", "bob")
    room.now += 1
    room.put(room.document())
    assert sees(room) == (0, "second")


SIGNED_WRONGLY = {
    "another person's key": lambda ministry, text, other: ministry.sign("bob", text),
    "another version": lambda ministry, text, other: ministry.sign("alice", other),
    "nothing": lambda ministry, text, other: b"",
    "too short": lambda ministry, text, other: ministry.sign("alice", text)[:-1],
    "another digest": lambda ministry, text, other: ministry.sign("alice", text.replace(b'"digest":"', b'"digest":"0')),
}


@pytest.mark.parametrize("way", SIGNED_WRONGLY)
def test_a_signature_of_anything_else_approves_nothing(room, ministry, changes, proposed, way):
    proposed()
    proposed("third", 2 * DAY)
    text, other = (changes.text_to_sign(name, "alice") for name in ("second", "third"))
    signature = SIGNED_WRONGLY[way](ministry, text, other)
    refused(room, SignatureInvalid, lambda: changes.approve("second", "alice", signature), "not the approver's")


def test_an_approval_of_another_installation_approves_nothing(open_room, ministry):
    room = open_room()
    changes = RuleChanges(room.gate, "operator:tests")
    changes.propose(ministry.file("second", room.now + DAY), PROPOSER)
    signature = ministry.sign("alice", changes.text_to_sign("second", "alice"))
    room = open_room(audit_origin="elsewhere.example/trace")
    with pytest.raises(SignatureInvalid):
        RuleChanges(room.gate, "operator:tests").approve("second", "alice", signature)


def test_the_text_to_sign_names_all_that_is_approved(room, changes, proposed):
    version = proposed()
    told = json.loads(changes.text_to_sign("second", "alice"))
    assert told == {
        "act": "approve rule data",
        "approver": "alice",
        "digest": version.digest,
        "effective_from": to_iso(version.effective_from),
        "installation": room.platform.settings.audit_origin,
        "kind": "matrix",
        "proposed_at": to_iso(version.proposed_at),
        "proposed_by": PROPOSER,
        "reason": "",
        "version": "second",
    }


def test_a_key_of_another_kind_signs_nothing(tmp_path):
    for content in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(ConfigurationError):
            sign(content, b"text")


# --- proposals -----------------------------------------------------------------------------------------------------


def test_a_proposal_is_kept_as_canonical_bytes_with_their_digest(room, proposed):
    version = proposed()
    assert digest(version.content) == version.digest
    matrix = read_matrix(version.content)
    assert canonical(matrix) == version.content
    assert not matrix.allows("10", "11488-4")
    assert matrix.clauses["10", "11488-4"] == "annexe"
    assert (matrix.source, matrix.legal_basis, matrix.effective_at) == (
        version.source,
        version.legal_basis,
        version.effective_from,
    )


def test_a_name_or_a_moment_that_is_taken_is_refused(room, ministry, changes, proposed):
    version = proposed()
    for name, moment, said in (
        ("second", version.effective_from + 1, "name"),
        (DRAFT, version.effective_from + 1, "name"),
        ("third", version.effective_from, "same moment"),
    ):
        content = ministry.file(name, moment)
        refused(room, InvalidRuleData, lambda content=content: changes.propose(content, PROPOSER), said)


def test_a_moment_is_free_again_once_its_version_is_withdrawn(room, ministry, changes, proposed):
    version = proposed()
    changes.withdraw("second", "Une erreur", PROPOSER)
    assert changes.propose(ministry.file("third", version.effective_from), PROPOSER).version == "third"


@pytest.mark.parametrize("past", [0, -1, -DAY])
def test_no_version_begins_now_or_in_the_past(room, ministry, changes, past):
    content = ministry.file("second", room.now + past)
    refused(room, Several, lambda: changes.propose(content, PROPOSER), "future")


def test_a_file_that_is_no_text_is_refused(room, changes):
    refused(room, MalformedMessage, lambda: changes.propose(b"\xff\xfe\x00", PROPOSER), "UTF-8")


@pytest.mark.parametrize("proposer", ["", " ", "two\nlines", "x" * 501])
def test_a_proposal_names_who_proposes(room, ministry, changes, proposer):
    content = ministry.file("second", room.now + DAY)
    refused(room, InvalidRuleData, lambda: changes.propose(content, proposer), "one line")


# --- withdrawal ----------------------------------------------------------------------------------------------------


def test_a_version_that_waits_is_withdrawn_without_signature(room, changes, proposed, approve):
    version = proposed()
    approve("second", "alice")
    changes.withdraw("second", "Une erreur", PROPOSER)
    refused(room, Refused, lambda: approve("second", "bob"), "withdrawn")
    refused(room, Refused, lambda: changes.withdraw("second", "Encore", PROPOSER), "already")
    room.put(room.document())
    room.now = version.effective_from
    assert sees(room) == (1, DRAFT)


def test_an_approved_version_is_withdrawn_by_an_approver_alone(room, ministry, changes, proposed, approve):
    version = proposed()
    approve("second", "alice", "bob")
    refused(room, Refused, lambda: changes.withdraw("second", "Non", PROPOSER), "registered")
    refused(room, SignatureInvalid, lambda: changes.withdraw("second", "Non", "alice"), "not the approver's")
    text = changes.text_to_sign("second", "alice", withdrawal_reason="Autre chose")
    signature = ministry.sign("alice", text)
    refused(room, SignatureInvalid, lambda: changes.withdraw("second", "Non", "alice", signature), "another text")
    changes.withdraw("second", "Autre chose", "alice", signature)
    room.put(room.document())
    room.now = version.effective_from
    assert sees(room) == (1, DRAFT)


def test_a_version_whose_moment_has_come_is_not_withdrawn(room, ministry, changes, proposed, approve):
    version = proposed()
    approve("second", "alice", "bob")
    signature = ministry.sign("alice", changes.text_to_sign("second", "alice", withdrawal_reason="Non"))
    room.now = version.effective_from
    refused(room, Refused, lambda: changes.withdraw("second", "Non", "alice", signature), "has come")
    room.put(room.document())
    assert sees(room) == (0, "second")


# --- what is looked at ---------------------------------------------------------------------------------------------


def test_every_version_is_listed_with_its_state(room, changes, proposed, approve):
    proposed("second", DAY)
    third = proposed("third", 2 * DAY)
    proposed("fourth", 3 * DAY)
    proposed("fifth", SECOND)
    changes.withdraw("fourth", "Une erreur", PROPOSER)
    approve("second", "alice", "bob")
    approve("third", "alice", "bob")

    def states():
        return {one.version: one.state for one in rule_reading.versions(room.gate)}

    room.now += 2 * SECOND
    assert states() == {
        DRAFT: "in force",
        "second": "to come",
        "third": "to come",
        "fourth": "withdrawn",
        "fifth": "never approved",
    }
    room.now = third.effective_from
    assert (states()[DRAFT], states()["second"], states()["third"]) == ("was in force", "was in force", "in force")


def test_a_comparison_says_what_opens_and_what_closes_apart(room, proposed):
    proposed(cells={("10", "11488-4"): "N", ("10", "ATTEST-RESID"): "Y", ("60", "68599-0"): "Y"})
    found = rule_reading.changes(room.gate, "second")
    assert (found.before, found.after, found.opened, found.closed) == (DRAFT, "second", 2, 1)
    told = {one.role: (one.opens, one.closes) for one in found.roles}
    assert told == {"10": (("ATTEST-RESID",), ("11488-4",)), "60": (("68599-0",), ())}
    back = rule_reading.changes(room.gate, DRAFT, against="second")
    assert (back.opened, back.closed) == (1, 2)


def test_the_history_is_told_from_the_trace_and_agrees_with_the_rows(room, changes, proposed, approve):
    proposed()
    approve("second", "alice")
    with pytest.raises(Refused):
        approve("second", "alice")
    approve("second", "bob")
    told = rule_reading.history(room.gate)
    assert [(one.action, one.outcome, one.problem) for one in told] == [
        ("import", "done", ""),
        ("approve", "done", ""),
        ("approve", "refused", ""),
        ("approve", "done", ""),
    ]
    assert "approver:bob" in told[-1].objects


EXCHANGED = (
    "DELETE FROM rule_approval WHERE approver = 'bob';"
    "INSERT INTO rule_withdrawal VALUES ('matrix', 'second', 3, 1, 'x', 'y', '', x'')"
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DELETE FROM rule_approval WHERE approver = 'bob'", "that is not there: 3 second"),
        ("UPDATE rule_approval SET key = 'x' WHERE approver = 'bob'", "the trace does not tell: 3 second x"),
        ("DELETE FROM rule_approval WHERE approver = 'alice'", "is missing"),
        (EXCHANGED, "that is not there: 3 second"),
    ],
)
def test_the_newest_rows_taken_away_or_exchanged_show_against_the_trace(room, proposed, approve, change, said):
    proposed()
    approve("second", "alice", "bob")
    with meddling(room) as raw:
        raw.executescript(change)
    assert said in " ".join(one.problem for one in rule_reading.history(room.gate))


def test_changes_of_rules_belong_to_no_patient_s_trace(room, proposed, approve):
    before = room.rows("SELECT count(*) FROM audit_event WHERE patient_key IS NOT NULL")
    proposed()
    approve("second", "alice", "bob")
    assert room.rows("SELECT count(*) FROM audit_event WHERE patient_key IS NOT NULL") == before
    Administration(room.gate, "operator:tests").block(PAT_TROIS.identifier, "899970000024")
