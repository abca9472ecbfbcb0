"""A sender of notices that is killed on the way, or works beside another: each notice is taken once, whatever happened."""

from __future__ import annotations

import contextlib
import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from notice_runs import MINE, OPERATOR, owed, sent, states

from carnet.clock import HOUR
from carnet.config import load
from carnet.demo.people import PATIENTS
from carnet.errors import Unavailable
from carnet.exchange import notice_states
from carnet.exchange.notices import find_notice
from carnet.exchange.smtp_relay import NoAnswer, SmtpRelay
from carnet.platform import build
from carnet.record.gate import Gate
from carnet.record.notice_delivery import deliver, letterhead, mail_access
from carnet.record.notice_office import NoticeOffice
from carnet.soap.ebrim_render import EbrimRenderer

# --- killed on the way --------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The sender's process is gone."""


@dataclass
class Dies:
    """A mail server that takes everything, before a sender that dies once at `at`: address, hand over or answer."""

    at: str
    taken: list[bytes] = field(default_factory=list)

    def address(self, _sender, _recipient):
        self._perhaps("address")

    def hand_over(self, message):
        self._perhaps("hand over")
        self.taken.append(message)
        self._perhaps("answer")
        return "250"

    def _perhaps(self, point):
        if self.at == point:
            self.at = ""
            raise Killed


LEASE = 241 * 1_000_000
"""Just over `notice_claim_seconds` of the tests' settings."""


def killed(room, server):
    with pytest.raises(Killed):
        sent(room, server)


@pytest.mark.parametrize("at", ["address", "before sending is durable"])
def test_killed_before_the_text_is_handed_over_it_is_sent_once_by_the_next_sender(post, at, monkeypatch):
    owed(post)
    server = Dies(at)
    if at != "address":
        with monkeypatch.context() as patch:
            patch.setattr(notice_states, "begin_sending", lambda *_: (_ for _ in ()).throw(Killed))
            killed(post, server)
    else:
        killed(post, server)
    assert states(post) == {"claimed": 1}
    assert sent(post, server) == Counter()  # not before the claim has run out
    post.now += LEASE
    assert sent(post, server) == Counter(sent=1)
    assert len(server.taken) == 1


@pytest.mark.parametrize(("at", "already"), [("hand over", 0), ("answer", 1)])
def test_killed_while_the_text_is_handed_over_it_is_uncertain_and_nobody_sends_it_unasked(post, at, already):
    owed(post)
    server = Dies(at)
    killed(post, server)
    assert states(post) == {"sending": 1}
    post.now += LEASE
    assert sent(post, server) == Counter(uncertain=1)
    for _ in range(3):
        post.now += HOUR
        assert sent(post, server) == Counter()
    assert len(server.taken) == already
    (one,) = NoticeOffice(post.gate, OPERATOR).in_state("uncertain")
    NoticeOffice(post.gate, OPERATOR).settle(one.notice_id, sent=bool(already))
    assert sent(post, server) == Counter({"sent": 1 - already} if not already else {})
    assert len(server.taken) == 1
    assert states(post) == {"sent": 1}


def test_killed_after_the_answer_and_before_it_is_written_it_was_sent_once(post, monkeypatch):
    owed(post)
    server = Dies("")
    with monkeypatch.context() as patch:
        patch.setattr(notice_states, "mark_sent", lambda *_: (_ for _ in ()).throw(Killed))
        killed(post, server)
    post.now += LEASE
    assert sent(post, server) == Counter(uncertain=1)
    assert len(server.taken) == 1


def test_what_nobody_settles_is_sent_again_as_the_very_same_message(post):
    owed(post)
    server = Dies("answer")
    killed(post, server)
    post.now += LEASE
    sent(post, server)
    post.now += 24 * HOUR
    assert sent(post, server) == Counter(sent=1)
    assert len(server.taken) == 2
    assert server.taken[0] == server.taken[1]


def test_a_connection_that_breaks_while_the_text_is_handed_over_makes_it_uncertain(post, mail_server):
    owed(post, 2)
    mail_server.drop_after_data = True
    done = sent(post)
    assert done["uncertain"] == 2
    assert states(post) == {"uncertain": 2}
    assert len(mail_server.taken) == 2
    post.now += HOUR
    assert sent(post) == Counter()


@pytest.mark.parametrize("at", ["address", "hand over", "answer", ""])
def test_whatever_kills_the_sender_every_notice_ends_and_none_is_taken_twice(post, at):
    """Twelve notices, a sender killed at the fifth; then an operator settles what is uncertain by the mail server's own log."""
    owed(post, 12)
    server = Dies("")
    server.address = _at_the(5, at == "address", server.address)
    server.hand_over = _at_the(5, at in {"hand over", "answer"}, server.hand_over, late=at == "answer")
    if at:
        killed(post, server)
    post.now += LEASE
    sent(post, server)
    office = NoticeOffice(post.gate, OPERATOR)
    log = {line for message in server.taken for line in message.split(b"\r\n") if line.startswith(b"Message-ID")}
    for one in office.in_state("uncertain"):
        office.settle(one.notice_id, sent=f"Message-ID: {one.message_id}".encode() in log)
    sent(post, server)
    assert states(post) == {"sent": 12}
    assert len(server.taken) == len(set(server.taken)) == 12


