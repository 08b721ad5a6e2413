"""Runs a job's trials in this process, one after the other: for tests and machines without Ray."""

from __future__ import annotations

import time

from autodistill.errors import LeaseLost
from autodistill.record import FailureClass
from workers.attempt import attempt
from workers.conductor import POLL_S, Conductor, Supply
from workers.report import Report


class Halt(Exception):  # a signal, not an error
    """Leaves an attempt whose trial is to stop."""


def run_inline(conductor: Conductor) -> None:
    """Run trials until there are none, or the job is halted."""

    def tell(report: Report) -> None:
        if conductor.hear(report) or conductor.halted():
            raise Halt

    while not conductor.halted():
        trial = conductor.next()
        if trial is Supply.WAIT:
            time.sleep(POLL_S)
            continue
        if isinstance(trial, Supply):
            return
        try:
            attempt(conductor.config(trial), tell)
        except Halt:
            continue
        except LeaseLost:
            raise
        except Exception as error:
            reason = f"{FailureClass.INFRASTRUCTURE}: {error}"
            conductor.failed(trial.number, FailureClass.INFRASTRUCTURE, reason)
