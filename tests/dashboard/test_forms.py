from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, Field

from api.dashboard.forms import Field as Control
from api.dashboard.forms import fields, label


class Plain(BaseModel):
    kind: Literal["plain"] = "plain"


class Rich(BaseModel):
    """It has settings."""

    kind: Literal["rich"] = "rich"
    share: float = 0.5


class Other(BaseModel):
    kind: Literal["other"] = "other"
    share: float = 0.1


class Inner(BaseModel):
    num_trials: Annotated[int, Ge(1), Le(9)] = 3


class Order(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    """What it is called."""
    way: Literal["short", "long"] = "short"
    limit: Annotated[float, Ge(0)] | None = None
    """At most so much; None is no limit."""
    fast: bool = True
    inner: Inner = Inner(num_trials=5)
    choice: Annotated[Plain | Rich | Other, Field(discriminator="kind")] = Rich()
    many: list[int] = []


def drawn() -> dict[str, Control]:
    return {field.name: field for field in fields(Order.model_json_schema())}


def test_every_scalar_has_a_control_and_lists_have_none() -> None:
    expected = ["name", "way", "limit", "fast", "inner.num_trials", "choice.kind"]
    assert list(drawn()) == [*expected, "choice.share"]


def test_types_limits_and_defaults_come_from_the_schema() -> None:
    named = drawn()
    assert (named["name"].required, named["name"].help) == (True, "What it is called.")
    assert [option.value for option in named["way"].options] == ["short", "long"]
    assert (named["limit"].type, named["limit"].low, named["limit"].default) == ("number", 0, None)
    assert (named["fast"].input, named["fast"].default) == ("checkbox", True)
    assert (named["inner.num_trials"].low, named["inner.num_trials"].high) == (1, 9)
    assert named["inner.num_trials"].default == 5
    assert named["limit"].help == "At most so much; empty is no limit."


def test_the_fields_of_a_variant_take_part_only_when_it_is_chosen() -> None:
    named = drawn()
    assert named["choice.kind"].default == "rich"
    assert {o.value: o.help for o in named["choice.kind"].options}["rich"] == "It has settings."
    shares = [f for f in fields(Order.model_json_schema()) if f.name == "choice.share"]
    assert {f.only_for for f in shares} == {("choice.kind", "rich"), ("choice.kind", "other")}


def test_no_two_controls_have_one_id() -> None:
    ids = [field.id for field in fields(Order.model_json_schema())]
    assert len(ids) == len(set(ids))


def test_labels_are_words_with_units() -> None:
    assert label("num_trials") == "Number of trials"
    assert label("timeout_s") == "Timeout (s)"
    assert label("name") == "Name"
