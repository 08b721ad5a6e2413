"""Fills an Optuna database with trials from JSON lines; runs where only Optuna is installed."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, distribution_to_json
from optuna.storages import RDBStorage
from sqlalchemy import create_engine, insert
from sqlalchemy.engine import Engine

STATES = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
BEGAN = datetime(2026, 1, 1)
BLOCK = 1000


def main(path: str, url: str) -> None:
    """Fill `url` with one study of all trials in `path`."""
    storage = RDBStorage(url)
    optuna.create_study(study_name="large", storage=storage, direction="maximize")
    with open(path) as lines:
        kinds: dict[str, set[Any]] = {}
        for line in lines:
            for name, value in json.loads(line)["params"].items():
                kinds.setdefault(name, set()).add(value)
    drawn = {name: _distribution(values) for name, values in kinds.items()}
    engine = create_engine(url)
    with open(path) as lines:
        while block := [json.loads(line) for line in islice(lines, BLOCK)]:
            _insert(engine, block, drawn)


def _distribution(values: set[Any]) -> CategoricalDistribution | FloatDistribution:
    if any(isinstance(v, str | bool) for v in values):
        return CategoricalDistribution(sorted(values, key=str))
    return FloatDistribution(float(min(values)), float(max(values)))


def _insert(engine: Engine, block: list[dict[str, Any]], drawn: dict[str, Any]) -> None:
    from optuna.storages._rdb import models  # noqa: PLC0415  # the only way to fill it in time

    trials, values, params, curves = [], [], [], []
    for one in block:
        number = one["number"]
        at = BEGAN + timedelta(seconds=30 * number)
        times = {"datetime_start": at, "datetime_complete": at + timedelta(seconds=25)}
        row = {"trial_id": number + 1, "number": number, "study_id": 1}
        trials.append(row | {"state": STATES[one["state"]]} | times)
        if one["value"] is not None and one["state"] == "complete":
            values.append(
                {
                    "trial_id": number + 1,
                    "objective": 0,
                    "value": one["value"],
                    "value_type": "FINITE",
                }
            )
        for name, value in one["params"].items():
            params.append(
                {
                    "trial_id": number + 1,
                    "param_name": name,
                    "param_value": drawn[name].to_internal_repr(value),
                    "distribution_json": distribution_to_json(drawn[name]),
                }
            )
        for step, value in one["curve"].items():
            curves.append(
                {
                    "trial_id": number + 1,
                    "step": int(step),
                    "intermediate_value": value,
                    "intermediate_value_type": "FINITE",
                }
            )
    with engine.begin() as connection:
        for model, rows in (
            (models.TrialModel, trials),
            (models.TrialValueModel, values),
            (models.TrialParamModel, params),
            (models.TrialIntermediateValueModel, curves),
        ):
            if rows:
                connection.execute(insert(model.__table__), rows)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
