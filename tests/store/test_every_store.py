from __future__ import annotations

import pytest

from autodistill.store import Store
from autodistill.testing.store_contract.store import StoreContract


class TestSQLite(StoreContract):
    @pytest.fixture
    def store(self, sqlite_store: Store) -> Store:
        return sqlite_store


class TestPostgreSQL(StoreContract):
    @pytest.fixture
    def store(self, postgres_store: Store) -> Store:
        return postgres_store
