"""A running exchange and the record of one patient, as the flows speak to them. Loaded by conftest.

Callers are the people of `carnet.demo.people`. Helpers say what they send and what came back; they decide nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import ssl
import subprocess
import uuid
from dataclasses import dataclass, field, replace

import httpx

from carnet.client.caller import SOFTWARE
from carnet.client.exchange_service import ExchangeService
from carnet.client.feeding import SET_ID, from_cda, mask_update, status_update, submission_of
from carnet.client.vihf import Vihf, build_vihf, security_header, sign
from carnet.clock import HOUR, system_clock
from carnet.demo import documents
from carnet.demo.documents import Draft, new_oid
from carnet.demo.people import MEDECIN_TRAITANT, DemoPatient
from carnet.demo.stage import Stage
from carnet.document_query import ReturnType
from carnet.identity.ins import NIR_TEST, key_of
from carnet.identity.patients import Traits
from carnet.identity.set_signing import sign_submission, signature_entry
from carnet.identity.signature_writing import CURRENT, Pen, signature
from carnet.metadata import (
    Association,
    AssociationType,
    AvailabilityStatus,
    Code,
    Document,
    DocumentEntry,
    Folder,
    PatientIdentifier,
)
from carnet.record.administration import Administration, trail
from carnet.record.gate import Gate
from carnet.record.intake import import_patients
from carnet.requester import AccessMode, Authentication
from carnet.soap import mtom
from carnet.soap.answer_parse import query_answer, registry_answer, soap_fault
from carnet.soap.document_set import DocumentRequest, retrieved_documents
from carnet.soap.envelope import parse, write_request
from carnet.soap.faults import Severity
from carnet.soap.messages import adhoc_query_request, provide_and_register_request, quoted
from carnet.soap.operations import BY_TRANSACTION
from carnet.soap.query_table import BY_NAME

OPERATOR = "operator:flows"
FEED_HEADER = "ins;oid;nom_naissance;prenoms;nom_utilise;prenom_utilise;sexe;date_naissance;lieu_naissance\n"
TRACE_TABLES = frozenset(
    {"audit_event", "audit_checkpoint", "audit_place", "replay", "record_visit", "sign_in_count", "sqlite_sequence"}
)
"""What grows with a refused call: its trace, and the memory of its assertion."""
READ_BY_ITSELF = frozenset({"document_extract"})
"""What the server reads out of documents a while after they were taken."""


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, read as far as a test asks."""

    status: int
    headers: httpx.Headers
    content: bytes

    @property
    def message(self):
        return mtom.split(self.headers["content-type"], self.content, maximum_parts=1024)

    @property
    def envelope(self):
        return parse(self.message.root, addressing=False)

    @property
    def fault(self):
        """The SOAP fault, None when the answer is none."""
        return soap_fault(self.envelope)

    @property
    def answer(self):
        """Status and errors of a registry answer."""
        return registry_answer(self.envelope)

    @property
    def query(self):
        """What a stored query gave."""
        return query_answer(self.envelope)

    @property
    def documents(self):
        """The documents of a retrieval."""
        return retrieved_documents(self.envelope, self.message.parts)

    @property
    def codes(self):
        """The codes of the errors (not of warnings); of a fault, its subcode or code."""
        fault = self.fault
        return [fault.subcode or fault.code] if fault is not None else error_codes(self.answer)


def error_codes(answer):
    """The codes of the errors of an answer; warnings are none."""
    return [item.code for item in answer.errors if item.severity is Severity.ERROR]


