from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.balancings import Balancing
from autodistill.component import variants
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.balancings import BalancingContract

KINDS = variants(PipelineSpec.model_fields["balancing"])


class TestEveryBalancing(BalancingContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Balancing]:
        chosen: type[Balancing] = request.param
        return chosen
