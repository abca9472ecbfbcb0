"""Adding a document: choose or photograph, look at the pages, describe, check, add. Each step is a page that works without a script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from starlette.responses import Response

from carnet.cda.header import read_header
from carnet.errors import MalformedMessage, TooLarge
from carnet.portal.file_forms import SentFile
from carnet.portal.visit import Visit, see_other
from carnet.record.kind_suggestion import OFFERED, OTHER
from carnet.record.own_documents import OwnDocuments
from carnet.record.own_drafts import About, Full, NewPiece, OwnDrafts, Piece
from carnet.record.retrieval import fetch
from carnet.viewing.refusals import Cause, NotShown
from carnet.viewing.showing import shown
from carnet.viewing.shown import Pages
from carnet.viewing.side_room import ROOM
from carnet.viewing.taking_in import Taken, bound_together, preview, taken_in

BEGINNING = 1_500
"""Characters of a text that are shown while it is prepared."""
LOOKED_AT = 3
"""Pages whose text says what kind of document it seems to be."""
REFUSALS = frozenset(Cause.__members__) | {"file", "bytes", "pieces", "text"}
"""What an answer about a file in parts may name."""
TURNS = {"gauche": 270, "droite": 90}
MOVES = {"avant": -1, "apres": 1}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What went wrong with one file, or with all: a name that the templates have a sentence for."""

    cause: str
    name: str = ""


def here(draft_id: str, step: str = "") -> str:
    """The address of one document in preparation, or of one of its steps."""
    return f"/ajouter/{draft_id}/{step}" if step else f"/ajouter/{draft_id}"


# --- choosing -------------------------------------------------------------------------------------------------------


async def choose(visit: Visit) -> Response:
    """Where one begins, and what was begun before."""
    return _choosing(visit, replaces=visit.request.query_params.get("remplace", "")[:128])


def _choosing(visit: Visit, *, replaces: str = "", wrong: Sequence[Wrong] = (), status: int = 200) -> Response:
    waiting = visit.desk(OwnDrafts).waiting(visit.patient)
    replaced = visit.desk(OwnDocuments).document(visit.patient, replaces).about if replaces else None
    return visit.page(
        "adding.html",
        status=status,
        waiting=[one for one in waiting if one.pieces],
        replaced=replaced,
        wrong=wrong,
        settings=visit.space.gate.platform.settings,
    )


async def begin(visit: Visit) -> Response:
    """Takes the first files in, or the plain wish to begin that a script sends before it sends the files in parts."""
    try:
        form = await visit.files()
    except TooLarge:
        return _choosing(visit, wrong=(Wrong("FILE_SIZE"),), status=413)
    replaces = form.fields.get("remplace", "")[:128]
    if not form.files and form.fields.get("en-parties") != "oui":
        return _choosing(visit, replaces=replaces, wrong=(Wrong("NO_FILE"),), status=422)
    new, wrong = await taken(form.files)
    if form.files and not new:
        return _choosing(visit, replaces=replaces, wrong=wrong, status=422)
    try:
        about = await _about_replaced(visit, replaces)
        draft_id = visit.desk(OwnDrafts).begin(visit.patient, about)
        visit.desk(OwnDrafts).add(visit.patient, draft_id, new)
    except Full as full:
        return _choosing(visit, replaces=replaces, wrong=(Wrong(full.limit),), status=422)
    return _pages(visit, draft_id, wrong=wrong) if wrong else see_other(here(draft_id))


async def _about_replaced(visit: Visit, replaces: str) -> About:
    """What a new version takes from the one that it replaces. Raises UnknownDocument; that it may be replaced is decided by `begin`."""
    if not replaces:
        return About()
    located, known = visit.desk(OwnDocuments).original(visit.patient, replaces)
    content = await fetch(visit.space.gate.platform, located)
    header = read_header(content)
    kind = header.code.code if header.code.code in OFFERED else OTHER
    return About(
        title=header.title,
        type=kind,
        masked=known.masked,
        replaces=replaces,
        set_id=header.set_id.root,
        version=header.version_number or 1,
    )


async def taken(files: Iterable[SentFile]) -> tuple[list[NewPiece], list[Wrong]]:
    """The pieces of all the files that can be taken in, and why others cannot."""
    new: list[NewPiece] = []
    wrong: list[Wrong] = []
    for file in files:
        try:
            new.extend(await ROOM.look(partial(_pieces_of, file.content)))
        except NotShown as refusal:
            wrong.append(Wrong(refusal.cause.name, file.name))
    return new, wrong


def _pieces_of(content: bytes) -> list[NewPiece]:
    return [NewPiece(one.kind, one.pages, one.content, preview_of(one, 0)) for one in taken_in(content)]


def preview_of(one: Taken, turn: int) -> bytes:
    """How a piece looks: a picture (WebP), or the beginning of a text. Raises NotShown."""
    if one.kind == "text":
        return one.content.decode()[:BEGINNING].encode()
    return preview(one.kind, turn, one.content).content


# --- pages ----------------------------------------------------------------------------------------------------------


