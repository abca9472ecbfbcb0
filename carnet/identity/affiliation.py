"""An insurer's affiliation file: a UTF-8 file of semicolon-separated lines under a header, one affiliated person a line.

    ins;oid;nom_naissance;prenoms;nom_utilise;prenom_utilise;sexe;date_naissance;lieu_naissance;territoire;canal;dmp_avant_2022

The first nine columns are those of the identity feed (`patients_import`). `territoire` is a code of the insurer's (a department, a fund).
`canal` is how the person can be told: `courriel`, `courrier` or `inconnu`. `dmp_avant_2022` is `oui` or `non`. `courriel` may
follow, an e-mail address, and `ancien_ins` and `ancien_oid`, the INS that this one replaces. Other columns are not read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from carnet.errors import CarnetError, InvalidMetadata
from carnet.identity.contacts import checked_address
from carnet.identity.feed_file import BadLine, places_of
from carnet.identity.ins import check
from carnet.identity.patients import Traits
from carnet.identity.patients_import import OPTIONAL, cells_of, traits_of
from carnet.identity.patients_import import REQUIRED as OF_IDENTITY
from carnet.metadata import PatientIdentifier

REQUIRED = (*OF_IDENTITY, "territoire", "canal", "dmp_avant_2022")
CHANNELS: Mapping[str, str] = MappingProxyType({"courriel": "email", "courrier": "post", "inconnu": "unknown"})
"""The words of `canal`, and enrolment.channel."""
_YES_NO: Mapping[str, bool] = MappingProxyType({"oui": True, "non": False})
_TERRITORY = re.compile(r"[0-9A-Za-z_-]{1,16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Affiliated:
    """One affiliated person as the file says, checked in form. `former_record`: has a record of before 2022 (R1111-40 CSP).

    `replaces` is the INS that was theirs before.
    """

    number: int
    identifier: PatientIdentifier
    traits: Traits
    territory: str
    channel: str
    former_record: bool
    address: str = ""
    replaces: PatientIdentifier | None = None


def parse_affiliation(lines: Iterable[str], *, test_identities: bool, after: int = 0) -> Iterator[Affiliated | BadLine]:
    """Reads the file line by line after line `after` (the header is 1); empty lines are passed over.

    What was not UTF-8 stands in `lines` as U+FFFD, and makes its own line bad.

    Raises MalformedMessage at the first step when the header lacks a column.
    """
    numbered = enumerate(lines, start=1)
    _number, header = next(numbered, (1, ""))
    places = places_of(cells_of(header), REQUIRED)
    names = [*REQUIRED, *(name for name in OPTIONAL if name in places)]
    for number, line in islice(numbered, max(after - 1, 0), None):
        if not line.strip():
            continue
        if "\ufffd" in line:
            yield BadLine(number, "The line is not written in UTF-8.")
            continue
        try:
            cells = cells_of(line)
            found = {name: cells[places[name]].strip() for name in names}
            yield _affiliated(number, found, test_identities=test_identities)
        except (csv.Error, IndexError):
            yield BadLine(number, "The line has too few columns, or a quotation mark that nothing closes.")
        except CarnetError as error:
            yield BadLine(number, error.message)


def _affiliated(number: int, found: Mapping[str, str], *, test_identities: bool) -> Affiliated:
    if not _TERRITORY.fullmatch(found["territoire"]):
        raise InvalidMetadata("The territory is not a code of at most 16 letters and digits.")
    if found["canal"] not in CHANNELS:
        raise InvalidMetadata("The channel is not courriel, courrier or inconnu.")
    if found["dmp_avant_2022"] not in _YES_NO:
        raise InvalidMetadata("dmp_avant_2022 is not oui or non.")
    replaces = None
    if found.get("ancien_ins"):
        authority = found.get("ancien_oid") or found["oid"]
        replaces = check(found["ancien_ins"], authority, test_identities=test_identities)
    return Affiliated(
        number=number,
        identifier=check(found["ins"], found["oid"], test_identities=test_identities),
        traits=traits_of(found),
        territory=found["territoire"],
        channel=CHANNELS[found["canal"]],
        former_record=_YES_NO[found["dmp_avant_2022"]],
        address=checked_address(found["courriel"]) if found.get("courriel") else "",
        replaces=replaces,
    )
