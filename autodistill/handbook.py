"""What components say of themselves: the reference page and the dashboard's forms."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from autodistill.component import Component, searchable, variants
from autodistill.metrics import CATALOGUE, METRICS, PROBED
from autodistill.spec import PipelineSpec, TeacherSpec, plain_fine_tuning

PLAIN = plain_fine_tuning(PipelineSpec().training)
SLOTS = {
    **{name: info for name, info, _ in searchable(PipelineSpec, lambda _: True) if variants(info)},
    "training": PipelineSpec.model_fields["training"],
    "teacher": TeacherSpec.model_fields["preparation"],
}


def components() -> dict[str, dict[str, Any]]:
    """Return by slot and kind: title, explanation, tasks, JSON schema, and whether it `rests`.

    What rests is what plain fine-tuning does there: nothing in particular.
    """
    return {
        slot: {kind: _described(slot, v) for kind, v in sorted(_kinds(info).items())}
        for slot, info in SLOTS.items()
    }


def _kinds(info: FieldInfo) -> dict[str, type[Component]]:
    """Return a slot's kinds; a slot without a choice has one."""
    only: Any = info.annotation
    return variants(info) or {only.model_fields["kind"].default: only}


def _described(slot: str, variant: type[Component]) -> dict[str, Any]:
    schema = variant.model_json_schema()
    resting = getattr(PLAIN, slot, SLOTS[slot].default)
    return {
        "title": schema["title"],
        "doc": inspect.getdoc(variant) or "",
        "tasks": sorted(variant.tasks),
        "cost": variant.cost,
        "rests": isinstance(resting, variant),
        "schema": schema,
    }


def components_markdown() -> str:
    """Return the reference page of every component."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Components"
    yield ""
    yield "Every choice of a pipeline, generated from the code by `make docs`."
    for slot, kinds in components().items():
        yield f"\n## {slot}\n\n{SLOTS[slot].description}"
        for kind, described in kinds.items():
            yield f"\n### {described['title']} (`{kind}`)\n\n{described['doc']}\n"
            yield f"Tasks: {', '.join(described['tasks'])}."
            yield f"Cost: {described['cost']}."
            for refusal in _refusals(_kinds(SLOTS[slot])[kind]):
                yield f"Refused: {refusal}"
            yield from _table(described["schema"])


def metrics_markdown() -> str:
    """Return the reference page of what is measured."""
    return "\n".join(_metrics_page()) + "\n"


def _metrics_page() -> Iterator[str]:
    yield "# Metrics"
    yield ""
    yield "What trials are measured by, generated from the code by `make docs`. Each can be an"
    yield "objective, except those on request; the first of a task is its headline."
    for task, names in (METRICS | {"On request": tuple(PROBED)}).items():
        yield f"\n## {task}\n\n| metric | | better | |\n|---|---|---|---|"
        for name in names:
            metric = CATALOGUE[name]
            better = "lower" if metric.lower_is_better else "higher"
            where = f" More than {metric.above_classes} classes." if metric.above_classes else ""
            yield f"| `{name}` | {metric.label} | {better} | {metric.meaning}{where} |"


def _refusals(variant: type[Component]) -> Iterator[str]:
    """Yield what a variant's own rules refuse, besides tasks, from their docstrings."""
    for rule in (variant.unsuitable, variant.conflicts):
        said = inspect.getdoc(rule) or ""
        if said.startswith("Refuse "):
            yield said.removeprefix("Refuse ")


def _table(schema: dict[str, Any]) -> Iterator[str]:
    fields = {k: v for k, v in schema["properties"].items() if k != "kind"}
    if not fields:
        return
    yield "\n| field | default | legal | searched | |\n|---|---|---|---|---|"
    for name, field in fields.items():
        default = field.get("default", "")
        shown = default["kind"] if isinstance(default, dict) else default
        text = field.get("description", "").replace("\n", " ")
        yield f"| `{name}` | {shown} | {_legal(field)} | {_searched(field)} | {text} |"


def _legal(field: dict[str, Any]) -> str:
    words = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    return ", ".join(f"{word} {field[key]}" for key, word in words.items() if key in field)


def _searched(field: dict[str, Any]) -> str:
    if "discriminator" in field:
        return ", ".join(sorted(field["discriminator"]["mapping"]))
    drawn = field.get("x-search")
    if drawn is None:
        return ""
    if drawn["type"] == "choice":
        return ", ".join(map(str, drawn["options"]))
    return f"{drawn['low']} to {drawn['high']}" + (", log" if drawn["log"] else "")
