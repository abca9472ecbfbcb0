"""Notices that are owed, and runs that send them."""

from __future__ import annotations

from carnet.demo.people import PAT_TROIS
from carnet.exchange.notices import owe
from carnet.exchange.smtp_relay import SmtpRelay
from carnet.identity.patients import find as find_patient
from carnet.record.notice_delivery import deliver, mail_access

OPERATOR = "operator:timer"


MINE, DOCTOR = "colibri@carnet.example", "docteur@mssante.example"


MINE, DOCTOR = "colibri@carnet.example", "docteur@mssante.example"


def owed(room, number=1, patient=PAT_TROIS, kind="record-opened"):
    key = find_patient(room.connection, room.platform.keyring, patient.identifier).patient_key
    room.now += 1
    for one in range(number):
        room.gate.administer(
            lambda c, one=one: owe(c, key, kind=kind, recipient="patient", cause=str(one), now=room.now + one)
        )
    room.now += number


def sent(room, server=None):
    """One run with a connection of its own."""
    relay = server or SmtpRelay(mail_access(room.platform.settings))
    try:
        return +deliver(room.gate, relay, operator=OPERATOR)
    finally:
        if server is None:
            relay.close()


def states(room):
    return dict(room.rows("SELECT state, count(*) FROM notice GROUP BY state"))
