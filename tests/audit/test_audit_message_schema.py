"""Every message that the trace can become has the structure of the standard: attributes, values, order; the schema notices what has not."""

from __future__ import annotations

import base64
import itertools

import pytest
from audit_message_schema import schema
from lxml import etree

from carnet import hardened_xml
from carnet.audit.act_words import WORDS
from carnet.audit.atna_codes import EVENTS
from carnet.audit.atna_message import AuditSource, Told, audit_message

SOURCE = AuditSource("carnet.test", "carnet.test/trace", "1.2.250.1.999.5")
AT = 1_790_000_000_123_456
PLAIN = {
    "action": "iti43", "outcome": "done", "mode": "normal", "reason": "", "requester_id": "899700218896",
    "requester_name": "Camille TESTARD", "requester_role": "10", "organization_id": "1750000001", "organization_name": "",
    "software": "Logiciel d'essai 1.0", "address": "192.0.2.7", "certificate": "ab" * 32, "patient": "279^^^&1.2&ISO^NH",
    "objects": ("1.2.3", "1.2.4"), "rules": ("care-team",), "matrix_version": "2026-11", "detail": "2 of 2", "secret": False,
}  # fmt: skip
SCHEMA = schema()


def valid(told):
    root = hardened_xml.parse(audit_message(told, SOURCE))
    return SCHEMA.validate(root), str(SCHEMA.error_log)


@pytest.mark.parametrize("action", sorted({*WORDS, *EVENTS, "future/thing"}))
def test_every_action_with_every_end_in_every_mode_has_the_structure(action):
    for outcome, mode in itertools.product(("done", "refused", "failed"), ("normal", "bris_de_glace", "centre_15")):
        held, why = valid(
            Told(7, AT, PLAIN | {"action": action, "outcome": outcome, "mode": mode, "reason": "inconscient"})
        )
        assert held, why


@pytest.mark.parametrize(
    "told",
    [
        Told(7, AT, {}, problem="The line does not match its hash."),
        Told(
            7,
            AT,
            {k: PLAIN[k] for k in ("action", "outcome", "mode", "rules", "requester_role", "matrix_version")},
            "f00d",
        ),
        Told(7, AT, PLAIN | {"action": "iti18", "detail": "FindDocuments LeafClass 2"}),
        Told(
            7,
            AT,
            PLAIN | {"requester_id": "", "software": "", "patient": "", "objects": (), "rules": ("authentication",)},
        ),
        Told(7, AT, PLAIN | {"requester_name": "\x00<&\"'>", "software": "é — 漢字 😀"}),
    ],
)
def test_lines_that_lack_something_have_it_too(told):
    held, why = valid(told)
    assert held, why


def _without(path, name):
    def change(root):
        del root.find(path).attrib[name]

    return change


def _moved(path):
    def change(root):
        root.append(root.find(path))

    return change


def _unnamed(root):
    one = root.find("ParticipantObjectIdentification")
    one.remove(one.find("ParticipantObjectName"))


def _valued(path, name, value):
    return lambda root: root.find(path).set(name, value)


BROKEN = {
    "no date": _without("EventIdentification", "EventDateTime"),
    "no outcome": _without("EventIdentification", "EventOutcomeIndicator"),
    "no user": _without("ActiveParticipant", "UserID"),
    "no requestor": _without("ActiveParticipant", "UserIsRequestor"),
    "no source": _without("AuditSourceIdentification", "AuditSourceID"),
    "no code": _without("EventIdentification/EventID", "csd-code"),
    "no words of a code": _without("EventIdentification/EventID", "originalText"),
    "no object": _without("ParticipantObjectIdentification", "ParticipantObjectID"),
    "event last": _moved("EventIdentification"),
    "participant last": _moved("ActiveParticipant"),
    "neither name nor query": _unnamed,
    "an outcome of no table": _valued("EventIdentification", "EventOutcomeIndicator", "1"),
    "an action of no table": _valued("EventIdentification", "EventActionCode", "X"),
    "a date of no form": _valued("EventIdentification", "EventDateTime", "yesterday"),
    "a detail without value": _without("ParticipantObjectIdentification/ParticipantObjectDetail", "value"),
    "an attribute of ours": _valued("ActiveParticipant", "Secret", "1"),
}  # fmt: skip


def test_every_detail_and_query_is_base64():
    """Which the schema's reader does not look into."""
    root = hardened_xml.parse(
        audit_message(Told(7, AT, PLAIN | {"action": "iti18", "detail": "FindDocuments é 2"}), SOURCE)
    )
    values = [*root.xpath("//ParticipantObjectDetail/@value"), *root.xpath("//ParticipantObjectQuery/text()")]
    assert len(values) > 2
    for value in values:
        base64.b64decode(value, validate=True)


@pytest.mark.parametrize("broken", sorted(BROKEN))
def test_control_a_message_of_another_structure_is_noticed(broken):
    root = hardened_xml.parse(audit_message(Told(7, AT, PLAIN), SOURCE))
    assert SCHEMA.validate(root)
    BROKEN[broken](root)
    assert not SCHEMA.validate(etree.fromstring(etree.tostring(root)))
