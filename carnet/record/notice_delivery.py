"""Sending notices: take one in hand, hand it over, write down what became of it; each step durable before the next (decision 0016)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from carnet.clock import HOUR
from carnet.config import Settings
from carnet.consent.care_links import medecin_traitant
from carnet.consent.lifecycle import life
from carnet.consent.majority import majority_at
from carnet.errors import ConfigurationError, IntegrityFailure, Unavailable, UnknownPatient
from carnet.exchange import notice_states as states
from carnet.exchange.notice_message import Letterhead, compose
from carnet.exchange.notice_states import Held
from carnet.exchange.notice_topics import ADDRESS_CHANGED, OUTSIDE_THE_SPACE, topic_of, wants_email
from carnet.exchange.smtp_relay import Access, MailServer, NoAnswer, PutOff, TurnedDown
from carnet.identity.contacts import address_of_patient, address_of_professional, address_since, former_address
from carnet.identity.patients import Patient, traits
from carnet.platform import Connection, PatientKey, Platform
from carnet.record.gate import Gate
from carnet.record.operator_line import write_operator_line

T = TypeVar("T")
ACTION = "notice"
IN_ONE_TRANSACTION = 100
TRIES = 5
NO_KEY = "no key"
DECEASED = "deceased"
TURNED_DOWN_IN_A_ROW = 10
"""So many say that the mail server refuses us, not the recipients: the run ends, and an operator looks."""
_LOG = logging.getLogger("carnet.notices")


@dataclass(frozen=True, slots=True)
class _Ready:
    held: Held
    address: str


def letterhead(settings: Settings) -> Letterhead:
    """Who writes, by the settings."""
    return Letterhead(settings.notice_sender, settings.notice_service_name, settings.notice_space_address)


def mail_access(settings: Settings) -> Access:
    """How to reach the mail server. Raises ConfigurationError without smtp_host, or when the password's file cannot be read."""
    if not settings.smtp_host:
        raise ConfigurationError("No notice is sent by e-mail: the setting smtp_host names no mail server.")
    return Access(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        authorities=str(settings.path("smtp_authorities")) if settings.smtp_authorities else "",
        user=settings.smtp_user,
        password=_password(settings),
        timeout=settings.smtp_timeout,
    )


def _password(settings: Settings) -> str:
    if not settings.smtp_password_file:
        return ""
    try:
        return settings.path("smtp_password_file").read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("The file that smtp_password_file names cannot be read.") from None


def deliver(gate: Gate, server: MailServer, *, operator: str) -> Counter[str]:
    """Sends every notice that is due; returns how many came to each end: sent, in_space, post, put_off, failed, uncertain, left.

    `left` were not tried, because the mail server cannot be reached or turns everything down. Several may run at once.
    """
    in_a_row = 0
    done: Counter[str] = Counter()
    done["uncertain"] += gate.administer(partial(_take_up_abandoned, gate.platform))
    while True:
        ready, kept = gate.administer(partial(_claim_next, gate.platform))
        done += kept
        if ready is None:
            if kept.total() < IN_ONE_TRANSACTION:
                return done
            continue
        end, relay_down = _send(gate, server, ready, operator)
        done[end] += 1
        in_a_row = in_a_row + 1 if end == "failed" else 0
        if relay_down or in_a_row == TURNED_DOWN_IN_A_ROW:
            done["left"] += gate.read(partial(states.count_due, now=gate.platform.clock()))
            return done


def _take_up_abandoned(platform: Platform, connection: Connection) -> int:
    settings = platform.settings
    return states.take_up_abandoned(
        connection,
        now=platform.clock(),
        claim_seconds=settings.notice_claim_seconds,
        uncertain_hours=settings.notice_uncertain_hours,
    )


def _claim_next(platform: Platform, connection: Connection) -> tuple[_Ready | None, Counter[str]]:
    """The next notice to send, claimed, and how many before it are not for e-mail; None when none is due, or enough were kept."""
    now = platform.clock()
    kept: Counter[str] = Counter()
    while kept.total() < IN_ONE_TRANSACTION:
        held = states.next_due(connection, now)
        if held is None:
            break
        address, why = _address(platform, connection, held, now)
        if address:
            return _Ready(
                states.claim(connection, held, domain=letterhead(platform.settings).domain, now=now), address
            ), kept
        kept[_keep(connection, held, why, now)] += 1
    return None, kept


def _keep(connection: Connection, held: Held, why: str, now: int) -> str:
    if held.kind in OUTSIDE_THE_SPACE and why not in {NO_KEY, DECEASED}:
        states.leave_to_the_post(connection, held, "due", why=why)
        return "post"
    states.keep_in_space(connection, held, why=why, now=now)
    return "in_space"


