"""How far the e-mail of a notice is. Each step is durable before what follows it is done, so that a crash leaves no doubt but one.

    due -> claimed -> sending -> sent

`claimed`: a sender has it in hand, and has not handed it over: whoever finds it abandoned may take it. `sending`: the text is being handed
over; whether the mail server took it is not known before it answers. Found abandoned there, or after a broken connection, a notice is
`uncertain`. It keeps one random Message-ID whatever happens. What must reach somebody outside the space, and cannot by e-mail, waits for a
letter in `post` (R1111-28 CSP). Moments are microseconds UTC.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, func, select, update

from carnet.clock import HOUR, MINUTE
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import notice, patient

STEPS: dict[str, frozenset[str]] = {
    # state: what may follow
    "due": frozenset({"claimed", "in_space", "post"}),
    "claimed": frozenset({"sending", "due", "failed", "post"}),
    "sending": frozenset({"sent", "due", "failed", "uncertain", "post"}),
    "uncertain": frozenset({"sent", "due"}),
    "failed": frozenset({"due"}),
    "post": frozenset({"sent", "due", "in_space"}),
    "sent": frozenset(),
    "in_space": frozenset(),
}
DELIVERED = frozenset({"sent", "in_space"})
FIRST_PAUSE = 5 * MINUTE
LONGEST_PAUSE = 6 * HOUR

_NOTICE = notice.c
_NEXT = prepare(
    select(
        _NOTICE.patient_key,
        _NOTICE.notice_id,
        _NOTICE.recipient,
        _NOTICE.kind,
        _NOTICE.due_at,
        _NOTICE.attempts,
        _NOTICE.message_id,
        patient.c.pseudonym,
        _NOTICE.secret,
    )
    .join(patient, patient.c.patient_key == _NOTICE.patient_key)
    .where(_NOTICE.state == "due", _NOTICE.next_at <= bindparam("now"))
    .order_by(_NOTICE.next_at, _NOTICE.notice_id)
    .limit(1)
)
_COUNT_DUE = prepare(
    select(func.count()).select_from(notice).where(_NOTICE.state == "due", _NOTICE.next_at <= bindparam("now"))
)
_STEP = prepare(
    update(notice)
    .where(
        _NOTICE.patient_key == bindparam("of_patient"),
        _NOTICE.notice_id == bindparam("name"),
        _NOTICE.state == bindparam("before"),
        _NOTICE.claim == bindparam("held"),
    )
    .values(
        state=bindparam("after"),
        claim=bindparam("holds"),
        claimed_at=func.coalesce(bindparam("moment"), _NOTICE.claimed_at),
        attempts=_NOTICE.attempts + bindparam("more_attempts"),
        next_at=func.coalesce(bindparam("again_at"), _NOTICE.next_at),
        message_id=func.coalesce(bindparam("identity"), _NOTICE.message_id),
        answer=func.coalesce(bindparam("reply"), _NOTICE.answer),
        delivered_at=bindparam("delivered"),
    )
    .returning(_NOTICE.notice_id)
)
_ABANDONED = prepare(
    update(notice)
    .where(_NOTICE.state == bindparam("before"), _NOTICE.claimed_at < bindparam("limit"))
    .values(state=bindparam("after"), claim="", next_at=bindparam("again_at"))
    .returning(_NOTICE.notice_id)
)
_CALLED_OFF = prepare(
    update(notice)
    .where(
        _NOTICE.patient_key == bindparam("of_patient"),
        _NOTICE.recipient == "patient",
        (_NOTICE.state == "due") | (_NOTICE.state == "post"),
        (_NOTICE.kind == bindparam("what")) | (bindparam("what") == ""),
    )
    .values(state="in_space", answer=bindparam("reply"), delivered_at=bindparam("moment"))
)


@dataclass(frozen=True, slots=True)
class Held:
    """A notice in hand. `claim` is the sender's token, '' while it is only looked at; a step is refused to whoever holds another."""

    patient_key: int
    notice_id: str
    recipient: str
    kind: str
    due_at: int
    attempts: int
    message_id: str
    pseudonym: str
    secret: int = 0
    claim: str = ""


def take_up_abandoned(connection: Connection, *, now: int, claim_seconds: int, uncertain_hours: int) -> int:
    """Settles what a sender that is gone left: claimed is due again, sending is uncertain; returns how many became uncertain.

    What stayed uncertain for `uncertain_hours` is due again, under the same Message-ID.
    """
    limit = now - claim_seconds * 1_000_000
    patience = now - uncertain_hours * HOUR
    for before, after, moment in (("uncertain", "due", patience), ("claimed", "due", limit)):
        connection.execute(_ABANDONED, {"before": before, "after": after, "limit": moment, "again_at": now})
    gone = connection.execute(_ABANDONED, {"before": "sending", "after": "uncertain", "limit": limit, "again_at": now})
    return len(gone)


