"""Signing a synthesis: what is shown, what is signed and what is deposited are one document, but for the moment of signing."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from functools import partial

from carnet.authorization.facts import Function
from carnet.authorization.functional_rights import feeding_function
from carnet.cda.header_model import CdaHeader
from carnet.cda.participants import PROFESSIONALS, STRUCTURES, Identifier, Organization, Participant
from carnet.cda.professional_document import author_profession
from carnet.cda.synthesis_document import write_synthesis
from carnet.cda.synthesis_model import Model, Synthesis
from carnet.clock import to_dtm
from carnet.errors import LocalPolicy
from carnet.identity.directory import organization, professional
from carnet.identity.patients import Traits, traits
from carnet.metadata import PatientIdentifier
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.record.deposit_kinds import ACTIVITIES, setting_code, usual_activity, usual_setting
from carnet.record.draft_keeping import unique_id_of
from carnet.record.own_additions import patient_in_cda
from carnet.record.portal_deposit import Deposit, deposit_act
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.record.synthesis_draft import drop_draft, own_draft, own_synthesis, require_writer
from carnet.record.synthesis_lines import SynthesisDraft
from carnet.registry.registration import Registered
from carnet.requester import Requester

_ANY_MOMENT = "20000101000000"
"""Stands for the moment of signing in what is compared: everything else is shown before and signed after."""


class ChangedSince(LocalPolicy):
    """What would be signed is not what was shown."""


@dataclass(frozen=True, slots=True)
class SigningBasis:
    """All that the document is made of, read once at the gate. `replaces` is the uniqueId of the doctor's own synthesis before, '' for none."""

    draft: SynthesisDraft
    patient: PatientIdentifier
    traits: Traits
    family: str
    given: str
    structure_name: str
    replaces: str = ""
    model: Model = Model.IPS_FR

    @property
    def follows_another(self) -> bool:
        """Whether this doctor's last synthesis is not the one from which the draft was made: another software may have deposited it since."""
        return self.replaces != self.draft.former

    @property
    def unique_id(self) -> str:
        """The uniqueId of the document: the same each time that this draft is signed."""
        return unique_id_of(self.draft.name)


@dataclass(frozen=True, slots=True)
class Former:
    """The version that a synthesis replaces: its header and its entryUUID."""

    header: CdaHeader
    entry_uuid: str


def basis(requester: Requester) -> Act[SigningBasis]:
    """Everything that the document is made of. UnknownDocument where nothing is being written, Refused for who may not write it."""
    return Act("pro/draft-synthesis", _basis, feeding_function(requester))


def written(requester: Requester, made: SigningBasis, former: Former | None, *, signed: str = _ANY_MOMENT) -> bytes:
    """The CDA; `signed` is the DTM in UTC of the signature."""
    return write_synthesis(_synthesis(requester, made, former, signed))


def digest(content: bytes) -> str:
    """What a page says of the document that it shows, so that no other is signed."""
    return hashlib.sha256(content).hexdigest()


def signing(
    platform: Platform, requester: Requester, made: SigningBasis, former: Former | None, *, shown: str
) -> Act[Registered]:
    """The act that deposits it, by which the draft ends. Off the loop: it signs the set. `shown` is the digest that the page gave.

    Raises ChangedSince, and what `deposit_act` raises; DuplicateIdentifier at the gate where it was deposited already.
    """
    if not hmac.compare_digest(digest(written(requester, made, former)), shown):
        raise ChangedSince("The synthesis changed since it was shown.")
    content = written(requester, made, former, signed=to_dtm(platform.clock()))
    activity = ACTIVITIES[usual_activity(requester)]
    replaced = former.entry_uuid if former is not None else ""
    own = deposit_act(platform, requester, Deposit(made.draft.name, content, (), replaced, activity))
    return replace(own, run=partial(_deposit, whole=own, made=made))


def _deposit(scope: Scope, *, whole: Act[Registered], made: SigningBasis) -> Registered:
    require_writer(scope)
    if own_draft(scope) != made.draft or _replaced_now(scope) != made.replaces:
        raise ChangedSince("The synthesis changed since it was shown.")
    registered = whole.run(scope)
    drop_draft(scope)
    return registered


def _basis(scope: Scope) -> SigningBasis:
    require_writer(scope)
    draft = own_draft(scope)
    scope.touched.extend(draft.documents())
    person = professional(scope.connection, scope.requester.identifier)
    structure = organization(scope.connection, scope.requester.organization_id)
    return SigningBasis(
        draft=draft,
        patient=scope.identifier,
        traits=traits(scope.connection, scope.patient_key, scope.key),
        family=person.family_name if person is not None else "",
        given=person.given_name if person is not None else "",
        structure_name=structure.name if structure is not None else "",
        replaces=_replaced_now(scope),
    )


def _replaced_now(scope: Scope) -> str:
    """The uniqueId of what it will replace: this doctor's last synthesis as the record stands, whether or not the draft was made from it."""
    found = own_synthesis(scope, seen_documents(scope, Function.CONSULT))
    return found.found.unique_id if found is not None else ""


def _synthesis(requester: Requester, made: SigningBasis, former: Former | None, signed: str) -> Synthesis:
    doctor = _doctor(requester, made)
    header = former.header if former is not None else None
    return Synthesis(
        unique_id=made.unique_id,
        set_id=(header.set_id.root or header.id.root) if header is not None else made.unique_id,
        patient=patient_in_cda(made.patient, made.traits),
        doctor=doctor,
        custodian=doctor.organization,
        facility=requester.sector,
        signed=signed,
        parts=made.draft.stated(),
        version=(header.version_number or 1) + 1 if header is not None else 1,
        replaces=header.id.root if header is not None else "",
        model=made.model,
    )


def _doctor(requester: Requester, made: SigningBasis) -> Participant:
    given, _, family = requester.name.rpartition(" ")
    structure = Identifier(STRUCTURES, requester.organization_id)
    setting = setting_code(usual_setting(requester))
    return Participant(
        ids=(Identifier(PROFESSIONALS, requester.identifier),),
        profession=author_profession(requester.profession, requester.specialty),
        family=made.family or family,
        given=made.given or given,
        organization=Organization((structure,), made.structure_name, setting),
    )
