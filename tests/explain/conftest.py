from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from autodistill.component import Choice, IntUniform, Uniform, sample, searchable
from autodistill.explain import Frame, block
from autodistill.record import Origin, TrialState
from autodistill.spec import PipelineSpec


class Fixed:
    """Draws like Optuna's trials, from a generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        if log:
            return float(np.exp(self._rng.uniform(np.log(low), np.log(high))))
        return float(self._rng.uniform(low, high))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        return int(self._rng.integers(low, high + 1))

    def suggest_categorical(self, name: str, choices: tuple[Any, ...]) -> Any:
        return choices[int(self._rng.integers(len(choices)))]


SPACE: dict[str, Uniform | IntUniform | Choice] = {
    name: drawn for name, _, drawn in searchable(PipelineSpec, lambda _: True)
}


def row(number: int, pipeline: PipelineSpec, score: float | None, **changes: Any) -> dict[str, Any]:
    """Return a plain trial."""
    return {
        "number": number,
        "finish_order": number + 1,
        "origin": Origin.SAMPLER.value,
        "state": TrialState.COMPLETE.value,
        "distils": pipeline.distils,
        "score": score,
        "seconds": 10.0,
        "num_attempts": 1,
        "epochs_done": 6,
        "created_at": 1000.0 + number,
        "finished_at": 1010.0 + number,
        "pipeline": pipeline.model_dump(mode="json"),
        "student": "cut-2",
        "dev": {} if score is None else {"accuracy": score},
        "test": {},
        **changes,
    }


@pytest.fixture
def pipelines() -> Callable[[int], list[PipelineSpec]]:
    """Draw pipelines of the whole space."""

    def draw(count: int, seed: int = 0) -> list[PipelineSpec]:
        trial = Fixed(np.random.default_rng(seed))
        return [sample(PipelineSpec, SPACE, trial) for _ in range(count)]

    return draw


@pytest.fixture
def space() -> dict[str, Any]:
    return dict(SPACE)


@pytest.fixture
def plain_row() -> Callable[..., dict[str, Any]]:
    return row


@pytest.fixture
def framed() -> Callable[..., Frame]:
    """Make a frame of scores, all of one pipeline unless others are given."""

    def make(
        scores: Sequence[float | None],
        pipelines: Sequence[PipelineSpec] | None = None,
        **changes: Any,
    ) -> Frame:
        drawn = pipelines or [PipelineSpec()] * len(scores)
        rows = [row(i, p, s, **changes) for i, (p, s) in enumerate(zip(drawn, scores, strict=True))]
        return Frame([block(rows)])

    return make
