"""What components say of themselves: the reference page and the dashboard's forms."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from autodistill.component import Component, searchable, variants
from autodistill.spec import PipelineSpec, TeacherSpec

SLOTS = {
    **{name: info for name, info, _ in searchable(PipelineSpec, lambda _: True) if variants(info)},
    "teacher": TeacherSpec.model_fields["preparation"],
}


def components() -> dict[str, dict[str, Any]]:
    """Return by slot and kind: title, explanation, tasks and JSON schema."""
    return {
        slot: {kind: _described(variant) for kind, variant in sorted(variants(info).items())}
        for slot, info in SLOTS.items()
    }


def _described(variant: type[Component]) -> dict[str, Any]:
    schema = variant.model_json_schema()
    return {
        "title": schema["title"],
        "doc": inspect.getdoc(variant) or "",
        "tasks": sorted(variant.tasks),
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
            yield from _table(described["schema"])


def _table(schema: dict[str, Any]) -> Iterator[str]:
    fields = {k: v for k, v in schema["properties"].items() if k != "kind"}
    if not fields:
        return
    yield "\n| field | default | legal | searched | |\n|---|---|---|---|---|"
    for name, field in fields.items():
        default = field.get("default", "")
        shown = default.get("kind", "") if isinstance(default, dict) else default
        text = field.get("description", "").replace("\n", " ")
        yield f"| `{name}` | {shown} | {_legal(field)} | {_searched(field)} | {text} |"


def _legal(field: dict[str, Any]) -> str:
    words = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    return ", ".join(f"{word} {field[key]}" for key, word in words.items() if key in field)


def _searched(field: dict[str, Any]) -> str:
    drawn = field.get("x-search")
    if drawn is None:
        return ""
    if drawn["type"] == "choice":
        return ", ".join(map(str, drawn["options"]))
    return f"{drawn['low']} to {drawn['high']}" + (", log" if drawn["log"] else "")
