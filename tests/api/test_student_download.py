from __future__ import annotations

import io
import zipfile
from typing import Any

from autodistill.record import Contender, Graphs, JobResult, Score
from autodistill.spec import PipelineSpec
from autodistill.store import ArtifactFolder


def _succeed(world: Any, artifact: str, **held: Any) -> str:
    name = str(world.submit())
    job = world.claim()
    score = Score(mean=0.9, sd=None, seeds=1)
    side = Contender(trial=1, student="cut-2", pipeline=PipelineSpec(), dev=score, test=score)
    result = JobResult(
        metric="accuracy",
        teacher={},
        plain=side,
        best=side,
        gain=0.0,
        within_noise=None,
        student={},
        artifact=artifact,
        **held,
    )
    with world.store.write() as tx:
        tx.driving(job.id, job.owner_epoch).succeed(result)
    return name


def test_the_best_student_is_a_zip(world: Any) -> None:
    path = world.root / "student.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    name = _succeed(world, ArtifactFolder(world.root / "artifacts").put(path))
    answer = world.get(f"/v1/jobs/{name}/student")
    assert answer.headers["content-type"] == "application/zip"
    assert f"{name}-student-safetensors.zip" in answer.headers["content-disposition"]
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["config.json"]


def test_the_graphs_of_the_student_are_a_zip_of_their_own(world: Any) -> None:
    path = world.root / "graphs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.onnx", "")
    sha256 = ArtifactFolder(world.root / "artifacts").put(path)
    kept = Graphs(artifact=sha256, float32={}, int8={}, difference=0.0)
    name = _succeed(world, "f" * 64, graphs=kept)
    answer = world.get(f"/v1/jobs/{name}/student?format=onnx")
    assert f"{name}-student-onnx.zip" in answer.headers["content-disposition"]
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["model.onnx"]


def test_without_graphs_it_is_said_why(world: Any) -> None:
    name = _succeed(world, "f" * 64, no_graphs="No module named onnxscript")
    answer = world.get(f"/v1/jobs/{name}/student?format=onnx")
    assert answer.status_code == 409
    assert "no ONNX graphs of its student: No module named onnxscript." in answer.json()["detail"]
    other = world.get(f"/v1/jobs/{_succeed(world, 'f' * 64)}/student?format=onnx")
    assert "AUTODISTILL_ONNX" in other.json()["detail"]
    assert world.get(f"/v1/jobs/{name}/student?format=pickle").status_code == 422


def test_a_student_that_is_not_there_yet_is_a_conflict(world: Any) -> None:
    answer = world.get(f"/v1/jobs/{world.submit()}/student")
    assert answer.status_code == 409
    assert "is queued" in answer.json()["detail"]


def test_an_archive_that_was_deleted_is_not_found(world: Any) -> None:
    answer = world.get(f"/v1/jobs/{_succeed(world, 'f' * 64)}/student")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
