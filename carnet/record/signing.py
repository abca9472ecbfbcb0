"""The signature of a submission set (protocols §7.4), and whether its signer is who sends it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from carnet.errors import SignatureInvalid
from carnet.hardened_xml import LeanTree
from carnet.identity.certificates import Purpose
from carnet.identity.dsg import Signer, verify_submission_signature
from carnet.identity.vihf_rules import signature_policy
from carnet.metadata import DocumentEntry, Submission
from carnet.platform import Platform
from carnet.requester import Authentication, Requester


def signature_entry(platform: Platform, submission: Submission) -> DocumentEntry | None:
    """The entry that carries the set's signature. Raises SignatureInvalid when a demanded one is missing, or there are several."""
    found = [entry for entry in submission.entries if entry.is_signature]
    if not found and platform.settings.submission_signature_required:
        raise SignatureInvalid("The submission set is not signed.")
    if len(found) > 1:
        raise SignatureInvalid("The submission set carries more than one signature.")
    return found[0] if found else None


def verify_signature(  # noqa: PLR0917 - who sends, what, and what it is verified over
    platform: Platform,
    requester: Requester,
    submission: Submission,
    signature: bytes,
    documents: Mapping[str, bytes],
    trees: Mapping[str, LeanTree],
) -> Signer:
    """Verifies the set's signature over its documents (bytes by uniqueId; `trees` of those parsed already). Raises SignatureInvalid."""
    now = platform.clock()
    policy = platform.settings.client_policy(requester.organization_id)
    signer = verify_submission_signature(
        signature,
        submission_set_unique_id=submission.submission_set.unique_id,
        documents=documents,
        check_certificate=partial(platform.certificates.check, purpose=Purpose.SIGNATURE),
        policy=signature_policy(policy, now),
        trees=trees,
        now=now,
    )
    _check_signer(platform, requester, signer)
    return signer


def _check_signer(platform: Platform, requester: Requester, signer: Signer) -> None:
    """A card signs for its holder, a seal for its structure, and the portal's own seal for the portal: there it alone, elsewhere never."""
    holder = signer.holder
    seal = platform.portal_seal
    by_portal = seal is not None and holder.fingerprint == seal.holder.fingerprint
    if requester.portal or by_portal:
        if not (requester.portal and by_portal):
            raise SignatureInvalid("The submission set is signed by another than who sends it.")
        return
    by_seal = bool(holder.organization_id) and holder.organization_id == requester.organization_id
    in_person = requester.authentication is Authentication.DIRECT and holder.identifier == requester.identifier
    if not (by_seal or in_person):
        raise SignatureInvalid("The submission set is signed by another than who sends it.")
