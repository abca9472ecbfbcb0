"""Handing a message to a real SMTP server: what was taken, turned down, put off, and what nobody knows."""

from __future__ import annotations

import ssl

import pytest
from aiosmtpd.smtp import AuthResult

from carnet.exchange.smtp_relay import Access, NoAnswer, PutOff, SmtpRelay, TurnedDown

SENDER, TO = "espace@carnet.example", "someone@carnet.example"
TEXT = b"Subject: x\r\n\r\nhello\r\n.dot\r\n"


@pytest.fixture
def relay():
    made = []

    def make(server, **about):
        access = Access(server.host, server.port, **{"security": "none", "timeout": 60, **about})
        made.append(SmtpRelay(access))
        return made[-1]

    yield make
    for one in made:
        one.close()


def sent(one, to=TO):
    one.address(SENDER, to)
    return one.hand_over(TEXT)


def test_a_message_is_taken_as_it_was_handed_over_and_the_connection_is_kept(mail_server, relay):
    one = relay(mail_server)
    assert [sent(one), sent(one)] == ["250", "250"]
    assert mail_server.taken == [(SENDER, (TO,), TEXT)] * 2
    assert mail_server.sessions == 1


def test_a_recipient_who_is_refused_is_turned_down_with_the_codes_alone_and_the_next_one_is_taken(mail_server, relay):
    mail_server.refused[TO] = f"550 5.1.1 no mailbox of {TO} here"
    one = relay(mail_server)
    with pytest.raises(TurnedDown) as error:
        sent(one)
    assert error.value.answer == "550 5.1.1"
    assert sent(one, "other@carnet.example") == "250"


def test_a_recipient_who_is_put_off_is_no_refusal(mail_server, relay):
    mail_server.refused[TO] = "451 4.7.1 greylisted"
    with pytest.raises(PutOff) as error:
        sent(relay(mail_server))
    assert (error.value.answer, error.value.relay_down) == ("451 4.7.1", False)


@pytest.mark.parametrize(("answer", "error"), [("554 5.7.1 no", TurnedDown), ("452 4.2.2 full", PutOff)])
def test_a_text_that_is_not_taken_was_not_sent(mail_server, relay, answer, error):
    mail_server.data_answers = [answer]
    one = relay(mail_server)
    with pytest.raises(error):
        sent(one)
    assert mail_server.taken == []
    assert sent(one) == "250"


def test_a_connection_that_breaks_while_the_text_is_handed_over_leaves_it_unknown(mail_server, relay):
    mail_server.drop_after_data = True
    one = relay(mail_server)
    with pytest.raises(NoAnswer):
        sent(one)
    mail_server.drop_after_data = False
    assert sent(one) == "250"


def test_a_server_that_is_not_there_puts_everything_off(mail_server, relay):
    one = relay(mail_server)
    absent = relay(type("Nowhere", (), {"host": "127.0.0.1", "port": 1}))
    with pytest.raises(PutOff) as error:
        sent(absent)
    assert error.value.relay_down
    with pytest.raises(PutOff):
        absent.hand_over(TEXT)
    assert sent(one) == "250"


def server_context(home):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(home / "pki" / "server.pem", home / "pki" / "server.key")
    return context


def password(_server, _session, _envelope, _mechanism, data):
    # `handled` would say that we answered the client ourselves, who would wait for it.
    return AuthResult(success=(data.login, data.password) == (b"carnet", b"secret"), handled=False)


def test_starttls_and_a_password(open_mail_server, relay, first_stage):
    server = open_mail_server(
        tls_context=server_context(first_stage.home), require_starttls=True, authenticator=password, auth_required=True
    )
    trusted = str(first_stage.authorities)
    login = {"security": "starttls", "authorities": trusted, "user": "carnet"}
    assert sent(relay(server, password="secret", **login)) == "250"
    with pytest.raises(PutOff) as error:
        sent(relay(server, password="guessed", **login))
    assert error.value.relay_down
    assert len(server.taken) == 1


def test_tls_from_the_start(open_mail_server, relay, first_stage):
    server = open_mail_server(implicit_tls=server_context(first_stage.home))
    assert sent(relay(server, security="tls", authorities=str(first_stage.authorities))) == "250"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_whose_certificate_is_of_nobody_known_gets_nothing(open_mail_server, relay, first_stage, security):
    context = server_context(first_stage.home)
    server = open_mail_server(**({"tls_context": context} if security == "starttls" else {"implicit_tls": context}))
    with pytest.raises(PutOff) as error:
        sent(relay(server, security=security))
    assert error.value.relay_down
    assert server.taken == []


def test_a_server_without_starttls_gets_nothing_where_it_is_demanded(mail_server, relay):
    with pytest.raises(PutOff):
        sent(relay(mail_server, security="starttls"))
    assert mail_server.taken == []


def test_the_password_is_not_shown():
    assert "secret" not in repr(Access("h", 25, "tls", user="u", password="secret"))
