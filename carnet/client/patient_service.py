"""The patient services as care software calls them: TD0.2 to TD0.5, TD1.3 to TD1.6."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from carnet.client.exchange_service import ExchangeService
from carnet.identity.patient_search import Criteria
from carnet.metadata import PatientIdentifier
from carnet.soap.patient_answer_parse import PatientAnswer, SpecificAnswer, patient_answer, specific_answer
from carnet.soap.patient_messages import (
    candidates_query,
    list_authorization_request,
    patient_list_request,
    record_query,
    record_request,
    set_authorization_request,
)

ON_REQUEST = "FERMETURE_DEMANDE_PATIENT"


@dataclass(frozen=True, slots=True)
class PatientService:
    """The patient services at the address and for the caller of an ExchangeService that is open."""

    exchange: ExchangeService

    def exists(self, patient: PatientIdentifier) -> PatientAnswer:
        """TD0.2."""
        body = record_query(patient, "TEST_EXST", self.exchange.clock())
        return self._answer("td0.2", patient, body)

    def administrative_data(self, patient: PatientIdentifier) -> PatientAnswer:
        """TD1.3a."""
        body = record_query(patient, "CNSLT_DATA", self.exchange.clock())
        return self._answer("td1.3a", patient, body)

    def find(self, criteria: Criteria) -> PatientAnswer:
        """TD0.5."""
        return self._answer("td0.5", None, candidates_query(criteria, self.exchange.clock()))

    def change(
        self,
        patient: PatientIdentifier,
        names: Sequence[tuple[str, str, str]] = (),
        observations: Sequence[tuple[str, bool]] = (),
    ) -> PatientAnswer:
        """TD1.3b; arguments as those of `record_request`."""
        now = self.exchange.clock()
        body = record_request(patient, "MODIF_DATA", now, author=self._author(), names=names, observations=observations)
        return self._answer("td1.3b", patient, body)

    def close(self, patient: PatientIdentifier, explanation: str = "") -> PatientAnswer:
        """TD1.4, because the patient asked."""
        now = self.exchange.clock()
        body = record_request(patient, "FERM", now, author=self._author(), closing=(ON_REQUEST, explanation))
        return self._answer("td1.4", patient, body)

    def open(self, patient: PatientIdentifier, reason: str, observations: Sequence[tuple[str, bool]]) -> PatientAnswer:
        """TD1.1 (`reason` CREA_RD) or TD1.2 (REAC), which services refuse since they were withdrawn."""
        now = self.exchange.clock()
        body = record_request(patient, reason, now, author=self._author(), observations=observations)
        return self._answer("td1.1" if reason == "CREA_RD" else "td1.2", patient, body)

    def set_authorization(self, patient: PatientIdentifier, action: str, role: str = "") -> SpecificAnswer:
        """TD0.3."""
        return self._specific("td0.3", patient, set_authorization_request(action, role))

    def list_authorized(self, patient: PatientIdentifier, mode: str) -> SpecificAnswer:
        """TD1.6."""
        return self._specific("td1.6", patient, list_authorization_request(mode))

    def list_patients(self, since: int, date_type: str, owner: str = "") -> SpecificAnswer:
        """TD0.4."""
        return self._specific("td0.4", None, patient_list_request(since, date_type, owner))

    def _author(self) -> tuple[str, str, str, str]:
        about = self.exchange.caller.description
        given, _, family = about.name.partition(" ")
        return about.name_id, family or given, given, about.structure

    def _answer(self, transaction: str, patient: PatientIdentifier | None, body: bytes) -> PatientAnswer:
        _, envelope = self.exchange.call(transaction, patient, body)
        return patient_answer(envelope)

    def _specific(self, transaction: str, patient: PatientIdentifier | None, body: bytes) -> SpecificAnswer:
        _, envelope = self.exchange.call(transaction, patient, body)
        return specific_answer(envelope)
