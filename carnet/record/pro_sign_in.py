"""How professionals sign in to the portal: by Pro Santé Connect, or by the certificate of their card. Each ends in a session, or in a refusal.

Who is in a session shows again in the same ways who they are (step-up): the session goes on under a new cookie.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from carnet.clock import MINUTE
from carnet.errors import CarnetError, SignInFailed
from carnet.identity.certificate_kind import CertificateKind, HolderCertificate
from carnet.identity.certificates import Purpose
from carnet.identity.directory import Professional
from carnet.identity.oidc_client import Arrival, Begun
from carnet.identity.practice_situations import Situation, StatedPerson, read_person
from carnet.identity.pro_sessions import (
    CARD,
    PROVIDER,
    ProDetails,
    ProOpening,
    ProSession,
    chosen_situation,
    open_pro_session,
    renew_pro_session,
)
from carnet.identity.sign_in_attempts import begin, take
from carnet.platform import Platform
from carnet.record.practising import known_situations, person_in_directory, practice, stated_situations
from carnet.record.pro_desk import ProCase, ProDesk, ProSignedIn, pro_limits

BY_PROVIDER, BY_CARD = f"pro-{PROVIDER}", f"pro-{CARD}"
"""Names of the acts."""
BEGUN_LASTS = 10 * MINUTE


class NotInDirectory(SignInFailed):
    """The person is identified, and the directory has no situation in which they could practise here."""


@dataclass(frozen=True, slots=True)
class ProBegun:
    """A sign-in at the provider that was begun. `since` is when (microseconds UTC); `again` that a session is to be confirmed by it."""

    begun: Begun
    since: int
    again: bool


@dataclass(frozen=True, slots=True)
class ProSignIn(ProDesk):
    """The ways in."""

    def begin_provider(self, *, again: bool = False) -> Begun:
        """Keeps the secrets of a sign-in at the provider for this browser. Raises TooManyTries."""
        begun = Begun.new()
        self.perform(f"begin-{BY_PROVIDER}", partial(_begin, begun=begun, again=again), quiet=True)
        return begun

    def take_provider(self, state: str) -> ProBegun:
        """What was kept with a state, once. Raises SignInFailed, traced: it was not begun in this browser, or it came before."""
        return self.perform(f"{BY_PROVIDER}-return", partial(_take, state=state), quiet=True)

    def by_provider(self, arrival: Arrival, former: ProSession | None = None) -> ProSignedIn:
        """Signs in whom the provider identified. `former` is the session that goes on by it, of the same person.

        Raises SignInFailed, NotInDirectory.
        """
        return self.perform(BY_PROVIDER, partial(_by_provider, arrival=arrival, former=former))

    def by_card(self, der: bytes | None, former: ProSession | None = None) -> ProSignedIn:
        """Signs in the holder of the card whose certificate opened the connection. Raises SignInFailed, CertificateInvalid, NotInDirectory."""
        with contextlib.suppress(CarnetError):
            card_holder(self.platform, der or b"")  # the long part, outside the transaction: the verdict is remembered
        return self.perform(BY_CARD, partial(_by_card, der=der, former=former))

    def failed(self, name: str, error: SignInFailed) -> None:
        """Traces a sign-in that failed before it came here: what the provider sent back was not right."""

        def work(case: ProCase) -> None:
            case.count_visit("professional's address of what failed")
            raise error

        try:
            self.perform(name, work)
        except SignInFailed:
            return


def card_holder(platform: Platform, der: bytes) -> HolderCertificate:
    """Whom the certificate of a connection names, when it is the authentication certificate of a professional's card, valid and not revoked now.

    Raises CertificateInvalid, SignInFailed for a certificate of another kind.
    """
    holder = platform.certificates.check(der, purpose=Purpose.CONNECTION)
    if holder.kind is not CertificateKind.CPS_AUTHENTICATION:
        raise SignInFailed("the certificate is not that of a professional's card")
    return holder


def _begin(case: ProCase, *, begun: Begun, again: bool) -> None:
    case.count_visit()
    begin(
        case.connection,
        case.platform.keyring.actor_key(),
        BY_PROVIDER,
        state=begun.state,
        browser=case.visitor.browser,
        values={
            "nonce": begun.nonce,
            "verifier": begun.verifier,
            "since": str(case.now),
            "again": "1" if again else "",
        },
        now=case.now,
        expires_at=case.now + BEGUN_LASTS,
    )


def _take(case: ProCase, *, state: str) -> ProBegun:
    case.count_visit("professional's address back from the provider")
    key = case.platform.keyring.actor_key()
    kept = take(case.connection, key, BY_PROVIDER, state=state, browser=case.visitor.browser, now=case.now)
    return ProBegun(Begun(state, kept["nonce"], kept["verifier"]), int(kept["since"]), kept["again"] == "1")


def _by_provider(case: ProCase, *, arrival: Arrival, former: ProSession | None) -> ProSignedIn:
    stated = read_person(arrival.pivot)
    known = _person(case, stated.identifier, former)
    case.name = _name(stated)
    situations = stated_situations(case.connection, known, stated.situations)
    details = ProDetails(
        case.name, situations, case.visitor.address, arrival.who.acr, arrival.who.methods, arrival.id_token
    )
    opening = ProOpening(
        known.identifier,
        PROVIDER,
        details,
        _situation(case, known, situations),
        issuer=arrival.who.issuer,
        provider_session=arrival.who.session,
        provider_subject=arrival.who.subject,
    )
    return _open(case, opening, former)


def _by_card(case: ProCase, *, der: bytes | None, former: ProSession | None) -> ProSignedIn:
    case.count_visit("professional's address by card")
    if der is None:
        raise SignInFailed("the connection has no client certificate")
    holder = card_holder(case.platform, der)
    case.certificate = holder.fingerprint
    known = _person(case, holder.identifier, former)
    case.name = holder.name
    situations = known_situations(case.connection, known)
    details = ProDetails(holder.name, situations, case.visitor.address)
    chosen = _situation(case, known, situations)
    return _open(case, ProOpening(known.identifier, CARD, details, chosen, certificate=holder.fingerprint), former)


def _person(case: ProCase, identifier: str, former: ProSession | None) -> Professional:
    """The person in the directory. Raises SignInFailed for another one than that of the session, NotInDirectory for one who is not there."""
    case.professional = identifier
    case.known = True
    if former is not None and former.professional != identifier:
        raise SignInFailed("another person showed who they are than the one of the session")
    known = person_in_directory(case.connection, identifier)
    if known is None:
        raise NotInDirectory("the directory does not know the person, or not as active")
    return known


def _situation(case: ProCase, known: Professional, situations: Sequence[Situation]) -> str:
    """The key of the situation to begin with: the only one, or the one chosen last; '' where the person is to choose. Raises NotInDirectory."""
    if not situations:
        raise NotInDirectory("the directory confirms no situation of the person")
    last = chosen_situation(case.connection, known.identifier)
    open_to_them = {one.key: one for one in situations if practice(case.platform, one, known.identifier).entitled}
    chosen = open_to_them.get(situations[0].key if len(situations) == 1 else last)
    case.situation = chosen
    return chosen.key if chosen is not None else ""


def _open(case: ProCase, opening: ProOpening, former: ProSession | None) -> ProSignedIn:
    keyring = case.platform.keyring
    if former is None:
        token, session = open_pro_session(
            case.connection, keyring, opening, now=case.now, limits=pro_limits(case.platform)
        )
    else:
        token, session = _renewed(case, opening, former)
    case.detail = f"{opening.method} {session.session_id}"
    return ProSignedIn(token, session)


def _renewed(case: ProCase, opening: ProOpening, former: ProSession) -> tuple[str, ProSession]:
    if former.method != opening.method or former.certificate != opening.certificate:
        raise SignInFailed("a session is confirmed in the way in which it began")
    found = renew_pro_session(case.connection, case.platform.keyring, former, opening, now=case.now)
    if found is None:
        raise SignInFailed("the session ended meanwhile")
    return found


def _name(stated: StatedPerson) -> str:
    return f"{stated.given_name} {stated.family_name}".strip()
