from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from autodistill.activations import Activation
from autodistill.intermediate.relations import KINDS, Relations
from autodistill.task import TaskFacts
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.contracts.intermediate import NARROW, built, seen, value


@pytest.mark.parametrize(
    ("facts", "asked", "heads"), [(FACTS, 48, 16), (FACTS, 12, 8), (NARROW, 48, 4), (NARROW, 3, 2)]
)
def test_it_is_the_written_formula_example_by_example(
    facts: TaskFacts, asked: int, heads: int
) -> None:
    component = Relations(relation_heads=asked)
    states = seen(component, facts)
    found_B = value(built(component, facts), states)
    for example, found in enumerate(found_B):
        mask_T = states.mask_BT[example].numpy()
        expected = 0.0
        for kind in KINDS:
            maps = []
            for said, layer in ((states.teacher, 4), (states.student, 2)):
                whole = said.states[Activation(kind, layer)][example]
                parts = np.split(whole.double().numpy()[mask_T], heads, axis=1)
                maps.append([softmax(x @ x.T / np.sqrt(x.shape[1]), axis=1) for x in parts])
            apart = [entropy(p, q, axis=1).mean() for p, q in zip(*maps, strict=True)]
            expected += float(np.mean(apart))
        assert found.item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("depth", "layers", "taken"),
    [(0.875, 24, 21), (0.75, 24, 18), (1.0, 12, 12), (0.875, 12, 11), (0.75, 6, 5), (0.875, 1, 1)],
)
def test_the_layer_is_a_share_of_the_depth(depth: float, layers: int, taken: int) -> None:
    facts = FACTS.model_copy(update={"teacher_layers": layers})
    pairs = Relations(depth=depth).pairs(facts)
    assert {t.layer for t, _ in pairs} == {taken}
    assert {s.layer for _, s in pairs} == {2}


def test_unknown_heads_and_other_tokens_are_refused() -> None:
    assert "got teacher_heads=0" in str(
        Relations.unsuitable(FACTS.model_copy(update={"teacher_heads": 0}))
    )
    apart = FACTS.model_copy(update={"shared_tokenizer": False})
    assert "must share a tokenizer" in str(Relations.unsuitable(apart))
