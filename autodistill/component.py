"""The heart: a component is a frozen value, its folder the registry, its fields the search space.

A field is *legal* where its own constraints allow it (`Gt(0)`) and *searched* where it carries a
range (`Uniform(1, 16, log=True)`). A field that a variant inherits is shared by all variants that
inherit it, so that a search learns one KD weight and not one for each loss.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema
from typing_extensions import override

from autodistill.task import EVERY_TASK, Task, TaskFacts

M = TypeVar("M", bound=BaseModel)
Scalar = bool | int | float | str


class Component(BaseModel):
    """Base of every pipeline choice. `kind` names the variant; fields are its hyperparameters."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False
    )

    tasks: ClassVar[frozenset[Task]] = EVERY_TASK
    """The tasks this variant serves."""
    cost: ClassVar[str] = "next to nothing"
    """What it costs beyond distillation from cached outputs, for people."""

    @classmethod
    @override
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return pydantic's schema with each field's range under `x-search`."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for field, info in cls.model_fields.items():
            if (drawn := _range(info)) is not None:
                properties[field]["x-search"] = asdict(drawn)
        return schema

    @classmethod
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Say why no setting of this variant can ever serve such a job, or None when one can."""
        if facts.task not in cls.tasks:
            served = ", ".join(sorted(cls.tasks))
            return f"{cls.model_fields['kind'].default} serves {served}, not {facts.task}."
        return None

    @classmethod
    def offered(cls, field: str, drawn: AnyRange, facts: TaskFacts) -> AnyRange:  # noqa: ARG003
        """Return what of a field's searched range can serve such a job."""
        return drawn

    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Say each reason why this setting is refused beside the rest of its `PipelineSpec`."""
        yield from ()


class Trial(Protocol):
    """What drawing needs: Optuna's trials have it, and so has a recorder of known values."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float: ...
    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int: ...
    def suggest_categorical(self, name: str, choices: tuple[Scalar, ...]) -> Any: ...


@dataclass(frozen=True)
class Uniform:
    """Real numbers between two bounds, uniformly or uniformly in the logarithm."""

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)
    low: float
    high: float
    log: bool = False
    type: Literal["uniform"] = "uniform"

    def suggest(self, trial: Trial, name: str) -> float:
        """Draw a value."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    def nearest(self, value: Any) -> float:
        """Return the value of this range that lies closest."""
        return min(max(float(value), self.low), self.high)


@dataclass(frozen=True)
class IntUniform:
    """Whole numbers between two bounds, both included."""

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)
    low: int
    high: int
    log: bool = False
    type: Literal["int_uniform"] = "int_uniform"

    def suggest(self, trial: Trial, name: str) -> int:
        """Draw a value."""
        return trial.suggest_int(name, self.low, self.high, log=self.log)

    def nearest(self, value: Any) -> int:
        """Return the value of this range that lies closest."""
        return min(max(int(value), self.low), self.high)


@dataclass(frozen=True)
class Choice:
    """One of several values; of a single one when the user fixed it."""

    __pydantic_config__ = ConfigDict(extra="forbid", allow_inf_nan=False)
    options: tuple[Scalar, ...]
    type: Literal["choice"] = "choice"

    def suggest(self, trial: Trial, name: str) -> Any:
        """Draw a value."""
        return trial.suggest_categorical(name, self.options)


AnyRange = Annotated[Uniform | IntUniform | Choice, Discriminator("type")]
Space = dict[str, AnyRange]
"""What a job searches, by flat name (`loss`, `loss.temperature`, `intermediate.mi_alpha.alpha`)."""


def union_of(package: str, base: type[Component]) -> Any:
    """Return the closed union of `base`'s variants: one per public module of `package`."""
    found: list[Any] = []
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{package}.{info.name}")
            found += [
                c
                for c in vars(module).values()
                if isinstance(c, type) and issubclass(c, base) and c.__module__ == module.__name__
            ]
    return Annotated[reduce(or_, found), Discriminator("kind")]


def variants(field: FieldInfo) -> dict[str, type[Component]]:
    """Return {kind: class} of a union field, and {} of any other."""
    members = get_args(field.annotation)
    if not members or not all(isinstance(m, type) and issubclass(m, Component) for m in members):
        return {}
    return {m.model_fields["kind"].default: m for m in members}


def _names(model: type[BaseModel], slot: str, kind: str) -> Iterator[tuple[str, str, FieldInfo]]:
    """Yield (field, flat name, info): inherited fields are shared, own ones carry the kind."""
    for field, info in model.model_fields.items():
        if field == "kind":
            continue
        own = kind and field in model.__annotations__
        yield field, ".".join(p for p in (slot, kind if own else "", field) if p), info


