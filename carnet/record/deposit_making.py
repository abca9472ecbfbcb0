"""From what a professional prepared to what is deposited: the level 1 CDA around a file, or the CDA that came, each proved before the gate."""

from __future__ import annotations

import datetime as dt
import re

from carnet.cda.conformance import check_replacement
from carnet.cda.header import read_header
from carnet.cda.header_model import CdaHeader
from carnet.cda.level_one import Heading
from carnet.cda.participants import PROFESSIONALS, STRUCTURES, Identifier, Organization, Participant
from carnet.cda.patient_document import one_line
from carnet.cda.professional_document import ProfessionalDocument, author_profession, write_document
from carnet.clock import to_dtm
from carnet.errors import CarnetError, InvalidDocument, Several, UnknownPatient
from carnet.metadata import (
    INVISIBLE_PATIENT,
    INVISIBLE_REPRESENTANTS_LEGAUX,
    MASQUE_PS,
)
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.record.deposit_kinds import ACTIVITIES, SETTINGS, may_deposit, setting_code, type_code
from carnet.record.deposit_said import DepositBasis, Said
from carnet.record.own_additions import patient_in_cda
from carnet.record.portal_deposit import Deposit, deposit_act, prepare_deposit
from carnet.registry.registration import Registered
from carnet.requester import Requester

LONGEST_TITLE = 128
FIRST_YEAR = 1900
VISIBILITIES = {"normale": (), "masque": (MASQUE_PS,), "invisible": (INVISIBLE_PATIENT,)}
"""What a form says of who sees a document (EX-2.1-1050): one of the three, never two at once."""
_ATTRIBUTE = re.compile(r"[a-z][A-Za-z]+(?=[: ])")


def faults_of(platform: Platform, requester: Requester, said: Said, *, minor: bool, today: str) -> tuple[str, ...]:
    """What is wrong with the description of a file, by names that the page has sentences for; none for a good one. `today` is yyyymmdd."""
    found = []
    if len(said.title) > LONGEST_TITLE:
        found.append("title")
    if not may_deposit(platform, requester, said.type, platform.clock()):
        found.append("type")
    if said.setting not in SETTINGS:
        found.append("setting")
    found += [] if said.activity in ACTIVITIES else ["activity"]
    found += _day_faults(said, today)
    found += mask_faults(said, minor=minor)
    return tuple(found)


def mask_faults(said: Said, *, minor: bool) -> list[str]:
    """What is wrong with the visibility."""
    both = {MASQUE_PS, INVISIBLE_PATIENT} <= set(said.masks)
    not_minor = INVISIBLE_REPRESENTANTS_LEGAUX in said.masks and not minor
    return ["both"] * both + ["not-minor"] * not_minor


def check_cda(platform: Platform, requester: Requester, content: bytes, said: Said, draft_id: str) -> CdaHeader:
    """Proves a CDA as the SOAP door would, and that it is the depositor's own to deposit; its header. Raises one error, or Several."""
    header = read_header(content)
    if said.replaces:
        check_replacement(header, said.replaces, replaced_set_id=said.set_id)
    errors: list[CarnetError] = []
    try:
        prepare_deposit(platform, requester, Deposit(draft_id, content))
    except Several as several:
        errors.extend(several.errors)
    except CarnetError as error:
        errors.append(error)
    errors.extend(_own_faults(platform, requester, header))
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Several(tuple(errors))
    return header


def _own_faults(platform: Platform, requester: Requester, header: CdaHeader) -> list[CarnetError]:
    persons = {one.extension for author in header.authors for one in author.ids}
    structures = {one.extension for author in header.authors for one in author.organization.ids}
    errors: list[CarnetError] = []
    if requester.identifier not in persons and requester.organization_id not in structures:
        errors.append(
            InvalidDocument("author: the document names neither the depositor nor their structure as its author.")
        )
    if not may_deposit(platform, requester, header.code.code, platform.clock()):
        errors.append(InvalidDocument("typeCode: it is not one that this role may deposit."))
    return errors


def deposit_of(platform: Platform, requester: Requester, made: DepositBasis) -> Deposit:
    """What is deposited of a draft that was described. Raises UnknownPatient for a requester without a patient."""
    said, draft_id = made.preparation.said, made.preparation.draft_id
    if said.form == "cda":
        return Deposit(draft_id, made.content, said.masks, said.replaced_uuid)
    content = write_document(_document(platform, requester, made))
    return Deposit(draft_id, content, said.masks, said.replaced_uuid, ACTIVITIES[said.activity])


def making(platform: Platform, requester: Requester, made: DepositBasis) -> Act[Registered]:
    """The act that deposits a draft, dropped by it. Off the loop. Raises as `portal_deposit.deposit_act`."""
    deposit = deposit_of(platform, requester, made)
    if made.preparation.said.form == "cda":
        check_cda(platform, requester, deposit.content, made.preparation.said, deposit.name)
    return deposit_act(platform, requester, deposit)


def _document(platform: Platform, requester: Requester, made: DepositBasis) -> ProfessionalDocument:
    if requester.patient is None:
        raise UnknownPatient("The call names no patient.")
    said, unique_id = made.preparation.said, made.preparation.unique_id
    kind = type_code(said.type)
    heading = Heading(
        unique_id=unique_id,
        set_id=said.set_id or unique_id,
        title=one_line(said.title)[:LONGEST_TITLE].strip() or kind.display,
        type=kind,
        made=to_dtm(platform.clock()),
        version=said.version + 1,
        replaces=said.replaces,
    )
    return ProfessionalDocument(
        heading=heading,
        patient=patient_in_cda(requester.patient, made.traits),
        author=_author(requester, made),
        facility=requester.sector,
        began=said.began,
        ended=said.ended if said.ended != said.began else "",
        media_type=said.media_type,
        content=made.content,
    )


def _author(requester: Requester, made: DepositBasis) -> Participant:
    given, _, family = requester.name.rpartition(" ")
    structure = Identifier(STRUCTURES, requester.organization_id)
    organization = Organization((structure,), made.structure_name, setting_code(made.preparation.said.setting))
    return Participant(
        ids=(Identifier(PROFESSIONALS, requester.identifier),),
        profession=author_profession(requester.profession, requester.specialty),
        family=made.family or family,
        given=made.given or given,
        organization=organization,
    )


def _day_faults(said: Said, today: str) -> list[str]:
    found = []
    if not is_day(said.began):
        found.append("began")
    elif said.began > today:
        found.append("later")
    if said.ended and not (is_day(said.ended) and said.began <= said.ended <= today):
        found.append("ended")
    return found


def is_day(text: str) -> bool:
    """Whether a text of a form is a day since 1900, in eight plain digits (yyyymmdd)."""
    if not (len(text) == 8 and text.isascii() and text.isdigit()):
        return False
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:])).year >= FIRST_YEAR
    except ValueError:
        return False


def refused_for(error: CarnetError) -> tuple[tuple[str, str], ...]:
    """Why a document was refused: the attribute that each message begins with, '' where it names none, and the message."""
    errors = error.errors if isinstance(error, Several) else (error,)
    return tuple((_attribute(one.message), one.message) for one in errors)


def _attribute(message: str) -> str:
    found = _ATTRIBUTE.match(message)
    return found.group() if found else ""
