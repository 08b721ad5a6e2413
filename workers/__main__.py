"""`python -m workers`: claim jobs and drive them until told to stop."""

from __future__ import annotations

from functools import partial

from autodistill.logs import configure
from autodistill.store import Store
from workers.dispatcher import Dispatcher, start_driver
from workers.metrics import serve_metrics
from workers.settings import Settings


def main() -> None:
    """Run the dispatcher."""
    settings = Settings()
    configure(settings.log_format, service="worker", worker=settings.worker)
    serve_metrics(settings)
    settings.root.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database)
    store.migrate()
    Dispatcher(store, settings, partial(start_driver, settings)).run()


if __name__ == "__main__":
    main()
