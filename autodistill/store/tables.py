"""The tables. What is filtered or sorted on is a column; the rest is validated JSON."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from autodistill.record import Confusion, JobResult
from autodistill.spec import JobSpec, TrialSpec
from autodistill.store.columns import Line, Moment, Numbers, Validated
from autodistill.task import TaskFacts

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

dataset = Table(
    "dataset",
    metadata,
    Column("id", Line, primary_key=True),
    Column("name", Line, nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("task", String(40), nullable=False),
    Column("labels", Validated(tuple[str, ...]), nullable=False),
    Column("has_pair", Boolean, nullable=False),
    Column("num_examples", Validated(dict[str, int]), nullable=False),
    Column("licence", Line, nullable=False),
    Column("meta_features", Numbers, nullable=False),
    Column("created_at", Moment, nullable=False),
)

model = Table(
    "model",
    metadata,
    Column("id", Line, primary_key=True),
    Column("name", Line, nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("source", Validated(dict[str, Any]), nullable=False),
    Column("path", Text, nullable=False),
    Column("architecture", Line, nullable=False),
    Column("num_layers", Integer, nullable=False),
    Column("hidden_size", Integer, nullable=False),
    Column("num_heads", Integer, nullable=False),
    Column("num_parameters", BigInteger, nullable=False),
    Column("tokenizer_sha256", String(64), nullable=False),
    Column("head", String(40), nullable=False),
    Column("labels", Validated(tuple[str, ...]), nullable=False),
    Column("created_at", Moment, nullable=False),
)

project = Table(
    "project",
    metadata,
    Column("name", Line, primary_key=True),
    Column("weight", Integer, nullable=False),
    Column("quota", Integer),
)

job = Table(
    "job",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("id", Line, nullable=False, unique=True),
    Column("project", Line, nullable=False),
    Column("dataset_id", Line, ForeignKey("dataset.id"), nullable=False, index=True),
    Column("objective", String(40), nullable=False),  # the first; trials are ranked by it
    Column("spec", Validated(JobSpec), nullable=False),
    Column("facts", Validated(dict[str, TaskFacts]), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("wish", String(10), nullable=False),
    Column("version", Integer, nullable=False),
    Column("message", Line, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("owner", Line),
    Column("owner_epoch", Integer, nullable=False),
    Column("lease_until", Moment),
    Column("slots", Integer, nullable=False),
    Column("round_start", Integer, nullable=False),
    Column("runs", String(20), nullable=False),
    Column("tryout", Boolean, nullable=False),
    Column("result", Validated(JobResult)),
    Index(None, "state", "position"),
    Index(None, "project", "position"),
)

trial = Table(
    "trial",
    metadata,
    Column("job_id", Line, ForeignKey("job.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("spec", Validated(TrialSpec), nullable=False),
    Column("distils", Boolean, nullable=False),
    Column("origin", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", Line, nullable=False),
    Column("finish_order", Integer),
    Column("num_attempts", Integer, nullable=False),
    Column("dev", Numbers, nullable=False),
    Column("test", Numbers, nullable=False),
    Column("score", Float),  # of the job's objective on dev, where no limit is broken
    Column("seconds", Float, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("stop_asked_at", Moment),
    Column("confusion", Validated(Confusion)),
    Column("lease_s", Float),  # of whoever trains it elsewhere; each report renews it
    Column("lease_until", Moment),
    UniqueConstraint("job_id", "finish_order"),
    Index(None, "job_id", "state", "origin"),
    Index(None, "job_id", "score"),
    Index(None, "job_id", "number", "origin", "state", "score"),  # all that a chart asks for
)

measurement = Table(
    "measurement",
    metadata,
    Column("job_id", Line, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("values", Numbers, nullable=False),
    ForeignKeyConstraint(["job_id", "number"], ["trial.job_id", "trial.number"]),
)

event = Table(
    "event",
    metadata,
    Column("job_id", Line, ForeignKey("job.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
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
    Column("key", Line, primary_key=True),
    Column("principal", Line, primary_key=True),
    Column("request_sha", String(64), nullable=False),
    Column("response", JSON, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", Line, primary_key=True),
    Column("name", Line, nullable=False, unique=True),
    Column("scope", String(20), nullable=False),
    Column("project", Line),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Line, nullable=False),
    Column("revoked_at", Moment),
)

audit = Table(
    "audit",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("who", Line, nullable=False),
    Column("action", String(60), nullable=False),
    Column("target", Line, nullable=False),
)

chronicle = Table(
    "chronicle",
    metadata,
    Column("id", Line, primary_key=True),
    Column("name", Line, nullable=False, unique=True),
    Column("sha256", String(64), nullable=False),
    Column("num_tasks", Integer, nullable=False),
    Column("num_trials", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)

chronicle_content = Table(
    "chronicle_content",
    metadata,
    Column("chronicle_id", Line, ForeignKey("chronicle.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

webhook = Table(
    "webhook",
    metadata,
    Column("id", Line, primary_key=True),
    Column("url", Line, nullable=False),
    Column("project", Line),
    Column("secret", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", Line, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("webhook_id", Line, ForeignKey("webhook.id"), primary_key=True),
    Column("job_id", Line, ForeignKey("job.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("error", Line, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index(None, "state", "due_at"),
)
