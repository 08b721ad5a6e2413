from __future__ import annotations

import io
import zipfile
from typing import Any

from autodistill.record import Contender, JobResult, Score
from autodistill.spec import PipelineSpec
from autodistill.store import ArtifactFolder


def _succeed(world: Any, artifact: str) -> str:
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
    assert f"{name}-student.zip" in answer.headers["content-disposition"]
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["config.json"]


def test_a_student_that_is_not_there_yet_is_a_conflict(world: Any) -> None:
    answer = world.get(f"/v1/jobs/{world.submit()}/student")
    assert answer.status_code == 409
    assert "is queued" in answer.json()["detail"]


def test_an_archive_that_was_deleted_is_not_found(world: Any) -> None:
    answer = world.get(f"/v1/jobs/{_succeed(world, 'f' * 64)}/student")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
