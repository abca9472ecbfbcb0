"""Reading DICOM files by pydicom, which is loaded with the first of them: with numpy it is a fifth of a worker's start, and most see none."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

_PIXELS = 0x7FE00010
_SEQUENCE_END = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
_UNDEFINED = 0xFFFFFFFF


@cache
def _pydicom() -> Any:
    import pydicom  # noqa: PLC0415 - loaded when it is needed

    # Values are compared by whoever asks, not judged by DICOM's own rules.
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    return pydicom


def read_dicom(content: bytes) -> Any:
    """The file's data set (a pydicom Dataset). It raises many kinds of error for broken files, RecursionError and struct.error among them."""
    return _pydicom().dcmread(BytesIO(content))


def is_whole(dataset: Any, content: bytes) -> bool:
    """Whether the last element ends where the file does: pydicom takes what there is of it."""
    last = dataset.get_item(max(dataset.keys(), default=_PIXELS))
    if not isinstance(last, _pydicom().dataelem.RawDataElement):
        return last is not None and content.endswith(_SEQUENCE_END)  # a sequence of undefined length is read at once
    return bool(last.length != _UNDEFINED and last.value_tell + last.length == len(content))
