"""Structured log lines on standard error: text for a person, one JSON object a line for a collector.

A line about a process carries both of its pids. Secrets never reach a log: tokens, keys and bodies are not logged.
"""

import json
import logging
import sys
from datetime import UTC, datetime

from connector.settings import Settings

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and whatever fields the line was given."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        at = datetime.fromtimestamp(record.created, UTC).isoformat()
        line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line | fields, ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """Time, level, message, then `name=value` of each field."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD]
        return " ".join([text, *fields])


def configure(settings: Settings) -> None:
    """Send the node's log lines to standard error in the form and from the level that the settings name."""
    handler = logging.StreamHandler(sys.stderr)
    is_json = settings.log_format == "json"
    handler.setFormatter(JsonLines() if is_json else TextLines("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
