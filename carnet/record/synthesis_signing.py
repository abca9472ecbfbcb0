"""Signing a synthesis: what is shown, what is signed and what is deposited are one and the same document."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from functools import partial

from carnet.authorization.facts import Function
from carnet.authorization.functional_rights import feeding_function
from carnet.cda.header import read_header
from carnet.cda.participants import PROFESSIONALS, STRUCTURES, Identifier, Organization, Participant
from carnet.cda.professional_document import author_profession
from carnet.cda.synthesis_document import write_synthesis
from carnet.cda.synthesis_model import Synthesis
from carnet.clock import MINUTE, to_dtm
from carnet.errors import CarnetError, DuplicateIdentifier, LocalPolicy
from carnet.identity.directory import organization, professional
from carnet.identity.patients import Traits, traits
from carnet.metadata import PatientIdentifier
from carnet.platform import Platform
from carnet.record.act import Act
from carnet.record.deposit_kinds import setting_code, usual_activity, usual_setting
from carnet.record.deposit_kinds import ACTIVITIES
from carnet.record.own_additions import patient_in_cda
from carnet.record.own_drafts import unique_id_of
from carnet.record.portal_deposit import Deposit, deposit_act
from carnet.record.retrieval import Located, Wanted, locate_one
from carnet.record.scope import Scope
from carnet.record.seen_documents import seen_documents
from carnet.record.step_up import StepUpNeeded
from carnet.record.synthesis_draft import drop_draft, own_draft, require_writer, syntheses_among
from carnet.record.synthesis_lines import SynthesisDraft
from carnet.registry.registration import Registered
from carnet.requester import Requester
