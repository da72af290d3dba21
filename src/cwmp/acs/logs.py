"""Logs on stderr, one line an event, as text for people or JSON for machines. Never a secret."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Literal


class TextFormatter(logging.Formatter):
    """``2026-11-23T19:00:00Z info cwmp.acs: text key=value``"""

    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        words = [f"{name}={value}" for name, value in facts.items()]
        line = " ".join(
            [_time(record), record.levelname.lower(), f"{record.name}:", record.getMessage(), *words]
        )
        # Devices choose some of these words: none may begin a line of its own or steer a terminal.
        line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)


def set_up(form: Literal["json", "text"]) -> None:
    """Log to stderr from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("cwmp").setLevel(logging.INFO)


def _time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"
