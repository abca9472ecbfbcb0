"""What a client's history says against what a home holds: nothing acknowledged lost, nothing twice, nothing by halves, no gap in the trail."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field

from carnet.demo.people import PATIENTS
from carnet.errors import CarnetError
from carnet.record.administration import known_patient, trail, verify_trace
from carnet.repository.documents import find


@dataclass
class Findings:
    """What is wrong: identifiers of submission sets, and sentences about the trail."""

    lost: set = field(default_factory=set)
    twice: set = field(default_factory=set)
    half: set = field(default_factory=set)
    unknown: set = field(default_factory=set)
    refused: list = field(default_factory=list)
    trail: list = field(default_factory=list)

    def all(self):
        return {name: len(found) for name, found in vars(self).items() if found}


def read_history(path):
    """Submissions by number: what was sent, and how often it was answered, and how."""
    sent, answers = {}, {}
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")  # the last line may be on its way
    for line in whole.splitlines():
        item = json.loads(line)
        if item["what"] == "sent":
            sent[item["number"]] = item
        answers.setdefault(item["number"], Counter())[item["what"]] += 1
        if item["what"] == "refused":
            sent[item["number"]]["why"] = item["why"]
    return sent, answers


def judge(home, history):
    """Compares the whole history with the home, whose server is stopped."""
    sent, answers = read_history(history)
    findings = Findings()
    with home.gate() as gate:
        while gate.seal():
            pass
        stored = what_is_stored(home, gate)
        lines = told_of(gate)
        report = verify_trace(gate)
    findings.trail += [finding.what for finding in report.findings]
    sets = Counter(unique_id for (unique_id,) in home.rows("SELECT unique_id FROM submission_set"))
    entries = Counter(unique_id for (unique_id,) in home.rows("SELECT unique_id FROM document_entry"))
    for number, item in sent.items():
        name, documents = item["set"], item["documents"]
        found = {unique_id for unique_id in documents if entries[unique_id]}
        whole = found == documents.keys() and all(stored.get(one) == digest for one, digest in documents.items())
        acknowledged = answers[number]["acknowledged"]
        if acknowledged and not (sets[name] and whole):
            findings.lost.add(name)
        if bool(sets[name]) != bool(found) or (found and not whole):
            findings.half.add(name)
        if sets[name] > 1 or any(entries[one] > 1 for one in documents):
            findings.twice.add(name)
        if answers[number]["refused"]:
            findings.refused.append(item.get("why"))
        told = lines[frozenset(documents)]
        if told != (1 if sets[name] else 0):
            findings.trail.append(f"{told} lines tell of the set {name}")
    known = {one for item in sent.values() for one in item["documents"]}
    findings.unknown = entries.keys() - known
    counts = {
        "acknowledged": sum(one["acknowledged"] for one in answers.values()),
        "documents": sum(len(sent[n]["documents"]) for n in sent if answers[n]["acknowledged"]),
        "unanswered": sum(one["unanswered"] for one in answers.values()),
        "lines": report.sealed,
        "checkpoints": report.checkpoints,
    }
    return findings, counts


def what_is_stored(home, gate):
    """SHA-256 (hex) of every document's bytes, read and opened as a retrieval does; the error's name when that fails."""
    found, platform = {}, gate.platform
    names = {}
    for patient_key, unique_id in home.rows("SELECT patient_key, unique_id FROM stored_document"):
        names.setdefault(patient_key, []).append(unique_id)
    for person in PATIENTS:
        patient = gate.read(lambda connection, who=person: known_patient(platform, connection, who.identifier))
        key, of_patient = platform.keyring.patient_key(patient.pseudonym), names.get(patient.patient_key, [])
        places = gate.read(lambda connection, who=patient, which=of_patient: find(connection, who.patient_key, which))
        found |= {name: digest_of(platform, key, document) for name, document in places.items()}
    return found


def digest_of(platform, key, document):
    try:
        dek = key.open_document_key(document.wrapped_key, document.unique_id)
        content = platform.segments.read(
            document.place, dek, document.unique_id, size=document.size, sha256=document.sha256
        )
    except CarnetError as error:
        return type(error).__name__
    return hashlib.sha256(content).hexdigest()


def told_of(gate):
    """How many lines say that a set was registered, by the identifiers of its documents."""
    told = Counter()
    for person in PATIENTS:
        for line in trail(gate, person.identifier, operator="operator:judge"):
            if line["action"] == "iti41" and line["outcome"] == "done" and line["detail"] != "submitted again":
                told[frozenset(line["objects"])] += 1
    return told
