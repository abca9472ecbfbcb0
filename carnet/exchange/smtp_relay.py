"""The mail server that notices are handed to: real SMTP (RFC 5321), with STARTTLS or TLS, the certificate verified.

The conversation is cut in two where the difference matters: before the text is handed over nothing was sent; once it is being handed over,
only an answer says whether it was taken.
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass, field
from typing import Protocol

OK = 250


class PutOff(Exception):
    """The mail server does not take it now (4xx), or cannot be reached; `answer` is the code. Nothing was sent."""

    def __init__(self, answer: str, *, relay_down: bool = False) -> None:
        super().__init__(answer)
        self.answer = answer
        self.relay_down = relay_down


class TurnedDown(Exception):
    """The mail server will never take it (5xx); `answer` is the code."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer


class NoAnswer(Exception):
    """The connection broke while the text was handed over: nobody knows whether it was taken."""


class MailServer(Protocol):
    """What the delivery asks of a mail server. Both steps raise PutOff or TurnedDown."""

    def address(self, sender: str, recipient: str) -> None:
        """Names sender and recipient of the next message; nothing is sent yet."""
        ...

    def hand_over(self, message: bytes) -> str:
        """Hands the message over and returns the code of the answer that took it. Raises NoAnswer too."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a mail server. `security` is starttls, tls or none; `timeout` in seconds; `user` '' for no login."""

    host: str
    port: int
    security: str
    authorities: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: int = 30


@dataclass(slots=True)
class SmtpRelay:
    """One connection, opened at the first message and after each failure; `close` it at the end."""

    access: Access
    _client: smtplib.SMTP | None = None

    def address(self, sender: str, recipient: str) -> None:
        """See MailServer."""
        client = self._connected()
        try:
            _take_sender(client.mail(sender))
            _take(client.rcpt(recipient))
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._drop()
            raise PutOff(type(error).__name__, relay_down=True) from error
        except (PutOff, TurnedDown):
            self._begin_anew()
            raise

    def hand_over(self, message: bytes) -> str:
        """See MailServer."""
        client = self._client
        if client is None:
            raise PutOff("not connected", relay_down=True)
        try:
            return _take(client.data(message))
        except smtplib.SMTPDataError as error:  # the answer to DATA itself: the text was not handed over
            self._begin_anew()
            _refuse(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            self._drop()
            raise NoAnswer from error
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Says goodbye and closes; a server that is gone is no failure."""
        if self._client is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.quit()
            self._drop()

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            try:
                self._client = _connect(self.access)
            except (smtplib.SMTPException, OSError) as error:
                code = getattr(error, "smtp_code", "")
                raise PutOff(str(code or type(error).__name__), relay_down=True) from error
        return self._client

    def _begin_anew(self) -> None:
        """RSET; a connection that does not take it is dropped."""
        try:
            if self._client is not None:
                self._client.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _connect(access: Access) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=access.authorities or None)
    if access.security == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(access.host, access.port, timeout=access.timeout, context=context)
    else:
        client = smtplib.SMTP(access.host, access.port, timeout=access.timeout)
    try:
        client.ehlo_or_helo_if_needed()
        if access.security == "starttls":
            client.starttls(context=context)
        if access.user:
            client.login(access.user, access.password)
    except BaseException:
        client.close()
        raise
    return client


def _take(answer: tuple[int, bytes]) -> str:
    code, text = answer
    if not 200 <= code <= 299:
        _refuse(code, text)
    return str(code)


def _take_sender(answer: tuple[int, bytes]) -> None:
    """When the sender is not accepted it is we who are refused, not this recipient: the notice waits for the operator to mend it."""
    if answer[0] != OK:
        raise PutOff(str(answer[0]), relay_down=True)


def _refuse(code: int, text: bytes | str) -> None:
    """The code, with the enhanced one (RFC 3463) when it is given; the rest of the text may name people."""
    first = (text if isinstance(text, str) else text.decode("ascii", "replace")).split(" ", 1)[0]
    enhanced = first if first.count(".") == 2 and first.replace(".", "").isdigit() and len(first) < 12 else ""
    answer = f"{code} {enhanced}".strip()
    if code >= 500:
        raise TurnedDown(answer)
    if code == 421:
        raise PutOff(answer, relay_down=True)
    raise PutOff(answer)
