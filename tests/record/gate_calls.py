"""Calls for the gate, and what their lines of the trace say."""

from __future__ import annotations

from dataclasses import replace

from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS


def submitting(room, who=MEDECIN_TRAITANT, patient=PAT_TROIS):
    """(requester, act) of one document put in."""
    requester = room.caller(who, patient)
    return requester, room.submitting(room.submission(room.document(patient=patient), by=who), requester)


def finding(room, who=MEDECIN_TRAITANT):
    """(requester, act) of one search."""
    return room.caller(who), room.finding()


def then(act, step):
    """The act, and one more step within it."""

    def run(scope):
        result = act.run(scope)
        step(scope)
        return result

    return replace(act, run=run)


def failing(act, error):
    """The act, which writes everything and fails at its end."""

    def fail(_scope):
        raise error

    return then(act, fail)


def outcomes(lines):
    return [(line["action"], line["outcome"]) for line in lines]
