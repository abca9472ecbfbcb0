"""The transactions of the services to software beside XDS (protocols §1.1, §1.2): which element asks for which, at which path.

Two elements of HL7 v3 carry several transactions, told apart by the reasonCode of their control act.
"""

from __future__ import annotations

from dataclasses import dataclass

from carnet.soap.namespaces import GDP, HABILITATIONS, HL7, PATIENTS_SPECIFIC


@dataclass(frozen=True, slots=True)
class PatientOperation:
    """A transaction: its name here, its service, the element of its request, its two wsa:Actions, and its reasonCode where it has one."""

    transaction: str
    service: str
    element: str
    action: str
    response_action: str
    reason: str = ""


REASON_SYSTEM = "1.2.250.1.213.1.1.4.11"
QUERY, CREATE, REVISE, PDQ = "PRPA_IN201307UV02", "PRPA_IN201311UV02", "PRPA_IN201314UV02", "PRPA_IN201305UV02"
_HABILITATIONS = f"{HABILITATIONS}:HabilitationsEndPoint"
_SPECIFIC = f"{PATIENTS_SPECIFIC}:PatientSpecificEndPoint"


def _hl7(
    transaction: str, interaction: str, answer: str, reason: str = "", service: str = "patients"
) -> PatientOperation:
    return PatientOperation(
        transaction, service, f"{{{HL7}}}{interaction}", f"{HL7}:{interaction}", f"{HL7}:{answer}", reason
    )


def _habilitations(transaction: str, name: str) -> PatientOperation:
    action = f"{_HABILITATIONS}:{name}"
    element = f"{{{HABILITATIONS}}}{name}"
    return PatientOperation(transaction, "habilitations", element, action, f"{action}Response")


def _specific(transaction: str, name: str) -> PatientOperation:
    action = f"{_SPECIFIC}:{name}"
    element = f"{{{PATIENTS_SPECIFIC}}}{name}"
    return PatientOperation(transaction, "patientsSpecific", element, action, f"{action}Response")


PATIENT_OPERATIONS = (
    _hl7("td0.2", QUERY, "PRPA_IN201308UV02", "TEST_EXST"),
    _habilitations("td0.3", "setAuthorization"),
    _specific("td0.4", "patientList"),
    _hl7("td0.5", PDQ, "PRPA_IN201306UV02", service="patientsPDQ"),
    _hl7("td1.1", CREATE, "PRPA_IN201311ResponseUV02"),
    # INFERRED: the answer's action for PRPA_IN201314UV02, by that of PRPA_IN201311UV02.
    _hl7("td1.2", REVISE, "PRPA_IN201314ResponseUV02", "REAC"),
    _hl7("td1.3a", QUERY, "PRPA_IN201308UV02", "CNSLT_DATA"),
    _hl7("td1.3b", REVISE, "PRPA_IN201314ResponseUV02", "MODIF_DATA"),
    _hl7("td1.4", REVISE, "PRPA_IN201314ResponseUV02", "FERM"),
    # Removed from the WSDL on 11/06/2024, still in the official messages.
    _specific("td1.5a", "createPatientAccess"),
    _specific("td1.5b", "patientOTPUpdate"),
    _specific("td1.5d", "updatePatientAccess"),
    _habilitations("td1.6", "listAuthorizationByPatient"),
)

WITHDRAWN = frozenset({"td1.1", "td1.2", "td1.5a", "td1.5b", "td1.5d"})
"""Closed to software since 2021 or 2024: refused unless the setting `withdrawn_transactions` is on."""

OTHER_ACTIONS = {
    # as the official sample client writes them: the action of the answer, or that of the WSDL's operation
    f"{HL7}:PRPA_IN201308UV02": f"{{{HL7}}}{QUERY}",
    "urn:ihe:iti:pdqv3:2007:PDQSupplier_Service:findCandidatesQuery": f"{{{HL7}}}{PDQ}",
}
WRAPPERS = {
    # INFERRED for the second, by the first (GestionDossierPatientPartage.wsdl)
    CREATE: f"{{{GDP}}}{CREATE}_Response",
    REVISE: f"{{{GDP}}}{REVISE}_Response",
}
