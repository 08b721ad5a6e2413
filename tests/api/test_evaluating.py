"""Evaluations of the recommender, which take seconds, beside everything else."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from anyio import create_task_group, fail_after, run, to_thread, wait_all_tasks_blocked

from api.evaluating import Evaluating
from autodistill.history import PastTask
from autodistill.spec import PipelineSpec
from autodistill.testing.records import dataset_of, facts_of, past_of, trial_of

EVERYONE = 60
"""More than the threads by which the API answers."""


def test_whoever_waits_for_an_evaluation_holds_no_thread_and_equal_pasts_are_evaluated_once(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    past: list[PastTask] = []
    monkeypatch.setattr("autodistill.store.history.History.tasks", lambda _: list(past))
    asked: list[int] = []
    others_were_answered = threading.Event()

    def slowly(history: Sequence[PastTask]) -> int:
        asked.append(len(history))
        assert others_were_answered.wait(30)
        return len(history)

    async def everyone() -> list[int]:
        evaluating, found = Evaluating(), list[int]()

        async def one() -> None:
            found.append(await evaluating.made(world.store, slowly))

        async with create_task_group() as group:
            for _ in range(EVERYONE):
                group.start_soon(one)
            await wait_all_tasks_blocked()
            with fail_after(20):
                await to_thread.run_sync(others_were_answered.set)
        facts = facts_of()
        trials = [trial_of(0, PipelineSpec(), dev={"accuracy": 0.5})]
        past.append(past_of(dataset_of("reviews", facts, {}), facts, trials))
        await one()
        return found

    assert run(everyone) == [0] * EVERYONE + [1]
    assert asked == [0, 1]
