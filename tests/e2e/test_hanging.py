from __future__ import annotations

import os

import pytest

from tests.e2e.machine import PATIENCE_S, Machine

pytestmark = pytest.mark.e2e


def test_a_preparation_that_hangs_is_begun_again(machine: Machine) -> None:
    dispatcher = machine.start()
    machine.wait_for_epochs(1)
    dispatcher.terminate()
    assert dispatcher.wait(PATIENCE_S) == 0

    (costs,) = machine.root.glob("prepared/teacher-*/costs.json")
    known = costs.read_text()
    costs.unlink()
    os.mkfifo(costs)  # whoever opens it waits, as for a disk that is away
    dispatcher = machine.start(AUTODISTILL_STALL_S="5")
    machine.until(lambda: any("did nothing for 5 s" in x for x in machine.said()))
    dispatcher.terminate()  # with five seconds, trials on a busy machine would be too slow
    assert dispatcher.wait(PATIENCE_S) == 0

    costs.unlink()
    costs.write_text(known)
    dispatcher = machine.start()
    machine.wait_for_epochs(1)
    dispatcher.terminate()
    assert dispatcher.wait(PATIENCE_S) == 0
