"""A training loop that goes on by so many steps when it is told to, and says what they cost."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim.optimizer import register_optimizer_step_post_hook


class Gate:
    """Stops whatever loop runs in this process after each slice of optimiser steps.

    A line on standard input is the number of steps to go; the answer is one JSON line with what
    they took. The end of the input ends the process.
    """

    def __init__(self, steps: Sequence[NDArray[np.int64]] | None = None) -> None:
        """Take over.

        Args:
            steps: Which examples each step of an epoch is to have, so that losses compare, which
                are told then; None where only time is.
        """
        self.steps, self._losses = steps, list[float]()
        if steps is not None:
            self._listen()
        self._left = 0
        self._cpu = self._wall = 0.0
        self._asked = 0
        register_optimizer_step_post_hook(self.step)

    def open(self, **facts: Any) -> None:
        """Say that everything is set up, and wait for the first order."""
        self._say(setup_cpu_s=time.process_time(), **facts)
        self._wait()

    def step(self, *_: Any) -> None:
        """Count a step; optimisers call it by themselves."""
        self._left -= 1
        if not self._left:
            took = time.process_time() - self._cpu
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            wall = time.perf_counter() - self._wall
            said = {"losses": self._losses} if self._losses else {}
            self._say(steps=self._asked, cpu_s=took, wall_s=wall, peak_mib=peak, **said)
            self._losses.clear()
            self._wait()

    def _listen(self) -> None:
        """Note the loss of each step, whoever takes it."""
        backward: Any = torch.Tensor.backward

        def noted(loss: torch.Tensor, *arguments: Any, **settings: Any) -> None:
            self._losses.append(loss.item())
            backward(loss, *arguments, **settings)

        torch.Tensor.backward = noted  # type: ignore[assignment,method-assign]

    def _wait(self) -> None:
        order = sys.stdin.readline()
        if not order.strip():
            sys.exit(0)
        self._left = self._asked = int(order)
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def _say(self, **facts: Any) -> None:
        print("@" + json.dumps(facts), file=sys.__stdout__, flush=True)
