"""Record a table of our own distillation trials: handwritten digits, vision transformers.

python -m benchmarks.search.record OUT.npz [--configs 100]

Five data sets (all ten digits, and four sets of some of them) with the same teacher's architecture,
each with a student of one layer and one of two: ten tasks. The same random pipelines of the whole
space that an image may have are trained on each, for eight epochs on 300 images. About two seconds
a trial; what is there when it is stopped is kept, and it goes on from there.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas
import torch

from autodistill.component import Choice, Space, flatten
from autodistill.data.ingest import DatasetRequest, ingest
from autodistill.effort import Search
from autodistill.errors import Diverged
from autodistill.facts import task_facts
from autodistill.models.sources import Fresh, locate
from autodistill.optimisation import Training
from autodistill.prepare import prepare
from autodistill.record import Dataset, PreparedTask
from autodistill.search import Searcher
from autodistill.spec import CutStudent, JobRequest, JobSpec, TeacherSpec, TrialSpec
from autodistill.teachers.fine_tuned import FineTuned
from autodistill.testing.tiny import tiny_model
from autodistill.trial import TrialRun
from examples.datasets import write

DIGITS = {
    "all": range(10),
    "even": range(0, 10, 2),
    "odd": range(1, 10, 2),
    "low": range(5),
    "high": range(5, 10),
}
EPOCHS = 8
SPACE = {
    "training.num_epochs": EPOCHS,
    "training.learning_rate": {"type": "uniform", "low": 1e-4, "high": 1e-2, "log": True},
}
STUDENTS = (CutStudent(num_layers=1), CutStudent(num_layers=2))


def prepared(folder: Path) -> Iterator[tuple[str, JobSpec, PreparedTask]]:
    """Yield each data set's job and prepared task."""
    rows = pandas.read_parquet(write("digits", folder))
    vit = Fresh(
        image_size=8, patch_size=2, num_channels=1, num_layers=4, hidden_size=48, num_heads=4
    )
    teacher = tiny_model(locate(vit, roots=[folder], hub=False))
    training = Training(learning_rate=2e-3, num_epochs=20, batch_size=32)
    for name, digits in DIGITS.items():
        place = folder / name
        place.mkdir()
        kept = place / "chosen.parquet"
        rows[rows["label"].astype(int).isin(digits)].to_parquet(kept)
        asked = DatasetRequest(name=name, image_column="image", split_column="split")
        found = ingest(kept, asked, place)
        known = {k: v for k, v in vars(found).items() if k != "path"}
        dataset = Dataset(
            id=f"ds_{name}", name=name, licence="", created_at=datetime.now(UTC), **known
        )
        request = JobRequest(
            dataset=dataset.id,
            teacher=TeacherSpec(model=teacher.id, preparation=FineTuned(training=training)),
            students=STUDENTS,
            space=SPACE,
            search=Search(sampler="random"),
            max_train_examples=300,
        )
        job = request.resolve([task_facts(dataset, teacher, s, None) for s in STUDENTS])
        yield (
            name,
            job,
            prepare(
                job,
                dataset,
                teacher,
                {s.label: None for s in STUDENTS},
                None,
                dataset_path=found.path,
                root=place,
                progress=lambda *_: None,
            ),
        )


def encode(space: Space, spec: TrialSpec) -> list[float]:
    """Return a pipeline as a row of `configs`."""
    flat, row = flatten(spec.pipeline), []
    for name, drawn in space.items():
        value = flat.get(name)
        if value is None:
            row.append(np.nan)
        elif isinstance(drawn, Choice):
            row.append(float(drawn.options.index(value)))
        else:
            row.append(float(value))
    return row


def main(target: Path, num_configs: int) -> None:
    """Train what is not there yet, configuration by configuration."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        tasks = list(prepared(folder))
        job, first = tasks[0][1], tasks[0][2]
        wide = job.model_copy(update={"budget": job.budget.model_copy(update={"num_trials": 9999})})
        searcher = Searcher(wide, first.facts)
        names = [f"{name}, {s.label}" for name, _, _ in tasks for s in STUDENTS]
        scores = np.full((len(names), num_configs, EPOCHS), np.nan)
        seconds = np.zeros((len(names), num_configs))
        configs: list[list[float]] = []
        done = 0
        if target.exists():
            with np.load(target) as file:
                done = file["scores"].shape[1]
                scores[:, :done], seconds[:, :done] = file["scores"], file["seconds"]
        for number in range(num_configs):
            proposal = searcher.suggest(number + len(STUDENTS), [])
            assert proposal is not None
            configs.append(encode(job.space, proposal.spec))
            if number < done:
                continue
            for t, (student, task) in enumerate(
                (s.label, task) for _, _, task in tasks for s in STUDENTS
            ):
                spec = proposal.spec.model_copy(update={"student": student})
                where = folder / f"trial-{number}-{t}"
                try:
                    for epoch, m in enumerate(TrialRun(task, spec, where)):
                        scores[t, number, epoch] = m.values["dev/accuracy"]
                        seconds[t, number] += m.values["seconds"]
                except Diverged:
                    pass
            print(number, proposal.spec.pipeline.loss.kind, np.round(scores[:, number, -1], 3))
            np.savez(
                target,
                scores=scores[:, : number + 1],
                seconds=seconds[:, : number + 1],
                configs=np.array(configs),
                names=list(job.space),
                tasks=names,
                space=json.dumps({name: asdict(drawn) for name, drawn in job.space.items()}),
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--configs", type=int, default=100)
    asked = parser.parse_args()
    main(asked.target, asked.configs)