@dataclass
class House:
    """One exchange: its home, its server, an operator's gate beside it, and whoever calls. Callers are `carnet.demo.people`."""

    stage: Stage
    gate: Gate
    stack: contextlib.ExitStack
    server: subprocess.Popen
    services: dict = field(default_factory=dict)
    clients: dict = field(default_factory=dict)

    @property
    def administration(self):
        return Administration(self.gate, OPERATOR)

    @property
    def repository(self):
        return self.stage.settings.repository_unique_id

    @property
    def log(self):
        """Where the server's standard error goes."""
        return self.stage.home / "server.log"

    def caller(self, person):
        return self.stage.callers[person.identifier]

    def service(self, person, purpose=AccessMode.NORMAL, reason=""):
        """The exchange as one caller sees it, on a connection that is kept."""
        key = (person.identifier, purpose, reason)
        if key not in self.services:
            service = ExchangeService(
                self.stage.address, self.caller(person), str(self.stage.authorities), purpose=purpose, reason=reason
            )
            self.services[key] = self.stack.enter_context(service)
        return self.services[key]

    def http(self, person=None):
        """A plain HTTPS client, with the person's certificate or without any."""
        name = person.identifier if person else ""
        if name not in self.clients:
            context = ssl.create_default_context(cafile=str(self.stage.authorities))
            if person is not None:
                context.load_cert_chain(*self.caller(person).connection_files)
            client = httpx.Client(verify=context, timeout=60, trust_env=False)
            self.clients[name] = self.stack.enter_context(client)
        return self.clients[name]

    def hang_up(self):
        """Closes every connection; the next call opens new ones."""
        for service in self.services.values():
            service.__exit__(None, None, None)
        for client in self.clients.values():
            client.close()
        self.services.clear()
        self.clients.clear()

    def url(self, transaction):
        return ExchangeService(self.stage.address, None, "").url(transaction)

    def post(self, transaction, content_type, content, *, by=None, headers=()):
        """Posts bytes to a transaction's path; `by` None comes without certificate."""
        sent = {"content-type": content_type, **dict(headers)}
        answer = self.http(by).post(self.url(transaction), content=content, headers=sent)
        return Reply(answer.status_code, answer.headers, answer.content)

    def vihf(self, person, patient, **changes):
        """What the person's VIHF would say, with some of it changed."""
        caller = self.caller(person)
        about = caller.description
        usual = Vihf(
            name_id=about.name_id,
            issuer=caller.signing.certificate,
            structure=about.structure,
            sector=about.sector,
            roles=tuple(Code(*role) for role in about.roles),
            mode=Authentication(about.mode),
            name=about.name,
            patient=patient,
            software=SOFTWARE,
        )
        return replace(usual, **changes)

    def assertion(self, person, patient, *, edit=None, **changes):
        """The person's VIHF, signed; `edit` changes its text before it is signed again."""
        vihf = self.vihf(person, patient, **changes)
        signing = self.caller(person).signing
        if edit is None:
            return build_vihf(vihf, system_clock(), signing)
        return resigned(edit(build_vihf(vihf, system_clock())), signing)

    def message(self, person, patient, transaction, body, parts=(), *, action="", assertion=None):
        """The Content-Type and the bytes of a whole request around a SOAP body."""
        action = action or BY_TRANSACTION[transaction].action
        assertion = self.assertion(person, patient) if assertion is None else assertion
        envelope = write_request(action, f"urn:uuid:{uuid.uuid4()}", body, security=security_header(assertion))
        if parts or transaction in {"iti41", "iti43"}:
            content_type, chunks = mtom.write(envelope, parts, uuid.uuid4().hex, action=action)
            return content_type, b"".join(chunks)
        return f'application/soap+xml; charset=UTF-8; action="{action}"', envelope

    def call(self, person, patient, transaction, body, parts=(), *, action="", assertion=None):
        """Posts a request around a SOAP body, as the person."""
        content_type, content = self.message(
            person, patient, transaction, body, parts, action=action, assertion=assertion
        )
        return self.post(transaction, content_type, content, by=person)

    def rows(self, query, *values):
        """Rows of the database, on a connection of its own that can only read."""
        path = f"file:{self.stage.settings.database}?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as connection:
            return connection.execute(query, values).fetchall()

    def stored(self):
        """How many rows each table holds that is not of the trace, and how many bytes the documents take."""
        tables = [name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        counts = {
            name: self.rows(f"SELECT count(*) FROM {name}")[0][0]
            for name in tables
            if name not in TRACE_TABLES | READ_BY_ITSELF
        }
        files = (self.stage.home / "documents").rglob("*.seg")
        return counts | {"bytes of documents": sum(file.stat().st_size for file in files)}

    def traced_without_patient(self):
        """How many lines of the trace belong to no patient: calls whose caller could not be identified."""
        return self.rows("SELECT count(*) FROM audit_event WHERE patient_key IS NULL")[0][0]

    def new_patient(self):
        """A person whom nobody else has, known from an identity feed, without a record."""
        patient = fictitious_patient(next(_NUMBERS))
        traits = patient.traits
        cells = (
            *(patient.identifier.value, patient.identifier.authority, traits.birth_name, traits.birth_given_names),
            *(traits.used_name, traits.used_given_name, traits.sex, traits.birth_date, traits.birth_place),
        )
        report = import_patients(self.gate, [FEED_HEADER, ";".join(cells) + "\n"])
        assert not report.bad
        return patient

    def new_record(self, *authorised):
        """A fresh record with its médecin traitant; `authorised` may read it."""
        patient = self.new_patient()
        self.administration.open_record(patient.identifier)
        self.administration.declare_medecin_traitant(patient.identifier, MEDECIN_TRAITANT.identifier)
        for one in authorised:
            self.administration.authorise(patient.identifier, one.identifier, None)
        return Record(self, patient)


_NUMBERS = itertools.count(1)


def fictitious_patient(number):
    """A person of a commune that does not exist, under the OID of test INS."""
    body = f"28405{99}{900 + number // 999}{number % 999 + 1:03d}"
    name = "".join(chr(ord("A") + int(digit)) for digit in str(number))
    traits = Traits(f"ESSAI-{name}", "MARIE CLAUDE", "F", "19840517", "99350")
    return DemoPatient(PatientIdentifier(body + key_of(body), NIR_TEST), traits, "one test's own")


def resigned(unsigned, signing):
    """An assertion's text, whatever was done to it, under a fresh signature put where the schema wants it."""
    identifier = unsigned.partition(b' ID="')[2].partition(b'"')[0].decode()
    head, mark, tail = unsigned.partition(b"</saml2:Issuer>")
    return head + mark + sign(unsigned, identifier, signing).encode() + tail


def link(kind, source, target, **about):
    """An association of a submission."""
    return Association(f"link-{uuid.uuid4().hex[:12]}", kind, source, target, **about)


def member(source, target, **about):
    """A HasMember."""
    return link(AssociationType.HAS_MEMBER, source, target, **about)


@dataclass
class Record:
    """One patient's record through the door. Who calls is the médecin traitant unless a test says otherwise."""

    house: House
    patient: DemoPatient

    @property
    def identifier(self):
        return self.patient.identifier

    # --- making -------------------------------------------------------------------------------------------------

    tie = staticmethod(link)
    holds = staticmethod(member)

    def draft(self, **about):
        about.setdefault("author", MEDECIN_TRAITANT)
        return Draft(about.pop("created", system_clock() - HOUR), patient=self.patient, **about)

    def document(self, *, masks=(), number=1, media_type="text/plain", size=0, entry=None, **about):
        """A document with its metadata; `entry` replaces some of these, `about` describes the Draft."""
        content = documents.level_1(self.draft(**about), media_type=media_type, size=size)
        sent = from_cda(content, masks=masks, number=number)
        return replace(sent, entry=replace(sent.entry, **entry)) if entry else sent

    def folder(self, name="Folder01", **about):
        usual = {"title": "Suivi", "codes": (Code("SUIVI", "1.2.250.1.999.7", "Suivi"),), "unique_id": new_oid()}
        return Folder(name, patient_id=self.identifier, **{**usual, **about})

    def submission(self, *sent, by=MEDECIN_TRAITANT, folders=(), links=(), change=None, signed=True, like=None):
        """A submission set of documents, folders and further links, each its member; `change` edits it before it is signed.

        `like` is a registered entry to take the signature's metadata from when no document is sent.
        """
        caller, now = self.house.caller(by), system_clock()
        made = submission_of(sent or [_blank(self.identifier)], caller, now, signed=False)
        if not sent:
            made = replace(made, entries=(), associations=(), documents=())
        held = tuple(member(SET_ID, folder.entry_uuid) for folder in folders)
        made = replace(made, folders=tuple(folders), associations=(*made.associations, *held, *links))
        made = change(made) if change else made
        return self.sign(made, by, like) if signed else made

    def sign(self, submission, by=MEDECIN_TRAITANT, like=None):
        """The submission with its signature."""
        caller, now = self.house.caller(by), system_clock()
        own = caller.signing
        chain = tuple(caller.signing_chain[1:])
        if submission.entries:
            return sign_submission(submission, own.certificate, own.key, now, chain=chain)
        unique_id = new_oid()
        pen = Pen(own.certificate, own.key, chain)
        content = signature(unique_id, submission.submission_set.unique_id, {}, pen, now, style=CURRENT)
        entry = signature_entry(replace(submission, entries=(like,)), unique_id, content, now)
        source = submission.submission_set.entry_uuid
        links = (member(source, entry.entry_uuid), link(AssociationType.SIGNS, entry.entry_uuid, source))
        return replace(
            submission,
            entries=(entry,),
            associations=(*submission.associations, *links),
            documents=(Document(entry.entry_uuid, content),),
        )

    # --- sending ------------------------------------------------------------------------------------------------

    def service(self, by=MEDECIN_TRAITANT, purpose=AccessMode.NORMAL, reason=""):
        return self.house.service(by, purpose, reason)

    def send(self, submission, by=MEDECIN_TRAITANT):
        """ITI-41; the answer, whatever it is."""
        return self.service(by).submit(submission)

    def send_raw(self, submission, edit=None, *, by=MEDECIN_TRAITANT, edit_type=None):
        """ITI-41 with the bytes of the body edited before it is packed."""
        body, parts = provide_and_register_request(submission)
        return self.house.call(by, self.identifier, "iti41", edit(body) if edit else body, parts)

    def put(self, *sent, by=MEDECIN_TRAITANT, **how):
        """Submits and returns the registered entries as the médecin traitant sees them; anything but success fails the test."""
        answer = self.send(self.submission(*sent, by=by, **how), by)
        assert not answer.errors, answer.errors
        found = [self.entry(one.entry.unique_id) for one in sent]
        return found[0] if len(found) == 1 else found

    def add(self, *, by=MEDECIN_TRAITANT, **about):
        """Puts one document in; returns its registered entry."""
        about.setdefault("author", by if hasattr(by, "family_name") else MEDECIN_TRAITANT)
        return self.put(self.document(**about), by=by)

    def replacement(self, old, *, by=MEDECIN_TRAITANT, kind=AssociationType.RPLC, **about):
        """A submission of a new document tied to a registered one."""
        sent = self.document(**{"title": "Suite", **about})
        return sent, self.submission(sent, by=by, links=[link(kind, sent.entry.entry_uuid, old.entry_uuid)])

    def update(self, submission, by=MEDECIN_TRAITANT, purpose=AccessMode.NORMAL, reason=""):
        """ITI-57; the answer, whatever it is."""
        return self.service(by, purpose, reason).update(submission)

    def mask(self, entry, masks, by=MEDECIN_TRAITANT, **how):
        """Gives an entry exactly these masks."""
        return self.update(mask_update(entry, masks, self.house.caller(by), system_clock()), by, **how)

    def set_status(self, entry, status, by=MEDECIN_TRAITANT, **how):
        """Archives, brings back, deletes."""
        return self.update(status_update(entry, status, self.house.caller(by), system_clock()), by, **how)

    # --- asking -------------------------------------------------------------------------------------------------

    def ask(self, query, slots, by=MEDECIN_TRAITANT, *, refs=False, purpose=AccessMode.NORMAL, reason=""):
        """A stored query by its name; `slots` are pairs of a name and one Value or several, as on the wire."""
        listed = [(name, [values] if isinstance(values, str) else values) for name, values in slots]
        return_type = ReturnType.OBJECT_REF if refs else ReturnType.LEAF_CLASS
        service = self.service(by, purpose, reason)
        return service.search(self.identifier, BY_NAME[query].uuid, listed, return_type=return_type)

    def ask_raw(self, query, slots, by=MEDECIN_TRAITANT, *, refs=False):
        """The same, as the bytes of the answer."""
        listed = [(name, [values] if isinstance(values, str) else values) for name, values in slots]
        return_type = ReturnType.OBJECT_REF if refs else ReturnType.LEAF_CLASS
        body = adhoc_query_request(BY_NAME[query].uuid, return_type, listed)
        return self.house.call(by, self.identifier, "iti18", body)

    def documents(self, *slots, by=MEDECIN_TRAITANT, status=AvailabilityStatus.APPROVED, **how):
        """FindDocuments of this patient with further slots: the answer."""
        usual = [("$XDSDocumentEntryPatientId", self.cx), ("$XDSDocumentEntryStatus", quoted(status.value))]
        return self.ask("FindDocuments", [*usual, *slots], by, **how)

    def titles(self, *slots, **how):
        """The titles that FindDocuments gives, sorted."""
        answer = self.documents(*slots, **how)
        assert not answer.errors, answer.errors
        return sorted(entry.title for entry in answer.entries)

    def versions(self, unique_id, by=MEDECIN_TRAITANT):
        """Every registered version that the caller sees of a document, newest first."""
        answer = self.ask("GetDocuments", [("$XDSDocumentEntryUniqueId", quoted(unique_id))], by)
        assert not answer.errors, answer.errors
        return answer.entries

    def entry(self, unique_id, by=MEDECIN_TRAITANT):
        """The newest version of a document."""
        return self.versions(unique_id, by)[0]

    def read(self, *unique_ids, by=MEDECIN_TRAITANT, purpose=AccessMode.NORMAL, reason="", repository=""):
        """ITI-43: the answer and the documents."""
        wanted = [DocumentRequest(repository or self.house.repository, one) for one in unique_ids]
        return self.service(by, purpose, reason).retrieve(self.identifier, wanted)

    def trace(self):
        """The lines of this patient's trace."""
        return trail(self.house.gate, self.identifier, operator=OPERATOR)

    def last_line(self, action):
        """The newest line of an action."""
        return [line for line in self.trace() if line["action"] == action][-1]

    @property
    def cx(self):
        """The patient as a parameter of a query."""
        return f"'{self.identifier.cx()}'"


def _blank(patient):
    """Metadata that nobody sends, where a helper wants some to start from."""
    none = Code("", "")
    entry = DocumentEntry("x", "1.2", patient, none, none, none, (), none, none, "", "", "", ())
    return type("Blank", (), {"entry": entry, "content": b""})()