async def pages(visit: Visit) -> Response:
    """The pages that were taken in, each with what may be done to it; `refus` names why the file that a script sent was not."""
    refused = visit.request.query_params.get("refus", "")
    wrong = (Wrong(refused),) if refused in REFUSALS else ()
    return _pages(visit, visit.request.path_params["draft"], wrong=wrong)


def _pages(visit: Visit, draft_id: str, *, wrong: Sequence[Wrong] = (), status: int = 200) -> Response:
    preparation = visit.desk(OwnDrafts).show(visit.patient, draft_id)
    return visit.page(
        "adding_pages.html",
        status=status if not wrong else max(status, 422),
        preparation=preparation,
        here=here(draft_id),
        sheets=[(one, _picture(one)) for one in preparation.pieces],
        wrong=wrong,
        settings=visit.space.gate.platform.settings,
    )


def _picture(piece: Piece) -> str:
    """A preview as the page shows it: a picture in the page itself, or the beginning of a text."""
    if piece.kind == "text":
        return piece.preview.decode()
    return f"data:image/webp;base64,{base64.b64encode(piece.preview).decode()}"


async def more(visit: Visit) -> Response:
    """Takes further files in."""
    draft_id = visit.request.path_params["draft"]
    try:
        form = await visit.files()
    except TooLarge:
        return _pages(visit, draft_id, wrong=(Wrong("FILE_SIZE"),), status=413)
    if not form.files:
        return _pages(visit, draft_id, wrong=(Wrong("NO_FILE"),))
    new, wrong = await taken(form.files)
    try:
        visit.desk(OwnDrafts).add(visit.patient, draft_id, new)
    except Full as full:
        wrong = [Wrong(full.limit)]
    return _pages(visit, draft_id, wrong=wrong) if wrong else see_other(f"{here(draft_id)}#fin")


async def arrange(visit: Visit) -> Response:
    """Turns, moves or removes one page."""
    draft_id = visit.request.path_params["draft"]
    fields = await visit.form()
    piece_id, act = fields.get("page", ""), fields.get("action", "")
    desk = visit.desk(OwnDrafts)
    if act in TURNS:
        await _turn(visit, draft_id, piece_id, TURNS[act])
    elif act in MOVES:
        desk.move(visit.patient, draft_id, piece_id, MOVES[act])
    elif act == "retirer":
        desk.remove(visit.patient, draft_id, piece_id)
        return see_other(here(draft_id))
    else:
        raise MalformedMessage("This form names no act.")
    return see_other(f"{here(draft_id)}#page-{piece_id}")


async def _turn(visit: Visit, draft_id: str, piece_id: str, by: int) -> None:
    desk = visit.desk(OwnDrafts)
    piece, content = desk.piece(visit.patient, draft_id, piece_id)
    if piece.kind == "text":
        return
    turn = (piece.turn + by) % 360
    seen = await ROOM.look(partial(preview_of, Taken(piece.kind, content), turn))
    desk.turn(visit.patient, draft_id, replace(piece, turn=turn, preview=seen))


async def give_up(visit: Visit) -> Response:
    """Drops what was prepared."""
    await visit.form()
    visit.desk(OwnDrafts).give_up(visit.patient, visit.request.path_params["draft"])
    return see_other("/ajouter?fait=abandonne")


async def put_together(visit: Visit) -> Response:
    """Makes one file of the pages, says where it would be too large, and reads what it seems to be."""
    draft_id = visit.request.path_params["draft"]
    await visit.form()
    desk = visit.desk(OwnDrafts)
    preparation = desk.show(visit.patient, draft_id)
    if not preparation.pieces:
        return _pages(visit, draft_id, wrong=(Wrong("NO_FILE"),))
    if not preparation.whole_id:
        items = desk.contents(visit.patient, draft_id)
        try:
            whole, text = await ROOM.look(partial(_whole_of, items))
        except NotShown as refusal:
            return _pages(visit, draft_id, wrong=(Wrong(refusal.cause.name),))
        if len(whole.content) > visit.space.gate.platform.settings.upload_document_bytes:
            return _pages(visit, draft_id, wrong=(Wrong("DOCUMENT_SIZE", str(len(whole.content))),))
        desk.keep_whole(visit.patient, draft_id, whole, text)
    return see_other(here(draft_id, "description"))


def _whole_of(items: Sequence[tuple[Piece, bytes]]) -> tuple[NewPiece, str]:
    """The file of all pages, and the text of its first ones."""
    first, content = items[0]
    if first.kind == "text":
        return NewPiece("text", 1, content, b""), content.decode()
    alone = len(items) == 1 and first.kind == "pdf" and not first.turn
    turned = [(one.kind, one.turn, data) for one, data in items]
    whole = Taken("pdf", content, first.pages) if alone else bound_together(turned)
    seen = shown(whole.content, most=LOOKED_AT)
    text = "\n".join(page.text for page in seen.pages) if isinstance(seen, Pages) else seen.text
    return NewPiece("pdf", whole.pages, whole.content, b""), text
