"""`python -m workers`: claim jobs and drive them until told to stop."""

from __future__ import annotations

from functools import partial

from autodistill.store import Store
from workers.dispatcher import Dispatcher, start_driver
from workers.settings import Settings


def main() -> None:
    """Run the dispatcher."""
    settings = Settings()
    settings.root.mkdir(parents=True, exist_ok=True)
    store = Store(settings.database)
    store.migrate()
    Dispatcher(store, settings, partial(start_driver, settings)).run()


if __name__ == "__main__":
    main()