def _address(platform: Platform, connection: Connection, held: Held, now: int) -> tuple[str, str]:
    """Where the e-mail goes, or '' and why there is none."""
    if held.recipient == "patient" and life(connection, held.patient_key).deceased:
        return "", DECEASED
    if held.secret:
        return "", "secret"
    try:
        match held.recipient:
            case "patient" if held.kind == ADDRESS_CHANGED:
                key = platform.keyring.patient_key(held.pseudonym)
                address, since = former_address(connection, held.patient_key, key)
                if _was_given_for_a_minor(connection, held.patient_key, key, since, now):
                    return "", "given for a minor"
            case "patient":
                if not wants_email(connection, held.patient_key, topic_of(held.kind)):
                    return "", "not wanted"
                key = platform.keyring.patient_key(held.pseudonym)
                address = address_of_patient(connection, held.patient_key, key)
                since = address_since(connection, held.patient_key)
                if address and _was_given_for_a_minor(connection, held.patient_key, key, since, now):
                    return "", "given for a minor"
            case "medecin_traitant":
                address = address_of_professional(connection, medecin_traitant(connection, held.patient_key, now=now))
            case _:
                address = ""
    except (UnknownPatient, IntegrityFailure):
        return "", NO_KEY
    return address, "" if address else "no address"


def _was_given_for_a_minor(connection: Connection, patient_key: int, key: PatientKey, since: int, now: int) -> bool:
    """Whether an address, since then, was given for a minor who is of age by now: it may be that of a parent, who acts no longer."""
    try:
        majority = majority_at(traits(connection, patient_key, key).birth_date)
    except ValueError:
        return True
    return since < majority <= now


def _send(gate: Gate, server: MailServer, ready: _Ready, operator: str) -> tuple[str, bool]:
    """Sends one notice; how it ended, and whether the mail server is down."""
    platform, held = gate.platform, ready.held
    head = letterhead(platform.settings)
    before = "claimed"
    try:
        server.address(head.sender, ready.address)
        if not gate.administer(lambda connection: states.begin_sending(connection, held, platform.clock())):
            return "taken", False
        before = "sending"
        about = {"message_id": held.message_id, "kind": held.kind}
        text = compose(head, held.recipient, ready.address, due_at=held.due_at, **about)
        answer = server.hand_over(text)
    except PutOff as error:
        if not error.relay_down and _too_long(platform, held):
            return _turned_down(gate, held, before, error.answer, operator), False
        _finish(gate, partial(_put_off, platform, held, before, error.answer))
        return "put_off", error.relay_down
    except TurnedDown as error:
        return _turned_down(gate, held, before, error.answer, operator), False
    except NoAnswer:
        _finish(gate, lambda c: states.mark_uncertain(c, held, platform.clock()))
        return "uncertain", False
    _finish(gate, partial(_mark_sent, platform, held, answer, operator))
    return "sent", False


def _turned_down(gate: Gate, held: Held, before: str, answer: str, operator: str) -> str:
    platform = gate.platform
    by_post = held.kind in OUTSIDE_THE_SPACE

    def work(connection: Connection) -> None:
        if by_post:
            states.leave_to_the_post(connection, held, before, why=answer)
        else:
            states.mark_failed(connection, held, before, answer=answer)
        _note(platform, connection, held, operator, failure=answer)

    _finish(gate, work)
    _LOG.warning("a notice was turned down", extra={"reason": answer})
    return "post" if by_post else "failed"


def _too_long(platform: Platform, held: Held) -> bool:
    """Whether the recipient's server has put it off for longer than the setting notice_give_up_hours."""
    return platform.clock() - held.due_at > platform.settings.notice_give_up_hours * HOUR


def _put_off(platform: Platform, held: Held, before: str, answer: str, connection: Connection) -> None:
    states.put_off(connection, held, before, answer=answer, now=platform.clock())


def _mark_sent(platform: Platform, held: Held, answer: str, operator: str, connection: Connection) -> None:
    states.mark_sent(connection, held, answer, platform.clock())
    _note(platform, connection, held, operator)


def _note(platform: Platform, connection: Connection, held: Held, operator: str, *, failure: str = "") -> None:
    """The line of the patient's trace: that somebody was told by e-mail. Nothing when the person's key was destroyed meanwhile."""
    try:
        platform.keyring.patient_key(held.pseudonym)
    except UnknownPatient:
        return
    write_operator_line(
        platform,
        connection,
        ACTION,
        operator=operator,
        patient=Patient(held.patient_key, held.pseudonym),
        detail=f"{held.kind} to {held.recipient} by e-mail" + (f": turned down, {failure}" if failure else ""),
        objects=(held.notice_id,),
    )


def _finish(gate: Gate, work: Callable[[Connection], T]) -> T:
    """Writes what became of a notice, trying again while the database is busy: what is known must not be lost."""
    for _ in range(TRIES - 1):
        try:
            return gate.administer(work)
        except Unavailable:
            _LOG.warning("the database is busy")
    return gate.administer(work)
