"""What signing in left is deleted when nothing needs it any more, and nothing earlier: a device stays known for a year."""

from __future__ import annotations

import pytest

from carnet.clock import DAY, HOUR, MINUTE
from carnet.demo.people import PAT_TROIS
from carnet.identity.past_sign_ins import CODES_KEPT, DEVICE_KNOWN, KEPT, forget_leftovers, forget_sessions
from carnet.identity.patients import find, register
from carnet.identity.session_rows import Limits
from carnet.identity.sessions import Details, Level, Opening, Purpose, device_is_known, open_session, session_of

NOW = 2_000 * DAY
LIMITS = Limits(15 * MINUTE, 8 * HOUR)


@pytest.fixture
def person(connection, keyring):
    register(connection, keyring, PAT_TROIS.traits, PAT_TROIS.identifier, 1)
    found = find(connection, keyring, PAT_TROIS.identifier)
    return found, keyring.patient_key(found.pseudonym)


def begin(connection, keyring, person, at, device="", purpose=Purpose.SPACE):
    patient, key = person
    opening = Opening(purpose, "provider", Level.STRONG, device, Details("a phone"))
    token, _ = open_session(connection, keyring, key, patient.patient_key, opening, now=at, limits=LIMITS)
    return token


def kept(connection):
    return connection._raw.execute("SELECT count(*) FROM space_session").fetchone()[0]


def test_a_session_goes_a_month_after_its_end_and_the_last_of_a_device_after_a_year(connection, keyring, person):
    device = "d" * 43
    begin(connection, keyring, person, NOW)
    begin(connection, keyring, person, NOW, purpose=Purpose.ACTIVATION, device=device)
    begin(connection, keyring, person, NOW, device)
    begin(connection, keyring, person, NOW + DAY, device)
    assert forget_sessions(connection, NOW + KEPT, count=100) == 0
    assert forget_sessions(connection, NOW + KEPT + 2 * DAY, count=100) == 3
    assert device_is_known(connection, person[0].patient_key, device)
    assert forget_sessions(connection, NOW + DEVICE_KNOWN, count=100) == 0
    assert forget_sessions(connection, NOW + DEVICE_KNOWN + 2 * DAY, count=100) == 1
    assert not device_is_known(connection, person[0].patient_key, device)


def test_a_session_that_may_be_used_stays(connection, keyring, person):
    token = begin(connection, keyring, person, NOW)
    forget_sessions(connection, NOW + MINUTE, count=100)
    assert session_of(connection, token, now=NOW + MINUTE, limits=LIMITS) is not None


def test_sessions_go_a_page_at_a_time(connection, keyring, person):
    for number in range(5):
        begin(connection, keyring, person, NOW + number)
    later = NOW + KEPT + DAY
    assert [forget_sessions(connection, later, count=2) for _ in range(4)] == [2, 2, 1, 0]
    assert kept(connection) == 0


def test_codes_attempts_and_counts_go_when_their_time_is_over(connection, person):
    raw, key = connection._raw, person[0].patient_key
    for number, at in enumerate((NOW - 3 * HOUR, NOW + MINUTE)):
        raw.execute("INSERT INTO sign_in_attempt VALUES (?, 'provider', x'', x'', ?)", (bytes([number]), at))
        raw.execute("INSERT INTO one_time_code VALUES (?, x'', NULL, x'', 0, ?)", (str(number), at))
        raw.execute("INSERT INTO sign_in_count VALUES (x'00', ?, 1)", (at,))
        issued = at - CODES_KEPT
        raw.execute(
            "INSERT INTO provisional_code VALUES (?, ?, x'', 'post', ?, ?, 0, NULL, '')",
            (key, str(number), issued, issued),
        )
    assert forget_leftovers(connection, NOW) == 3
    for table in ("sign_in_attempt", "one_time_code", "sign_in_count", "provisional_code"):
        assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,), table
