"""From a VIHF to a Requester (security notes §5.1, from its step 5 on): shape, certificate, signature, then meaning.

Every refusal has one text; why stands in the error's notes, for the log. A certificate that may not sign is told apart by
its class (CertificateInvalid), as the DMP does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from carnet import hardened_xml
from carnet.clock import MINUTE, SECOND
from carnet.crypto.signature_structure import SIGNATURE
from carnet.crypto.xml_signature import signing_certificate, verify_enveloped
from carnet.errors import SignatureInvalid, Unauthenticated
from carnet.identity import vihf_binding, vihf_claims, vihf_person, vihf_structure
from carnet.identity import vihf_claims as claim
from carnet.identity.certificate_kind import HolderCertificate
from carnet.identity.certificates import Purpose
from carnet.identity.vihf_binding import mode_of
from carnet.identity.vihf_rules import Case, VihfRules, profile_of, signature_policy
from carnet.identity.vihf_structure import deny
from carnet.requester import AssertionUse, Requester, Software

__all__ = ["VihfRules", "verify"]

_Subject = TypeVar("_Subject")


def verify(assertion: Any, holder: HolderCertificate, rules: VihfRules, now: int, *, address: str = "") -> Requester:
    """Who calls, by an assertion (an lxml element, or its bytes) that came over a connection opened with `holder`.

    `now` is in microseconds UTC, `address` the caller's network address. The message around the assertion is `soap.security`'s to judge, the directory and the replay
    memory the gate's. An element is used up: its signature is taken out of it. Raises AssertionInvalid or CertificateInvalid.
    """
    root = hardened_xml.parse(assertion, what="assertion") if isinstance(assertion, bytes) else assertion
    policy = rules.settings.client_policy(holder.organization_id)
    shape = vihf_structure.shape_of(root)
    _run(vihf_structure.CHECKS, shape)
    signer, believed = None, root
    signature = next(root.iterchildren(SIGNATURE), None)
    if signature is not None:
        try:
            signer = rules.certificates.check(signing_certificate(signature), purpose=Purpose.SIGNATURE)
            believed = verify_enveloped(root, signer.certificate, signature_policy(policy, now))
        except SignatureInvalid as error:
            raise deny("the signature of the assertion is not accepted") from error
    claims = vihf_claims.read(believed)
    mode = mode_of(claims.text(claim.MODE), holder)
    case = Case(claims, holder, signer, rules, policy, profile_of(rules.settings, policy), mode, now)
    _run(vihf_binding.CHECKS, case)
    _run(vihf_person.CHECKS, case)
    return _requester(case, address)


def _run(checks: tuple[tuple[str, Callable[[_Subject], None]], ...], subject: _Subject) -> None:
    for name, check in checks:
        try:
            check(subject)
        except Unauthenticated as error:
            error.add_note(name)
            raise


def _requester(case: Case, address: str) -> Requester:
    claims, holder = case.claims, case.holder
    profession, *others = claims.codes(claim.ROLE)
    return Requester(
        identifier=claims.name_id,
        name=holder.name if case.direct else claims.text(claim.SUBJECT_ID),
        organization_id=claims.text(claim.STRUCTURE),
        sector=vihf_person.sector_of(case),
        authentication=case.mode,
        card=holder.card,
        profession=profession,
        specialty=others[0] if others else None,
        mode=vihf_person.purpose_of(case),
        reason=claims.text(claim.REASON),
        patient=vihf_person.patient_of(case),
        secret_connection=vihf_person.is_secret(case),
        software=Software(
            claims.text(claim.SOFTWARE_NAME),
            claims.text(claim.SOFTWARE_VERSION),
            claims.text(claim.SOFTWARE_INSTANCE),
            claims.text(claim.SOFTWARE_APPROVAL),
        ),
        address=address,
        certificate=holder.fingerprint,
        assertion=_use(case),
    )


def _use(case: Case) -> AssertionUse:
    """What to remember. It outlives the assertion by the clock's tolerance, so that nothing is forgotten while it is still taken."""
    claims, settings = case.claims, case.rules.settings
    end = claims.not_on_or_after
    if end is None:
        end = claims.issued_at + settings.vihf_maximum_age * SECOND
    own_policy = (
        settings.client_policy(claims.text(claim.STRUCTURE)) if not case.holder.organization_id else case.policy
    )
    return AssertionUse(
        key=hashlib.sha256(claims.issuer.encode() + b"\x00" + claims.identifier.encode()).digest(),
        expires_at=end + settings.vihf_future_skew * SECOND + MINUTE,
        reusable=own_policy.assertion_reusable and case.profile.reuse_may_be_opened and not claims.one_time_use,
    )
