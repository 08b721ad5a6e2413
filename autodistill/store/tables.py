"""The tables. What is filtered or sorted on is a column; the rest is validated JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from typing_extensions import override

from autodistill.record import JobResult
from autodistill.spec import JobSpec, TrialSpec
from autodistill.task import TaskFacts

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


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
        return None if value is None else self._adapter.validate_python(value, strict=False)


class Moment(TypeDecorator[datetime]):
    """A point in time, in UTC; SQLite keeps no zone, so it is put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


Facts = dict[str, TaskFacts]
Numbers = dict[str, float]

dataset = Table(
    "dataset",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("task", String(40), nullable=False),
    Column("labels", JSON, nullable=False),
    Column("has_pair", Integer, nullable=False),
    Column("num_examples", JSON, nullable=False),
    Column("licence", Text, nullable=False),
    Column("meta_features", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

model = Table(
    "model",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("source", JSON, nullable=False),
    Column("path", Text, nullable=False),
    Column("architecture", String(100), nullable=False),
    Column("num_layers", Integer, nullable=False),
    Column("hidden_size", Integer, nullable=False),
    Column("num_parameters", BigInteger, nullable=False),
    Column("tokenizer_sha256", String(64), nullable=False),
    Column("labels", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("dataset_id", String(40), ForeignKey("dataset.id"), nullable=False, index=True),
    Column("spec", Validated(JobSpec), nullable=False),
    Column("facts", Validated(Facts), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("wish", String(10), nullable=False),
    Column("version", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("owner", String(200)),
    Column("owner_epoch", Integer, nullable=False),
    Column("lease_until", Moment),
    Column("last_seq", Integer, nullable=False),
    Column("last_finish", Integer, nullable=False),
    Column("result", Validated(JobResult)),
)

trial = Table(
    "trial",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(40), ForeignKey("job.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("spec", Validated(TrialSpec), nullable=False),
    Column("origin", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("finish_order", Integer),
    Column("num_attempts", Integer, nullable=False),
    Column("epochs_done", Integer, nullable=False),
    Column("dev", JSON, nullable=False),
    Column("test", JSON, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    UniqueConstraint("job_id", "number"),
    Index("ix_trial_job_id_state", "job_id", "state"),
)

measurement = Table(
    "measurement",
    metadata,
    Column("trial_id", Integer, ForeignKey("trial.id"), primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("values", Validated(Numbers), nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("job_id", String(40), ForeignKey("job.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("data", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

artifact = Table(
    "artifact",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("principal", String(200), primary_key=True),
    Column("request_sha", String(64), nullable=False),
    Column("response", JSON, nullable=False),
    Column("expires_at", Moment, nullable=False),
)
