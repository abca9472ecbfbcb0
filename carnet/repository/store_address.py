"""Reading the setting `documents_url`: where the object store is, never who may use it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from carnet.errors import ConfigurationError

FORM = "documents_url is written s3+https://HOST[:PORT]/BUCKET[/PREFIX]?region=REGION"
_SCHEMES = {"s3+https": "https", "s3+http": "http"}
_ADDRESSINGS = {"path": False, "virtual": True}


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """An S3 service: `endpoint` is its URL, `prefix` what all names begin with; `virtual_host` puts the bucket into the host name."""

    endpoint: str
    bucket: str
    prefix: str
    region: str
    virtual_host: bool

    @property
    def encrypted(self) -> bool:
        """Whether it is spoken to over TLS."""
        return self.endpoint.startswith("https:")


def read_address(url: str) -> StoreAddress:
    """Reads `s3+https://host:port/bucket/prefix?region=…&addressing=path|virtual`. Raises ConfigurationError, which never repeats the URL."""
    try:
        parts = urlsplit(url)
        port, about = parts.port, dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ConfigurationError(f"{FORM}.") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("documents_url holds no credentials: they have settings of their own.")
    bucket, _, prefix = parts.path.strip("/").partition("/")
    addressing, region = about.pop("addressing", "path"), about.pop("region", "us-east-1")
    if parts.scheme not in _SCHEMES or not parts.hostname or not bucket or about or parts.fragment:
        raise ConfigurationError(f"{FORM}.")
    if addressing not in _ADDRESSINGS:
        raise ConfigurationError("documents_url: addressing is path or virtual.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    virtual = _ADDRESSINGS[addressing]
    endpoint = f"{_SCHEMES[parts.scheme]}://{bucket + '.' if virtual else ''}{host}{f':{port}' if port else ''}"
    return StoreAddress(endpoint, bucket, prefix.strip("/"), region, virtual)
