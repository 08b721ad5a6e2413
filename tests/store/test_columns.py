from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select

from autodistill.store import Store
from autodistill.store.columns import Clock, Numbers, Validated
from autodistill.store.database import open_engine
from autodistill.task import Task, TaskFacts

FACTS = TaskFacts(
    task=Task.TEXT_REGRESSION,
    num_outputs=1,
    num_train=10,
    teacher_layers=4,
    student_layers=2,
    teacher_width=8,
    student_width=8,
    shared_tokenizer=False,
)


@pytest.fixture(params=["sqlite_store", "postgres_store"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    store: Store = request.getfixturevalue(request.param)
    engine = open_engine(store.url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def table(annotation: object) -> Table:
    return Table("thing", MetaData(), Column("value", Validated(annotation)))


def test_columns_of_the_same_name_are_validated_as_their_own_table_says(
    connection: Connection,
) -> None:
    facts, plain = table(TaskFacts), table(dict[str, object])
    facts.create(connection)
    connection.execute(insert(facts).values(value=FACTS))
    for _ in range(2):
        assert connection.scalar(select(facts)) == FACTS
        assert connection.scalar(select(plain)) == FACTS.model_dump(mode="json")


def test_nothing_is_null_and_not_the_word(connection: Connection) -> None:
    facts = table(TaskFacts)
    facts.create(connection)
    connection.execute(insert(facts).values(value=None))
    assert connection.scalar(select(facts)) is None
    query = select(facts).where(facts.c.value.is_(None))
    assert len(connection.execute(query).all()) == 1


def test_whole_numbers_read_back_as_numbers_with_a_point(connection: Connection) -> None:
    numbers = Table(
        "numbers", MetaData(), Column("id", Integer, primary_key=True), Column("value", Numbers)
    )
    numbers.create(connection)
    connection.execute(insert(numbers).values(id=1, value={"num_parameters": 7, "x": 0.1}))
    found = connection.scalar(select(numbers.c.value))
    assert found == {"num_parameters": 7.0, "x": 0.1}
    assert [type(x) for x in found.values()] == [float, float]


@pytest.mark.parametrize("plus_s", [0.0, 0.25, -1.5, 86_400.0])
def test_the_clock_is_the_databases_in_utc(connection: Connection, plus_s: float) -> None:
    now = connection.scalar(select(Clock(plus_s)))
    assert now is not None
    assert now.utcoffset() == timedelta(0)
    off = now - datetime.now(UTC) - timedelta(seconds=plus_s)
    assert abs(off) < timedelta(seconds=5)


def test_the_clock_compares_below_a_second(connection: Connection) -> None:
    ordered = connection.scalar(select((Clock() < Clock(0.25)) & (Clock(0.25) < Clock(0.5))))
    assert ordered
