from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from autodistill.activations import Activation
from autodistill.intermediate.attention import AttentionTransfer
from autodistill.mappings.emd import EMD
from autodistill.mappings.last import Last
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.contracts.intermediate import NARROW, Seen, built, seen, value

FEWER = NARROW.model_copy(update={"student_heads": 3})
UNKNOWN = FACTS.model_copy(update={"student_heads": 0})


def head_scores(
    states: Seen, facts: TaskFacts, example: int, *, teacher: bool, layer: int
) -> list[np.ndarray]:
    """Return the scores of each head on an example's real tokens, head by head."""
    said = states.teacher if teacher else states.student
    heads = facts.teacher_heads if teacher else facts.student_heads
    mask_T = states.mask_BT[example].numpy()
    query_TD, key_TD = (
        said.states[Activation(kind, layer)][example].double().numpy()[mask_T]
        for kind in ("query", "key")
    )
    width = query_TD.shape[1] // heads
    cuts = [slice(h * width, (h + 1) * width) for h in range(heads)]
    return [query_TD[:, cut] @ key_TD[:, cut].T / np.sqrt(width) for cut in cuts]


@pytest.mark.parametrize("facts", [FACTS, FEWER], ids=["like", "fewer heads"])
@pytest.mark.parametrize("distance", ["kl", "mse"])
@pytest.mark.parametrize("heads", ["averaged", "matched"])
def test_it_is_the_written_formula_example_by_example(
    facts: TaskFacts, distance: str, heads: str
) -> None:
    if heads == "matched" and facts is FEWER:
        return
    component = AttentionTransfer.model_validate(
        {"distance": distance, "heads": heads, "mapping": {"kind": "last"}}
    )
    states = seen(component, facts)
    found_B = value(built(component, facts), states)
    for example, found in enumerate(found_B):
        expected = 0.0
        for t, s in ((3, 1), (4, 2)):
            theirs = head_scores(states, facts, example, teacher=True, layer=t)
            mine = head_scores(states, facts, example, teacher=False, layer=s)
            if distance == "kl":
                theirs, mine = ([softmax(x, axis=1) for x in maps] for maps in (theirs, mine))
            if heads == "averaged":
                theirs, mine = ([np.mean(maps, axis=0)] for maps in (theirs, mine))
            apart = [
                np.mean(entropy(p, q, axis=1) if distance == "kl" else (p - q) ** 2)
                for p, q in zip(theirs, mine, strict=True)
            ]
            expected += float(np.mean(apart))
        assert found.item() == pytest.approx(expected, rel=1e-4)


def test_layers_start_above_the_embeddings() -> None:
    assert AttentionTransfer().layers(FACTS) == ((2, 1), (4, 2))
    assert AttentionTransfer(mapping=Last()).layers(FACTS) == ((3, 1), (4, 2))
    assert len(AttentionTransfer(mapping=EMD()).layers(FACTS)) == 4 * 2
    shallow = FACTS.model_copy(update={"teacher_layers": 1, "student_layers": 2})
    assert AttentionTransfer().layers(shallow) == ((1, 2),)


def test_matching_heads_needs_equally_many() -> None:
    pipeline = PipelineSpec(intermediate=AttentionTransfer(heads="matched"))
    assert not pipeline.problems(FACTS)
    (problem,) = pipeline.problems(FEWER)
    assert problem.message == (
        "Matched heads need as many in the student as in the teacher; got 3 and 4, "
        'choose heads="averaged".'
    )


def test_unknown_heads_and_other_tokens_are_refused() -> None:
    assert AttentionTransfer.unsuitable(UNKNOWN) == (
        "attention needs queries and keys, head by head; got student_heads=0: the model's "
        "attention does not keep them apart, or was registered before that was looked at (then "
        "register it again). Use an objective on hidden states."
    )
    apart = FACTS.model_copy(update={"shared_tokenizer": False})
    assert AttentionTransfer.unsuitable(apart) == (
        "attention compares token by token, so teacher and student must share a tokenizer."
    )
