from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import pytest
from annotated_types import Ge, Gt
from pydantic import BaseModel, Discriminator, TypeAdapter, ValidationError
from typing_extensions import override

from autodistill.component import (
    AnyRange,
    Choice,
    Component,
    IntUniform,
    Space,
    Uniform,
    flatten,
    sample,
    searchable,
    variants,
)
from autodistill.task import CLASSIFICATION, Task
from autodistill.testing.contracts.components import facts_of
from autodistill.testing.draws import KnownTrial, RandomTrial


class Sauce(Component):
    """What goes on top."""

    amount: Annotated[float, Gt(0), Uniform(0.1, 10, log=True)] = 1.0
    """How much."""


class Tomato(Sauce, title="Tomato"):
    """Red."""

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["tomato"] = "tomato"


class Cheese(Sauce, title="Cheese"):
    """Yellow."""

    kind: Literal["cheese"] = "cheese"
    age: Annotated[int, Ge(0), IntUniform(1, 24)] = 6
    """In months."""
    origin: Annotated[str, Choice(("cow", "goat"))] = "cow"
    """Whose milk."""
    salted: bool = True
    """Nobody searches this."""


class Plate(BaseModel):
    sauce: Annotated[Tomato | Cheese, Discriminator("kind")] = Tomato()
    spare: Cheese = Cheese()
    number: int = 1


def every(_: type[Component]) -> bool:
    return True


SPACE = {name: drawn for name, _, drawn in searchable(Plate, every)}


def test_inherited_fields_share_a_name_and_own_ones_carry_the_kind() -> None:
    assert {
        "sauce": Choice(("cheese", "tomato")),
        "sauce.amount": Uniform(0.1, 10, log=True),
        "sauce.cheese.age": IntUniform(1, 24),
        "sauce.cheese.origin": Choice(("cow", "goat")),
        "spare.amount": Uniform(0.1, 10, log=True),
        "spare.age": IntUniform(1, 24),
        "spare.origin": Choice(("cow", "goat")),
    } == SPACE


def test_a_refused_variant_leaves_nothing_of_its_own_in_the_space() -> None:
    space = {n: r for n, _, r in searchable(Plate, lambda v: v is not Cheese)}
    assert space["sauce"] == Choice(("tomato",))
    assert not [name for name in space if name.startswith("sauce.cheese")]


def test_sample_and_flatten_are_inverse() -> None:
    seen = set()
    for seed in range(200):
        plate = sample(Plate, SPACE, RandomTrial(seed))
        flat = flatten(plate)
        assert sample(Plate, SPACE, KnownTrial(flat)) == plate
        assert flat.keys() <= SPACE.keys()
        seen.add(plate.sauce.kind)
    assert seen == {"tomato", "cheese"}


def test_flatten_names_only_what_the_chosen_kind_has() -> None:
    plate = Plate(sauce=Cheese(amount=2.0, age=3, salted=False))
    assert flatten(plate) == {
        "sauce": "cheese",
        "sauce.amount": 2.0,
        "sauce.cheese.age": 3,
        "sauce.cheese.origin": "cow",
        "spare.amount": 1.0,
        "spare.age": 6,
        "spare.origin": "cow",
    }


def test_a_name_outside_the_space_keeps_its_default() -> None:
    narrow: Space = {"sauce": Choice(("cheese",)), "sauce.cheese.age": IntUniform(20, 24)}
    plate = sample(Plate, narrow, RandomTrial(0))
    assert isinstance(plate.sauce, Cheese)
    assert plate.sauce.age >= 20
    assert plate == Plate(sauce=Cheese(age=plate.sauce.age))
    assert sample(Plate, {}, RandomTrial(0)) == Plate()


def test_draws_are_asked_for_with_the_range_of_the_space() -> None:
    class Asked(KnownTrial):
        @override
        def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
            asked.append((name, low, high, log))
            return low

    asked: list[tuple[str, float, float, bool]] = []
    space: Space = {"spare.amount": Uniform(2, 3), "sauce.amount": Uniform(4, 5, log=True)}
    sample(Plate, space | {"sauce": Choice(("tomato",))}, Asked({"sauce": "tomato"}))
    assert asked == [("sauce.amount", 4, 5, True), ("spare.amount", 2, 3, False)]


def test_the_schema_carries_what_is_searched() -> None:
    properties = Cheese.model_json_schema()["properties"]
    assert properties["age"]["x-search"] == {
        "low": 1,
        "high": 24,
        "log": False,
        "type": "int_uniform",
    }
    assert properties["amount"]["x-search"]["log"] is True
    assert "x-search" not in properties["salted"]
    assert properties["age"]["description"] == "In months."


def test_an_unknown_kind_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="'tomato', 'cheese'"):
        Plate.model_validate({"sauce": {"kind": "mustard"}})


def test_a_field_of_another_kind_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Plate.model_validate({"sauce": {"kind": "tomato", "age": 3}})


def test_variants_are_those_of_a_union_and_of_nothing_else() -> None:
    assert variants(Plate.model_fields["sauce"]) == {"tomato": Tomato, "cheese": Cheese}
    assert variants(Plate.model_fields["spare"]) == {}
    assert variants(Plate.model_fields["number"]) == {}


def test_a_task_that_is_not_served_is_named_with_those_that_are() -> None:
    assert Tomato.unsuitable(facts_of(Task.TEXT_REGRESSION)) == (
        f"tomato serves {', '.join(sorted(CLASSIFICATION))}, not text_regression."
    )
    assert Cheese.unsuitable(facts_of(Task.TEXT_REGRESSION)) is None


@pytest.mark.parametrize(
    "drawn",
    [Uniform(0.5, 2.0), Uniform(1e-5, 1e-3, log=True), IntUniform(1, 9), Choice(("a", 1, 0.5))],
)
def test_a_range_survives_json(drawn: Uniform | IntUniform | Choice) -> None:
    adapter: TypeAdapter[AnyRange] = TypeAdapter(AnyRange)
    assert adapter.validate_json(adapter.dump_json(drawn)) == drawn


def test_the_nearest_value_lies_in_the_range() -> None:
    assert [Uniform(1, 2).nearest(x) for x in (0, 1.5, 9)] == [1, 1.5, 2]
    assert [IntUniform(1, 4).nearest(x) for x in (0, 3, 9)] == [1, 3, 4]
