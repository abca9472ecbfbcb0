"""What Orthanc is sent is DICOM of the size that Carnet's documents have, each an instance of its own."""

import io

from pydicom import dcmread

from bench.orthanc import instance, post


def test_instances_are_dicom_files_of_a_hundred_kilobytes_of_one_series():
    files = [instance("patient", number) for number in (1, 2)]
    first, second = (dcmread(io.BytesIO(file)) for file in files)
    assert all(95_000 < len(file) < 105_000 for file in files)
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert (first.SeriesInstanceUID, first.PatientID) == (second.SeriesInstanceUID, "patient")
    assert len(first.PixelData) == first.Rows * first.Columns


def test_a_request_says_its_length():
    assert post("/instances", b"abc").endswith(b"Content-Length: 3\r\n\r\nabc")
