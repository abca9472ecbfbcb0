"""What the verification of a VIHF depends on: settings, certificates, value sets, and the two profiles as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from carnet.clock import HOUR, MINUTE, to_iso
from carnet.config import ClientPolicy, Settings
from carnet.crypto.xml_signature import Policy
from carnet.identity.certificate_kind import HolderCertificate
from carnet.identity.certificates import CertificateStore
from carnet.identity.vihf_claims import Claims
from carnet.requester import Authentication

Predicate = Callable[[str, str], bool]
"""Whether a value set contains a code of a coding system: `(code, system)`."""


@dataclass(frozen=True, slots=True)
class VihfRules:
    """What stays the same from one call to the next. `roles` is JDV_J65, `sectors` JDV_J61 (or its superset JDV_J02)."""

    settings: Settings
    certificates: CertificateStore
    roles: Predicate
    sectors: Predicate


@dataclass(frozen=True, slots=True)
class Profile:
    """How strictly the SAML envelope of the VIHF is taken (security notes §5.2). `maximum_window` is in microseconds."""

    name: str
    target_required: bool
    audience_required: bool
    window_required: bool
    maximum_window: int
    confirmation_required: bool
    cards_may_leave_it_unsigned: bool
    reuse_may_be_opened: bool


PROFILES = {
    "dmp-vihf": Profile(
        name="dmp-vihf",
        target_required=True,
        audience_required=False,
        window_required=False,
        maximum_window=12 * HOUR,
        confirmation_required=False,
        cards_may_leave_it_unsigned=True,
        reuse_may_be_opened=True,
    ),
    "xua-strict": Profile(
        name="xua-strict",
        target_required=False,
        audience_required=True,
        window_required=True,
        maximum_window=10 * MINUTE,
        confirmation_required=True,
        cards_may_leave_it_unsigned=False,
        reuse_may_be_opened=False,
    ),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One assertion before the court: what it says, who connected, who signed it (None when nobody did), and when."""

    claims: Claims
    holder: HolderCertificate
    signer: HolderCertificate | None
    rules: VihfRules
    policy: ClientPolicy
    profile: Profile
    mode: Authentication
    now: int

    @property
    def direct(self) -> bool:
        """Whether a card authenticates the caller, and not a structure's server."""
        return self.mode is Authentication.DIRECT


_CLOSED = Policy()


def profile_of(settings: Settings, policy: ClientPolicy) -> Profile:
    """The profile of one client: its own where it has one, else the setting."""
    return PROFILES[policy.profile or settings.vihf_profile]


def signature_policy(policy: ClientPolicy, now: int) -> Policy:
    """What is opened today for one client's signatures. An end date (YYYY-MM-DD, UTC) is itself excluded."""
    if not policy.sha1_until and not policy.inclusive_c14n_until:
        return _CLOSED
    today = to_iso(now)[:10]
    return Policy(allow_sha1=today < policy.sha1_until, allow_inclusive_c14n=today < policy.inclusive_c14n_until)
