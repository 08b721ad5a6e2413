from __future__ import annotations

import numpy as np
import pytest

from autodistill.component import AnyRange, Choice, IntUniform, Scalar, Uniform, conditions, sample
from autodistill.search.encoding import Encoding
from autodistill.search.projection import built, inside
from autodistill.spec import PipelineSpec
from tests.search.test_searcher import job

Setting = dict[str, Scalar]
SPACE: dict[str, AnyRange] = {
    "loss": Choice(("kl", "mse", "none")),
    "loss.kl.temperature": Uniform(1, 16, log=True),
    "epochs": IntUniform(2, 10),
    "batch": Choice((32, 8, 16)),
    "rate": Uniform(1e-5, 1e-3, log=True),
}
WHEN = {"loss.kl.temperature": {("loss", "kl")}}


def test_a_setting_comes_back_as_it_went_in() -> None:
    known: dict[str, Scalar] = {
        "loss": "kl",
        "loss.kl.temperature": 4.0,
        "epochs": 7,
        "batch": 8,
        "rate": 1e-4,
    }
    encoding = Encoding(SPACE, WHEN)
    row = encoding.encode(known)
    assert row == pytest.approx([0, 0.5, 5 / 8, 0, 0.5])
    assert encoding.decode(row) == pytest.approx(known)
    without = {name: value for name, value in known.items() if "temperature" not in name}
    assert encoding.decode(encoding.encode({**without, "loss": "mse"})) == pytest.approx(
        {**without, "loss": "mse"}
    )


def test_draws_and_neighbours_are_active_just_where_their_conditions_hold() -> None:
    encoding, rng = Encoding(SPACE, WHEN), np.random.default_rng(0)
    rows = encoding.draw(rng, 500)
    for found in (rows, encoding.near(rows, rng, width=0.1)):
        for row in found:
            setting = encoding.decode(row)
            assert ("loss.kl.temperature" in setting) == (setting["loss"] == "kl")
            assert setting["batch"] in (8, 16, 32)
            assert setting["epochs"] in range(2, 11)
            assert 1e-5 <= float(setting["rate"]) <= 1e-3
    assert np.nanmean(rows[:, 4]) == pytest.approx(0.5, abs=0.05)
    assert {encoding.decode(r)["epochs"] for r in rows} == set(range(2, 11))


def test_two_options_are_as_far_apart_as_two_ends() -> None:
    encoding = Encoding(SPACE, WHEN)
    base: Setting = {"loss": "none", "epochs": 2, "batch": 8, "rate": 1e-5}
    rows: list[dict[str, Scalar]] = [
        base,
        {**base, "loss": "mse"},
        {**base, "rate": 1e-3},
        {**base, "batch": 32},
    ]
    at = encoding.features(np.stack([encoding.encode(row) for row in rows]))
    assert np.square(at - at[0]).sum(axis=1) == pytest.approx([0, 1, 1, 1])
    assert len(encoding.groups) == at.shape[1]


def test_every_draw_of_the_real_space_is_a_whole_pipeline() -> None:
    space = job().space
    encoding = Encoding(space, conditions(PipelineSpec))
    for row in encoding.draw(np.random.default_rng(1), 200):
        setting = encoding.decode(row)
        pipeline = built(setting, space)
        assert inside(pipeline, space) == setting


def test_conditions_say_what_a_random_draw_shows() -> None:
    space, when = job().space, conditions(PipelineSpec)
    rng = np.random.default_rng(0)

    class Recorder:
        def __init__(self) -> None:
            self.seen: dict[str, object] = {}

        def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
            self.seen[name] = low
            return low

        def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
            self.seen[name] = low
            return low

        def suggest_categorical(self, name: str, choices: tuple[object, ...]) -> object:
            self.seen[name] = choices[int(rng.integers(len(choices)))]
            return self.seen[name]

    for _ in range(100):
        recorder = Recorder()
        sample(PipelineSpec, space, recorder)
        for name in space:
            reasons = when.get(name)
            active = reasons is None or any(recorder.seen.get(p) == k for p, k in reasons)
            assert active == (name in recorder.seen)
