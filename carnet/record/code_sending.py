"""Sending a code by e-mail, at once and once: a code that does not arrive is asked for again. And the letter with a provisional code."""

from __future__ import annotations

import logging
from dataclasses import replace

from carnet.clock import DAY
from carnet.config import Settings
from carnet.consent.lifecycle import life
from carnet.errors import ConfigurationError, RecordClosed
from carnet.exchange.code_message import CodeKind, activation_letter, compose_code
from carnet.exchange.smtp_relay import NoAnswer, PutOff, SmtpRelay, TurnedDown
from carnet.identity.patients import traits
from carnet.metadata import PatientIdentifier
from carnet.platform import Connection
from carnet.record.activation import WITHOUT_SPACE, Sent, called, write_provisional_code
from carnet.record.gate import Gate
from carnet.record.notice_delivery import letterhead, mail_access
from carnet.record.operator_line import known_patient, write_operator_line
from carnet.record.sign_in import Sending

SECONDS = 20
"""For which the mail server is waited for: somebody is waiting for the code."""
_LOG = logging.getLogger("carnet.codes")


def can_send(settings: Settings) -> bool:
    """Whether codes can be sent by e-mail here."""
    return bool(settings.smtp_host)


def send_code(settings: Settings, kind: CodeKind, address: str, code: str, *, now: int) -> bool:
    """Hands one code to the mail server; False, told in the log without the address, when it did not take it. Blocks: call it in a thread."""
    try:
        access = replace(mail_access(settings), timeout=SECONDS)
        relay = SmtpRelay(access)
        try:
            relay.address(letterhead(settings).sender, address)
            relay.hand_over(compose_code(letterhead(settings), kind, address, code, now=now))
        finally:
            relay.close()
    except (PutOff, TurnedDown, NoAnswer, ConfigurationError) as error:
        _LOG.warning("a code was not sent: %s", type(error).__name__)
        return False
    return True


def send_one_time_code(settings: Settings, sending: Sending, *, now: int) -> bool:
    """Sends the code of a sign-in. Blocks."""
    return send_code(settings, CodeKind.ONE_TIME, sending.address, sending.code, now=now)


def send_provisional_code(settings: Settings, sent: Sent, *, now: int) -> bool:
    """Sends a provisional code. Blocks."""
    return send_code(settings, CodeKind.PROVISIONAL, sent.address, sent.code, now=now)


def issue_letter(gate: Gate, patient: PatientIdentifier, *, operator: str) -> str:
    """Makes a provisional code for a person who has no space, and the letter that carries it. Traced.

    Raises UnknownPatient, RecordClosed for somebody who has a space, died, or is a minor.
    """
    platform = gate.platform

    def work(connection: Connection) -> str:
        known = known_patient(platform, connection, patient)
        now_is = life(connection, known.patient_key)
        if now_is.state not in WITHOUT_SPACE or now_is.deceased:
            raise RecordClosed("A provisional code is for a person who has no space and may have one.")
        now, key = platform.clock(), platform.keyring.patient_key(known.pseudonym)
        code = write_provisional_code(platform, connection, known.patient_key, "post", now)
        action = "sign-in/issue-provisional-code"
        write_operator_line(platform, connection, action, operator=operator, patient=known)
        ends = now + platform.settings.provisional_code_days * DAY
        name = called(traits(connection, known.patient_key, key))
        return activation_letter(letterhead(platform.settings), name, code, expires_at=ends)

    return gate.administer(work)
