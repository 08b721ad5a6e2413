from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.component import variants
from autodistill.selections import Selection
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.selections import SelectionContract

KINDS = variants(PipelineSpec.model_fields["selection"])


class TestEverySelection(SelectionContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Selection]:
        chosen: type[Selection] = request.param
        return chosen
