from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autodistill.component import flatten, flatten_json
from autodistill.errors import InvalidInput
from autodistill.explain import Frame, block
from autodistill.spec import PipelineSpec


def test_json_is_flattened_as_its_value_is(pipelines: Any) -> None:
    for pipeline in pipelines(50):
        raw = pipeline.model_dump(mode="json")
        assert flatten_json(PipelineSpec, raw) == flatten(pipeline)


def test_json_of_another_version_is_flattened_as_far_as_it_is_known() -> None:
    raw = PipelineSpec().model_dump(mode="json")
    del raw["targets"]
    raw["loss"] = {"kind": "forgotten", "sharpness": 2.0}
    flat = flatten_json(PipelineSpec, raw)
    assert flat["loss"] == "forgotten"
    assert not [name for name in flat if name.startswith(("targets", "loss."))]


def test_a_frame_grows_and_has_holes_where_a_trial_has_no_value(
    pipelines: Any, plain_row: Any
) -> None:
    frame = Frame()
    for number, pipeline in enumerate(pipelines(30)):
        frame = frame.with_blocks(block([plain_row(number, pipeline, number / 30)]))
    assert len(frame) == 30
    assert frame.column("dev/accuracy").tolist() == [n / 30 for n in range(30)]
    for number, pipeline in enumerate(pipelines(30)):
        flat = flatten(pipeline)
        for name in frame.names:
            if "." in name or name in PipelineSpec.model_fields:
                value = frame.column(name)[number]
                missing = value is None or (isinstance(value, float) and math.isnan(value))
                assert missing if name not in flat else value == flat[name]


def test_an_unknown_column_is_refused_with_those_that_are_known(framed: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        framed([0.5]).column("los")
    (problem,) = caught.value.problems
    assert problem.message == 'Trials of this job have no "los".'
    assert "loss" in problem.known


def test_numbers_of_what_is_no_number_are_missing(framed: Any) -> None:
    frame = framed([0.5, None])
    assert np.isnan(frame.numbers("state")).all()
    assert np.isnan(frame.numbers("nothing")).all()
    assert frame.numbers("dev/accuracy")[0] == 0.5
    assert math.isnan(frame.numbers("dev/accuracy")[1])
    assert len(Frame()) == 0
    assert Frame().column("score").tolist() == []
