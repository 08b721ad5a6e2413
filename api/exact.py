"""JSON means what it says: no text becomes a number, no number a truth value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidatorFunctionWrapHandler, WrapValidator

from autodistill.errors import InvalidInput, Problem

KINDS = {bool: "true or false", int: "a number", float: "a number", str: "a text"}


def _exactly(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validate a body, and refuse what was bent until it fitted.

    Raises:
        InvalidInput: With a problem for each value of another kind than the field's.
    """
    found = handler(value)
    if isinstance(found, BaseModel) and (
        problems := list(_bent(value, found.model_dump(mode="json")))
    ):
        raise InvalidInput(problems)
    return found


Exact = WrapValidator(_exactly)
"""Mark of a body."""


def _bent(given: Any, taken: Any, place: str = "") -> Iterator[Problem]:
    if isinstance(given, Mapping) and isinstance(taken, Mapping):
        for key in given.keys() & taken.keys():
            yield from _bent(given[key], taken[key], f"{place}.{key}")
    elif isinstance(given, list) and isinstance(taken, list):
        for i, (one, other) in enumerate(zip(given, taken, strict=False)):
            yield from _bent(one, other, f"{place}.{i}")
    else:
        was, needed = KINDS.get(type(given)), KINDS.get(type(taken))
        if was and needed and was != needed:
            message = f"{needed.capitalize()} is needed, got {was}: {given!r:.60}."
            yield Problem(field=place.lstrip("."), message=message)
