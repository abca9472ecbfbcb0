"""The e-mail of a notice says that something happened and how to look; never what, about whom or by whom."""

from __future__ import annotations

import email
import email.policy

import pytest

from carnet.exchange.notice_message import OF_KIND, TEXTS, Letterhead, compose

HEAD = Letterhead("espace@carnet.example", "Carnet", "https://espace.carnet.example")
NOW = 1_793_620_800_000_000
TELLING = (
    "urgence", "emergency", "bris", "glace", "samu", "centre 15", "document", "ordonnance", "biologie", "hôpital",
    "hospital", "diagnos", "résultat", "result", "accès à votre dossier", "docteur", "doctor", "spécialité", "masqu",
)  # fmt: skip


def written(recipient="patient", address="someone@carnet.example", **about):
    about = {"message_id": "<abc@carnet.example>", "due_at": NOW, **about}
    return compose(HEAD, recipient, address, **about)


def read(content):
    return email.message_from_bytes(content, policy=email.policy.default)


@pytest.mark.parametrize("recipient", TEXTS)
def test_french_comes_first_then_english_and_where_to_look(recipient):
    body = read(written(recipient)).get_content()
    assert body.index("Bonjour") < body.index("Hello")
    assert body.count("https://espace.carnet.example") == 2
    assert max(len(line) for line in body.splitlines()) <= 78


@pytest.mark.parametrize("kind", OF_KIND)
def test_the_texts_of_their_own_say_no_more_and_fit_a_screen(kind):
    message = read(written(kind=kind))
    assert message.get_content().index("Bonjour") < message.get_content().index("Hello")
    assert max(len(line) for line in message.get_content().splitlines()) <= 78


@pytest.mark.parametrize("kind", ["emergency-access-bris_de_glace", "record-closed", "whatever"])
def test_every_other_kind_makes_the_very_same_bytes(kind):
    assert written(kind=kind) == written()


@pytest.mark.parametrize("recipient", TEXTS)
def test_nothing_in_it_tells_what_happened(recipient):
    message = read(written(recipient))
    said = (message["Subject"] + message.get_content()).casefold()
    assert not [word for word in TELLING if word in said]


def test_its_headers_are_those_of_an_automatic_message_with_a_stable_id():
    message = read(written())
    assert message["Message-ID"] == "<abc@carnet.example>"
    assert message["To"] == "someone@carnet.example"
    assert message["From"] == "Carnet <espace@carnet.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.year == 2026
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
        "MIME-Version",
    }  # fmt: skip


def test_the_same_notice_makes_the_same_bytes_in_ascii_with_crlf():
    assert written() == written()
    assert written().isascii()
    assert b"\n" not in written().replace(b"\r\n", b"")
