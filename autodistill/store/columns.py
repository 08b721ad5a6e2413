"""Column types, and the database's clock as an expression."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, DateTime, Float, Text, TypeDecorator, literal
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from typing_extensions import override


class Validated(TypeDecorator[Any]):
    """A JSON column that reads back what it was given, validated."""

    impl = JSON
    cache_ok = True

    def __init__(self, annotation: Any) -> None:
        # SQLAlchemy keys its statement cache by the attributes named like the arguments.
        self.annotation = annotation
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        super().__init__(none_as_null=True)

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self._adapter.dump_python(value, mode="json")

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self._adapter.validate_python(value)


class Numbers(TypeDecorator[dict[str, float]]):
    """Named numbers as JSON, which has no NaN: one that is not finite is null there."""

    impl = JSON
    cache_ok = True

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, float]:
        return {name: math.nan if x is None else float(x) for name, x in value.items()}


class Line(TypeDecorator[str]):
    """Text that users type; what PostgreSQL cannot hold is replaced, and so never found."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


class Moment(TypeDecorator[datetime]):
    """A point in time, in UTC; SQLite keeps no zone, so it is put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Clock(FunctionElement[datetime]):
    """The database's time, plus some seconds: machines disagree, their database does not."""

    type = Moment()
    inherit_cache = True

    def __init__(self, plus_s: float = 0.0) -> None:
        super().__init__(literal(plus_s, Float))


class Age(FunctionElement[float]):
    """Seconds from a moment to the database's time."""

    type = Float()
    inherit_cache = True


@compiles(Age, "sqlite")
def _sqlite_age(element: Age, compiler: SQLCompiler, **kw: Any) -> str:
    since = compiler.process(element.clauses, **kw)
    return f"((julianday('now') - julianday({since})) * 86400.0)"


@compiles(Age, "postgresql")
def _postgresql_age(element: Age, compiler: SQLCompiler, **kw: Any) -> str:
    since = compiler.process(element.clauses, **kw)
    return f"extract(epoch from statement_timestamp() - {since})"


@compiles(Clock, "sqlite")
def _sqlite(element: Clock, compiler: SQLCompiler, **kw: Any) -> str:
    plus = compiler.process(element.clauses, **kw)
    # The zeros make milliseconds sort among the microseconds that SQLAlchemy writes.
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', printf('%+.3f seconds', {plus}))"


@compiles(Clock, "postgresql")
def _postgresql(element: Clock, compiler: SQLCompiler, **kw: Any) -> str:
    plus = compiler.process(element.clauses, **kw)
    return f"(statement_timestamp() + make_interval(secs => {plus}))"
