"""Logs: a sentence for people, or one JSON object a line with what the code was busy with."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

from typing_extensions import override

Form = Literal["text", "json"]
_bound: ContextVar[dict[str, Any]] = ContextVar("bound", default={})  # noqa: B039  # never changed
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextmanager
def busy_with(**facts: Any) -> Iterator[None]:
    """Let every log line of this context carry facts, such as `job` and `trial`."""
    token = _bound.set(_bound.get() | facts)
    try:
        yield
    finally:
        _bound.reset(token)


class JsonLines(logging.Formatter):
    """One object a line: `at`, `level`, `logger`, `message`, and every fact that is known."""

    def __init__(self, **facts: Any) -> None:
        super().__init__()
        self._facts = facts

    @override
    def format(self, record: logging.LogRecord) -> str:
        extra = {k: v for k, v in vars(record).items() if k not in _USUAL}
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **self._facts,
            **_bound.get(),
            **extra,
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(form: Form, **facts: Any) -> None:
    """Send every log line of this process to standard error.

    Args:
        form: `text` or `json`.
        facts: What every line carries, such as `job`.
    """
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonLines(**facts) if form == "json" else text)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("httpx", "alembic.runtime.migration"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
