"""One name, written in many ways."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from carnet.demo.certificate_profile import distinguished_name, organization_name, professional_name
from carnet.identity.distinguished_name import from_certificate, parse, same

CARD = from_certificate(professional_name("899700000012", "D'ÉTÉ", "Élise", "10"))
STRUCTURE = from_certificate(organization_name("1750100125", "HÔPITAL, NORD", "DOSSIER PATIENT"))


@pytest.mark.parametrize(
    "text",
    [
        "CN=899700000012+SN=D'ÉTÉ+GN=Élise,T=Médecin,O=TEST,C=FR",
        "C=FR,O=TEST,TITLE=Médecin,CN=899700000012+SN=D'ÉTÉ+GN=Élise",
        "cn=899700000012 + surname=d'été + givenName=élise , title=MÉDECIN , o=test , c=fr",
        "CN=899700000012+2.5.4.4=#0c0744 27c389 54c389+2.5.4.42=#0c06c3896c697365,2.5.4.12=Médecin,O=TEST,C=FR".replace(
            " ", ""
        ),
        "G=Élise+SN=D'ÉTÉ+CN=899700000012,OID.2.5.4.12=Médecin,O=TEST,C=FR",
        'CN=899700000012+SN=D\'\\C3\\89T\\C3\\89+GN="Élise",T=Médecin,O=TEST,C=FR',
        "CN=899700000012+SN=D'E\u0301TE\u0301+GN=E\u0301lise,T=Médecin,O=TEST,C=FR",
    ],
)
def test_a_card_s_name_is_recognised_in_each_writing(text):
    assert same(parse(text), CARD)


@pytest.mark.parametrize(
    "text",
    [
        "CN=DOSSIER PATIENT,OU=1750100125,O=HÔPITAL\\, NORD,ST=Paris (75),C=FR",
        'CN=DOSSIER  PATIENT; OU=1750100125; O="HÔPITAL, NORD"; S=Paris (75); C=FR',
    ],
)
def test_a_structure_s_name_is_recognised_in_each_writing(text):
    assert same(parse(text), STRUCTURE)


@pytest.mark.parametrize(
    "text",
    [
        "CN=899700000013+SN=D'ÉTÉ+GN=Élise,T=Médecin,O=TEST,C=FR",
        "CN=899700000012,SN=D'ÉTÉ,GN=Élise,T=Médecin,O=TEST,C=FR",
        "CN=899700000012+SN=D'ÉTÉ+GN=Élise,O=TEST,T=Médecin,C=FR",
        "CN=899700000012+SN=D'ÉTÉ+GN=Élise,T=Médecin,O=TEST",
        "CN=899700000012+SN=D'ETE+GN=Élise,T=Médecin,O=TEST,C=FR",
    ],
)
def test_another_name_is_not_recognised(text):
    assert not same(parse(text), CARD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "the hospital",
        "CN",
        "CN=a,",
        "CN=a,,C=FR",
        "X=a",
        "CN=#0c05",
        "CN=#0201 05",
        "CN=a\\",
        "CN=" + "a" * 1100,
        "=a",
        "CN=a<b",
    ],
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(ValueError, match=r"distinguished name|codec"):
        parse(text)


def test_every_string_of_a_certificate_is_read_back():
    name = distinguished_name([(NameOID.COMMON_NAME, 'a, b+c=d;"e" \\ #<>é')])
    assert same(parse(name.rfc4514_string()), from_certificate(name))


def test_a_name_with_bytes_in_a_certificate_is_refused():
    raw = x509.Name([x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\x00", x509.name._ASN1Type.BitString)])
    with pytest.raises(ValueError, match="not text"):
        from_certificate(raw)
