"""What notices are about: topics on which a patient wants an e-mail or not, and the sentence that the space shows for each kind."""

from __future__ import annotations

import secrets

from sqlalchemy import bindparam, insert, select, update

from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import notice_preference

EVERYTHING_ELSE = "other"
TOPICS: dict[str, str] = {
    # beginning of a kind: topic
    "emergency-": "emergency",
    "access-": "access",
    "consent-": "access",
    "document-": "document",
    "record-updated": "document",
    "representation-": "representation",
    "enrolment-": "record",
    "record-": "record",
    "destruction-": "record",
    "sign-in-": "sign-in",
}
OUTSIDE_THE_SPACE = frozenset({"enrolment-information", "enrolment-code-asked", "record-suspended"})
"""Kinds from which a delay of the law runs, or a letter is asked for, told to people who have no space, or not any more: by post where no e-mail reaches them."""
ADDRESS_CHANGED = "sign-in-address-changed"
"""Kind that is told at the former address, whatever is wanted: codes to sign in go to the new one."""
SECURITY = frozenset({"sign-in"})
"""Topics whose e-mail nobody can switch off: whoever took over somebody's space would switch it off first."""
CHOOSABLE = tuple(topic for topic in dict.fromkeys((*TOPICS.values(), EVERYTHING_ELSE)) if topic not in SECURITY)

SENTENCES: dict[str, tuple[str, str]] = {
    # kind: (French, English). Shown in the space alone, behind the person's login.
    "emergency-access-bris_de_glace": (
        "Un professionnel a consulté votre dossier en urgence, sans votre accord (bris de glace).",
        "A professional read your record in an emergency, without your consent (break-glass).",
    ),
    "emergency-access-centre_15": (
        "Le médecin régulateur du SAMU (Centre 15) a consulté votre dossier.",
        "The regulating doctor of the SAMU (Centre 15) read your record.",
    ),
    "emergency-access-unjustified": (
        "Un accès en urgence à votre dossier a été examiné et jugé injustifié.",
        "An emergency access to your record was reviewed and found unjustified.",
    ),
    "emergency-card-read": (
        "Quelqu'un a lu votre carte d'urgence avec son code (QR).",
        "Somebody read your emergency card with its code (QR).",
    ),
    "consent-collected": (
        "Un professionnel a recueilli votre accord pour un autre professionnel.",
        "A professional took your consent for another professional.",
    ),
    "record-updated": (
        "Votre dossier a été mis à jour : parlez-en avec un professionnel de santé.",
        "Your record was updated: talk about it with a health professional.",
    ),
    "record-suspended": ("L'accès à votre espace est suspendu.", "Access to your space is suspended."),
    "record-closed": ("Votre espace est fermé.", "Your space is closed."),
    "destruction-confirmed": (
        "La destruction de votre dossier, que vous avez demandée, est confirmée. Vous pouvez encore y renoncer.",
        "The destruction of your record, which you asked for, is confirmed. You can still give it up.",
    ),
    "enrolment-information": (
        "Un espace de santé va être ouvert pour vous, sauf opposition de votre part dans les six semaines.",
        "A health space will be opened for you unless you object within six weeks.",
    ),
    "enrolment-code-asked": (
        "Vous avez demandé un nouveau code provisoire : il vous est envoyé par la poste.",
        "You asked for another provisional code: it is sent to you by post.",
    ),
    "sign-in-new-device": (
        "Quelqu'un s'est connecté à votre espace sur un appareil qui n'y était pas connu.",
        "Somebody signed in to your space on a device that it did not know.",
    ),
    "sign-in-passkey-added": ("Une clé d'accès à votre espace a été ajoutée.", "A passkey to your space was added."),
    "sign-in-passkey-removed": (
        "Une clé d'accès à votre espace a été retirée.",
        "A passkey to your space was removed.",
    ),
    "sign-in-passkey-copied": (
        "Une clé d'accès à votre espace a été désactivée : elle a peut-être été copiée.",
        "A passkey to your space was switched off: it may have been copied.",
    ),
    "synthesis-due": (
        "La synthèse médicale annuelle de ce patient est à rédiger ou à mettre à jour.",
        "The yearly medical synthesis of this patient is to be written or brought up to date.",
    ),
    "report-answered": ("Un de vos signalements a reçu une réponse.", "One of your reports was answered."),
    "representation-invited": (
        "Quelqu'un vous demande d'agir pour lui, ou pour un enfant, dans son espace : à accepter ou à refuser.",
        "Somebody asks you to act for them, or for a child, in their space: to accept or to decline.",
    ),
    "representation-accepted": (
        "La personne que vous avez invitée a accepté : elle agit pour vous dans votre espace.",
        "The person you invited accepted: they act for you in your space.",
    ),
    "representation-refused": (
        "La personne que vous avez invitée à agir pour vous a refusé.",
        "The person you invited to act for you declined.",
    ),
    "representation-ended": (
        "Quelqu'un n'agit plus pour vous, ou vous n'agissez plus pour quelqu'un.",
        "Somebody acts for you no longer, or you act for somebody no longer.",
    ),
    ADDRESS_CHANGED: (
        "L'adresse e-mail de ce dossier a été changée ou retirée.",
        "The e-mail address of this record was changed or taken out.",
    ),
    "access-medecin-traitant-declared": (
        "Un médecin s'est déclaré votre médecin traitant dans ce dossier.",
        "A doctor declared being your attending doctor (médecin traitant) in this record.",
    ),
}
_ANY = ("Il y a du nouveau dans votre espace.", "Something new happened in your space.")

_MINE = (
    notice_preference.c.patient_key == bindparam("of_patient"),
    notice_preference.c.topic == bindparam("about"),
    notice_preference.c.until.is_(None),
)
_CURRENT = prepare(select(notice_preference.c.email).where(*_MINE))
_END = prepare(update(notice_preference).where(*_MINE).values(until=bindparam("moment")))
_ADD = prepare(
    insert(notice_preference).values(
        {name: bindparam(name) for name in ("patient_key", "preference_id", "topic", "email", "since")}
    )
)


def topic_of(kind: str) -> str:
    """The topic of a kind of notice."""
    return next((topic for beginning, topic in TOPICS.items() if kind.startswith(beginning)), EVERYTHING_ELSE)


def sentences(kind: str) -> tuple[str, str]:
    """What the space says of a kind, in French and in English."""
    return SENTENCES.get(kind, _ANY)


def wants_email(connection: Connection, patient_key: int, topic: str) -> bool:
    """Whether an e-mail goes out about a topic: yes, unless the patient said no; always, when it is about security."""
    if topic in SECURITY:
        return True
    return connection.execute(_CURRENT, {"of_patient": patient_key, "about": topic}) != [("no",)]


def prefer(connection: Connection, patient_key: int, topic: str, *, email: bool, now: int) -> bool:
    """Writes what the patient wants about a topic; False when it stood so already. Raises ValueError for an unknown topic."""
    if topic not in CHOOSABLE:
        raise ValueError(f"notices are about {', '.join(CHOOSABLE)}")
    wanted = "yes" if email else "no"
    standing = connection.execute(_CURRENT, {"of_patient": patient_key, "about": topic})
    if (standing or [("yes",)]) == [(wanted,)]:
        return False
    connection.execute(_END, {"of_patient": patient_key, "about": topic, "moment": now})
    row = {"preference_id": secrets.token_hex(12), "topic": topic, "email": wanted, "since": now}
    connection.execute(_ADD, {"patient_key": patient_key, **row})
    return True
