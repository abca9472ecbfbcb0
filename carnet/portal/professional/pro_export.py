"""Documents taken to the practice software: an archive as IHE XDM lays it out (ITI-32)."""

from __future__ import annotations

import html
import io
import zipfile
from collections.abc import Sequence

from starlette.responses import Response

from carnet.clock import to_datetime
from carnet.errors import TooLarge
from carnet.portal.professional.pro_visit import ProVisit
from carnet.portal.visit import see_other
from carnet.record.retrieval import fetch
from carnet.record.xdm import ExportedDocument, Medium, exporting

CHOSEN = "document-"
"""Before a uniqueId, the name of a field of the form."""
MOST_BYTES = 64 * 1024 * 1024
"""Of the documents of one archive together: it is made whole before it is sent."""
FOLDER = "IHE_XDM/SUBSET01"
README = """Carnet\r
\r
This archive follows IHE XDM (ITI-32). The documents are in {folder}, as their authors sent them, with their\r
metadata in {folder}/METADATA.XML; INDEX.HTM lists them. It holds health data: keep it as such, and delete it once imported.\r
\r
Cette archive suit IHE XDM. Les documents sont dans {folder}, tels que leurs auteurs les ont envoyes, avec leurs\r
metadonnees dans {folder}/METADATA.XML ; INDEX.HTM en donne la liste. Elle contient des donnees de sante :\r
conservez-la comme telles, et supprimez-la apres l'import.\r
\r
Made by / fait par : {by}, {at}\r
"""


async def export(visit: ProVisit) -> Response:
    """The chosen documents as one archive."""
    form = await visit.form()
    chosen = [name.removeprefix(CHOSEN) for name in form if name.startswith(CHOSEN)]
    if not chosen:
        return see_other(visit.path("/documents?fait=rien-choisi"))
    medium = await visit.perform(exporting(chosen))
    if sum(one.located.stored.size for one in medium.documents) > MOST_BYTES:
        raise TooLarge(f"The documents of one archive have at most {MOST_BYTES} bytes together.")
    platform = visit.space.gate.platform
    contents = [await fetch(platform, one.located) for one in medium.documents]
    day = f"{to_datetime(medium.made_at):%Y%m%d}"
    headers = {"content-disposition": f'attachment; filename="xdm-{day}.zip"'}
    return Response(archive(medium, contents), media_type="application/zip", headers=headers)


def archive(medium: Medium, contents: Sequence[bytes]) -> bytes:
    """The archive: what XDM asks for at its root, one submission set, its documents."""
    made = io.BytesIO()
    moment = to_datetime(medium.made_at)
    readme = README.format(folder=FOLDER, by=medium.made_by, at=f"{moment:%Y-%m-%d %H:%M} UTC")
    files = [
        ("INDEX.HTM", _index(medium).encode()),
        ("README.TXT", readme.encode()),
        (f"{FOLDER}/METADATA.XML", medium.metadata),
        *((f"{FOLDER}/{one.file}", content) for one, content in zip(medium.documents, contents, strict=True)),
    ]
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, content in files:
            about = zipfile.ZipInfo(name, moment.timetuple()[:6])
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o600 << 16
            whole.writestr(about, content)
    return made.getvalue()


def _index(medium: Medium) -> str:
    """XHTML Basic, as XDM asks for, so that any browser reads it."""
    listed = "".join(map(_line, medium.documents))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML Basic 1.0//EN" "http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr"><head><title>Documents</title></head><body>'
        "<h1>Documents</h1>"
        f"<p>Archive faite par Carnet pour {html.escape(medium.made_by)}, le {to_datetime(medium.made_at):%d/%m/%Y}. "
        'Voir <a href="README.TXT">README.TXT</a>.</p>'
        f"<ul>{listed}</ul></body></html>\n"
    )


def _line(one: ExportedDocument) -> str:
    about = one.about
    said = ", ".join(part for part in (about.title, about.author or about.structure, about.time[:8]) if part)
    return f'<li><a href="{FOLDER}/{one.file}">{html.escape(said)}</a></li>'
