from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.augmentations import Augmentation
from autodistill.component import variants
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.augmentations import AugmentationContract

KINDS = variants(PipelineSpec.model_fields["augmentation"])


class TestEveryAugmentation(AugmentationContract):
    @pytest.fixture(params=KINDS.values(), ids=list(KINDS))
    @override
    def variant(self, request: pytest.FixtureRequest) -> type[Augmentation]:
        chosen: type[Augmentation] = request.param
        return chosen
