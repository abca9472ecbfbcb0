"""Which certificates are believed: a path to a pinned root, no revocation at any level, a strong key, and the right product.

pyhanko-certvalidator builds and validates the path (RFC 5280 §6.1). Revocation is judged by `revocation`, not by it: its
`require` mode takes a list signed by a sister authority for one of the issuer, and so passes a revoked intermediate when
the root's own list is absent; and it takes seconds on a list of the national size.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext

from carnet.clock import HOUR, MINUTE, SECOND, Clock, from_datetime, to_datetime
from carnet.errors import CertificateInvalid, ConfigurationError
from carnet.identity.certificate_kind import CertificateKind, HolderCertificate, classify, refused
from carnet.identity.revocation import RevocationLists

VERDICT_LIFE = 5 * MINUTE
MAXIMUM_VERDICTS = 10_000
MAXIMUM_GRACE = 24 * HOUR


class Purpose(StrEnum):
    """What a certificate is shown for."""

    CONNECTION = "connection"
    SIGNATURE = "signature"


PURPOSES = {
    Purpose.CONNECTION: frozenset(
        {
            CertificateKind.CPS_AUTHENTICATION,
            CertificateKind.CPE_AUTHENTICATION,
            CertificateKind.ORGANIZATION_AUTHENTICATION,
        }
    ),
    Purpose.SIGNATURE: frozenset(
        {CertificateKind.CPS_SIGNATURE, CertificateKind.CPE_SIGNATURE, CertificateKind.ORGANIZATION_SEAL}
    ),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A certificate whose path was built: root first, the certificate itself last. `now` is in microseconds."""

    path: tuple[x509.Certificate, ...]
    holder: HolderCertificate
    purpose: Purpose
    now: int


