from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.component import variants
from autodistill.finishings import Finishing
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.finishings import FinishingContract

KINDS = variants(PipelineSpec.model_fields["finishing"])


class TestEveryFinishing(FinishingContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Finishing]:
        chosen: type[Finishing] = request.param
        return chosen
