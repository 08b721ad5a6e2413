from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.component import variants
from autodistill.spec import PipelineSpec
from autodistill.targets import Targets
from autodistill.testing.contracts.targets import TargetsContract

KINDS = variants(PipelineSpec.model_fields["targets"])


class TestEveryTargets(TargetsContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Targets]:
        chosen: type[Targets] = request.param
        return chosen
