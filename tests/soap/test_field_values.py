import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet.metadata import PatientIdentifier
from carnet.soap.field_values import is_dtm, is_media_type, is_oid, patient_identifier

INS = PatientIdentifier("299019912345680", "1.2.250.1.213.1.4.10")


@pytest.mark.parametrize(
    "cx",
    [
        INS.cx(),
        f"{INS.cx()}^^20250101",
        "299019912345680^^^&1.2.250.1.213.1.4.10&ISO",
        " 299019912345680^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS ",
    ],
)
def test_only_the_value_and_the_authority_of_a_patient_identifier_count(cx):
    assert patient_identifier(cx) == INS


@pytest.mark.parametrize(
    "cx",
    [
        "",
        "299019912345680",
        "299019912345680^^^&1.2.250.1.213.1.4.10",
        "299019912345680^^^1.2.250.1.213.1.4.10&ISO^NH",
        "^^^&1.2.250.1.213.1.4.10&ISO^NH",
        "299019912345680^^^&not.an.oid&ISO^NH",
        "299019912345680^^^&1..2&ISO^NH",
        "299019912345680^^^&1.2.250&UUID^NH",
        "299019912345680^^^&1.2.250&ISOX",
    ],
)
def test_what_is_no_patient_identifier_is_none(cx):
    assert patient_identifier(cx) is None


@pytest.mark.parametrize("oid", ["1.2.250.1.213", "2.999", "0.0", "2." + "1" * 62])
def test_oids(oid):
    assert is_oid(oid)


@pytest.mark.parametrize(
    "oid", ["", "1", "3.1", "1.02", "1.2^3", "1.2.", ".1.2", "urn:oid:1.2", "2." + "1" * 63, "1.2\n", "1.٢"]
)
def test_what_is_no_oid(oid):
    assert not is_oid(oid)


@pytest.mark.parametrize("kind", ["text/xml", "application/xslt+xml", "application/vnd.x-y_z.1"])
def test_media_types(kind):
    assert is_media_type(kind)


@pytest.mark.parametrize("kind", ["", "text", "text/", "text/xml; charset=utf-8", "text/xml\r\nX: y", "a b/c", "é/x"])
def test_what_is_no_media_type(kind):
    assert not is_media_type(kind)


@pytest.mark.parametrize(
    "value", ["2026", "202602", "20240229", "2026010523", "202601052359", "20260105235959", "0001"]
)
def test_times_of_4_to_14_digits(value):
    assert is_dtm(value)


@pytest.mark.parametrize(
    "value",
    ["", "202", "20261", "202613", "202600", "20260230", "20230229", "2026010524", "202601052360", "20260105235960",
     "20260105235959Z", "20260105235959+0100", "2026-01-05", "0000", "202601051", "\uff12\uff10\uff12\uff16", "20260105101500.5"],
)  # fmt: skip
def test_what_is_no_time(value):
    assert not is_dtm(value)


@given(st.datetimes(min_value=dt.datetime(1000, 1, 1)), st.sampled_from([4, 6, 8, 10, 12, 14]))  # noqa: DTZ001
def test_every_moment_cut_at_a_whole_field_is_a_time(moment, length):
    assert is_dtm(moment.strftime("%Y%m%d%H%M%S")[:length])