def _range(info: FieldInfo) -> AnyRange | None:
    return next((m for m in info.metadata if isinstance(m, (Uniform, IntUniform, Choice))), None)


def searchable(
    model: type[BaseModel],
    admits: Callable[[type[Component]], bool],
    slot: str = "",
    kind: str = "",
    facts: Sequence[TaskFacts] = (),
) -> Iterator[tuple[str, FieldInfo, AnyRange]]:
    """Yield (flat name, field, range) of all that a search of `model` may draw.

    Only variants that are admitted are looked into; the range of a union lists their kinds, and
    that of a field what it offers for all the facts.
    """
    for field, name, info in _names(model, slot, kind):
        if options := variants(info):
            admitted = {k: v for k, v in sorted(options.items()) if admits(v)}
            yield name, info, Choice(tuple(admitted))
            for option, variant in admitted.items():
                yield from searchable(variant, admits, name, option, facts)
        elif nested := _nested(info):
            yield from searchable(nested, admits, name, facts=facts)
        elif (drawn := _range(info)) is not None:
            if issubclass(model, Component):
                for of_student in facts:
                    drawn = model.offered(field, drawn, of_student)
            yield name, info, drawn


def conditions(
    model: type[BaseModel], when: tuple[str, str] | None = None, slot: str = "", kind: str = ""
) -> dict[str, set[tuple[str, str]]]:
    """Return, for each flat name that is not always drawn, the (name, kind)s that it is drawn for.

    One of them is enough; whether that name is drawn itself has conditions of its own.
    """
    found: dict[str, set[tuple[str, str]]] = {}
    for _, name, info in _names(model, slot, kind):
        inner: list[dict[str, set[tuple[str, str]]]] = []
        if when is not None:
            inner.append({name: {when}})
        if options := variants(info):
            inner += [conditions(v, (name, k), name, k) for k, v in options.items()]
        elif nested := _nested(info):
            inner.append(conditions(nested, when, name))
        for one in inner:
            for below, reasons in one.items():
                found.setdefault(below, set()).update(reasons)
    return found


def _nested(info: FieldInfo) -> type[BaseModel] | None:
    inner = info.annotation
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def sample(
    model: type[M], space: Mapping[str, AnyRange], trial: Trial, slot: str = "", kind: str = ""
) -> M:
    """Draw a `model`: unions choose a variant, ranged fields a value, names not in `space` rest."""
    drawn: dict[str, Any] = {}
    for field, name, info in _names(model, slot, kind):
        if options := variants(info):
            if name in space:
                choice = str(space[name].suggest(trial, name))
                drawn[field] = sample(options[choice], space, trial, name, choice)
        elif nested := _nested(info):
            drawn[field] = sample(nested, space, trial, name)
        elif name in space:
            drawn[field] = space[name].suggest(trial, name)
    return model.model_validate(drawn)


@lru_cache(maxsize=512)
def _plan(
    model: type[BaseModel], slot: str, kind: str
) -> tuple[tuple[str, str, dict[str, type[Component]], type[BaseModel] | None, bool], ...]:
    return tuple(
        (field, name, variants(info), _nested(info), _range(info) is not None)
        for field, name, info in _names(model, slot, kind)
    )


def flatten(value: BaseModel, slot: str = "", kind: str = "") -> dict[str, Scalar]:
    """Return the flat names and values of everything searchable in `value`: `sample` backwards."""
    flat: dict[str, Scalar] = {}
    for field, name, options, nested, ranged in _plan(type(value), slot, kind):
        inner = getattr(value, field)
        if options:
            flat[name] = inner.kind
            flat |= flatten(inner, name, inner.kind)
        elif nested:
            flat |= flatten(inner, name)
        elif ranged:
            flat[name] = inner
    return flat


def flatten_json(
    model: type[BaseModel], value: Mapping[str, Any], slot: str = "", kind: str = ""
) -> dict[str, Scalar]:
    """Return what `flatten` says of the value whose JSON this is, without validating it.

    Fields and kinds that the JSON does not have, or that are no longer known, are left out.
    """
    flat: dict[str, Scalar] = {}
    for field, name, options, nested, ranged in _plan(model, slot, kind):
        if (inner := value.get(field)) is None:
            continue
        if options:
            flat[name] = inner["kind"]
            if inner["kind"] in options:
                flat |= flatten_json(options[inner["kind"]], inner, name, inner["kind"])
        elif nested:
            flat |= flatten_json(nested, inner, name)
        elif ranged:
            flat[name] = inner
    return flat
