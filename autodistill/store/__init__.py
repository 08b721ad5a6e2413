"""VERB: remember specs and records. All SQL of the project is here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from autodistill.record import Dataset, Model
from autodistill.store import tables
from autodistill.store.artifacts import ArtifactFolder as ArtifactFolder
from autodistill.store.artifacts import Artifacts
from autodistill.store.audit import Audit
from autodistill.store.census import Census
from autodistill.store.chronicles import Chronicles
from autodistill.store.database import for_reading, open_engine
from autodistill.store.driving import Driving as Driving
from autodistill.store.events import Events
from autodistill.store.history import History
from autodistill.store.idempotency import Idempotency
from autodistill.store.jobs import Jobs
from autodistill.store.jobs import Sought as Sought
from autodistill.store.leases import Leases
from autodistill.store.loans import Loan as Loan
from autodistill.store.loans import Loans
from autodistill.store.migration import migrate
from autodistill.store.outbox import Outbox
from autodistill.store.plain import PlainTrials
from autodistill.store.projects import Projects
from autodistill.store.registry import Registry
from autodistill.store.renewals import Renewals
from autodistill.store.tokens import Tokens
from autodistill.store.trials import Trials


class Transaction:
    """What can be done in one transaction; it ends with the block that opened it."""

    def __init__(self, connection: Connection, *, shipped: bool) -> None:
        self._connection = connection
        self._drivings: dict[tuple[str, int], Driving] = {}
        self.events = Events(connection)
        self.datasets = Registry(connection, tables.dataset, Dataset)
        self.models = Registry(connection, tables.model, Model)
        self.projects = Projects(connection)
        self.jobs = Jobs(connection, self.events)
        self.renewals = Renewals(connection, self.events, self.jobs)
        self.leases = Leases(connection, self.events)
        self.loans = Loans(connection)
        self.trials = Trials(connection)
        self.plain = PlainTrials(connection)
        self.chronicles = Chronicles(connection)
        self.history = History(connection, self.chronicles, shipped=shipped)
        self.idempotency = Idempotency(connection)
        self.artifacts = Artifacts(connection)
        self.census = Census(connection)
        self.tokens = Tokens(connection)
        self.audit = Audit(connection)
        self.outbox = Outbox(connection)

    def driving(self, job_id: str, epoch: int) -> Driving:
        """Return the writes of a claim; the same one each time, so that it is fenced once.

        Raises:
            LeaseLost: When a later claim owns the job, or it has ended.
        """
        claim = job_id, epoch
        if claim not in self._drivings:
            self._drivings[claim] = Driving(self._connection, self.events, job_id, epoch)
        return self._drivings[claim]


class Store:
    """The service's memory, in SQLite or PostgreSQL; threads may share one.

    Args:
        url: SQLAlchemy's.
        shipped: Whether the history that comes with the package is part of what it remembers.
    """

    def __init__(self, url: str, *, shipped: bool = False) -> None:
        self.url, self._shipped = url, shipped
        self._engine = open_engine(url)

    def migrate(self) -> None:
        """Bring the schema to the newest revision; of several callers one does it."""
        migrate(self.url)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a transaction that may write; it commits where the block ends without an error."""
        with self._engine.begin() as connection:
            transaction = Transaction(connection, shipped=self._shipped)
            yield transaction
            transaction.events.flush()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that sees one moment of the database and cannot change it."""
        with for_reading(self._engine.connect()) as connection, connection.begin():
            yield Transaction(connection, shipped=self._shipped)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()
