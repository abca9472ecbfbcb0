"""Whose certificate a request comes with: of the connection, or of Client-Cert when a declared proxy says it (RFC 9440)."""

from __future__ import annotations

import base64
import ssl
from dataclasses import replace

import pytest

from carnet.config import Settings
from carnet.errors import ConfigurationError, MalformedMessage
from carnet.server.transport import authorities, caller_address, caller_certificate, decode_client_cert, tls_context

DER = bytes(range(200))
HEADER = b":" + base64.b64encode(DER) + b":"


def scope(*headers, peer="10.0.0.1", certificate=None):
    client = (peer, 4711) if peer else None
    return {"headers": list(headers), "client": client, "extensions": {"tls": {"client_certificate": certificate}}}


def behind(*proxies):
    return Settings(declared_proxies=proxies)


# --- the header ----------------------------------------------------------------------------------------------------


def test_a_client_cert_header_is_a_byte_sequence_of_der():
    assert decode_client_cert(HEADER) == DER
    assert decode_client_cert(b"  " + HEADER + b" ") == DER


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b":",
        b"::",
        base64.b64encode(DER),
        b":" + base64.b64encode(DER),
        base64.b64encode(DER) + b":",
        b":not base64 at all:",
        b":AAAA\xff:",
        b":AAA:",
        b":" + base64.b64encode(DER) + b":;a=1",
        b'":AAAA:"',
        b"-----BEGIN CERTIFICATE-----",
    ],
)
def test_any_other_form_of_the_header_is_refused(value):
    with pytest.raises(MalformedMessage):
        decode_client_cert(value)


# --- who may say it ------------------------------------------------------------------------------------------------


def test_without_the_header_the_certificate_is_that_of_the_connection():
    assert caller_certificate(Settings(), scope(certificate=DER)) == DER
    assert caller_certificate(Settings(), scope()) is None
    assert caller_certificate(Settings(), {"headers": [], "client": None}) is None


def test_a_declared_proxy_says_whose_certificate_it_verified():
    assert caller_certificate(behind("10.0.0.1"), scope((b"client-cert", HEADER))) == DER


@pytest.mark.parametrize("proxies", [(), ("10.0.0.2",), ("10.1.0.0/16", "192.0.2.0/24"), ("2001:db8::/32",)])
@pytest.mark.parametrize("certificate", [None, b"another"])
def test_from_any_other_peer_the_header_is_refused_not_ignored(proxies, certificate):
    with pytest.raises(MalformedMessage, match="declared proxies"):
        caller_certificate(behind(*proxies), scope((b"client-cert", HEADER), certificate=certificate))


def test_a_peer_without_address_is_no_proxy():
    with pytest.raises(MalformedMessage):
        caller_certificate(behind("0.0.0.0/0", "::/0"), scope((b"client-cert", HEADER), peer=None))


@pytest.mark.parametrize(
    ("proxy", "peer", "declared"),
    [
        ("10.0.0.0/8", "10.200.3.4", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("2001:db8::/32", "2001:db8:1::7", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("::1", "::1", True),
        ("127.0.0.1", "::ffff:127.0.0.1", True),  # the same peer on a socket of both families
        ("127.0.0.1", "::ffff:127.0.0.2", False),
        ("127.0.0.1", "::1", False),
    ],
)
def test_proxies_are_declared_by_address_or_network_of_either_family(proxy, peer, declared):
    asked = scope((b"client-cert", HEADER), peer=peer)
    if declared:
        assert caller_certificate(behind(proxy), asked) == DER
    else:
        with pytest.raises(MalformedMessage):
            caller_certificate(behind(proxy), asked)


def test_a_header_given_twice_is_refused_even_from_a_proxy():
    twice = scope((b"client-cert", HEADER), (b"client-cert", HEADER))
    with pytest.raises(MalformedMessage, match="more than once"):
        caller_certificate(behind("10.0.0.1"), twice)


# --- the address for the trace -------------------------------------------------------------------------------------


def test_the_address_is_the_peer_s_and_what_a_stranger_says_of_itself_is_not_read():
    forged = scope((b"x-forwarded-for", b"198.51.100.1"), peer="192.0.2.4")
    assert caller_address(Settings(), forged) == "192.0.2.4"
    assert caller_address(behind("10.0.0.1"), forged) == "192.0.2.4"
    assert caller_address(Settings(), scope(peer=None)) == ""


@pytest.mark.parametrize(
    ("values", "address"),
    [
        ((b"198.51.100.1",), "198.51.100.1"),
        ((b"forged, 198.51.100.1",), "198.51.100.1"),
        ((b"forged", b"198.51.100.1"), "198.51.100.1"),  # a proxy that adds a line of its own
        ((b"2001:db8::9",), "2001:db8::9"),
        ((), "10.0.0.1"),
    ],
)
def test_behind_a_proxy_the_address_is_the_last_one_which_the_proxy_wrote(values, address):
    asked = scope(*((b"x-forwarded-for", value) for value in values))
    assert caller_address(behind("10.0.0.1"), asked) == address


# --- TLS -----------------------------------------------------------------------------------------------------------


def test_tls_begins_at_1_2_and_asks_for_a_certificate_of_the_trusted_authorities(first_stage):
    context = tls_context(first_stage.settings)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_OPTIONAL
    old = [suite["name"] for suite in context.get_ciphers() if suite["protocol"] != "TLSv1.3"]
    assert old
    assert all(name.startswith("ECDHE-") for name in old)
    assert len(context.get_ca_certs()) == 3


def test_real_identities_are_checked_by_the_strict_profile(first_stage):
    strict = tls_context(replace(first_stage.settings, test_identities=False))
    assert strict.verify_flags & ssl.VERIFY_X509_STRICT


def test_a_home_without_authorities_is_not_served(tmp_path):
    (tmp_path / "trust").mkdir()
    with pytest.raises(ConfigurationError, match="tls_client_authorities"):
        authorities(tmp_path / "trust")


def test_a_declared_proxy_that_names_no_caller_does_not_pass_for_one():
    settings = behind("127.0.0.1")
    assert caller_certificate(settings, scope(peer="127.0.0.1", certificate=DER)) is None
    assert caller_certificate(settings, scope(peer="127.0.0.2", certificate=DER)) == DER
