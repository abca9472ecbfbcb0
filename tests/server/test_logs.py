"""Logs: one JSON object a line, from known fields; what an exception or a library says in its own words is never written."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys

import pytest

from carnet.demo.people import MEDECIN_TRAITANT, PAT_TROIS
from carnet.server.logs import JsonFormatter, configure_logs

CANARY = "279035121518989"
SERVICES = "/si-dmp-server/v2/services"


def as_in_a_server_of_its_own(monkeypatch):
    """Whatever a server that another test ran in this process left to uvicorn's loggers."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        monkeypatch.setattr(logging.getLogger(name), "propagate", True)
        monkeypatch.setattr(logging.getLogger(name), "handlers", [])
        monkeypatch.setattr(logging.getLogger(name), "level", logging.NOTSET)


@pytest.fixture
def logs(monkeypatch):
    """Logs as a server writes them, read back as text and as the objects of its lines; afterwards the test's own handlers come back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    as_in_a_server_of_its_own(monkeypatch)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    stream = io.StringIO()
    with monkeypatch.context() as context:
        context.setattr(sys, "stderr", stream)
        configure_logs("INFO")

    def written():
        text = stream.getvalue()
        return text, [json.loads(line) for line in text.splitlines()]

    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


def raising(message):
    """The sys.exc_info of an exception with a cause, both of which tell too much."""
    try:
        {}[message]
    except KeyError as cause:
        error = ValueError(f"about {message}").with_traceback(cause.__traceback__)
        error.__cause__ = cause
        return type(error), error, error.__traceback__


def test_a_line_says_when_where_and_what(logs):
    logging.getLogger("carnet.gate").info("refused a caller", extra={"transaction": "iti18", "reason": "expired"})
    _, (line,) = logs()
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "carnet.gate",
        "message": "refused a caller",
        "transaction": "iti18",
        "reason": "expired",
    }


def test_fields_that_are_not_known_are_not_written(logs):
    logging.getLogger("carnet.gate").info("an act failed", extra={"patient": CANARY, "body": f"<x>{CANARY}</x>"})
    text, _ = logs()
    assert CANARY not in text


def test_a_field_that_is_no_text_is_told_by_its_kind(logs):
    logging.getLogger("carnet.gate").info("refused a caller", extra={"reason": ValueError(CANARY)})
    text, (line,) = logs()
    assert CANARY not in text
    assert line["reason"] == "ValueError"


def test_a_line_that_cannot_be_written_is_lost_and_not_told_otherwise(logs, capsys):
    logging.getLogger().handlers[0].stream.close()
    logging.getLogger("carnet.gate").info("about %s", CANARY)
    assert capsys.readouterr() == ("", "")
    logging.getLogger().handlers.clear()


def test_the_text_of_an_exception_is_not_written_but_its_kind_and_place_are(logs):
    logging.getLogger("carnet.gate").error("an act failed", exc_info=raising(CANARY))
    text, (line,) = logs()
    assert CANARY not in text
    assert line["exception"] == "ValueError"
    assert [place.split(":")[0] for place in line["places"]] == ["raising"]


@pytest.mark.parametrize(
    ("name", "message", "arguments"),
    [
        ("pyhanko_certvalidator", f"The certificate of {CANARY} is expired", ()),
        ("sqlalchemy.engine", "parameters %r", (CANARY,)),
        ("httpx", ValueError(CANARY), ()),
        ("some.library", {"patient": CANARY}, ()),
        ("uvicorn.error", f"Traceback (most recent call last):\n  {CANARY}", ()),
        ("carnetish", f"about {CANARY}", ()),
    ],
)
def test_what_a_library_says_in_its_own_words_is_not_written(logs, name, message, arguments):
    logging.getLogger(name).error(message, *arguments)
    text, (line,) = logs()
    assert CANARY not in text
    assert line["logger"] == name


def test_a_task_that_failed_unseen_does_not_tell_its_exception(logs):
    async def fail():
        raise ValueError(CANARY)

    async def forget():
        task = asyncio.get_running_loop().create_task(fail())
        await asyncio.sleep(0)
        assert task.done()
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": f"lost {task!r}", "exception": task.exception(), "task": task})

    asyncio.run(forget())
    text, lines = logs()
    assert CANARY not in text
    assert [line["exception"] for line in lines] == ["ValueError"]


def test_a_request_that_meets_a_bug_leaves_no_identity_in_the_log(serve, logs, monkeypatch):
    served = serve()

    def broken(*_arguments, **_named):
        raise ValueError(f"no rule for {CANARY} of {PAT_TROIS.traits.birth_name}")

    monkeypatch.setattr(served.platform.engine, "decide", broken)
    content_type, message = served.search(MEDECIN_TRAITANT, PAT_TROIS.identifier)
    headers = [("content-type", content_type.encode())]
    heard = served.post(
        message, f"{SERVICES}/registry", headers=headers, certificate=served.certificate(MEDECIN_TRAITANT)
    )
    assert heard.status == 500
    text, lines = logs()
    for canary in (CANARY, PAT_TROIS.traits.birth_name, MEDECIN_TRAITANT.identifier, MEDECIN_TRAITANT.family_name):
        assert canary not in text
        assert canary.encode() not in heard.body
    assert {line["exception"] for line in lines if "exception" in line} == {"ValueError"}
    (reference,) = {line["reference"] for line in lines if "reference" in line}
    assert reference.encode() in heard.body


def test_a_refused_caller_s_identity_is_not_in_the_log(serve, logs):
    served = serve()
    content_type, message = served.search(MEDECIN_TRAITANT, PAT_TROIS.identifier)
    message = message.replace(b"</saml2:Issuer>", b" </saml2:Issuer>")
    headers = [("content-type", content_type.encode())]
    served.post(message, headers=headers, certificate=served.certificate(MEDECIN_TRAITANT))
    text, lines = logs()
    assert any(line["message"] == "refused a caller" and line["reason"] for line in lines)
    for canary in (CANARY, MEDECIN_TRAITANT.identifier, MEDECIN_TRAITANT.family_name):
        assert canary not in text


def test_control_the_usual_formatter_would_have_told_it():
    record = logging.LogRecord("carnet", logging.ERROR, __file__, 1, "an act failed", (), raising(CANARY))
    assert CANARY in logging.Formatter().format(record)
    assert CANARY not in JsonFormatter().format(record)
