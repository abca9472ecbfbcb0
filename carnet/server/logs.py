"""Logs: one JSON object a line, from known fields only, so that no identity and no health data can slip in with a stray argument."""

from __future__ import annotations

import json
import logging
import sys

from carnet.clock import system_clock, to_iso

FIELDS = ("transaction", "reason", "reference", "host", "port", "worker", "operation", "segment", "offset", "source")


class JsonFormatter(logging.Formatter):
    """The time (UTC), level, logger, the constant message, the known fields, and the type and place of an exception, not its text."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, object] = {
            "at": to_iso(system_clock()),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        line.update({name: getattr(record, name) for name in FIELDS if hasattr(record, name)})
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            trace = record.exc_info[2]
            places = []
            while trace is not None:
                places.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
                trace = trace.tb_next
            line["places"] = places[-8:]
        return json.dumps(line, ensure_ascii=False, default=lambda value: type(value).__name__)


def _message(record: logging.LogRecord) -> str:
    """Our own sentences, and the first line of uvicorn's; of other libraries the place alone, for their sentences may carry names."""
    origin = record.name.partition(".")[0]
    if origin == "carnet":
        return record.getMessage()
    if origin == "uvicorn":
        return record.getMessage().partition("\n")[0]
    return f"{record.module}:{record.lineno}"


def configure_logs(level: str) -> None:
    """Sends every log of this process to standard error as JSON lines; one that cannot be written is lost, not told in other words."""
    logging.raiseExceptions = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)
