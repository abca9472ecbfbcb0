"""Certificate revocation lists kept in a directory that a job fills: read, held to their issuer, and asked about a serial number.

Nothing is ever fetched. Every authority of a path must have a list of its own that is in date; a list signed by a sister
authority does not count, and one with a lower number than a list already seen is not taken (RFC 5280 §5 and §6.3).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from carnet.clock import SECOND, from_datetime
from carnet.identity.certificate_kind import refused

REVOKED = "a certificate is revoked"
"""The note of the error for a certificate that a list names."""
LOOK_EVERY = SECOND
FUTURE_SKEW = 60 * SECOND

_UNDERSTOOD = frozenset(
    {
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_NUMBER,
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
        ExtensionOID.DELTA_CRL_INDICATOR,
        ExtensionOID.FRESHEST_CRL,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    }
)
_DIGESTS = frozenset({"sha256", "sha384", "sha512"})

Scope = tuple[bytes, str, frozenset[str], bool, bool, bool]
"""What a list speaks about: issuer's encoded name and key identifier, distribution points, only users, only authorities, delta."""


@dataclass(slots=True, eq=False)
class RevocationList:
    """One list as read; times in microseconds UTC. `signed_by` remembers for each issuer's fingerprint whether it signed."""

    content: x509.CertificateRevocationList
    scope: Scope
    number: int
    this_update: int
    next_update: int
    signed_by: dict[bytes, bool] = field(default_factory=dict)

    @property
    def delta(self) -> bool:
        """Whether it only lists changes since another list."""
        return self.scope[-1]


class RevocationLists:
    """The lists of one directory, signed by the given authorities.

    `grace` is how long a list is still taken after its nextUpdate, in microseconds.
    """

    def __init__(self, directory: Path, authorities: Sequence[x509.Certificate], *, grace: int) -> None:
        self._directory = directory
        self._authorities = authorities
        self._grace = grace
        self._looked_at = -LOOK_EVERY
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._newest: dict[Scope, RevocationList] = {}
        self._by_name: dict[str, RevocationList] = {}
        self._current: dict[bytes, list[RevocationList]] = {}
        self.problems: tuple[str, ...] = ()

    def refresh(self, now: int) -> bool:
        """Reads the directory again when it changed; looks at most once a second. True when it was read."""
        if 0 <= now - self._looked_at < LOOK_EVERY:
            return False
        self._looked_at = now
        try:
            seen = tuple((entry.name, entry.stat().st_mtime_ns, entry.stat().st_size) for entry in self._entries())
        except OSError:
            return False
        if seen == self._seen:
            return False
        self._seen = seen
        self._read([name for name, _, _ in seen])
        return True

    def _entries(self) -> list[os.DirEntry[str]]:
        with os.scandir(self._directory) as found:
            return sorted((entry for entry in found if entry.is_file()), key=lambda entry: entry.name)

    def states(self) -> tuple[tuple[str, int, int, int], ...]:
        """For the operator: issuer's name, number, thisUpdate and nextUpdate (microseconds) of every list in use."""
        lists = [one for group in self._current.values() for one in group]
        return tuple(
            (one.content.issuer.rfc4514_string(), one.number, one.this_update, one.next_update) for one in lists
        )

    def check(self, certificate: x509.Certificate, issuer: x509.Certificate, now: int) -> int:
        """Raises CertificateInvalid unless the issuer's own list is in date and does not name the certificate.

        Returns the moment until which that stays true at most: the list's nextUpdate and the grace.
        """
        group = self._current.get(issuer.subject.public_bytes(), ())
        lists = [one for one in group if _speaks_of(one, certificate) and _signed(one, issuer)]
        for one in lists:
            entry = one.content.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None and not _taken_off(entry):
                raise refused(REVOKED)
        return self._until(lists, now)

    def check_authority(self, issuer: x509.Certificate, now: int) -> None:
        """Raises CertificateInvalid unless an authority has a list of its own that is in date."""
        self._until([one for one in self._current.get(issuer.subject.public_bytes(), ()) if _signed(one, issuer)], now)

    def _until(self, lists: list[RevocationList], now: int) -> int:
        dated = [one.next_update for one in lists if not one.delta and one.this_update <= now + FUTURE_SKEW]
        if not dated:
            raise refused("the revocation list of an authority is missing")
        until = max(dated) + self._grace
        if until <= now:
            raise refused("the revocation list of an authority is past its nextUpdate")
        return until

    def _read(self, names: list[str]) -> None:
        problems: list[str] = []
        best: dict[Scope, RevocationList] = {}
        by_name: dict[str, RevocationList] = {}
        for name in names:
            found = self._one(name, problems)
            if found is None:
                continue
            by_name[name] = found
            if found.scope not in best or found.number > best[found.scope].number:
                best[found.scope] = found
        self._by_name = by_name
        self._newest.update(best)
        self._current = {}
        for one in best.values():
            self._current.setdefault(one.scope[0], []).append(one)
        self.problems = tuple(problems)

    def _one(self, name: str, problems: list[str]) -> RevocationList | None:
        """The list of one file; the one it held before, when it cannot be read now; the newest seen, when it is older."""
        try:
            found = read((self._directory / name).read_bytes())
        except (ValueError, OSError):
            problems.append(f"{name} is not a revocation list that can be used")
            return self._by_name.get(name)
        if not any(one.subject == found.content.issuer and _signed(found, one) for one in self._authorities):
            problems.append(f"{name} is not signed by an authority that is known")
            return None
        known = self._newest.get(found.scope)
        if known is not None and found.number < known.number:
            problems.append(f"{name} is older than a list already seen, and is not taken")
            return known
        return found


