"""A form does something when one of our pages made it, in this session, for this record: otherwise nothing."""

from __future__ import annotations

import pytest

from carnet.portal.form_protection import ForeignForm, OtherRecord, check, token

KEY = b"k" * 32


def test_a_token_holds_for_its_session_and_record_and_is_never_twice_the_same():
    made = {token(KEY, "mine") for _ in range(20)}
    assert len(made) == 20
    for one in made:
        check(KEY, "mine", one)


def test_a_token_of_another_record_says_so():
    with pytest.raises(OtherRecord):
        check(KEY, "child", token(KEY, "mine"))


@pytest.mark.parametrize("wrong", ["", "x", "\u00e9", "A" * 64, "===="])
def test_any_other_token_is_foreign(wrong):
    with pytest.raises(ForeignForm):
        check(KEY, "mine", wrong)


def test_a_token_of_another_session_or_cut_short_is_foreign():
    for wrong in (token(b"z" * 32, "mine"), token(KEY, "mine")[:-4]):
        with pytest.raises(ForeignForm):
            check(KEY, "mine", wrong)
