"""A learnt policy of token edits."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.augmentations._base import Augmenting, UnlabelledAugmentation
from autodistill.augmentations._policy import EDITS, Editing, Policy
from autodistill.component import Choice, Uniform
from autodistill.pool import Pool
from autodistill.task import WHOLE_TEXTS, Task


class PolicyAug(UnlabelledAugmentation, title="Policy of token edits"):
    """Learns by policy gradient which token edits student and teacher disagree on.

    Each text of a batch comes a second time with one kind of edit, drawn from a softmax over
    deleting, swapping with the right neighbour and hiding from attention, each at a share of 0.1 or
    0.3 of its words (at least one). REINFORCE (Williams, 1992): every `update_every` steps the
    preferences go up the mean of `(reward - baseline) * grad log p`, with the reward `D(T(x'),
    S(x')) - teacher_weight * D(T(x), T(x'))`, made comparable by running means of its mean, the
    baseline, and of its spread, and up the entropy. D is the KL divergence, or the squared error.

    The idea of a light policy that is trained with REINFORCE is from the abstract of the paper on
    noise masks; edits, reward and schedule are ours. Edits need no gradient of the inputs, never
    touch the tokens that begin, part and end texts, and have no labels.
    """

    cost: ClassVar[str] = (
        "a pass of the teacher and a second one of the student at every step, no gradient for the "
        "policy; no cache applies to edited inputs"
    )
    tasks: ClassVar[frozenset[Task]] = WHOLE_TEXTS
    kind: Literal["policy_aug"] = "policy_aug"
    teacher_weight: Annotated[float, Ge(0), Uniform(0.1, 10, log=True)] = 1.0
    """How strongly edits must leave the teacher's outputs as they are."""
    update_every: Annotated[int, Ge(1), Le(1000), Choice((4, 16))] = 4
    """Steps whose rewards are gathered for an update; fewer than 64 texts make it noisy."""
    policy_rate: Annotated[float, Gt(0), Le(1), Uniform(0.02, 0.5, log=True)] = 0.1
    """Step size of the preferences."""
    entropy_weight: Annotated[float, Ge(0)] = 0.01
    """What the entropy of the policy counts; it keeps all edits alive."""

    @override
    def build(self, pool: Pool) -> Augmenting:
        return Editing(
            Policy(len(EDITS), self.policy_rate, self.entropy_weight),
            weight=self.weight,
            teacher_weight=self.teacher_weight,
            update_every=self.update_every,
            classes=pool.num_classes > 0,
        )
