"""The files of a deposit: a CDA is proved and kept as it came; anything else is made anew by the enclosed process, as what patients add is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from carnet.cda.contents import clinical_document, wrapped_of
from carnet.cda.header import read_header
from carnet.cda.header_model import LEVEL_1, CdaHeader
from carnet.cda.participants import child_at
from carnet.errors import Busy, CarnetError
from carnet.platform import Platform
from carnet.portal.file_forms import SentFile
from carnet.portal.professional.pro_visit import ProVisit
from carnet.record.deposit_making import check_cda, refused_for
from carnet.record.deposit_said import Said
from carnet.record.retrieval import Located, fetch
from carnet.viewing.refusals import NotShown
from carnet.viewing.showing import shown
from carnet.viewing.shown import Pages
from carnet.viewing.side_room import ROOM
from carnet.viewing.taking_in import Taken, bound_together, preview, taken_in

BEGINNING = 1_500
"""Characters of a text that are shown while it is prepared."""
LOOKED_AT = 3
"""Pages whose text says what kind of document it seems to be."""
AROUND = 64 * 1024
"""Bytes of a CDA beside the file that it wraps, generously."""
_MEDIA_TYPES = {"picture": "image/jpeg", "pdf": "application/pdf", "text": "text/plain"}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a file: `cause` is a name that the templates have a sentence for; of a CDA `faults` are attribute and message."""

    cause: str
    name: str = ""
    faults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TakenFile:
    """What will be deposited, or what is wrong. `text` is that of the first pages; `preview` b'' for a CDA."""

    said: Said = field(default_factory=Said)
    content: bytes = field(default=b"", repr=False)
    preview: bytes = field(default=b"", repr=False)
    text: str = ""
    wrong: tuple[Wrong, ...] = ()


def most_bytes(platform: Platform) -> int:
    """The largest file that still fits into a document once it is in base64."""
    return min(platform.settings.upload_file_bytes, (platform.settings.maximum_document_bytes - AROUND) * 3 // 4)


async def taken(visit: ProVisit, files: Sequence[SentFile], said: Said, draft_id: str) -> TakenFile:
    """One document of the files that were chosen."""
    if not files:
        return TakenFile(wrong=(Wrong("NO_FILE"),))
    first = files[0]
    if len(files) == 1 and _is_cda(first.content):
        return await _cda(visit, first, said, draft_id)
    try:
        pieces = [one for file in files for one in await ROOM.look(partial(taken_in, file.content))]
        whole, seen, text = await ROOM.look(partial(_whole, pieces))
    except NotShown as refusal:
        return TakenFile(wrong=(Wrong(refusal.cause.name, first.name if len(files) == 1 else ""),))
    except TextAmongPages:
        return TakenFile(wrong=(Wrong("text"),))
    if len(whole.content) > most_bytes(visit.space.gate.platform):
        return TakenFile(wrong=(Wrong("FILE_SIZE"),))
    about = msgspec.structs.replace(said, form="file", media_type=_MEDIA_TYPES[whole.kind], pages=whole.pages)
    return TakenFile(about, whole.content, seen, text)


class TextAmongPages(CarnetError):
    """A text came together with other files: it is a document of its own."""


def _whole(pieces: Sequence[Taken]) -> tuple[Taken, bytes, str]:
    """One file of all the pieces, how it looks, and the text of its first pages. Raises NotShown, TextAmongPages."""
    if any(one.kind == "text" for one in pieces) and len(pieces) > 1:
        raise TextAmongPages("A text is deposited by itself.")
    whole = pieces[0] if len(pieces) == 1 else bound_together([(one.kind, 0, one.content) for one in pieces])
    if whole.kind == "text":
        text = whole.content.decode()
        return whole, text[:BEGINNING].encode(), text
    found = shown(whole.content, most=LOOKED_AT) if whole.kind == "pdf" else None
    text = "\n".join(page.text for page in found.pages) if isinstance(found, Pages) else ""
    return whole, preview(whole.kind, 0, whole.content).content, text


def _is_cda(content: bytes) -> bool:
    """Whether it is meant as one, well made or not; another page or drawing is refused by what looks at files."""
    return content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" and b"ClinicalDocument" in content


async def _cda(visit: ProVisit, file: SentFile, said: Said, draft_id: str) -> TakenFile:
    """A CDA, proved as at the door of care software. What it wraps is looked at by the enclosed process, and stays as it is."""
    platform = visit.space.gate.platform
    if len(file.content) > platform.settings.maximum_document_bytes:
        return TakenFile(wrong=(Wrong("FILE_SIZE"),))
    about = msgspec.structs.replace(said, form="cda", media_type="text/xml")
    try:
        header = await asyncio.to_thread(check_cda, platform, visit.requester, file.content, about, draft_id)
        inside = await asyncio.to_thread(_wrapped, file.content)
        if inside:
            await ROOM.look(partial(taken_in, inside))
    except NotShown as refusal:
        return TakenFile(wrong=(Wrong(refusal.cause.name, file.name),))
    except Busy:
        raise
    except CarnetError as error:
        return TakenFile(wrong=(Wrong("cda", file.name, refused_for(error)),))
    return TakenFile(_told_by(header, about), file.content)


def _wrapped(content: bytes) -> bytes:
    """The file inside a level 1 document, b'' for a structured one."""
    found = wrapped_of(child_at(child_at(clinical_document(content), "component"), LEVEL_1, "text"))
    return found.content if found is not None else b""


def _told_by(header: CdaHeader, said: Said) -> Said:
    """What a CDA says of itself, for the pages to show."""
    return msgspec.structs.replace(
        said,
        unique_id=header.id.root,
        title=header.title,
        type=header.code.code,
        began=header.main_event.start[:8],
        ended=header.main_event.stop[:8],
        setting=header.main_event.performer.organization.practice_setting.code,
    )


async def version_of(platform: Platform, located: Located) -> tuple[str, int]:
    """The setId and the versionNumber of a document that is there. Raises InvalidDocument for what is no CDA, and what `fetch` raises."""
    header = read_header(await fetch(platform, located))
    return header.set_id.root or header.id.root, header.version_number or 1