def read(data: bytes) -> RevocationList:
    """A list in DER or PEM. Raises ValueError when it is malformed, indirect, partial by reason, unnumbered or without end."""
    loader = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_crl
    content = loader(data)
    found = {extension.oid: extension.value for extension in content.extensions}
    if any(extension.critical and extension.oid not in _UNDERSTOOD for extension in content.extensions):
        raise ValueError("a critical extension is not understood")
    digest = content.signature_hash_algorithm
    if digest is None or digest.name not in _DIGESTS:
        raise ValueError("the list is signed with a weak digest")
    if content.next_update_utc is None:
        raise ValueError("the list does not say when the next one is due")
    number = found.get(ExtensionOID.CRL_NUMBER)
    if not isinstance(number, x509.CRLNumber):
        raise ValueError("the list has no number")  # noqa: TRY004 - what is wrong is the value of the file
    point = found.get(ExtensionOID.ISSUING_DISTRIBUTION_POINT)
    point = point if isinstance(point, x509.IssuingDistributionPoint) else None
    if point is not None and (point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs):
        raise ValueError("the list is indirect or partial")
    key = found.get(ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
    key_identifier = key.key_identifier if isinstance(key, x509.AuthorityKeyIdentifier) else None
    users, authorities = (point.only_contains_user_certs, point.only_contains_ca_certs) if point else (False, False)
    points = _addresses(point.full_name if point else None)
    delta = ExtensionOID.DELTA_CRL_INDICATOR in found
    return RevocationList(
        content=content,
        scope=(content.issuer.public_bytes(), (key_identifier or b"").hex(), points, users, authorities, delta),
        number=number.crl_number,
        this_update=from_datetime(content.last_update_utc),
        next_update=from_datetime(content.next_update_utc),
    )


def _addresses(names: Iterable[x509.GeneralName] | None) -> frozenset[str]:
    return frozenset(name.value for name in names or () if isinstance(name, x509.UniformResourceIdentifier))


def _speaks_of(one: RevocationList, certificate: x509.Certificate) -> bool:
    """Whether a certificate is in a list's scope: users or authorities, and its distribution point (RFC 5280 §6.3.3 b)."""
    _, _, points, users, authorities, _ = one.scope
    authority = _is_authority(certificate)
    if (users and authority) or (authorities and not authority):
        return False
    return not points or bool(points & _distribution_points(certificate))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _distribution_points(certificate: x509.Certificate) -> frozenset[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset().union(*(_addresses(point.full_name) for point in points))


def _signed(one: RevocationList, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key, which must be allowed to sign lists, signed it; the answer is remembered."""
    key = issuer.fingerprint(hashes.SHA256())
    if key not in one.signed_by:
        try:
            usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
            valid = one.content.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
        except (x509.ExtensionNotFound, UnsupportedAlgorithm, TypeError, ValueError):
            one.signed_by[key] = False
        else:
            one.signed_by[key] = usage.crl_sign and valid
    return one.signed_by[key]


def _taken_off(entry: x509.RevokedCertificate) -> bool:
    """Whether an entry of a delta only says that a suspension ended (removeFromCRL)."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return False
    return reason is x509.ReasonFlags.remove_from_crl
