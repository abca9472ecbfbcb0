"""ObjectStore on any service that speaks S3, by the library obstore. Credentials are handed to it and nowhere else."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from carnet.errors import OutOfResources
from carnet.repository.object_store import PIECE, Absent
from carnet.repository.store_address import StoreAddress

if TYPE_CHECKING:
    from obstore.store import ClientConfig  # a type alone: the library has no such name at run time

RETRIES = 2
_BEYOND = "416 Range Not Satisfiable"
_LOG = logging.getLogger("carnet.repository")
_STATUS = re.compile(r"\b[45][0-9]{2} [A-Z][A-Za-z ]{2,30}")
_CODE = re.compile(r"<Code>([A-Za-z]{3,60})</Code>")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to the store."""

    key_id: str
    secret: str = field(repr=False)


class S3Objects:
    """Objects of one bucket, below one prefix."""

    def __init__(self, address: StoreAddress, credentials: Credentials, *, timeout: float, authorities: bytes) -> None:
        """`timeout` is in seconds, for each try of each request; `authorities` are certificates (PEM) trusted beside the system's."""
        patience = dt.timedelta(seconds=timeout)
        options: ClientConfig = {
            "timeout": patience,
            "connect_timeout": patience,
            "allow_http": not address.encrypted,
            "allow_invalid_certificates": False,
        }
        if authorities:
            options["root_certificate"] = authorities
        self._store = S3Store(
            address.bucket,
            prefix=address.prefix or None,
            endpoint=address.endpoint,
            region=address.region,
            virtual_hosted_style_request=address.virtual_host,
            access_key_id=credentials.key_id,
            secret_access_key=credentials.secret,
            client_options=options,
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": patience,
                "backoff": {"init_backoff": patience / 50, "max_backoff": patience / 5, "base": 2},
            },
        )

    def put(self, name: str, content: bytes) -> None:
        """See ObjectStore."""
        with _calling("put"):
            obstore.put(self._store, name, content, chunk_size=PIECE)

    def put_pieces(self, name: str, pieces: Iterator[bytes]) -> None:
        """See ObjectStore. Sent in parts, two at a time, so that no more than these are in memory."""
        with _calling("put"):
            obstore.put(self._store, name, pieces, use_multipart=True, chunk_size=PIECE, max_concurrency=2)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """See ObjectStore."""
        with _calling("get"):
            found = bytes(obstore.get_range(self._store, name, start=offset, length=length))
        if len(found) != length:
            raise Absent(name)
        return found

    def size(self, name: str) -> int:
        """See ObjectStore."""
        with _calling("head"):
            return obstore.head(self._store, name)["size"]

    def first_from(self, folder: str, name: str) -> tuple[str, int] | None:
        """See ObjectStore."""
        with _calling("list"):
            for page in obstore.list(self._store, folder, offset=f"{folder}/{name[:-1]}"):
                for found in page:
                    below = found["path"].removeprefix(f"{folder}/")
                    if below >= name:
                        return below, found["size"]
        return None

    def names(self, folder: str) -> Iterator[str]:
        """See ObjectStore."""
        with _calling("list"):
            for page in obstore.list(self._store, folder):
                yield from (found["path"] for found in page)

    def remove(self, names: Sequence[str]) -> None:
        """See ObjectStore."""
        with _calling("delete"):
            for start in range(0, len(names), 1_000):
                obstore.delete(self._store, list(names[start : start + 1_000]))


@contextmanager
def _calling(operation: str) -> Iterator[None]:
    """Turns what the library raises into our errors. Only status and code are logged: its texts carry names and the key's identifier."""
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise Absent(operation) from None
    except (BaseError, OSError) as error:
        text = str(error)
        if _BEYOND in text:
            raise Absent(operation) from None
        reason = " ".join([type(error).__name__, *_STATUS.findall(text)[:1], *_CODE.findall(text)[:1]])
        _LOG.warning("the object store did not answer as it should", extra={"operation": operation, "reason": reason})
        raise OutOfResources("The store of documents does not answer; try again later.") from None
