"""What rows prove: each way in which they can be wrong although every signature in them is good."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet.rulebook.approvers import Approver, Approvers
from carnet.rulebook.ledger import Approval, Ledger, Version, Withdrawal
from carnet.rulebook.signed_text import approval_text, withdrawal_text
from carnet.rulebook.validity import State, same_person, standings

HERE = "here.example/trace"
KEYS = {name: Ed25519PrivateKey.generate() for name in ("alice", "bob", "dora")}
PEOPLE = Approvers(
    tuple(Approver(name, key.public_key().public_bytes_raw(), former=False) for name, key in KEYS.items())
)
VERSION = Version(
    kind="matrix",
    version="second",
    place=1,
    digest=hashlib.sha256(b"content").hexdigest(),
    content=b"content",
    source="x",
    legal_basis="x",
    effective_from=1_000,
    proposed_by="carole",
    proposed_at=10,
)


def key_of(name):
    return next(one.key for one in PEOPLE.people if one.name == name)


def approval(name, place, *, at=20, version=VERSION, text=None):
    signature = KEYS[name].sign(text or approval_text(HERE, version, name))
    return Approval("matrix", version.version, name, place, at, key_of(name), signature)


def withdrawal(by="alice", *, at=30, reason="Non", place=4, signed=True):
    signature = KEYS[by].sign(withdrawal_text(HERE, VERSION, by, reason)) if signed else b""
    return Withdrawal("matrix", "second", place, at, by, reason, key_of(by) if signed else "", signature)


def proved(*approvals, version=VERSION, withdrawals=(), approvers=PEOPLE, installation=HERE):
    (standing,) = standings(Ledger((version,), approvals, withdrawals), approvers, installation)
    return standing


TWO = approval("alice", 2), approval("bob", 3)


def test_two_people_approve():
    assert (proved(*TWO).state, proved(*TWO).problem) == (State.APPROVED, "")
    assert proved(TWO[0]).state is State.PROPOSED
    assert proved().state is State.PROPOSED


def test_the_proposer_s_own_good_signature_proves_nothing():
    for proposer in ("alice", "Alice", "operator:alice"):
        version = replace(VERSION, proposed_by=proposer)
        standing = proved(approval("alice", 2, version=version), approval("bob", 3, version=version), version=version)
        assert "proposed it" in standing.problem


def test_one_key_under_two_names_proves_nothing():
    other = Approver("alicia", PEOPLE.people[0].public_key, former=False)
    text = approval_text(HERE, VERSION, "alicia")
    second = replace(approval("alice", 3, text=text), approver="alicia")
    standing = proved(TWO[0], second, approvers=Approvers((*PEOPLE.people, other)))
    assert "one person" in standing.problem


@pytest.mark.parametrize("at", [9, 0, 1_000, 1_001])
def test_an_approval_out_of_its_time_proves_nothing(at):
    assert "out of its time" in proved(TWO[0], approval("bob", 3, at=at)).problem


@pytest.mark.parametrize("at", [10, 999])
def test_an_approval_at_the_edges_of_its_time_is_proved(at):
    assert proved(TWO[0], approval("bob", 3, at=at)).problem == ""


def test_an_approval_written_before_the_version_proves_nothing():
    assert "out of its time" in proved(TWO[0], approval("bob", 1), version=replace(VERSION, place=2)).problem


def test_an_approval_of_another_installation_proves_nothing():
    assert proved(*TWO, installation="there.example/trace").problem


def test_a_withdrawal_signed_for_an_approval_and_the_other_way_round_proves_nothing():
    swapped = KEYS["bob"].sign(withdrawal_text(HERE, VERSION, "bob", ""))
    assert proved(TWO[0], replace(TWO[1], signature=swapped)).problem
    approving = KEYS["alice"].sign(approval_text(HERE, VERSION, "alice"))
    standing = proved(*TWO, withdrawals=(replace(withdrawal(reason=""), signature=approving),))
    assert standing.problem
    assert standing.state is State.APPROVED


def test_an_approved_version_is_withdrawn_by_signature():
    standing = proved(*TWO, withdrawals=(withdrawal(),))
    assert (standing.state, standing.problem) == (State.WITHDRAWN, "")


@pytest.mark.parametrize(
    "wrong",
    [
        withdrawal(signed=False),
        replace(withdrawal(), reason="Autre"),
        replace(withdrawal(), withdrawn_by="bob"),
        replace(withdrawal(), signature=b""),
        withdrawal(at=9),
        withdrawal(at=1_000),
        withdrawal(place=1),
    ],
)
def test_a_withdrawal_that_is_not_proved_takes_nothing_back_and_closes(wrong):
    standing = proved(*TWO, withdrawals=(wrong,))
    assert standing.state is State.APPROVED
    assert standing.problem


def test_a_proposal_is_withdrawn_without_signature_within_its_time():
    assert proved(TWO[0], withdrawals=(withdrawal(signed=False),)).state is State.WITHDRAWN
    assert proved(TWO[0], withdrawals=(withdrawal(signed=False, at=1_000),)).problem


def test_content_that_is_not_what_its_digest_says_proves_nothing():
    assert "digest" in proved(*TWO, version=replace(VERSION, content=b"Content")).problem


def test_rows_of_another_version_count_for_nothing():
    assert proved(replace(TWO[0], version="third"), TWO[1]).state is State.PROPOSED


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("alice", "alice", True),
        ("ALICE", "operator:alice", True),
        ("operator:Alice", "alice", True),
        ("alice", "alicia", False),
        ("operator:", "alice", False),
    ],
)
def test_one_person_under_several_spellings(one, other, same):
    assert same_person(one, other) is same
