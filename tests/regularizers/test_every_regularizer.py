from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.component import variants
from autodistill.regularizers import Regularizer
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.regularizers import RegularizerContract

KINDS = variants(PipelineSpec.model_fields["regularizer"])


class TestEveryRegularizer(RegularizerContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Regularizer]:
        chosen: type[Regularizer] = request.param
        return chosen
