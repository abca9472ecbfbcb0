"""Syslog messages (RFC 5424) over TLS (RFC 5425, RFC 9662), handed over as surely as the protocol allows.

Syslog has no acknowledgement. A batch counts as handed over once the collector has answered our close_notify with its own and closed the
connection without a reset: it has then taken everything before from the connection (RFC 5425 §4.4). Anything else, and the batch is sent
again, each message with the identifier it had.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from carnet.clock import to_iso
from carnet.errors import ConfigurationError, Unavailable

PRIORITY = 10 * 8 + 5
"""Facility security/authorization, severity notice (ITI TF-2 §3.20.4.1.2.1)."""
MESSAGE_ID = "IHE+RFC-3881"
DEFAULT_PORT = 6514
TIMEOUT = 20.0
"""Seconds for each step."""
_HEADER_WORD = re.compile(r"[!-~]{1,48}")
_TO_ESCAPE = re.compile(r'(["\\\]])')


@dataclass(frozen=True, slots=True)
class Header:
    """What is the same in all our messages: HOSTNAME, and the private enterprise number of the identifier's SD-ID."""

    hostname: str
    enterprise: int


def syslog_message(header: Header, at: int, identifier: str, content: bytes) -> bytes:
    """One SYSLOG-MSG around an XML document, which names its own encoding and so goes without byte order mark. `at` in microseconds UTC; `identifier` is the same whenever the message is sent again."""
    if not _HEADER_WORD.fullmatch(header.hostname):
        raise ConfigurationError(
            "atna_source is a word of at most 48 printable characters without blanks (RFC 5424 §6)."
        )
    escaped = _TO_ESCAPE.sub(r"\\\1", identifier)
    start = f'<{PRIORITY}>1 {to_iso(at)} {header.hostname} carnet - {MESSAGE_ID} [trace@{header.enterprise} id="{escaped}"] '
    return start.encode() + content


def framed(message: bytes) -> bytes:
    """The octet-counted frame (RFC 5425 §4.3)."""
    return b"%d %b" % (len(message), message)


@dataclass(frozen=True, slots=True)
class Collector:
    """A syslog collector: where it is, and the TLS that both sides show certificates in."""

    host: str
    port: int
    context: ssl.SSLContext

    @property
    def name(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"

    def hand_over(self, messages: Sequence[bytes]) -> None:
        """Sends a batch over a connection of its own. Raises Unavailable unless the collector has taken all of it."""
        try:
            with socket.create_connection((self.host, self.port), TIMEOUT) as plain:
                plain.settimeout(TIMEOUT)
                secured = self.context.wrap_socket(plain, server_hostname=self.host)
                with secured:
                    for message in messages:
                        secured.sendall(framed(message))
                    _close(secured)
        except ssl.SSLCertVerificationError as error:
            raise Unavailable(f"The collector's certificate is not accepted: {error.verify_message}.") from error
        except OSError as error:
            raise Unavailable(f"The collector did not take the messages: {error.strerror or error}.") from error


def _close(secured: ssl.SSLSocket) -> None:
    """Says that this was all, and waits until the collector has read that and closed: a reset means that something was left unread."""
    plain = secured.unwrap()
    plain.shutdown(socket.SHUT_WR)
    while plain.recv(4_096):
        pass
    plain.close()


def collector_context(authorities: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 towards a collector whose certificate comes from these authorities and names its host. Raises ConfigurationError."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # a connection that only breaks off is no answer
        context.load_verify_locations(cafile=str(authorities))
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"The files for TLS to the collector cannot be used: {error}.") from error
    return context


def read_address(text: str) -> tuple[str, int]:
    """Host and port of `host`, `host:port` or `[address]:port`. Raises ConfigurationError."""
    host, colon, port = text.rpartition(":") if not text.endswith("]") and ":" in text else (text, "", "")
    host = host.removeprefix("[").removesuffix("]")
    if not host or (colon and not (port.isdecimal() and 0 < int(port) < 65_536)):
        raise ConfigurationError("atna_collector is of the form host:port.")
    return host, int(port) if colon else DEFAULT_PORT
