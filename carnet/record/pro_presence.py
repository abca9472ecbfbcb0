"""Which professional is signed in: who a cookie is, in which situation they practise, signing out here or everywhere, and the provider's word."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from carnet.errors import Refused, Unauthenticated, Unavailable
from carnet.identity.logout_tokens import use_logout_token
from carnet.identity.practice_situations import Situation
from carnet.identity.pro_sessions import (
    CARD,
    ProDetails,
    ProSession,
    end_pro_by_provider,
    end_pro_session,
    end_pro_sessions,
    note_pro_use,
    practise,
    pro_session_of,
)
from carnet.identity.record_openings import leave_rows
from carnet.identity.sessions import NOTED_AFTER
from carnet.platform import Connection
from carnet.record.gate import Gate
from carnet.record.groups import OF_NOBODY
from carnet.record.practising import Practice, is_entitled, practice, requester_in
from carnet.record.pro_desk import ProCase, ProDesk, pro_limits
from carnet.record.pro_sign_in import card_holder
from carnet.record.sign_in_desk import Visitor

BY_PERSON, BY_CARD_GONE = "person", "card"


@dataclass(frozen=True, slots=True)
class ProPresent:
    """A professional who is signed in: the session, and what was known of them at sign-in.

    `situation` is the one in which they practise, None until they have chosen one that the matrix opens to the portal, as it is now.
    """

    session: ProSession
    details: ProDetails
    situation: Situation | None

    @property
    def situations(self) -> Mapping[str, Situation]:
        """Theirs, by their keys."""
        return {one.key: one for one in self.details.situations}


def pro_present(gate: Gate, token: str, der: bytes | None) -> ProPresent | None:
    """Whose session a cookie is, None when it is no living one. `der` is the client certificate of the connection.

    A session that began by a card is of that card's connections alone, as long as its certificate is good: any other ends it.
    Its use is noted, once a minute. Raises Unavailable.
    """
    platform = gate.platform
    now = platform.clock()

    def read(connection: Connection) -> ProPresent | None:
        found = pro_session_of(connection, token, now=now, limits=pro_limits(platform))
        if found is None:
            return None
        details = found.details(platform.keyring.actor_key())
        chosen = next((one for one in details.situations if one.key == found.situation), None)
        entitled = chosen is not None and is_entitled(platform, requester_in(chosen, found.professional, ""))
        return ProPresent(found, details, chosen if entitled else None)

    who = gate.read(read)
    if who is None:
        return None
    if who.session.method == CARD and not _card_is_there(gate, who.session, der):
        ProDesk(gate, Visitor()).perform("pro-card-gone", partial(_end_for_card, who=who))
        return None
    if now - who.session.seen_at >= NOTED_AFTER:
        with contextlib.suppress(Unavailable):  # it ends earlier, that is all
            gate.administer(lambda connection: note_pro_use(connection, who.session, now=now), turn=OF_NOBODY)
    return who


def _card_is_there(gate: Gate, session: ProSession, der: bytes | None) -> bool:
    shown = hashlib.sha256(der or b"").hexdigest()
    if der is None or not hmac.compare_digest(shown, session.certificate):
        return False
    try:
        return card_holder(gate.platform, der).identifier == session.professional
    except Unauthenticated:
        return False


def practices(gate: Gate, who: ProPresent) -> tuple[Practice, ...]:
    """The situations of somebody who is signed in, each with what the matrix says of it."""
    return tuple(practice(gate.platform, one, who.session.professional) for one in who.details.situations)


@dataclass(frozen=True, slots=True)
class ProSessions(ProDesk):
    """What a professional who is signed in does with sessions."""

    who: ProPresent

    def choose(self, key: str) -> bool:
        """Practises in another of their situations from now on; False for none of theirs. Raises Refused where the matrix does not open it.

        The records that are open in the session are left: what was opened, stated or begun in one quality does not go on in another.
        """
        return self.perform("pro-situation", partial(_choose, who=self.who, key=key))

    def sign_out(self) -> str:
        """Ends this session; returns the ID token that the provider wants to see, '' for a session by card."""
        return self.perform("pro-sign-out", partial(_sign_out, who=self.who))

    def sign_out_everywhere(self) -> int:
        """Ends every session of the professional, this one too; returns how many."""
        return self.perform("pro-sign-out-everywhere", partial(_everywhere, who=self.who))


def _about(case: ProCase, who: ProPresent) -> None:
    case.professional, case.name, case.known = who.session.professional, who.details.name, True
    case.situation, case.certificate, case.detail = who.situation, who.session.certificate, who.session.session_id


def _end_for_card(case: ProCase, *, who: ProPresent) -> None:
    _about(case, who)
    end_pro_session(case.connection, who.session.session_id, by=BY_CARD_GONE, now=case.now)


def _choose(case: ProCase, *, who: ProPresent, key: str) -> bool:
    _about(case, who)
    found = who.situations.get(key)
    if found is None:
        case.detail = "nothing changed"
        return False
    case.situation = found
    if not practice(case.platform, found, who.session.professional).entitled:
        raise Refused("The matrix does not open the portal to this situation.", rules=("functional-right",))
    if key != who.session.situation:
        person, session_id = who.session.professional, who.session.session_id
        leave_rows(case.connection, case.platform.keyring, person, session_id, now=case.now)
    return practise(case.connection, who.session, key, now=case.now)


def _sign_out(case: ProCase, *, who: ProPresent) -> str:
    _about(case, who)
    end_pro_session(case.connection, who.session.session_id, by=BY_PERSON, now=case.now)
    return who.details.id_token


def _everywhere(case: ProCase, *, who: ProPresent) -> int:
    _about(case, who)
    ended = end_pro_sessions(case.connection, who.session.professional, by=BY_PERSON, now=case.now)
    case.detail = f"{ended} sessions"
    return ended


def end_pro_at_providers_word(gate: Gate, visitor: Visitor, issuer: str, claims: Mapping[str, Any]) -> int:
    """Ends what a verified logout token names, and traces it; returns how many sessions. A token counts once.

    Raises SignInFailed for a token that came before.
    """
    work = partial(_at_providers_word, issuer=issuer, claims=claims)
    return ProDesk(gate, visitor).perform("pro-provider-logout", work)


def _at_providers_word(case: ProCase, *, issuer: str, claims: Mapping[str, Any]) -> int:
    session, subject = use_logout_token(case.connection, "logout of a professional", issuer, claims, now=case.now)
    keyring = case.platform.keyring
    ended = end_pro_by_provider(case.connection, keyring, issuer, session=session, subject=subject, now=case.now)
    case.detail = " ".join(one for _professional, one in ended) or "nothing changed"
    return len(ended)
