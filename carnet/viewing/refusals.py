"""Why a file is not shown, as a typed cause with a sentence for people. The original stays where it is, for download."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType

from carnet.errors import InvalidDocument


class Cause(Enum):
    """What stands in the way of showing a file."""

    EMPTY = auto()
    UNKNOWN = auto()
    MARKUP = auto()
    ARCHIVE = auto()
    PROGRAM = auto()
    LOCKED = auto()
    DAMAGED = auto()
    TOO_LARGE = auto()
    TOO_HARD = auto()
    NO_SUCH_PAGE = auto()
    UNPROTECTED = auto()
    ACTIVE = auto()


SENTENCES: Mapping[str, Mapping[Cause, str]] = MappingProxyType(
    {
        "fr": {
            Cause.EMPTY: "Ce fichier est vide.",
            Cause.UNKNOWN: "Ce format de fichier ne peut pas être affiché ici.",
            Cause.MARKUP: "Ce fichier est une page ou un dessin qui pourrait agir ; il n'est pas affiché.",
            Cause.ARCHIVE: "Ce fichier en contient d'autres ; il n'est pas ouvert ici.",
            Cause.PROGRAM: "Ce fichier est un programme ; il n'est pas affiché.",
            Cause.LOCKED: "Ce fichier est protégé par un mot de passe.",
            Cause.DAMAGED: "Ce fichier est abîmé ou incomplet.",
            Cause.TOO_LARGE: "Ce fichier est trop grand pour être affiché.",
            Cause.TOO_HARD: "Ce fichier demande trop de temps ou de mémoire pour être affiché.",
            Cause.NO_SUCH_PAGE: "Cette page n'existe pas dans ce fichier.",
            Cause.UNPROTECTED: "L'affichage protégé n'est pas disponible sur ce serveur.",
            Cause.ACTIVE: "Ce fichier contient un programme qui n'a pas pu en être ôté.",
        },
        "en": {
            Cause.EMPTY: "This file is empty.",
            Cause.UNKNOWN: "This file format cannot be shown here.",
            Cause.MARKUP: "This file is a page or a drawing that might act; it is not shown.",
            Cause.ARCHIVE: "This file holds other files; it is not opened here.",
            Cause.PROGRAM: "This file is a program; it is not shown.",
            Cause.LOCKED: "This file is protected by a password.",
            Cause.DAMAGED: "This file is damaged or incomplete.",
            Cause.TOO_LARGE: "This file is too large to be shown.",
            Cause.TOO_HARD: "This file takes too much time or memory to be shown.",
            Cause.NO_SUCH_PAGE: "This page does not exist in this file.",
            Cause.UNPROTECTED: "Protected showing is not available on this server.",
            Cause.ACTIVE: "This file holds a program that could not be taken out of it.",
        },
    }
)


class NotShown(InvalidDocument):
    """A file cannot be shown; `cause` says why, SENTENCES how to tell it."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(SENTENCES["en"][cause])
        self.cause = cause
