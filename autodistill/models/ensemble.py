"""Several teachers as one: a folder of the first, with the names of the others beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from autodistill.lazy import torch
from autodistill.models.encoders import load
from autodistill.models.folders import MEMBERS
from autodistill.models.scale import Scale


class Ensemble(torch.nn.Module):
    """Looks like its first member, but says the average of all.

    Read as real vectors, a text is all members' embeddings side by side, so that what mixes or
    shifts vectors treats each member's own.
    """

    def __init__(self, members: Sequence[Any], average: str, *, classes: bool) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(members)
        self._average, self._classes = average, classes

    @property
    def first(self) -> Any:
        """The member that hidden states and features come from."""
        member: Any = self.members[0]
        return member

    @property
    def config(self) -> Any:
        """Of the first member."""
        return self.first.config

    @property
    def device(self) -> torch.device:
        """Where it is."""
        found: torch.device = self.first.device
        return found

    def get_input_embeddings(self) -> Any:
        """Return what makes the members' embeddings of token ids, side by side."""
        members: Iterable[Any] = self.members
        tables = [member.get_input_embeddings() for member in members]
        return lambda ids_BT: torch.cat([table(ids_BT) for table in tables], dim=-1)

    @override
    def forward(self, **inputs: Any) -> Any:
        """Return the first member's output with the average of all members' logits."""
        each = [dict(inputs) for _ in self.members]
        if "inputs_embeds" in inputs:
            parts = inputs["inputs_embeds"].chunk(len(each), dim=-1)
            for own, part in zip(each, parts, strict=True):
                own["inputs_embeds"] = part
        said = [member(**own) for member, own in zip(self.members, each, strict=True)]
        logits = torch.stack([out.logits.float() for out in said])
        said[0].logits = averaged(logits, self._average if self._classes else "value")
        return said[0]


def averaged(logits_K: torch.Tensor, average: str) -> torch.Tensor:
    """Return the average over the first axis: of probabilities, centred logits, or values."""
    if average == "probability":
        return logits_K.log_softmax(dim=-1).logsumexp(dim=0) - math.log(len(logits_K))
    if average == "logit":
        logits_K = logits_K - logits_K.mean(dim=-1, keepdim=True)
    return logits_K.mean(dim=0)


def write_ensemble(folder: Path, others: Sequence[Path], average: str) -> None:
    """Make the teacher in a folder the first of an ensemble; the others lie beside the folder."""
    names = [other.name for other in others]
    (folder / MEMBERS).write_text(json.dumps({"others": names, "average": average}))


def load_teacher(folder: Path, scale: Scale) -> Any:
    """Load a prepared teacher, or the ensemble that it is the first of, onto a training scale."""
    first = scale.unfold(load(folder))
    if not (folder / MEMBERS).exists():
        return first
    found = json.loads((folder / MEMBERS).read_text())
    others = [scale.unfold(load(folder.parent / name)) for name in found["others"]]
    classes = first.config.problem_type != "regression"
    return Ensemble([first, *others], found["average"], classes=classes)
