from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

HUBER = '''
"""Huber loss on logits."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Gt
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.lazy import torch
from autodistill.losses._base import WeightedLoss


class Huber(WeightedLoss, title="Huber"):
    """Squared error near agreement, absolute error far from it (Huber, 1964)."""

    kind: Literal["huber"] = "huber"
    delta: Annotated[float, Gt(0), Uniform(0.1, 10.0, log=True)] = 1.0
    """Where the one becomes the other."""

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        loss = torch.nn.functional.huber_loss
        return loss(student_BC, teacher_BC, reduction="none", delta=self.delta).mean(dim=1)
'''

ORACLE = """
import pytest
import torch

from autodistill.losses.huber import Huber
from autodistill.testing.contracts.losses import LossContract


class TestHuber(LossContract):
    @pytest.fixture
    def variant(self):
        return Huber


def test_far_from_agreement_it_grows_by_delta():
    far, near = (Huber(delta=2.0)(torch.tensor([[x]]), torch.zeros(1, 1), None) for x in (9.0, 8.0))
    assert far - near == 2.0
"""

LOOK = """
import json
import autodistill
from autodistill.component import Choice, sample, searchable
from autodistill.handbook import components, components_markdown
from autodistill.spec import CutStudent, JobRequest, PipelineSpec, TeacherSpec
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.draws import RandomTrial

request = JobRequest(
    dataset="d",
    teacher=TeacherSpec(model="t"),
    students=(CutStudent(num_layers=2),),
    space={"loss": "huber"},
)
space = request.resolve([FACTS]).space
found = {name: drawn for name, _, drawn in searchable(PipelineSpec, lambda _: True)}
print(json.dumps({
    "package": autodistill.__file__,
    "schema": PipelineSpec.model_json_schema(),
    "kinds": found["loss"].options,
    "names": sorted(found),
    "drawn": sample(PipelineSpec, space, RandomTrial(0)).loss.kind,
    "form": components()["loss"].get("huber"),
    "docs": components_markdown(),
}))
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it is, with one more file."""
    folder = tmp_path_factory.mktemp("installation")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "autodistill", folder / "autodistill", ignore=ignored)
    (folder / "autodistill" / "losses" / "huber.py").write_text(HUBER)
    (folder / "test_huber.py").write_text(ORACLE)
    return folder


def run(installation: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=installation,
        env={**os.environ, "PYTHONPATH": str(installation)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def seen(installation: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(installation, "-c", LOOK))
    assert found["package"].startswith(str(installation))
    return found


def test_a_new_loss_is_in_the_schema(seen: dict[str, Any]) -> None:
    loss = seen["schema"]["properties"]["loss"]
    assert loss["discriminator"]["mapping"]["huber"] == "#/$defs/Huber"
    assert seen["schema"]["$defs"]["Huber"]["properties"]["delta"]["exclusiveMinimum"] == 0


def test_a_new_loss_is_searched(seen: dict[str, Any]) -> None:
    assert "huber" in seen["kinds"]
    assert "loss.huber.delta" in seen["names"]
    assert seen["drawn"] == "huber"


def test_a_new_loss_is_in_the_data_of_the_dashboards_forms(seen: dict[str, Any]) -> None:
    assert seen["form"]["title"] == "Huber"
    assert seen["form"]["schema"]["properties"]["delta"]["x-search"]["high"] == 10.0


def test_a_new_loss_is_in_the_reference(seen: dict[str, Any]) -> None:
    assert "### Huber (`huber`)" in seen["docs"]
    assert (
        "| `delta` | 1.0 | > 0 | 0.1 to 10.0, log | Where the one becomes the other. |"
        in (seen["docs"])
    )


def test_a_new_loss_is_checked_by_its_familys_suite(installation: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "--rootdir", str(installation))
    said = run(installation, "-m", "pytest", *options, "test_huber.py")
    assert "passed" in said
