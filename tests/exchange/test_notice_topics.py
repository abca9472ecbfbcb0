"""What a patient wants by e-mail, by topic; silence is yes."""

from __future__ import annotations

import pytest

from carnet.exchange.notice_topics import CHOOSABLE, SECURITY, SENTENCES, prefer, sentences, topic_of, wants_email


def test_silence_is_yes_and_a_no_holds_for_its_topic_and_person_alone(connection):
    assert all(wants_email(connection, 1, topic) for topic in CHOOSABLE)
    assert prefer(connection, 1, "emergency", email=False, now=1)
    assert not wants_email(connection, 1, "emergency")
    assert wants_email(connection, 1, "document")
    assert wants_email(connection, 2, "emergency")


def test_a_change_ends_the_row_before_and_one_that_changes_nothing_writes_nothing(connection):
    assert not prefer(connection, 1, "emergency", email=True, now=1)
    assert prefer(connection, 1, "emergency", email=False, now=2)
    assert not prefer(connection, 1, "emergency", email=False, now=3)
    assert prefer(connection, 1, "emergency", email=True, now=4)
    rows = connection._raw.execute("SELECT email, since, until FROM notice_preference ORDER BY since").fetchall()
    assert rows == [("no", 2, 4), ("yes", 4, None)]
    assert wants_email(connection, 1, "emergency")


def test_an_unknown_topic_is_told(connection):
    with pytest.raises(ValueError, match="emergency"):
        prefer(connection, 1, "weather", email=True, now=1)


@pytest.mark.parametrize(
    ("kind", "topic"),
    [("emergency-access-bris_de_glace", "emergency"), ("document-announced", "document"), ("whatever", "other")],
)
def test_each_kind_has_a_topic_that_can_be_chosen(kind, topic):
    assert topic_of(kind) == topic
    assert topic in CHOOSABLE


def test_the_space_says_each_kind_in_french_and_english_and_something_of_an_unknown_one():
    assert all(french != english for french, english in SENTENCES.values())
    assert sentences("whatever")[0]


def test_what_is_about_security_cannot_be_switched_off(connection):
    assert topic_of("sign-in-new-device") in SECURITY
    with pytest.raises(ValueError, match="emergency"):
        prefer(connection, 1, "sign-in", email=False, now=1)
    connection._raw.execute("PRAGMA foreign_keys=OFF")
    connection._raw.execute("INSERT INTO notice_preference VALUES (1, 'old', 'sign-in', 'no', 1, NULL)")
    assert wants_email(connection, 1, "sign-in")
    connection._raw.execute("INSERT INTO notice_preference VALUES (1, 'control', 'document', 'no', 1, NULL)")
    assert not wants_email(connection, 1, "document")
