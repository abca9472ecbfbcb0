"""Who vouches for a VIHF, for how long, and to whom it is addressed (protocol notes §2.2 and §2.3, security notes §5.2).

An ordered table of named checks; each is necessary, and tests take them away one by one.
"""

from __future__ import annotations

from collections.abc import Callable

from carnet.clock import SECOND
from carnet.identity import distinguished_name
from carnet.identity.certificate_kind import CertificateKind, HolderCertificate, refused
from carnet.identity.vihf_claims import MODE, TARGET, VERSION, Confirmation
from carnet.identity.vihf_rules import Case
from carnet.identity.vihf_structure import deny
from carnet.requester import Authentication, CardClass

VERSIONS = frozenset({"2.0", "3.0", "4.0"})
MODES = {mode.value: mode for mode in Authentication}
"""DIRECTE, INDIRECTE, INDIRECTE_RENFORCEE. DELEGUEE is hinted at in one client and is not offered."""
ISSUER_FORMATS = frozenset(
    {
        "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
        "urn:oasis:names:tc:SAML:1.1:nameidformat:X509SubjectName",
    }
)
"""SAML's spelling, and the one of a published mapping table; nothing looser."""
RESOURCE_URN = "urn:dmp"

_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
SMARTCARD, UNSPECIFIED = f"{_CLASSES}SmartcardPKI", f"{_CLASSES}unspecified"
AUTHENTICATION_CLASSES = frozenset(
    _CLASSES + name
    for name in (
        "AuthenticatedTelephony",
        "InternetProtocol",
        "InternetProtocolPassword",
        "Kerberos",
        "MobileOneFactorContract",
        "MobileOneFactorUnregistered",
        "MobileTwoFactorContract",
        "MobileTwoFactorUnregistered",
        "NomadTelephony",
        "Password",
        "PasswordProtectedTransport",
        "PersonalTelephony",
        "PGP",
        "PreviousSession",
        "SecureRemotePassword",
        "Smartcard",
        "SmartcardPKI",
        "SoftwarePKI",
        "SPKI",
        "Telephony",
        "TimeSyncToken",
        "TLSClient",
        "unspecified",
        "X509",
        "XMLDSig",
    )
)
"""SAML Authentication Context §3.4: how the user logged in to the local software, as it declares."""

_CONFIRMATION = "urn:oasis:names:tc:SAML:2.0:cm:"
BEARER, HOLDER_OF_KEY = f"{_CONFIRMATION}bearer", f"{_CONFIRMATION}holder-of-key"
_TRUNCATION = SECOND
"""Software that writes IssueInstant in whole seconds may log its user in within that second."""


def mode_of(text: str, holder: HolderCertificate) -> Authentication:
    """The mode declared; where it is absent, a card means direct and a structure's certificate indirect."""
    deduced = Authentication.INDIRECT if holder.card is CardClass.ORGANIZATION else Authentication.DIRECT
    return MODES.get(text, deduced)


def _known_version(case: Case) -> None:
    if case.claims.text(VERSION) not in VERSIONS:
        raise deny("VIHF_Version is absent or unknown")


def _known_mode(case: Case) -> None:
    text = case.claims.text(MODE)
    if text and text not in MODES:
        raise deny("Authentification_Mode is not one that is offered")


def _connection_of_the_mode(case: Case) -> None:
    if (case.holder.card is CardClass.ORGANIZATION) is case.direct:
        raise deny("the connection's certificate does not go with Authentification_Mode")


def _signed(case: Case) -> None:
    unsigned_card = case.direct and case.profile.cards_may_leave_it_unsigned
    if case.signer is None and not unsigned_card:
        raise deny("the assertion is not signed")


def _signer_of_the_mode(case: Case) -> None:
    if case.signer is None:
        return
    wanted = _SIGNERS[case.holder.card] if case.direct else CertificateKind.ORGANIZATION_SEAL
    if case.signer.kind is not wanted:
        raise refused("the signing certificate is not of the class that the mode needs")


_SIGNERS = {
    CardClass.PROFESSIONAL: CertificateKind.CPS_SIGNATURE,
    CardClass.EMPLOYEE: CertificateKind.CPE_SIGNATURE,
    CardClass.ORGANIZATION: CertificateKind.ORGANIZATION_SEAL,
}


