"""Each rule and each ground in a sentence that its patient reads: French first, English second."""

from __future__ import annotations

from collections.abc import Mapping

Sentences = tuple[str, str]

REFUSALS: Mapping[str, Sentences] = {
    "forbidden-actor": (
        "Les assureurs, les banques et les employeurs n'ont jamais accès, même avec votre accord (L1111-18).",
        "Insurers, banks and employers never have access, even with your consent (L1111-18).",
    ),
    "record-not-open": (
        "Le dossier n'était pas ouvert.",
        "The record was not open.",
    ),
    "blocked-by-patient": (
        "Vous aviez bloqué ce professionnel ou sa structure.",
        "You had blocked this professional or the structure.",
    ),
    "feeding-opposed": (
        "Vous vous étiez opposé, pour un motif légitime, à ce qu'il alimente le dossier (R1111-47).",
        "You had objected, for a legitimate reason, to this party adding to the record (R1111-47).",
    ),
    "functional-right": (
        "Ce type de professionnel n'a pas ce droit dans ce mode d'accès.",
        "This kind of professional does not have this right in this access mode.",
    ),
    "centre-15-reserved": (
        "Ce mode est réservé aux centres de régulation déclarés.",
        "This mode is reserved to declared regulation centres.",
    ),
    "opposition-bris-de-glace": (
        "Vous vous étiez opposé à l'accès en urgence (bris de glace).",
        "You had objected to emergency access (bris de glace).",
    ),
    "opposition-centre-15": (
        "Vous vous étiez opposé à l'accès par le centre 15.",
        "You had objected to access by the regulation centre.",
    ),
    "no-authorisation": (
        "Il n'était ni autorisé par vous, ni membre de l'équipe de soins, ni médecin traitant déclaré (R1111-46).",
        "The professional was neither authorised by you, nor of the care team, nor the declared médecin traitant (R1111-46).",
    ),
    "matrix": (
        "La matrice d'habilitation ne donne pas ce type de document à cette profession.",
        "The matrix of authorisations does not give this type of document to this profession.",
    ),
    "masque-ps": (
        "Le document était masqué aux professionnels, par lui-même ou par votre réglage par défaut (R1111-49).",
        "The document was masked to professionals, by itself or by your default (R1111-49).",
    ),
    "signature-entry": (
        "C'est la signature d'un envoi, qui n'est montrée à personne.",
        "It is the signature of a submission, which is shown to nobody.",
    ),
    "deleted": (
        "Le document est supprimé.",
        "The document is deleted.",
    ),
    "author-only": (
        "Seul l'auteur peut le faire.",
        "Only its author may do this.",
    ),
    "patient-document": (
        "Sur un document du patient, seuls le médecin traitant et le patient le peuvent.",
        "On a document of the patient, only the médecin traitant and the patient may do this.",
    ),
    "not-on-documents": (
        "Cette action ne porte pas sur un document.",
        "This act is not done on a document.",
    ),
    "error": (
        "Les faits n'ont pas pu être réunis : la réponse est non.",
        "The facts could not be put together: the answer is no.",
    ),
    "document-not-there": (
        "Aucun document de ce nom n'était dans le dossier.",
        "No document of this name was in the record.",
    ),
}

GROUNDS: Mapping[str, Sentences] = {
    "functional-right": (
        "Ce type de professionnel a ce droit dans ce mode d'accès.",
        "This kind of professional has this right in this access mode.",
    ),
    "medecin-traitant": (
        "Il était votre médecin traitant déclaré (L1111-16).",
        "The professional was your declared médecin traitant (L1111-16).",
    ),
    "authorisation": (
        "Vous l'aviez autorisé, lui ou sa structure.",
        "You had authorised the professional or the structure.",
    ),
    "express-consent": (
        "Vous lui aviez donné un accord exprès, à son nom (L1111-17 IV).",
        "You had given express consent, by name (L1111-17 IV).",
    ),
    "care-team": (
        "Il faisait partie de l'équipe de soins (R1111-46).",
        "The professional was of the care team (R1111-46).",
    ),
    "bris-de-glace": (
        "Accès en urgence (bris de glace), auquel vous ne vous étiez pas opposé ; vous en êtes prévenu (R1111-48).",
        "Emergency access (bris de glace), to which you had not objected; you are told of it (R1111-48).",
    ),
    "centre-15": (
        "Accès par le centre 15, auquel vous ne vous étiez pas opposé ; vous en êtes prévenu (R1111-48).",
        "Access by the regulation centre, to which you had not objected; you are told of it (R1111-48).",
    ),
    "author": (
        "Il en est l'auteur, ou l'a déposé (R1111-49).",
        "The professional wrote or deposited it (R1111-49).",
    ),
}


def sentences(rules: tuple[str, ...], *, allowed: bool) -> tuple[Sentences, ...]:
    """The sentences of a decision's rules, in their order; a rule that failed (`name:error`) is told as one that refuses."""
    table = GROUNDS if allowed else REFUSALS
    return tuple(table[name.removesuffix(":error")] for name in rules)
