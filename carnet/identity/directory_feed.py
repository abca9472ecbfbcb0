"""Reads the lines of a directory feed: the public extract of the Annuaire Santé, or a small file of our own.

The extract is a set of UTF-8 files with cells separated by `|` under a header of French column names; columns are found by name, so order,
further columns and a closing `|` do not matter. Three files are known by their columns: Personne_activite (one line a situation),
SavoirFaire (one line a know-how) and Dipl_AutExerc (diplomas, of which the directory keeps nothing).

Our own file has the header below, with identifiers in their national form (PS_IdNat, Struct_IdNat). A line without `ps_idnat` is a
structure alone, a line without `struct_idnat` a person alone.

    ps_idnat;nom;prenom;profession;categorie;savoir_faire;struct_idnat;raison_sociale;secteur
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from carnet.errors import CarnetError, InvalidMetadata
from carnet.identity.feed_file import BadLine, places_of

Cells = Mapping[str, str]

EXTRACT_REQUIRED = ("type d'identifiant pp", "identifiant pp", "nom d'exercice", "prénom d'exercice")
EXTRACT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "type d'identifiant pp": "type",
        "identifiant pp": "number",
        "identification nationale pp": "person",
        "nom d'exercice": "family",
        "prénom d'exercice": "given",
        "code profession": "profession",
        "code catégorie professionnelle": "category",
        "code savoir-faire": "know_how",
        "code section tableau pharmaciens": "section",
        "numéro finess site": "finess",
        "numéro siret site": "siret",
        "ancien identifiant de la structure": "former",
        "identifiant technique de la structure": "technical",
        "raison sociale site": "name",
        "enseigne commerciale site": "sign",
        "code secteur d'activité": "sector",
    }
)
OWN_REQUIRED = ("ps_idnat", "nom", "prenom", "profession", "struct_idnat")
OWN_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "ps_idnat": "person",
        "nom": "family",
        "prenom": "given",
        "profession": "profession",
        "categorie": "category",
        "savoir_faire": "know_how",
        "struct_idnat": "structure",
        "raison_sociale": "name",
        "secteur": "sector",
    }
)

_PERSON = re.compile(r"[0-9][0-9A-Z/.]{1,63}", re.ASCII)
_FINESS = re.compile(r"[0-9][0-9AB][0-9]{7}", re.ASCII)
_SIRET = re.compile(r"[0-9]{14}", re.ASCII)
_OFFICE = re.compile(r"4[0-9]{14}|0[0-9]{11}", re.ASCII)
_CIVIL = "C"


class Kind(Enum):
    """What a file of the extract tells."""

    ACTIVITY = "activity"
    KNOW_HOW = "know-how"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class DirectoryLine:
    """One line that says something. `person` is a PS_IdNat and `structure` a Struct_IdNat, '' for none.

    `specialties` are the know-how codes and, for pharmacists, the section of their order. `category` is C civil, M military or
    E in training.
    """

    number: int
    kind: Kind
    person: str
    family_name: str = ""
    given_name: str = ""
    profession: str = ""
    category: str = _CIVIL
    specialties: tuple[str, ...] = ()
    structure: str = ""
    structure_name: str = ""
    sector: str = ""


@dataclass(frozen=True, slots=True)
class SkippedLine:
    """A line of which the directory keeps nothing: diplomas, or neither a person nor a structure."""

    number: int


def parse(lines: Iterable[str]) -> Iterator[DirectoryLine | SkippedLine | BadLine]:
    """Reads a file line by line; which of the four it is, its header says. Empty lines are passed over.

    Raises MalformedMessage at the first step when the header is of none of them.
    """
    numbered = enumerate(lines, start=1)
    _number, header = next(numbered, (1, ""))
    separator = "|" if "|" in header else ";"
    known, required = (EXTRACT_COLUMNS, EXTRACT_REQUIRED) if separator == "|" else (OWN_COLUMNS, OWN_REQUIRED)
    places = places_of(_cells(header, separator), required)
    wanted = {field: places[column] for column, field in known.items() if column in places}
    kind = _kind(wanted)
    for number, line in numbered:
        if not line.strip():
            continue
        try:
            cells = _cells(line, separator)
            yield _line(number, kind, {field: cells[place].strip() for field, place in wanted.items()})
        except (csv.Error, IndexError):
            yield BadLine(number, "The line has too few columns, or a quotation mark that nothing closes.")
        except CarnetError as error:
            yield BadLine(number, error.message)


def _cells(line: str, separator: str) -> list[str]:
    """The extract has no quotation; our own file may."""
    text = line.rstrip("\r\n")
    return text.split("|") if separator == "|" else next(csv.reader([text], delimiter=";", strict=True), [])


def _kind(wanted: Mapping[str, int]) -> Kind:
    if "profession" not in wanted:
        return Kind.NOTHING
    tells_structures = wanted.keys() & {"structure", "finess", "siret", "technical"}
    return Kind.ACTIVITY if tells_structures else Kind.KNOW_HOW


def _line(number: int, kind: Kind, cells: Cells) -> DirectoryLine | SkippedLine:
    person = cells.get("person") or cells.get("type", "") + cells.get("number", "")
    structure = _structure(cells)
    if kind is Kind.NOTHING or not (person or structure):
        return SkippedLine(number)
    if person and not _PERSON.fullmatch(person):
        raise InvalidMetadata("The person's identifier is not a national identification.")
    if person and not cells["profession"]:
        raise InvalidMetadata("The person has no profession.")
    return DirectoryLine(
        number=number,
        kind=kind,
        person=person,
        family_name=cells["family"],
        given_name=cells["given"],
        profession=cells["profession"],
        category=cells.get("category") or _CIVIL,
        specialties=tuple(filter(None, (cells.get("know_how", ""), cells.get("section", "")))),
        structure=structure,
        structure_name=cells.get("name") or cells.get("sign", ""),
        sector=cells.get("sector", ""),
    )


def _structure(cells: Cells) -> str:
    """The Struct_IdNat: 1 + FINESS, else 3 + SIRET, else the office's former identifier, else the technical one without prefix."""
    if "structure" in cells:
        return cells["structure"]
    finess, siret, former = cells.get("finess", ""), cells.get("siret", ""), cells.get("former", "")
    if _FINESS.fullmatch(finess):
        return f"1{finess}"
    if _SIRET.fullmatch(siret):
        return f"3{siret}"
    return former if _OFFICE.fullmatch(former) else cells.get("technical", "")
