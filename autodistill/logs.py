"""Logs: a sentence for people, or one JSON object a line with what the code was busy with."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Literal, TextIO

from typing_extensions import override

Form = Literal["text", "json"]
_bound: ContextVar[dict[str, Any]] = ContextVar("bound", default={})  # noqa: B039  # never changed
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
MOST_CAPTURED = 64 * 1024
"""Bytes after which a captured log begins anew; the stretch before that is kept too."""
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
    handler.setFormatter(JsonLines(**facts) if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("httpx", "alembic.runtime.migration"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def trial_log(root: Path, job: str, number: int) -> Path:
    """Return where the attempts of a trial write what they log and print."""
    return root / "logs" / job / f"{number}.log"


@contextmanager
def captured(path: Path) -> Iterator[None]:
    """Append what this process logs and prints to a file as well; see `MOST_CAPTURED`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = _Kept(path, maxBytes=MOST_CAPTURED, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter(TEXT))
    logging.root.addHandler(handler)
    out, err = (_Tee(stream, handler) for stream in (sys.stdout, sys.stderr))
    try:
        with redirect_stdout(out), redirect_stderr(err):
            yield
    finally:
        logging.root.removeHandler(handler)
        handler.close()


def read_captured(path: Path) -> str:
    """Return the last `MOST_CAPTURED` bytes of a captured log in whole lines; may be empty."""
    found = b"".join(p.read_bytes() for p in (Path(f"{path}.1"), path) if p.exists())
    kept = found[-MOST_CAPTURED:]
    if len(kept) < len(found):
        kept = kept.partition(b"\n")[2]
    return kept.decode(errors="replace")


class _Kept(RotatingFileHandler):
    """Says nothing of a full disk: it would say so to the stream that it writes."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        return


class _Tee(io.TextIOBase):
    """A stream that is written as before, and line by line to a handler."""

    def __init__(self, stream: TextIO, handler: logging.Handler) -> None:
        self._stream, self._handler, self._rest = stream, handler, ""

    @override
    def write(self, text: str) -> int:
        self._stream.write(text)
        *lines, self._rest = (self._rest + text).replace("\r", "\n").split("\n")
        for line in filter(str.strip, lines):
            record = {"name": "printed", "levelname": "INFO", "msg": line}
            self._handler.handle(logging.makeLogRecord(record))
        return len(text)

    @override
    def flush(self) -> None:
        self._stream.flush()

    @override
    def fileno(self) -> int:
        return self._stream.fileno()
