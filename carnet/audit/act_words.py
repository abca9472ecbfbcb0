"""What each act is called in a sentence, in French and in English: literal tables, no code.

An action of the trace is `name` or `family/name`. The whole action is looked up first, then the name alone, so that a choice reads the same
whoever wrote it. `{record}` stands for the record as the reader calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Words(NamedTuple):
    """In French what follows `a` or `avez`, and an infinitive for what was only tried; in English a past tense and an infinitive."""

    done_fr: str
    tried_fr: str
    done_en: str
    tried_en: str
    about: str = ""
    """What the identifiers of the line name: `documents`, `party` (a professional or a structure), or nothing that is said."""


_DOCUMENTS, _PARTY = "documents", "party"

_EXCHANGE = {  # ITI TF-2 §3.18, §3.41, §3.43, §3.57; the DMP's TD0 to TD3
    "iti18": Words("consulté la liste des documents de {record}", "consulter la liste des documents de {record}",
                   "looked at the list of documents in {record}", "look at the list of documents in {record}", _DOCUMENTS),
    "iti41": Words("ajouté des documents dans {record}", "ajouter des documents dans {record}",
                   "added documents to {record}", "add documents to {record}", _DOCUMENTS),
    "iti43": Words("lu des documents de {record}", "lire des documents de {record}",
                   "read documents in {record}", "read documents in {record}", _DOCUMENTS),
    "iti57": Words("changé la visibilité ou l'état de documents de {record}", "changer la visibilité ou l'état de documents de {record}",
                   "changed who can see documents in {record}, or their state", "change who can see documents in {record}, or their state",
                   _DOCUMENTS),
    "td0.2": Words("demandé si {record} existe et si un accès lui est ouvert", "savoir si {record} existe",
                   "asked whether {record} exists and whether access is open", "learn whether {record} exists"),
    "td0.3": Words("déclaré ou retiré un accès à {record}", "déclarer ou retirer un accès à {record}",
                   "declared or withdrew access to {record}", "declare or withdraw access to {record}", _PARTY),
    "td0.4": Words("vu {record} dans la liste de ses patients", "voir {record} dans la liste de ses patients",
                   "saw {record} in a list of patients", "see {record} in a list of patients"),
    "td0.5": Words("trouvé {record} par une recherche sur l'identité", "trouver {record} par une recherche sur l'identité",
                   "found {record} by a search on identity", "find {record} by a search on identity"),
    "td1.1": Words("créé {record}", "créer {record}", "created {record}", "create {record}"),
    "td1.2": Words("réactivé {record}", "réactiver {record}", "reactivated {record}", "reactivate {record}"),
    "td1.3a": Words("consulté les données administratives de {record}", "consulter les données administratives de {record}",
                    "looked at the administrative data of {record}", "look at the administrative data of {record}"),
    "td1.3b": Words("modifié les données administratives de {record}", "modifier les données administratives de {record}",
                    "changed the administrative data of {record}", "change the administrative data of {record}"),
    "td1.4": Words("fermé {record}", "fermer {record}", "closed {record}", "close {record}"),
    "td1.5": Words("demandé un accès au portail pour {record}", "demander un accès au portail pour {record}",
                   "asked for portal access to {record}", "ask for portal access to {record}"),
    "td1.6": Words("consulté la liste des professionnels autorisés ou bloqués", "consulter la liste des professionnels autorisés ou bloqués",
                   "looked at the list of authorised and blocked professionals", "look at the list of authorised and blocked professionals",
                   _PARTY),
}  # fmt: skip

_CHOICES = {  # rules §2.2, §2.4, §4
    "authorise": Words("autorisé un accès à {record}", "autoriser un accès à {record}",
                       "gave access to {record}", "give access to {record}", _PARTY),
    "end-authorisation": Words("retiré un accès à {record}", "retirer un accès à {record}",
                               "withdrew access to {record}", "withdraw access to {record}", _PARTY),
    "block": Words("bloqué l'accès d'un professionnel ou d'une structure", "bloquer l'accès d'un professionnel ou d'une structure",
                   "blocked a professional or a structure", "block a professional or a structure", _PARTY),
    "unblock": Words("débloqué un professionnel ou une structure", "débloquer un professionnel ou une structure",
                     "unblocked a professional or a structure", "unblock a professional or a structure", _PARTY),
    "declare-medecin-traitant": Words("déclaré le médecin traitant", "déclarer le médecin traitant",
                                      "declared the attending doctor", "declare the attending doctor", _PARTY),
    "join-team": Words("inscrit un professionnel dans l'équipe de soins", "inscrire un professionnel dans l'équipe de soins",
                       "put a professional on the care team", "put a professional on the care team", _PARTY),
    "leave-team": Words("retiré un professionnel de l'équipe de soins", "retirer un professionnel de l'équipe de soins",
                        "took a professional off the care team", "take a professional off the care team", _PARTY),
    "name-administrator": Words("nommé un médecin administrateur de {record}", "nommer un médecin administrateur de {record}",
                                "named an administrator of {record}", "name an administrator of {record}", _PARTY),
    "end-administrator": Words("mis fin au rôle d'un médecin administrateur", "mettre fin au rôle d'un médecin administrateur",
                               "ended the role of an administrator", "end the role of an administrator", _PARTY),
    "oppose-feeding": Words("refusé qu'un professionnel alimente {record}", "refuser qu'un professionnel alimente {record}",
                            "refused that a professional adds to {record}", "refuse that a professional adds to {record}", _PARTY),
    "allow-feeding": Words("permis à nouveau qu'un professionnel alimente {record}", "permettre qu'un professionnel alimente {record}",
                           "let a professional add to {record} again", "let a professional add to {record} again", _PARTY),
    "choose-opposes_bris_de_glace": Words("changé le choix sur l'accès en urgence (bris de glace)",
                                          "changer le choix sur l'accès en urgence (bris de glace)",
                                          "changed the choice on emergency access (break-glass)",
                                          "change the choice on emergency access (break-glass)"),
    "choose-opposes_centre_15": Words("changé le choix sur l'accès du centre 15", "changer le choix sur l'accès du centre 15",
                                      "changed the choice on access by the emergency call centre",
                                      "change the choice on access by the emergency call centre"),
    "choose-masked_in_emergency": Words("changé le choix sur les documents masqués en urgence",
                                        "changer le choix sur les documents masqués en urgence",
                                        "changed the choice on masked documents in an emergency",
                                        "change the choice on masked documents in an emergency"),
    "choose-masks_everything": Words("changé le choix de masquer tout document nouveau", "changer le choix de masquer tout document nouveau",
                                     "changed the choice to mask every new document", "change the choice to mask every new document"),
    "contact": Words("changé l'adresse où {record} envoie ses avis", "changer l'adresse où {record} envoie ses avis",
                     "changed the address for notices about {record}", "change the address for notices about {record}"),
    "notice-preference": Words("changé une préférence d'avis", "changer une préférence d'avis",
                               "changed a preference for notices", "change a preference for notices"),
    "oppose": Words("enregistré une opposition à {record}", "enregistrer une opposition à {record}",
                    "recorded an objection to {record}", "record an objection to {record}"),
    "list-documents": Words("consulté la liste des documents de {record}", "consulter la liste des documents de {record}",
                            "looked at the list of documents in {record}", "look at the list of documents in {record}", _DOCUMENTS),
    "mask": Words("masqué un document aux professionnels", "masquer un document aux professionnels",
                  "masked a document from professionals", "mask a document from professionals", _DOCUMENTS),
    "unmask": Words("démasqué un document pour les professionnels", "démasquer un document pour les professionnels",
                    "unmasked a document for professionals", "unmask a document for professionals", _DOCUMENTS),
    "delete": Words("supprimé un document", "supprimer un document", "deleted a document", "delete a document", _DOCUMENTS),
    "viewers": Words("consulté qui peut lire un document", "consulter qui peut lire un document",
                     "looked at who can read a document", "look at who can read a document"),
    "declare-first-representative": Words("déclaré un représentant légal", "déclarer un représentant légal",
                                          "declared a legal representative", "declare a legal representative"),
    "declare-second-representative": Words("déclaré un second représentant légal", "déclarer un second représentant légal",
                                           "declared a second legal representative", "declare a second legal representative"),
    "declare-protection": Words("déclaré une mesure de protection", "déclarer une mesure de protection",
                                "declared a measure of protection", "declare a measure of protection"),
    "declare-carer": Words("invité un aidant", "inviter un aidant", "invited a carer", "invite a carer"),
    "accept-invitation": Words("accepté d'être aidant", "accepter d'être aidant", "agreed to be a carer", "agree to be a carer"),
    "refuse-invitation": Words("refusé d'être aidant", "refuser d'être aidant", "declined to be a carer", "decline to be a carer"),
    "give-up-acting": Words("cessé d'agir pour le titulaire de {record}", "cesser d'agir pour le titulaire de {record}",
                            "stopped acting for the holder of {record}", "stop acting for the holder of {record}"),
    "revoke-carer": Words("retiré l'accès d'un aidant", "retirer l'accès d'un aidant", "revoked a carer", "revoke a carer"),
    "list-representatives": Words("consulté la liste des représentants et aidants", "consulter la liste des représentants et aidants",
                                  "looked at the list of representatives and carers", "look at the list of representatives and carers"),
}  # fmt: skip

_KEEPING = {  # what is done to the record as a whole, and on its trail (rules §1, §2.7)
    "open-record": Words("ouvert {record}", "ouvrir {record}", "opened {record}", "open {record}"),
    "close-record": Words("fermé {record}", "fermer {record}", "closed {record}", "close {record}"),
    "opposition-proof": Words("établi une preuve d'opposition", "établir une preuve d'opposition",
                              "issued a proof of objection", "issue a proof of objection"),
    "order-destruction": Words("demandé la destruction de {record}", "demander la destruction de {record}",
                               "asked for the destruction of {record}", "ask for the destruction of {record}"),
    "confirm-destruction": Words("confirmé la destruction de {record}", "confirmer la destruction de {record}",
                                 "confirmed the destruction of {record}", "confirm the destruction of {record}"),
    "cancel-destruction": Words("annulé la demande de destruction de {record}", "annuler la demande de destruction de {record}",
                                "cancelled the destruction of {record}", "cancel the destruction of {record}"),
    "read-history": Words("consulté les étapes de la vie de {record}", "consulter les étapes de la vie de {record}",
                          "looked at the life of {record}", "look at the life of {record}"),
    "read-trail": Words("consulté l'historique des accès à {record}", "consulter l'historique des accès à {record}",
                        "read the trail of access to {record}", "read the trail of access to {record}"),
    "export-trail": Words("exporté l'historique des accès à {record}", "exporter l'historique des accès à {record}",
                          "exported the trail of access to {record}", "export the trail of access to {record}"),
    "explain": Words("fait expliquer une décision sur {record}", "faire expliquer une décision sur {record}",
                     "had a decision about {record} explained", "have a decision about {record} explained"),
    "notice-list": Words("consulté les avis envoyés pour {record}", "consulter les avis envoyés pour {record}",
                         "looked at the notices about {record}", "look at the notices about {record}"),
    "notice-settle": Words("réglé un avis qui n'avait pu être remis", "régler un avis qui n'avait pu être remis",
                           "settled a notice that could not be delivered", "settle a notice that could not be delivered"),
    "notice-letter": Words("préparé une lettre sur {record}", "préparer une lettre sur {record}",
                           "prepared a letter about {record}", "prepare a letter about {record}"),
    "emergency-show": Words("examiné un accès en urgence à {record}", "examiner un accès en urgence à {record}",
                            "examined an emergency access to {record}", "examine an emergency access to {record}"),
    "emergency-review": Words("rendu un avis sur un accès en urgence à {record}", "rendre un avis sur un accès en urgence à {record}",
                              "reviewed an emergency access to {record}", "review an emergency access to {record}"),
    "life/inform": Words("informé de la création prochaine de {record}", "informer de la création prochaine de {record}",
                         "gave notice that {record} will be opened", "give notice that {record} will be opened"),
    "life/oppose": Words("enregistré une opposition à {record}", "enregistrer une opposition à {record}",
                         "recorded an objection to {record}", "record an objection to {record}"),
    "life/delay-ends": Words("ouvert {record} à la fin du délai d'opposition", "ouvrir {record} à la fin du délai d'opposition",
                             "opened {record} at the end of the time to object", "open {record} at the end of the time to object"),
    "life/open": Words("ouvert {record}", "ouvrir {record}", "opened {record}", "open {record}"),
    "life/activate": Words("activé {record}", "activer {record}", "activated {record}", "activate {record}"),
    "life/announce-former": Words("annoncé la reprise d'un dossier d'avant 2022", "annoncer la reprise d'un dossier d'avant 2022",
                                  "announced that a record of before 2022 is taken over", "announce that a record of before 2022 is taken over"),
    "life/keep-apart": Words("gardé à part un dossier d'avant 2022", "garder à part un dossier d'avant 2022",
                             "kept a record of before 2022 apart", "keep a record of before 2022 apart"),
    "life/take-over": Words("repris un dossier d'avant 2022", "reprendre un dossier d'avant 2022",
                            "took over a record of before 2022", "take over a record of before 2022"),
    "life/suspend": Words("suspendu {record}", "suspendre {record}", "suspended {record}", "suspend {record}"),
    "life/resume": Words("rétabli {record}", "rétablir {record}", "resumed {record}", "resume {record}"),
    "life/suspension-ends": Words("fermé {record} à la fin de la suspension", "fermer {record} à la fin de la suspension",
                                  "closed {record} at the end of the suspension", "close {record} at the end of the suspension"),
    "life/close": Words("fermé {record}", "fermer {record}", "closed {record}", "close {record}"),
    "life/death": Words("fermé {record} après un décès", "fermer {record} après un décès",
                        "closed {record} after a death", "close {record} after a death"),
    "life/withdraw-death": Words("annulé un décès enregistré par erreur", "annuler un décès enregistré par erreur",
                                 "withdrew a death recorded in error", "withdraw a death recorded in error"),
    "life/archive-ends": Words("mis fin à l'archivage de {record}", "mettre fin à l'archivage de {record}",
                               "ended the archiving of {record}", "end the archiving of {record}"),
    "life/destroy": Words("détruit {record}", "détruire {record}", "destroyed {record}", "destroy {record}"),
    "life/replay-tombstone": Words("détruit à nouveau {record} après une restauration", "détruire à nouveau {record} après une restauration",
                                   "destroyed {record} again after a restore", "destroy {record} again after a restore"),
    "life/tombstone": Words("gardé la marque de la destruction de {record}", "garder la marque de la destruction de {record}",
                            "kept the mark of the destruction of {record}", "keep the mark of the destruction of {record}"),
    "life/release": Words("libéré le numéro INS d'un dossier détruit", "libérer le numéro INS d'un dossier détruit",
                          "freed the INS of a destroyed record", "free the INS of a destroyed record"),
    "life/document-shown": Words("rendu visible un document qui attendait son annonce", "rendre visible un document qui attendait son annonce",
                                 "showed a document that awaited its announcement", "show a document that awaited its announcement", _DOCUMENTS),
    "life/announcement-told": Words("rappelé qu'un document attend son annonce", "rappeler qu'un document attend son annonce",
                                    "recalled that a document awaits its announcement", "recall that a document awaits its announcement"),
    "life/announcement-overdue": Words("rappelé qu'un document attend son annonce", "rappeler qu'un document attend son annonce",
                                       "recalled that a document awaits its announcement", "recall that a document awaits its announcement"),
    "life/destruction-limit-near": Words("rappelé une destruction à faire", "rappeler une destruction à faire",
                                         "recalled a destruction that is due", "recall a destruction that is due"),
}  # fmt: skip

WORDS: Mapping[str, Words] = MappingProxyType({**_EXCHANGE, **_CHOICES, **_KEEPING})


def words_of(action: str) -> Words | None:
    """The words of an action of the trace; None for one that has none yet."""
    return WORDS.get(action) or WORDS.get(action.rpartition("/")[2])
