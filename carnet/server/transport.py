"""TLS, the client certificate of a connection, and the Client-Cert header (RFC 9440) from a declared proxy and nobody else."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import ssl
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from carnet.config import Settings
from carnet.errors import ConfigurationError, MalformedMessage

CIPHERS = (  # PDT-INF-579: the suites that care software may offer under TLS 1.2; TLS 1.3 brings its own
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"
)
TLS_EXTENSION = "tls"
THIS_MACHINE = ("127.0.0.0/8", "::1/128")


def authorities(directory: Path) -> str:
    """All trusted roots and intermediates of a directory, as one PEM text for OpenSSL."""
    files = sorted([*directory.glob("*.pem"), *(directory.parent / "intermediates").glob("*.pem")])
    if not files:
        raise ConfigurationError("tls_client_authorities names a directory without any *.pem certificate.")
    return "\n".join(file.read_text(encoding="ascii") for file in files)


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Mutual TLS 1.2 and 1.3. The certificate is asked for, and checked here against the trusted authorities alone.

    Its class, revocation and holder are checked for each request, so that a revocation acts on open connections too. A connection
    without certificate is let in, for /health and /metrics; every transaction refuses it. Raises ConfigurationError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.num_tickets = (
        1  # each costs a quarter of a millisecond; two are for a browser that opens several connections at once
    )
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(settings.path("tls_certificate"), settings.path("tls_key"))
    except OSError as error:
        files = f"{settings.path('tls_certificate')} and {settings.path('tls_key')}"
        raise ConfigurationError(f"{files} are not a certificate and its key: {error.strerror or error}.") from error
    context.load_verify_locations(cadata=authorities(settings.path("tls_client_authorities")))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_X509_STRICT if not settings.test_identities else ssl.VerifyFlags.VERIFY_DEFAULT
    return context


def caller_certificate(settings: Settings, scope: Any) -> bytes | None:
    """The caller's certificate in DER: of the TLS connection or, when the peer is a declared proxy, of its Client-Cert header.

    From any other peer the header is refused, not ignored: somebody tries to pass for a proxy. Raises MalformedMessage.
    """
    headers = [value for name, value in scope["headers"] if name == b"client-cert"]
    if not headers:  # a proxy's own certificate is never its caller's
        return None if is_declared_proxy(settings, scope) else _connection_certificate(scope)
    if not is_declared_proxy(settings, scope):
        raise MalformedMessage("The header Client-Cert is accepted from declared proxies only.")
    if len(headers) > 1:
        raise MalformedMessage("The header Client-Cert is given more than once.")
    return decode_client_cert(headers[0])


def caller_address(settings: Settings, scope: Any) -> str:
    """The caller's IP address; from a declared proxy, the very last one of X-Forwarded-For, which the proxy itself wrote."""
    peer = scope["client"][0] if scope.get("client") else ""
    if is_declared_proxy(settings, scope):
        written = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        if written:
            return str(written[-1].decode("latin-1").rsplit(",", 1)[-1].strip())
    return str(peer)


def _connection_certificate(scope: Any) -> bytes | None:
    extension = scope.get("extensions", {}).get(TLS_EXTENSION, {})
    found = extension.get("client_certificate")
    return found if isinstance(found, bytes) else None


def is_gone(scope: Any) -> Callable[[], bool]:
    """Tells at any time whether the peer of a request has hung up."""
    found: Callable[[], bool] = scope.get("extensions", {}).get(TLS_EXTENSION, {}).get("gone", _stays)
    return found


def _stays() -> bool:
    return False


def is_declared_proxy(settings: Settings, scope: Any) -> bool:
    """Whether the peer's address is one of `declared_proxies` (addresses or networks); `::ffff:10.0.0.1` is 10.0.0.1."""
    if not settings.declared_proxies or not scope.get("client"):
        return False
    return _within(settings.declared_proxies, scope["client"][0])


def is_operator(settings: Settings, scope: Any) -> bool:
    """Whether a request comes from this machine or from one of `operation_addresses`: by a declared proxy's word when it came through one."""
    try:
        return _within((*THIS_MACHINE, *settings.operation_addresses), caller_address(settings, scope))
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _within(networks: tuple[str, ...], address: str) -> bool:
    peer = ipaddress.ip_address(address)
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return any(peer in ipaddress.ip_network(network) for network in networks)


@lru_cache(maxsize=256)
def decode_client_cert(value: bytes) -> bytes:
    """The DER of a Client-Cert header: an RFC 8941 byte sequence, `:base64:` (RFC 9440 §2.1). Raises MalformedMessage."""
    text = value.strip()
    if len(text) < 3 or not (text.startswith(b":") and text.endswith(b":")):
        raise MalformedMessage("The header Client-Cert is not a byte sequence.")
    try:
        return base64.b64decode(text[1:-1], validate=True)
    except binascii.Error as error:
        raise MalformedMessage("The header Client-Cert is not base64.") from error
