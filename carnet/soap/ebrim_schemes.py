"""UUIDs of ebRIM classification schemes and external identifiers (ITI TF-3 §4.2.5.2 to §4.2.5.6), and names of slots, as tables."""

from __future__ import annotations

from carnet.metadata import AssociationType, AvailabilityStatus

# --- classification schemes: each names the attribute that it carries -----------------------------------------------

ENTRY_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
ENTRY_CLASS_CODE = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
ENTRY_CONFIDENTIALITY_CODE = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
ENTRY_EVENT_CODE = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
ENTRY_FORMAT_CODE = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
ENTRY_FACILITY_TYPE = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
ENTRY_PRACTICE_SETTING = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
ENTRY_TYPE_CODE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
SUBMISSION_SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
SUBMISSION_SET_CONTENT_TYPE = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
FOLDER_CODE = "urn:uuid:1ba97051-7806-41a8-a48b-8fce7af683c5"
ASSOCIATION_DOCUMENTATION = "urn:uuid:abd807a3-4432-4053-87b4-fd82c643d1f3"

# --- external identifiers -------------------------------------------------------------------------------------------

ENTRY_PATIENT_ID = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
ENTRY_UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
SUBMISSION_SET_PATIENT_ID = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SUBMISSION_SET_UNIQUE_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
SUBMISSION_SET_SOURCE_ID = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
FOLDER_PATIENT_ID = "urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a"
FOLDER_UNIQUE_ID = "urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a"

# --- classification nodes: what a RegistryPackage is ----------------------------------------------------------------

SUBMISSION_SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
FOLDER_NODE = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"

# --- slots ----------------------------------------------------------------------------------------------------------

CODING_SCHEME = "codingScheme"
REFERENCE_ID_LIST = "urn:ihe:iti:xds:2013:referenceIdList"
AUTHOR_SLOTS = {
    "authorPerson": "person",
    "authorInstitution": "institutions",
    "authorRole": "roles",
    "authorSpecialty": "specialties",
    "authorTelecommunication": "telecoms",
}
UNUSED_SLOTS = frozenset({"documentAvailability", "homeCommunityId"})
"""Known attributes that the French record does not use: neither kept nor warned of."""

# --- aliases found in care software ---------------------------------------------------------------------------------

ASSOCIATION_ALIASES = {"urn:ihe:iti:2010:AssociationType:RPLC": AssociationType.RPLC}
STATUS_ALIASES = {
    "urn:oasis:names:tc:ebxml-regrep:StatusType:Archived": AvailabilityStatus.ARCHIVED,
    "urn:oasis:names:tc:ebxml-regrep:StatusType:Deleted": AvailabilityStatus.DELETED,
}
ASSOCIATION_TYPES: dict[str, AssociationType] = {item.value: item for item in AssociationType} | ASSOCIATION_ALIASES
STATUSES: dict[str, AvailabilityStatus] = {item.value: item for item in AvailabilityStatus} | STATUS_ALIASES
