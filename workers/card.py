"""The model card of an exported student."""

from __future__ import annotations

import json
from collections.abc import Iterator

from autodistill.component import Component
from autodistill.record import Dataset, Graphs, Job, JobResult, Score
from autodistill.spec import PipelineSpec

NOISE = {
    True: "That is within the noise of seeds.",
    False: "That is more than the noise of seeds.",
    None: "One seed cannot tell whether that is noise.",
}


def card(job: Job, dataset: Dataset, teacher: str, result: JobResult) -> str:
    """Return the card: what the student is, how it was made, and what was measured."""
    student, test = result.student, f"test/{result.metric}"
    pipeline = json.dumps(result.best.pipeline.model_dump(mode="json"), indent=2)
    return f"""# Distilled student for {dataset.name}

A {result.best.student} student of the teacher {teacher}, distilled by AutoDistiller in job
`{job.id}`.

| test {result.metric} | mean | sd | seeds |
|---|---|---|---|
| distilled | {_row(result.best.test)} |
| plain fine-tuning of the same student | {_row(result.plain.test)} |
| teacher | {result.teacher[test]:.4f} | | 1 |

{verdict(result)}

The weights in this folder reach {student[test]:.6f} on test. They have
{student["num_parameters"] / 1e6:.2f} M parameters and take {student["latency_ms"]:.1f} ms for
one example on one CPU thread. Inputs were cut to {job.spec.max_length} tokens.

{_graphs(result.graphs, result.metric)}## Pipeline

{chr(10).join(in_words(result.best.pipeline))}

```json
{pipeline}
```

## Data

{dataset.name}, {dataset.num_examples["train"]} training examples, SHA-256 `{dataset.sha256}`,
licence: {dataset.licence or "not stated"}.
"""


def _graphs(graphs: Graphs | None, metric: str) -> str:
    """Return what there is to say of ONNX graphs, which lie in an archive of their own."""
    if graphs is None:
        return ""
    rows = [
        f"| {name} | {of[f'dev/{metric}']:.4f} | {of[f'test/{metric}']:.4f} "
        f"| {of['latency_ms']:.1f} | {of['mib']:.1f} |"
        for name, of in (("model.onnx", graphs.float32), ("model_int8.onnx", graphs.int8))
    ]
    return f"""## ONNX

The graphs take any batch size, and texts of any length; {graphs.difference:.1g} is the largest
difference of `model.onnx` from torch on dev.

| graph | dev {metric} | test {metric} | ms for one example on one thread | MiB |
|---|---|---|---|---|
{chr(10).join(rows)}

"""


def verdict(result: JobResult) -> str:
    """Say plainly whether distillation helped."""
    if result.gain > 0:
        said = f"Distillation gained {result.gain:.4f} over plain fine-tuning."
    elif result.gain < 0:
        said = f"Distillation did not help: plain fine-tuning is better by {-result.gain:.4f}."
    else:
        said = "Distillation made no difference to plain fine-tuning."
    return f"{said} {NOISE[result.within_noise]}"


def in_words(pipeline: PipelineSpec) -> Iterator[str]:
    """Yield a line for each choice of a pipeline: its name, what it does, its settings."""
    for slot, component in pipeline.components():
        kind = type(component)
        settings = ", ".join(
            f"{name.replace('_', ' ')} {_shown(value)}"
            for name, value in component
            if name != "kind" and not isinstance(value, Component)
        )
        does = (kind.__doc__ or "").strip().splitlines()[0]
        title = kind.model_config.get("title", kind.__name__)
        yield f"- **{slot}**: {title}. {does}" + (f" Here: {settings}." if settings else "")


def _shown(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _row(score: Score) -> str:
    sd = "" if score.sd is None else f"{score.sd:.4f}"
    return f"{score.mean:.4f} | {sd} | {score.seeds}"