def _at_the(number, dies, function, *, late=False):
    """The function, dying at its n-th call, before it or after it."""
    calls = []

    def counted(*given):
        calls.append(1)
        if dies and not late and len(calls) == number:
            raise Killed
        answer = function(*given)
        if dies and late and len(calls) == number:
            raise Killed
        return answer

    return counted


def test_control_a_build_that_marks_after_sending_without_a_claim_sends_twice(post, monkeypatch):
    owed(post)
    server = Dies("answer")

    def look(connection, held, *, domain, now):
        return replace(held, message_id=f"<{held.notice_id}@{domain}>")

    monkeypatch.setattr(notice_states, "claim", look)
    monkeypatch.setattr(notice_states, "begin_sending", lambda *_: True)
    killed(post, server)
    monkeypatch.undo()
    post.now += LEASE
    sent(post, server)
    assert len(server.taken) == 2


@pytest.mark.parametrize("seed", range(12))
def test_random_histories_of_kills_refusals_and_operators_end_with_each_notice_taken_once(post, seed):
    """Nobody waits a day here, so that nothing is sent again unasked."""
    chance = random.Random(seed)
    owed(post, 8)
    taken: list[bytes] = []
    office = NoticeOffice(post.gate, OPERATOR)
    for _ in range(40):
        server = Dies("", taken)
        number, at = chance.randrange(1, 4), chance.choice(["address", "hand over", "answer", "", ""])
        server.address = _at_the(number, at == "address", server.address)
        server.hand_over = _at_the(number, at in {"hand over", "answer"}, server.hand_over, late=at == "answer")
        with contextlib.suppress(Killed):
            sent(post, server)
        post.now += chance.choice([1, LEASE, HOUR // 4])
        for one in office.in_state("uncertain"):
            if chance.random() < 0.5:
                office.settle(one.notice_id, sent=any(one.message_id.encode() in message for message in taken))
        if states(post) == {"sent": 8}:
            break
    assert states(post) == {"sent": 8}
    assert len(taken) == len(set(taken)) == 8


def test_a_mail_server_that_turns_everything_down_is_not_let_to_fail_all(post, mail_server):
    owed(post, 15)
    mail_server.refused[MINE] = "554 5.7.1 relay access denied"
    assert sent(post) == Counter(failed=10, left=5)


def test_who_has_no_space_yet_is_told_of_it_and_of_the_right_to_object(post, mail_server):
    owed(post, kind="enrolment-information")
    sent(post)
    (message,) = mail_server.messages
    assert "six semaines" in message.get_content()
    assert "object" in message.get_content()
    assert message["Subject"].startswith("Votre espace")


# --- two at once --------------------------------------------------------------------------------------------------------


def test_two_senders_at_once_send_each_notice_once(post, mail_server, home):
    owed(post, 30)
    settings = replace(load(home, {}), **mail_server.settings())
    done: list[Counter] = []

    def one_sender():
        platform = build(settings, EbrimRenderer(), clock=lambda: post.now, worker="second")
        relay = SmtpRelay(mail_access(settings))
        done.append(deliver(Gate(platform), relay, operator=OPERATOR))
        relay.close()
        platform.close()

    senders = [threading.Thread(target=one_sender) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sum(one["sent"] for one in done) == 30
    assert len(mail_server.taken) == 30
    assert len({message["Message-ID"] for message in mail_server.messages}) == 30


def test_a_sender_that_was_taken_for_dead_does_not_send_what_another_has_taken(post):
    owed(post)
    server = Dies("")
    address = server.address

    def slow(sender, recipient):
        address(sender, recipient)
        server.address = address
        post.now += LEASE
        assert sent(post, server) == Counter(sent=1)

    server.address = slow
    assert sent(post, server) == Counter(taken=1)
    assert len(server.taken) == 1


def test_a_busy_database_does_not_lose_what_the_mail_server_said(post):
    owed(post)
    server = Dies("")
    hand_over = server.hand_over

    def then_busy(message):
        answer = hand_over(message)
        post.connection.fail("BEGIN", Unavailable("busy"))
        return answer

    server.hand_over = then_busy
    assert sent(post, server) == Counter(sent=1)
    assert states(post) == {"sent": 1}


def test_an_unknown_answer_is_kept_as_uncertain(post):
    owed(post)
    server = Dies("")

    def broken(_message):
        raise NoAnswer

    server.hand_over = broken
    assert sent(post, server) == Counter(uncertain=1)
    (one,) = NoticeOffice(post.gate, OPERATOR).in_state("uncertain")
    assert find_notice(post.connection, one.notice_id).attempts == 1


def test_the_letterhead_is_the_settings(post):
    head = letterhead(post.platform.settings)
    assert (head.domain, head.service) == ("carnet.example", "Carnet")


def test_everybody_s_notices_go_out(post, mail_server):
    office = NoticeOffice(post.gate, OPERATOR)
    for number, patient in enumerate(PATIENTS):
        office.set_address(patient.identifier, f"person{number}@carnet.example")
        owed(post, patient=patient)
    assert sent(post) == Counter(sent=len(PATIENTS))
    assert sorted(mail_server.recipients) == [f"person{number}@carnet.example" for number in range(len(PATIENTS))]