class CertificateStore:
    """The pinned roots, the intermediates and the revocation lists; remembers its verdicts for five minutes at most.

    `trust` holds the roots (PEM, one or several a file), `intermediates` the authorities between (by default the folder of that
    name beside `trust`), `revocation` the lists. `grace` is in seconds, a day at most. A root whose name says TEST is refused
    in production with ConfigurationError.
    """

    def __init__(
        self,
        trust: Path,
        revocation: Path,
        *,
        environment: str,
        grace: int,
        clock: Clock,
        intermediates: Path | None = None,
    ) -> None:
        if not 0 <= grace * SECOND <= MAXIMUM_GRACE:
            raise ConfigurationError("revocation_grace is between 0 and 86400 seconds.")
        roots = _load(trust)
        if not roots:
            raise ConfigurationError("There is no trusted root authority.")
        if environment == "production" and any(map(_is_test, roots)):
            raise ConfigurationError("A test root authority is not allowed in production.")
        between = _load(trust.parent / "intermediates" if intermediates is None else intermediates)
        self._authorities = (*roots, *between)
        self._roots_asn1 = [_asn1(one) for one in roots]
        self._between_asn1 = [_asn1(one) for one in between]
        self.lists = RevocationLists(revocation, self._authorities, grace=grace * SECOND)
        self._clock = clock
        self._verdicts: dict[tuple[bytes, Purpose], tuple[HolderCertificate, int]] = {}
        self._lock = threading.Lock()

    def check(self, der: bytes, *, purpose: Purpose) -> HolderCertificate:
        """Whom a certificate names, when it may be believed now for this purpose.

        Raises CertificateInvalid with one uniform message; why is in the error's notes and cause, for the log.
        """
        now = self._clock()
        key = (der, purpose)
        with self._lock:
            if self.lists.refresh(now):
                self._verdicts.clear()
            known = self._verdicts.get(key)
            if known is not None and now < known[1]:
                return known[0]
            try:
                holder, until = self._judge(der, purpose, now)
            except CertificateInvalid:
                raise
            except Exception as error:
                raise refused("the certificate cannot be read") from error
            if len(self._verdicts) >= MAXIMUM_VERDICTS:
                self._verdicts.clear()
            self._verdicts[key] = (holder, until)
            return holder

    def check_revocation_lists(self) -> None:
        """Raises CertificateInvalid when some authority, root included, has no list of its own that is in date."""
        now = self._clock()
        with self._lock:
            if self.lists.refresh(now):
                self._verdicts.clear()
            for authority in self._authorities:
                self.lists.check_authority(authority, now)

    def _judge(self, der: bytes, purpose: Purpose, now: int) -> tuple[HolderCertificate, int]:
        path = self.path(der, now)
        candidate = Candidate(path, classify(path[-1]), purpose, now)
        for name, check in CHECKS:
            try:
                check(candidate)
            except CertificateInvalid as error:
                error.add_note(name)
                raise
        limits = [self.revocation_until(path, now), *(from_datetime(one.not_valid_after_utc) for one in path)]
        return candidate.holder, min(now + VERDICT_LIFE, *limits)

    def path(self, der: bytes, now: int) -> tuple[x509.Certificate, ...]:
        """The certificates from a pinned root to this one, valid at `now` (RFC 5280 §6.1), revocation aside."""
        context = ValidationContext(
            trust_roots=self._roots_asn1,
            other_certs=self._between_asn1,
            moment=to_datetime(now),
            allow_fetching=False,
            revocation_mode="soft-fail",
            time_tolerance=timedelta(0),
        )
        try:
            steps = CertificateValidator(
                asn1.Certificate.load(der, strict=True), validation_context=context
            ).async_validate_path()
            found = _without_waiting(steps)
            path = tuple(x509.load_der_x509_certificate(one.dump()) for one in found)
        except Exception as error:
            raise refused("no valid path to a trusted root") from error
        if len(path) < 2 or not from_datetime(path[0].not_valid_before_utc) <= now <= from_datetime(
            path[0].not_valid_after_utc
        ):
            raise refused("the root is not in its validity, or stands alone")
        return path

    def revocation_until(self, path: tuple[x509.Certificate, ...], now: int) -> int:
        """The moment until which no certificate of the path is known to be revoked. Raises CertificateInvalid."""
        return min(self.lists.check(one, issuer, now) for issuer, one in pairwise(path))


def _strong_key(candidate: Candidate) -> None:
    key = candidate.path[-1].public_key()
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        if key.key_size >= 2048 and numbers.e >= 65_537 and numbers.e % 2:
            return
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
        return
    raise refused("the key is too weak or of a kind that is not accepted")


def _for_this_purpose(candidate: Candidate) -> None:
    if candidate.holder.kind not in PURPOSES[candidate.purpose]:
        raise refused(f"a certificate of {candidate.holder.kind} is not one for {candidate.purpose}")


Check = Callable[[Candidate], None]
CHECKS: tuple[tuple[str, Check], ...] = (("key strength", _strong_key), ("purpose", _for_this_purpose))


def _load(directory: Path) -> list[x509.Certificate]:
    if not directory.is_dir():
        return []
    found: list[x509.Certificate] = []
    for path in sorted(directory.glob("*.pem")):
        try:
            found.extend(x509.load_pem_x509_certificates(path.read_bytes()))
        except ValueError as error:
            raise ConfigurationError(f"{path.name} does not hold certificates in PEM.") from error
    return found


def _is_test(root: x509.Certificate) -> bool:
    names = root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return any("TEST" in str(name.value).upper() for name in names)


def _asn1(certificate: x509.Certificate) -> Any:
    return asn1.Certificate.load(certificate.public_bytes(Encoding.DER))


def _without_waiting(steps: Any) -> Any:
    """Runs a coroutine that never waits (nothing is fetched), with no event loop, so that it works inside a running one."""
    try:
        steps.send(None)
    except StopIteration as finished:
        return finished.value
    steps.close()
    raise RuntimeError("the path validator wanted to wait")
