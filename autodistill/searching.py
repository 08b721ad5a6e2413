"""How long a job searches, and who proposes its pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Len

from autodistill.component import Choice, Space
from autodistill.errors import Problem
from autodistill.identity import Spec
from autodistill.task import Task

Opening = Literal["maid", "mixture"]


class Budget(Spec):
    """When a search ends: at the first limit that is reached."""

    num_trials: Annotated[int, Ge(1), Le(100_000)] = 20
    """Trials, plain fine-tuning and early-stopped ones included."""
    timeout_s: Annotated[float, Gt(0)] | None = None
    """Seconds of search after which no new trial starts; None is no limit."""
    patience: Annotated[int, Ge(1)] | None = None
    """Trials in a row without a better one after which no new trial starts; None is no limit."""
    max_epochs: Annotated[int, Ge(1), Le(1000)] = 8
    """Longest training of one trial."""


class Search(Spec):
    """How pipelines are proposed."""

    sampler: Literal["transfer", "tpe", "random", "gp", "cmaes", "nsgaii", "nsgaiii"] = "transfer"
    """Who proposes: `transfer` starts from similar past tasks and learns how this one differs (the
    tree-structured Parzen estimator where there is none), the others are Optuna's."""
    early_stopping: bool = True
    """Stop a trial that is behind at a tenth or a third of its epochs (successive halving)."""
    recommended: Annotated[int, Ge(0), Le(20)] = 5
    """Trials that start from the recommender's list before the sampler proposes."""
    openings: Annotated[tuple[Opening, ...], Len(0, 2)] = ()
    """Searches of another kind, each of which finds one pipeline to try after yours: `maid` tunes
    the KD weight and the temperature of a linear head on the frozen student, in seconds, or a
    minute where there are many classes; `mixture` lets the output losses train one student together
    until one is left, in the time of about two trials. Found while the job is prepared, for its
    first student."""

    def problems(
        self, space: Space, task: Task, num_objectives: int, *, here: bool
    ) -> Iterator[Problem]:
        """Yield what cannot be in such a job.

        Args:
            space: As it is searched.
            task: What is predicted.
            num_objectives: That are optimised.
            here: Whether this service trains it.
        """
        if num_objectives > 1 and self.sampler == "cmaes":
            message = "CMA-ES knows one objective only; choose another sampler."
            yield Problem(field="search.sampler", message=message)
        said = list(_out_of_place(self.openings, space, task)) if here else _ELSEWHERE
        if self.openings:
            yield from (Problem(field="search.openings", message=message) for message in said)


_ELSEWHERE = [
    "Openings are found while the service prepares a job, and this one runs elsewhere; leave them "
    "out, or let it run here."
]


def _out_of_place(openings: tuple[Opening, ...], space: Space, task: Task) -> Iterator[str]:
    """Yield what is wrong with the openings of a job that runs here."""
    if len(set(openings)) < len(openings):
        yield "Each opening may appear once."
    losses = space["loss"]
    kinds = [str(k) for k in losses.options if k != "none"] if isinstance(losses, Choice) else []
    if "maid" in openings and not task.is_classification:
        yield f'"maid" tunes a softmax\'s temperature; {task} has no classes. Leave it out.'
    elif "maid" in openings and "softened_kl" not in kinds:
        yield '"maid" finds settings of softened_kl, which the space leaves out; let it in.'
    if "mixture" in openings and len(kinds) < 2:
        number = f"one: {kinds[0]}" if kinds else "none"
        yield (
            f'"mixture" chooses among output losses, and there is {number}; let more in under '
            '"loss", or leave it out.'
        )
