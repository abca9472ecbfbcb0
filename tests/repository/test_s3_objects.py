"""The client of S3 against a protocol double on loopback, with everything that a network and a store may do to it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import logging
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from s3_double import KEY_ID, SECRET, S3Double

from carnet.errors import OutOfResources
from carnet.repository.object_store import PIECE, Absent
from carnet.repository.s3_objects import RETRIES, Credentials, S3Objects
from carnet.repository.store_address import read_address

TIMEOUT = 20.0
"""Seconds: whatever is answered is answered well within, however busy the machine."""
SHORT = 2.0
"""For a store that never answers."""


def client(double, *, secret=SECRET, prefix="", authorities=b"", timeout=TIMEOUT):
    address = read_address(double.url.replace("/documents", f"/documents/{prefix}"))
    return S3Objects(address, Credentials(KEY_ID, secret), timeout=timeout, authorities=authorities)


def fault(name, *methods):
    return lambda method, key: name if method in methods else None


def test_what_was_put_is_read_in_part(s3):
    store = client(s3, prefix="carnet/one")
    store.put("a/b", bytes(range(100)))
    assert store.read("a/b", 10, 5) == bytes(range(10, 15))
    assert store.size("a/b") == 100
    assert list(s3.objects) == ["carnet/one/a/b"]


@pytest.mark.parametrize("size", [1, PIECE, PIECE + 1, 3 * PIECE + 7])
def test_a_large_object_goes_in_parts_and_is_whole(s3, size):
    content = bytes(range(251)) * (size // 251 + 1)
    pieces = (content[start : min(start + PIECE, size)] for start in range(0, size, PIECE))
    client(s3).put_pieces("segments/one", pieces)
    assert s3.objects["segments/one"] == content[:size]
    assert s3.parts == {}


def test_an_object_whose_pieces_end_in_an_error_does_not_appear(s3):
    def pieces():
        yield bytes(PIECE)
        yield bytes(PIECE)
        raise ValueError("the disk")

    with pytest.raises(ValueError, match="the disk"):
        client(s3).put_pieces("segments/one", pieces())
    assert s3.objects == {}
    assert s3.parts == {}


def test_what_is_not_there_is_absent(s3):
    store = client(s3)
    store.put("short", b"12345")
    for work in (
        lambda: store.read("none", 0, 1),
        lambda: store.size("none"),
        lambda: store.read("short", 3, 5),
        lambda: store.read("short", 30, 5),
    ):
        with pytest.raises(Absent):
            work()


def test_names_are_listed_over_pages_and_removed_in_bulk(s3):
    store = client(s3, prefix="p")
    s3.objects |= {f"p/u/one/{number:06}": b"x" * number for number in range(2_300)}
    s3.objects["p/u/one.and.more/000001"] = b""
    assert len(list(store.names("u/one"))) == 2_300
    assert store.first_from("u/one", "000700") == ("000700", 700)
    assert store.first_from("u/one", "0007005") == ("000701", 701)
    assert store.first_from("u/one", "002300") is None
    store.remove([f"u/one/{number:06}" for number in range(2_300)])
    store.remove(["u/one/000001"])
    assert list(s3.objects) == ["p/u/one.and.more/000001"]


@pytest.mark.parametrize("name", ["503", "truncated", "hang"])
def test_a_read_that_fails_is_tried_again_a_bounded_number_of_times(s3, name):
    store = client(s3)
    store.put("a", bytes(1_000))
    s3.faults = fault(name, "GET")
    with pytest.raises(OutOfResources):
        client(s3, timeout=SHORT if name == "hang" else TIMEOUT).read("a", 0, 1_000)
    assert 1 <= s3.count("GET") <= 2 * (RETRIES + 1)
    s3.faults = fault(None)
    assert store.read("a", 0, 1_000) == bytes(1_000)


def test_a_read_that_fails_once_succeeds(s3):
    store = client(s3)
    store.put("a", bytes(1_000))
    s3.faults = lambda method, key: "503" if s3.count("GET") == 1 and method == "GET" else None
    assert store.read("a", 0, 1_000) == bytes(1_000)
    assert s3.count("GET") == 2


@pytest.mark.parametrize("name", ["503", "late", "hang"])
def test_a_put_of_unknown_outcome_is_an_error(s3, name):
    s3.faults = fault(name, "PUT")
    with pytest.raises(OutOfResources):
        client(s3, timeout=SHORT if name == "hang" else TIMEOUT).put("a", b"12")


def test_a_wrong_secret_is_refused_and_no_secret_is_logged(s3, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(OutOfResources) as error:
        client(s3, secret="another-secret").put("unsealed/one/two", b"12")
    told = [record for record in caplog.records if record.name == "carnet.repository"]
    assert "SignatureDoesNotMatch" in told[0].reason or "PermissionDenied" in told[0].reason
    everything = caplog.text + repr([vars(record) for record in caplog.records]) + repr(error.value)
    assert "another-secret" not in everything
    assert KEY_ID not in repr([vars(record) for record in told])
    assert "another-secret" not in repr(Credentials(KEY_ID, "another-secret"))
    assert s3.objects == {}


def issued(host):
    """(authority, the server's certificate and key), PEM."""
    now, keys = dt.datetime.now(dt.UTC), [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", host)]

    def made(number):
        alternatives = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        return (
            x509.CertificateBuilder()
            .subject_name(names[number])
            .issuer_name(names[0])
            .public_key(keys[number].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=number == 0, path_length=None), critical=True)
            .add_extension(alternatives, critical=False)
            .sign(keys[0], hashes.SHA256())
            .public_bytes(Encoding.PEM)
        )

    private = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made(0), made(1) + private


def test_the_store_must_show_a_certificate_of_a_trusted_authority_for_its_name(tmp_path):
    ours, shown = issued("127.0.0.1")
    foreign, _ = issued("127.0.0.1")
    other, elsewhere = issued("127.0.0.2")
    for pem, trusted, expected in (
        (shown, ours, True),
        (shown, b"", False),
        (shown, foreign, False),
        (elsewhere, other, False),
    ):
        (tmp_path / "pem").write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "pem")
        double = S3Double(context=context)
        store = client(double, authorities=trusted)
        if expected:
            store.put("a", b"1")
        else:
            with pytest.raises(OutOfResources):
                store.put("a", b"1")
        assert (double.objects == {"a": b"1"}) is expected
        double.close()