def _one_holder(case: Case) -> None:
    signer, holder = case.signer, case.holder
    if signer is not None and signer.identifier != holder.identifier and case.direct:
        raise deny("the card that signed is not the one that connected")
    if signer is not None and signer.organization_id != holder.organization_id and not case.direct:
        raise deny("the structure that signed is not the one that connected")


def _issuer_format(case: Case) -> None:
    if case.claims.issuer_format not in ISSUER_FORMATS:
        raise deny("the Format of Issuer is unknown")


def _issuer_is_the_signer(case: Case) -> None:
    try:
        issuer = distinguished_name.parse(case.claims.issuer)
    except ValueError as error:
        raise deny("Issuer is not a distinguished name") from error
    if not distinguished_name.same(issuer, (case.signer or case.holder).subject):
        raise deny("Issuer is not the subject of the certificate that vouches for the assertion")


def _target(case: Case) -> None:
    target = case.claims.text(TARGET)
    if target != RESOURCE_URN and (target or case.profile.target_required):
        raise deny("Ressource_URN is not urn:dmp")


def _audience(case: Case) -> None:
    ours = case.rules.settings.vihf_audience
    audiences = case.claims.audiences
    if any(audience != ours for audience in audiences) or (case.profile.audience_required and not audiences):
        raise deny("Audience is not this service")


def _window(case: Case) -> None:
    start, end = case.claims.not_before, case.claims.not_on_or_after
    skew = case.rules.settings.vihf_future_skew * SECOND
    if case.profile.window_required and (start is None or end is None):
        raise deny("NotBefore or NotOnOrAfter is absent")
    if start is not None and start > case.now + skew:
        raise deny("NotBefore is to come")
    if end is not None and end <= case.now - skew:
        raise deny("NotOnOrAfter is past")
    opening = case.claims.issued_at if start is None else min(start, case.claims.issued_at)
    if end is not None and end - opening > case.profile.maximum_window:
        raise deny("the time between NotBefore and NotOnOrAfter is too long")


def _issued_recently(case: Case) -> None:
    settings = case.rules.settings
    if case.claims.issued_at > case.now + settings.vihf_future_skew * SECOND:
        raise deny("IssueInstant is to come")
    if case.claims.not_on_or_after is None and case.now - case.claims.issued_at > settings.vihf_maximum_age * SECOND:
        raise deny("IssueInstant is too old")


def _session(case: Case) -> None:
    age = case.now - case.claims.authenticated_at
    if age > case.rules.settings.vihf_session_maximum_age * SECOND:
        raise deny("AuthnInstant is too old")
    if case.claims.authenticated_at > case.claims.issued_at + _TRUNCATION:
        raise deny("AuthnInstant is after IssueInstant")


def _authentication_class(case: Case) -> None:
    declared = case.claims.authentication_class
    if declared not in AUTHENTICATION_CLASSES or (case.direct and declared != SMARTCARD):
        raise deny("AuthnContextClassRef is unknown, or does not go with a card")


def _confirmation(case: Case) -> None:
    if case.profile.confirmation_required and not any(_confirms(case, one) for one in case.claims.confirmations):
        raise deny("no SubjectConfirmation holds")


def _confirms(case: Case, confirmation: Confirmation) -> bool:
    skew = case.rules.settings.vihf_future_skew * SECOND
    if confirmation.not_on_or_after is not None and confirmation.not_on_or_after <= case.now - skew:
        return False
    if confirmation.method == HOLDER_OF_KEY:
        return confirmation.certificate == case.holder.der
    return confirmation.method == BEARER


Check = Callable[[Case], None]
CHECKS: tuple[tuple[str, Check], ...] = (
    ("version", _known_version),
    ("mode", _known_mode),
    ("connection of the mode", _connection_of_the_mode),
    ("signed", _signed),
    ("signer of the mode", _signer_of_the_mode),
    ("one holder", _one_holder),
    ("issuer format", _issuer_format),
    ("issuer", _issuer_is_the_signer),
    ("target", _target),
    ("audience", _audience),
    ("window", _window),
    ("issued recently", _issued_recently),
    ("session", _session),
    ("authentication class", _authentication_class),
    ("confirmation", _confirmation),
)
