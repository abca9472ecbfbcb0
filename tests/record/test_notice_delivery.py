"""Notices by e-mail: none lost, none twice, whatever dies on the way; and nobody told where or what they did not want.

`Dies` is a mail server seen by a sender that is killed at one point: what was durable by then is all that the next sender finds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from notice_runs import DOCTOR, MINE, OPERATOR, owed, sent, states

from carnet.clock import DAY, HOUR, MINUTE
from carnet.consent.majority import majority_at
from carnet.demo.people import MEDECIN_TRAITANT, NESSI, OTHER_GP, PAT_TROIS
from carnet.errors import ConfigurationError
from carnet.exchange.notice_topics import CHOOSABLE
from carnet.identity.patients import find as find_patient
from carnet.identity.patients import register
from carnet.record.gate import Gate
from carnet.record.notice_delivery import mail_access
from carnet.record.notice_office import NoticeOffice
from carnet.record.own_settings import OwnSettings

REASON = "INCONSCIENT: trouvé au sol, ne répond pas"


def emergency(room, patient=PAT_TROIS, **about):
    caller = room.glass_breaker(OTHER_GP, reason=REASON, patient=patient, **about)
    room.do(caller, room.finding(patient=patient))


# --- who is told, and of what -----------------------------------------------------------------------------------------


def test_an_emergency_is_told_to_the_patient_and_to_the_medecin_traitant_once(post, mail_server):
    emergency(post)
    assert sent(post) == Counter(sent=2)
    assert sorted(mail_server.recipients) == [MINE, DOCTOR]
    assert sent(post) == Counter()
    assert states(post) == {"sent": 2}
    assert {sender for sender, *_ in mail_server.taken} == {"espace@carnet.example"}


def test_no_mail_says_who_did_what_about_whom(post, mail_server):
    emergency(post)
    owed(post, kind="document-announced")
    sent(post)
    key = post.rows("SELECT patient_key FROM notice")[0][0]
    notices = [row[0] for row in post.rows("SELECT notice_id FROM notice WHERE patient_key = ?", key)]
    telling = (
        *(PAT_TROIS.identifier.value, "PAT-TROIS", "DOMINIQUE", OTHER_GP.identifier, OTHER_GP.family_name),
        *(MEDECIN_TRAITANT.family_name, OTHER_GP.organization.name, "INCONSCIENT", "glace", "emergency", "document-"),
        *notices,
    )
    for content, message in zip([content for *_, content in mail_server.taken], mail_server.messages, strict=True):
        said = content.decode() + message["Subject"] + message.get_content()
        assert not [word for word in telling if word.casefold() in said.casefold()]
    to_patient = {m.get_content() for m in mail_server.messages if m["To"] == MINE}
    assert len(to_patient) == 1


def test_what_the_patient_does_not_want_by_mail_is_in_the_space_alone(post, mail_server):
    office = NoticeOffice(post.gate, OPERATOR)
    office.prefer(PAT_TROIS.identifier, "emergency", email=False)
    emergency(post)
    owed(post, kind="record-closed")
    assert sent(post) == Counter(sent=2, in_space=1)
    assert sorted(mail_server.recipients) == [MINE, DOCTOR]
    shown = office.of_patient(PAT_TROIS.identifier)
    assert [(one.notice.state, one.notice.answer) for one in shown] == [("in_space", "not wanted"), ("sent", "250")]
    assert "bris de glace" in shown[0].french


@pytest.mark.parametrize("lost", ["patient", "médecin traitant"])
def test_who_has_no_address_is_told_in_the_space_alone(post, mail_server, lost):
    if lost == "patient":
        NoticeOffice(post.gate, OPERATOR).set_address(PAT_TROIS.identifier, "")
    else:
        post.connection._raw.execute("DELETE FROM professional_contact")
    emergency(post)
    assert sent(post) == Counter(sent=1, in_space=1)
    assert len(mail_server.taken) == 1
    assert post.rows("SELECT answer FROM notice WHERE state = 'in_space'") == [("no address",)]


def test_a_notice_of_a_secret_connection_is_never_mailed(post, mail_server):
    emergency(post, secret_connection=True)
    assert sent(post) == Counter(in_space=2)
    assert mail_server.taken == []


def test_a_person_whose_key_was_destroyed_is_not_mailed(post, mail_server):
    emergency(post)
    known = find_patient(post.connection, post.platform.keyring, PAT_TROIS.identifier)
    post.platform.keyring.destroy_patient_key(known.pseudonym)
    assert sent(post) == Counter(sent=1, in_space=1)
    assert mail_server.recipients == [DOCTOR]


def test_many_that_stay_in_the_space_do_not_stop_the_run(post, mail_server, monkeypatch):
    monkeypatch.setattr("carnet.record.notice_delivery.IN_ONE_TRANSACTION", 3)
    owed(post, 7, patient=NESSI)
    owed(post, 2)
    assert sent(post) == Counter(in_space=7, sent=2)
    assert len(mail_server.taken) == 2


def test_what_was_sent_is_in_the_patient_s_trace(post):
    emergency(post)
    ticket = post.last_ticket()
    sent(post)
    lines = post.lines_since(ticket)
    assert [(line["action"], line["outcome"], line["requester_id"]) for line in lines] == [
        ("notice", "done", OPERATOR)
    ] * 2
    assert {line["detail"] for line in lines} == {
        "emergency-access-bris_de_glace to patient by e-mail",
        "emergency-access-bris_de_glace to medecin_traitant by e-mail",
    }
    assert MINE not in str(lines)


# --- what the mail server says ------------------------------------------------------------------------------------------


def test_a_refused_recipient_is_failed_shown_and_does_not_stop_the_others(post, mail_server):
    mail_server.refused[MINE] = "550 5.1.1 unknown"
    emergency(post)
    ticket = post.last_ticket()
    assert sent(post) == Counter(sent=1, failed=1)
    assert mail_server.recipients == [DOCTOR]
    (failed,) = NoticeOffice(post.gate, OPERATOR).in_state("failed")
    assert (failed.answer, failed.attempts, failed.delivered_at) == ("550 5.1.1", 1, None)
    assert any("turned down, 550 5.1.1" in line["detail"] for line in post.lines_since(ticket))
    assert sent(post) == Counter()
    del mail_server.refused[MINE]
    NoticeOffice(post.gate, OPERATOR).settle(failed.notice_id, sent=False)
    assert sent(post) == Counter(sent=1)


@pytest.mark.parametrize("answer", ["451 4.7.1 greylisted", "452 4.2.2 full"])
def test_a_recipient_who_is_put_off_is_tried_again_later_with_the_same_message_id(post, mail_server, answer):
    owed(post)
    mail_server.refused[MINE] = answer
    assert sent(post) == Counter(put_off=1)
    (before,) = post.rows("SELECT message_id, attempts, answer FROM notice")
    assert sent(post) == Counter()
    post.now += 5 * MINUTE
    assert sent(post) == Counter(put_off=1)
    mail_server.refused.clear()
    post.now += 10 * MINUTE
    assert sent(post) == Counter(sent=1)
    assert before[1:] == (1, answer[:9])
    assert mail_server.messages[0]["Message-ID"] == before[0]


def test_who_is_put_off_for_too_long_is_failed(post, mail_server):
    owed(post)
    mail_server.refused[MINE] = "452 4.2.2 full"
    post.now += 72 * HOUR + MINUTE
    assert sent(post) == Counter(failed=1)


def test_a_text_that_is_put_off_after_it_was_handed_over_was_not_sent_and_is_tried_again(post, mail_server):
    owed(post)
    mail_server.data_answers = ["451 4.3.0 try later"]
    assert sent(post) == Counter(put_off=1)
    post.now += 5 * MINUTE
    assert sent(post) == Counter(sent=1)
    assert len(mail_server.taken) == 1


def test_a_mail_server_that_is_down_leaves_all_for_later_and_fails_nothing(post, mail_server):
    owed(post, 3)
    post.platform = replace(post.platform, settings=replace(post.platform.settings, smtp_port=1))
    post.gate = Gate(post.platform)
    assert sent(post) == Counter(put_off=1, left=2)
    post.now += 100 * HOUR
    assert sent(post)["failed"] == 0
    post.now += 6 * HOUR
    post.platform = replace(post.platform, settings=replace(post.platform.settings, smtp_port=mail_server.port))
    post.gate = Gate(post.platform)
    assert sent(post) == Counter(sent=3)


def test_without_a_mail_server_in_the_settings_nothing_is_tried(room):
    with pytest.raises(ConfigurationError, match="smtp_host"):
        mail_access(room.platform.settings)


def test_the_password_comes_from_its_file(open_room, mail_server, home):
    (home / "mail-password").write_text("secret\nsecond line\n", encoding="utf-8")
    room = open_room(**mail_server.settings(smtp_user="carnet", smtp_password_file="mail-password"))
    assert mail_access(room.platform.settings).password == "secret"
    (home / "mail-password").unlink()
    with pytest.raises(ConfigurationError, match="smtp_password_file"):
        mail_access(room.platform.settings)


# --- by post ------------------------------------------------------------------------------------------------------------


def test_who_must_be_told_and_has_no_address_waits_for_a_letter(post, mail_server):
    """R1111-28 CSP: the delay to object cannot run from a notice in a space that is not open."""
    for kind in ("enrolment-information", "record-suspended"):
        owed(post, patient=NESSI, kind=kind)
    assert sent(post) == Counter(post=2)
    assert mail_server.taken == []
    assert post.rows("SELECT count(*) FROM notice WHERE delivered_at IS NOT NULL") == [(0,)]
    office = NoticeOffice(post.gate, OPERATOR)
    letters = office.letters()
    assert [(one.patient, one.kind) for one in letters] == [
        (NESSI.identifier, "enrolment-information"),
        (NESSI.identifier, "record-suspended"),
    ]
    post.now += HOUR
    office.settle(letters[0].notice_id, sent=True)
    assert post.rows("SELECT delivered_at FROM notice WHERE state = 'sent'") == [(post.now,)]
    assert [one.notice_id for one in office.letters()] == [letters[1].notice_id]


def test_an_address_that_is_refused_leaves_what_must_be_told_to_the_post(post, mail_server):
    mail_server.refused[MINE] = "550 5.1.1 no such person"
    owed(post, kind="enrolment-information")
    assert sent(post) == Counter(post=1)
    office = NoticeOffice(post.gate, OPERATOR)
    (letter,) = office.letters()
    mail_server.refused.clear()
    office.settle(letter.notice_id, sent=False)
    assert sent(post) == Counter(sent=1)


def test_each_person_who_is_listed_for_a_letter_is_told_so_in_their_trace(post):
    owed(post, patient=NESSI, kind="enrolment-information")
    sent(post)
    ticket = post.last_ticket()
    NoticeOffice(post.gate, OPERATOR).letters()
    (line,) = post.lines_since(ticket)
    assert (line["action"], line["patient"] != "") == ("administration/notice-letter", True)


def test_an_address_that_was_given_for_a_minor_is_not_written_to_after_eighteen(post, mail_server):
    of_age = majority_at("20081122")
    minor = replace(NESSI.traits, birth_date="20081122")
    post.gate.administer(lambda c: register(c, post.platform.keyring, minor, NESSI.identifier, post.now))
    post.now = of_age - DAY
    office = NoticeOffice(post.gate, OPERATOR)
    office.set_address(NESSI.identifier, "mere@carnet.example")
    owed(post, patient=NESSI)
    assert sent(post) == Counter(sent=1)
    post.now = of_age
    owed(post, patient=NESSI, kind="record-updated")
    assert sent(post) == Counter(in_space=1)
    office.set_address(NESSI.identifier, "a.moi@carnet.example")
    owed(post, patient=NESSI, kind="record-closed")
    assert sent(post) == Counter(sent=1)
    assert mail_server.recipients == ["mere@carnet.example", "a.moi@carnet.example"]


def test_another_address_is_told_at_the_former_one_whatever_is_wanted(post, mail_server):
    for topic in CHOOSABLE:
        NoticeOffice(post.gate, OPERATOR).prefer(PAT_TROIS.identifier, topic, email=False)
    own = OwnSettings(post.gate, OPERATOR)
    assert own.set_address(PAT_TROIS.identifier, "thief@carnet.example")
    assert not own.set_address(PAT_TROIS.identifier, "thief@carnet.example")
    assert sent(post) == Counter(sent=1)
    assert mail_server.recipients == [MINE]
    assert "adresse e-mail" in NoticeOffice(post.gate, OPERATOR).of_patient(PAT_TROIS.identifier)[-1].french
    post.now += 1
    assert own.set_address(PAT_TROIS.identifier, "")
    sent(post)
    assert mail_server.recipients == [MINE, "thief@carnet.example"]
