"""What a document's signatures are worth when somebody reads it: that of the set that brought it, and the document's own.

The set's was verified when it came (`signing`); it is verified again over the bytes that are stored now, with the same policy. The
document's own is verified here alone. Whose certificates are believed is asked for the moment when the document came; what has become
of them since is said beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from carnet.errors import CarnetError, CertificateInvalid, SignatureInvalid
from carnet.identity.certificate_kind import CertificateKind
from carnet.identity.certificate_state import CertificateState, holder_then, state_now
from carnet.identity.document_signature import is_signed, verify_document_signature
from carnet.identity.dsg import Signer, verify_one_document
from carnet.identity.vihf_rules import signature_policy
from carnet.platform import Platform
from carnet.record.retrieval import Located
from carnet.registry.set_signatures import SignedSet


class Verdict(StrEnum):
    """Of one signature."""

    NONE = "none"
    VALID = "valid"
    INVALID = "invalid"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One signature. The rest is set of a valid one alone: who signed, a person or a structure, when by their own word (microseconds UTC)."""

    verdict: Verdict
    name: str = ""
    by_structure: bool = False
    signed_at: int = 0
    certificate: CertificateState = CertificateState.UNKNOWN


NOTHING = Finding(Verdict.NONE)


@dataclass(frozen=True, slots=True)
class Signatures:
    """Both; `came_at` (microseconds UTC) is when the document came."""

    of_set: Finding
    of_document: Finding
    came_at: int


@dataclass(frozen=True, slots=True)
class SignedParts:
    """What the gate gives for verifying: the set that brought a document, and where its signature is, None where there is none."""

    unique_id: str
    came_with: SignedSet | None
    signature: Located | None


def signatures_of(platform: Platform, parts: SignedParts, content: bytes, signature: bytes | None) -> Signatures:
    """Verifies both, outside the gate: `content` and `signature` are the bytes that stand in the repository."""
    came_with = parts.came_with
    if came_with is None:
        return Signatures(_damaged(signature), NOTHING, 0)
    return Signatures(
        _of_set(platform, parts.unique_id, came_with, content, signature),
        _of_document(platform, came_with, content),
        came_with.registered_at,
    )


def _damaged(signature: bytes | None) -> Finding:
    return NOTHING if signature is None else Finding(Verdict.UNVERIFIABLE)


def _of_set(
    platform: Platform, unique_id: str, came_with: SignedSet, content: bytes, signature: bytes | None
) -> Finding:
    if signature is None:
        return Finding(Verdict.UNVERIFIABLE) if came_with.signature else NOTHING
    try:
        signer = verify_one_document(
            signature,
            came_with.unique_id,
            unique_id,
            content,
            partial(holder_then, platform.certificates, at=came_with.registered_at),
            signature_policy(
                platform.settings.client_policy(came_with.depositor_organization), came_with.registered_at
            ),
        )
    except SignatureInvalid as error:
        unknown = isinstance(error.__cause__, CertificateInvalid)
        return Finding(Verdict.UNVERIFIABLE if unknown else Verdict.INVALID)
    return _valid(platform, signer)


def _of_document(platform: Platform, came_with: SignedSet, content: bytes) -> Finding:
    if not is_signed(content):
        return NOTHING
    believed = partial(holder_then, platform.certificates, at=came_with.registered_at)
    policy = signature_policy(
        platform.settings.client_policy(came_with.depositor_organization), came_with.registered_at
    )
    try:
        return _valid(platform, verify_document_signature(content, believed, policy))
    except SignatureInvalid as error:
        return Finding(Verdict.UNVERIFIABLE if getattr(error, "__notes__", ()) else Verdict.INVALID)
    except CarnetError:
        return Finding(Verdict.UNVERIFIABLE)


def _valid(platform: Platform, signer: Signer) -> Finding:
    holder = signer.holder
    return Finding(
        Verdict.VALID,
        holder.name,
        holder.kind is CertificateKind.ORGANIZATION_SEAL,
        signer.signing_time,
        state_now(platform.certificates, holder.der, platform.clock()),
    )
