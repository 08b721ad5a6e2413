"""The asker's side of a job that runs elsewhere: its trials as objects to train by."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx

from autodistill.answers import Connection, path_of
from autodistill.errors import TooManyRequests, Unavailable
from autodistill.lending import Asked, Lent, Standing
from autodistill.record import FailureClass
from autodistill.spec import PipelineSpec

T = TypeVar("T")
COME_AGAIN_S = 2.0
"""Between two questions for a trial, where there is none now."""
PATIENCE_S, RETRY_S = 120.0, 1.0
"""For a service that does not answer: nothing is lost and nothing counts twice meanwhile."""


class Borrowed:
    """A trial that is yours to train, and to report on before its lease ends.

    Its methods wait for a service that does not answer, two minutes at most.

    Raises:
        Conflict: From every method, when the trial is no longer yours.
        InvalidInput: When a metric is unknown, missing or not finite.
    """

    def __init__(self, connection: Connection, lent: Lent) -> None:
        self._connection, self.lent = connection, lent
        self._began = self._reported = time.monotonic()

    @property
    def number(self) -> int:
        """Of the trial inside its job."""
        return self.lent.number

    @property
    def pipeline(self) -> PipelineSpec:
        """What to train with."""
        return self.lent.spec.pipeline

    @property
    def student(self) -> str:
        """Label of the student inside the job."""
        return self.lent.spec.student

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.lent.spec.seed

    def report(
        self, epoch: int, dev: Mapping[str, float], *, seconds: float | None = None
    ) -> Standing:
        """Report an epoch, which renews the lease; the answer's `stop` says whether to stop.

        Args:
            epoch: 1 for the first; they come one by one.
            dev: Metrics on dev by name.
            seconds: How long it took; since the last report when left out.
        """
        now = time.monotonic()
        spent = now - self._reported if seconds is None else seconds
        body = {"epoch": epoch, "dev": _numbers(dev), "seconds": spent}
        said = self._say("report", body)
        self._reported = now
        return said

    def tell(
        self,
        dev: Mapping[str, float],
        test: Mapping[str, float],
        *,
        seconds: float | None = None,
    ) -> Standing:
        """Tell the scores of the student that is kept; the trial is over then.

        Args:
            dev: Metrics on dev by name.
            test: Metrics on test by name, which the search never sees.
            seconds: How long all of it took; since it was handed out when left out.
        """
        spent = time.monotonic() - self._began if seconds is None else seconds
        body = {"dev": _numbers(dev), "test": _numbers(test), "seconds": spent}
        return self._say("tell", body)

    def fail(self, reason: str, failure: FailureClass = FailureClass.USER_ERROR) -> Standing:
        """Tell that the trial has failed, and why; the trial is over then."""
        return self._say("tell", {"failure": failure, "reason": reason[:2000]})

    def _say(self, verb: str, body: Mapping[str, Any]) -> Standing:
        path = path_of("jobs", self.lent.job_id, "trials", str(self.number), verb)
        # httpx refuses to send what is no number; the service says better what is wrong with it.
        content = json.dumps({"attempt": self.lent.attempt, **body})
        headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        ask = self._connection._ask
        said = _patiently(lambda: ask("POST", path, content=content, headers=headers))
        return Standing.model_validate(said)


def borrow(
    connection: Connection, job: str, *, lease_s: float, key: str | None, wait: bool
) -> Borrowed | None:
    """Ask for a trial, until there is one or the job is over; see `Client.ask`."""
    headers = {"Idempotency-Key": key or secrets.token_hex(16)}
    path, body = path_of("jobs", job, "ask"), {"lease_s": lease_s}
    while True:
        found = Asked.model_validate(
            _patiently(lambda: connection._ask("POST", path, json=body, headers=headers))
        )
        if found.trial is not None:
            return Borrowed(connection, found.trial)
        if found.over or not wait:
            return None
        logging.getLogger(__name__).info("No trial now: %s", found.message)
        time.sleep(COME_AGAIN_S)


def _numbers(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in scores.items()}  # NumPy's as well


def _patiently(act: Callable[[], T]) -> T:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return act()
        except (httpx.TransportError, TooManyRequests, Unavailable):
            if time.monotonic() > deadline:
                raise
        time.sleep(RETRY_S)
