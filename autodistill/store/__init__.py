"""VERB: remember specs and records. All SQL of the project is here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from autodistill.record import Dataset, Model
from autodistill.store import tables
from autodistill.store.artifacts import ArtifactFolder as ArtifactFolder
from autodistill.store.artifacts import Artifacts
from autodistill.store.database import open_engine
from autodistill.store.driving import Driving
from autodistill.store.history import History
from autodistill.store.jobs import Jobs
from autodistill.store.leases import Leases
from autodistill.store.log import Events
from autodistill.store.registry import Registry
from autodistill.store.replies import Replies
from autodistill.store.trials import Trials


class Transaction:
    """What can be done in one transaction; it ends with the block that opened it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.datasets = Registry(connection, tables.dataset, Dataset)
        self.models = Registry(connection, tables.model, Model)
        self.jobs = Jobs(connection)
        self.leases = Leases(connection)
        self.trials = Trials(connection)
        self.events = Events(connection)
        self.history = History(connection)
        self.idempotency = Replies(connection)
        self.artifacts = Artifacts(connection)

    def driving(self, job_id: str, epoch: int) -> Driving:
        """Return the writes of a job's driver.

        Raises:
            LeaseLost: When a later claim owns the job.
        """
        return Driving(self._connection, job_id, epoch)


class Store:
    """The service's memory, in SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = open_engine(url)

    def migrate(self) -> None:
        """Bring the schema to the newest revision."""
        config = Config()
        config.set_main_option("script_location", "migrations:")
        with self._engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a transaction that may write; it commits where the block ends without an error."""
        with self._engine.begin() as connection:
            yield Transaction(connection)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads."""
        with (
            self._engine.connect().execution_options(write=False) as connection,
            connection.begin(),
        ):
            yield Transaction(connection)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()
