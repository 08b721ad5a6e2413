"""Form fields drawn from a JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
INPUTS = {"integer": "number", "number": "number", "boolean": "checkbox", "string": "text"}


@dataclass(frozen=True)
class Option:
    """One value of a select."""

    value: str
    label: str
    help: str = ""


@dataclass(frozen=True)
class Field:
    """One control of a form; `name` is the dotted path of its value in the request."""

    name: str
    label: str
    help: str
    type: str
    """`integer`, `number`, `boolean`, `string` or `choice`."""
    input: str
    """`type` attribute of the control."""
    required: bool
    default: Any = None
    low: float | None = None
    high: float | None = None
    options: tuple[Option, ...] = ()
    only_for: tuple[str, str] | None = None
    """(name, value) of the choice that must be made for this field to take part."""

    @property
    def id(self) -> str:
        """What no other control has: variants of one choice may share names of fields."""
        return f"f-{self.name}" + (f"-{self.only_for[1]}" if self.only_for else "")


def fields(schema: Schema) -> list[Field]:
    """Return a control for each scalar in `schema`; lists and maps are left to the page."""
    return list(_inside(schema, schema, "", None))


def label(name: str) -> str:
    """Return a field's name as people read it: `num_trials` is "Number of trials"."""
    words = name.split("_")
    if words[0] == "num":
        words[:1] = ["number", "of"]
    if words[-1] in ("s", "ms"):
        words[-1] = f"({words[-1]})"
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _inside(
    node: Schema,
    root: Schema,
    prefix: str,
    only_for: tuple[str, str] | None,
    given: Mapping[str, Any] | None = None,
) -> Iterator[Field]:
    """Yield the fields of an object; `given` is its default, which wins over those of its parts."""
    for name, raw in node.get("properties", {}).items():
        schema = _resolved(raw, root)
        path, default = f"{prefix}{name}", (given or {}).get(name, raw.get("default"))
        if "discriminator" in schema:
            yield from _union(path, schema, root, only_for, default or {})
        elif "properties" in schema:
            yield from _inside(schema, root, f"{path}.", only_for, default)
        elif "const" not in schema and (drawn := _scalar(path, schema, only_for)):
            yield Field(required=name in node.get("required", ()), default=default, **drawn)


def _union(
    path: str,
    schema: Schema,
    root: Schema,
    only_for: tuple[str, str] | None,
    given: Mapping[str, Any],
) -> Iterator[Field]:
    """Yield the choice of a variant, then the fields of each variant."""
    kinds = {k: _resolved({"$ref": r}, root) for k, r in schema["discriminator"]["mapping"].items()}
    name = f"{path}.{schema['discriminator']['propertyName']}"
    default = given.get("kind")
    yield Field(
        name=name,
        label=label(path.rsplit(".", maxsplit=1)[-1]),
        help=schema.get("description", ""),
        type="choice",
        input="select",
        required=True,
        default=default or next(iter(kinds)),
        options=tuple(
            Option(kind, variant.get("title", kind), variant.get("description", ""))
            for kind, variant in kinds.items()
        ),
        only_for=only_for,
    )
    for kind, variant in kinds.items():
        mine = given if kind == default else None
        yield from _inside(variant, root, f"{path}.", (name, kind), mine)


def _scalar(path: str, schema: Schema, only_for: tuple[str, str] | None) -> dict[str, Any] | None:
    kind = "choice" if "enum" in schema else schema.get("type")
    if kind != "choice" and kind not in INPUTS:
        return None
    return {
        "name": path,
        "label": label(path.rsplit(".", maxsplit=1)[-1]),
        "help": schema.get("description", "").replace("None is", "empty is"),
        "type": kind,
        "input": "select" if kind == "choice" else INPUTS[str(kind)],
        "low": schema.get("minimum", schema.get("exclusiveMinimum")),
        "high": schema.get("maximum", schema.get("exclusiveMaximum")),
        "options": tuple(Option(v, label(v)) for v in schema.get("enum", ())),
        "only_for": only_for,
    }


def _resolved(schema: Schema, root: Schema) -> dict[str, Any]:
    """Follow references and take the other half of `X or null`; outer keys win."""
    merged = dict(schema)
    if "$ref" in merged:
        target = root["$defs"][merged.pop("$ref").rpartition("/")[2]]
        merged = _resolved(target, root) | merged
    if others := [s for s in merged.get("anyOf", ()) if s.get("type") != "null"]:
        del merged["anyOf"]
        merged = _resolved(others[0], root) | merged
    return merged
