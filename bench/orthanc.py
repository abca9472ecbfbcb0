"""Orthanc beside Carnet: the neighbour that everyone can install (Debian: orthanc), measured in the same run by the same client.

It does a different job: images (DICOM) for one department, without caller's signature, rights, trail or encryption. It is here so that
a reader can set our figures beside those of a program that they know.
"""

from __future__ import annotations

import io
import json
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from bench import load, servers
from bench.load import Run, write_requests
from bench.measure import GATED, median
from bench.servers import Server
from bench.site import Site

INSTANCES = 200
"""Of the patient who is searched: as many as documents in a record of ours."""
SIDE = 312
"""Pixels: 8 bits each make 97 kB."""
LINGERS = 3.0
"""Seconds for the last answers."""
_PROGRAMS = ("/usr/sbin/Orthanc", "/usr/local/sbin/Orthanc")


def instance(patient: str, number: int) -> bytes:
    """A DICOM file of about 100 KB that was never sent."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.PatientID, image.PatientName, image.InstanceNumber = patient, "BANC^ESSAI", number
    image.StudyInstanceUID = generate_uid(entropy_srcs=[patient, "study"])
    image.SeriesInstanceUID = generate_uid(entropy_srcs=[patient, "series"])
    image.Modality, image.StudyDate, image.StudyTime = "OT", "20260101", "120000"
    image.Rows = image.Columns = SIDE
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit, image.PixelRepresentation = 7, 0
    image.PixelData = number.to_bytes(4) * (SIDE * SIDE // 4)
    out = io.BytesIO()
    image.save_as(out, enforce_file_format=True)
    return out.getvalue()


def post(path: str, body: bytes) -> bytes:
    """A whole HTTP request."""
    return f"POST {path} HTTP/1.1\r\nHost: orthanc\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def measure(site: Site) -> dict[str, Any]:
    """Storing, reading back and finding, with 16 clients. Raises LoadFailed, ServerFailed."""
    program = shutil.which("Orthanc") or next((one for one in _PROGRAMS if Path(one).exists()), None)
    if program is None:
        return {"skipped": "Orthanc is not installed (Debian: orthanc)"}
    with _running(site, program) as orthanc:
        _fill(orthanc)
        store = _rounds(site, orthanc, "store", None)
        known = json.loads(orthanc.exchange(_get("/instances")))
        read = _rounds(site, orthanc, "read", [_get(f"/instances/{one}/file") for one in known[:32]])
        query = {"Level": "Instance", "Expand": True, "Query": {"PatientID": "searched"}}
        find = _rounds(site, orthanc, "find", [post("/tools/find", json.dumps(query).encode())])
        answer = orthanc.exchange(post("/tools/find", json.dumps(query).encode()))
        memory = orthanc.peak_mb()
    if len(json.loads(answer)) != INSTANCES:
        raise load.LoadFailed(f"Orthanc found {len(json.loads(answer))} instances.")
    site.say("Orthanc is measured")
    return {
        "version": _version(program),
        "store": store,
        "read": read,
        "find": {**find, "answer_bytes": len(answer), "instances": INSTANCES},
        "peak_mb": memory,
    }


@contextmanager
def _running(site: Site, program: str) -> Iterator[Server]:
    directory = site.folder / "orthanc"
    directory.mkdir()
    port = servers.free_port()
    configuration = {
        "StorageDirectory": str(directory / "storage"),
        "IndexDirectory": str(directory / "storage"),
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "KeepAlive": True,
        "HttpThreadsCount": 50,
    }
    (directory / "orthanc.json").write_text(json.dumps(configuration), encoding="utf-8")
    with servers.running([program, str(directory / "orthanc.json")], port, directory / "log", site.cores) as server:
        yield server


def _fill(orthanc: Server) -> None:
    for number in range(INSTANCES):
        orthanc.exchange(post("/instances", instance("searched", number)))


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: orthanc\r\n\r\n".encode()


def _rounds(site: Site, orthanc: Server, name: str, again: list[bytes] | None) -> dict[str, float]:
    """Medians of the rounds; requests that store something are each sent once."""
    runs: list[Run] = []
    cpu: list[float] = []
    plan, rate = site.depth.plan, 400.0
    for turn in range(plan.rounds + 1):  # the first warms, and says how fast it goes
        seconds = plan.lasting(GATED) if turn else 0.5
        wanted = int(rate * 1.25 * seconds) + GATED
        requests = again or [post("/instances", instance(f"stored-{turn}", number)) for number in range(wanted)]
        path = write_requests(site.workspace / f"orthanc-{name}", requests)
        used = orthanc.cpu_seconds()
        once = again is None
        run = load.run(
            orthanc.address,
            path,
            clients=GATED,
            seconds=seconds,
            once=once,
            drain=LINGERS,
            core=site.cores.load,
            closes_idle=True,
        )
        path.unlink()
        rate = run.per_second
        if turn:
            runs.append(run)
            cpu.append((orthanc.cpu_seconds() - used) / run.sent * 1_000)
    return {
        "clients": GATED,
        "per_second": round(median(one.per_second for one in runs), 1),
        "p50_ms": round(median(one.p50_ms for one in runs), 2),
        "p99_ms": round(median(one.p99_ms for one in runs), 2),
        "cpu_seconds_per_1000": round(statistics.median(cpu), 3),
    }


def _version(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return said.split()[1] if len(said.split()) > 1 else "unknown"
