"""From all that may be searched to what a user wants searched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Tag, ValidationError, create_model

from autodistill.component import (
    AnyRange,
    Choice,
    Component,
    IntUniform,
    Scalar,
    Space,
    Uniform,
    searchable,
    variants,
)
from autodistill.errors import Problem
from autodistill.task import TaskFacts


def _form(wish: Any) -> str:
    """Return which form a wish has, so that an error is about that form alone."""
    if isinstance(wish, list | tuple):
        return "values"
    return "value" if isinstance(wish, bool | int | float | str) else "range"


Wished = Annotated[
    Annotated[AnyRange, Tag("range")]
    | Annotated[list[Scalar], Tag("values")]
    | Annotated[Scalar, Tag("value")],
    Discriminator(_form),
]
"""A range, a list of values, or one fixed value."""


def whole(model: type[BaseModel], facts: Sequence[TaskFacts], max_epochs: int) -> Space:
    """Return all that is valid for the task and every student, within so many epochs."""

    def admits(variant: type[Component]) -> bool:
        return all(variant.unsuitable(f) is None for f in facts)

    space = {name: drawn for name, _, drawn in searchable(model, admits, facts=facts)}
    epochs = space["training.num_epochs"]
    if isinstance(epochs, IntUniform):
        space["training.num_epochs"] = IntUniform(min(epochs.low, max_epochs), max_epochs)
    return space


def overlong(space: Space, max_epochs: int) -> Iterator[Problem]:
    """Yield what is wrong with the number of epochs, if it may be more than so many."""
    epochs = space["training.num_epochs"]
    longest = max(epochs.options) if isinstance(epochs, Choice) else epochs.high
    if isinstance(longest, (int, float)) and longest > max_epochs:
        message = f"budget.max_epochs={max_epochs} allows no longer training; got {longest}."
        yield Problem(field="space.training.num_epochs", message=message)


def narrow(
    model: type[BaseModel], full: Space, asked: Mapping[str, Any]
) -> tuple[Space, list[Problem]]:
    """Return the space that was asked for, and what is wrong with the asking.

    Args:
        model: What is searched; its fields say which values are legal.
        full: Everything that may be searched, by flat name.
        asked: A range, a list of values or one fixed value for some of the names.
    """
    space, problems = dict(full), []
    for name, wish in asked.items():
        if name not in full:
            message = f'No searched name "{name}" for this job.'
            problems.append(
                Problem(field=f"space.{name}", message=message, known=tuple(sorted(full)))
            )
            continue
        narrowed, found = _narrow_one(model, name, full[name], wish)
        space[name] = narrowed
        problems += found
    return space, problems


def _narrow_one(
    model: type[BaseModel], name: str, full: AnyRange, wish: Any
) -> tuple[AnyRange, list[Problem]]:
    """Return the range that was wished for, with why it is refused, if it is."""
    field = f"space.{name}"
    if isinstance(wish, Uniform | IntUniform):
        if isinstance(full, Choice):
            message = f'"{name}" is a choice; give one or several of its values.'
            return full, [_listed(field, message, full)]
        if wish.low > wish.high or (wish.log and wish.low <= 0):
            law = "`low` must not exceed `high`, and must be above 0 on a log scale"
            return full, [Problem(field=field, message=f"{law}; got {wish.low}..{wish.high}.")]
        wished: AnyRange = (
            wish
            if isinstance(full, Uniform)
            else IntUniform(int(wish.low), int(wish.high), log=wish.log)
        )
        ends: tuple[Scalar, ...] = (wish.low, wish.high)
    else:
        options = wish.options if isinstance(wish, Choice) else wish
        ends = tuple(options) if isinstance(options, (list, tuple)) else (options,)
        if not ends:
            return full, [Problem(field=field, message="The list is empty; give a value.")]
        wished = Choice(tuple(dict.fromkeys(ends)))
    if isinstance(full, Choice) and (strangers := [e for e in ends if e not in full.options]):
        message = f"{', '.join(map(repr, strangers))} is not available for this job."
        return full, [_listed(field, message, full)]
    return wished, [Problem(field=field, message=m) for m in _unlawful(model, name, ends)]


def _listed(field: str, message: str, full: Choice) -> Problem:
    return Problem(field=field, message=message, known=tuple(map(str, full.options)))


def _unlawful(model: type[BaseModel], name: str, values: Sequence[Scalar]) -> Iterator[str]:
    """Say which values the field itself forbids."""
    info = next(info for n, info, _ in searchable(model, lambda _: True) if n == name)
    if variants(info):
        return  # membership of the offered kinds is the whole law
    fields: dict[str, Any] = {"value": (info.annotation, info)}
    law = create_model("Law", **fields)
    for value in values:
        try:
            law.model_validate({"value": value})
        except ValidationError as error:
            yield f"{value!r}: {error.errors()[0]['msg']}."
