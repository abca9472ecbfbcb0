"""DICOM Key Object Selection documents about people who do not exist: what a radiology department deposits for a study."""

from __future__ import annotations

from io import BytesIO

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from carnet.clock import to_dtm
from carnet.demo.documents import Draft, new_oid

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
_CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"


def manifest(draft: Draft, study: str, *, images: int = 3) -> bytes:
    """A KOS that references `images` images of the study; its SOP Instance UID is the draft's identifier."""
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID = KEY_OBJECT_SELECTION
    found.SOPInstanceUID = draft.unique_id
    found.StudyInstanceUID = study
    found.SeriesInstanceUID = new_oid()
    found.Modality = "KO"
    found.PatientID = draft.patient.identifier.value
    found.IssuerOfPatientIDQualifiersSequence = Sequence([_issuer(draft.patient.identifier.authority)])
    found.PatientName = f"{draft.patient.traits.birth_name}^{draft.patient.traits.birth_given_names}"
    found.PatientBirthDate = draft.patient.traits.birth_date
    found.PatientSex = draft.patient.traits.sex
    moment = to_dtm(draft.created)
    found.ContentDate, found.ContentTime = moment[:8], moment[8:]
    found.CurrentRequestedProcedureEvidenceSequence = Sequence([_study(study, images)])
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, found, enforce_file_format=True)
    return buffer.getvalue()


def _issuer(authority: str) -> Dataset:
    issuer = Dataset()
    issuer.UniversalEntityID = authority
    issuer.UniversalEntityIDType = "ISO"
    return issuer


def _study(study: str, images: int) -> Dataset:
    referenced = Dataset()
    referenced.StudyInstanceUID = study
    series = Dataset()
    series.SeriesInstanceUID = new_oid()
    series.ReferencedSOPSequence = Sequence([_image() for _ in range(images)])
    referenced.ReferencedSeriesSequence = Sequence([series])
    return referenced


def _image() -> Dataset:
    image = Dataset()
    image.ReferencedSOPClassUID = _CT_IMAGE
    image.ReferencedSOPInstanceUID = new_oid()
    return image
