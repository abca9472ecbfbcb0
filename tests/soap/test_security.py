"""The way from a SOAP message to a caller, apart from the attacks, which have their own folder."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from lxml import etree

from carnet.errors import AssertionInvalid, CertificateMissing
from carnet.identity.vihf_structure import REFUSAL
from carnet.soap.namespaces import SOAP12
from carnet.soap.security import authenticate


def rules(check):
    return SimpleNamespace(certificates=SimpleNamespace(check=check))


def test_without_a_certificate_nobody_is_known():
    with pytest.raises(CertificateMissing, match=REFUSAL):
        authenticate(etree.Element("x"), None, "192.0.2.1", rules(None), 0)


@pytest.mark.parametrize(
    "root", [f"<e:Envelope xmlns:e='{SOAP12}'/>", f"<e:Envelope xmlns:e='{SOAP12}'><e:Body/></e:Envelope>", "<x/>"]
)
def test_without_a_header_nobody_is_known(root):
    with pytest.raises(AssertionInvalid, match=REFUSAL) as refusal:
        authenticate(etree.fromstring(root), b"der", "192.0.2.1", rules(lambda der, purpose: None), 0)
    assert refusal.value.__notes__ == ["the message has no SOAP header"]


def test_a_failure_of_the_verification_is_a_refusal():
    def broken(der, purpose):
        raise RuntimeError("a bug")

    with pytest.raises(AssertionInvalid, match=REFUSAL) as refusal:
        authenticate(etree.Element("x"), b"der", "192.0.2.1", rules(broken), 0)
    assert refusal.value.__notes__ == ["the verification itself failed: RuntimeError"]
    assert isinstance(refusal.value.__cause__, RuntimeError)
