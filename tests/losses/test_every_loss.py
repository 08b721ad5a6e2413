from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.component import variants
from autodistill.losses import Loss
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.losses import LossContract

KINDS = variants(PipelineSpec.model_fields["loss"])


class TestEveryLoss(LossContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Loss]:
        chosen: type[Loss] = request.param
        return chosen
