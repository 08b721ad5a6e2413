from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.component import Component, variants
from autodistill.intermediate._base import MappedIntermediate
from autodistill.mappings import LayerMapping
from autodistill.testing.contracts.components import FACTS, ComponentContract

KINDS = variants(MappedIntermediate.model_fields["mapping"])


class TestEveryMapping(ComponentContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Component]:
        chosen: type[Component] = request.param
        return chosen

    @pytest.mark.parametrize("teacher_layers", [2, 3, 6, 12, 24])
    def test_each_layer_of_the_student_learns_once_and_in_order(
        self, variant: type[LayerMapping], teacher_layers: int
    ) -> None:
        for student_layers in range(1, teacher_layers + 1):
            layers = {"teacher_layers": teacher_layers, "student_layers": student_layers}
            mapping = variant.model_validate({})
            pairs = mapping.pairs(FACTS.model_copy(update=layers))
            teachers, students = [t for t, _ in pairs], [s for _, s in pairs]
            assert students == sorted(set(students))
            assert set(students) >= set(range(1, student_layers + 1))
            assert teachers == sorted(teachers)
            assert teachers[-1] == teacher_layers
            assert teachers[0] >= 0
