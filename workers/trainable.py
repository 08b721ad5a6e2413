"""What a Ray actor runs: one slot, many trials, one thread. Imported by name in Ray's processes."""

from __future__ import annotations

from typing import Any

import torch
from ray import tune

from workers.attempt import attempt
from workers.report import Report

torch.set_num_threads(1)


def train(config: dict[str, Any]) -> None:
    """Run one attempt and report its messages to Tune."""

    def tell(report: Report) -> None:
        tune.report(report.packed())

    attempt(config, tell)