def next_due(connection: Connection, now: int) -> Held | None:
    """The notice that has been due longest, None when none is; it is not claimed by that."""
    rows = connection.execute(_NEXT, {"now": now})
    return Held(*rows[0]) if rows else None


def count_due(connection: Connection, now: int) -> int:
    """How many notices are due."""
    return int(connection.execute(_COUNT_DUE, {"now": now})[0][0])


def claim(connection: Connection, held: Held, *, domain: str, now: int) -> Held:
    """Takes a due notice in hand and gives it its Message-ID, once for ever: random, since it travels in clear."""
    token = secrets.token_hex(16)
    message_id = held.message_id or f"<{secrets.token_hex(20)}@{domain}>"
    _step(connection, held, "due", "claimed", holds=token, moment=now, identity=message_id)
    return replace(held, message_id=message_id, claim=token)


def keep_in_space(connection: Connection, held: Held, *, why: str, now: int) -> None:
    """No e-mail goes out: the space shows the notice, and that is how it is delivered."""
    _step(connection, held, "due", "in_space", reply=why, delivered=now)


def leave_to_the_post(connection: Connection, held: Held, before: str, *, why: str) -> None:
    """A letter must go: the notice is not delivered before somebody says that it was posted."""
    _step(connection, held, before, "post", reply=why, more_attempts=1 if before == "claimed" else 0)


def call_off(connection: Connection, patient_key: int, kinds: Collection[str], *, why: str, now: int) -> None:
    """What waits to be mailed or posted to the patient is not any more: kinds, or whatever it is when there are none.

    The space shows it. What a sender has in hand goes on to its end.
    """
    for kind in sorted(kinds) or [""]:
        connection.execute(_CALLED_OFF, {"of_patient": patient_key, "what": kind, "reply": why, "moment": now})


def begin_sending(connection: Connection, held: Held, now: int) -> bool:
    """The text is handed over after this; False when another sender has taken the notice meanwhile."""
    return _step(connection, held, "claimed", "sending", holds=held.claim, moment=now, more_attempts=1)


def mark_sent(connection: Connection, held: Held, answer: str, now: int) -> bool:
    """The mail server took it; also when it answered so late that the notice had become uncertain meanwhile."""
    late = replace(held, claim="")
    return _step(connection, held, "sending", "sent", reply=answer, delivered=now) or _step(
        connection, late, "uncertain", "sent", reply=answer, delivered=now
    )


def mark_uncertain(connection: Connection, held: Held, now: int) -> bool:
    """The connection broke while the text was handed over."""
    return _step(connection, held, "sending", "uncertain", moment=now)


def put_off(connection: Connection, held: Held, before: str, *, answer: str, now: int) -> bool:
    """Due again after a pause that doubles with each attempt; `before` is claimed or sending."""
    pause = min(FIRST_PAUSE << min(held.attempts, 16), LONGEST_PAUSE)
    more = 1 if before == "claimed" else 0
    return _step(connection, held, before, "due", reply=answer, again_at=now + pause, more_attempts=more)


def mark_failed(connection: Connection, held: Held, before: str, *, answer: str) -> bool:
    """The mail server will never take it; the space shows the notice all the same."""
    return _step(connection, held, before, "failed", reply=answer, more_attempts=1 if before == "claimed" else 0)


def settle_by_hand(
    connection: Connection, patient_key: int, notice_id: str, before: str, *, sent: bool, now: int
) -> bool:
    """What an operator found out of an uncertain notice or did by post, or wants tried again; False when its state has changed."""
    held = Held(patient_key, notice_id, "", "", 0, 0, "", "")
    if sent:
        return _step(connection, held, before, "sent", delivered=now)
    return _step(connection, held, before, "due", again_at=now)


def _step(
    connection: Connection,
    held: Held,
    before: str,
    after: str,
    *,
    holds: str = "",
    moment: int | None = None,
    more_attempts: int = 0,
    again_at: int | None = None,
    identity: str | None = None,
    reply: str | None = None,
    delivered: int | None = None,
) -> bool:
    if after not in STEPS[before]:
        raise ValueError(f"a notice does not go from {before} to {after}")
    parameters = {
        "of_patient": held.patient_key,
        "name": held.notice_id,
        "before": before,
        "held": held.claim,
        "after": after,
        "holds": holds,
        "moment": moment,
        "more_attempts": more_attempts,
        "again_at": again_at,
        "identity": identity,
        "reply": reply,
        "delivered": delivered,
    }
    return bool(connection.execute(_STEP, parameters))
