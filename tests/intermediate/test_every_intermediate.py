from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.component import variants
from autodistill.intermediate import Intermediate
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.intermediate import IntermediateContract

KINDS = variants(PipelineSpec.model_fields["intermediate"])


class TestEveryIntermediate(IntermediateContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Intermediate]:
        chosen: type[Intermediate] = request.param
        return chosen
