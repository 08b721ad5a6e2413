"""Which pipelines the openings of a job propose; each is found once and kept by content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autodistill.component import AnyRange, Choice, Space
from autodistill.errors import Diverged
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.models.folders import folder, key
from autodistill.models.outputs import outputs
from autodistill.openings.head import tune
from autodistill.openings.mixture import compete
from autodistill.prepare._contest import Ground, StudentContest
from autodistill.projection import default_training
from autodistill.record import PreparedTask
from autodistill.searching import Opening
from autodistill.spec import Advised, JobSpec, PipelineSpec

VERSION = 1
"""Grows when the same job comes to be opened otherwise."""
KEPT = "opening.json"
Progress = Callable[[str, dict[str, Any]], None]
Told = Callable[..., None]
Finder = Callable[[Ground, Space, int, Told], Advised | None]


def openings(
    spec: JobSpec, task: PreparedTask, base: Path, progress: Progress
) -> tuple[Advised, ...]:
    """Return what the job's openings propose, in their order; one that finds nothing is left out.

    Args:
        spec: The admitted job.
        task: Prepared for it.
        base: Where what was found is kept, by what it depends on.
        progress: Told what is being looked for.
    """
    ground = Ground(task, spec.students[0].label)
    shown = (task.outputs, task.students[ground.student], task.student_tokens[ground.student])
    searched = {k: v for k, v in spec.space.items() if k.partition(".")[0] in ("loss", "training")}
    parts = ([path.name for path in shown], spec.seed, repr(sorted(searched.items())))
    found: list[Advised] = []
    for name in spec.search.openings:

        def make(to: Path, name: Opening = name) -> None:
            def told(**more: int) -> None:
                progress("opening", {"opening": name, **more})

            told()
            advised = FINDERS[name](ground, spec.space, spec.seed, told)
            (to / KEPT).write_text("" if advised is None else advised.model_dump_json())

        kept = folder(base / key("opening", VERSION, name, *parts), make) / KEPT
        if said := kept.read_text():
            found.append(Advised.model_validate_json(said))
    return tuple(found)


def maid(ground: Ground, space: Space, seed: int, told: Told) -> Advised:  # noqa: ARG001
    """Propose softened KL with the settings that suit a linear head on the frozen student."""
    said = outputs(ground.initial(), ground.tokens, ground.available)
    mine_V, theirs_V = (x.rows(ground.available) for x in (ground.tokens, ground.teacher_tokens))
    first = SoftenedKL()
    found = tune(
        said.features_VE[mine_V],
        ground.tokens.labels(ground.split)[mine_V].astype(np.int64),
        ground.teacher.logits_VC[theirs_V],
        first=(first.weight, first.temperature),
        weights=_ends(space.get("loss.weight"), first.weight),
        temperatures=_ends(space.get("loss.temperature"), first.temperature),
        seed=seed,
    )
    loss = SoftenedKL(weight=found.weight, temperature=found.temperature)
    reason = (
        f"MAID: weight {loss.weight:.2f} and temperature {loss.temperature:.1f} gave the lowest "
        f"held-out loss of a linear head, {found.loss:.3f}"
    )
    return Advised(pipeline=PipelineSpec(loss=loss), reason=reason)


def mixture(ground: Ground, space: Space, seed: int, told: Told) -> Advised | None:
    """Propose the loss that is left where all of the space trained one student; None on failure."""
    kinds = space["loss"]
    assert isinstance(kinds, Choice)
    facts = ground.task.facts[ground.student]
    pipelines = [PipelineSpec.model_validate({"loss": {"kind": kind}}) for kind in kinds.options]
    losses = [p.loss for p in pipelines if p.loss.kd_weight > 0 and not p.problems(facts)]
    if len(losses) < 2:
        return None
    contest = StudentContest(
        ground, losses, default_training(space), seed, lambda done, of: told(epoch=done, of=of)
    )
    try:
        left = compete(contest, len(losses), num_steps=contest.num_steps, seed=seed)
    except Diverged:
        return None
    loss = losses[left.number]
    reason = (
        f"Mixture: of {len(losses)} losses that trained one student, {loss.kind} was left with "
        f"{left.share:.0%} of the weight"
    )
    return Advised(pipeline=PipelineSpec(loss=loss), reason=reason)


def _ends(drawn: AnyRange | None, default: float) -> tuple[float, float]:
    """Return the least and the most of a range; of what is not searched, the default."""
    if drawn is None:
        return default, default
    if isinstance(drawn, Choice):
        values = [float(x) for x in drawn.options]
        return min(values), max(values)
    return float(drawn.low), float(drawn.high)


FINDERS: dict[Opening, Finder] = {"maid": maid, "mixture": mixture}
