import pytest

from carnet.errors import ConfigurationError
from carnet.repository.store_address import StoreAddress, read_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "s3+https://s3.example:9000/documents?region=fr-1",
            StoreAddress("https://s3.example:9000", "documents", "", "fr-1", virtual_host=False),
        ),
        (
            "s3+http://127.0.0.1/documents/carnet/one/",
            StoreAddress("http://127.0.0.1", "documents", "carnet/one", "us-east-1", virtual_host=False),
        ),
        (
            "s3+https://s3.example/documents?addressing=virtual",
            StoreAddress("https://documents.s3.example", "documents", "", "us-east-1", virtual_host=True),
        ),
        ("s3+https://[::1]:1/b", StoreAddress("https://[::1]:1", "b", "", "us-east-1", virtual_host=False)),
    ],
)
def test_an_address_is_read(url, expected):
    assert read_address(url) == expected
    assert expected.encrypted == url.startswith("s3+https")


@pytest.mark.parametrize(
    "url",
    [
        "https://s3.example/documents",
        "s3+https://s3.example",
        "s3+https:///documents",
        "s3+https://s3.example/documents?colour=red",
        "s3+https://s3.example/documents?region",
        "s3+https://s3.example/documents#x",
        "s3+https://s3.example:port/documents",
        "s3+https://s3.example/documents?addressing=postal",
        "s3+https://key:secret@s3.example/documents",
    ],
)
def test_what_is_none_is_refused_without_repeating_it(url):
    with pytest.raises(ConfigurationError) as refused:
        read_address(url)
    assert "example" not in refused.value.message
    assert "secret" not in refused.value.message
