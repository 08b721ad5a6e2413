from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.component import Component, variants
from autodistill.optimisation import Training
from autodistill.spec import TeacherSpec
from autodistill.testing.contracts.components import ComponentContract

KINDS = variants(TeacherSpec.model_fields["preparation"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_teacher_is_fine_tuned_only_where_its_preparation_says_so(kind: str) -> None:
    spec = TeacherSpec.model_validate({"model": "bert", "preparation": {"kind": kind}})
    assert (spec.preparation.fine_tuning is None) == (kind == "as_is")


class TestEveryTeacher(ComponentContract):
    @pytest.fixture(params=[*KINDS.values(), Training], ids=[*KINDS, "training"])
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Component]:
        chosen: type[Component] = request.param
        return chosen

    @override
    def test_its_kind_is_its_file_name(self, variant: type[Component]) -> None:
        if variant is not Training:  # the one member of its slot, and shared with students
            super().test_its_kind_is_its_file_name(variant)
