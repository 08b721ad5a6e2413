"""Soft labels smoothed over a graph of neighbours."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.component import Choice, Uniform
from autodistill.pool import Pool
from autodistill.targets._base import Blended, TargetMaker, Targets
from autodistill.task import CLASSIFICATION, ONE_ROW, Task, TaskFacts

MOST_EXAMPLES = 50_000


class Laplacian(Targets, title="Graph-smoothed labels"):
    """Blends the label with the teacher's probabilities, smoothed over nearest neighbours.

    `Y <- softmax(log p + smoothing * K Y)` until it rests, from `Y = p`: the bound updates of
    LaplacianShot (Ziko et al., 2020). Ours: p are a teacher's probabilities, K is the symmetric
    graph of nearest neighbours by the cosine of the teacher's features, and every row is labelled,
    so that `share` says how far labels hold: `(1 - share) * label + share * Y`.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION & ONE_ROW
    cost: ClassVar[str] = "neighbours of every training example among all others, once for a trial"
    kind: Literal["laplacian"] = "laplacian"
    smoothing: Annotated[float, Ge(0), Le(100), Uniform(0.05, 2.0, log=True)] = 0.3
    """Weight of each neighbour; 0 leaves the teacher's probabilities as they are."""
    neighbours: Annotated[int, Ge(1), Le(100), Choice((3, 5, 10))] = 5
    """Nearest neighbours of each example."""
    share: Annotated[float, Gt(0), Le(1), Uniform(0.1, 0.9)] = 0.5
    """Share of the teacher's side in the target; the label has the rest."""

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse more than 50,000 training examples."""
        if facts.num_train > MOST_EXAMPLES:
            law = f"laplacian compares all pairs of at most {MOST_EXAMPLES} training examples"
            return f"{law}; got {facts.num_train}."
        return super().unsuitable(facts)

    @override
    def build(self, pool: Pool) -> TargetMaker:
        from autodistill.targets._graph import affinity, smoothed  # noqa: PLC0415  # heavy

        graph_VV = affinity(pool.features_VE, self.neighbours)
        return Blended(pool, smoothed(pool.logits_VC, graph_VV, self.smoothing), self.share)
