"""A public key infrastructure of the same shape as the national one, for demonstration and tests only: it vouches for nobody.

One root, two intermediates (PERSONNES, ORGANISATIONS), a revocation list at every level. The root's name begins with TEST,
which `identity.certificates` refuses in production.

On disk: `trust/` the root, `intermediates/` the two authorities, `crl/` three lists, `authorities/` private keys and the
register of what was revoked. Only the first three are the server's business.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from carnet.clock import DAY, HOUR, SECOND, system_clock, to_datetime
from carnet.demo import certificate_profile as profiles
from carnet.demo.certificate_profile import distinguished_name
from carnet.demo.credential import CardPair, Credential, OrganizationPair, in_pem, key_in_pem, new_key, write_private

__all__ = [
    "ORGANIZATIONS",
    "PERSONS",
    "ROOT",
    "CardPair",
    "Credential",
    "OrganizationPair",
    "TestAuthority",
    "distinguished_name",
    "new_key",
]

ROOT, PERSONS, ORGANIZATIONS = "racine", "personnes", "organisations"
_AUTHORITY_NAMES = {
    ROOT: "TEST AC RACINE CARNET ELEMENTAIRE",
    PERSONS: "TEST AC CARNET ELEMENTAIRE PERSONNES",
    ORGANIZATIONS: "TEST AC CARNET ELEMENTAIRE ORGANISATIONS",
}


@dataclass(slots=True)
class TestAuthority:
    """The three authorities with their keys. Times are microseconds UTC; `now` dates what is issued."""

    __test__: ClassVar[bool] = False

    directory: Path
    now: int
    certificates: dict[str, x509.Certificate]
    keys: dict[str, rsa.RSAPrivateKey] = field(repr=False)
    revoked: dict[str, dict[int, int]] = field(default_factory=dict)
    crl_number: int = 0
    _pool: Iterator[rsa.RSAPrivateKey] | None = field(default=None, repr=False)

    @classmethod
    def create(cls, directory: Path, now: int, *, shared_keys: int = 0) -> TestAuthority:
        """Makes the authorities and their first revocation lists in `directory`, replacing what was there.

        `shared_keys` above 0 makes that many leaf keys once and deals them out in turn: much faster for many certificates.
        """
        authority = cls(directory, now, {}, {})
        authority.share_keys(shared_keys)
        for folder in ("trust", "intermediates", "crl", "authorities"):
            (directory / folder).mkdir(parents=True, exist_ok=True)
        for name, common_name in _AUTHORITY_NAMES.items():
            authority._make_authority(name, common_name)
        authority.write_crls()
        return authority

    @classmethod
    def load(cls, directory: Path, *, now: int | None = None, shared_keys: int = 0) -> TestAuthority:
        """The authorities that `create` left in `directory`; `now` defaults to the machine's clock."""
        state = json.loads((directory / "authorities" / "register.json").read_text(encoding="utf-8"))
        certificates, keys = {}, {}
        for name in state["revoked"]:
            certificates[name] = x509.load_pem_x509_certificate((_public(directory, name)).read_bytes())
            key = serialization.load_pem_private_key((directory / "authorities" / f"{name}.key").read_bytes(), None)
            if not isinstance(key, rsa.RSAPrivateKey):
                raise TypeError(f"the key of {name} is not an RSA key")
            keys[name] = key
        revoked = {name: {int(serial): at for serial, at in rows.items()} for name, rows in state["revoked"].items()}
        moment = system_clock() if now is None else now
        authority = cls(directory, moment, certificates, keys, revoked, state["crl_number"])
        authority.share_keys(shared_keys)
        return authority

    def share_keys(self, count: int) -> None:
        """Makes `count` keys that later certificates take in turn; 0 gives each its own."""
        self._pool = cycle([new_key() for _ in range(count)]) if count else None

    def add_intermediate(self, name: str, common_name: str) -> None:
        """Makes one more intermediate authority under the root, with its list; `name` is its key in `certificates` and `keys`."""
        self._make_authority(name, common_name)
        self.write_crls()

    def professional(self, ps_idnat: str, family: str, given: str, profession_code: str) -> CardPair:
        """A CPS: `ps_idnat` is the 12-digit PS_IdNat (8 and RPPS), `profession_code` a TRE_G15 code."""
        subject = profiles.professional_name(ps_idnat, family, given, profession_code)
        return CardPair(
            self.issue(PERSONS, subject, "card authentication"), self.issue(PERSONS, subject, "card signature")
        )

    def employee(
        self, ps_idnat: str, struct_idnat: str, organization: str, family: str = "", given: str = ""
    ) -> Credential:
        """A CPE's authentication certificate: `ps_idnat` is `3<FINESS>/<number>`; without `family` the card names nobody."""
        subject = profiles.employee_name(ps_idnat, struct_idnat, organization, family, given)
        return self.issue(PERSONS, subject, "card authentication")

    def organization(self, struct_idnat: str, name: str, *, service: str = "DOSSIER PATIENT") -> OrganizationPair:
        """A structure's two certificates, with one and the same subject; `struct_idnat` is a Struct_IdNat."""
        subject = profiles.organization_name(struct_idnat, name, service)
        return OrganizationPair(
            self.issue(ORGANIZATIONS, subject, "organization authentication"),
            self.issue(ORGANIZATIONS, subject, "organization seal"),
        )

    def server(self, hosts: Sequence[str] = ("localhost", "127.0.0.1")) -> Credential:
        """A TLS server certificate for these host names and addresses (subjectAltName)."""
        names = [profiles.alternative_name(host) for host in hosts]
        return self.issue(ORGANIZATIONS, profiles.server_name(hosts[0]), "server", alternative_names=names)

    def issue(
        self,
        authority: str,
        subject: x509.Name,
        profile: str,
        *,
        not_before: int | None = None,
        not_after: int | None = None,
        key: rsa.RSAPrivateKey | None = None,
        alternative_names: Sequence[x509.GeneralName] = (),
    ) -> Credential:
        """A certificate of one of the profiles, valid from a day ago for three years unless told otherwise."""
        usages, purposes = profiles.PROFILES[profile]
        key = key or (next(self._pool) if self._pool is not None else new_key())
        start = self.now - DAY if not_before is None else not_before
        end = self.now + 3 * 365 * DAY if not_after is None else not_after
        builder = self._builder(authority, subject, key.public_key(), start, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(profiles.key_usage(usages), critical=True)
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if alternative_names:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternative_names), critical=False)
        certificate = builder.sign(self.keys[authority], hashes.SHA256())
        return Credential(certificate, key, (self.certificates[authority],), authority)

    def revoke(self, credential: Credential | str, *, now: int | None = None) -> None:
        """Revokes a certificate, or an intermediate by its name (`personnes`, `organisations`), and writes the lists."""
        if isinstance(credential, str):
            issuer, serial = ROOT, self.certificates[credential].serial_number
        else:
            issuer, serial = credential.issuer, credential.certificate.serial_number
        self.revoked[issuer][serial] = self.now if now is None else now
        self.write_crls(now=now)

    def write_crls(self, *, now: int | None = None, days: int = 7) -> None:
        """Writes a new revocation list for each authority, numbered one above the last, due for renewal after `days`."""
        moment = self.now if now is None else now
        self.crl_number += 1
        for name in self.certificates:
            content = self.crl(name, now=moment, days=days, number=self.crl_number)
            (self.directory / "crl" / f"{name}.crl").write_bytes(content)
        self._save_register()

    def crl(self, authority: str, *, now: int, days: int = 7, number: int = 1, signer: str = "") -> bytes:
        """One revocation list in DER, made at `now`; `signer` may name another authority, to make a false one."""
        builder = x509.CertificateRevocationListBuilder(issuer_name=self.certificates[authority].subject)
        builder = builder.last_update(to_datetime(now - HOUR)).next_update(to_datetime(now + days * DAY))
        key = self.keys[signer or authority]
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
        builder = builder.add_extension(identifier, critical=False).add_extension(
            x509.CRLNumber(number), critical=False
        )
        for serial, at in self.revoked[authority].items():
            entry = x509.RevokedCertificateBuilder(serial, to_datetime(min(at, now - HOUR)))
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _builder(
        self, authority: str, subject: x509.Name, key: rsa.RSAPublicKey, start: int, end: int
    ) -> x509.CertificateBuilder:
        issuer = self.certificates[authority].subject if authority in self.certificates else subject
        signer = self.keys[authority].public_key()
        builder = x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(to_datetime(start // SECOND * SECOND))
        builder = builder.not_valid_after(to_datetime(end // SECOND * SECOND))
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        point = x509.UniformResourceIdentifier(f"http://igc.carnet.example/crl/{authority}.crl")
        points = x509.CRLDistributionPoints([x509.DistributionPoint([point], None, None, None)])
        return builder.add_extension(points, critical=False).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False
        )

    def _make_authority(self, name: str, common_name: str) -> None:
        self.keys[name] = new_key()
        self.revoked[name] = {}
        public = self.keys[name].public_key()
        subject = profiles.authority_name(common_name)
        builder = self._builder(ROOT, subject, public, self.now - DAY, self.now + 10 * 365 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=int(name == ROOT)), critical=True)
        builder = builder.add_extension(profiles.key_usage({"key_cert_sign", "crl_sign"}), critical=True)
        self.certificates[name] = builder.sign(self.keys[ROOT], hashes.SHA256())
        _public(self.directory, name).write_bytes(in_pem(self.certificates[name]))
        write_private(self.directory / "authorities" / f"{name}.key", key_in_pem(self.keys[name]))

    def _save_register(self) -> None:
        state = {"crl_number": self.crl_number, "revoked": self.revoked}
        write_private(self.directory / "authorities" / "register.json", json.dumps(state, indent=1).encode())


def _public(directory: Path, name: str) -> Path:
    return directory / ("trust" if name == ROOT else "intermediates") / f"{name}.pem"
