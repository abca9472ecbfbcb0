"""What a professional may not see is absent from every page of the portal and from the CDS Hooks door: same answer, headers and statements."""

from __future__ import annotations

import shutil
from functools import partial
from urllib.parse import quote

import pytest
from twin_records import Asked, fill_for_everybody, fill_for_others

from carnet.clock import HOUR, system_clock
from carnet.portal.professional.pro_routes import GET, PATIENT_PAGES
from carnet.record.retrieval import current_entries
from carnet.registry.entry_table import find_by_unique_id
from carnet.registry.queries import entry as whole_entry

NEVER = "2.25.404"
EVERYTHING = "filtres=1&archives=1&obsoletes=1&masques=1&invisibles=1"


@pytest.fixture(scope="module")
def twins(first_stage, tmp_path_factory, open_home):
    """The record without and the record with; the documents that a nurse may read in both, and those of the second that she may not."""
    folder, now = tmp_path_factory.mktemp("twins"), system_clock()
    shutil.copytree(first_stage.home, folder / "without", ignore=shutil.ignore_patterns("callers"))
    house = open_home(folder / "without", now)
    shown = fill_for_everybody(house)
    house.index()
    house.platform.close()
    shutil.copytree(folder / "without", folder / "with")
    without, beside = (open_home(folder / name, house.now) for name in ("without", "with"))
    hidden = fill_for_others(beside)
    beside.index()
    without.now = beside.now = house.now + HOUR
    registered = frozenset(name for one in (*shown, *hidden) for name in (one.unique_id, one.entry_uuid))
    return tuple(Asked(one, registered) for one in (without, beside)), shown, hidden


def pages(shown, hidden):
    """Every page of an open record that is asked for by GET: its route, and addresses of it."""
    report, letter = shown
    secret = [one.unique_id for one in hidden]
    some = [quote(one, safe="") for one in (letter.unique_id, *secret[::3], NEVER)]
    names = [quote(one, safe="") for one in (report.unique_id, letter.unique_id, *secret, NEVER)]
    here = "/documents/{document}"
    return {
        "": [""],
        "/documents": ["/documents", f"/documents?{EVERYTHING}", f"/documents?apercu={letter.unique_id}"]
        + [f"/documents?apercu={one}" for one in (*secret[::3], NEVER)],
        here: [f"/documents/{one}" for one in names],
        f"{here}/original": [f"/documents/{one}/original" for one in some],
        f"{here}/lecture/cadre": [f"/documents/{one}/lecture/cadre" for one in some],
        "/recherche": [f"/recherche?q={word}" for word in ("sortie", "secret", "secr", "potassium", "lettre+secret")],
        "/resultats": ["/resultats"],
        "/resultats/{examen}": ["/resultats/2823-3", "/resultats/999-1", "/resultats/999-9"],
        "/chronologie": ["/chronologie", "/chronologie?annee=2026", "/chronologie?famille=biology"],
        "/examens-deja-faits": [f"/examens-deja-faits?examen={word}" for word in ("2823-3", "secret", "999-1")],
        "/synthese": ["/synthese"],
        "/synthese/brouillon": ["/synthese/brouillon"],
        "/synthese/relire": ["/synthese/relire"],
        "/synthese/relire/cadre": ["/synthese/relire/cadre"],
        "/deposer": ["/deposer", *(f"/deposer?remplace={one}" for one in (*secret[::3], NEVER))],
        "/deposer/{draft}/description": [f"/deposer/{'0' * 32}/description"],
        "/deposer/{draft}/verification": [f"/deposer/{'0' * 32}/verification"],
        "/deposer/{draft}/fait": [f"/deposer/{'0' * 32}/fait"],
        "/depots": ["/depots"],
        "/depots/{document}/{change}": [f"/depots/{one}/supprimer" for one in some],
        "/equipe": ["/equipe"],
        "/acces": ["/acces"],
        "/entree": ["/entree"],
        "/identite": ["/identite"],
    }


def forms(hidden):
    """Forms that name a document: where they are sent, and what they say."""
    for name in (*(one.unique_id for one in hidden[::3]), NEVER):
        at = quote(name, safe="")
        yield "/documents/exporter", {f"document-{name}": "1"}
        yield f"/documents/{at}/changer", {"quoi": "masquer"}
        yield f"/documents/{at}/changer", {"quoi": "supprimer"}
        yield f"/depots/{at}/archiver", {}


def questions(shown, hidden):
    """All that is asked: what it is called, and how a home is asked it."""
    for rest in (rest for rests in pages(shown, hidden).values() for rest in rests):
        yield rest, partial(Asked.get, rest=rest)
    for rest, fields in forms(hidden):
        yield f"{rest} {fields}", partial(Asked.send, rest=rest, fields=fields)
    seen = {f"document-{one.unique_id}": "1" for one in shown}
    yield "an archive of what is seen", partial(Asked.send, rest="/documents/exporter", fields=seen)
    for code in ("2823-3", "999-1", "999-9"):
        yield f"CDS Hooks {code}", partial(Asked.order, code=code)


def differences(twins, asked):
    """What is told otherwise of a record with hidden documents than of one without: the question, and which parts of the answer."""
    without, beside = twins
    found = {}
    for question, ask in asked:
        first, second = ask(without), ask(beside)
        assert first["statements"], question
        assert first["status"] in {200, 303, 403, 404}, question
        if told := {part for part in first if first[part] != second[part]}:
            found[question] = told
    return found


def test_every_page_of_an_open_record_is_asked(twins):
    _twins, shown, hidden = twins
    assert set(pages(shown, hidden)) == {path for method, path, _page in PATIENT_PAGES if method == GET}


def test_no_answer_header_or_statement_tells_of_what_is_hidden(twins):
    both, shown, hidden = twins
    assert differences(both, questions(shown, hidden)) == {}


def test_control_rules_that_let_one_through_are_caught_on_every_page(twins, monkeypatch):
    both, shown, hidden = twins
    monkeypatch.setattr("carnet.authorization.engine.Viewer.sees", lambda *_given: True)
    every = dict(questions(shown, hidden))
    asked = (
        "",
        "/documents",
        "/recherche?q=secret",
        "/resultats",
        "/resultats/999-1",
        "/chronologie",
        "CDS Hooks 999-1",
    )
    found = differences(both, [(one, every[one]) for one in asked])
    assert set(found) == set(asked)


def test_control_one_statement_more_for_what_is_hidden_is_caught(twins, monkeypatch):
    both, _shown, hidden = twins

    def looked_up(scope, unique_ids):
        found = current_entries(scope, unique_ids)
        for row in find_by_unique_id(scope.connection, scope.holder, unique_ids) if not found else ():
            whole_entry(scope.connection, scope.holder, row.uuid)
        return found

    monkeypatch.setattr("carnet.record.seen_document.current_entries", looked_up)
    rest = f"/documents/{quote(hidden[0].unique_id, safe='')}"
    assert differences(both, [(rest, partial(Asked.get, rest=rest))]) == {rest: {"statements"}}
