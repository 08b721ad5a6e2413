from __future__ import annotations

import pytest
import torch
from typing_extensions import override

from autodistill.component import Component, variants
from autodistill.intermediate._base import MappedIntermediate
from autodistill.mappings import LayerMapping, LayerPair
from autodistill.testing.contracts.components import FACTS, ComponentContract

KINDS = variants(MappedIntermediate.model_fields["mapping"])


class TestEveryMapping(ComponentContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Component]:
        chosen: type[Component] = request.param
        return chosen

    @pytest.mark.parametrize("teacher_layers", [2, 3, 6, 12, 24])
    def test_each_layer_of_the_student_learns(
        self, variant: type[LayerMapping], teacher_layers: int
    ) -> None:
        for student_layers in range(1, teacher_layers + 1):
            pairs = pairs_of(variant, teacher_layers, student_layers)
            assert len(set(pairs)) == len(pairs)
            assert {s for _, s in pairs} >= set(range(1, student_layers + 1))
            assert {t for t, _ in pairs} <= set(range(teacher_layers + 1))
            assert (teacher_layers, student_layers) in pairs

    def test_a_pair_counts_the_more_the_less_it_costs(self, variant: type[LayerMapping]) -> None:
        pairs = pairs_of(variant, 6, 3)
        for cheap in range(len(pairs)):
            costs_P = torch.ones(len(pairs))
            costs_P[cheap] = 0.5
            flow_P = variant.model_validate({}).flow(pairs, costs_P)
            assert flow_P.shape == (len(pairs),)
            assert (flow_P >= 0).all()
            assert flow_P[cheap] > 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "emd"])
@pytest.mark.parametrize("teacher_layers", [2, 3, 6, 12, 24])
def test_one_to_one_each_layer_learns_once_and_in_order(kind: str, teacher_layers: int) -> None:
    for student_layers in range(1, teacher_layers + 1):
        pairs = pairs_of(KINDS[kind], teacher_layers, student_layers)
        teachers, students = [t for t, _ in pairs], [s for _, s in pairs]
        assert students == sorted(set(students))
        assert teachers == sorted(teachers)


def pairs_of(
    variant: type[Component], teacher_layers: int, student_layers: int
) -> tuple[LayerPair, ...]:
    mapping = variant.model_validate({})
    assert isinstance(mapping, LayerMapping)
    layers = {"teacher_layers": teacher_layers, "student_layers": student_layers}
    return mapping.pairs(FACTS.model_copy(update=layers))
