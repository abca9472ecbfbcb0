"""A certificate of the server with an ECDSA key: a handshake then costs it much less than with RSA."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtensionOID

from carnet.demo.pki import ORGANIZATIONS, TestAuthority


def elliptic_server(home: Path) -> dict[str, str]:
    """The variables that set a certificate of the server like that of a home, but with a key on P-256; both are written there."""
    pki = home / "pki"
    usual, *chain = x509.load_pem_x509_certificates((pki / "server.pem").read_bytes())
    key, builder = ec.generate_private_key(ec.SECP256R1()), x509.CertificateBuilder(usual.issuer, usual.subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(usual.not_valid_before_utc).not_valid_after(usual.not_valid_after_utc)
    for one in usual.extensions:
        if one.oid != ExtensionOID.SUBJECT_KEY_IDENTIFIER:
            builder = builder.add_extension(one.value, one.critical)
    certificate = builder.sign(TestAuthority.load(pki).keys[ORGANIZATIONS], hashes.SHA256())
    (pki / "elliptic.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in (certificate, *chain)))
    (pki / "elliptic.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {"CARNET_TLS_CERTIFICATE": "pki/elliptic.pem", "CARNET_TLS_KEY": "pki/elliptic.key"}
