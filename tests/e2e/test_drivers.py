from __future__ import annotations

import pytest

from autodistill.record import JobState, TrialState, Wish
from tests.e2e.machine import PATIENCE_S, Machine

pytestmark = pytest.mark.e2e


def test_a_job_is_paused_drained_and_cancelled(machine: Machine) -> None:
    dispatcher = machine.start()
    machine.wait_for_epochs(3)

    machine.wish(Wish.PAUSE)
    machine.wait_for(JobState.PAUSED)
    machine.until(lambda: not machine.processes("workers.driver"))
    machine.wish(Wish.RUN)
    machine.wait_for_epochs(2)

    dispatcher.terminate()
    assert dispatcher.wait(PATIENCE_S) == 0
    assert machine.job.state is JobState.QUEUED
    assert machine.job.owner is None
    dispatcher = machine.start()
    machine.wait_for_epochs(2)

    machine.wish(Wish.CANCEL)
    machine.wait_for(JobState.CANCELLED)
    with machine.store.read() as tx:
        states = {t.state for t in tx.trials.all("job_1")}
    assert states <= {TrialState.COMPLETE, TrialState.CANCELLED}
    machine.until(lambda: not (machine.root / "trials" / "job_1").exists())

    dispatcher.terminate()
    assert dispatcher.wait(PATIENCE_S) == 0
    measured = machine.measured()
    assert len(measured) == len(set(measured))
    machine.until(lambda: not machine.processes())
